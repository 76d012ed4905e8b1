//! The herder decides what runs on this worker and answers for it.
//!
//! Requests that change something are taken one at a time by one loop ([`run`]); what should run is read from the
//! configuration topic; [`plan`] is the pure decision in between. Requests that only look are answered from shared
//! state without passing the loop.
mod catalog;
mod command;
mod error;
mod handle;
mod offsets;
pub mod plan;
mod run;
mod shared;
mod validation;
mod view;

pub use error::{Answer, HerderError};
pub use handle::Herder;
pub use offsets::OffsetChange;
pub use run::{HerderLoop, HerderParts};
pub use view::{
    ComponentStatus, ConfigInfos, ConnectorInfo, ConnectorKind, ConnectorOffsets, ConnectorStatus, ConnectorTaskId,
    Health, PluginInfo, ServerInfo, State, TargetState,
};
