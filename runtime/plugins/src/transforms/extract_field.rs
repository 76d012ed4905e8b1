//! `ExtractField`: replaces the key or value by one of its fields.
use std::marker::PhantomData;

use longshore_api::ConnectorConfig;
use longshore_api::config::Problem;
use longshore_api::data::{Schema, SchemaAndValue, Type, Value};
use longshore_api::error::{ConnectError, Result};
use longshore_api::record::ConnectRecord;
use longshore_api::transform::Transformation;
use std::sync::Arc;

use super::field_path::{FieldPath, FieldSyntax};
use super::side::{Side, both_sides};
use super::{refused, wrong_shape};

/// The keys, in Kafka's order.
#[derive(Debug, Clone, ConnectorConfig)]
#[config(check = path_problems)]
pub struct ExtractFieldConfig {
    /// The field to take; in syntax version 2 a path into nested fields.
    #[config(importance = Medium)]
    pub field: String,
    /// Whether a null becomes the default value of its field, where the field has one.
    #[config(key = "replace.null.with.default", default = true, importance = Medium)]
    pub replace_null_with_default: bool,
    /// How fields are named. With V1 a name is taken as it stands. With V2 dots lead into nested structs and maps;
    /// backticks around a name keep its dots.
    #[config(key = "field.syntax.version", default = "V1")]
    pub syntax: FieldSyntax,
}

fn path_problems(config: &ExtractFieldConfig) -> Vec<Problem> {
    let path = FieldPath::new(&config.field, config.syntax);
    path.err()
        .map(|why| Problem::new("field", format!("Invalid value {} for configuration field: {why}", config.field)))
        .into_iter()
        .collect()
}

/// Replaces the key or value by one of its fields. A null stays null.
pub struct ExtractField<S> {
    path: FieldPath,
    defaults: bool,
    side: PhantomData<fn() -> S>,
}

impl<S: Side> ExtractField<S> {
    fn from_config(config: ExtractFieldConfig) -> Result<Self> {
        let path = FieldPath::new(&config.field, config.syntax).map_err(ConnectError::fatal)?;
        Ok(Self { path, defaults: config.replace_null_with_default, side: PhantomData })
    }

    fn extract(&self, schema: Option<Arc<Schema>>, value: Value) -> Result<SchemaAndValue, String> {
        match schema {
            None => Ok(SchemaAndValue { schema: None, value: self.path.in_map(value)? }),
            Some(schema) => {
                let (schema, value) = self.path.in_struct(&schema, value, self.defaults)?;
                Ok(SchemaAndValue { schema: Some(schema), value })
            }
        }
    }
}

impl<S: Side> Transformation for ExtractField<S> {
    fn apply(&mut self, mut record: ConnectRecord) -> Result<Option<ConnectRecord>> {
        let topic = Arc::clone(&record.topic);
        let part = S::part(&mut record);
        let fits = match (&part.schema, &part.value) {
            (Some(schema), Value::Struct(_) | Value::Null) => schema.ty() == Type::Struct,
            (None, Value::Map(_) | Value::Null) => true,
            _ => false,
        };
        if !fits {
            return Err(wrong_shape("ExtractField", &topic, part));
        }
        let SchemaAndValue { schema, value } = std::mem::take(part);
        match self.extract(schema, value) {
            Ok(extracted) => *S::part(&mut record) = extracted,
            Err(error) => return Err(refused("ExtractField", &record, error)),
        }
        Ok(Some(record))
    }
}

both_sides!(ExtractField, "ExtractField", ExtractFieldConfig);
