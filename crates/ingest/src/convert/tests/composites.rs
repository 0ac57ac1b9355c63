//! Arrays, maps, tuples, objects, nullable values, and the literals that stand for them.

use birdhouse_sql::DataType;

use super::{
    Kind, Mismatch, accepts_json, accepts_text, from_json, le, literal_to_json, refuses_json,
    refuses_text,
};

#[test]
fn composites_convert_their_parts() {
    accepts_json(
        "Array(UInt8)",
        &[
            ("[1, 2]", [le(2, 8), vec![1, 2]].concat()),
            ("[]", le(0, 8)),
        ],
    );
    refuses_json(
        "Array(Int32)",
        &[
            "null",
            "[null]",
            "1",
            r#""[1]""#,
            "[1, \"2\"]",
            "[1, 2.5]",
            "{}",
        ],
    );
    accepts_json(
        "Array(Nullable(UInt8))",
        &[("[null, 2]", [le(2, 8), vec![1, 0], vec![0, 2]].concat())],
    );
    accepts_json(
        "Array(Array(UInt8))",
        &[(
            "[[1],[],[2,3]]",
            [le(3, 8), le(1, 8), le(1, 8), le(3, 8), vec![1, 2, 3]].concat(),
        )],
    );
    accepts_json(
        "Map(String, UInt8)",
        &[(
            r#"{"a":1,"b":2}"#,
            [le(2, 8), b"\x01a\x01b\x01\x02".to_vec()].concat(),
        )],
    );
    accepts_json(
        "Map(UInt8, String)",
        &[(
            r#"{"7":{"x":1}}"#,
            [le(1, 8), b"\x07\x07{\"x\":1}".to_vec()].concat(),
        )],
    );
    refuses_json(
        "Map(String, UInt8)",
        &["[]", r#"{"a":null}"#, r#"{"a":300}"#, "1", "null"],
    );
    accepts_json(
        "Tuple(UInt8, String)",
        &[(r#"[1, "a"]"#, b"\x01\x01a".to_vec())],
    );
    accepts_json(
        "Tuple(a UInt8, b Nullable(UInt8))",
        &[(r#"{"a":1}"#, vec![1, 1, 0]), ("[1, 2]", vec![1, 0, 2])],
    );
    refuses_json(
        "Tuple(UInt8, String)",
        &["[1]", r#"[1, "a", 2]"#, r#"{"a":1}"#, "1", "null"],
    );
}

#[test]
fn composites_in_text_take_both_quotes() {
    let list = [le(2, 8), b"\x01a\x04it's".to_vec()].concat();
    accepts_text(
        "Array(String)",
        &[
            (r#"["a", "it's"]"#, list.clone()),
            (r"['a', 'it''s']", list.clone()),
            (r"['a', 'it\'s']", list),
            ("[]", le(0, 8)),
        ],
    );
    accepts_text(
        "Array(Float32)",
        &[(
            "[1.5, 2e0]",
            [
                le(2, 8),
                1.5_f32.to_le_bytes().to_vec(),
                2.0_f32.to_le_bytes().to_vec(),
            ]
            .concat(),
        )],
    );
    accepts_text(
        "Map(String, UInt8)",
        &[("{'a': 1}", [le(1, 8), b"\x01a\x01".to_vec()].concat())],
    );
    accepts_text(
        "Tuple(UInt8, String)",
        &[("(1, 'a')", b"\x01\x01a".to_vec())],
    );
    accepts_text(
        "Array(Nullable(UInt8))",
        &[("[NULL, 1]", [le(2, 8), vec![1, 0], vec![0, 1]].concat())],
    );
    refuses_text(
        "Array(Int32)",
        &["", "1,2", "[1,2", "[1 2]", "['1']", "[1]]", "'", "\""],
    );
}

#[test]
fn json_columns_take_objects() {
    accepts_json(
        "JSON",
        &[
            (r#"{"a": 1}"#, b"\x08{\"a\": 1}".to_vec()),
            (r#""{\"a\":1}""#, b"\x07{\"a\":1}".to_vec()),
        ],
    );
    refuses_json("JSON", &["1", "[]", "null", r#""x""#, r#""[1]""#]);
    accepts_text("JSON", &[(r#" {"a":1} "#, b"\x07{\"a\":1}".to_vec())]);
    refuses_text("JSON", &["", "x", "{a:1}", "[]"]);
}

#[test]
fn objects_that_the_engine_would_refuse_are_refused_here() {
    let twice = Err(Mismatch::new("a path occurs twice"));
    for json in [
        r#"{"a":1,"a":2}"#,
        r#"{"a.b":1,"a":{"b":2}}"#,
        r#"{"x":[{"a":1,"\u0061":2}]}"#,
    ] {
        assert_eq!(from_json("JSON", json), twice, "{json}");
    }
    refuses_json(
        "JSON",
        &[r#"{"a":18446744073709551616}"#, r#"{"a":{"b":[[1e400]]}}"#],
    );
    let declared =
        "JSON(max_dynamic_paths = 8, `a b`.c UInt8, SKIP x, d LowCardinality(Nullable(String)))";
    assert!(from_json(declared, r#"{"a b":{"c":5},"d":null}"#).is_ok());
    refuses_json(declared, &[r#"{"a b":{"c":-1}}"#, r#"{"a b":{"c":{}}}"#]);
    let unsupported = DataType::parse("JSON(a DateTime)").unwrap();
    assert!(Kind::new(&unsupported).is_err());
}

#[test]
fn nullable_takes_null_and_the_rest_of_its_type() {
    accepts_json(
        "Nullable(Int32)",
        &[("null", vec![1, 0, 0, 0, 0]), ("5", vec![0, 5, 0, 0, 0])],
    );
    refuses_json("Nullable(Int32)", &[r#""""#, r#""5""#]);
    accepts_text(
        "Nullable(UInt8)",
        &[("", vec![1, 0]), ("\\N", vec![1, 0]), ("5", vec![0, 5])],
    );
    accepts_json("LowCardinality(Nullable(String))", &[("null", vec![1, 0])]);
    accepts_json("SimpleAggregateFunction(sum, UInt8)", &[("5", vec![5])]);
}

#[test]
fn types_without_conversion_are_refused() {
    for type_name in [
        "AggregateFunction(count, UInt64)",
        "Point",
        "Array(Point)",
        "Tuple()",
    ] {
        let data_type = DataType::parse(type_name).unwrap();
        assert!(Kind::new(&data_type).is_err(), "{type_name}");
    }
    let nullable = DataType::Nullable(Box::new(DataType::Array(Box::new(DataType::UInt(8)))));
    assert!(Kind::new(&nullable).is_err());
}

#[test]
fn literals_become_json() {
    let cases = [
        ("'a\"b'", Some(r#""a\"b""#)),
        ("(1, 'x')", Some(r#"[1, "x"]"#)),
        ("[NULL, True]", Some("[null, true]")),
        ("1e5", Some("1e5")),
        ("-1", Some("-1")),
        ("now()", Some("now[]")),
        ("'a", None),
        ("\"a", None),
    ];
    for (text, expected) in cases {
        assert_eq!(literal_to_json(text).as_deref(), expected, "{text}");
    }
}
