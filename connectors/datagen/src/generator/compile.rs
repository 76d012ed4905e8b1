//! From an annotated Avro type and its Connect schema to a tree of nodes.
use std::collections::HashMap;
use std::sync::Arc;

use longshore_api::data::{DATE, Schema, TIME, TIMESTAMP, Type, Value};
use num_bigint::BigInt;
use serde_json::Value as Json;

use super::annotations::{Annotations, Length};
use super::avro::{Avro, AvroField, Kind, TypeId};
use super::connect::{UnionShape, branch_field, union_shape};
use super::node::{Body, Node, NumberFormat, Text, WholeForm};
use super::options::{Files, options};
use super::pattern::Pattern;
use super::sequence::{FractionSequence, WholeSequence};
use super::values::{DAY_MS, decimal};
use crate::error::{Result, SchemaError};

/// Expressions with at most so many texts become a table of them.
const MAX_TABLE: usize = 2048;
/// Digits of a decimal whose precision is not given.
const DEFAULT_DIGITS: u32 = 18;

/// Compiles one schema; what it learns about iterations is shared by all types compiled with it.
pub(crate) struct Compiler<'a> {
    avro: &'a Avro,
    files: Files,
    slots: HashMap<TypeId, usize>,
    /// For each slot, whether every record uses it exactly once.
    steady: Vec<bool>,
}

/// A type where it stands.
struct Spot<'a> {
    id: TypeId,
    schema: &'a Arc<Schema>,
    path: String,
    /// Whether a record may use it never or several times.
    varies: bool,
}

impl<'a> Spot<'a> {
    fn inner(&self, id: TypeId, schema: &'a Arc<Schema>, mark: &str, varies: bool) -> Self {
        Self { id, schema, path: format!("{}{mark}", self.path), varies: self.varies || varies }
    }

    fn error(&self, what: impl Into<String>) -> SchemaError {
        SchemaError::at(&self.path, what)
    }
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(avro: &'a Avro, files: Files) -> Self {
        Self { avro, files, slots: HashMap::new(), steady: Vec::new() }
    }

    /// For each slot, whether every record uses it exactly once.
    pub(crate) fn into_slots(self) -> Vec<bool> {
        self.steady
    }

    /// Compiles a type; `schema` is its Connect schema.
    pub(crate) fn compile(&mut self, id: TypeId, schema: &Arc<Schema>, path: &str) -> Result<Node> {
        self.node(&Spot { id, schema, path: path.to_string(), varies: false })
    }

    fn node(&mut self, at: &Spot<'_>) -> Result<Node> {
        let avro = self.avro;
        let notes = Annotations::of_type(avro, at.id, &at.path)?;
        if notes.has("options") {
            notes.exclude("options", &["length", "regex", "iteration", "range"])?;
            return options(avro, at.id, at.schema, &notes, self.files);
        }
        if notes.has("iteration") {
            notes.exclude("iteration", &["length", "regex", "options", "range"])?;
            return self.iteration(at, &notes);
        }
        match avro.kind(at.id) {
            Kind::Null => Ok(Node::Null),
            Kind::Boolean => {
                let odds = notes.number("odds", 1.0)?.unwrap_or(0.5);
                if odds < 0.0 { Err(notes.error("\"odds\" must lie between 0 and 1")) } else { Ok(Node::Odds(odds)) }
            }
            Kind::Int | Kind::Long => {
                let (form, least, greatest) = whole_form(at.schema);
                let range = notes.whole_range(least, greatest)?;
                // Without a range the greatest number is one of them.
                let all = || (least, greatest.abs_diff(least).saturating_add(1));
                let (min, count) = range.unwrap_or_else(all);
                Ok(Node::Whole { min, count, form })
            }
            Kind::Float => fraction(&notes, f64::from(f32::MAX), false),
            Kind::Double => fraction(&notes, f64::MAX, true),
            Kind::Bytes | Kind::Fixed { .. } => self.bytes(at, &notes),
            Kind::String => self.string(at, &notes),
            Kind::Enum { symbols, .. } => Ok(Node::OneOf(symbols.iter().map(|s| Value::string(s.as_str())).collect())),
            Kind::Array(item) => {
                let inner = at.inner(*item, element(at)?, "[]", true);
                Ok(Node::Array { length: notes.length()?, item: Box::new(self.node(&inner)?) })
            }
            Kind::Map(value) => {
                let inner = at.inner(*value, element(at)?, "{}", true);
                let value = Box::new(self.node(&inner)?);
                Ok(Node::Map { length: notes.length()?, key: Box::new(self.map_key(at, &notes)?), value })
            }
            Kind::Union(branches) => self.union(at, branches),
            Kind::Record { fields, .. } => self.record(at, fields),
        }
    }

    fn record(&mut self, at: &Spot<'_>, fields: &[AvroField]) -> Result<Node> {
        let dot = if at.path.is_empty() { "" } else { "." };
        // Connect's schema lacks the fields at which a recursion was cut off.
        let mapped = at.schema.fields().iter().filter_map(|f| Some((f, fields.iter().find(|a| a.name == **f.name())?)));
        let nodes = mapped.map(|(connect, avro)| {
            self.node(&at.inner(avro.ty, connect.schema(), &format!("{dot}{}", avro.name), false))
        });
        let nodes = nodes.collect::<Result<Vec<_>>>()?;
        Ok(Node::Struct { schema: Arc::clone(at.schema), fields: nodes.into() })
    }

    fn union(&mut self, at: &Spot<'_>, branches: &[TypeId]) -> Result<Node> {
        let sum = match union_shape(self.avro, branches) {
            UnionShape::Single(only) => return self.node(&at.inner(only, at.schema, "", false)),
            UnionShape::Nullable(_) => false,
            UnionShape::Sum => true,
        };
        let mut nodes = Vec::with_capacity(branches.len());
        for branch in branches {
            if matches!(self.avro.kind(*branch), Kind::Null) {
                nodes.push(Node::Null);
            } else if !sum {
                nodes.push(self.node(&at.inner(*branch, at.schema, "", true))?);
            } else if let Some(field) = at.schema.field_index(branch_field(self.avro, *branch)) {
                let schema = at.schema.fields()[field].schema();
                let node = Box::new(self.node(&at.inner(*branch, schema, "", true))?);
                nodes.push(Node::Branch { schema: Arc::clone(at.schema), at: field, node });
            }
        }
        Ok(Node::Either(nodes.into()))
    }

    fn string(&self, at: &Spot<'_>, notes: &Annotations<'_>) -> Result<Node> {
        let (prefix, suffix) = affixes(notes)?;
        let format = number_format(notes)?;
        let body = if let Some(expression) = notes.text("regex")? {
            let wrong = |why: String| notes.error(format!("\"regex\" cannot be used: {why}"));
            let pattern = Pattern::compile(expression, notes.length()?).map_err(wrong)?;
            if let Some(all) = pattern.all(MAX_TABLE) {
                let all = all.iter().map(|text| Value::string(format!("{prefix}{text}{suffix}")));
                return Ok(Node::OneOf(all.collect()));
            }
            Body::Pattern(pattern)
        } else if format != NumberFormat::Decimal && notes.has("range") {
            let (min, count) = match notes.whole_range(i64::MIN, i64::MAX)? {
                Some(range) => range,
                None => return Err(notes.missing("range")),
            };
            Body::Range { min, count, format }
        } else if self.avro.text(at.id, "logicalType") == Some("uuid") && !notes.has("length") {
            Body::Uuid
        } else {
            Body::Random(notes.length()?)
        };
        Ok(Node::Text(Box::new(Text { prefix, suffix, body })))
    }

    /// Keys take the annotations of a string.
    fn map_key(&mut self, at: &Spot<'_>, notes: &Annotations<'_>) -> Result<Node> {
        let Some(keys) = notes.get("keys") else {
            let body = Body::Random(Length { min: 1, max: Some(1) });
            return Ok(Node::Text(Box::new(Text { prefix: String::new(), suffix: String::new(), body })));
        };
        let path = format!("{}{{key}}", at.path);
        let keys = match keys {
            Json::Object(_) => Annotations::of(keys, &path)?,
            other => return Err(notes.error(format!("\"keys\" must be an object, found {other}"))),
        };
        if keys.has("options") {
            keys.exclude("options", &["length", "regex", "iteration", "range"])?;
            return options(self.avro, self.avro.text, &Schema::string(), &keys, self.files);
        }
        if keys.has("iteration") {
            // A slot of its own, told apart from those of types by a number no type has.
            let slot = self.slot(self.avro.types.len() + at.id, true);
            return sequence_text(&keys, slot);
        }
        self.string(&at.inner(at.id, at.schema, "{key}", false), &keys)
    }

    fn bytes(&self, at: &Spot<'_>, notes: &Annotations<'_>) -> Result<Node> {
        let Some(scale) = at.schema.decimal_scale() else {
            return Ok(Node::Bytes(match self.avro.kind(at.id) {
                Kind::Fixed { size, .. } => Length { min: *size, max: Some(*size) },
                _ => notes.length()?,
            }));
        };
        let digits = self.avro.attribute(at.id, "precision").and_then(Json::as_u64).and_then(|n| u32::try_from(n).ok());
        let limit = BigInt::from(10).pow(digits.unwrap_or(DEFAULT_DIGITS));
        let (mut min, mut max): (BigInt, BigInt) = (1 - &limit, limit);
        if notes.has("range") {
            let range = notes.object("range")?;
            let bound = |key: &str| match range.get(key) {
                None => Ok(None),
                Some(json) => match decimal(&json.to_string(), scale) {
                    Ok(number) if number.unscaled() >= &min && number.unscaled() <= &max => {
                        Ok(Some(number.unscaled().clone()))
                    }
                    _ => Err(range.error(format!("\"{key}\" must be a number that fits the decimal, found {json}"))),
                },
            };
            let (low, high) = (bound("min")?, bound("max")?);
            (min, max) = (low.unwrap_or_else(|| min.clone()), high.unwrap_or_else(|| max.clone()));
            if min >= max {
                return Err(range.error("\"min\" must be less than \"max\""));
            }
        }
        Ok(Node::Decimal { count: max - &min, min, scale })
    }

    fn iteration(&mut self, at: &Spot<'_>, notes: &Annotations<'_>) -> Result<Node> {
        let slot = self.slot(at.id, at.varies);
        match self.avro.kind(at.id) {
            Kind::Boolean => {
                let inner = notes.object("iteration")?;
                if let Some(key) = ["restart", "step"].into_iter().find(|key| inner.has(key)) {
                    return Err(inner.error(format!("a boolean takes no \"{key}\"")));
                }
                match inner.get("start") {
                    Some(Json::Bool(start)) => Ok(Node::Flip { start: *start, slot }),
                    Some(other) => Err(inner.error(format!("\"start\" must be a boolean, found {other}"))),
                    None => Err(inner.missing("start")),
                }
            }
            Kind::Int | Kind::Long => {
                let (form, least, greatest) = whole_form(at.schema);
                let sequence = Box::new(WholeSequence::read(notes, least, greatest)?);
                Ok(Node::WholeSequence { sequence, slot, form })
            }
            Kind::Float => {
                let sequence = Box::new(FractionSequence::read(notes, f64::from(f32::MAX))?);
                Ok(Node::FractionSequence { sequence, slot, double: false })
            }
            Kind::Double => {
                let sequence = Box::new(FractionSequence::read(notes, f64::MAX)?);
                Ok(Node::FractionSequence { sequence, slot, double: true })
            }
            Kind::String => sequence_text(notes, slot),
            _ => {
                let name = self.avro.branch_name(at.id);
                Err(notes.error(format!("\"iteration\" is for numbers, booleans and strings, not for {name}")))
            }
        }
    }

    /// The count of uses of an iterating type: one for all places that refer to the same type.
    fn slot(&mut self, id: TypeId, varies: bool) -> usize {
        match self.slots.get(&id) {
            Some(slot) => {
                self.steady[*slot] = false;
                *slot
            }
            None => {
                self.steady.push(!varies);
                self.slots.insert(id, self.steady.len() - 1);
                self.steady.len() - 1
            }
        }
    }
}

fn element<'a>(at: &Spot<'a>) -> Result<&'a Arc<Schema>> {
    at.schema.value_schema().ok_or_else(|| at.error("it has no elements"))
}

/// How whole numbers of a schema are made, and the least and greatest of them.
fn whole_form(schema: &Schema) -> (WholeForm, i64, i64) {
    match (schema.name(), schema.ty()) {
        (Some(DATE), _) => (WholeForm::Date, i32::MIN.into(), i32::MAX.into()),
        (Some(TIME), _) => (WholeForm::Time, 0, DAY_MS - 1),
        (Some(TIMESTAMP), _) => (WholeForm::Timestamp, i64::MIN, i64::MAX),
        (_, Type::Int8) => (WholeForm::Int8, i8::MIN.into(), i8::MAX.into()),
        (_, Type::Int16) => (WholeForm::Int16, i16::MIN.into(), i16::MAX.into()),
        (_, Type::Int32) => (WholeForm::Int32, i32::MIN.into(), i32::MAX.into()),
        _ => (WholeForm::Int64, i64::MIN, i64::MAX),
    }
}

fn fraction(notes: &Annotations<'_>, greatest: f64, double: bool) -> Result<Node> {
    let (min, max) = notes.fraction_range(greatest)?.unwrap_or((0.0, 1.0));
    let unit = notes.whole("decimals", 0, 9)?.map(|digits| 10f64.powi(digits as i32));
    // The distance between the ends may be more than a double holds.
    let width = (max - min).min(f64::MAX);
    Ok(Node::Fraction { min, width, below: max, unit, double })
}

fn affixes(notes: &Annotations<'_>) -> Result<(String, String)> {
    let text = |key| Ok(notes.text(key)?.unwrap_or_default().to_string());
    Ok((text("prefix")?, text("suffix")?))
}

fn number_format(notes: &Annotations<'_>) -> Result<NumberFormat> {
    match notes.text("format")? {
        Some("iso-8601") => Ok(NumberFormat::Iso8601),
        _ => Ok(NumberFormat::Decimal),
    }
}

fn sequence_text(notes: &Annotations<'_>, slot: usize) -> Result<Node> {
    let (prefix, suffix) = affixes(notes)?;
    let format = number_format(notes)?;
    let (least, greatest) = match format {
        NumberFormat::Decimal => (i32::MIN.into(), i32::MAX.into()),
        NumberFormat::Iso8601 => (i64::MIN, i64::MAX),
    };
    let sequence = WholeSequence::read(notes, least, greatest)?;
    Ok(Node::Text(Box::new(Text { prefix, suffix, body: Body::Sequence { sequence, slot, format } })))
}

#[cfg(test)]
mod tests;
