//! One worker per group, for now: a worker shows that it is there, and finds out whether another one is.
//!
//! Two workers on the same topics would each run every connector and move every record twice. The worker's sign is a
//! consumer in the group `group.id`, as a JVM worker's is (of another protocol type), so that either kind sees the other.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use rdkafka::consumer::{BaseConsumer, Consumer};

use crate::admin::blocking;
use crate::errors::connect_error;
use crate::settings::{ClientKind, own_client_config};

const DEADLINE: Duration = Duration::from_secs(10);
/// How often the sign is renewed; leaving waits for it.
const TURN: Duration = Duration::from_millis(200);

/// A worker's place in its group. Dropping it leaves the group.
pub struct Membership {
    left: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
}

impl Membership {
    /// Takes the place, unless somebody has it. A former self that was killed counts as nobody: it bears the same
    /// `worker_id`.
    ///
    /// # Errors
    /// Fatal, naming the other member, when the group is taken; retriable when the broker does not answer.
    pub async fn take(settings: &Props, group: &str, worker_id: &str, config_topic: &str) -> Result<Self> {
        let mut config = own_client_config(ClientKind::Consumer, settings)?;
        config.set("group.id", group).set("client.id", worker_id);
        let what = format!("Cannot look at the group {group} (group.id)");
        let client: BaseConsumer = config.create().map_err(|e| connect_error(&what, &e))?;
        let client = Arc::new(client);
        let (asking, name) = (Arc::clone(&client), group.to_string());
        let members =
            blocking(move || asking.fetch_group_list(Some(&name), DEADLINE).map(|list| members(&list))).await?;
        let others: Vec<_> = members.map_err(|e| connect_error(&what, &e))?;
        if let Some(other) = others.into_iter().find(|other| other.client_id != worker_id) {
            let Member { kind, client_id, host } = other;
            return Err(ConnectError::fatal(format!(
                "The group {group} (group.id) has a worker already: {client_id} at {host} ({kind}). Two workers would move every record \
                 twice; stop that one, or give this one a group.id and storage topics of its own."
            )));
        }
        client.subscribe(&[config_topic]).map_err(|e| connect_error(&what, &e))?;
        let left = Arc::new(AtomicBool::new(false));
        let leaving = Arc::clone(&left);
        let keeper = std::thread::Builder::new().name("membership".into()).spawn(move || {
            while !leaving.load(Ordering::Relaxed) {
                // Records of the topic come here, too; the log reads them, this one only stays.
                let _ = client.poll(TURN);
            }
        });
        let keeper = keeper.map_err(|error| ConnectError::fatal(format!("The system gave no thread: {error}.")))?;
        Ok(Self { left, keeper: Some(keeper) })
    }

    /// Leaves the group, so that the next worker need not wait.
    pub async fn leave(mut self) {
        self.left.store(true, Ordering::Relaxed);
        if let Some(keeper) = self.keeper.take() {
            let _ = blocking(move || keeper.join()).await;
        }
    }
}

impl Drop for Membership {
    fn drop(&mut self) {
        self.left.store(true, Ordering::Relaxed);
    }
}

struct Member {
    kind: &'static str,
    client_id: String,
    host: String,
}

fn members(list: &rdkafka::groups::GroupList) -> Vec<Member> {
    let of_group = |group: &rdkafka::groups::GroupInfo| {
        let kind = if group.protocol_type() == "connect" { "a Kafka Connect worker" } else { "a Longshore worker" };
        let member = |member: &rdkafka::groups::GroupMemberInfo| Member {
            kind,
            client_id: member.client_id().to_string(),
            host: member.client_host().trim_start_matches('/').to_string(),
        };
        group.members().iter().map(member).collect::<Vec<_>>()
    };
    list.groups().iter().flat_map(of_group).collect()
}
