//! Header text to values, as Kafka's `Values.parseString` reads it.
//!
//! Differences, all in favour of what was written:
//! - Arrays and maps whose members have no schema in common have no schema here; Kafka gives them one whose elements
//!   have none.
//! - White space at the end of a quoted string is kept, and so is what follows white space at the start of a text
//!   that only looks like an array or a map; Kafka loses both.
//! - A date must be a date to the last character; Kafka's parser stops looking at the first that is none.
use std::sync::Arc;

use longshore_api::data::{ByteString, Decimal, Map, Schema, SchemaAndValue, SchemaBuilder, Type, Value};
use num_bigint::BigInt;

#[path = "tokens.rs"]
mod tokens;
use tokens::{Tokens, trim};

pub(super) const MS_PER_DAY: i64 = 86_400_000;
/// Arrays in arrays beyond this are text: Kafka's own parser overflows its stack on them.
const MAX_DEPTH: usize = 256;

/// What a header's text says; text that says nothing else is a string.
pub(crate) fn parse(text: &str) -> SchemaAndValue {
    let mut tokens = Tokens::new(text);
    let parsed = Parsing { tokens: &mut tokens, depth: 0 }.value(false);
    match parsed {
        Ok(Some(parsed)) => parsed.into(),
        Ok(None) => SchemaAndValue::NULL,
        Err(NotEmbeddable) => SchemaAndValue::string(ByteString::from(text)),
    }
}

/// Text that cannot stand within an array or a map: the whole header is a string then.
struct NotEmbeddable;

/// A value and what is known of its schema.
struct Parsed {
    kind: Kind,
    value: Value,
}

#[derive(Clone)]
enum Kind {
    Of(Arc<Schema>),
    /// An array of elements that have nothing in common, or of none.
    AnyArray,
    AnyMap,
}

impl Kind {
    fn ty(&self) -> Type {
        match self {
            Self::Of(schema) => schema.ty(),
            Self::AnyArray => Type::Array,
            Self::AnyMap => Type::Map,
        }
    }

    fn schema(self) -> Option<Arc<Schema>> {
        match self {
            Self::Of(schema) => Some(schema),
            Self::AnyArray | Self::AnyMap => None,
        }
    }
}

impl Parsed {
    fn of(schema: Arc<Schema>, value: impl Into<Value>) -> Self {
        Self { kind: Kind::Of(schema), value: value.into() }
    }
}

impl From<Parsed> for SchemaAndValue {
    fn from(parsed: Parsed) -> Self {
        Self { schema: parsed.kind.schema(), value: parsed.value }
    }
}

struct Parsing<'t, 'a> {
    tokens: &'t mut Tokens<'a>,
    depth: usize,
}

impl<'a> Parsing<'_, 'a> {
    /// One value; `None` for null and where the text has ended.
    fn value(&mut self, embedded: bool) -> Result<Option<Parsed>, NotEmbeddable> {
        if !self.tokens.has_next() {
            return Ok(None);
        }
        if embedded && self.tokens.take("\"") {
            let content = self.tokens.until_quote();
            let text = temporal(&content);
            return Ok(Some(text.unwrap_or_else(|| Parsed::of(Schema::string(), content))));
        }
        if self.literal("null", embedded) {
            return Ok(None);
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.literal(word, embedded) {
                return Ok(Some(Parsed::of(Schema::boolean(), value)));
            }
        }
        let start = self.tokens.mark();
        if self.depth < MAX_DEPTH {
            let opened = if self.tokens.take("[") {
                Some(self.nested(Self::array))
            } else if self.tokens.take("{") {
                Some(self.nested(Self::map))
            } else {
                None
            };
            match opened {
                Some(Ok(collection)) => return Ok(Some(collection)),
                Some(Err(NotEmbeddable)) => self.tokens.rewind(start),
                None => {}
            }
        }
        let token = self.tokens.next();
        match trim(token) {
            "" if embedded => Ok(Some(Parsed::of(Schema::string(), token))),
            // All of it, since there was nothing but white space.
            "" => Err(NotEmbeddable),
            token => self.scalar(token).map(Some).ok_or(NotEmbeddable),
        }
    }

    /// Whether a word comes next; on the top level, it must be all there is.
    fn literal(&mut self, word: &str, embedded: bool) -> bool {
        let start = self.tokens.mark();
        if self.tokens.take(word) && (embedded || !self.tokens.has_next()) {
            return true;
        }
        self.tokens.rewind(start);
        false
    }

    fn nested(&mut self, read: fn(&mut Self) -> Result<Parsed, NotEmbeddable>) -> Result<Parsed, NotEmbeddable> {
        self.depth += 1;
        let collection = read(self);
        self.depth -= 1;
        collection
    }

    fn array(&mut self) -> Result<Parsed, NotEmbeddable> {
        let (mut items, mut common) = (Vec::new(), Common::default());
        while self.tokens.has_next() {
            if self.tokens.take("]") {
                let kind = match common.known() {
                    Some(kind) => {
                        items = items.into_iter().map(|item| align(kind, item)).collect::<Result<_, _>>()?;
                        match kind.clone().schema() {
                            Some(element) => Kind::Of(SchemaBuilder::array(element).build()),
                            None => Kind::AnyArray,
                        }
                    }
                    None => Kind::AnyArray,
                };
                return Ok(Parsed { kind, value: Value::Array(items) });
            }
            if self.tokens.take(",") {
                return Err(NotEmbeddable);
            }
            let element = self.value(true)?;
            items.push(common.merge(element));
            let before = self.tokens.mark();
            if self.tokens.take("]") {
                self.tokens.rewind(before);
            } else if !self.tokens.take(",") {
                return Err(NotEmbeddable);
            }
        }
        Err(NotEmbeddable)
    }

    fn map(&mut self) -> Result<Parsed, NotEmbeddable> {
        let (mut map, mut keys, mut values) = (Map::default(), Common::default(), Common::default());
        while self.tokens.has_next() {
            if self.tokens.take("}") {
                return finish_map(map, &keys, &values);
            }
            if self.tokens.take(",") {
                return Err(NotEmbeddable);
            }
            let Some(key) = self.value(true)? else { return Err(NotEmbeddable) };
            if !self.tokens.take(":") {
                return Err(NotEmbeddable);
            }
            let value = self.value(true)?;
            map.insert(keys.merge(Some(key)), values.merge(value));
            self.tokens.take(",");
        }
        Err(NotEmbeddable)
    }

    fn scalar(&mut self, token: &str) -> Option<Parsed> {
        let first = token.chars().next()?;
        if first.is_ascii_digit() {
            // Colons cut times and timestamps into five tokens.
            let mark = self.tokens.mark();
            let mut whole = token.to_string();
            for _ in 0..4 {
                whole.push_str(self.tokens.next());
            }
            if let Some(found) = temporal(&whole) {
                return Some(found);
            }
            self.tokens.rewind(mark);
            if let Some(found) = temporal(token) {
                return Some(found);
            }
        }
        (first.is_ascii_digit() || matches!(first, '+' | '-')).then(|| number(token)).flatten()
    }
}

fn finish_map(map: Map, keys: &Common, values: &Common) -> Result<Parsed, NotEmbeddable> {
    let fit = |common: &Common, value| common.known().map_or(Ok(Value::Null), |kind| align(kind, value));
    let mut aligned = Map::with_capacity(map.len());
    for (key, value) in map {
        let key = if keys.known().is_some() { fit(keys, key)? } else { key };
        let value = if values.known().is_some() { fit(values, value)? } else { value };
        aligned.push(key, value);
    }
    let schemas = [keys, values].map(|common| common.known().cloned().and_then(Kind::schema));
    let kind = match schemas {
        [Some(key), Some(value)] => Kind::Of(SchemaBuilder::map(key, value).build()),
        _ => Kind::AnyMap,
    };
    Ok(Parsed { kind, value: Value::Map(aligned) })
}

/// What the members seen so far have in common.
#[derive(Default)]
struct Common {
    kind: Option<Kind>,
    clash: bool,
}

impl Common {
    fn merge(&mut self, member: Option<Parsed>) -> Value {
        let Some(Parsed { kind, value }) = member else { return Value::Null };
        if !self.clash {
            self.kind = match self.kind.take() {
                None => Some(kind),
                Some(previous) => wider(previous, kind),
            };
            self.clash = self.kind.is_none();
        }
        value
    }

    fn known(&self) -> Option<&Kind> {
        self.kind.as_ref()
    }
}

/// Of two numbers the wider one; of two equal types the later one, whatever is inside.
fn wider(previous: Kind, next: Kind) -> Option<Kind> {
    let rank = |kind: &Kind| {
        [Type::Int8, Type::Int16, Type::Int32, Type::Int64, Type::Float32, Type::Float64]
            .iter()
            .position(|ty| *ty == kind.ty())
    };
    if previous.ty() == next.ty() {
        return Some(next);
    }
    match (rank(&previous), rank(&next)) {
        (Some(before), Some(after)) => Some(if before > after { previous } else { next }),
        _ => None,
    }
}

/// Brings a member to the common type. Null has no place among members of a known type.
fn align(kind: &Kind, value: Value) -> Result<Value, NotEmbeddable> {
    let Kind::Of(schema) = kind else {
        return if value.is_null() { Err(NotEmbeddable) } else { Ok(value) };
    };
    use longshore_api::data::{DATE, TIME, TIMESTAMP};
    let whole = value.as_i64();
    let same_name = |logical| schema.name() == Some(logical);
    Ok(match (schema.ty(), value, whole) {
        (_, Value::Null, _) => return Err(NotEmbeddable),
        (Type::Int32, value @ Value::Date(_), _) if same_name(DATE) => value,
        (Type::Int32, value @ Value::Time(_), _) if same_name(TIME) => value,
        (Type::Int64, value @ Value::Timestamp(_), _) if same_name(TIMESTAMP) => value,
        // A date does not become a plain number, nor a time.
        (_, Value::Date(_) | Value::Time(_) | Value::Timestamp(_), _) => return Err(NotEmbeddable),
        (Type::Int32, _, Some(n)) if same_name(DATE) => Value::Date(n as i32),
        (Type::Int32, _, Some(n)) if same_name(TIME) => Value::Time(n as i32),
        (Type::Int64, _, Some(n)) if same_name(TIMESTAMP) => Value::Timestamp(n),
        (Type::Int8, _, Some(n)) => Value::Int8(n as i8),
        (Type::Int16, _, Some(n)) => Value::Int16(n as i16),
        (Type::Int32, _, Some(n)) => Value::Int32(n as i32),
        (Type::Int64, _, Some(n)) => Value::Int64(n),
        (Type::Float32, _, Some(n)) => Value::Float32(n as f32),
        (Type::Float64, _, Some(n)) => Value::Float64(n as f64),
        (Type::Float64, Value::Float32(n), _) => Value::Float64(n.into()),
        (_, value, _) => value,
    })
}

/// The smallest integer type that holds the number; else a float if it is no larger than one; else a decimal.
fn number(token: &str) -> Option<Parsed> {
    let decimal: Decimal = token.parse().ok()?;
    if let Some(whole) = whole(&decimal) {
        return Some(match whole {
            n if i8::try_from(n).is_ok() => Parsed::of(Schema::int8(), n as i8),
            n if i16::try_from(n).is_ok() => Parsed::of(Schema::int16(), n as i16),
            n if i32::try_from(n).is_ok() => Parsed::of(Schema::int32(), n as i32),
            n => Parsed::of(Schema::int64(), n),
        });
    }
    if decimal.scale() != 0 {
        if let Some(float) = token.parse::<f32>().ok().filter(|n| n.is_finite()) {
            return Some(Parsed::of(Schema::float32(), float));
        }
        if let Some(double) = token.parse::<f64>().ok().filter(|n| n.is_finite()) {
            return Some(Parsed::of(Schema::float64(), double));
        }
    }
    Some(Parsed::of(Schema::decimal(decimal.scale()).build(), decimal))
}

/// The number, where it is an integer of at most 64 bits.
fn whole(decimal: &Decimal) -> Option<i64> {
    let (unscaled, scale) = (decimal.unscaled(), decimal.scale());
    let zero = BigInt::ZERO;
    if *unscaled == zero {
        return Some(0);
    }
    let bits = i64::try_from(unscaled.bits()).ok()?;
    match scale {
        // No number of 64 bits has so many zeros at its end, or so many digits that are all behind the point.
        ..=-20 => None,
        -19..=0 => i64::try_from(unscaled * BigInt::from(10).pow(scale.unsigned_abs())).ok(),
        1.. if i64::from(scale) > bits => None,
        1.. => {
            let unit = BigInt::from(10).pow(scale.unsigned_abs());
            if unscaled % &unit == zero { i64::try_from(unscaled / unit).ok() } else { None }
        }
    }
}

/// A date, a time or a timestamp in the one form that Kafka knows of each; a month 13 or an hour 24 flows over.
fn temporal(token: &str) -> Option<Parsed> {
    let token = token.replace("\\:", ":");
    let matches = |pattern: &str| {
        let mut bytes = token.bytes();
        pattern.bytes().all(|expected| match bytes.next() {
            Some(byte) if expected == b'0' => byte.is_ascii_digit(),
            found => found == Some(expected),
        }) && bytes.next().is_none()
    };
    let number = |at: usize, len: usize| token.get(at..at + len).and_then(|digits| digits.parse::<i64>().ok());
    let days = || Some(days_from_civil(number(0, 4)?, number(5, 2)?, number(8, 2)?));
    let ms = |at: usize| {
        let seconds = number(at, 2)? * 3600 + number(at + 3, 2)? * 60 + number(at + 6, 2)?;
        Some(seconds * 1000 + number(at + 9, 3)?)
    };
    if matches("0000-00-00") {
        let days = i32::try_from(days()?).ok()?;
        Some(Parsed::of(Schema::date().build(), Value::Date(days)))
    } else if matches("00:00:00.000Z") {
        let ms = i32::try_from(ms(0)?).ok()?;
        Some(Parsed::of(Schema::time().build(), Value::Time(ms)))
    } else if matches("0000-00-00T00:00:00.000Z") {
        let instant = days()? * MS_PER_DAY + ms(11)?;
        Some(Parsed::of(Schema::timestamp().build(), Value::Timestamp(instant)))
    } else {
        None
    }
}

/// Days since 1970-01-01; months and days may lie beyond their ends. Julian before 1582-10-15, as in Java.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    const GREGORIAN_FROM: i64 = -141_427;
    // March is the first month, so that the leap day is the last day of its year.
    let months = year * 12 + month - 3;
    let (year, month) = (months.div_euclid(12), months.rem_euclid(12));
    let julian = 365 * year + year.div_euclid(4) + (153 * month + 2) / 5 + day - 1;
    let gregorian = julian - year.div_euclid(100) + year.div_euclid(400) - 719_468;
    if gregorian >= GREGORIAN_FROM { gregorian } else { julian - 719_470 }
}

/// Year, month and day of a day since 1970-01-01.
pub(super) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let from_march = days + 719_468;
    let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day_of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year;
    if month < 10 { (year, month + 3, day) } else { (year + 1, month - 9, day) }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
