//! Between a task and a topic: transformations, converters, and what to do when one of them fails.
mod chain;
mod convert;
mod dead_letter;
mod stage;
mod tolerance;

pub use chain::TransformationChain;
pub(crate) use chain::{aliases, strip};
pub use convert::{ConvertedRecord, Converters};
pub use dead_letter::{DeadLetterQueue, DeadLetterSpec};
pub use stage::{Failure, Stage};
pub use tolerance::{ErrorTolerance, Outcome};
