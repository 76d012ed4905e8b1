//! Makes records from an annotated Avro schema.
//!
//! The schema is compiled once into a tree of nodes. Record `n` is a function of the schema, the task's seed and `n`
//! (and, where an iteration stands inside an array, a map or a union, of how often that iteration was used), so a
//! restart goes on where it was without replaying what came before.
mod annotations;
mod avro;
mod binary;
mod compile;
mod connect;
mod json;
mod node;
mod options;
mod pattern;
mod random;
mod sequence;
mod time;
mod values;

use std::sync::Arc;

use longshore_api::data::{Schema, SchemaAndValue, Value};

use self::avro::{Avro, Kind};
use self::compile::Compiler;
use self::node::{Draw, Node, TextBuffer};
pub(crate) use self::options::Files;
pub(crate) use self::random::{Random, fresh_seed, seed_of_task};
use crate::error::{Result, SchemaError};

/// The record attribute that holds the schema of a key that is not part of the value.
const KEY_ATTRIBUTE: &str = "longshore.key";

/// What a compiled schema makes records with; it never changes.
#[derive(Debug)]
pub(crate) struct Plan {
    schema: Arc<Schema>,
    value: Node,
    key: Key,
    steady: Vec<bool>,
}

#[derive(Debug)]
enum Key {
    None,
    Field { schema: Arc<Schema>, at: usize },
    Own { schema: Arc<Schema>, node: Node },
}

impl Plan {
    /// Compiles a schema; `key_field` names the field that is the key, empty for none. A plan made without its files
    /// is only good for looking at.
    ///
    /// # Errors
    /// The first thing wrong with the schema or an annotation, with its path; see [`has_field`](Self::has_field) for
    /// the key.
    pub(crate) fn compile(text: &str, key_field: &str, files: Files) -> Result<Self> {
        let mut avro = Avro::parse(text)?;
        let root = avro.root;
        let own_key = match avro.attribute(root, KEY_ATTRIBUTE).cloned() {
            Some(json) if key_field.is_empty() => Some(avro.add(&json, "key")?),
            _ => None,
        };
        let Kind::Record { fields, .. } = avro.kind(root) else {
            let found = avro.branch_name(root);
            return Err(SchemaError::at("", format!("it must be a record, found {found}")));
        };
        let schema = connect::schema_of(&avro, root, "")?;
        let mut compiler = Compiler::new(&avro, files);
        let value = compiler.compile(root, &schema, "")?;
        let key = if let Some(id) = own_key {
            let schema = connect::schema_of(&avro, id, "key")?;
            let node = compiler.compile(id, &schema, "key")?;
            Key::Own { schema, node }
        } else if key_field.is_empty() {
            Key::None
        } else {
            let field = fields.iter().find(|field| field.name == key_field).zip(schema.field_index(key_field));
            let (field, at) = field.ok_or_else(|| SchemaError::at("", format!("it has no field \"{key_field}\"")))?;
            // The key stands by itself, so a default of the field is not part of its schema.
            Key::Field { schema: connect::schema_of(&avro, field.ty, key_field)?, at }
        };
        let steady = compiler.into_slots();
        Ok(Self { schema, value, key, steady })
    }

    /// The value's schema.
    #[cfg(test)]
    pub(crate) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// Whether the record has a field of that name.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        self.schema.field(name).is_some()
    }
}

/// Makes one record after another.
#[derive(Debug)]
pub(crate) struct Generator {
    plan: Arc<Plan>,
    seed: i64,
    /// How many records came before.
    number: u64,
    uses: Vec<u64>,
    texts: TextBuffer,
}

impl Generator {
    /// A generator whose next record is number `number`. `counts` are the uses of the iterations for which
    /// [`counts`](Self::counts) gives numbers; missing ones count one use per record.
    pub(crate) fn new(plan: Arc<Plan>, seed: i64, number: u64, counts: &[u64]) -> Self {
        let mut uses = vec![number; plan.steady.len()];
        let varying = uses.iter_mut().zip(&plan.steady).filter(|(_, steady)| !**steady);
        for ((uses, _), count) in varying.zip(counts) {
            *uses = *count;
        }
        Self { plan, seed, number, uses, texts: TextBuffer::default() }
    }

    /// The next record's key and value.
    pub(crate) fn next(&mut self) -> (SchemaAndValue, SchemaAndValue) {
        let plan = &*self.plan;
        let random = Random::of_record(self.seed, self.number);
        let mut draw = Draw { random, uses: &mut self.uses, texts: &mut self.texts };
        let value = plan.value.value(&mut draw);
        let key = match &plan.key {
            Key::None => SchemaAndValue { schema: Some(Schema::optional_string()), value: Value::Null },
            Key::Field { schema, at } => {
                let value = value.as_struct().and_then(|record| record.values().get(*at)).cloned();
                SchemaAndValue { schema: Some(Arc::clone(schema)), value: value.unwrap_or_default() }
            }
            Key::Own { schema, node } => {
                SchemaAndValue { schema: Some(Arc::clone(schema)), value: node.value(&mut draw) }
            }
        };
        self.number += 1;
        (key, SchemaAndValue { schema: Some(Arc::clone(&plan.schema)), value })
    }

    /// How many records came before the next one.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The seed.
    pub(crate) fn seed(&self) -> i64 {
        self.seed
    }

    /// How often each iteration was used that not every record uses exactly once; empty for most schemas.
    pub(crate) fn counts(&self) -> impl Iterator<Item = u64> {
        self.uses.iter().zip(&self.plan.steady).filter(|(_, steady)| !**steady).map(|(uses, _)| *uses)
    }
}

#[cfg(test)]
mod tests;
