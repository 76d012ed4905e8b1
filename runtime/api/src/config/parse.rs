//! From text to typed values.
use std::fmt;
use std::time::Duration;

use super::definition::ConfigType;

/// Checks that a text is of a type; numbers are handed back for range checks.
pub(super) fn parse_as(ty: ConfigType, text: &str) -> Result<Option<f64>, String> {
    let text = text.trim();
    let not_a_number = || format!("Not a number of type {}", ty.name());
    match ty {
        ConfigType::Int => text.parse::<i32>().map(|n| Some(n.into())).map_err(|_| not_a_number()),
        ConfigType::Short => text.parse::<i16>().map(|n| Some(n.into())).map_err(|_| not_a_number()),
        ConfigType::Long => text.parse::<i64>().map(|n| Some(n as f64)).map_err(|_| not_a_number()),
        ConfigType::Double => text.parse::<f64>().map(Some).map_err(|_| not_a_number()),
        ConfigType::Boolean => match bool::from_config(text) {
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        },
        ConfigType::String | ConfigType::List | ConfigType::Class | ConfigType::Password => Ok(None),
    }
}

/// How a Rust field type maps to a configuration type.
pub trait FromConfig: Sized {
    /// The type of the key.
    const TYPE: ConfigType;
    /// Whether a missing value is fine.
    const OPTIONAL: bool = false;
    /// The texts allowed, where they can be listed.
    const CHOICES: &'static [&'static str] = &[];

    /// Reads the text.
    ///
    /// # Errors
    /// The end of Kafka's sentence "Invalid value … for configuration …: ".
    fn from_config(text: &str) -> Result<Self, String>;

    /// What stands for a missing value; `None` when there must be one.
    fn missing() -> Option<Self> {
        None
    }
}

impl FromConfig for String {
    const TYPE: ConfigType = ConfigType::String;

    fn from_config(text: &str) -> Result<Self, String> {
        Ok(text.to_string())
    }
}

macro_rules! numbers {
    ($($rust:ty => $kafka:ident),*) => {
        $(
            impl FromConfig for $rust {
                const TYPE: ConfigType = ConfigType::$kafka;

                fn from_config(text: &str) -> Result<Self, String> {
                    text.trim().parse().map_err(|_| format!("Not a number of type {}", Self::TYPE.name()))
                }
            }
        )*
    };
}
numbers! { i16 => Short, i32 => Int, u32 => Int, usize => Int, i64 => Long, u64 => Long, f64 => Double }

impl FromConfig for bool {
    const TYPE: ConfigType = ConfigType::Boolean;

    fn from_config(text: &str) -> Result<Self, String> {
        match text.trim() {
            t if t.eq_ignore_ascii_case("true") => Ok(true),
            t if t.eq_ignore_ascii_case("false") => Ok(false),
            _ => Err("Expected value to be either true or false".into()),
        }
    }
}

/// Milliseconds.
impl FromConfig for Duration {
    const TYPE: ConfigType = ConfigType::Long;

    fn from_config(text: &str) -> Result<Self, String> {
        u64::from_config(text).map(Self::from_millis)
    }
}

/// A comma-separated list; blanks around members are dropped, an empty text is an empty list.
impl FromConfig for Vec<String> {
    const TYPE: ConfigType = ConfigType::List;

    fn from_config(text: &str) -> Result<Self, String> {
        let members = text.split(',').map(str::trim).map(ToString::to_string);
        Ok(if text.trim().is_empty() { Self::new() } else { members.collect() })
    }
}

impl<T: FromConfig> FromConfig for Option<T> {
    const TYPE: ConfigType = T::TYPE;
    const OPTIONAL: bool = true;
    const CHOICES: &'static [&'static str] = T::CHOICES;

    fn from_config(text: &str) -> Result<Self, String> {
        T::from_config(text).map(Some)
    }

    fn missing() -> Option<Self> {
        Some(None)
    }
}

/// A secret. It cannot be printed by accident: `Debug` shows `[hidden]` and there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct Password(String);

impl Password {
    /// Wraps a secret.
    pub fn new(secret: impl Into<String>) -> Self {
        Self(secret.into())
    }

    /// The secret itself; only for handing it to the system it belongs to.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[hidden]")
    }
}

impl FromConfig for Password {
    const TYPE: ConfigType = ConfigType::Password;

    fn from_config(text: &str) -> Result<Self, String> {
        Ok(Self(text.to_string()))
    }
}

impl FromConfig for std::path::PathBuf {
    const TYPE: ConfigType = ConfigType::String;

    fn from_config(text: &str) -> Result<Self, String> {
        Ok(Self::from(text))
    }
}
