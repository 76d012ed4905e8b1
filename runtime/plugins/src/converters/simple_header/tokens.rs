//! Header text cut at brackets, commas, colons and quotes, unless a backslash stands before them.

/// A position in header text, with one token of look-ahead.
pub(super) struct Tokens<'a> {
    text: &'a str,
    at: usize,
    /// Where the token looked at begins, and its trimmed text.
    ahead: Option<(usize, &'a str)>,
}

impl<'a> Tokens<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, ahead: None }
    }

    pub(super) fn has_next(&self) -> bool {
        self.ahead.is_some() || self.at < self.text.len()
    }

    /// A place to come back to.
    pub(super) fn mark(&self) -> usize {
        self.ahead.map_or(self.at, |(start, _)| start)
    }

    pub(super) fn rewind(&mut self, mark: usize) {
        (self.at, self.ahead) = (mark, None);
    }

    /// The next token; without the white space around it if it was looked at before.
    pub(super) fn next(&mut self) -> &'a str {
        self.ahead.take().map_or_else(|| self.cut(), |(_, token)| token)
    }

    /// Goes over `expected`, white space around it included, if it comes next.
    pub(super) fn take(&mut self, expected: &str) -> bool {
        let (mut start, mut token) = match self.ahead {
            Some(ahead) => ahead,
            None if self.at < self.text.len() => (self.at, trim(self.cut())),
            None => return false,
        };
        while token.is_empty() && self.at < self.text.len() {
            (start, token) = (self.at, trim(self.cut()));
        }
        let found = token == expected;
        self.ahead = (!found).then_some((start, token));
        found
    }

    /// What comes before the next quote, with everything in it; the reader is behind the quote then.
    pub(super) fn until_quote(&mut self) -> String {
        let mut content = String::new();
        if let Some((start, _)) = self.ahead.take() {
            self.at = start;
        }
        while self.at < self.text.len() {
            match self.cut() {
                "\"" => break,
                token => content.push_str(token),
            }
        }
        content
    }

    fn cut(&mut self) -> &'a str {
        let start = self.at;
        let rest = &self.text[start..];
        let mut escaped = false;
        for (at, character) in rest.char_indices() {
            match character {
                '\\' => escaped = !escaped,
                ':' | ',' | '{' | '}' | '[' | ']' | '"' if !escaped => {
                    let end = at.max(1);
                    self.at = start + end;
                    return &rest[..end];
                }
                _ => escaped = false,
            }
        }
        self.at = self.text.len();
        rest
    }
}

/// Java's `trim`: everything up to and including the space.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c <= ' ')
}
