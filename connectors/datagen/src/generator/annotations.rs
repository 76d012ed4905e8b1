//! Reads what stands in `arg.properties`. Annotations that a type does not take are left unread, as the original does.
use serde_json::{Map, Value as Json};

use super::avro::{Avro, TypeId};
use super::random::Random;
use super::values::{number, whole};
use crate::error::{Result, SchemaError};

/// The attribute that holds a type's annotations.
pub(crate) const ARG_PROPERTIES: &str = "arg.properties";
/// Longer strings, byte strings, arrays and maps are refused.
const MAX_LENGTH: i64 = 1 << 24;

/// The annotations of one type, or one annotation that is an object of its own.
pub(crate) struct Annotations<'a> {
    object: Option<&'a Map<String, Json>>,
    /// Where the type stands in the schema.
    path: &'a str,
    /// The annotation this is the inside of.
    name: Option<&'a str>,
}

impl<'a> Annotations<'a> {
    /// The annotations of a type of the schema.
    pub(crate) fn of_type(avro: &'a Avro, id: TypeId, path: &'a str) -> Result<Self> {
        match avro.attribute(id, ARG_PROPERTIES) {
            None => Ok(Self { object: None, path, name: None }),
            Some(json) => Self::of(json, path),
        }
    }

    /// The annotations in an object.
    pub(crate) fn of(json: &'a Json, path: &'a str) -> Result<Self> {
        match json.as_object() {
            Some(object) => Ok(Self { object: Some(object), path, name: None }),
            None => Err(SchemaError::at(path, format!("\"{ARG_PROPERTIES}\" must be an object, found {json}"))),
        }
    }

    /// One annotation, if it is there; null counts as absent.
    pub(crate) fn get(&self, name: &str) -> Option<&'a Json> {
        self.object?.get(name).filter(|json| !json.is_null())
    }

    /// Whether an annotation is there.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// An error at this type, about this annotation if it is the inside of one.
    pub(crate) fn error(&self, what: impl Into<String>) -> SchemaError {
        let what = what.into();
        match self.name {
            Some(name) => SchemaError::at(self.path, format!("in \"{name}\", {what}")),
            None => SchemaError::at(self.path, what),
        }
    }

    /// The error of a key that must be there.
    pub(crate) fn missing(&self, key: &str) -> SchemaError {
        SchemaError::at(self.path, format!("\"{}\" needs \"{key}\"", self.name.unwrap_or(ARG_PROPERTIES)))
    }

    /// Refuses annotations that cannot stand together.
    pub(crate) fn exclude(&self, one: &str, others: &[&str]) -> Result<()> {
        match others.iter().find(|other| self.has(other)) {
            Some(other) => Err(self.error(format!("\"{other}\" cannot stand beside \"{one}\""))),
            None => Ok(()),
        }
    }

    /// An annotation that must be an object, as annotations of its own.
    pub(crate) fn object(&self, name: &'a str) -> Result<Self> {
        match self.get(name) {
            Some(Json::Object(object)) => Ok(Self { object: Some(object), path: self.path, name: Some(name) }),
            Some(other) => Err(self.error(format!("\"{name}\" must be an object, found {other}"))),
            None => Err(self.missing(name)),
        }
    }

    /// A whole number within bounds.
    pub(crate) fn whole(&self, key: &str, least: i64, greatest: i64) -> Result<Option<i64>> {
        let Some(json) = self.get(key) else { return Ok(None) };
        match whole(json) {
            Some(n) if (least..=greatest).contains(&n) => Ok(Some(n)),
            Some(n) => Err(self.error(format!("\"{key}\" must lie between {least} and {greatest}, found {n}"))),
            None => Err(self.error(format!("\"{key}\" must be a whole number, found {json}"))),
        }
    }

    /// A number no further from 0 than `greatest`.
    pub(crate) fn number(&self, key: &str, greatest: f64) -> Result<Option<f64>> {
        let Some(json) = self.get(key) else { return Ok(None) };
        match number(json) {
            Some(n) if n.abs() <= greatest => Ok(Some(n)),
            _ => Err(self.error(format!("\"{key}\" must be a number that fits its type, found {json}"))),
        }
    }

    /// A text.
    pub(crate) fn text(&self, key: &str) -> Result<Option<&'a str>> {
        match self.get(key) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text)),
            Some(other) => Err(self.error(format!("\"{key}\" must be a string, found {other}"))),
        }
    }

    /// `range` for whole numbers: the least value and how many there are, the upper end not included.
    pub(crate) fn whole_range(&self, least: i64, greatest: i64) -> Result<Option<(i64, u64)>> {
        if !self.has("range") {
            return Ok(None);
        }
        let range = self.object("range")?;
        let (min, max) = (range.whole("min", least, greatest)?, range.whole("max", least, greatest)?);
        let (min, max) = (min.unwrap_or(least), max.unwrap_or(greatest));
        if min >= max {
            return Err(range.error(format!("\"min\" must be less than \"max\", found {min} and {max}")));
        }
        Ok(Some((min, max.abs_diff(min))))
    }

    /// `range` for numbers with a fraction, the upper end not included.
    pub(crate) fn fraction_range(&self, greatest: f64) -> Result<Option<(f64, f64)>> {
        if !self.has("range") {
            return Ok(None);
        }
        let range = self.object("range")?;
        let min = range.number("min", greatest)?.unwrap_or(-greatest);
        let max = range.number("max", greatest)?.unwrap_or(greatest);
        if min >= max {
            return Err(range.error(format!("\"min\" must be less than \"max\", found {min} and {max}")));
        }
        Ok(Some((min, max)))
    }

    /// `length`, or the default of 8 to 15.
    pub(crate) fn length(&self) -> Result<Length> {
        match self.get("length") {
            None => Ok(Length { min: 8, max: Some(15) }),
            Some(Json::Object(_)) => {
                let inner = self.object("length")?;
                // The upper end is not included, so it may lie one above the limit.
                let bounds = (inner.whole("min", 0, MAX_LENGTH)?, inner.whole("max", 1, MAX_LENGTH + 1)?);
                let (min, max) = match bounds {
                    (None, None) => return Err(self.error("\"length\" needs \"min\" or \"max\"")),
                    (min, max) => (min.unwrap_or(0), max),
                };
                if max.is_some_and(|max| max <= min) {
                    return Err(inner.error("\"max\" must be greater than \"min\""));
                }
                Ok(Length { min: min as usize, max: max.map(|max| max as usize - 1) })
            }
            Some(_) => {
                let exact = self.whole("length", 0, MAX_LENGTH)?.unwrap_or(0) as usize;
                Ok(Length { min: exact, max: Some(exact) })
            }
        }
    }
}

/// How long something is: both ends included, the upper one perhaps open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Length {
    pub(crate) min: usize,
    pub(crate) max: Option<usize>,
}

impl Length {
    /// The greatest length; an open end reaches as far above the least as the default length does.
    pub(crate) fn greatest(self) -> usize {
        self.max.unwrap_or(self.min + 8)
    }

    /// Some length within the bounds.
    #[inline]
    pub(crate) fn draw(self, random: &mut Random) -> usize {
        let span = self.greatest() - self.min;
        if span == 0 { self.min } else { self.min + random.index(span + 1) }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn length(json: Json) -> std::result::Result<Length, String> {
        let object = json!({ "length": json });
        Annotations::of(&object, "f").and_then(|a| a.length()).map_err(|e| e.to_string())
    }

    #[test]
    fn lengths_are_a_number_or_bounds_whose_upper_end_is_out() {
        assert_eq!(length(json!(null)).unwrap(), Length { min: 8, max: Some(15) });
        assert_eq!(length(json!(3)).unwrap(), Length { min: 3, max: Some(3) });
        assert_eq!(length(json!({"min": 2, "max": 5})).unwrap(), Length { min: 2, max: Some(4) });
        assert_eq!(length(json!({"max": 5})).unwrap(), Length { min: 0, max: Some(4) });
        assert_eq!(length(json!({"min": 5})).unwrap().greatest(), 13);
        for (wrong, why) in [
            (json!(-1), "between"),
            (json!("x"), "whole number"),
            (json!({}), "needs \"min\" or \"max\""),
            (json!({"min": 3, "max": 3}), "greater than \"min\""),
            (json!({"min": 1.5}), "whole number"),
            (json!(1_000_000_000), "between"),
        ] {
            let error = length(wrong).unwrap_err();
            assert!(error.contains(why) && error.contains("at f") && error.contains("length"), "{error}");
        }
    }

    #[test]
    fn ranges_exclude_their_upper_end() {
        let object = json!({"range": {"min": 5, "max": 8}});
        let annotations = Annotations::of(&object, "f").unwrap();
        assert_eq!(annotations.whole_range(i64::MIN, i64::MAX).unwrap(), Some((5, 3)));
        let error = |json: Json| {
            let object = json!({ "range": json });
            let annotations = Annotations::of(&object, "f").unwrap();
            let whole = annotations.whole_range(-128, 127).unwrap_err().to_string();
            let fraction = annotations.fraction_range(127.0).unwrap_err().to_string();
            assert!(whole.contains("range") && fraction.contains("range"), "{whole} {fraction}");
            whole
        };
        assert!(error(json!({"min": 8, "max": 8})).contains("less than"));
        assert!(error(json!({"min": 200})).contains("between -128 and 127"));
        assert!(error(json!([1, 2])).contains("must be an object"));
        assert!(error(json!({"min": "a"})).contains("whole number"));
        let open = json!({"range": {}});
        let open = Annotations::of(&open, "f").unwrap();
        assert_eq!(open.whole_range(i64::MIN, i64::MAX).unwrap(), Some((i64::MIN, u64::MAX)));
    }
}
