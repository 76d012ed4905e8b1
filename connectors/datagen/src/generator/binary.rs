//! From Avro's binary encoding to values that fit a Connect schema: options files.
use std::sync::Arc;

use longshore_api::data::{Map, Schema, Struct, Value};

use super::avro::{Avro, Kind, TypeId};
use super::values::{bytes_value, in_branch, integer, name_of};

/// Reads Avro's binary encoding, one value after another.
pub(crate) struct Binary<'a>(pub(crate) &'a [u8]);

impl Binary<'_> {
    /// Whether all bytes were read.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads one value of a type.
    ///
    /// # Errors
    /// What does not fit, or that the bytes ended.
    pub(crate) fn read(&mut self, avro: &Avro, id: TypeId, schema: &Arc<Schema>) -> Result<Value, String> {
        match avro.kind(id) {
            Kind::Null => Ok(Value::Null),
            Kind::Boolean => match self.take(1)? {
                [0] => Ok(Value::Boolean(false)),
                [1] => Ok(Value::Boolean(true)),
                _ => Err("a boolean must be the byte 0 or 1".into()),
            },
            Kind::Int | Kind::Long => {
                let number = self.varint()?;
                integer(schema, number).ok_or_else(|| format!("{number} is out of the range of {}", name_of(schema)))
            }
            Kind::Float => Ok(Value::Float32(f32::from_le_bytes(self.array()?))),
            Kind::Double => Ok(Value::Float64(f64::from_le_bytes(self.array()?))),
            Kind::String => {
                let bytes = self.sized()?.to_vec();
                String::from_utf8(bytes).map(Value::from).map_err(|_| "a string is not valid UTF-8".into())
            }
            Kind::Bytes => {
                let bytes = self.sized()?.to_vec();
                bytes_value(avro, id, schema, bytes)
            }
            Kind::Fixed { size, .. } => {
                let bytes = self.take(*size)?.to_vec();
                bytes_value(avro, id, schema, bytes)
            }
            Kind::Enum { symbols, name, .. } => {
                let at = usize::try_from(self.varint()?).ok();
                let symbol = at.and_then(|at| symbols.get(at)).ok_or_else(|| format!("no such symbol of {name}"))?;
                Ok(Value::string(symbol.as_str()))
            }
            Kind::Array(_) | Kind::Map(_) => self.blocks(avro, id, schema),
            Kind::Record { fields, .. } => {
                let mut values = vec![Value::Null; schema.fields().len()];
                for field in fields {
                    let at = schema.field_index(&field.name).ok_or("the data is nested deeper than its schema")?;
                    values[at] = self.read(avro, field.ty, schema.fields()[at].schema())?;
                }
                Ok(Struct::from_trusted(schema, values).into())
            }
            Kind::Union(branches) => {
                let at = usize::try_from(self.varint()?).ok();
                let branch = *at.and_then(|at| branches.get(at)).ok_or("no such branch of a union")?;
                if matches!(avro.kind(branch), Kind::Null) {
                    return Ok(Value::Null);
                }
                in_branch(avro, branches, branch, schema, |inner| self.read(avro, branch, inner))
            }
        }
    }

    /// The blocks of an array or a map: a count, negative when a size in bytes follows it, until a count of 0.
    fn blocks(&mut self, avro: &Avro, id: TypeId, schema: &Arc<Schema>) -> Result<Value, String> {
        let inner = schema.value_schema().ok_or("the schema has no elements")?;
        let (mut items, mut map) = (Vec::new(), Map::default());
        loop {
            let mut count = self.varint()?;
            if count == 0 {
                break;
            }
            if count < 0 {
                count = count.checked_neg().ok_or("a block is too long")?;
                self.varint()?;
            }
            for _ in 0..count {
                // Elements may take no bytes at all (null); real ones do, so a count beyond the bytes is wrong.
                if self.is_empty() {
                    return Err("the data ends within a block".into());
                }
                match avro.kind(id) {
                    Kind::Map(value) => {
                        let key = String::from_utf8(self.sized()?.to_vec()).map_err(|_| "a key is not valid UTF-8")?;
                        map.insert(key, self.read(avro, *value, inner)?);
                    }
                    Kind::Array(item) => items.push(self.read(avro, *item, inner)?),
                    _ => return Err("expected an array or a map".into()),
                }
            }
        }
        Ok(if matches!(avro.kind(id), Kind::Map(_)) { map.into() } else { items.into() })
    }

    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or("the data ends within a value")?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        <[u8; N]>::try_from(self.take(N)?).map_err(|_| "the data ends within a value".into())
    }

    fn sized(&mut self) -> Result<&[u8], String> {
        let size = usize::try_from(self.varint()?).map_err(|_| "a size is negative")?;
        self.take(size)
    }

    fn varint(&mut self) -> Result<i64, String> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let [byte] = self.array::<1>()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok((value >> 1).cast_signed() ^ -((value & 1).cast_signed()));
            }
        }
        Err("a number is longer than 64 bits".into())
    }
}

#[cfg(test)]
mod tests;
