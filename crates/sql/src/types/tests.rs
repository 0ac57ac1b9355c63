use proptest::prelude::*;

use super::*;

#[track_caller]
fn check(text: &str, canonical: &str) {
    let parsed = DataType::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(parsed.to_string(), canonical);
    assert_eq!(
        DataType::parse(canonical).unwrap(),
        parsed,
        "canonical form reads back"
    );
}

#[test]
fn every_family_has_a_canonical_form() {
    check("UInt64", "UInt64");
    check(" Nullable( String ) ", "Nullable(String)");
    check(
        "LowCardinality(Nullable(String))",
        "LowCardinality(Nullable(String))",
    );
    check("Map(String,Array(UInt8))", "Map(String, Array(UInt8))");
    check("Decimal(10,2)", "Decimal(10, 2)");
    check("Decimal64(4)", "Decimal(18, 4)");
    check(
        "DateTime64(3,'Europe/Madrid')",
        "DateTime64(3, 'Europe/Madrid')",
    );
    check("DateTime('UTC')", "DateTime('UTC')");
    check("Enum('a','b'=5)", "Enum8('a' = 1, 'b' = 5)");
    check("Enum16('it\\'s' = 300)", "Enum16('it\\'s' = 300)");
    check("Tuple(a Int8, `b c` String)", "Tuple(a Int8, `b c` String)");
    check("Tuple(Int8, String)", "Tuple(Int8, String)");
    check("AggregateFunction(count)", "AggregateFunction(count)");
    check(
        "AggregateFunction(quantiles(0.5,0.9), Float64)",
        "AggregateFunction(quantiles(0.5,0.9), Float64)",
    );
    check(
        "SimpleAggregateFunction(sum,Int64)",
        "SimpleAggregateFunction(sum, Int64)",
    );
    check(
        "JSON(max_dynamic_paths = 10)",
        "JSON(max_dynamic_paths = 10)",
    );
    check(
        "Variant(String, Array(UInt8))",
        "Variant(String, Array(UInt8))",
    );
}

#[test]
fn names_of_other_databases_are_read() {
    for (text, canonical) in [
        ("INTEGER", "Int32"),
        ("INT", "Int32"),
        ("int unsigned", "UInt32"),
        ("BIGINT", "Int64"),
        ("bool", "Bool"),
        ("VARCHAR(10)", "String"),
        ("character varying (10)", "String"),
        ("Int8(3)", "Int8"),
        ("Nullable(TEXT)", "Nullable(String)"),
        ("DOUBLE PRECISION", "Float64"),
        ("DECIMAL(10,2)", "Decimal(10, 2)"),
        ("timestamp", "DateTime"),
        ("BINARY(16)", "FixedString(16)"),
        ("enum('a')", "Enum8('a' = 1)"),
        (
            "Tuple(text String, int Int8)",
            "Tuple(text String, int Int8)",
        ),
    ] {
        check(text, canonical);
    }
    assert_eq!(
        refused("BOOLEAN"),
        ("Boolean type is not supported".to_owned(), 0)
    );
    assert_eq!(
        refused("uuid").0,
        "Unknown data type family: uuid. Maybe you meant: ['UUID']"
    );
}

#[test]
fn types_that_do_not_nest_are_refused() {
    for (text, message) in [
        (
            "Nullable(Array(String))",
            "Nested type Array(String) cannot be inside Nullable type",
        ),
        (
            "Nullable(Nullable(Int8))",
            "Nested type Nullable(Int8) cannot be inside Nullable type",
        ),
        (
            "LowCardinality(Array(String))",
            "LowCardinality is supported only for numbers, strings, Date or DateTime, but got Array(String)",
        ),
        ("FixedString", "FixedString needs its size in bytes"),
    ] {
        assert_eq!(refused(text), (message.to_owned(), 0), "{text}");
    }
}

#[track_caller]
fn refused(text: &str) -> (String, usize) {
    let error = DataType::parse(text).unwrap_err();
    (error.message, error.offset)
}

#[test]
fn mistakes_are_named_with_their_place() {
    assert_eq!(
        refused("Strin"),
        (
            "Unknown data type family: Strin. Maybe you meant: ['String']".to_owned(),
            0
        )
    );
    assert_eq!(
        refused("Array(Boolean)"),
        ("Boolean type is not supported".to_owned(), 6)
    );
    assert_eq!(
        refused("DateTime64"),
        (
            "DateTime64 type without precision is not supported".to_owned(),
            0
        )
    );
    assert_eq!(
        refused("Int"),
        ("Precision is mandatory for Int types".to_owned(), 0)
    );
    assert_eq!(
        refused("Array(String"),
        ("Expected closing )".to_owned(), 12)
    );
    assert_eq!(
        refused("String DEFAULT"),
        ("Unexpected text after the type: DEFAULT".to_owned(), 7)
    );
    assert_eq!(
        refused("Enum8('a' = 1000)"),
        ("Enum8 values are from -128 to 127".to_owned(), 17)
    );
}

#[test]
fn nullable_is_seen_through_wrappers() {
    let nullable = |text: &str| DataType::parse(text).unwrap().is_nullable();
    assert!(nullable("LowCardinality(Nullable(String))"));
    assert!(nullable("SimpleAggregateFunction(any, Nullable(String))"));
    assert!(!nullable("Array(Nullable(String))"));
}

#[test]
fn deep_nesting_is_refused() {
    let text = format!("{}Int8{}", "Array(".repeat(5000), ")".repeat(5000));
    assert!(refused(&text).0.contains("levels deep"));
}

proptest! {
    #[test]
    fn no_text_panics(text in "\\PC{0,60}") {
        drop(DataType::parse(&text));
    }
}

#[test]
fn escapes_in_names_are_read_back() {
    let parsed =
        DataType::parse(r"Enum8('line\nfeed' = 1, 'tab\t' = 2, '\0' = 3, 'it\'s' = 4)").unwrap();
    let DataType::Enum8(names) = &parsed else {
        panic!("{parsed}");
    };
    let names: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["line\nfeed", "tab\t", "\0", "it's"]);
    assert_eq!(DataType::parse(&parsed.to_string()), Ok(parsed));
}
