use longshore_api::data::conforms;
use serde_json::{Value as Json, json};

use super::*;

fn plan(json: &Json, key: &str) -> Result<Plan> {
    Plan::compile(&json.to_string(), key, Files::Read)
}

#[test]
fn the_key_is_a_field_a_schema_of_its_own_or_null() {
    let fields = json!([{"name": "a", "type": "int", "default": 3}, {"name": "b", "type": ["null", "string"]}]);
    let plain = json!({"type": "record", "name": "R", "fields": fields});
    let first = |json: &Json, key: &str| Generator::new(Arc::new(plan(json, key).unwrap()), 1, 0, &[]).next();
    assert_eq!(first(&plain, "").0, SchemaAndValue { schema: Some(Schema::optional_string()), value: Value::Null });
    let (key, value) = first(&plain, "a");
    // The field's default is no part of the key's schema.
    assert_eq!(key, SchemaAndValue::new(Schema::int32(), value.value.as_struct().unwrap().values()[0].clone()));
    assert_eq!(first(&plain, "b").0.schema, Some(Schema::optional_string()));
    let own = json!({"type": "record", "name": "R", "fields": fields,
        "longshore.key": {"type": "string", "arg.properties": {"options": ["k"]}}});
    assert_eq!(first(&own, "").0, SchemaAndValue::string("k"));
    assert_eq!(first(&own, "a").0.schema, Some(Schema::int32()));
}

#[test]
fn only_records_with_their_key_are_taken() {
    let error = |json: Json, key: &str| plan(&json, key).unwrap_err().to_string();
    assert!(error(json!("int"), "").contains("must be a record, found int"));
    assert!(error(json!({"type": "record", "name": "R", "fields": []}), "x").contains("no field \"x\""));
    let own = json!({"type": "record", "name": "R", "fields": [], "longshore.key": "nothing"});
    assert!(error(own, "").contains("at key"));
}

#[test]
fn any_number_is_reached_at_once_and_alone() {
    let schema = json!({"type": "record", "name": "R", "fields": [
        {"name": "n", "type": {"type": "long", "arg.properties": {"iteration": {"start": 0, "step": 3}}}},
        {"name": "x", "type": "string"}]});
    let plan = Arc::new(plan(&schema, "").unwrap());
    let mut far = Generator::new(Arc::clone(&plan), 9, 1_000_000_000_000, &[]);
    let value = far.next().1.value;
    assert_eq!(value.as_struct().unwrap().values()[0], Value::Int64(3_000_000_000_000));
    assert_eq!(far.next(), Generator::new(plan, 9, 1_000_000_000_001, &[]).next());
}

/// Random schemas with random annotations, sensible or not.
struct Author(Random);

impl Author {
    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.0.index(from.len())]
    }

    fn name(&mut self) -> String {
        format!("N{}", self.0.below(40))
    }

    fn scalar(&mut self) -> Json {
        match self.0.below(9) {
            0 => json!(null),
            1 => json!(self.0.below(2) == 0),
            2 => json!(self.0.below(20) as i64 - 5),
            3 => json!(self.0.next().cast_signed()),
            4 => json!(self.0.fraction() * 10.0 - 3.0),
            5 => json!(1e300),
            6 => json!([self.0.below(3)]),
            7 => json!({"min": self.0.below(5)}),
            _ => json!(self.pick(&["", "a", "[a-c]{2,4}", "(x|yz)*", "json", "é", "12", "["])),
        }
    }

    fn annotation(&mut self, depth: u32) -> Json {
        let inner = |author: &mut Self, keys: &[&str]| {
            let count = author.0.below(4);
            let entries = (0..count).map(|_| (author.pick(keys).to_string(), author.scalar()));
            Json::Object(entries.collect())
        };
        let mut notes = serde_json::Map::new();
        for _ in 0..self.0.below(4) {
            let name = self.pick(&[
                "options",
                "iteration",
                "range",
                "length",
                "regex",
                "prefix",
                "suffix",
                "keys",
                "odds",
                "decimals",
                "format",
            ]);
            let value = match (name, self.0.below(4)) {
                (_, 0) => self.scalar(),
                ("options", _) => (0..self.0.below(4)).map(|_| self.scalar()).collect(),
                ("iteration", _) => inner(self, &["start", "restart", "step", "initial"]),
                ("range" | "length", _) => inner(self, &["min", "max"]),
                ("keys", _) if depth < 3 => self.annotation(depth + 1),
                ("odds", _) => json!(self.0.fraction()),
                _ => self.scalar(),
            };
            notes.insert(name.to_string(), value);
        }
        Json::Object(notes)
    }

    fn ty(&mut self, depth: u32) -> Json {
        let deepest = if depth > 2 { 10 } else { 16 };
        let mut ty = match self.0.below(deepest) {
            0 => return json!(self.name()),
            1 => return json!("null"),
            at @ 2..=8 => {
                let all = ["boolean", "int", "long", "float", "double", "bytes", "string"];
                json!({"type": all[at as usize - 2]})
            }
            9 => json!({"type": "enum", "name": self.name(), "symbols": ["A", "B"]}),
            10 => json!({"type": "fixed", "name": self.name(), "size": self.0.below(5)}),
            11 => json!({"type": "array", "items": self.ty(depth + 1)}),
            12 => json!({"type": "map", "values": self.ty(depth + 1)}),
            13 => return (0..self.0.below(4)).map(|_| self.ty(depth + 1)).collect(),
            _ => self.record(depth + 1),
        };
        if self.0.below(2) == 0 {
            ty["arg.properties"] = self.annotation(0);
        }
        if self.0.below(4) == 0 {
            let logical = ["decimal", "date", "time-millis", "timestamp-millis", "uuid", "other"];
            ty["logicalType"] = json!(self.pick(&logical));
            ty["scale"] = json!(self.0.below(4));
            ty["precision"] = json!(self.0.below(40));
        }
        ty
    }

    fn record(&mut self, depth: u32) -> Json {
        let field = |at: u64, author: &mut Self| {
            let mut field = json!({"name": format!("f{at}"), "type": author.ty(depth)});
            if author.0.below(4) == 0 {
                field["default"] = author.scalar();
            }
            field
        };
        let fields: Vec<_> = (0..self.0.below(5)).map(|at| field(at, self)).collect();
        json!({"type": "record", "name": self.name(), "fields": fields})
    }
}

#[test]
fn arbitrary_schemas_are_refused_with_a_sentence_or_make_records_that_conform() {
    let (mut accepted, mut refused) = (0, 0);
    for case in 0..600 {
        let schema = Author(Random::of_record(77, case)).record(0);
        match plan(&schema, "") {
            Err(error) => {
                refused += 1;
                assert!(error.to_string().ends_with('.'), "{error}");
            }
            Ok(plan) => {
                accepted += 1;
                let plan = Arc::new(plan);
                let mut generator = Generator::new(Arc::clone(&plan), 1, 0, &[]);
                for _ in 0..5 {
                    let counts: Vec<_> = generator.counts().collect();
                    let mut again = Generator::new(Arc::clone(&plan), 1, generator.number(), &counts);
                    let record = generator.next();
                    conforms(plan.schema(), &record.1.value).unwrap_or_else(|e| panic!("{e} in {schema}"));
                    assert!(record == again.next(), "{schema}");
                }
            }
        }
    }
    assert!(accepted > 80 && refused > 80, "{accepted} accepted, {refused} refused");
}

#[test]
fn arbitrary_text_is_no_schema_and_no_panic() {
    let mut random = Random::of_record(5, 5);
    let pieces = [
        "{",
        "}",
        "[",
        "]",
        "\"type\"",
        ":",
        ",",
        "\"record\"",
        "\"fields\"",
        "\"name\"",
        "1",
        "null",
        "//",
        "/*",
        "\n",
    ];
    for _ in 0..5000 {
        let text: String = (0..random.index(12)).map(|_| pieces[random.index(pieces.len())]).collect();
        assert!(Plan::compile(&text, "", Files::Read).is_err());
    }
}
