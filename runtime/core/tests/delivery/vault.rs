//! A sink whose records are safe only after `flush`: a power cut takes the rest.
#![allow(clippy::unwrap_used, unreachable_pub, reason = "a test's own module")]
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex};

use longshore_api::prelude::*;
use longshore_api::sink::Offsets;

static VAULTS: Mutex<Option<HashMap<String, Arc<Mutex<State>>>>> = Mutex::new(None);

#[derive(Default)]
struct State {
    durable: Vec<i64>,
    buffered: Vec<i64>,
    refusals: usize,
}

pub struct Vault {
    name: String,
    state: Arc<Mutex<State>>,
}

impl Vault {
    pub fn new(name: &str) -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        VAULTS.lock().unwrap().get_or_insert_with(HashMap::new).insert(name.into(), Arc::clone(&state));
        Self { name: name.into(), state }
    }

    pub fn topic(&self) -> &str {
        &self.name
    }

    pub fn props(&self) -> Props {
        Props::from_iter([("topics".to_string(), self.name.clone()), ("vault".to_string(), self.name.clone())])
    }

    /// The next `times` puts are refused for now.
    pub fn refuse(&self, times: usize) {
        self.state.lock().unwrap().refusals = times;
    }

    /// What was not flushed is gone.
    pub fn power_cut(&self) {
        self.state.lock().unwrap().buffered.clear();
    }

    pub fn durable(&self) -> BTreeSet<i64> {
        self.state.lock().unwrap().durable.iter().copied().collect()
    }

    pub fn in_order(&self) -> Vec<i64> {
        self.state.lock().unwrap().durable.clone()
    }
}

/// The vault's configuration.
#[derive(Debug, ConnectorConfig)]
pub struct VaultConfig {
    /// Which vault to fill.
    vault: String,
}

pub struct VaultSink;

impl SinkConnector for VaultSink {
    const CLASS: &'static str = "Vault";
    const VERSION: &'static str = "1";
    type Config = VaultConfig;
    type Task = VaultTask;
}

pub struct VaultTask(Arc<Mutex<State>>);

impl SinkTask for VaultTask {
    type Config = VaultConfig;

    async fn start(config: VaultConfig, _: SinkTaskContext) -> Result<Self> {
        Ok(Self(Arc::clone(&VAULTS.lock().unwrap().as_ref().unwrap()[&config.vault])))
    }

    async fn put(&mut self, batch: &[SinkRecord]) -> Result<Rejected> {
        tokio::task::yield_now().await;
        let mut state = self.0.lock().unwrap();
        if state.refusals > 0 {
            state.refusals -= 1;
            return Err(ConnectError::retriable("not now"));
        }
        let mut rejected = Vec::new();
        for (at, record) in batch.iter().enumerate() {
            match record.record.value.value.as_str().and_then(|text| text.parse().ok()) {
                Some(number) => state.buffered.push(number),
                None => rejected.push((at, "no number".into())),
            }
        }
        Ok(Rejected(rejected))
    }

    async fn flush(&mut self, accepted: &Offsets) -> Result<Offsets> {
        tokio::task::yield_now().await;
        let mut state = self.0.lock().unwrap();
        let buffered = std::mem::take(&mut state.buffered);
        state.durable.extend(buffered);
        Ok(accepted.clone())
    }
}
