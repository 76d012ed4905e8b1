//! The character encodings that every Java platform has, with Java's replacements for what they cannot hold.
use bytes::Bytes;
use longshore_api::config::{ConfigType, FromConfig};
use longshore_api::data::ByteString;

/// A character encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charset {
    Utf8,
    Ascii,
    Latin1,
    /// With a byte order mark; without one it is big-endian.
    Utf16,
    Utf16Be,
    Utf16Le,
}

impl FromConfig for Charset {
    const TYPE: ConfigType = ConfigType::String;

    /// By Java's canonical name or one of its aliases, whatever the case.
    fn from_config(text: &str) -> Result<Self, String> {
        Ok(match text.to_ascii_uppercase().as_str() {
            "UTF-8" | "UTF8" | "UNICODE-1-1-UTF-8" => Self::Utf8,
            "US-ASCII" | "ASCII" | "ISO646-US" | "646" | "ASCII7" | "ANSI_X3.4-1968" | "ISO_646.IRV:1991" | "CP367"
            | "IBM367" | "CSASCII" | "US" => Self::Ascii,
            "ISO-8859-1" | "ISO8859_1" | "ISO8859-1" | "ISO_8859-1" | "LATIN1" | "L1" | "IBM819" | "CP819" | "819"
            | "ISO-IR-100" | "CSISOLATIN1" | "8859_1" | "IBM-819" | "ISO_8859_1" | "ISO_8859-1:1987" => Self::Latin1,
            "UTF-16" | "UTF16" | "UTF_16" | "UNICODE" | "UNICODEBIG" => Self::Utf16,
            "UTF-16BE" | "UTF_16BE" | "ISO-10646-UCS-2" | "X-UTF-16BE" | "UNICODEBIGUNMARKED" => Self::Utf16Be,
            "UTF-16LE" | "UTF_16LE" | "X-UTF-16LE" | "UNICODELITTLEUNMARKED" => Self::Utf16Le,
            _ => {
                return Err("it must be one of UTF-8, US-ASCII, ISO-8859-1, UTF-16, UTF-16BE, UTF-16LE".into());
            }
        })
    }
}

impl Charset {
    /// Appends a text; `?` stands for what the encoding lacks.
    pub(super) fn encode(self, text: &str, out: &mut Vec<u8>) {
        let narrow = |last: char, out: &mut Vec<u8>| {
            out.extend(text.chars().map(|c| if c <= last { c as u32 as u8 } else { b'?' }));
        };
        match self {
            Self::Utf8 => out.extend_from_slice(text.as_bytes()),
            Self::Ascii => narrow('\u{7f}', out),
            Self::Latin1 => narrow('\u{ff}', out),
            Self::Utf16 => {
                if !text.is_empty() {
                    out.extend_from_slice(&[0xfe, 0xff]);
                }
                out.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
            }
            Self::Utf16Be => out.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
            Self::Utf16Le => out.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
        }
    }

    /// The text of some bytes; U+FFFD stands for what is malformed. Well-formed UTF-8 is not copied.
    pub(super) fn decode(self, data: &Bytes) -> ByteString {
        match self {
            Self::Utf8 => ByteString::try_from(data.clone())
                .unwrap_or_else(|_| ByteString::from(String::from_utf8_lossy(data).into_owned())),
            Self::Ascii => {
                data.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '\u{fffd}' }).collect::<String>().into()
            }
            Self::Latin1 => data.iter().map(|b| char::from(*b)).collect::<String>().into(),
            Self::Utf16 => match &data[..] {
                [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
                [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
                rest => utf16(rest, u16::from_be_bytes),
            },
            Self::Utf16Be => utf16(data, u16::from_be_bytes),
            Self::Utf16Le => utf16(data, u16::from_le_bytes),
        }
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> ByteString {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text: String = char::decode_utf16(pairs.iter().map(|pair| unit(*pair)))
        .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect();
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    text.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_reads_what_it_wrote() {
        for name in ["UTF-8", "utf8", "US-ASCII", "ISO-8859-1", "UTF-16", "UTF-16BE", "UTF-16LE"] {
            let charset = Charset::from_config(name).unwrap();
            let text = match charset {
                Charset::Ascii => "plain",
                Charset::Latin1 => "é",
                _ => "é😀",
            };
            let mut out = Vec::new();
            charset.encode(text, &mut out);
            assert_eq!(charset.decode(&out.into()), text, "{name}");
        }
        assert!(Charset::from_config("EBCDIC").is_err());
    }

    #[test]
    fn what_does_not_fit_is_replaced() {
        let mut out = Vec::new();
        Charset::Ascii.encode("aé😀", &mut out);
        assert_eq!(out, b"a??");
        assert_eq!(Charset::Utf8.decode(&Bytes::from_static(b"a\xffb")), "a\u{fffd}b");
        assert_eq!(Charset::Ascii.decode(&Bytes::from_static(b"a\xff")), "a\u{fffd}");
        assert_eq!(Charset::Utf16Be.decode(&Bytes::from_static(&[0, 97, 0])), "a\u{fffd}");
    }
}
