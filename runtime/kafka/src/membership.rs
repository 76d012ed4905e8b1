//! One worker per group, for now: a worker shows that it is there, and finds out whether another one is.
//!
//! Two workers on the same topics would each run every connector and move every record twice. The worker's sign is a
//! consumer in the group `group.id`, as a JVM worker's is (of another protocol type), so that either kind sees the
//! other. It reads the one partition of the configuration topic: whoever owns that is the worker, so of two that start
//! in the same instant one finds out and gives way.
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use longshore_api::config::Props;
use longshore_api::error::{ConnectError, Result};
use rdkafka::ClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext, Rebalance};
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

use crate::admin::blocking;
use crate::errors::connect_error;
use crate::settings::{ClientKind, own_client_config};

const DEADLINE: Duration = Duration::from_secs(10);
/// How long the broker remembers a member that died, in milliseconds.
const SESSION_TIMEOUT_MS: u64 = 10_000;
/// How often the sign is renewed; leaving waits for it.
const TURN: Duration = Duration::from_millis(200);

/// A worker's place in its group. Dropping it leaves the group.
pub struct Membership {
    left: Arc<AtomicBool>,
    keeper: Option<JoinHandle<()>>,
    crowded_out: watch::Receiver<bool>,
}

struct PlaceContext(watch::Sender<bool>);

impl ClientContext for PlaceContext {}

impl ConsumerContext for PlaceContext {
    fn post_rebalance(&self, _: &BaseConsumer<Self>, rebalance: &Rebalance<'_>) {
        // The group has settled, and the topic's partition is somebody else's.
        if matches!(rebalance, Rebalance::Assign(list) if list.count() == 0) {
            self.0.send_replace(true);
        }
    }
}

impl Membership {
    /// Takes the place, unless somebody has it. A former self on this machine whose process is gone counts as nobody;
    /// others that are there are waited for as long as the broker may remember a dead one.
    ///
    /// # Errors
    /// Fatal, naming the other member, when the group is taken; retriable when the broker does not answer.
    pub async fn take(settings: &Props, group: &str, worker_id: &str, config_topic: &str) -> Result<Self> {
        let mut config = own_client_config(ClientKind::Consumer, settings)?;
        config.set("group.id", group).set("client.id", Sign::own(worker_id).to_string());
        config.set("session.timeout.ms", SESSION_TIMEOUT_MS.to_string()).set("heartbeat.interval.ms", "3000");
        let what = format!("Cannot look at the group {group} (group.id)");
        let (sender, crowded_out) = watch::channel(false);
        let client = config.create_with_context(PlaceContext(sender)).map_err(|e| connect_error(&what, &e))?;
        let client: Arc<BaseConsumer<PlaceContext>> = Arc::new(client);
        wait_for_place(&client, group, &what).await?;
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
        Ok(Self { left, keeper: Some(keeper), crowded_out })
    }

    /// Waits until another worker turns out to have the place. Cancel-safe.
    pub async fn crowded_out(&mut self) {
        if self.crowded_out.wait_for(|gone| *gone).await.is_err() {
            std::future::pending::<()>().await;
        }
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

async fn wait_for_place(client: &Arc<BaseConsumer<PlaceContext>>, group: &str, what: &str) -> Result<()> {
    let until = Instant::now() + Duration::from_millis(SESSION_TIMEOUT_MS + 3000);
    let mut told = false;
    loop {
        let (asking, name) = (Arc::clone(client), group.to_string());
        let list = blocking(move || asking.fetch_group_list(Some(&name), DEADLINE).map(|list| members(&list))).await?;
        let mut others = list.map_err(|e| connect_error(what, &e))?.into_iter().filter(|other| !other.is_gone());
        let Some(Member { kind, client_id, host }) = others.next() else { return Ok(()) };
        let who = format!("{client_id} at {host} ({kind})");
        if Instant::now() >= until {
            return Err(ConnectError::fatal(format!(
                "The group {group} (group.id) has a worker already: {who}. Two workers would move every record twice; \
                 stop that one, or give this one a group.id and storage topics of its own."
            )));
        }
        if !std::mem::replace(&mut told, true) {
            tracing::warn!("The group {group} has a worker already: {who}. Waiting a moment for it to go.");
        }
        sleep(Duration::from_millis(500)).await;
    }
}

struct Member {
    kind: &'static str,
    client_id: String,
    host: String,
}

impl Member {
    /// Whether this is what the broker remembers of a process of this machine that has ended.
    fn is_gone(&self) -> bool {
        Sign::read(&self.client_id)
            .is_some_and(|sign| sign.machine == machine() && started(sign.process) != sign.started)
    }
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

/// What a worker's client id says: which process of which machine it is, so that a restarted one knows its dead self.
#[derive(Debug, PartialEq)]
struct Sign {
    worker_id: String,
    machine: String,
    process: u32,
    started: Option<u64>,
}

impl Sign {
    fn own(worker_id: &str) -> Self {
        let process = std::process::id();
        Self { worker_id: worker_id.into(), machine: machine(), process, started: started(process) }
    }

    fn read(client_id: &str) -> Option<Self> {
        let mut parts = client_id.rsplitn(4, '/');
        let started = parts.next()?.parse().ok();
        let process = parts.next()?.parse().ok()?;
        let machine = parts.next()?.to_string();
        Some(Self { worker_id: parts.next()?.to_string(), machine, process, started })
    }
}

impl std::fmt::Display for Sign {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { worker_id, machine, process, started } = self;
        write!(f, "{worker_id}/{machine}/{process}/{}", started.unwrap_or(0))
    }
}

/// This boot of this machine, or container.
fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).map(|text| text.trim().to_string()).unwrap_or_default();
    let boot = read("/proc/sys/kernel/random/boot_id");
    format!("{}-{}", read("/proc/sys/kernel/hostname"), boot.split('-').next().unwrap_or_default())
}

/// When a process was started, in the system's ticks; `None` when there is none of that number.
fn started(process: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The name, in parentheses, may hold anything; the start time is the twentieth field after it.
    stat.rsplit(')').next()?.split_whitespace().nth(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(client_id: String) -> Member {
        Member { kind: "a Longshore worker", client_id, host: "127.0.0.1".into() }
    }

    #[test]
    fn a_dead_self_is_known_and_everybody_else_is_there() {
        let own = Sign::own("host:8083");
        assert!(own.started.is_some());
        assert_eq!(Sign::read(&own.to_string()), Some(Sign::own("host:8083")));
        assert!(!member(own.to_string()).is_gone(), "this very process lives");
        let dead = Sign { started: own.started.map(|at| at - 1), ..Sign::own("host:8083") };
        assert!(member(dead.to_string()).is_gone(), "the number was given to another process");
        let elsewhere = Sign { machine: "elsewhere-1".into(), ..dead };
        assert!(!member(elsewhere.to_string()).is_gone());
        assert!(!member("connect-1".into()).is_gone());
    }
}
