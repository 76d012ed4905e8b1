//! The header converters.

use super::oracle::{Cases, JSON, SIMPLE_HEADER};
use super::samples::Samples;
use longshore_api::data::Value;
use longshore_support::Outcome;

const TEXTS: &[&str] = &[
    "", " ", "null", " null ", "nullx", "true", " true", "true ", "truex", "false,1", "12", "-12", "+12", "0012", "128",
    "32768", "2147483648", "9223372036854775808", "-9223372036854775808", "9223372036854775808.0", "1.0", "1.1", "1e3",
    "1e-3", "1e40", "1.5e300", "1.5e400", "1e400", "3.4028236e38", "123456789.123456789", "-0", "-0.0", "NaN", "1,2",
    "1:2", "1 2", "12abc", "1]", "[1", "[]", "{}", "[1,2,3]", "[1, 2 ,3]", "[1,300]", "[300,1]", "[1,\"a\"]", "[1,null]",
    "[null,1]", "[null]", "[1.5,2]", "[\"a\",\"b\"]", "[a]", "[1,]", "[,1]", "[[1],[2]]", "[[1],[300]]", "[[300],[1]]",
    "{\"a\":1}", "{\"a\":1,\"b\":300}", "{\"a\":1,\"b\":\"x\"}", "{\"a\":1,\"b\":null}", "{1:2}", "{a:1}",
    "{\"a\":null}", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":1", "{\"a\":1\"b\":2}", "{,}", "{\"a\":[1,2],\"b\":[3]}",
    "\"quoted\"", "\"quo", "[\"q\\\"x\"]", "[\"a,b\"]", "[\"a\\\\b\"]", "[\"2024-02-29\"]", "2024-02-29", "2024-02-30",
    "2024-13-01", "0000-00-00", "1500-01-01", "13:14:15.123Z", "24:00:00.000Z", "13:14:15Z", "2024-02-29T13:14:15.123Z",
    "2024-02-29T13:14:15Z", "[2024-02-29]", "[13:14:15.123Z]", "[2024-02-29T13:14:15.123Z,2024-02-29T13:14:15.124Z]",
    "{\"t\":13:14:15.123Z}", "13\\:14\\:15.123Z", "a\\b", "\\", "a:b", "{", "}", "[", "]", ":", ",", "\"", "\"\"", "[\"\"]",
    "[true,false]", "[true,1]", "hello world", "[1,2] x", "{\"a\":1} x", "é", "1\n", "\n1", "  12  ", "[ 1 ]",
    "{ \"a\" : 1 }", "{\"a\" : \"b\" , \"c\":\"d\"}", "[null,null]", "[1,1.5]", "[1.5,1e300]", "[1,9223372036854775808]",
    "[\"a\",null]", "1_000", "0x10", "1L", "1d", "--1", "+", "-", "+-1", "1e", "1e+", "2024-2-9", "12:34", "1970-01-01",
    "[{\"a\":1},{\"b\":2}]", "{\"a\":1,\"a\":2}", "[1 2]", "[\"a\"b]", "[a\"b\"]", "[[]]", "[[],[1]]", "[[1],[]]",
    "{\"a\":{}}", "[2024-02-29,1]", "[1,2024-02-29]", "[2024-02-29,100000]", "[null , true]", "[ true ]", "{ }", "[ ]",
    "1.", "+.5", "1e5", "1.50", "100.00", "[1,\"a\",null]", "{\"a\" :true}",
];

#[test]
fn header_texts_are_understood_alike() -> Outcome {
    let mut cases = Cases::new();
    for text in TEXTS {
        cases.read_header(SIMPLE_HEADER, text.as_bytes());
    }
    let mut samples = Samples::new(12);
    for text in TEXTS.iter().cycle().take(3000) {
        cases.read_header(SIMPLE_HEADER, samples.mutated(text).as_bytes());
    }
    cases.compare()
}

#[test]
fn header_values_are_written_alike() -> Outcome {
    let (mut samples, mut cases) = (Samples::new(13), Cases::new());
    for _ in 0..1500 {
        let schema = samples.schema(2);
        let value = samples.value(&schema);
        cases.write_header(SIMPLE_HEADER, Some(&schema), &value);
        cases.write_header(JSON, Some(&schema), &value);
    }
    cases.write_header(SIMPLE_HEADER, None, &Value::Null);
    cases.compare()
}
