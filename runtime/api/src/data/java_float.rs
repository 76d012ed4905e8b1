//! Floats as Java prints them.
//!
//! The digits are the shortest that read back as the same number, the one nearest to it where several are as short:
//! what `Double.toString` promises since JDK 19. Older JDKs print one digit too many for a few numbers
//! (JDK-4511638), which reads back the same.
use std::fmt;

/// Room for the longest text: sign, 17 digits, point, `E-324`.
const ROOM: usize = 26;

/// The text of one float, held without allocating.
#[derive(Clone, Copy)]
pub struct JavaFloat {
    text: [u8; ROOM],
    len: usize,
}

impl JavaFloat {
    /// What `Double.toString` prints, such as `1.0`, `1.0E10` or `NaN`.
    pub fn double(value: f64) -> Self {
        if !value.is_finite() {
            return Self::not_finite(value);
        }
        // Only among the least numbers does a second digit come nearer than the shortest one does.
        if value != 0.0 && value.abs() < 1e-320 {
            let two_digits = format!("{value:.1e}");
            if two_digits.parse() == Ok(value) {
                return Self::arrange(&two_digits);
            }
        }
        Self::arrange(ryu::Buffer::new().format_finite(value))
    }

    /// What `Float.toString` prints.
    pub fn float(value: f32) -> Self {
        if !value.is_finite() {
            return Self::not_finite(value.into());
        }
        if value != 0.0 && value.abs() < 1e-43 {
            let two_digits = format!("{value:.1e}");
            if two_digits.parse() == Ok(value) {
                return Self::arrange(&two_digits);
            }
        }
        Self::arrange(ryu::Buffer::new().format_finite(value))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        // Only ASCII is ever pushed.
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// The text as bytes, all of them ASCII.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..self.len]
    }

    fn not_finite(value: f64) -> Self {
        let mut out = Self { text: [0; ROOM], len: 0 };
        out.push(match value {
            _ if value.is_nan() => b"NaN",
            _ if value > 0.0 => b"Infinity",
            _ => b"-Infinity",
        });
        out
    }

    /// Puts the digits of a Rust-style number into Java's form: plain from 10^-3 up to 10^7, `d.dddE±n` beyond.
    fn arrange(number: &str) -> Self {
        let mut out = Self { text: [0; ROOM], len: 0 };
        let number = number.as_bytes();
        let number = match number.strip_prefix(b"-") {
            Some(rest) => {
                out.push(b"-");
                rest
            }
            None => number,
        };
        let (mut digits, mut count, mut point, mut leading) = ([b'0'; 32], 0_usize, None, 0_i32);
        let mut exponent = 0_i32;
        for (at, byte) in number.iter().enumerate() {
            match byte {
                b'.' => point = Some(count),
                b'e' => {
                    exponent = std::str::from_utf8(&number[at + 1..]).ok().and_then(|e| e.parse().ok()).unwrap_or(0);
                    break;
                }
                // Zeros before the first digit only move the point.
                b'0' if count == 0 => leading += i32::from(point.is_some()),
                digit if count < digits.len() => {
                    digits[count] = *digit;
                    count += 1;
                }
                _ => {}
            }
        }
        let whole = i32::try_from(point.unwrap_or(count)).unwrap_or(0);
        // The number is 0.d1d2d3… × 10^scale.
        let scale = whole + exponent - leading;
        while count > 0 && digits[count - 1] == b'0' {
            count -= 1;
        }
        out.write(&digits[..count], scale);
        out
    }

    fn write(&mut self, digits: &[u8], scale: i32) {
        if digits.is_empty() {
            return self.push(b"0.0");
        }
        match scale {
            1..=7 => {
                let whole = usize::try_from(scale).unwrap_or(0);
                self.push(&digits[..whole.min(digits.len())]);
                self.push(&b"0000000"[..whole.saturating_sub(digits.len())]);
                self.push(b".");
                self.push(digits.get(whole..).filter(|rest| !rest.is_empty()).unwrap_or(b"0"));
            }
            -2..=0 => {
                self.push(b"0.");
                self.push(&b"00"[..usize::try_from(-scale).unwrap_or(0)]);
                self.push(digits);
            }
            _ => {
                self.push(&digits[..1]);
                self.push(b".");
                self.push(if digits.len() > 1 { &digits[1..] } else { b"0" });
                self.push(b"E");
                self.push(itoa::Buffer::new().format(scale - 1).as_bytes());
            }
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = (self.len + bytes.len()).min(ROOM);
        self.text[self.len..end].copy_from_slice(&bytes[..end - self.len]);
        self.len = end;
    }
}

impl fmt::Display for JavaFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for JavaFloat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_as_java_prints_them() {
        let cases: &[(f64, &str)] = &[
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (100.0, "100.0"),
            (1234567.0, "1234567.0"),
            (9999999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (-1.5e10, "-1.5E10"),
            (12345678.9, "1.23456789E7"),
            (0.001, "0.001"),
            (0.00123, "0.00123"),
            (0.0001, "1.0E-4"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (1e300, "1.0E300"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::MIN_POSITIVE, "2.2250738585072014E-308"),
            (5e-324, "4.9E-324"),
            (f64::NAN, "NaN"),
            (f64::INFINITY, "Infinity"),
            (f64::NEG_INFINITY, "-Infinity"),
        ];
        for (value, text) in cases {
            assert_eq!(JavaFloat::double(*value).as_str(), *text);
        }
    }

    #[test]
    fn floats_as_java_prints_them() {
        let cases: &[(f32, &str)] = &[
            (1.4e-45, "1.4E-45"),
            (0.1, "0.1"),
            (16_777_216.0, "1.6777216E7"),
            (f32::MAX, "3.4028235E38"),
            (3.0, "3.0"),
        ];
        for (value, text) in cases {
            assert_eq!(JavaFloat::float(*value).as_str(), *text);
        }
    }

    #[test]
    fn every_text_reads_back_as_the_same_number() {
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        for _ in 0..20_000 {
            bits = bits.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let value = f64::from_bits(bits);
            if value.is_finite() {
                assert_eq!(JavaFloat::double(value).as_str().parse::<f64>().unwrap().to_bits(), bits);
            }
        }
    }
}
