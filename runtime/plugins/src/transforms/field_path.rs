//! Paths to fields (KIP-821): one name in version 1; in version 2 names joined by dots, with backticks around a name
//! that holds dots itself.
use std::sync::Arc;

use longshore_api::config::{ConfigType, FromConfig};
use longshore_api::data::{Schema, Type, Value};

/// How a field is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldSyntax {
    /// A name is a name, dots and all.
    V1,
    /// Dots lead into nested fields.
    V2,
}

impl FromConfig for FieldSyntax {
    const TYPE: ConfigType = ConfigType::String;

    fn from_config(text: &str) -> Result<Self, String> {
        match text {
            t if t.eq_ignore_ascii_case("V1") => Ok(Self::V1),
            t if t.eq_ignore_ascii_case("V2") => Ok(Self::V2),
            _ => Err("String must be one of (case insensitive): V1, V2".into()),
        }
    }
}

/// The way to one field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FieldPath {
    text: String,
    steps: Vec<String>,
}

impl FieldPath {
    /// Reads a path.
    ///
    /// # Errors
    /// A sentence, when a backtick has no counterpart.
    pub(super) fn new(text: &str, syntax: FieldSyntax) -> Result<Self, String> {
        let steps = match syntax {
            FieldSyntax::V1 => vec![text.to_string()],
            FieldSyntax::V2 => steps(text)?,
        };
        Ok(Self { text: text.to_string(), steps })
    }

    /// The value at the end of the path and its schema. Null on the way is null at the end.
    ///
    /// # Errors
    /// A sentence, when a struct lacks the field or something on the way is no struct.
    pub(super) fn in_struct(
        &self,
        schema: &Arc<Schema>,
        value: Value,
        defaults: bool,
    ) -> Result<(Arc<Schema>, Value), String> {
        let (mut schema, mut value) = (Arc::clone(schema), value);
        for step in &self.steps {
            if schema.ty() != Type::Struct {
                return Err(format!("the field \"{}\" leads into a {}", self.text, schema.ty().name()));
            }
            let Some(at) = schema.field_index(step) else {
                return Err(format!("unknown field \"{}\"", self.text));
            };
            let field = Arc::clone(schema.fields()[at].schema());
            // A default stands for a field that is null, not for one whose struct is.
            value = match value {
                Value::Struct(record) => {
                    let value = record.into_values().into_iter().nth(at).unwrap_or_default();
                    super::or_default(value, &field, defaults)
                }
                _ => Value::Null,
            };
            schema = field;
        }
        Ok((schema, value))
    }

    /// The value at the end of the path through maps; null where there is none.
    ///
    /// # Errors
    /// A sentence, when something on the way is no map.
    pub(super) fn in_map(&self, value: Value) -> Result<Value, String> {
        let mut value = value;
        for step in &self.steps {
            value = match value {
                Value::Map(mut map) => map.remove(step).unwrap_or_default(),
                Value::Null => return Ok(Value::Null),
                other => {
                    let found = other.ty().map_or("null", Type::name);
                    return Err(format!("the field \"{}\" leads into a {found}, which is no map", self.text));
                }
            };
        }
        Ok(value)
    }
}

/// Cuts a version 2 path at its dots. A backtick ends a quoted name only where a dot or the end follows it; a
/// backslash before such a backtick makes it part of the name.
fn steps(text: &str) -> Result<Vec<String>, String> {
    let (mut steps, mut rest) = (Vec::new(), text);
    loop {
        let Some(quoted) = rest.strip_prefix('`') else {
            let Some((step, after)) = rest.split_once('.') else {
                steps.push(rest.to_string());
                return Ok(steps);
            };
            steps.push(step.to_string());
            rest = after;
            continue;
        };
        let (step, after) = quoted_step(quoted).ok_or_else(|| {
            let at = text.len() - rest.len();
            format!("the backtick at position {at} of the path \"{text}\" has no counterpart")
        })?;
        steps.push(step);
        match after {
            Some(after) => rest = after,
            None => return Ok(steps),
        }
    }
}

/// A name up to its closing backtick, and what follows the dot behind it.
fn quoted_step(quoted: &str) -> Option<(String, Option<&str>)> {
    let mut name = String::new();
    let mut copied = 0;
    for (at, _) in quoted.match_indices('`') {
        let after = &quoted[at + 1..];
        let next = after.strip_prefix('.');
        if next.is_none() && !after.is_empty() {
            continue;
        }
        if quoted[..at].ends_with('\\') {
            name.push_str(&quoted[copied..at - 1]);
            name.push('`');
            copied = at + 1;
            continue;
        }
        name.push_str(&quoted[copied..at]);
        return Some((name, next));
    }
    None
}

#[cfg(test)]
mod tests {
    use longshore_api::data::{Map, SchemaBuilder, Struct};

    use super::*;

    /// Every expectation was answered by Kafka's own class.
    #[test]
    fn version_2_paths() {
        for (path, expected) in [
            ("a.b", &["a", "b"][..]),
            ("a.", &["a", ""]),
            ("a..b", &["a", "", "b"]),
            (".a", &["", "a"]),
            ("`a.b`", &["a.b"]),
            ("`a.b`.c", &["a.b", "c"]),
            ("a.`b.c`", &["a", "b.c"]),
            ("`a`b`", &["a`b"]),
            ("`a\\`.b`", &["a`.b"]),
            ("`a\\`.b`.c", &["a`.b", "c"]),
            ("a`b", &["a`b"]),
            ("`a`b`.c", &["a`b", "c"]),
            ("``", &[""]),
            ("`a`.", &["a", ""]),
        ] {
            assert_eq!(steps(path).unwrap(), expected, "{path}");
        }
        assert!(steps("`a").unwrap_err().contains("position 0"));
        assert!(steps("x.`a\\`").is_err());
    }

    #[test]
    fn nulls_on_the_way() {
        let inner = SchemaBuilder::structure().optional().field("x", Schema::int32()).build();
        let outer = SchemaBuilder::structure().field("in", inner.clone()).build();
        let path = FieldPath::new("in.x", FieldSyntax::V2).unwrap();
        let record = Struct::new(&outer, [Value::Null]).unwrap();
        assert_eq!(path.in_struct(&outer, record.into(), true), Ok((Schema::int32(), Value::Null)));
        let record = Struct::new(&outer, [Struct::new(&inner, [7.into()]).unwrap().into()]).unwrap();
        assert_eq!(path.in_struct(&outer, record.into(), true), Ok((Schema::int32(), 7.into())));
        assert!(FieldPath::new("in.y", FieldSyntax::V2).unwrap().in_struct(&outer, Value::Null, true).is_err());

        let mut map = Map::default();
        map.insert("in", 5);
        assert!(path.in_map(map.clone().into()).is_err());
        assert_eq!(FieldPath::new("no.x", FieldSyntax::V2).unwrap().in_map(map.into()), Ok(Value::Null));
    }
}
