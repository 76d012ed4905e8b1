//! The one error of this crate: a sentence.
//!
//! Tests end with `-> Outcome` and use `?` on anything; what the test runner then prints is the
//! sentence itself, not a debug rendering of it.

use std::fmt;

/// What a test, or a step of one, ends with.
pub type Outcome<T = ()> = Result<T, Failure>;

/// A step that did not work, said in one sentence; the tail of a log may follow on lines of its own.
///
/// It does not implement [`std::error::Error`], so that every error converts into it with `?`.
pub struct Failure(String);

impl Failure {
    /// A failure with this sentence.
    pub fn new(sentence: impl Into<String>) -> Self {
        Self(sentence.into())
    }

    /// The same failure, told what was being done: `{doing}: {cause}`.
    pub fn while_doing(self, doing: impl fmt::Display) -> Self {
        Self(format!("{doing}: {}", self.0))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

// The test runner prints `Err` values with `Debug`.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut sentence = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            sentence.push_str(": ");
            sentence.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self(sentence)
    }
}

/// `Err` with a formatted sentence.
#[macro_export]
macro_rules! fail {
    ($($sentence:tt)*) => { Err($crate::Failure::new(format!($($sentence)*))) };
}
