//! `InsertField`: adds what is known of a record, or a fixed text, to its key or value.
use std::marker::PhantomData;
use std::sync::Arc;

use longshore_api::ConnectorConfig;
use longshore_api::config::Problem;
use longshore_api::data::{Schema, SchemaBuilder, Struct, Value};
use longshore_api::error::Result;
use longshore_api::record::ConnectRecord;
use longshore_api::transform::Transformation;

use super::side::{Side, both_sides};
use super::{or_default, refused, struct_like, wrong_shape};
use crate::schema_cache::{SchemaCache, TRANSFORMED_SCHEMAS};

/// The keys, in Kafka's order.
#[derive(Debug, Clone, ConnectorConfig)]
#[config(check = cross_check)]
pub struct InsertFieldConfig {
    /// The field for the topic's name. A name that ends with ! makes a required field, one that ends with ? or
    /// neither an optional one.
    #[config(key = "topic.field", importance = Medium)]
    pub topic: Option<String>,
    /// The field for the Kafka partition; ! and ? at the end as for topic.field.
    #[config(key = "partition.field", importance = Medium)]
    pub partition: Option<String>,
    /// The field for the Kafka offset; ! and ? at the end as for topic.field. Only records on their way to a sink
    /// have one.
    #[config(key = "offset.field", importance = Medium)]
    pub offset: Option<String>,
    /// The field for the record's timestamp; ! and ? at the end as for topic.field.
    #[config(key = "timestamp.field", importance = Medium)]
    pub timestamp: Option<String>,
    /// The field for the fixed text of static.value; ! and ? at the end as for topic.field.
    #[config(key = "static.field", importance = Medium)]
    pub static_field: Option<String>,
    /// The fixed text for static.field.
    #[config(key = "static.value", importance = Medium)]
    pub static_value: Option<String>,
    /// Whether a null becomes the default value of its field, where the field has one.
    #[config(key = "replace.null.with.default", default = true, importance = Medium)]
    pub replace_null_with_default: bool,
}

fn cross_check(config: &InsertFieldConfig) -> Vec<Problem> {
    let fields = [&config.topic, &config.partition, &config.offset, &config.timestamp, &config.static_field];
    let mut problems = Vec::new();
    if fields.iter().all(|field| field.is_none()) {
        let text = "No field insertion configured: name a field in topic.field, partition.field, offset.field, \
                    timestamp.field or static.field";
        problems.push(Problem::new("topic.field", text));
    }
    if config.static_field.is_some() && config.static_value.is_none() {
        let text = "Invalid value null for configuration static.value: No value specified for static field";
        problems.push(Problem::new("static.value", text));
    }
    problems
}

/// Something to insert.
enum Inserted {
    Topic,
    Partition,
    Offset,
    Timestamp,
    Static(Value),
}

impl Inserted {
    fn schema(&self) -> SchemaBuilder {
        match self {
            Self::Topic | Self::Static(_) => SchemaBuilder::string(),
            Self::Partition => SchemaBuilder::int32(),
            Self::Offset => SchemaBuilder::int64(),
            Self::Timestamp => Schema::timestamp(),
        }
    }

    /// What it is for one record; null where the record has none. Without a schema a timestamp is a plain number.
    fn value(&self, record: &ConnectRecord, with_schema: bool) -> Result<Value> {
        Ok(match self {
            Self::Topic => Value::from(&*record.topic),
            Self::Partition => record.partition.into(),
            Self::Offset => match record.kafka_offset {
                Some(offset) => offset.into(),
                None => {
                    let why = "offset.field works on the way to a sink only; this record has no offset yet";
                    return Err(refused("InsertField", record, why));
                }
            },
            Self::Timestamp if with_schema => record.timestamp.map_or(Value::Null, Value::Timestamp),
            Self::Timestamp => record.timestamp.into(),
            Self::Static(text) => text.clone(),
        })
    }
}

struct Insertion {
    field: Arc<str>,
    optional: bool,
    what: Inserted,
}

/// Adds fields to the key or value. A null stays null.
pub struct InsertField<S> {
    insertions: Vec<Insertion>,
    defaults: bool,
    schemas: SchemaCache<Arc<Schema>>,
    side: PhantomData<fn() -> S>,
}

impl<S: Side> InsertField<S> {
    fn from_config(config: InsertFieldConfig) -> Result<Self> {
        let static_value = config.static_value.map_or(Value::Null, Value::from);
        let named = [
            (config.topic, Inserted::Topic),
            (config.partition, Inserted::Partition),
            (config.offset, Inserted::Offset),
            (config.timestamp, Inserted::Timestamp),
            (config.static_field, Inserted::Static(static_value)),
        ];
        let insertions = named.into_iter().filter_map(|(field, what)| {
            let field = field?;
            let (name, optional) = match (field.strip_suffix('!'), field.strip_suffix('?')) {
                (Some(name), _) => (name, false),
                (None, Some(name)) => (name, true),
                (None, None) => (field.as_str(), true),
            };
            Some(Insertion { field: name.into(), optional, what })
        });
        Ok(Self {
            insertions: insertions.collect(),
            defaults: config.replace_null_with_default,
            schemas: SchemaCache::new(TRANSFORMED_SCHEMAS),
            side: PhantomData,
        })
    }

    fn values(&self, record: &ConnectRecord, with_schema: bool) -> Result<Vec<Value>> {
        self.insertions.iter().map(|insertion| insertion.what.value(record, with_schema)).collect()
    }

    fn insert_into_struct(&mut self, source: Struct, inserted: Vec<Value>) -> Result<Struct> {
        let insertions = &self.insertions;
        let schema =
            Arc::clone(self.schemas.get_or_make(source.schema(), || with_fields(source.schema(), insertions))?);
        let mut values = source.into_values().into_vec();
        if self.defaults {
            for (value, field) in values.iter_mut().zip(schema.fields()) {
                *value = or_default(std::mem::take(value), field.schema(), true);
            }
        }
        values.extend(inserted);
        Ok(Struct::from_trusted(&schema, values))
    }
}

/// The schema with the inserted fields at its end.
fn with_fields(schema: &Schema, insertions: &[Insertion]) -> Result<Arc<Schema>> {
    let kept = schema.fields().iter().fold(struct_like(schema), |builder, field| {
        builder.field(Arc::clone(field.name()), Arc::clone(field.schema()))
    });
    let all = insertions.iter().try_fold(kept, |builder, insertion| {
        let schema = insertion.what.schema().set_optional(insertion.optional).try_build()?;
        Ok::<_, longshore_api::error::ConnectError>(builder.field(Arc::clone(&insertion.field), schema))
    });
    all?.try_build()
}

impl<S: Side> Transformation for InsertField<S> {
    fn apply(&mut self, mut record: ConnectRecord) -> Result<Option<ConnectRecord>> {
        let topic = Arc::clone(&record.topic);
        let part = S::part(&mut record);
        let with_schema = match (&part.schema, &part.value) {
            (_, Value::Null) => return Ok(Some(record)),
            (Some(_), Value::Struct(_)) => true,
            (None, Value::Map(_)) => false,
            _ => return Err(wrong_shape("InsertField", &topic, part)),
        };
        let value = std::mem::take(&mut part.value);
        let inserted = self.values(&record, with_schema)?;
        match value {
            Value::Struct(source) => {
                let changed = self.insert_into_struct(source, inserted);
                let changed = changed.map_err(|error| refused("InsertField", &record, error))?;
                let part = S::part(&mut record);
                part.schema = Some(Arc::clone(changed.schema()));
                part.value = changed.into();
            }
            Value::Map(mut map) => {
                for (insertion, value) in self.insertions.iter().zip(inserted) {
                    // A map has no room for what the record does not know.
                    if !value.is_null() {
                        map.insert(&*insertion.field, value);
                    }
                }
                S::part(&mut record).value = map.into();
            }
            _ => {}
        }
        Ok(Some(record))
    }
}

both_sides!(InsertField, "InsertField", InsertFieldConfig);
