//! JSON as schema authors write it: with `//` and `/* */` comments, which Avro's own parser allows too.
use serde_json::Value as Json;

/// Reads one JSON value, comments ignored.
///
/// # Errors
/// What is wrong and on which line.
pub(crate) fn parse(text: &str) -> Result<Json, String> {
    let plain = without_comments(text);
    serde_json::from_str(&plain).map_err(|error| format!("it is no valid JSON: {error}"))
}

/// Reads values one after another until the text ends.
pub(crate) fn parse_all(text: &str) -> Result<Vec<Json>, String> {
    let plain = without_comments(text);
    let values = serde_json::Deserializer::from_str(&plain).into_iter::<Json>().collect::<Result<_, _>>();
    values.map_err(|error| format!("it is no valid JSON: {error}"))
}

/// Blanks comments out, so that lines and columns in error messages stay true.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(_)) if quoted => {
                out.push(c);
                out.extend(chars.next());
            }
            ('"', _) => {
                quoted = !quoted;
                out.push(c);
            }
            ('/', Some('/')) if !quoted => {
                out.push(' ');
                while chars.peek().is_some_and(|c| *c != '\n') {
                    chars.next();
                }
            }
            ('/', Some('*')) if !quoted => {
                out.push(' ');
                chars.next();
                let mut last = ' ';
                for c in chars.by_ref() {
                    if c == '\n' {
                        out.push(c);
                    }
                    if last == '*' && c == '/' {
                        break;
                    }
                    last = c;
                }
            }
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_vanish_outside_of_strings_only() {
        let text = "{ // one\n \"a\": \"//x /*y*/ \\\" //\", /* two\n * / */ \"b\": 1 }";
        let json = parse(text).unwrap();
        assert_eq!(json["a"], "//x /*y*/ \" //");
        assert_eq!(json["b"], 1);
        assert!(parse("{ /* open").unwrap_err().contains("JSON"));
        assert!(parse("/* a\n b */ x").unwrap_err().contains("line 2"));
        assert_eq!(parse_all("1 \"x\"\n[2]").unwrap().len(), 3);
    }
}
