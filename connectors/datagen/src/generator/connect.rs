//! From Avro types to Connect schemas, as Confluent's Avro data mapping does with its default settings.
//!
//! Unions with null become optional, other unions become structs with one optional field per branch, enums become
//! strings, logical types become Connect's. Documentation, enum symbols and defaults travel as schema parameters.
//!
//! Connect schemas cannot refer to themselves, so a recursive record is unrolled [`MAX_NESTING`] times; the innermost
//! one lacks the recursive field.
use std::sync::Arc;

use longshore_api::data::{DATE, DECIMAL, Schema, SchemaBuilder, TIME, TIMESTAMP, Type};
use serde_json::Value as Json;

use super::avro::{Avro, AvroField, Kind, TypeId};
use super::values::{Style, convert};
use crate::error::{Result, SchemaError};

const UNION: &str = "io.confluent.connect.avro.Union";
const ENUM: &str = "io.confluent.connect.avro.Enum";
const ENUM_DOC: &str = "io.confluent.connect.avro.enum.doc.";
const ENUM_DEFAULT: &str = "io.confluent.connect.avro.enum.default.";
const RECORD_DOC: &str = "io.confluent.connect.avro.record.doc";
const FIELD_DOC: &str = "io.confluent.connect.avro.field.doc.";
const FIELD_DEFAULT: &str = "io.confluent.connect.avro.field.default";
const CONNECT_DEFAULT_NAME: &str = "io.confluent.connect.avro.ConnectDefault";
const FIXED_SIZE: &str = "connect.fixed.size";
const PRECISION: &str = "connect.decimal.precision";
/// The precision that is not worth a parameter.
const DEFAULT_PRECISION: i64 = 64;

/// How often a record may stand within itself.
pub(crate) const MAX_NESTING: usize = 4;
/// Types in one schema, each use of a named type counted anew; beyond it a schema of nested names would explode.
const MAX_TYPES: usize = 10_000;

/// The Connect schema of a type by itself.
pub(crate) fn schema_of(avro: &Avro, id: TypeId, path: &str) -> Result<Arc<Schema>> {
    let mut mapper = Mapper { avro, open: Vec::new(), types: 0 };
    let schema = mapper.map(id, &Use { path: path.to_string(), optional: false, default: None })?;
    schema.ok_or_else(|| SchemaError::at(path, "the type can never end"))
}

/// What a union looks like in Connect.
pub(crate) enum UnionShape {
    /// Null and one other: the other, optional.
    Nullable(TypeId),
    /// One type alone: that type.
    Single(TypeId),
    /// A struct with a field per branch.
    Sum,
}

/// What becomes of a union of `branches`.
pub(crate) fn union_shape(avro: &Avro, branches: &[TypeId]) -> UnionShape {
    let is_null = |id: &TypeId| matches!(avro.kind(*id), Kind::Null);
    match branches {
        [only] => UnionShape::Single(*only),
        [null, other] | [other, null] if is_null(null) && !is_null(other) => UnionShape::Nullable(*other),
        _ => UnionShape::Sum,
    }
}

/// The name of a branch's field in the struct that stands for a union.
pub(crate) fn branch_field(avro: &Avro, branch: TypeId) -> &str {
    let name = avro.branch_name(branch);
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

struct Mapper<'a> {
    avro: &'a Avro,
    open: Vec<TypeId>,
    types: usize,
}

/// How a type is used where it stands.
struct Use<'a> {
    path: String,
    optional: bool,
    default: Option<&'a Json>,
}

impl Use<'_> {
    fn inside(&self, mark: &str, optional: bool) -> Self {
        Self { path: format!("{}{mark}", self.path), optional, default: None }
    }

    fn error(&self, what: impl Into<String>) -> SchemaError {
        SchemaError::at(&self.path, what)
    }
}

impl Mapper<'_> {
    /// `None` where a recursive type is cut off.
    fn map(&mut self, id: TypeId, at: &Use<'_>) -> Result<Option<Arc<Schema>>> {
        self.types += 1;
        if self.types > MAX_TYPES {
            return Err(SchemaError::at("", format!("it has more than {MAX_TYPES} types once names are resolved")));
        }
        let builder = match self.avro.kind(id) {
            Kind::Null => return Err(at.error("Connect has no null type by itself; use a union such as [\"null\", …]")),
            Kind::Boolean => SchemaBuilder::boolean(),
            Kind::Int => self.int(id, at)?,
            Kind::Long if self.logical(id, "timestamp-millis") => Schema::timestamp(),
            Kind::Long => SchemaBuilder::int64(),
            Kind::Float => SchemaBuilder::float32(),
            Kind::Double => SchemaBuilder::float64(),
            Kind::Bytes => self.bytes(id, at)?,
            Kind::Fixed { size, .. } => self.bytes(id, at)?.parameter(FIXED_SIZE, size.to_string()),
            Kind::String => SchemaBuilder::string(),
            Kind::Enum { name, symbols, doc, default } => {
                let simple = branch_field(self.avro, id);
                let mut builder = SchemaBuilder::string();
                if let Some(doc) = doc {
                    builder = builder.parameter(format!("{ENUM_DOC}{simple}"), doc.as_str());
                }
                if let Some(default) = default {
                    builder = builder.parameter(format!("{ENUM_DEFAULT}{simple}"), default.as_str());
                }
                builder = builder.parameter(ENUM, name.as_str());
                symbols.iter().fold(builder, |b, symbol| b.parameter(format!("{ENUM}.{symbol}"), symbol.as_str()))
            }
            Kind::Array(item) => match self.map(*item, &at.inside("[]", false))? {
                Some(item) => SchemaBuilder::array(item),
                None => return Ok(None),
            },
            Kind::Map(value) => match self.map(*value, &at.inside("{}", false))? {
                Some(value) => SchemaBuilder::map(Schema::string(), value),
                None => return Ok(None),
            },
            Kind::Union(branches) => match union_shape(self.avro, branches) {
                UnionShape::Nullable(other) => return self.map(other, &at.inside("", true)),
                UnionShape::Single(only) => return self.map(only, &at.inside("", at.optional)),
                UnionShape::Sum => match self.sum(branches, at)? {
                    Some(builder) => builder,
                    None => return Ok(None),
                },
            },
            Kind::Record { fields, doc, .. } => match self.record(id, fields, doc.as_deref(), at)? {
                Some(builder) => builder,
                None => return Ok(None),
            },
        };
        self.finish(id, builder, at).map(Some)
    }

    fn logical(&self, id: TypeId, name: &str) -> bool {
        self.avro.text(id, "logicalType").is_some_and(|text| text.eq_ignore_ascii_case(name))
    }

    fn int(&self, id: TypeId, at: &Use<'_>) -> Result<SchemaBuilder> {
        if self.avro.text(id, "logicalType").is_some() {
            return Ok(match () {
                () if self.logical(id, "date") => Schema::date(),
                () if self.logical(id, "time-millis") => Schema::time(),
                () => SchemaBuilder::int32(),
            });
        }
        match self.avro.text(id, "connect.type") {
            None => Ok(SchemaBuilder::int32()),
            Some("int8") => Ok(SchemaBuilder::int8()),
            Some("int16") => Ok(SchemaBuilder::int16()),
            Some(other) => {
                Err(at.error(format!("\"connect.type\" of an int must be int8 or int16, found \"{other}\"")))
            }
        }
    }

    fn bytes(&self, id: TypeId, at: &Use<'_>) -> Result<SchemaBuilder> {
        if !self.logical(id, "decimal") {
            return Ok(SchemaBuilder::bytes());
        }
        let number = |key: &str| match self.avro.attribute(id, key) {
            None => Ok(None),
            Some(json) => match json.as_i64().filter(|n| (0..=1000).contains(n)) {
                Some(n) => Ok(Some(n)),
                None => Err(at.error(format!("\"{key}\" of a decimal must be a whole number from 0 to 1000"))),
            },
        };
        let scale = i32::try_from(number("scale")?.unwrap_or(0)).unwrap_or(0);
        let mut builder = Schema::decimal(scale);
        if let Some(precision) = number("precision")?.filter(|n| *n != DEFAULT_PRECISION) {
            builder = builder.parameter(PRECISION, precision.to_string());
        }
        Ok(builder)
    }

    fn sum(&mut self, branches: &[TypeId], at: &Use<'_>) -> Result<Option<SchemaBuilder>> {
        let mut builder = SchemaBuilder::record(UNION);
        let mut names: Vec<&str> = Vec::new();
        for branch in branches {
            if matches!(self.avro.kind(*branch), Kind::Null) {
                builder = builder.optional();
                continue;
            }
            let name = branch_field(self.avro, *branch);
            if names.contains(&name) {
                return Err(at.error(format!("two branches of the union would be the field \"{name}\" in Connect")));
            }
            if let Some(schema) = self.map(*branch, &at.inside("", true))? {
                names.push(name);
                builder = builder.field(name, schema);
            }
        }
        Ok((!names.is_empty()).then_some(builder))
    }

    fn record(
        &mut self,
        id: TypeId,
        fields: &[AvroField],
        doc: Option<&str>,
        at: &Use<'_>,
    ) -> Result<Option<SchemaBuilder>> {
        if self.open.iter().filter(|open| **open == id).count() >= MAX_NESTING {
            return Ok(None);
        }
        self.open.push(id);
        let mut builder = SchemaBuilder::structure();
        if let Some(doc) = doc {
            builder = builder.parameter(RECORD_DOC, doc);
        }
        let dot = if at.path.is_empty() { "" } else { "." };
        for field in fields {
            let path = format!("{}{dot}{}", at.path, field.name);
            let schema = self.map(field.ty, &Use { path, optional: false, default: field.default.as_ref() })?;
            let Some(schema) = schema else {
                if matches!(self.avro.kind(field.ty), Kind::Record { .. }) {
                    let name = &field.name;
                    return Err(at.error(format!("the field \"{name}\" holds its own record without end")));
                }
                continue;
            };
            if let Some(doc) = &field.doc {
                builder = builder.parameter(format!("{FIELD_DOC}{}", field.name), doc.as_str());
            }
            builder = builder.field(field.name.as_str(), schema);
        }
        self.open.pop();
        Ok(Some(builder))
    }

    /// Name, documentation, version, parameters, default and optionality: what every type may carry.
    fn finish(&self, id: TypeId, mut builder: SchemaBuilder, at: &Use<'_>) -> Result<Arc<Schema>> {
        let avro = self.avro;
        if let Some(doc) = avro.text(id, "connect.doc") {
            builder = builder.doc(doc);
        }
        if let Some(version) = avro.attribute(id, "connect.version") {
            let version = version.as_i64().and_then(|n| i32::try_from(n).ok());
            builder = builder.version(version.ok_or_else(|| at.error("\"connect.version\" must be a whole number"))?);
        }
        if let Some(parameters) = avro.attribute(id, "connect.parameters") {
            let wrong = || at.error("\"connect.parameters\" must be an object of strings");
            for (key, value) in parameters.as_object().ok_or_else(wrong)? {
                builder = builder.parameter(key.as_str(), value.as_str().ok_or_else(wrong)?);
            }
        }
        for (key, value) in avro.types[id].attributes.iter().filter(|(key, _)| key.starts_with("avro")) {
            let value = value.as_str().map_or_else(|| value.to_string(), ToString::to_string);
            builder = builder.parameter(key.as_str(), value);
        }
        builder = self.name(id, builder);
        let connect_default = avro.attribute(id, "connect.default");
        if at.default.is_some() && connect_default.is_none() {
            builder = builder.parameter(FIELD_DEFAULT, "true");
        }
        // A union with null is optional already.
        builder = if at.optional { builder.optional() } else { builder };
        let schema = builder.try_build().map_err(|e| at.error(e.to_string()))?;
        if let Some(name) = schema.name().filter(|_| !fits_its_name(&schema)) {
            return Err(at.error(format!("its type cannot be named {name}")));
        }
        match at.default.or(connect_default).filter(|json| !json.is_null()) {
            None => Ok(schema),
            Some(json) => {
                let wrong = |why: String| at.error(format!("the default value does not fit: {why}"));
                let value = convert(avro, id, &schema, json, Style::Default).map_err(wrong)?;
                schema.to_builder().default_value(value).try_build().map_err(|e| wrong(e.to_string()))
            }
        }
    }

    fn name(&self, id: TypeId, builder: SchemaBuilder) -> SchemaBuilder {
        let given = self.avro.text(id, "connect.name");
        let name = match self.avro.kind(id) {
            _ if given.is_some() => given,
            // A decimal keeps the name by which it is known as one.
            Kind::Fixed { .. } if self.logical(id, "decimal") => None,
            Kind::Record { name, .. } | Kind::Enum { name, .. } | Kind::Fixed { name, .. } => Some(name.as_str()),
            _ => None,
        };
        match name.filter(|name| !name.starts_with(CONNECT_DEFAULT_NAME)) {
            Some(name) => builder.name(name),
            None => builder,
        }
    }
}

/// Whether a schema named as a logical type is one.
fn fits_its_name(schema: &Arc<Schema>) -> bool {
    match schema.name() {
        Some(DECIMAL) => schema.ty() == Type::Bytes && schema.decimal_scale().is_some(),
        Some(DATE | TIME) => schema.ty() == Type::Int32,
        Some(TIMESTAMP) => schema.ty() == Type::Int64,
        _ => true,
    }
}

#[cfg(test)]
mod tests;
