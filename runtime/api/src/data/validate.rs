//! Does a value fit its schema?
use super::logical::{DATE, DECIMAL, TIME, TIMESTAMP};
use super::schema::{Schema, Type};
use super::value::Value;

/// Checks a value against a schema, as Connect's `ConnectSchema.validateValue`.
///
/// # Errors
/// A sentence naming the path to the first value that does not fit and the type that was expected.
pub fn conforms(schema: &Schema, value: &Value) -> Result<(), String> {
    check(schema, value, &mut Vec::new())
}

fn check<'a>(schema: &'a Schema, value: &Value, path: &mut Vec<&'a str>) -> Result<(), String> {
    if value.is_null() {
        let allowed = schema.is_optional() || schema.default_value().is_some();
        return if allowed { Ok(()) } else { Err(format!("{}null where a value is required", place(path))) };
    }
    let fits = match (schema.name(), value) {
        (Some(DECIMAL), Value::Decimal(_)) => schema.ty() == Type::Bytes,
        (Some(DATE), Value::Date(_)) | (Some(TIME), Value::Time(_)) => schema.ty() == Type::Int32,
        (Some(TIMESTAMP), Value::Timestamp(_)) => schema.ty() == Type::Int64,
        (Some(DECIMAL | DATE | TIME | TIMESTAMP), _) => false,
        (_, Value::Decimal(_) | Value::Date(_) | Value::Time(_) | Value::Timestamp(_)) => false,
        (_, value) => value.ty() == Some(schema.ty()),
    };
    if !fits {
        let expected = schema.name().unwrap_or(schema.ty().name());
        return Err(format!("{}expected {expected}, found {}", place(path), describe(value)));
    }
    match value {
        Value::Array(items) => {
            let element = schema.value_schema();
            items.iter().try_for_each(|item| element.map_or(Ok(()), |s| check(s, item, path)))
        }
        Value::Map(map) => map.iter().try_for_each(|(k, v)| {
            schema.key_schema().map_or(Ok(()), |s| check(s, k, path))?;
            schema.value_schema().map_or(Ok(()), |s| check(s, v, path))
        }),
        Value::Struct(record) => {
            if record.values().len() != schema.fields().len() {
                let (have, want) = (record.values().len(), schema.fields().len());
                return Err(format!("{}{have} value(s) for {want} field(s)", place(path)));
            }
            for (field, value) in schema.fields().iter().zip(record.values()) {
                path.push(field.name());
                check(field.schema(), value, path)?;
                path.pop();
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn place(path: &[&str]) -> String {
    if path.is_empty() { String::new() } else { format!("field \"{}\": ", path.join(".")) }
}

fn describe(value: &Value) -> &'static str {
    match value {
        Value::Decimal(_) => DECIMAL,
        Value::Date(_) => DATE,
        Value::Time(_) => TIME,
        Value::Timestamp(_) => TIMESTAMP,
        value => value.ty().map_or("null", Type::name),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Decimal, SchemaBuilder};
    use super::*;

    #[test]
    fn logical_values_need_their_logical_schema() {
        let decimal = Schema::decimal(2).build();
        assert!(conforms(&decimal, &Decimal::new(1, 2).into()).is_ok());
        assert!(conforms(&decimal, &Value::from(vec![1u8])).is_err());
        assert!(conforms(&Schema::int64(), &Value::Timestamp(1)).is_err());
        assert!(conforms(&Schema::timestamp().build(), &Value::Timestamp(1)).is_ok());
    }

    #[test]
    fn the_path_names_the_nested_culprit() {
        let inner = SchemaBuilder::structure().field("x", Schema::int32()).build();
        let outer = SchemaBuilder::structure().field("in", inner.clone()).build();
        let bad = super::super::Struct::from_trusted(&inner, [Value::from("no")]);
        let error = conforms(&outer, &super::super::Struct::from_trusted(&outer, [bad.into()]).into()).unwrap_err();
        assert_eq!(error, "field \"in.x\": expected int32, found string");
    }

    #[test]
    fn arrays_and_maps_check_their_members() {
        let array = SchemaBuilder::array(Schema::int32()).build();
        assert!(conforms(&array, &vec![Value::from(1), Value::from("x")].into()).is_err());
        assert!(conforms(&array, &vec![Value::Null].into()).is_err());
    }
}
