//! Values as Java's `toString()` prints them: what the string converter writes and the file sink puts on a line.
//!
//! Where Java's text depends on the machine, this one does not:
//! - byte strings print as `java.nio.HeapByteBuffer[pos=0 lim=N cap=N]`; Java shows that for a `ByteBuffer`, and an
//!   identity hash such as `[B@1b2c3d4e`, another one in every process, for a `byte[]`;
//! - dates, times and timestamps print in UTC, as in a worker whose time zone is UTC.
//!
//! Maps print in the order of a `java.util.HashMap` that was filled in the map's own order, because that is what
//! Connect's JSON converter makes of an object. A map one of whose keys has no hash that could be known here (a byte
//! string, a struct, a nested collection) prints in its own order.
use std::fmt::Write as _;

use super::decimal::Decimal;
use super::java_float::JavaFloat;
use super::value::{Map, Struct, Value};

const MS_PER_DAY: i64 = 86_400_000;

impl Value {
    /// What Java's `String.valueOf` makes of this value.
    pub fn to_java_string(&self) -> String {
        let mut out = String::new();
        self.write_java_string(&mut out);
        out
    }

    /// Appends what [`to_java_string`](Self::to_java_string) answers, without allocating for most values.
    pub fn write_java_string(&self, out: &mut String) {
        match self {
            Self::Null => out.push_str("null"),
            Self::Boolean(b) => out.push_str(if *b { "true" } else { "false" }),
            Self::Int8(n) => out.push_str(itoa::Buffer::new().format(*n)),
            Self::Int16(n) => out.push_str(itoa::Buffer::new().format(*n)),
            Self::Int32(n) => out.push_str(itoa::Buffer::new().format(*n)),
            Self::Int64(n) => out.push_str(itoa::Buffer::new().format(*n)),
            Self::Float32(n) => out.push_str(JavaFloat::float(*n).as_str()),
            Self::Float64(n) => out.push_str(JavaFloat::double(*n).as_str()),
            Self::String(s) => out.push_str(s),
            Self::Bytes(b) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "java.nio.HeapByteBuffer[pos=0 lim={0} cap={0}]", b.len());
            }
            Self::Array(items) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { ", " });
                    item.write_java_string(out);
                }
                out.push(']');
            }
            Self::Map(map) => write_map(map, out),
            Self::Struct(record) => write_struct(record, out),
            Self::Decimal(decimal) => out.push_str(&decimal.to_java_string()),
            Self::Date(days) => write_date(i64::from(*days) * MS_PER_DAY, out),
            Self::Time(ms) => write_date(i64::from(*ms), out),
            Self::Timestamp(ms) => write_date(*ms, out),
        }
    }
}

impl Decimal {
    /// What `BigDecimal.toString` prints: plain where the exponent is small, `1.5E+10` beyond.
    pub fn to_java_string(&self) -> String {
        let digits = self.unscaled().magnitude().to_string();
        let adjusted = digits.len() as i64 - 1 - i64::from(self.scale());
        if self.scale() >= 0 && adjusted >= -6 {
            return self.to_string();
        }
        let sign = if self.unscaled().sign() == num_bigint::Sign::Minus { "-" } else { "" };
        let (first, rest) = digits.split_at(1);
        let point = if rest.is_empty() { "" } else { "." };
        match adjusted {
            0 => format!("{sign}{first}{point}{rest}"),
            _ => format!("{sign}{first}{point}{rest}E{adjusted:+}"),
        }
    }
}

fn write_struct(record: &Struct, out: &mut String) {
    out.push_str("Struct{");
    let mut first = true;
    for (field, value) in record.schema().fields().iter().zip(record.values()) {
        if !value.is_null() {
            out.push_str(if first { "" } else { "," });
            first = false;
            out.push_str(field.name());
            out.push('=');
            value.write_java_string(out);
        }
    }
    out.push('}');
}

fn write_map(map: &Map, out: &mut String) {
    /// Objects of up to so many members are put in order without allocating.
    const ON_STACK: usize = 48;
    let mut small = [(0_u32, 0_u32); ON_STACK];
    let mut large = Vec::new();
    let order = if map.len() <= ON_STACK {
        &mut small[..map.len()]
    } else {
        large.resize(map.len(), (0, 0));
        &mut large[..]
    };
    fill_order(map, order);
    let entries = map.as_slice();
    out.push('{');
    for (at, (_, entry)) in order.iter().enumerate() {
        out.push_str(if at == 0 { "" } else { ", " });
        let (key, value) = &entries[*entry as usize];
        key.write_java_string(out);
        out.push('=');
        value.write_java_string(out);
    }
    out.push('}');
}

/// Sorts the entries' numbers by the bucket they fall into. Entries of one bucket stay in the order of insertion,
/// also when the table grows; only a bucket of eight colliding keys, which Java turns into a tree, may differ.
fn fill_order(map: &Map, order: &mut [(u32, u32)]) {
    let mut buckets = 16_usize;
    while map.len() > buckets / 4 * 3 {
        buckets *= 2;
    }
    let mut known = true;
    for (at, (slot, (key, _))) in order.iter_mut().zip(map.iter()).enumerate() {
        let hash = java_hash(key);
        known &= hash.is_some();
        let hash = hash.unwrap_or(0).cast_unsigned();
        *slot = ((hash ^ (hash >> 16)) & (buckets as u32).wrapping_sub(1), at as u32);
    }
    if known {
        order.sort_unstable();
    }
}

/// `hashCode()` of a map key, where it depends on the value alone.
fn java_hash(key: &Value) -> Option<i32> {
    let fold = |bits: u64| (bits ^ (bits >> 32)) as i32;
    Some(match key {
        Value::Null => 0,
        Value::String(s) => string_hash(s),
        Value::Boolean(b) => {
            if *b {
                1231
            } else {
                1237
            }
        }
        Value::Int8(n) => (*n).into(),
        Value::Int16(n) => (*n).into(),
        Value::Int32(n) => *n,
        Value::Int64(n) => fold(n.cast_unsigned()),
        Value::Float32(n) => n.to_bits().cast_signed(),
        Value::Float64(n) => fold(n.to_bits()),
        Value::Date(days) => fold((i64::from(*days) * MS_PER_DAY).cast_unsigned()),
        Value::Time(ms) => fold(i64::from(*ms).cast_unsigned()),
        Value::Timestamp(ms) => fold(ms.cast_unsigned()),
        Value::Bytes(_) | Value::Array(_) | Value::Map(_) | Value::Struct(_) | Value::Decimal(_) => return None,
    })
}

/// `String.hashCode()`: over UTF-16 units, which ASCII bytes are already.
fn string_hash(text: &str) -> i32 {
    let step = |hash: i32, unit: i32| hash.wrapping_mul(31).wrapping_add(unit);
    if text.is_ascii() {
        text.bytes().fold(0, |hash, byte| step(hash, byte.into()))
    } else {
        text.encode_utf16().fold(0, |hash, unit| step(hash, unit.into()))
    }
}

/// `java.util.Date.toString()` in UTC, such as `Thu Feb 29 13:14:15 UTC 2024`.
fn write_date(ms: i64, out: &mut String) {
    const WEEKDAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (days, in_day) = (ms.div_euclid(MS_PER_DAY), ms.rem_euclid(MS_PER_DAY) / 1000);
    let (year, month, day) = calendar(days);
    let (weekday, month) = (WEEKDAYS[days.rem_euclid(7) as usize], MONTHS[month]);
    // Years before the first count backwards, without a sign.
    let year = if year > 0 { year } else { 1 - year };
    let (hour, minute, second) = (in_day / 3600, in_day / 60 % 60, in_day % 60);
    // Writing to a string cannot fail.
    let _ = write!(out, "{weekday} {month} {day:02} {hour:02}:{minute:02}:{second:02} UTC {year}");
}

/// Year, month from 0, day from 1 of a day since 1970-01-01; Julian before 1582-10-15, as Java's calendar is.
fn calendar(days: i64) -> (i64, usize, i64) {
    const GREGORIAN_FROM: i64 = -141_427;
    // Years are counted from March, so that the leap day is the last one.
    let from_march = if days >= GREGORIAN_FROM { days + 719_468 } else { days + 719_470 };
    let (year, day_of_year) = if days >= GREGORIAN_FROM {
        let (era, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        (era * 400 + year, day - (365 * year + year / 4 - year / 100))
    } else {
        let (era, day) = (from_march.div_euclid(1461), from_march.rem_euclid(1461));
        let year = (day - day / 1460) / 365;
        (era * 4 + year, day - 365 * year)
    };
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    if month < 10 { (year, month as usize + 2, day) } else { (year + 1, month as usize - 10, day) }
}

#[cfg(test)]
mod tests {
    use super::super::{Schema, SchemaBuilder};
    use super::*;

    fn map(keys: &[&str]) -> Value {
        let mut map = Map::default();
        for (at, key) in keys.iter().enumerate() {
            map.push(*key, at as i32);
        }
        map.into()
    }

    /// Every expectation was printed by a JVM.
    #[test]
    fn maps_print_in_hash_order() {
        assert_eq!(map(&["symbol", "price", "when", "a"]).to_java_string(), "{symbol=0, a=3, price=1, when=2}");
        assert_eq!(map(&["AaAa", "BBBB", "AaBB", "b"]).to_java_string(), "{b=3, AaAa=0, BBBB=1, AaBB=2}");
        let many = ["k0", "k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8", "k9", "k10", "k11", "k12", "k13", "é", "😀"];
        let printed = "{k0=0, k1=1, k2=2, k3=3, k4=4, é=14, k5=5, k11=11, k6=6, k10=10, k7=7, k13=13, k8=8, k12=12, \
                       k9=9, 😀=15}";
        assert_eq!(map(&many).to_java_string(), printed);
        let numbers = [(-5, 1), (100_000, 2), (7, 3)].map(|(k, v)| (Value::from(k), Value::from(v)));
        assert_eq!(Value::from(Map::from_iter(numbers)).to_java_string(), "{100000=2, -5=1, 7=3}");
        assert_eq!(map(&[]).to_java_string(), "{}");
    }

    #[test]
    fn structs_leave_nulls_out() {
        let schema = SchemaBuilder::structure()
            .field("a", Schema::int32())
            .field("b", Schema::optional_string())
            .field("c", Schema::float64())
            .build();
        let record = Struct::new(&schema, [1.into(), Value::Null, 1e10.into()]).unwrap();
        let list = Value::from(vec![record.into(), Value::Null, "x".into()]);
        assert_eq!(list.to_java_string(), "[Struct{a=1,c=1.0E10}, null, x]");
    }

    #[test]
    fn dates_print_in_utc() {
        assert_eq!(Value::Timestamp(1_709_212_455_123).to_java_string(), "Thu Feb 29 13:14:15 UTC 2024");
        assert_eq!(Value::Date(5).to_java_string(), "Tue Jan 06 00:00:00 UTC 1970");
        assert_eq!(Value::Timestamp(-1).to_java_string(), "Wed Dec 31 23:59:59 UTC 1969");
        assert_eq!(Value::Date(-141_427).to_java_string(), "Fri Oct 15 00:00:00 UTC 1582");
        assert_eq!(Value::Date(-720_162).to_java_string(), "Tue Apr 09 00:00:00 UTC 3");
        assert_eq!(Value::Date(-141_428).to_java_string(), "Thu Oct 04 00:00:00 UTC 1582");
    }

    #[test]
    fn decimals_use_exponents_as_java_does() {
        let show = |n: i64, scale| Decimal::new(n, scale).to_java_string();
        assert_eq!((show(150, 2), show(1, -3), show(-1, 7)), ("1.50".into(), "1E+3".into(), "-1E-7".into()));
        assert_eq!((show(1234, -2), show(0, 3), show(15, 8)), ("1.234E+5".into(), "0.000".into(), "1.5E-7".into()));
    }
}
