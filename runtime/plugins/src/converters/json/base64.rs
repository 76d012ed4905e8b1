//! Base64 as Jackson reads it.
use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

/// Padding is required; bits beyond the last byte are not looked at.
const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// Appends the text of `bytes`.
pub(super) fn encode(bytes: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    // The slice has exactly the size that the text takes.
    let written = ENGINE.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}

/// The bytes of a text. White space may stand between groups of four characters, and what follows padding is read
/// on; both are Jackson's ways.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, String> {
    let bytes = text.as_bytes();
    if let Ok(decoded) = ENGINE.decode(bytes) {
        return Ok(decoded);
    }
    let (mut out, mut rest) = (Vec::with_capacity(bytes.len() / 4 * 3), bytes);
    loop {
        while let [0..=b' ', after @ ..] = rest {
            rest = after;
        }
        if rest.is_empty() {
            return Ok(out);
        }
        let Some((unit, after)) = rest.split_at_checked(4) else {
            return Err("the Base64 text ends within a group of four characters".into());
        };
        let decoded = ENGINE
            .decode(unit)
            .map_err(|_| format!("\"{}\" is no group of Base64 characters", String::from_utf8_lossy(unit)))?;
        out.extend_from_slice(&decoded);
        rest = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jackson_takes_and_refuses() {
        for (text, bytes) in
            [("AQID", &[1_u8, 2, 3][..]), ("AQ==", &[1]), ("AR==", &[1]), ("AQID\nAQ==", &[1, 2, 3, 1]), ("", &[])]
        {
            assert_eq!(decode(text).as_deref(), Ok(bytes), "{text}");
        }
        for text in ["AQ", "A*", "A Q\n==", "AQ==x", "A"] {
            assert!(decode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        for len in 0..20_u8 {
            let bytes: Vec<u8> = (0..len).map(|n| n.wrapping_mul(37)).collect();
            let mut out = b"x".to_vec();
            encode(&bytes, &mut out);
            assert_eq!(decode(std::str::from_utf8(&out[1..]).unwrap()).unwrap(), bytes);
        }
    }
}
