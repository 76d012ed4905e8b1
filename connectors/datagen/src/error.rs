//! What can be wrong with a schema, said so that its author finds the place.
use std::fmt;

/// Something wrong with a schema or one of its annotations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaError {
    path: String,
    what: String,
}

impl SchemaError {
    /// A problem at `path`, such as `orders.address.city`; `what` is the rest of the sentence.
    pub(crate) fn at(path: &str, what: impl Into<String>) -> Self {
        Self { path: path.to_string(), what: what.into() }
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "The schema cannot be used: {}.", self.what),
            path => write!(f, "The schema cannot be used: at {path}: {}.", self.what),
        }
    }
}

impl std::error::Error for SchemaError {}

/// A result whose error names a place in a schema.
pub(crate) type Result<T> = std::result::Result<T, SchemaError>;
