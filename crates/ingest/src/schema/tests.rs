//! Paths, defaults, and what makes a list of columns a schema.

use super::*;
use crate::convert::Kind;

fn column(name: &str, data_type: &str, path: Option<&str>, default: Option<&str>) -> Column {
    Column {
        name: name.to_owned(),
        data_type: DataType::parse(data_type).unwrap(),
        json_path: path.map(|path| JsonPath::parse(path).unwrap()),
        default: default.map(str::to_owned),
    }
}

#[test]
fn paths_are_read() {
    let key = |key: &str| Segment::Key(key.to_owned());
    let cases: [(&str, &[&str], &[Segment]); 10] = [
        ("$", &[], &[]),
        ("$.a.b", &["a", "b"], &[]),
        ("$.event-data.x", &["event-data", "x"], &[]),
        ("$.a[:]", &["a"], &[]),
        ("$.a[:].b", &["a"], &[Segment::Each, key("b")]),
        ("$.a[:].b[:]", &["a"], &[Segment::Each, key("b")]),
        ("$.a[0].b", &["a"], &[Segment::Index(0), key("b")]),
        ("$['a b'].c", &["a b", "c"], &[]),
        ("$.a.['k'].b", &["a", "k", "b"], &[]),
        ("$[\"x\"]", &["x"], &[]),
    ];
    for (text, keys, rest) in cases {
        let path = JsonPath::parse(text).unwrap();
        assert_eq!(path::keys(&path).collect::<Vec<_>>(), keys, "{text}");
        assert_eq!(path::rest(&path), rest, "{text}");
    }
}

#[test]
fn defaults_are_evaluated_here_when_their_meaning_is_plain() {
    let json = |text: &str| Some(DefaultValue::Json(text.to_owned()));
    let cases = [
        ("String", "'x'", json("\"x\"")),
        ("String", "'it''s'", json("\"it's\"")),
        ("String", "''", json("\"\"")),
        ("LowCardinality(String)", "'x'", json("\"x\"")),
        ("Int16", "-1", json("-1")),
        ("UInt8", "true", json("true")),
        ("Bool", "False", json("false")),
        ("Float64", "0.5", json("0.5")),
        ("Int16", "'7'", Some(DefaultValue::Text("7".to_owned()))),
        ("Array(String)", "[]", json("[]")),
        ("Array(String)", "['a']", json("[\"a\"]")),
        ("Tuple(UInt8, UInt8)", "(1, 2)", json("[1, 2]")),
        ("Date", "'2024-01-02'", json("\"2024-01-02\"")),
        ("DateTime64(3)", "''", Some(DefaultValue::Zero)),
        (
            "UUID",
            "toUUID('11223344-5566-7788-99aa-bbccddeeff00')",
            json("\"11223344-5566-7788-99aa-bbccddeeff00\""),
        ),
        ("DateTime", "now()", Some(DefaultValue::Now { digits: 0 })),
        (
            "DateTime64(3)",
            "NOW64()",
            Some(DefaultValue::Now { digits: 3 }),
        ),
        (
            "DateTime64(6)",
            "now64(6)",
            Some(DefaultValue::Now { digits: 6 }),
        ),
        ("Date", "today()", Some(DefaultValue::Today)),
        (
            "Nullable(DateTime)",
            "now()",
            Some(DefaultValue::Now { digits: 0 }),
        ),
        ("UUID", "generateUUIDv4()", Some(DefaultValue::RandomUuid)),
        // Left to the engine.
        ("Int16", "70000", None),
        ("Int16", "1 + 1", None),
        ("String", "('x')", None),
        ("String", "concat('a', 'b')", None),
        ("String", "now()", None),
        ("DateTime", "now('UTC')", None),
        ("DateTime64(3)", "toDateTime64(0, 3)", None),
        ("String", "other_column", None),
        ("DateTime64(3)", "now64(99)", None),
        ("Int16", "'x'", None),
        ("Int16", "", None),
    ];
    for (type_name, expression, expected) in cases {
        let kind = Kind::new(&DataType::parse(type_name).unwrap()).unwrap();
        assert_eq!(
            DefaultValue::new(expression, &kind),
            expected,
            "{type_name} DEFAULT {expression}"
        );
    }
}

#[test]
fn a_schema_is_checked_when_it_is_made() {
    let make = |columns| {
        Schema::new("db", "events", columns)
            .map(drop)
            .unwrap_err()
            .to_string()
    };
    assert_eq!(
        make(vec![
            column("a", "String", None, None),
            column("a", "Int8", None, None)
        ]),
        "column 'a' is declared twice"
    );
    assert_eq!(
        make(vec![column("p", "Point", Some("$.p"), None)]),
        "column 'p' has type Point, which rows cannot fill; remove its JSONPath or use another type"
    );
    assert_eq!(
        make(vec![column("t", "DateTime('Mars')", Some("$.t"), None)]),
        "column 't' has the unknown time zone 'Mars'; use a name such as 'Europe/Madrid'"
    );
    let many = (0..5000)
        .map(|i| column(&format!("c{i}"), "Int8", None, None))
        .collect();
    assert_eq!(
        make(many),
        "data source has 5000 columns, the limit is 4096"
    );
}

#[test]
fn columns_that_rows_do_not_fill_may_have_any_type() {
    let columns = vec![
        column("a", "String", Some("$.a"), None),
        column(
            "state",
            "AggregateFunction(count, UInt64)",
            Some("$.state"),
            None,
        ),
        column("place", "Point", None, None),
    ];
    let schema = Schema::new("db", "events", columns).unwrap();
    assert!(schema.accepts_json());
    assert_eq!((schema.database(), schema.datasource()), ("db", "events"));
}
