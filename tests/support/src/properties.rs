//! Property files, as the workers of Kafka and Longshore read them.

use std::fmt;

/// Keys and values in the order they were set; a key set again keeps its place.
#[derive(Debug, Clone, Default)]
pub struct Properties(Vec<(String, String)>);

impl Properties {
    /// No keys.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `key`, over an earlier value if there is one.
    pub fn set(mut self, key: impl Into<String>, value: impl fmt::Display) -> Self {
        let (key, value) = (key.into(), value.to_string());
        match self.0.iter_mut().find(|(known, _)| *known == key) {
            Some((_, old)) => *old = value,
            None => self.0.push((key, value)),
        }
        self
    }

    /// Sets all of these.
    pub fn set_all(self, pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        pairs.into_iter().fold(self, |properties, (key, value)| properties.set(key, value))
    }

    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }
}

impl IntoIterator for Properties {
    type Item = (String, String);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

/// One `key=value` a line, with the escapes of `java.util.Properties`.
impl fmt::Display for Properties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value) in &self.0 {
            writeln!(f, "{}={}", escaped(key, true), escaped(value, false))?;
        }
        Ok(())
    }
}

fn escaped(text: &str, is_key: bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for (index, letter) in text.chars().enumerate() {
        match letter {
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            '\t' => escaped.push_str("\\t"),
            ' ' if is_key || index == 0 => escaped.push_str("\\ "),
            '=' | ':' | '#' | '!' if is_key => {
                escaped.push('\\');
                escaped.push(letter);
            }
            _ => escaped.push(letter),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_set_again_keeps_its_place() {
        let properties = Properties::new().set("a", 1).set("b", 2).set("a", 3);
        assert_eq!(properties.to_string(), "a=3\nb=2\n");
    }

    #[test]
    fn what_would_change_the_meaning_is_escaped() {
        let properties = Properties::new().set("a b:c", " x\\y\nz=1");
        assert_eq!(properties.to_string(), "a\\ b\\:c=\\ x\\\\y\\nz=1\n");
    }
}
