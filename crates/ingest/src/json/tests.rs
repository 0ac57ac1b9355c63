//! The scanner against `serde_json`, and the extractor on rows.

use proptest::prelude::*;
use serde_json::{Map, Value};

use super::*;
use birdhouse_datafile::JsonPath;

use crate::schema::path;

/// Decodes a value completely, as `serde_json` does.
fn decoded(json: Json<'_>) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(text) => serde_json::from_str(text).unwrap(),
        Json::String(text) => Value::String(text.decode().into_owned()),
        Json::Array(_) => json.elements().map(decoded).collect(),
        Json::Object(_) => {
            let fields = json.fields();
            let fields = fields.map(|(key, value)| (key.decode().into_owned(), decoded(value)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
    }
}

/// Checks that both read a text the same way, or both refuse it.
#[track_caller]
fn agree(text: &str) {
    let ours = Json::parse(text);
    match serde_json::from_str::<Value>(text) {
        Ok(theirs) => assert_eq!(ours.map(decoded), Ok(theirs), "{text:?}"),
        // A number that no float can hold is still JSON, and columns check it themselves.
        Err(error) if error.to_string().contains("out of range") => {}
        Err(error) => assert!(ours.is_err(), "{text:?} is {ours:?}, but {error}"),
    }
}

#[test]
fn agrees_with_serde_json_on_hard_texts() {
    for text in [
        "",
        " ",
        "null",
        "nul",
        "nulll",
        "true false",
        "-",
        "-0",
        "01",
        "1.",
        ".1",
        "1e",
        "1e+",
        "1E-2",
        "+1",
        "0x1",
        "1_0",
        "NaN",
        "\"",
        "\"a",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12G4\"",
        "\"\\ud800\"",
        "\"\\ud800\\u0041\"",
        "\"\\udc00\"",
        "\"\\ud83d\\ude00\"",
        "\"\\uD83D\\uDE00x\"",
        "\"\\u0000\"",
        "\"\u{1}\"",
        "\"\n\"",
        "\"\u{7f}\"",
        "\"ä€😀\"",
        "\"\\/\\b\\f\\n\\r\\t\"",
        "[",
        "]",
        "[1",
        "[1,",
        "[1,]",
        "[,1]",
        "[1 2]",
        "[]",
        "[ ]",
        "[[[]]]",
        "{",
        "}",
        "{}",
        "{ }",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1,}",
        "{,}",
        "{a:1}",
        "{\"a\":1 \"b\":2}",
        "{\"a\":1,\"a\":2}",
        "{\"\":[{}]}",
        "{\"a\":1}x",
        "\u{feff}1",
        "\u{a0}1",
        "1\u{0}",
        "'a'",
        "[1]]",
        "{\"\\u0061\":1}",
        "\"12345678\\\"90\"",
        "\"1234567\\u00e91234567\"",
    ] {
        agree(text);
    }
}

#[test]
fn nesting_is_limited() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(Json::parse(&nested(128)).is_ok());
    assert_eq!(
        Json::parse(&nested(129)).unwrap_err().to_string(),
        "more than 128 nested levels at character 129"
    );
    assert!(Json::parse(&"[".repeat(1_000_000)).is_err());
    assert!(Json::parse(&r#"{"a":"#.repeat(1_000_000)).is_err());
}

#[test]
fn errors_say_what_and_where() {
    let message = |text| Json::parse(text).unwrap_err().to_string();
    assert_eq!(
        message(r#"{"a":1"#),
        "unexpected end of the value at character 7"
    );
    assert_eq!(message(r#"{"a" 1}"#), "expected ':' at character 6");
    assert_eq!(
        message("{a:1}"),
        "expected a key in double quotes at character 2"
    );
    assert_eq!(message("[1 2]"), "expected ',' or ']' at character 4");
    assert_eq!(
        message("{} x"),
        "unexpected text after the value at character 4"
    );
    assert_eq!(
        message("\"a\nb\""),
        "control character in a string at character 3"
    );
    assert_eq!(message("drop table x"), "expected a value at character 1");
}

#[test]
fn numbers_keep_their_text() {
    let long = "123456789012345678901234567890.123456789e-5";
    assert_eq!(Json::parse(long), Ok(Json::Number(long)));
}

fn extract(paths: &[&str], row: &str) -> Vec<Option<String>> {
    let paths: Vec<_> = paths
        .iter()
        .map(|path| JsonPath::parse(path).unwrap())
        .collect();
    let extractor = Extractor::new(paths.iter().map(path::keys).enumerate());
    let mut slots = vec![None; paths.len()];
    extractor.read(row, &mut slots).unwrap();
    slots
        .iter()
        .map(|slot| slot.map(|json| json.to_text().into_owned()))
        .collect()
}

#[test]
fn extracts_every_path_in_one_pass() {
    let row = r#" {"b":{"c":{"d":1},"x":[1]}, "a":"x\ty", "skip":{"a":9}, "k-1":true, "a.b":5} "#;
    let paths = [
        "$.a",
        "$.b.c.d",
        "$.b.c",
        "$",
        "$.b.x[:]",
        "$.k-1",
        "$.missing",
        "$.a.deeper",
        "$['a.b']",
    ];
    let found = extract(&paths, row);
    let expected = [
        Some("x\ty"),
        Some("1"),
        Some(r#"{"d":1}"#),
        Some(row.trim()),
        Some("[1]"),
        Some("true"),
        None,
        None,
        Some("5"),
    ];
    assert_eq!(
        found.iter().map(Option::as_deref).collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn finds_keys_in_any_order_and_number() {
    let names: Vec<String> = (0..40).map(|i| format!("key{i}")).collect();
    let paths: Vec<String> = names.iter().map(|name| format!("$.{name}")).collect();
    let fields: Vec<String> = names
        .iter()
        .rev()
        .map(|name| format!("\"{name}\":\"{name}\""))
        .collect();
    let row = format!("{{{}}}", fields.join(","));
    let paths: Vec<_> = paths.iter().map(String::as_str).collect();
    assert_eq!(
        extract(&paths, &row),
        names.into_iter().map(Some).collect::<Vec<_>>()
    );
}

#[test]
fn escaped_and_repeated_keys_are_found() {
    assert_eq!(extract(&["$.a"], r#"{"\u0061":1}"#), [Some("1".to_owned())]);
    assert_eq!(
        extract(&["$.a"], r#"{"a":1,"a":2}"#),
        [Some("2".to_owned())]
    );
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn agrees_with_serde_json_on_valid_values(value in value(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) };
        agree(&text.unwrap());
    }

    #[test]
    fn agrees_with_serde_json_on_damaged_values(value in value(), at: prop::sample::Index, with in "[\\[\\]{}\",:\\\\ue0-9.\u{1}-]") {
        let mut chars: Vec<char> = value.to_string().chars().collect();
        let at = at.index(chars.len());
        chars.splice(at..=at, with.chars());
        agree(&chars.into_iter().collect::<String>());
    }

    #[test]
    fn agrees_with_serde_json_on_cut_values(value in value(), at: prop::sample::Index) {
        let text = value.to_string();
        let at = at.index(text.len() + 1);
        if let Some(text) = text.get(..at) {
            agree(text);
        }
    }

    #[test]
    fn agrees_with_serde_json_on_anything(text: String) {
        agree(&text);
    }

    #[test]
    fn strings_written_read_back(text: String) {
        let mut json = String::new();
        write_json_string(&text, &mut json);
        prop_assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
    }
}
