//! Numbers within JSON: leading zeros are taken, a thousand digits are the limit.
use super::{Read, Reader};

const MAX_DIGITS: usize = 1000;

/// A number that fits 64 bits, or the text of another.
pub(super) enum Number<'a> {
    Small(i64),
    Large { raw: &'a str, integral: bool },
}

impl<'a> Reader<'a> {
    /// The number that the reader is at.
    pub(super) fn number(&mut self) -> Read<Number<'a>> {
        let start = self.at;
        let negative = self.peek() == Some(b'-');
        self.at += usize::from(negative);
        let first_digit = self.at;
        let mut small = 0_i64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            // Counted downwards, so that the least number fits; no overflow within 18 digits.
            small = small.wrapping_mul(10).wrapping_sub(i64::from(digit - b'0'));
            self.at += 1;
        }
        let mut digits = self.at - first_digit;
        if digits == 0 {
            return self.fail("a digit must follow a minus sign");
        }
        let mut integral = true;
        if self.peek() == Some(b'.') {
            (integral, self.at) = (false, self.at + 1);
            digits += self.digits("a digit must follow a decimal point")?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            (integral, self.at) = (false, self.at + 1);
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            let from = self.at;
            digits += self.digits("a digit must follow the mark of an exponent")?;
            self.check_exponent(from, first_digit)?;
        }
        if digits > MAX_DIGITS {
            return self.fail("a number has more than 1000 digits");
        }
        if integral && digits <= 18 {
            return Ok(Number::Small(if negative { small } else { -small }));
        }
        let raw: &'a str = &self.text[start..self.at];
        match raw.parse() {
            Ok(number) if integral => Ok(Number::Small(number)),
            _ => Ok(Number::Large { raw, integral }),
        }
    }

    fn digits(&mut self, missing: &str) -> Read<usize> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start { self.fail(missing) } else { Ok(self.at - start) }
    }

    /// A decimal's scale is a 32-bit number in Java, which refuses exponents that lead beyond it.
    fn check_exponent(&self, from: usize, first_digit: usize) -> Read<()> {
        let exponent = self.text[from..self.at].trim_start_matches('0');
        let negative = self.bytes[from - 1] == b'-';
        let exponent = if exponent.is_empty() { Ok(0) } else { exponent.parse::<i32>() };
        let mantissa = &self.text[first_digit..from];
        let places = mantissa.find('.').and_then(|point| mantissa.find(['e', 'E']).map(|end| end - point - 1));
        let places = i32::try_from(places.unwrap_or(0)).ok();
        let scale = exponent.ok().zip(places).and_then(|(exponent, places)| {
            if negative { places.checked_add(exponent) } else { places.checked_sub(exponent) }
        });
        if scale.is_some() { Ok(()) } else { self.fail("the exponent of a number is too large") }
    }
}
