//! `ReplaceField`: keeps, drops and renames fields of the key or value.
use std::collections::{HashMap, HashSet};
use std::marker::PhantomData;
use std::sync::Arc;

use longshore_api::ConnectorConfig;
use longshore_api::data::{Map, Schema, Struct, Value};
use longshore_api::error::{ConnectError, Result};
use longshore_api::record::ConnectRecord;
use longshore_api::transform::Transformation;

use super::side::{Side, both_sides};
use super::{or_default, refused, struct_like, wrong_shape};
use crate::schema_cache::{SchemaCache, TRANSFORMED_SCHEMAS};

/// The keys, in Kafka's order.
#[derive(Debug, Clone, ConnectorConfig)]
pub struct ReplaceFieldConfig {
    /// Fields to drop. It wins over include.
    #[config(default = "", importance = Medium, rule = no_empty_member)]
    pub exclude: Vec<String>,
    /// Fields to keep; all of them where the list is empty.
    #[config(default = "", importance = Medium, rule = no_empty_member)]
    pub include: Vec<String>,
    /// Fields to rename, as old:new pairs.
    #[config(default = "", importance = Medium, rule = valid_renames)]
    pub renames: Vec<String>,
    /// Whether a null becomes the default value of its field, where the field has one.
    #[config(key = "replace.null.with.default", default = true, importance = Medium)]
    pub replace_null_with_default: bool,
}

fn no_empty_member(list: &str) -> Result<(), String> {
    let empty = !list.trim().is_empty() && list.split(',').any(|member| member.trim().is_empty());
    if empty { Err("its members must not be empty".into()) } else { Ok(()) }
}

fn valid_renames(list: &str) -> Result<(), String> {
    no_empty_member(list)?;
    let wrong = list.split(',').map(str::trim).find(|member| !member.is_empty() && rename(member).is_none());
    wrong.map_or(Ok(()), |member| Err(format!("Invalid rename mapping: {member}")))
}

/// The two names of `old:new`.
fn rename(member: &str) -> Option<(&str, &str)> {
    member.split_once(':').filter(|(_, new)| !new.is_empty() && !new.contains(':'))
}

/// Keeps, drops and renames fields of the key or value. A null stays null.
pub struct ReplaceField<S> {
    exclude: HashSet<String>,
    include: HashSet<String>,
    renames: HashMap<String, Arc<str>>,
    defaults: bool,
    /// The changed schema, and where its fields stood before.
    schemas: SchemaCache<(Arc<Schema>, Box<[usize]>)>,
    side: PhantomData<fn() -> S>,
}

impl<S: Side> ReplaceField<S> {
    fn from_config(config: ReplaceFieldConfig) -> Result<Self> {
        let renames = config.renames.iter().filter_map(|member| rename(member));
        Ok(Self {
            exclude: config.exclude.into_iter().collect(),
            include: config.include.into_iter().collect(),
            renames: renames.map(|(old, new)| (old.to_string(), new.into())).collect(),
            defaults: config.replace_null_with_default,
            schemas: SchemaCache::new(TRANSFORMED_SCHEMAS),
            side: PhantomData,
        })
    }

    fn replace_in_struct(&mut self, source: Struct) -> Result<Struct> {
        let (exclude, include, renames) = (&self.exclude, &self.include, &self.renames);
        let (schema, places) = self.schemas.get_or_make(source.schema(), || {
            let (mut builder, mut places) = (struct_like(source.schema()), Vec::new());
            for (at, field) in source.schema().fields().iter().enumerate() {
                if keeps(exclude, include, field.name()) {
                    let name = renames.get(&**field.name()).unwrap_or(field.name());
                    builder = builder.field(Arc::clone(name), Arc::clone(field.schema()));
                    places.push(at);
                }
            }
            Ok::<_, ConnectError>((builder.try_build()?, places.into_boxed_slice()))
        })?;
        let mut values = source.into_values();
        let kept = schema
            .fields()
            .iter()
            .zip(places)
            .map(|(field, at)| or_default(std::mem::take(&mut values[*at]), field.schema(), self.defaults));
        Ok(Struct::from_trusted(schema, kept.collect::<Vec<_>>()))
    }

    fn replace_in_map(&self, map: Map) -> Map {
        let mut kept = Map::with_capacity(map.len());
        for (key, value) in map {
            match key.as_str() {
                Some(name) if !keeps(&self.exclude, &self.include, name) => {}
                Some(name) => match self.renames.get(name) {
                    Some(new) => kept.insert(&**new, value),
                    None => kept.insert(key, value),
                },
                // Without a name there is nothing to compare.
                None => kept.insert(key, value),
            }
        }
        kept
    }
}

fn keeps(exclude: &HashSet<String>, include: &HashSet<String>, field: &str) -> bool {
    !exclude.contains(field) && (include.is_empty() || include.contains(field))
}

impl<S: Side> Transformation for ReplaceField<S> {
    fn apply(&mut self, mut record: ConnectRecord) -> Result<Option<ConnectRecord>> {
        let topic = Arc::clone(&record.topic);
        let part = S::part(&mut record);
        match (&part.schema, std::mem::take(&mut part.value)) {
            (_, Value::Null) => {}
            (Some(_), Value::Struct(source)) => match self.replace_in_struct(source) {
                Ok(changed) => {
                    part.schema = Some(Arc::clone(changed.schema()));
                    part.value = changed.into();
                }
                Err(error) => return Err(refused("ReplaceField", &record, error)),
            },
            (None, Value::Map(map)) => part.value = self.replace_in_map(map).into(),
            (_, other) => {
                part.value = other;
                return Err(wrong_shape("ReplaceField", &topic, part));
            }
        }
        Ok(Some(record))
    }
}

both_sides!(ReplaceField, "ReplaceField", ReplaceFieldConfig);
