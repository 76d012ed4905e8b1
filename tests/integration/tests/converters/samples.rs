//! Seeded random schemas, values and JSON texts.

use longshore_api::data::{DATE, DECIMAL, Decimal, Map, Schema, SchemaBuilder, Struct, TIME, TIMESTAMP, Type, Value};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use std::sync::Arc;

const TEXTS: [&str; 16] = [
    "",
    "a",
    "plain text",
    "q\"uote",
    "back\\slash",
    "sl/ash",
    "\u{0}\u{1f}\u{7f}",
    "tab\tnew\nline\r\u{8}\u{c}",
    "é",
    "\u{2028}",
    "漢字",
    "😀",
    "mixed 😀 é \"x\"",
    "null",
    "0012",
    "<&'>",
];

/// A source of samples; equal seeds give equal samples.
pub(crate) struct Samples(SmallRng);

impl Samples {
    pub(crate) fn new(seed: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed))
    }

    pub(crate) fn chance(&mut self, of_a_hundred: u32) -> bool {
        self.0.random_range(0..100) < of_a_hundred
    }

    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0.random_range(0..bound)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.random()
    }

    pub(crate) fn text(&mut self) -> &'static str {
        TEXTS.choose(&mut self.0).unwrap()
    }

    /// A schema with at most `depth` levels of collections.
    pub(crate) fn schema(&mut self, depth: usize) -> Arc<Schema> {
        let builder = match self.below(if depth == 0 { 13 } else { 17 }) {
            0 => SchemaBuilder::int8(),
            1 => SchemaBuilder::int16(),
            2 => SchemaBuilder::int32(),
            3 => SchemaBuilder::int64(),
            4 => SchemaBuilder::float32(),
            5 => SchemaBuilder::float64(),
            6 => SchemaBuilder::boolean(),
            7 => SchemaBuilder::string(),
            8 => SchemaBuilder::bytes(),
            9 => Schema::decimal(self.0.random_range(-3..6)),
            10 => Schema::date(),
            11 => Schema::time(),
            12 => Schema::timestamp(),
            13 => SchemaBuilder::array(self.schema(depth - 1)),
            14 => SchemaBuilder::map(self.key_schema(), self.schema(depth - 1)),
            _ => self.structure(depth),
        };
        let mut builder = builder.set_optional(self.chance(35));
        let plain = builder.clone().build();
        if plain.name().is_none() && self.chance(25) {
            builder = builder.name(["com.acme.Thing", "naïve \"name\""].choose(&mut self.0).unwrap());
            if self.chance(50) {
                builder = builder.version(self.0.random_range(-1..4));
            }
        }
        if self.chance(15) {
            builder = builder.doc(self.text());
        }
        if self.chance(15) {
            builder = builder.parameter("p", self.text()).parameter("other", "x");
        }
        if plain.ty().is_primitive() && self.chance(20) {
            let required = builder.clone().set_optional(false).build();
            builder = builder.default_value(self.value(&required));
        }
        builder.build()
    }

    fn key_schema(&mut self) -> Arc<Schema> {
        match self.below(4) {
            0 => Schema::int32(),
            1 => Schema::int64(),
            _ => Schema::string(),
        }
    }

    fn structure(&mut self, depth: usize) -> SchemaBuilder {
        let mut builder = SchemaBuilder::structure();
        for at in 0..self.below(6) {
            let name = if self.chance(10) { format!("f\"{at} é😀") } else { format!("field{at}") };
            builder = builder.field(name, self.schema(depth - 1));
        }
        builder
    }

    /// A value that conforms to the schema.
    pub(crate) fn value(&mut self, schema: &Arc<Schema>) -> Value {
        if schema.is_optional() && self.chance(25) {
            return Value::Null;
        }
        match schema.name() {
            Some(DECIMAL) => {
                let scale = schema.decimal_scale().unwrap_or(0);
                let unscaled = self.bits() as i64 >> self.below(63);
                return Decimal::new(i128::from(unscaled) * i128::from(self.bits() as i8), scale).into();
            }
            Some(DATE) => return Value::Date(self.0.random_range(-100_000..100_000)),
            Some(TIME) => return Value::Time(self.0.random_range(0..86_400_000)),
            Some(TIMESTAMP) => return Value::Timestamp(self.bits() as i64 >> 20),
            _ => {}
        }
        let shift = self.below(64);
        let number = (self.bits() as i64) >> shift;
        match schema.ty() {
            Type::Int8 => Value::Int8(number as i8),
            Type::Int16 => Value::Int16(number as i16),
            Type::Int32 => Value::Int32(number as i32),
            Type::Int64 => Value::Int64(number),
            Type::Float32 => Value::Float32(self.float()),
            Type::Float64 => Value::Float64(self.double()),
            Type::Boolean => Value::Boolean(self.chance(50)),
            Type::String => Value::from(self.text()),
            Type::Bytes => {
                let length = self.below(9);
                Value::from((0..length).map(|_| self.bits() as u8).collect::<Vec<_>>())
            }
            Type::Array => {
                let element = schema.value_schema().unwrap().clone();
                let length = self.below(4);
                Value::Array((0..length).map(|_| self.value(&element)).collect())
            }
            Type::Map => self.map(schema),
            Type::Struct => {
                let values: Vec<_> = schema.fields().iter().map(|field| self.value(field.schema())).collect();
                Struct::new(schema, values).unwrap().into()
            }
        }
    }

    fn map(&mut self, schema: &Arc<Schema>) -> Value {
        let (key, value) = (schema.key_schema().unwrap().clone(), schema.value_schema().unwrap().clone());
        let mut map = Map::default();
        for _ in 0..self.below(4) {
            let (key, value) = (self.value(&key), self.value(&value));
            map.insert(key, value);
        }
        map.into()
    }

    /// A double with few digits, or a special one: those that every JDK prints alike.
    pub(crate) fn double(&mut self) -> f64 {
        match self.below(8) {
            0 => *[0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY].choose(&mut self.0).unwrap(),
            1 => f64::from(self.0.random_range(-9..10)) * 1e10,
            2 => f64::from(self.0.random_range(-999..1000)) / 1_048_576.0,
            _ => f64::from(self.0.random_range(-99_999..100_000)) / 64.0,
        }
    }

    /// A float with few digits, or a special one.
    fn float(&mut self) -> f32 {
        match self.below(6) {
            0 => *[0.0, -0.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY].choose(&mut self.0).unwrap(),
            _ => f32::from(self.0.random_range(-9_999_i16..10_000)) / 64.0,
        }
    }

    /// A JSON text with all the freedom that JSON gives.
    pub(crate) fn json(&mut self, depth: usize) -> String {
        let space = [" ", "", "", "", "\n\t", "\r "].choose(&mut self.0).unwrap().to_string();
        let text = match self.below(if depth == 0 { 6 } else { 9 }) {
            0 => ["null", "true", "false"].choose(&mut self.0).unwrap().to_string(),
            1 | 2 => self.json_number(),
            3..=5 => self.json_string(),
            6 => {
                let length = self.below(4);
                let items: Vec<_> = (0..length).map(|_| self.json(depth - 1)).collect();
                format!("[{}]", items.join(","))
            }
            _ => {
                let most = if self.chance(10) { 30 } else { 6 };
                let length = self.below(most);
                let members: Vec<_> = (0..length)
                    .map(|at| {
                        let name = if self.chance(30) { self.json_string() } else { format!("\"k{at}\"") };
                        format!("{name}{space}:{}", self.json(depth - 1))
                    })
                    .collect();
                format!("{{{}}}", members.join(","))
            }
        };
        format!("{space}{text}{space}")
    }

    fn json_number(&mut self) -> String {
        let odd = [
            "0",
            "-0",
            "-0.0",
            "00",
            "-012",
            "1e5",
            "1E-7",
            "9223372036854775807",
            "9223372036854775808",
            "-9223372036854775809",
            "123456789012345678901234567890",
            "0.1",
            "1e400",
            "-1e-400",
            "4.35",
            "1.0",
            "12345678901234567890.5",
            "1e22",
            "300",
            "1.5e300",
            "2147483648",
            "3.9999999999999999999",
        ];
        match self.below(3) {
            0 => odd.choose(&mut self.0).unwrap().to_string(),
            1 => ((self.bits() as i64) >> self.below(64)).to_string(),
            _ => format!("{}.{}", self.0.random_range(-999..999), self.0.random_range(0..99_999)),
        }
    }

    fn json_string(&mut self) -> String {
        let written = [
            "\"\"",
            "\"plain\"",
            "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
            "\"\\u00e9\\u0041\"",
            "\"\\ud83d\\ude00\"",
            "\"😀é\"",
            "\"AQID\"",
            "\"AQ==\"",
            "\"NaN\"",
            "\"\\ud800\"",
            "\"\\udc00x\"",
            "\"\\ud800\\u0041\"",
            "\"k0\"",
            "\"k1\"",
        ];
        written.choose(&mut self.0).unwrap().to_string()
    }

    /// The text with one character taken out, put in or changed.
    pub(crate) fn mutated(&mut self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let other = *[
            '{', '}', '[', ']', ',', ':', '"', '\\', '0', '1', '-', '+', '.', 'e', 'x', 'n', 't', ' ', '\t', '\u{1}',
            '/', 'u', 'é',
        ]
        .choose(&mut self.0)
        .unwrap();
        let at = self.below(characters.len() + 1);
        match self.below(3) {
            0 => characters.insert(at, other),
            1 if at < characters.len() => characters[at] = other,
            _ if at < characters.len() => {
                characters.remove(at);
            }
            _ => {}
        }
        characters.into_iter().collect()
    }
}
