use super::*;

fn feed(lines: &mut LineBuffer, bytes: &[u8]) {
    let mut rest = bytes;
    while !rest.is_empty() {
        let read = |space: &mut [u8]| -> Result<usize, ()> {
            let n = space.len().min(rest.len());
            space[..n].copy_from_slice(&rest[..n]);
            rest = &rest[n..];
            Ok(n)
        };
        assert!(lines.fill(bytes.len(), 64, read).unwrap() > 0);
    }
}

fn take(lines: &mut LineBuffer, limit: usize) -> Vec<(String, u64)> {
    let mut out = Vec::new();
    lines.take(limit, &mut out).unwrap();
    out.into_iter().map(|line| (line.text.to_string(), line.end)).collect()
}

fn pairs(expected: &[(&str, u64)]) -> Vec<(String, u64)> {
    expected.iter().map(|(text, end)| ((*text).to_string(), *end)).collect()
}

#[test]
fn all_three_line_ends_wherever_the_reads_cut() {
    let text = b"one\ntwo\r\nthree\rfour\n\n\r\n\rlast\r";
    let expected = pairs(&[("one", 4), ("two", 9), ("three", 15), ("four", 20), ("", 21), ("", 23), ("", 24)]);
    for cut in 0..text.len() {
        for other in cut..text.len() {
            let mut lines = LineBuffer::new(0, 100);
            let mut seen = Vec::new();
            for part in [&text[..cut], &text[cut..other], &text[other..]] {
                feed(&mut lines, part);
                seen.extend(take(&mut lines, 1000));
            }
            assert_eq!(seen, expected, "cut at {cut} and {other}");
            feed(&mut lines, b"\n");
            assert_eq!(take(&mut lines, 1000), pairs(&[("last", 30)]));
        }
    }
}

#[test]
fn a_limit_leaves_the_rest_for_the_next_call() {
    let mut lines = LineBuffer::new(100, 100);
    feed(&mut lines, b"a\nb\nc\nd");
    assert_eq!(take(&mut lines, 2), pairs(&[("a", 102), ("b", 104)]));
    assert_eq!(take(&mut lines, 2), pairs(&[("c", 106)]));
    assert_eq!(lines.read_position(), 107);
    assert_eq!(lines.finish(0), Some(Line { text: "d".into(), end: 0 }));
    assert_eq!(lines.read_position(), 0);
}

#[test]
fn lines_share_the_block_they_were_read_in() {
    let mut lines = LineBuffer::new(0, 100);
    feed(&mut lines, b"first\nsecond\n");
    let mut out = Vec::new();
    lines.take(10, &mut out).unwrap();
    let (a, b) = (out[0].text.as_bytes().as_ptr() as usize, out[1].text.as_bytes().as_ptr() as usize);
    assert_eq!(b - a, 6, "the lines were copied");
}

#[test]
fn a_line_too_long_is_named_once_after_the_lines_before_it() {
    let long = "x".repeat(50);
    for pieces in [1, 7, 49] {
        let mut lines = LineBuffer::new(0, 20);
        let text = format!("short\n{long}\r\nafter\n");
        let (mut seen, mut errors) = (Vec::new(), Vec::new());
        for part in text.as_bytes().chunks(pieces) {
            feed(&mut lines, part);
            for _ in 0..3 {
                let mut out = Vec::new();
                match lines.take(100, &mut out) {
                    Ok(()) => seen.extend(out.into_iter().map(|l| (l.text.to_string(), l.end))),
                    Err(error) => errors.push(error.position),
                }
            }
        }
        assert_eq!(seen, pairs(&[("short", 6), ("after", 64)]), "in pieces of {pieces}");
        assert_eq!(errors, [6], "in pieces of {pieces}");
    }
}

#[test]
fn bad_bytes_are_replaced_as_the_jvm_does() {
    // What java.nio's decoder answers for the same bytes.
    let table: [(&[u8], &str); 9] = [
        (b"a\xFFb", "a\u{FFFD}b"),
        (b"\xE2\x82", "\u{FFFD}"),
        (b"\xE2\x82x", "\u{FFFD}x"),
        (b"\xED\xA0\x80", "\u{FFFD}"),
        (b"\xED\xA0x", "\u{FFFD}x"),
        (b"\xE0\x80\x80", "\u{FFFD}\u{FFFD}\u{FFFD}"),
        (b"\xF0\x90\x80x", "\u{FFFD}x"),
        (b"\xC0\x80", "\u{FFFD}\u{FFFD}"),
        (b"\xF5\x80", "\u{FFFD}\u{FFFD}"),
    ];
    for (bytes, expected) in table {
        assert_eq!(decode(bytes), expected, "{bytes:x?}");
        let mut lines = LineBuffer::new(0, 100);
        feed(&mut lines, bytes);
        feed(&mut lines, "\ngrün\n".as_bytes());
        let end = bytes.len() as u64 + 1;
        assert_eq!(take(&mut lines, 10), pairs(&[(expected, end), ("grün", end + 6)]));
    }
}

#[test]
fn a_growing_unfinished_line_is_not_scanned_again() {
    let mut lines = LineBuffer::new(0, 1000);
    for _ in 0..10 {
        feed(&mut lines, b"abcde");
        assert!(take(&mut lines, 10).is_empty());
    }
    assert_eq!(lines.scanned, 50);
    feed(&mut lines, b"\n");
    assert_eq!(take(&mut lines, 10), pairs(&[("abcde".repeat(10).as_str(), 51)]));
}
