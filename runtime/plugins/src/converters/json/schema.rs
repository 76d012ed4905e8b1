//! Schemas in the envelope: written once per schema, read once per text.
use std::sync::Arc;

use longshore_api::data::{Schema, SchemaBuilder, Type};
use longshore_api::error::{ConnectError, Result};

use super::decode::Decoder;
use super::encode::{Encoder, write_string};
use super::node::Node;

/// Schemas nested deeper are refused when read, since every step through them takes stack.
const MAX_DEPTH: usize = 200;

/// Appends the JSON of a schema.
pub(super) fn write_schema(encoder: &Encoder, schema: &Arc<Schema>, out: &mut Vec<u8>) -> Result<()> {
    write_members(encoder, schema, out)?;
    out.push(b'}');
    Ok(())
}

/// Everything but the closing brace: a field's schema goes on with the field's name.
fn write_members(encoder: &Encoder, schema: &Arc<Schema>, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(type_name(schema.ty()).as_bytes());
    out.push(b'"');
    match schema.ty() {
        Type::Array => write_member_schema(encoder, "items", schema.value_schema(), out)?,
        Type::Map => {
            write_member_schema(encoder, "keys", schema.key_schema(), out)?;
            write_member_schema(encoder, "values", schema.value_schema(), out)?;
        }
        Type::Struct => write_fields(encoder, schema, out)?,
        _ => {}
    }
    out.extend_from_slice(if schema.is_optional() { b",\"optional\":true" } else { b",\"optional\":false" });
    if let Some(name) = schema.name() {
        out.extend_from_slice(b",\"name\":");
        write_string(name, out);
    }
    if let Some(version) = schema.version() {
        out.extend_from_slice(b",\"version\":");
        out.extend_from_slice(itoa::Buffer::new().format(version).as_bytes());
    }
    if let Some(doc) = schema.doc() {
        out.extend_from_slice(b",\"doc\":");
        write_string(doc, out);
    }
    if !schema.parameters().is_empty() {
        out.extend_from_slice(b",\"parameters\":");
        for (at, (name, value)) in schema.parameters().iter().enumerate() {
            out.push(if at == 0 { b'{' } else { b',' });
            write_string(name, out);
            out.push(b':');
            write_string(value, out);
        }
        out.push(b'}');
    }
    if let Some(default) = schema.default_value().filter(|default| !default.is_null()) {
        out.extend_from_slice(b",\"default\":");
        encoder
            .write(Some(schema), default, out)
            .map_err(|error| ConnectError::data(format!("the default of a schema: {error}")))?;
    }
    Ok(())
}

fn write_member_schema(encoder: &Encoder, member: &str, schema: Option<&Arc<Schema>>, out: &mut Vec<u8>) -> Result<()> {
    out.push(b',');
    write_string(member, out);
    out.push(b':');
    match schema {
        Some(schema) => write_schema(encoder, schema, out),
        None => {
            out.extend_from_slice(b"null");
            Ok(())
        }
    }
}

fn write_fields(encoder: &Encoder, schema: &Arc<Schema>, out: &mut Vec<u8>) -> Result<()> {
    out.extend_from_slice(b",\"fields\":[");
    for (at, field) in schema.fields().iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write_members(encoder, field.schema(), out)?;
        out.extend_from_slice(b",\"field\":");
        write_string(field.name(), out);
        out.push(b'}');
    }
    out.push(b']');
    Ok(())
}

/// Reads a schema; `None` for null.
///
/// # Errors
/// Data, naming what the schema lacks.
pub(super) fn read_schema(decoder: &Decoder, node: &Node) -> Result<Option<Arc<Schema>>> {
    if *node == Node::Null { Ok(None) } else { read_present(decoder, node, 1).map(Some) }
}

fn read_present(decoder: &Decoder, node: &Node, depth: usize) -> Result<Arc<Schema>> {
    if depth > MAX_DEPTH {
        return Err(ConnectError::data("a schema is nested more than 200 levels deep"));
    }
    let Some(type_text) = node.get("type").and_then(Node::text) else {
        return Err(ConnectError::data("a schema must be an object with a \"type\" that is a string"));
    };
    let mut builder = match type_text {
        "array" => SchemaBuilder::array(member_schema(decoder, node, "array", "items", depth)?),
        "map" => SchemaBuilder::map(
            member_schema(decoder, node, "map", "keys", depth)?,
            member_schema(decoder, node, "map", "values", depth)?,
        ),
        "struct" => fields(decoder, node, depth)?,
        primitive => match PRIMITIVES.into_iter().find(|ty| type_name(*ty) == primitive) {
            Some(ty) => SchemaBuilder::of(ty),
            None => return Err(ConnectError::data(format!("\"{primitive}\" is no schema type"))),
        },
    };
    builder = builder.set_optional(node.get("optional") == Some(&Node::Boolean(true)));
    if let Some(name) = node.get("name").and_then(Node::text) {
        builder = builder.name(name);
    }
    if let Some(Node::Integer(version)) = node.get("version") {
        // Kafka cuts a version beyond 32 bits off in the same way.
        builder = builder.version(*version as i32);
    }
    if let Some(doc) = node.get("doc").and_then(Node::text) {
        builder = builder.doc(doc);
    }
    if let Some(Node::Object(parameters)) = node.get("parameters") {
        for (name, value) in parameters {
            let Node::Text(value) = value else {
                return Err(ConnectError::data(format!("the schema parameter \"{name}\" must be a string")));
            };
            builder = builder.parameter(&**name, &**value);
        }
    }
    if let Some(default) = node.get("default") {
        let plain = builder.clone().try_build()?;
        let value = decoder.convert(Some(&plain), default.clone())?;
        if !value.is_null() {
            builder = builder.default_value(value);
        } else if !plain.is_optional() {
            return Err(ConnectError::data(format!("the default of a {type_text} must be a {type_text}")));
        }
    }
    builder.try_build()
}

fn member_schema(decoder: &Decoder, node: &Node, ty: &str, member: &str, depth: usize) -> Result<Arc<Schema>> {
    match node.get(member) {
        None | Some(Node::Null) => {
            Err(ConnectError::data(format!("the schema of a {ty} must say what its \"{member}\" are")))
        }
        Some(node) => read_present(decoder, node, depth + 1),
    }
}

fn fields(decoder: &Decoder, node: &Node, depth: usize) -> Result<SchemaBuilder> {
    let Some(Node::Array(fields)) = node.get("fields") else {
        return Err(ConnectError::data("the schema of a struct must have \"fields\" that are an array"));
    };
    let mut builder = SchemaBuilder::structure();
    for field in fields {
        let Some(name) = field.get("field").and_then(Node::text) else {
            return Err(ConnectError::data("every field of a struct's schema needs its name as \"field\""));
        };
        let schema = read_present(decoder, field, depth + 1)
            .map_err(|error| ConnectError::data(format!("the schema of field \"{name}\": {error}")))?;
        builder = builder.field(name, schema);
    }
    Ok(builder)
}

const PRIMITIVES: [Type; 9] = [
    Type::Int8,
    Type::Int16,
    Type::Int32,
    Type::Int64,
    Type::Float32,
    Type::Float64,
    Type::Boolean,
    Type::String,
    Type::Bytes,
];

/// The envelope's own names for the floats; the rest is Connect's.
fn type_name(ty: Type) -> &'static str {
    match ty {
        Type::Float32 => "float",
        Type::Float64 => "double",
        other => other.name(),
    }
}
