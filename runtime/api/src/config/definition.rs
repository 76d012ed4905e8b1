//! What keys there are and what values they take.
use std::borrow::Cow;

use super::parse::parse_as;
use super::{Problem, Props};

/// How much a key matters to a reader of the documentation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Importance {
    High,
    Medium,
    Low,
}

/// Kafka's configuration types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ConfigType {
    Boolean,
    String,
    Int,
    Short,
    Long,
    Double,
    List,
    Class,
    Password,
}

/// How wide an input field should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Width {
    None,
    Short,
    Medium,
    Long,
}

macro_rules! kafka_names {
    ($($ty:ident { $($variant:ident = $name:literal),* })*) => {
        $(
            impl $ty {
                /// The name Kafka gives it in REST answers.
                pub fn name(self) -> &'static str {
                    match self { $(Self::$variant => $name),* }
                }
            }
        )*
    };
}
kafka_names! {
    Importance { High = "HIGH", Medium = "MEDIUM", Low = "LOW" }
    ConfigType { Boolean = "BOOLEAN", String = "STRING", Int = "INT", Short = "SHORT", Long = "LONG",
        Double = "DOUBLE", List = "LIST", Class = "CLASS", Password = "PASSWORD" }
    Width { None = "NONE", Short = "SHORT", Medium = "MEDIUM", Long = "LONG" }
}

/// What stands for a key that was not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Default {
    /// The key must be given.
    Required,
    /// Null.
    Null,
    /// This text.
    Value(Cow<'static, str>),
}

impl Default {
    /// The default as text, where there is one.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Value(text) => Some(text),
            _ => None,
        }
    }
}

/// What a value must satisfy beyond its type. Messages are Kafka's.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Validator {
    /// Anything of the type.
    Any,
    /// A number within bounds, both included.
    Range {
        /// The least value.
        min: Option<f64>,
        /// The greatest value.
        max: Option<f64>,
    },
    /// One of these texts.
    OneOf(Vec<Cow<'static, str>>),
    /// One of these texts, whatever their case.
    OneOfIgnoringCase(Vec<Cow<'static, str>>),
    /// A text that is not blank.
    NonEmpty,
    /// A rule of the caller's own; its error is the end of Kafka's sentence "Invalid value … for configuration …: ".
    Rule(fn(&str) -> Result<(), String>),
}

/// The end of Kafka's sentence for a key that is missing and has no default.
pub const MISSING_NO_DEFAULT: &str = "which has no default value.";

/// One key.
#[derive(Debug, Clone)]
pub struct ConfigKey {
    /// The dotted name.
    pub name: Cow<'static, str>,
    /// The type.
    pub ty: ConfigType,
    /// What stands for a missing value.
    pub default: Default,
    /// How much it matters.
    pub importance: Importance,
    /// What it means, for users.
    pub documentation: Cow<'static, str>,
    /// The group it is shown in.
    pub group: Option<Cow<'static, str>>,
    /// Its place in the group; -1 where there is no group.
    pub order_in_group: i32,
    /// How wide its input field should be.
    pub width: Width,
    /// Its name for users.
    pub display_name: Cow<'static, str>,
    /// Keys whose meaning depends on this one.
    pub dependents: Vec<Cow<'static, str>>,
    /// Values to offer.
    pub recommended: Vec<Cow<'static, str>>,
    /// What the value must satisfy.
    pub validator: Validator,
}

impl ConfigKey {
    /// A key with nothing but name, type, default, importance and documentation, as Kafka's shortest `define`.
    pub fn new(
        name: impl Into<Cow<'static, str>>,
        ty: ConfigType,
        default: Default,
        importance: Importance,
        documentation: impl Into<Cow<'static, str>>,
    ) -> Self {
        let name = name.into();
        Self {
            display_name: name.clone(),
            name,
            ty,
            default,
            importance,
            documentation: documentation.into(),
            group: None,
            order_in_group: -1,
            width: Width::None,
            dependents: Vec::new(),
            recommended: Vec::new(),
            validator: Validator::Any,
        }
    }

    /// The same key shown in a group.
    #[must_use]
    pub fn in_group(
        mut self,
        group: impl Into<Cow<'static, str>>,
        order: i32,
        width: Width,
        display_name: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.group = Some(group.into());
        self.order_in_group = order;
        self.width = width;
        self.display_name = display_name.into();
        self
    }

    /// The same key with a validator.
    #[must_use]
    pub fn checked(mut self, validator: Validator) -> Self {
        self.validator = validator;
        self
    }

    /// The same key with values to offer.
    #[must_use]
    pub fn recommending(mut self, values: impl IntoIterator<Item = impl Into<Cow<'static, str>>>) -> Self {
        self.recommended = values.into_iter().map(Into::into).collect();
        self
    }

    /// Whether the key must be given.
    pub fn is_required(&self) -> bool {
        self.default == Default::Required
    }

    /// Checks one value; the error is Kafka's whole sentence. Secrets are not repeated in it.
    ///
    /// # Errors
    /// The sentence.
    pub fn check(&self, value: &str) -> Result<(), String> {
        parse_as(self.ty, value).and_then(|number| self.validator.check(value.trim(), number)).map_err(|why| {
            let shown = if self.ty == ConfigType::Password { "[hidden]" } else { value };
            format!("Invalid value {shown} for configuration {}: {why}", self.name)
        })
    }
}

impl Validator {
    fn check(&self, value: &str, number: Option<f64>) -> Result<(), String> {
        let among = |all: &[Cow<'_, str>], same: fn(&str, &str) -> bool| all.iter().any(|one| same(one, value));
        match self {
            Self::Any => Ok(()),
            Self::Range { min: Some(min), .. } if number.is_some_and(|n| n < *min) => {
                Err(format!("Value must be at least {min}"))
            }
            Self::Range { max: Some(max), .. } if number.is_some_and(|n| n > *max) => {
                Err(format!("Value must be no more than {max}"))
            }
            Self::Range { .. } => Ok(()),
            Self::OneOf(all) if !among(all, |a, b| a == b) => Err(format!("String must be one of: {}", all.join(", "))),
            Self::OneOfIgnoringCase(all) if !among(all, str::eq_ignore_ascii_case) => {
                Err(format!("String must be one of (case insensitive): {}", all.join(", ")))
            }
            Self::OneOf(_) | Self::OneOfIgnoringCase(_) => Ok(()),
            Self::NonEmpty if value.trim().is_empty() => Err("String must be non-empty".into()),
            Self::NonEmpty => Ok(()),
            Self::Rule(rule) => rule(value),
        }
    }
}

/// What validation found for one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigValue {
    /// The key.
    pub name: String,
    /// The value in force: the user's, or the default; `[hidden]` for a secret.
    pub value: Option<String>,
    /// Values to offer.
    pub recommended_values: Vec<String>,
    /// What is wrong, one sentence each.
    pub errors: Vec<String>,
    /// Whether a form should show the key.
    pub visible: bool,
}

/// An ordered set of keys.
#[derive(Debug, Clone, std::default::Default)]
pub struct ConfigDef {
    keys: Vec<ConfigKey>,
}

impl ConfigDef {
    /// A set of keys.
    pub fn new(keys: Vec<ConfigKey>) -> Self {
        Self { keys }
    }

    /// The keys, in order.
    pub fn keys(&self) -> &[ConfigKey] {
        &self.keys
    }

    /// One key.
    pub fn key(&self, name: &str) -> Option<&ConfigKey> {
        self.keys.iter().find(|key| key.name == name)
    }

    /// Adds a key, or replaces the one of that name where it stands.
    pub fn define(&mut self, key: ConfigKey) {
        match self.keys.iter_mut().find(|other| other.name == key.name) {
            Some(place) => *place = key,
            None => self.keys.push(key),
        }
    }

    /// Adds the keys of another set under a prefix, all in `group`: how transformations are embedded.
    pub fn embed(&mut self, prefix: &str, group: &str, first_order: i32, def: &Self) {
        for (at, key) in def.keys.iter().enumerate() {
            let mut key = key.clone();
            key.name = format!("{prefix}{}", key.name).into();
            key.group = Some(group.to_string().into());
            key.order_in_group = first_order + i32::try_from(at).unwrap_or(i32::MAX);
            self.define(key);
        }
    }

    /// Checks properties against every key, as Kafka's `validate`: one answer per key, in order.
    pub fn validate(&self, props: &Props) -> Vec<ConfigValue> {
        self.keys.iter().map(|key| key.validate(props.get(key.name.as_ref()).map(String::as_str))).collect()
    }

    /// Only what is wrong.
    pub fn problems(&self, props: &Props) -> Vec<Problem> {
        let values = self.validate(props).into_iter();
        values.flat_map(|v| v.errors.into_iter().map(move |e| Problem::new(v.name.clone(), e))).collect()
    }
}

impl ConfigKey {
    fn validate(&self, given: Option<&str>) -> ConfigValue {
        let value = given.or(self.default.text());
        let mut errors = Vec::new();
        match value {
            None if self.is_required() => {
                errors.push(format!("Missing required configuration \"{}\" {MISSING_NO_DEFAULT}", self.name))
            }
            None => {}
            Some(text) => errors.extend(self.check(text).err()),
        }
        // Kafka runs the range check on the null that is left of a value it could not parse, and says so.
        let unparsed = value.is_some_and(|text| parse_as(self.ty, text).is_err());
        if unparsed && matches!(self.validator, Validator::Range { .. }) {
            errors.push(format!("Invalid value null for configuration {}: Value must be non-null", self.name));
        }
        let shown = match value {
            Some(_) if self.ty == ConfigType::Password => Some("[hidden]".to_string()),
            // Kafka answers no value where it could not parse one.
            Some(text) => parse_as(self.ty, text).is_ok().then(|| shown(self.ty, text)),
            None => None,
        };
        ConfigValue {
            name: self.name.to_string(),
            value: shown,
            recommended_values: self.recommended.iter().map(ToString::to_string).collect(),
            errors,
            visible: true,
        }
    }
}

fn shown(ty: ConfigType, text: &str) -> String {
    match ty {
        ConfigType::List => text.split(',').map(str::trim).collect::<Vec<_>>().join(","),
        ConfigType::Boolean => text.trim().to_ascii_lowercase(),
        ConfigType::String | ConfigType::Password => text.to_string(),
        _ => text.trim().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn def() -> ConfigDef {
        let key = |name, ty, default| ConfigKey::new(name, ty, default, Importance::High, "A key.");
        ConfigDef::new(vec![
            key("topic", ConfigType::String, Default::Required),
            key("tasks.max", ConfigType::Int, Default::Value("1".into()))
                .checked(Validator::Range { min: Some(1.0), max: None }),
            key("secret", ConfigType::Password, Default::Null).checked(Validator::Rule(|_| Err("too weak".into()))),
            key("tolerance", ConfigType::String, Default::Value("none".into()))
                .checked(Validator::OneOf(vec!["none".into(), "all".into()])),
        ])
    }

    #[test]
    fn messages_are_kafkas() {
        let props = Props::from_iter([
            ("tasks.max".into(), "notint".into()),
            ("tolerance".into(), "some".into()),
            ("secret".into(), "hunter2".into()),
        ]);
        let problems: Vec<_> = def().problems(&props).into_iter().map(|p| p.message).collect();
        assert_eq!(
            problems,
            [
                "Missing required configuration \"topic\" which has no default value.",
                "Invalid value notint for configuration tasks.max: Not a number of type INT",
                "Invalid value null for configuration tasks.max: Value must be non-null",
                "Invalid value [hidden] for configuration secret: too weak",
                "Invalid value some for configuration tolerance: String must be one of: none, all",
            ]
        );
        let zero = Props::from_iter([("tasks.max".into(), "0".into())]);
        let at_least = "Invalid value 0 for configuration tasks.max: Value must be at least 1";
        assert!(def().problems(&zero).iter().any(|p| p.message == at_least));
    }

    #[test]
    fn answers_carry_defaults_and_hide_secrets() {
        let props = Props::from_iter([("topic".into(), "t".into()), ("secret".into(), "hunter2".into())]);
        let values = def().validate(&props);
        assert_eq!(values[1].value.as_deref(), Some("1"));
        assert_eq!(values[2].value.as_deref(), Some("[hidden]"));
        assert!(!format!("{values:?}").contains("hunter2"));
    }
}
