//! Arbitrary precision decimals: Java's `BigDecimal`, as far as Connect uses it.
use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;

/// `unscaled` × 10^-`scale`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Decimal {
    unscaled: BigInt,
    scale: i32,
}

impl Decimal {
    /// The number `unscaled` × 10^-`scale`.
    pub fn new(unscaled: impl Into<BigInt>, scale: i32) -> Self {
        Self { unscaled: unscaled.into(), scale }
    }

    /// From the big-endian two's complement bytes that Connect puts on the wire.
    pub fn from_wire(bytes: &[u8], scale: i32) -> Self {
        Self { unscaled: BigInt::from_signed_bytes_be(bytes), scale }
    }

    /// The shortest big-endian two's complement bytes of the unscaled value.
    pub fn to_wire(&self) -> Vec<u8> {
        self.unscaled.to_signed_bytes_be()
    }

    /// Digits after the decimal point; negative for a multiple of a power of ten.
    pub fn scale(&self) -> i32 {
        self.scale
    }

    /// The digits without the decimal point.
    pub fn unscaled(&self) -> &BigInt {
        &self.unscaled
    }
}

/// Plain notation without an exponent, as Java's `toPlainString`.
impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.unscaled.magnitude().to_string();
        if self.unscaled.sign() == num_bigint::Sign::Minus {
            f.write_str("-")?;
        }
        let scale = self.scale;
        if scale <= 0 {
            f.write_str(&digits)?;
            let zeros = if digits == "0" { 0 } else { scale.unsigned_abs() as usize };
            return f.write_str(&"0".repeat(zeros));
        }
        let scale = scale as usize;
        if digits.len() > scale {
            let (whole, fraction) = digits.split_at(digits.len() - scale);
            write!(f, "{whole}.{fraction}")
        } else {
            write!(f, "0.{}{digits}", "0".repeat(scale - digits.len()))
        }
    }
}

impl FromStr for Decimal {
    type Err = String;

    /// Reads what `BigDecimal(String)` reads: an optional sign, digits, an optional fraction and exponent.
    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("\"{text}\" is not a decimal number");
        let (mantissa, exponent) = match text.find(['e', 'E']) {
            Some(at) => (&text[..at], text[at + 1..].parse::<i32>().map_err(|_| bad())?),
            None => (text, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = whole.strip_prefix(['-', '+']).unwrap_or(whole);
        let only_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (digits.is_empty() && fraction.is_empty()) || !only_digits(digits) || !only_digits(fraction) {
            return Err(bad());
        }
        let sign = if whole.starts_with('-') { "-" } else { "" };
        let unscaled = BigInt::from_str(&format!("{sign}{digits}{fraction}")).map_err(|_| bad())?;
        let places = i32::try_from(fraction.len()).map_err(|_| bad())?;
        Ok(Self { unscaled, scale: places.checked_sub(exponent).ok_or_else(bad)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_notation() {
        let show = |n: i64, scale| Decimal::new(n, scale).to_string();
        assert_eq!(show(1234, 2), "12.34");
        assert_eq!(show(-1234, 6), "-0.001234");
        assert_eq!(show(5, -3), "5000");
        assert_eq!(show(0, -3), "0");
        assert_eq!(show(0, 2), "0.00");
    }

    #[test]
    fn text_round_trip() {
        for text in ["12.34", "-0.001234", "0.00", "99999999999999999999999.5", "-7"] {
            assert_eq!(text.parse::<Decimal>().unwrap().to_string(), text);
        }
        assert_eq!("1.5e3".parse::<Decimal>().unwrap(), Decimal::new(15, -2));
        for bad in ["", ".", "-", "1.2.3", "abc", "1e", "--1"] {
            assert!(bad.parse::<Decimal>().is_err(), "{bad}");
        }
    }

    #[test]
    fn wire_round_trip() {
        for n in [0i64, 1, -1, 127, 128, -128, -129, i64::MAX, i64::MIN] {
            let decimal = Decimal::new(n, 3);
            assert_eq!(Decimal::from_wire(&decimal.to_wire(), 3), decimal);
        }
        assert_eq!(Decimal::new(1234, 2).to_wire(), [0x04, 0xd2]);
    }
}
