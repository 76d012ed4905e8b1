//! The names of members, which are the same from record to record.
//!
//! A converter expects the names that the last record had, in their order. A name that comes as expected costs a
//! comparison: no search for its end, no reference count, and no hold on the record's buffer.
//!
//! Names are kept for the life of the process in a table that all converters share, so the table is bounded: so many
//! names of so many bytes and no more. Objects that are used as maps, with other names in every record, are given up
//! on before they fill it.
use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

const MOST_NAMES: usize = 4096;
const LONGEST_NAME_BYTES: usize = 64;
/// How many names one converter may look up in the table, ever.
const LESSONS: u32 = 512;
/// How many names of a record are expected.
const LONGEST_SEQUENCE: usize = 256;
/// How many expected names may be missing before the order counts as another.
const LOOK_AHEAD: usize = 4;

/// What one converter expects.
pub(super) struct Names {
    sequence: Vec<&'static str>,
    at: usize,
    lessons: u32,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { sequence: Vec::new(), at: 0, lessons: 0 }
    }

    /// Begins with a new record.
    pub(super) fn restart(&mut self) {
        self.at = 0;
    }

    /// The name that was expected, if `rest`, which begins behind a quote, goes on with it and another quote.
    pub(super) fn expected(&mut self, rest: &[u8]) -> Option<&'static str> {
        let name = *self.sequence.get(self.at)?;
        let found = rest.get(name.len()) == Some(&b'"') && rest.starts_with(name.as_bytes());
        self.at += usize::from(found);
        found.then_some(name)
    }

    /// Remembers an unexpected name; `None` where there is no room for it.
    pub(super) fn learn(&mut self, name: &str) -> Option<&'static str> {
        let ahead = self.sequence.iter().skip(self.at).take(LOOK_AHEAD).position(|known| *known == name);
        if let Some(ahead) = ahead {
            self.at += ahead + 1;
            return self.sequence.get(self.at - 1).copied();
        }
        // Names with escapes look different in the text.
        let plain = !name.bytes().any(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f));
        if !plain || name.len() > LONGEST_NAME_BYTES || self.lessons == LESSONS {
            return None;
        }
        self.lessons += 1;
        let name = keep(name)?;
        if let Some(place) = self.sequence.get_mut(self.at) {
            *place = name;
            self.at += 1;
        } else if self.sequence.len() < LONGEST_SEQUENCE {
            self.sequence.push(name);
            self.at += 1;
        }
        Some(name)
    }
}

/// The table's copy of a name; `None` where it is full.
fn keep(name: &str) -> Option<&'static str> {
    static TABLE: Mutex<Option<HashSet<&'static str>>> = Mutex::new(None);
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let table = table.get_or_insert_with(HashSet::new);
    if let Some(known) = table.get(name) {
        return Some(known);
    }
    if table.len() == MOST_NAMES {
        return None;
    }
    let kept: &'static str = Box::leak(name.into());
    table.insert(kept);
    Some(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_again_is_expected() {
        let mut names = Names::new();
        for name in ["a", "b", "c"] {
            assert_eq!(names.expected(format!("{name}\"").as_bytes()), None);
            assert_eq!(names.learn(name), Some(name));
        }
        names.restart();
        assert_eq!(names.expected(b"a\":1"), Some("a"));
        assert_eq!(names.expected(b"bb\":1"), None);
        // One name was left out: the order goes on behind it.
        assert_eq!(names.learn("c"), Some("c"));
        names.restart();
        assert_eq!(names.expected(b"a"), None, "the text ends within the name");
    }

    #[test]
    fn names_with_escapes_and_endless_new_names_are_not_kept() {
        let mut names = Names::new();
        assert_eq!(names.learn("a\"b"), None);
        assert_eq!(names.learn(&"x".repeat(LONGEST_NAME_BYTES + 1)), None);
        let learned = (0..2000).filter(|n| names.learn(&format!("endless {n}")).is_some()).count();
        assert_eq!(learned, LESSONS as usize);
        assert!(names.sequence.len() <= LONGEST_SEQUENCE);
    }
}
