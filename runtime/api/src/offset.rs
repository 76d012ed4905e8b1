//! Source partitions and source offsets: small ordered maps of primitive values.
//!
//! Connect stores both as JSON objects whose values are primitives only (numbers, strings, booleans, null); that is
//! all this type can hold. Equality and lookups ignore the order of the keys, as a Java map's do, while the order is
//! kept for writing, so that a key read from an offsets topic is written back byte for byte.
use std::borrow::Cow;

use serde_json::Number;

/// One primitive of a partition or an offset.
#[derive(Debug, Clone, PartialEq)]
pub enum OffsetValue {
    /// JSON null.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A whole number.
    Int(i64),
    /// A number with a fraction, or one beyond 64 bits.
    Number(Number),
    /// A string.
    String(Cow<'static, str>),
}

/// A source partition ("which log") or a source offset ("how far in it"), such as `{"filename": "a.txt"}`.
#[derive(Debug, Clone, Default)]
pub struct OffsetMap(Vec<(Cow<'static, str>, OffsetValue)>);

impl OffsetMap {
    /// An empty map with room for `entries`.
    pub fn with_capacity(entries: usize) -> Self {
        Self(Vec::with_capacity(entries))
    }

    /// Adds or replaces an entry and gives the map back.
    #[must_use]
    pub fn with(mut self, key: impl Into<Cow<'static, str>>, value: impl Into<OffsetValue>) -> Self {
        self.insert(key, value);
        self
    }

    /// Adds or replaces an entry.
    pub fn insert(&mut self, key: impl Into<Cow<'static, str>>, value: impl Into<OffsetValue>) {
        let (key, value) = (key.into(), value.into());
        match self.0.iter_mut().find(|(k, _)| *k == key) {
            Some(entry) => entry.1 = value,
            None => self.0.push((key, value)),
        }
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&OffsetValue> {
        self.0.iter().find(|(k, _)| k == key).map(|(_, v)| v)
    }

    /// The value of `key` as a whole number.
    pub fn get_i64(&self, key: &str) -> Option<i64> {
        match self.get(key)? {
            OffsetValue::Int(n) => Some(*n),
            OffsetValue::Number(n) => n.as_i64(),
            _ => None,
        }
    }

    /// The value of `key` as a string.
    pub fn get_str(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            OffsetValue::String(s) => Some(s),
            _ => None,
        }
    }

    /// The entries in the order they were given.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &OffsetValue)> {
        self.0.iter().map(|(k, v)| (k.as_ref(), v))
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The map as a JSON object, in the order of the entries.
    pub fn to_json(&self) -> serde_json::Value {
        serde_json::Value::Object(self.0.iter().map(|(k, v)| (k.to_string(), v.to_json())).collect())
    }

    /// Reads a JSON object of primitives.
    ///
    /// # Errors
    /// A sentence naming the entry that is not a primitive, or saying that it is no object.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, String> {
        let Some(object) = json.as_object() else {
            return Err(format!("expected a JSON object, found {json}"));
        };
        let mut map = Self::with_capacity(object.len());
        for (key, value) in object {
            let value = match value {
                serde_json::Value::Null => OffsetValue::Null,
                serde_json::Value::Bool(b) => OffsetValue::Boolean(*b),
                serde_json::Value::Number(n) => {
                    n.as_i64().map_or_else(|| OffsetValue::Number(n.clone()), OffsetValue::Int)
                }
                serde_json::Value::String(s) => OffsetValue::String(Cow::Owned(s.clone())),
                other => return Err(format!("\"{key}\" must be a number, string, boolean or null, found {other}")),
            };
            map.0.push((Cow::Owned(key.clone()), value));
        }
        Ok(map)
    }

    /// A text that is equal for equal maps whatever the order of their entries.
    pub fn canonical(&self) -> String {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        let object: serde_json::Map<_, _> = entries.into_iter().map(|(k, v)| (k.to_string(), v.to_json())).collect();
        serde_json::Value::Object(object).to_string()
    }
}

impl PartialEq for OffsetMap {
    fn eq(&self, other: &Self) -> bool {
        self.0.len() == other.0.len() && self.0.iter().all(|(k, v)| other.get(k) == Some(v))
    }
}

impl OffsetValue {
    fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Null => serde_json::Value::Null,
            Self::Boolean(b) => (*b).into(),
            Self::Int(n) => (*n).into(),
            Self::Number(n) => serde_json::Value::Number(n.clone()),
            Self::String(s) => serde_json::Value::String(s.to_string()),
        }
    }
}

impl From<i64> for OffsetValue {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}
impl From<i32> for OffsetValue {
    fn from(value: i32) -> Self {
        Self::Int(value.into())
    }
}
impl From<bool> for OffsetValue {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}
impl From<String> for OffsetValue {
    fn from(value: String) -> Self {
        Self::String(Cow::Owned(value))
    }
}
impl From<&'static str> for OffsetValue {
    fn from(value: &'static str) -> Self {
        Self::String(Cow::Borrowed(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_of_keys_is_kept_for_writing_and_ignored_for_comparing() {
        let a = OffsetMap::default().with("b", 1).with("a", "x");
        let b = OffsetMap::default().with("a", "x").with("b", 1);
        assert_eq!(a, b);
        assert_eq!(a.canonical(), b.canonical());
        assert_eq!(a.to_json().to_string(), r#"{"b":1,"a":"x"}"#);
        assert_ne!(a, b.with("c", true));
    }

    #[test]
    fn json_round_trip_keeps_numbers_exact_and_refuses_nesting() {
        let text = r#"{"lsn":36550528,"big":18446744073709551615,"f":1.5,"s":"x","n":null,"t":true}"#;
        let json: serde_json::Value = serde_json::from_str(text).unwrap();
        let map = OffsetMap::from_json(&json).unwrap();
        assert_eq!(map.to_json().to_string(), text);
        assert_eq!(map.get_i64("lsn"), Some(36_550_528));
        let nested = serde_json::json!({"a": {"b": 1}});
        assert!(OffsetMap::from_json(&nested).unwrap_err().contains("\"a\""));
    }
}
