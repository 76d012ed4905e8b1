//! Configuration, declared once.
//!
//! `#[derive(ConnectorConfig)]` on a struct gives its [`ConfigDef`]; from that come parsing, validation with Kafka's
//! own messages, the body of `PUT …/config/validate`, the option table of a README and the form of a console. The
//! semantics are those of Kafka's `ConfigDef`.
mod definition;
mod parse;
mod reference;

pub use definition::{
    ConfigDef, ConfigKey, ConfigType, ConfigValue, Default, Importance, MISSING_NO_DEFAULT, Validator, Width,
};
pub use parse::{FromConfig, Password};

use crate::error::ConnectError;

#[cfg(test)]
mod tests;

/// Connect's string map, in the order the user wrote it.
pub type Props = indexmap::IndexMap<String, String>;

/// One thing wrong with a configuration, and the key it belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The key to show it under.
    pub key: String,
    /// The whole sentence.
    pub message: String,
}

impl Problem {
    /// A problem with one key, as a sentence of the caller's.
    pub fn new(key: impl Into<String>, message: impl Into<String>) -> Self {
        Self { key: key.into(), message: message.into() }
    }
}

/// A typed configuration; derive it.
pub trait ConnectorConfig: Sized + Send + Sync + 'static {
    /// What keys there are.
    fn config_def() -> ConfigDef;

    /// Reads the properties; unknown keys are ignored, as Kafka does.
    ///
    /// # Errors
    /// Every problem found, not only the first.
    fn from_props(props: &Props) -> Result<Self, Vec<Problem>>;

    /// [`from_props`](Self::from_props) with all problems in one fatal error.
    ///
    /// # Errors
    /// Fatal, with one sentence per problem.
    fn parse(props: &Props) -> crate::error::Result<Self> {
        Self::from_props(props).map_err(|problems| {
            let sentences: Vec<_> = problems.into_iter().map(|p| p.message).collect();
            ConnectError::fatal(sentences.join(" "))
        })
    }
}

/// The configuration of something that has none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoConfig;

impl ConnectorConfig for NoConfig {
    fn config_def() -> ConfigDef {
        ConfigDef::default()
    }

    fn from_props(_: &Props) -> Result<Self, Vec<Problem>> {
        Ok(Self)
    }
}
