//! `longshore distributed`.
use std::path::Path;

use longshore_api::plugin::Plugins;
use longshore_core::config::{distributed_topics, read_properties};

use crate::error::WorkerError;
use crate::logging;
use crate::process::{Memory, listen};
use crate::signals::Signals;

pub(crate) async fn run(plugins: Plugins, properties: &Path) -> Result<(), WorkerError> {
    logging::start("info");
    let mut signals = Signals::listen();
    let props = read_properties(properties)?;
    let listening = listen(props)?;
    // Missing keys are told at once, not after a broker was waited for.
    distributed_topics(listening.config())?;
    let mut started = tokio::select! {
        started = listening.start(plugins, Memory::Topics) => started?,
        () = signals.next() => return Ok(()),
    };
    let crowded_out = tokio::select! {
        () = signals.next() => None,
        error = started.crowded_out() => Some(error),
    };
    signals.unless_again(started.stop()).await;
    crowded_out.map_or(Ok(()), Err)
}
