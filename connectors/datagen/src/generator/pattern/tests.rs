use std::collections::HashSet;

use super::*;

const DEFAULT: Length = Length { min: 8, max: Some(15) };

fn texts(expression: &str, length: Length) -> Vec<String> {
    let pattern = Pattern::compile(expression, length).unwrap();
    let mut random = Random::of_record(3, 3);
    let draw = |_| {
        let mut out = String::from("before ");
        pattern.write(&mut random, &mut out);
        out.split_off("before ".len())
    };
    (0..500).map(draw).collect()
}

fn matches(expression: &str, length: Length, lengths: std::ops::RangeInclusive<usize>) {
    // The same words as the crate that parsed the expression, used the other way round.
    let whole = regex::Regex::new(&format!("^(?:{expression})$")).unwrap();
    let texts = texts(expression, length);
    let mut seen = HashSet::new();
    for text in &texts {
        assert!(whole.is_match(text), "{expression} made {text:?}");
        let count = text.chars().count();
        assert!(lengths.contains(&count), "{expression} made {text:?} of {count} characters");
        seen.insert(count);
    }
    assert!(seen.contains(lengths.start()) && seen.contains(lengths.end()), "{expression} has lengths {seen:?}");
}

#[test]
fn texts_match_and_are_as_long_as_asked_or_as_near_as_they_can_be() {
    matches("[a-zA-Z]{5,15}", DEFAULT, 8..=15);
    matches("[a-zA-Z]*", Length { min: 10, max: Some(10) }, 10..=10);
    matches("[a-zA-Z]{0,15}", Length { min: 5, max: None }, 5..=13);
    matches("[a-zA-Z]{5,}", Length { min: 0, max: Some(15) }, 5..=15);
    matches("User_[1-9]", DEFAULT, 6..=6);
    matches("Item_[1-9][0-9]{0,2}", DEFAULT, 8..=8);
    matches("City_[1-9]{0,2}", DEFAULT, 7..=7);
    matches("https://shop[.]example[.]com/[a-z]{5}", DEFAULT, 30..=30);
    matches("(ab|cde)+f?", Length { min: 4, max: Some(9) }, 4..=9);
    matches("(ab)*", Length { min: 4, max: Some(8) }, 4..=8);
    matches("a|bb|ccc", Length { min: 2, max: Some(3) }, 2..=3);
    matches("(x*)(y*)", Length { min: 3, max: Some(4) }, 3..=4);
    matches("(a+b?){2,3}", Length { min: 2, max: Some(6) }, 2..=6);
    matches("", DEFAULT, 0..=0);
    matches(r"\[[0-9]{2},[0-9]{2}\]", DEFAULT, 7..=7);
    matches("été{2,4}", Length { min: 3, max: Some(5) }, 4..=5);
    matches("^abc$", DEFAULT, 3..=3);
}

#[test]
fn classes_keep_to_printable_ascii_where_they_can() {
    for text in texts(r".\d\w\s", DEFAULT) {
        assert!(text.bytes().all(|b| (b' '..=b'~').contains(&b)), "{text:?}");
        assert!(text.as_bytes()[1].is_ascii_digit() && text.as_bytes()[3] == b' ');
    }
    assert!(texts("[äöü]", DEFAULT).iter().all(|text| ["ä", "ö", "ü"].contains(&text.as_str())));
    assert!(texts("[^a-z]", DEFAULT).iter().all(|text| !text.as_bytes()[0].is_ascii_lowercase()));
}

#[test]
fn small_expressions_become_tables_of_all_their_texts() {
    let all = |expression, length| Pattern::compile(expression, length).unwrap().all(2048).map(|all| all.len());
    assert_eq!(all("User_[1-9]", DEFAULT), Some(9));
    assert_eq!(all("Item_[1-9][0-9]{0,2}", DEFAULT), Some(900));
    assert_eq!(all("[a-b]{2}", DEFAULT), Some(4));
    assert_eq!(all("[A-Z][1-9]{8}", DEFAULT), None);
    assert_eq!(all("a|bb", DEFAULT), None);
    assert_eq!(all("[ab]*", DEFAULT), None);
    let table: HashSet<_> = Pattern::compile("x[1-3]{1,2}y", DEFAULT).unwrap().all(2048).unwrap().into_iter().collect();
    assert!(table.len() == 9 && table.contains("x13y"), "{table:?}");
}

#[test]
fn expressions_without_texts_are_refused() {
    let error = |expression: &str| Pattern::compile(expression, DEFAULT).unwrap_err();
    assert!(error("[a-").contains("unclosed"), "{}", error("[a-"));
    assert!(!error("(?=a)").is_empty());
    assert!(!error(r"(a)\1").is_empty());
    assert!(error("(a{1000}){1001}").contains("steps"));
    assert!(error("((a?){10000}){10000}").contains("steps"));
    assert!(!error(&"(".repeat(5000)).is_empty());
}

#[test]
fn any_expression_is_refused_or_answered_quickly() {
    let mut random = Random::of_record(9, 9);
    let alphabet = b"ab|()[]{}*+?.^$\\d-0129,x#&~\"<>";
    for _ in 0..5000 {
        let bytes: Vec<u8> = (0..random.index(14)).map(|_| alphabet[random.index(alphabet.len())]).collect();
        let expression = String::from_utf8_lossy(&bytes);
        let (min, more) = (random.index(20), random.index(9));
        if let Ok(pattern) = Pattern::compile(&expression, Length { min, max: Some(min + more) }) {
            let mut out = String::new();
            pattern.write(&mut random, &mut out);
            assert!(out.len() < 2_000_000, "{expression}");
            let _ = pattern.all(100);
        }
    }
}
