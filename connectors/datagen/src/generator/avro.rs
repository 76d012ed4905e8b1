//! Reads an Avro schema, annotations included.
//!
//! Types live in one table and refer to each other by number, so that a name used twice (or within itself) is the same
//! type. Nothing here knows what the annotations mean.
use std::collections::HashMap;

use serde_json::{Map, Value as Json};

use crate::error::{Result, SchemaError};

/// A type's place in [`Avro::types`].
pub(crate) type TypeId = usize;

/// A parsed schema.
#[derive(Debug)]
pub(crate) struct Avro {
    pub(crate) types: Vec<AvroType>,
    pub(crate) root: TypeId,
    /// A string without annotations: the type of every map's keys.
    pub(crate) text: TypeId,
    names: HashMap<String, TypeId>,
}

/// One type and everything its author wrote beside it.
#[derive(Debug)]
pub(crate) struct AvroType {
    pub(crate) kind: Kind,
    /// Attributes that are not Avro's own, such as `arg.properties`, and the logical type.
    pub(crate) attributes: Map<String, Json>,
}

/// What a type is.
#[derive(Debug, Clone)]
pub(crate) enum Kind {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
    Fixed { name: String, size: usize },
    Enum { name: String, symbols: Vec<String>, doc: Option<String>, default: Option<String> },
    Array(TypeId),
    Map(TypeId),
    Union(Vec<TypeId>),
    Record { name: String, fields: Vec<AvroField>, doc: Option<String> },
}

/// A record's field.
#[derive(Debug, Clone)]
pub(crate) struct AvroField {
    pub(crate) name: String,
    pub(crate) ty: TypeId,
    pub(crate) doc: Option<String>,
    pub(crate) default: Option<Json>,
}

/// Deeper nesting is refused, so that no schema can exhaust the stack.
const MAX_DEPTH: usize = 64;

impl Avro {
    /// Parses a schema.
    ///
    /// # Errors
    /// The path to the first thing that is no valid Avro, and why.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let json = super::json::parse(text).map_err(|why| SchemaError::at("", why))?;
        Self::read(&json)
    }

    /// Reads a schema from JSON.
    pub(crate) fn read(json: &Json) -> Result<Self> {
        let mut avro = Self { types: Vec::new(), root: 0, text: 0, names: HashMap::new() };
        avro.text = avro.push(Kind::String, Map::new());
        avro.root = avro.parse_type(json, &Place { namespace: None, path: String::new(), depth: 0 })?;
        Ok(avro)
    }

    pub(crate) fn kind(&self, id: TypeId) -> &Kind {
        &self.types[id].kind
    }

    /// An attribute that is not Avro's own.
    pub(crate) fn attribute(&self, id: TypeId, name: &str) -> Option<&Json> {
        self.types[id].attributes.get(name)
    }

    /// The same where it is text.
    pub(crate) fn text(&self, id: TypeId, name: &str) -> Option<&str> {
        self.attribute(id, name).and_then(Json::as_str)
    }

    /// Adds the types of another schema that may use the names of this one; gives its root.
    pub(crate) fn add(&mut self, json: &Json, path: &str) -> Result<TypeId> {
        self.parse_type(json, &Place { namespace: None, path: path.to_string(), depth: 0 })
    }

    fn parse_type(&mut self, json: &Json, at: &Place) -> Result<TypeId> {
        if at.depth > MAX_DEPTH {
            return Err(at.error(format!("types are nested more than {MAX_DEPTH} deep")));
        }
        match json {
            Json::String(name) => match primitive(name) {
                Some(kind) => Ok(self.push(kind, Map::new())),
                None => self.named(name, at),
            },
            Json::Array(branches) => self.parse_union(branches, at),
            Json::Object(object) => self.parse_object(object, at),
            other => Err(at.error(format!("a type must be a name, an object or an array, found {other}"))),
        }
    }

    fn parse_object(&mut self, object: &Map<String, Json>, at: &Place) -> Result<TypeId> {
        let name = match object.get("type") {
            Some(Json::String(name)) => name.as_str(),
            // A type wrapped once more: what is inside counts.
            Some(inner @ (Json::Object(_) | Json::Array(_))) => return self.parse_type(inner, &at.deeper()),
            _ => return Err(at.error("a type given as an object needs a \"type\"")),
        };
        match name {
            "record" | "error" => self.parse_record(object, at),
            "enum" => self.parse_enum(object, at),
            "fixed" => {
                let name = at.full_name(object)?;
                let size = object.get("size").and_then(Json::as_u64).and_then(|n| usize::try_from(n).ok());
                let size = size.filter(|n| *n <= 1 << 24);
                let size = size.ok_or_else(|| at.error("a fixed type needs a \"size\" of at most 16777216 bytes"))?;
                self.define(name.clone(), Kind::Fixed { name, size }, object, at)
            }
            "array" | "map" => {
                let key = if name == "array" { "items" } else { "values" };
                let inner = object.get(key).ok_or_else(|| at.error(format!("a type \"{name}\" needs \"{key}\"")))?;
                let mark = if name == "array" { "[]" } else { "{}" };
                let inner = self.parse_type(inner, &at.child(mark, ""))?;
                let kind = if name == "array" { Kind::Array(inner) } else { Kind::Map(inner) };
                Ok(self.push(kind, attributes(object)))
            }
            name => match primitive(name) {
                Some(kind) => Ok(self.push(kind, attributes(object))),
                None => self.named(name, at),
            },
        }
    }

    fn parse_union(&mut self, branches: &[Json], at: &Place) -> Result<TypeId> {
        if branches.is_empty() {
            return Err(at.error("a union needs at least one type"));
        }
        let mut ids: Vec<TypeId> = Vec::with_capacity(branches.len());
        for branch in branches {
            let id = self.parse_type(branch, &at.deeper())?;
            if matches!(self.kind(id), Kind::Union(_)) {
                return Err(at.error("a union cannot stand directly in another"));
            }
            if let Some(twin) = ids.iter().find(|other| self.branch_name(**other) == self.branch_name(id)) {
                return Err(at.error(format!("the union has two types \"{}\"", self.branch_name(*twin))));
            }
            ids.push(id);
        }
        Ok(self.push(Kind::Union(ids), Map::new()))
    }

    fn parse_record(&mut self, object: &Map<String, Json>, at: &Place) -> Result<TypeId> {
        let name = at.full_name(object)?;
        let doc = text(object, "doc");
        let Some(Json::Array(list)) = object.get("fields") else {
            return Err(at.error(format!("the record \"{name}\" needs an array of \"fields\"")));
        };
        // Known before its fields are read: they may refer to it.
        let empty = Kind::Record { name: name.clone(), fields: Vec::new(), doc: doc.clone() };
        let id = self.define(name.clone(), empty, object, at)?;
        let mut fields: Vec<AvroField> = Vec::with_capacity(list.len());
        for field in list {
            let Some((name_of_field, ty)) =
                text(field.as_object().unwrap_or(&Map::new()), "name").zip(field.get("type"))
            else {
                return Err(at.error(format!("every field of \"{name}\" needs a \"name\" and a \"type\"")));
            };
            let mut inside = at.child(&name_of_field, ".");
            inside.namespace = name.rsplit_once('.').map(|(space, _)| space.to_string());
            check_name(&name_of_field, &inside)?;
            if fields.iter().any(|other| other.name == name_of_field) {
                return Err(at.error(format!("the record \"{name}\" has two fields \"{name_of_field}\"")));
            }
            let ty = self.parse_type(ty, &inside)?;
            let doc = field.get("doc").and_then(Json::as_str).map(ToString::to_string);
            fields.push(AvroField { name: name_of_field, ty, doc, default: field.get("default").cloned() });
        }
        self.types[id].kind = Kind::Record { name, fields, doc };
        Ok(id)
    }

    fn parse_enum(&mut self, object: &Map<String, Json>, at: &Place) -> Result<TypeId> {
        let name = at.full_name(object)?;
        let list = object.get("symbols").and_then(Json::as_array).filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| at.error(format!("the enum \"{name}\" needs an array of \"symbols\"")))?;
        let mut symbols: Vec<String> = Vec::with_capacity(list.len());
        for symbol in list {
            let symbol = symbol.as_str().ok_or_else(|| at.error(format!("{symbol} is no symbol of an enum")))?;
            check_name(symbol, at)?;
            if symbols.iter().any(|other| other == symbol) {
                return Err(at.error(format!("the enum \"{name}\" has the symbol \"{symbol}\" twice")));
            }
            symbols.push(symbol.to_string());
        }
        let default = text(object, "default");
        if let Some(default) = default.as_ref().filter(|default| !symbols.contains(default)) {
            return Err(at.error(format!("the default \"{default}\" is no symbol of the enum \"{name}\"")));
        }
        let kind = Kind::Enum { name: name.clone(), symbols, doc: text(object, "doc"), default };
        self.define(name, kind, object, at)
    }

    fn define(&mut self, name: String, kind: Kind, object: &Map<String, Json>, at: &Place) -> Result<TypeId> {
        if self.names.contains_key(&name) {
            return Err(at.error(format!("the name \"{name}\" is defined twice")));
        }
        let id = self.push(kind, attributes(object));
        self.names.insert(name, id);
        Ok(id)
    }

    fn named(&self, name: &str, at: &Place) -> Result<TypeId> {
        let qualified = at.qualify(name);
        let id = self.names.get(&qualified).or_else(|| self.names.get(name));
        id.copied().ok_or_else(|| at.error(format!("there is no type \"{name}\"")))
    }

    fn push(&mut self, kind: Kind, attributes: Map<String, Json>) -> TypeId {
        self.types.push(AvroType { kind, attributes });
        self.types.len() - 1
    }

    /// The name that a branch of a union goes by: the full name of a named type, the type's own name otherwise.
    pub(crate) fn branch_name(&self, id: TypeId) -> &str {
        match self.kind(id) {
            Kind::Null => "null",
            Kind::Boolean => "boolean",
            Kind::Int => "int",
            Kind::Long => "long",
            Kind::Float => "float",
            Kind::Double => "double",
            Kind::Bytes => "bytes",
            Kind::String => "string",
            Kind::Array(_) => "array",
            Kind::Map(_) => "map",
            Kind::Union(_) => "union",
            Kind::Fixed { name, .. } | Kind::Enum { name, .. } | Kind::Record { name, .. } => name,
        }
    }
}

/// Where in the document the parser stands.
struct Place {
    namespace: Option<String>,
    path: String,
    depth: usize,
}

impl Place {
    fn error(&self, what: impl Into<String>) -> SchemaError {
        SchemaError::at(&self.path, what)
    }

    fn deeper(&self) -> Self {
        Self { namespace: self.namespace.clone(), path: self.path.clone(), depth: self.depth + 1 }
    }

    fn child(&self, name: &str, separator: &str) -> Self {
        let separator = if self.path.is_empty() { "" } else { separator };
        Self { path: format!("{}{separator}{name}", self.path), ..self.deeper() }
    }

    fn qualify(&self, name: &str) -> String {
        match &self.namespace {
            Some(space) if !space.is_empty() && !name.contains('.') => format!("{space}.{name}"),
            _ => name.to_string(),
        }
    }

    fn full_name(&self, object: &Map<String, Json>) -> Result<String> {
        let name = text(object, "name").ok_or_else(|| self.error("a record, enum or fixed type needs a \"name\""))?;
        let full = match text(object, "namespace") {
            Some(space) if !name.contains('.') && !space.is_empty() => format!("{space}.{name}"),
            Some(_) => name,
            None => self.qualify(&name),
        };
        full.split('.').try_for_each(|part| check_name(part, self))?;
        if primitive(&full).is_some() {
            return Err(self.error(format!("\"{full}\" is the name of a primitive type")));
        }
        Ok(full)
    }
}

fn check_name(name: &str, at: &Place) -> Result<()> {
    let mut chars = name.chars();
    let starts = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if starts && chars.all(|c| c.is_alphanumeric() || c == '_') {
        Ok(())
    } else {
        Err(at.error(format!("\"{name}\" is no name: it must be a letter or _ followed by letters, digits and _")))
    }
}

fn primitive(name: &str) -> Option<Kind> {
    Some(match name {
        "null" => Kind::Null,
        "boolean" => Kind::Boolean,
        "int" => Kind::Int,
        "long" => Kind::Long,
        "float" => Kind::Float,
        "double" => Kind::Double,
        "bytes" => Kind::Bytes,
        "string" => Kind::String,
        _ => return None,
    })
}

fn text(object: &Map<String, Json>, key: &str) -> Option<String> {
    object.get(key).and_then(Json::as_str).map(ToString::to_string)
}

fn attributes(object: &Map<String, Json>) -> Map<String, Json> {
    const OWN: [&str; 9] = ["type", "name", "namespace", "doc", "fields", "symbols", "items", "values", "size"];
    object.iter().filter(|(key, _)| !OWN.contains(&key.as_str())).map(|(k, v)| (k.clone(), v.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Avro::parse(text).unwrap_err().to_string()
    }

    #[test]
    fn names_resolve_within_their_namespace_and_keep_one_identity() {
        let avro = Avro::parse(
            r#"{"type":"record","name":"R","namespace":"a.b","fields":[
                {"name":"x","type":{"type":"enum","name":"E","symbols":["P","Q"]}},
                {"name":"y","type":"E"}, {"name":"z","type":"a.b.E"}, {"name":"self","type":["null","R"]}]}"#,
        )
        .unwrap();
        let Kind::Record { name, fields, .. } = avro.kind(avro.root) else { panic!() };
        assert_eq!(name, "a.b.R");
        assert!(fields[0].ty == fields[1].ty && fields[1].ty == fields[2].ty);
        let Kind::Union(branches) = avro.kind(fields[3].ty) else { panic!() };
        assert_eq!(branches[1], avro.root);
    }

    #[test]
    fn mistakes_are_named_with_their_path() {
        let field = |ty: &str| format!(r#"{{"type":"record","name":"R","fields":[{{"name":"f","type":{ty}}}]}}"#);
        assert!(error("nonsense").contains("JSON"));
        assert!(error("5").contains("must be a name"));
        assert!(error(&field("\"Address\"")).contains("at f: there is no type \"Address\""));
        assert!(error(&field("[]")).contains("at least one type"));
        assert!(error(&field(r#"["int","int"]"#)).contains("two types \"int\""));
        assert!(error(&field(r#"["int",["null"]]"#)).contains("directly in another"));
        assert!(error(&field(r#"{"type":"array"}"#)).contains("needs \"items\""));
        assert!(error(&field(r#"{"type":"array","items":"x"}"#)).contains("at f[]: there is no type"));
        assert!(error(&field(r#"{"type":"enum","name":"E","symbols":[]}"#)).contains("\"symbols\""));
        assert!(error(&field(r#"{"type":"enum","name":"E","symbols":["A","A"]}"#)).contains("twice"));
        assert!(error(&field(r#"{"type":"fixed","name":"F"}"#)).contains("\"size\""));
        assert!(error(&field(r#"{"type":"record","name":"R","fields":[]}"#)).contains("defined twice"));
        assert!(error(&field(r#"{"a":1}"#)).contains("needs a \"type\""));
        assert!(error(r#"{"type":"record","name":"1R","fields":[]}"#).contains("is no name"));
        assert!(error(r#"{"type":"record","fields":[]}"#).contains("needs a \"name\""));
        assert!(error(r#"{"type":"record","name":"R"}"#).contains("\"fields\""));
        let twice = r#"{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}"#;
        assert!(error(twice).contains("two fields \"a\""));
        let deep = format!("{}\"int\"{}", r#"{"type":"array","items":"#.repeat(100), "}".repeat(100));
        assert!(error(&deep).contains("nested more than"));
    }
}
