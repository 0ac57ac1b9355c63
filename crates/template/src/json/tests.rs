//! Python's reading of JSON.

use super::{JsonValue, parse};
use crate::value::Int;

#[test]
fn integers_stay_exact() {
    let digits = "123456789012345678901234567890";
    let Ok(JsonValue::Int(Int::Big(big))) = parse(digits) else {
        unreachable!("{digits} is a large integer");
    };
    assert_eq!(big.to_string(), digits);
    assert_eq!(parse("-0"), Ok(JsonValue::Int(Int::Small(0))));
    assert_eq!(parse("1E400"), Ok(JsonValue::Float(f64::INFINITY)));
}

#[test]
fn strings() {
    let text = |json: &str| match parse(json) {
        Ok(JsonValue::Str(text)) => text.to_string(),
        other => format!("{other:?}"),
    };
    assert_eq!(text(r#""é\n\/""#), "é\n/");
    assert_eq!(text(r#""\ud83d\ude00""#), "😀");
    assert!(parse(r#""\ud83d""#).is_err());
    assert!(parse(r#""\ud83d\u0041""#).is_err());
}

#[test]
fn messages() {
    for (text, message) in [
        ("[1,]", "Expecting value: line 1 column 4 (char 3)"),
        (
            "{\"a\" 1}",
            "Expecting ':' delimiter: line 1 column 6 (char 5)",
        ),
        (
            "{\"a\":1",
            "Expecting ',' delimiter: line 1 column 7 (char 6)",
        ),
        (
            "{\"a\":1,",
            "Expecting property name enclosed in double quotes: line 1 column 8 (char 7)",
        ),
        (
            "{\"a\":1, }",
            "Expecting property name enclosed in double quotes: line 1 column 9 (char 8)",
        ),
        (
            "{a:1}",
            "Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
        ),
        ("[1] x", "Extra data: line 1 column 5 (char 4)"),
        (
            "\"a",
            "Unterminated string starting at: line 1 column 1 (char 0)",
        ),
        (
            "\"a\nb\"",
            "Invalid control character at: line 1 column 3 (char 2)",
        ),
        ("\"\\x\"", "Invalid \\escape: line 1 column 2 (char 1)"),
        (
            "\"\\u12\"",
            "Invalid \\uXXXX escape: line 1 column 3 (char 2)",
        ),
        (
            "\u{feff}1",
            "Unexpected UTF-8 BOM (decode using utf-8-sig): line 1 column 1 (char 0)",
        ),
        ("[\n é,\n x]", "Expecting value: line 2 column 2 (char 3)"),
        ("1.", "Extra data: line 1 column 2 (char 1)"),
        ("-", "Expecting value: line 1 column 1 (char 0)"),
    ] {
        assert_eq!(parse(text).unwrap_err().message, message, "{text}");
    }
}
