//! Java's regular expressions and replacement texts, for the keys that hold them.
//!
//! The syntax is Java's as far as topic names go: quoting, POSIX classes, look-around, back-references and possessive
//! quantifiers. As in Java, `\d`, `\w` and `\s` mean ASCII. Matching backtracks only where a pattern needs it, and
//! gives up on one that would take for ever instead of hanging the task.
use fancy_regex::Regex;
use longshore_api::error::{ConnectError, Result};

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct JavaPattern {
    anywhere: Regex,
    whole: Regex,
}

impl JavaPattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// The end of Kafka's sentence "Invalid value … for configuration …: ".
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let translated = translate(pattern);
        let compile = |text: &str| Regex::new(text).map_err(|error| format!("Invalid regex: {error}"));
        let anywhere = compile(&translated)?;
        Ok(Self { whole: compile(&format!("\\A(?:{translated})\\z"))?, anywhere })
    }

    /// Whether the whole text matches.
    ///
    /// # Errors
    /// Data, when the pattern needs too many steps for this text.
    pub(crate) fn matches(&self, text: &str) -> Result<bool> {
        self.whole.is_match(text).map_err(|error| too_hard(text, &error))
    }

    /// The text with the first match replaced; `None` unless the whole text matches.
    ///
    /// # Errors
    /// Data, when the pattern needs too many steps for this text.
    pub(crate) fn replace_if_whole(&self, text: &str, replacement: &Replacement) -> Result<Option<String>> {
        if !self.matches(text)? {
            return Ok(None);
        }
        // As Java's `replaceFirst`, which looks for a match anywhere, even after the whole text has matched.
        let Some(found) = self.anywhere.captures(text).map_err(|error| too_hard(text, &error))? else {
            return Ok(None);
        };
        let (start, end) = found.get(0).map_or((0, 0), |whole| (whole.start(), whole.end()));
        let mut out = text[..start].to_string();
        for part in &replacement.0 {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Group(number) => out.push_str(found.get(*number).map_or("", |group| group.as_str())),
            }
        }
        out.push_str(&text[end..]);
        Ok(Some(out))
    }
}

/// A replacement text, cut at its group references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Replacement(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Group(usize),
}

impl Replacement {
    /// Reads `$1`, `${name}` and `\` escapes. `$12` is group 1 and a "2" where there is no group 12.
    ///
    /// # Errors
    /// A sentence naming the reference that the pattern has no group for.
    pub(crate) fn new(text: &str, pattern: &JavaPattern) -> Result<Self, String> {
        let groups = pattern.anywhere.captures_len();
        let names: Vec<_> = pattern.anywhere.capture_names().collect();
        let (mut parts, mut plain) = (Vec::new(), String::new());
        let mut rest = text.chars().peekable();
        while let Some(character) = rest.next() {
            match character {
                '\\' => match rest.next() {
                    Some(escaped) => plain.push(escaped),
                    None => return Err(format!("the replacement \"{text}\" ends with a backslash")),
                },
                '$' => {
                    let number = if rest.next_if_eq(&'{').is_some() {
                        let name: String = std::iter::from_fn(|| rest.next_if(|c| *c != '}')).collect();
                        let closed = rest.next().is_some();
                        names.iter().position(|known| closed && *known == Some(name.as_str()))
                    } else {
                        group_number(&mut rest, groups)
                    };
                    let Some(number) = number else {
                        let why = "refers to a group that the pattern does not have; write \\$ for a dollar sign";
                        return Err(format!("the replacement \"{text}\" {why}"));
                    };
                    if !plain.is_empty() {
                        parts.push(Part::Text(std::mem::take(&mut plain)));
                    }
                    parts.push(Part::Group(number));
                }
                other => plain.push(other),
            }
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        Ok(Self(parts))
    }
}

/// The digits after a dollar sign, as many as still name a group.
fn group_number(rest: &mut std::iter::Peekable<std::str::Chars<'_>>, groups: usize) -> Option<usize> {
    let digit = |c: &char| c.to_digit(10).map(|d| d as usize);
    let mut number = rest.next_if(char::is_ascii_digit).as_ref().and_then(digit).filter(|n| *n < groups)?;
    while let Some(next) = rest.peek().and_then(digit).map(|d| number * 10 + d).filter(|n| *n < groups) {
        number = next;
        rest.next();
    }
    Some(number)
}

/// Rewrites what Java writes otherwise than the regex crates.
fn translate(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let (mut rest, mut in_class) = (pattern, 0_u32);
    while let Some(character) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("\\Q") {
            let (quoted, after) = after.split_once("\\E").unwrap_or((after, ""));
            out.push_str(&fancy_regex::escape(quoted));
            rest = after;
            continue;
        }
        if let Some(escaped) = rest.strip_prefix('\\').and_then(|after| after.chars().next()) {
            let (text, len) = escape(&rest[1..], escaped, in_class > 0);
            out.push_str(&text);
            rest = &rest[1 + len..];
            continue;
        }
        match character {
            '[' => in_class += 1,
            ']' => in_class = in_class.saturating_sub(1),
            _ => {}
        }
        out.push(character);
        rest = &rest[character.len_utf8()..];
    }
    out
}

/// What stands for an escape, and how many bytes of `rest` (behind the backslash) it took.
fn escape(rest: &str, escaped: char, in_class: bool) -> (String, usize) {
    let set = |inner: &str| if in_class { inner.to_string() } else { format!("[{inner}]") };
    if let Some(name) = rest.strip_prefix("p{").or_else(|| rest.strip_prefix("P{")).and_then(|r| r.split('}').next()) {
        let posix = match name {
            "Lower" | "Upper" | "Alpha" | "Digit" | "Alnum" | "Punct" | "Graph" | "Print" | "Blank" | "Cntrl"
            | "XDigit" | "Space" | "ASCII" => Some(name.to_ascii_lowercase()),
            _ => None,
        };
        let len = name.len() + 3;
        return match posix {
            Some(class) if escaped == 'P' => (format!("[[:^{class}:]]"), len),
            Some(class) => (format!("[[:{class}:]]"), len),
            None => (format!("\\{}", &rest[..len.min(rest.len())]), len.min(rest.len())),
        };
    }
    let text = match escaped {
        'd' => set("0-9"),
        'w' => set("a-zA-Z0-9_"),
        's' => set(" \\t\\n\\x0B\\f\\r"),
        'h' => set(" \\t\\x{A0}\\x{1680}\\x{180e}\\x{2000}-\\x{200a}\\x{202f}\\x{205f}\\x{3000}"),
        'D' => "[^0-9]".into(),
        'W' => "[^a-zA-Z0-9_]".into(),
        'S' => "[^ \\t\\n\\x0B\\f\\r]".into(),
        'Z' => "\\z".into(),
        'e' => "\\x1B".into(),
        // Escaping a character that needs none is fine in Java.
        '<' | '>' => escaped.into(),
        other => format!("\\{other}"),
    };
    (text, escaped.len_utf8())
}

fn too_hard(text: &str, error: &fancy_regex::Error) -> ConnectError {
    ConnectError::data(format!("the regex cannot be matched against \"{text}\": {error}; simplify the pattern"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(pattern: &str, replacement: &str, text: &str) -> Option<String> {
        let pattern = JavaPattern::new(pattern).unwrap();
        let replacement = Replacement::new(replacement, &pattern).unwrap();
        pattern.replace_if_whole(text, &replacement).unwrap()
    }

    /// Every expectation was answered by Kafka's RegexRouter on a JVM.
    #[test]
    fn replaces_as_java_does() {
        for (pattern, replacement, text, expected) in [
            ("a|ab", "X", "ab", "Xb"),
            ("(.*)-(\\d+)", "$2-$1", "t-12", "12-t"),
            ("(?<n>.*)-x", "${n}y", "q-x", "qy"),
            ("t(.*)", "\\$1$1\\\\", "tz", "$1z\\"),
            ("(t)", "$12", "t", "t2"),
            ("(a)?t", "<$1>", "t", "<>"),
            ("\\Qa.b\\E", "x", "a.b", "x"),
            ("\\p{Alpha}+", "x", "abc", "x"),
            ("[a-z&&[^b]]+", "x", "acd", "x"),
            ("(?i)T", "x", "t", "x"),
            ("t++", "x", "ttt", "x"),
            ("(t)\\1", "x", "tt", "x"),
            ("(?=t).*", "x", "tt", "x"),
            ("\\_x", "y", "_x", "y"),
            ("[\\w.-]+", "x", "a.b-c", "x"),
        ] {
            assert_eq!(replaced(pattern, replacement, text).as_deref(), Some(expected), "{pattern}");
        }
        assert_eq!(replaced("\\w+", "x", "é"), None);
        assert_eq!(replaced("\\d", "x", "٣"), None);
        assert_eq!(replaced("zzz", "x", "topic"), None);
    }

    #[test]
    fn what_java_refuses_is_refused() {
        assert!(JavaPattern::new("(").is_err());
        let pattern = JavaPattern::new("(?<n>t)").unwrap();
        for replacement in ["$5", "$", "a\\", "${nope}", "${n"] {
            assert!(Replacement::new(replacement, &pattern).is_err(), "{replacement}");
        }
    }

    #[test]
    fn a_pattern_that_would_take_for_ever_is_an_error() {
        let pattern = JavaPattern::new("(?=x)(x+x+)+(?!y)y").unwrap();
        assert!(pattern.matches(&"x".repeat(60)).is_err());
    }
}
