//! Every type with good, edge and bad values. That the bytes mean what they should is checked by
//! reading them back from the engine in `tests/it`; here the edges are exact.

use birdhouse_sql::DataType;
use proptest::prelude::*;

use super::{Kind, Mismatch, literal_to_json};
use crate::json::Json;
use crate::native::Builder;

fn kind(type_name: &str) -> Kind {
    Kind::new(&DataType::parse(type_name).unwrap()).unwrap()
}

fn from_json(type_name: &str, json: &str) -> Result<Vec<u8>, Mismatch> {
    let kind = kind(type_name);
    let mut builder = Builder::new(&kind);
    let pushed = builder.push_json(value(json));
    pushed.map(|()| written(&builder))
}

fn from_text(type_name: &str, text: &str) -> Result<Vec<u8>, Mismatch> {
    let kind = kind(type_name);
    let mut builder = Builder::new(&kind);
    builder.push_text(text).map(|()| written(&builder))
}

fn value(json: &str) -> Json<'_> {
    Json::parse(json).unwrap()
}

fn written(builder: &Builder<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    builder.write(&mut out);
    out
}

/// The lowest `bytes` bytes of a number.
fn le(value: i128, bytes: usize) -> Vec<u8> {
    value.to_le_bytes()[..bytes].to_vec()
}

#[track_caller]
fn accepts_json(type_name: &str, cases: &[(&str, Vec<u8>)]) {
    for (json, expected) in cases {
        let found = from_json(type_name, json);
        assert_eq!(found.as_ref(), Ok(expected), "{type_name} from {json}");
    }
}

#[track_caller]
fn refuses_json(type_name: &str, cases: &[&str]) {
    for json in cases {
        let found = from_json(type_name, json);
        assert!(found.is_err(), "{type_name} took {json} as {found:?}");
    }
}

#[track_caller]
fn accepts_text(type_name: &str, cases: &[(&str, Vec<u8>)]) {
    for (text, expected) in cases {
        let found = from_text(type_name, text);
        assert_eq!(found.as_ref(), Ok(expected), "{type_name} from {text:?}");
    }
}

#[track_caller]
fn refuses_text(type_name: &str, cases: &[&str]) {
    for text in cases {
        let found = from_text(type_name, text);
        assert!(found.is_err(), "{type_name} took {text:?} as {found:?}");
    }
}

#[test]
fn integers_keep_their_range() {
    for (type_name, bytes) in [("Int8", 1), ("Int16", 2), ("Int32", 4), ("Int64", 8)] {
        let limit = 1_i128 << (8 * bytes - 1);
        let number = |value: i128| (value.to_string(), le(value, bytes));
        for value in [0, 1, -1, limit - 1, -limit] {
            let (text, expected) = number(value);
            accepts_json(type_name, &[(&text, expected.clone())]);
            accepts_text(type_name, &[(&text, expected)]);
        }
        for value in [limit, -limit - 1, limit * 4] {
            assert_eq!(
                from_json(type_name, &value.to_string()),
                Err(Mismatch::RANGE)
            );
            assert_eq!(
                from_text(type_name, &value.to_string()),
                Err(Mismatch::RANGE)
            );
        }
    }
    for (type_name, bytes) in [("UInt8", 1), ("UInt16", 2), ("UInt32", 4), ("UInt64", 8)] {
        let limit = 1_i128 << (8 * bytes);
        for value in [0, 1, limit - 1] {
            accepts_json(type_name, &[(&value.to_string(), le(value, bytes))]);
        }
        for value in [-1, limit, limit * 4] {
            assert_eq!(
                from_json(type_name, &value.to_string()),
                Err(Mismatch::RANGE)
            );
        }
    }
}

#[test]
fn wide_integers_keep_their_range() {
    let max_i128 = i128::MAX.to_string();
    let min_i128 = i128::MIN.to_string();
    accepts_json(
        "Int128",
        &[
            (&max_i128, le(i128::MAX, 16)),
            (&min_i128, le(i128::MIN, 16)),
        ],
    );
    accepts_json(
        "UInt128",
        &[("340282366920938463463374607431768211455", vec![0xFF; 16])],
    );
    refuses_json(
        "Int128",
        &[
            "170141183460469231731687303715884105728",
            "-170141183460469231731687303715884105729",
        ],
    );
    refuses_json(
        "UInt128",
        &["340282366920938463463374607431768211456", "-1"],
    );
    let max_u256 = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let max_i256 = "57896044618658097711785492504343953926634992332820282019728792003956564819967";
    let mut expected = vec![0xFF; 32];
    accepts_json("UInt256", &[(max_u256, expected.clone())]);
    expected[31] = 0x7F;
    accepts_json("Int256", &[(max_i256, expected)]);
    let mut lowest = vec![0; 32];
    lowest[31] = 0x80;
    accepts_json(
        "Int256",
        &[(
            "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
            lowest,
        )],
    );
    refuses_json(
        "UInt256",
        &["115792089237316195423570985008687907853269984665640564039457584007913129639936"],
    );
    refuses_json(
        "Int256",
        &["57896044618658097711785492504343953926634992332820282019728792003956564819968"],
    );
}

#[test]
fn integers_take_no_other_notation() {
    let bad = [
        "3.0", "3.7", "1e3", r#""x""#, r#""""#, "[]", "{}", "[1]", "null",
    ];
    for type_name in ["Int8", "UInt16", "Int32", "Int64", "UInt256"] {
        refuses_json(type_name, &bad);
        refuses_text(
            type_name,
            &["", "x", "1.0", "1e3", "0x10", "1_000", "--1", "- 1", "١"],
        );
    }
    accepts_json("UInt8", &[("true", vec![1]), ("false", vec![0])]);
    accepts_text(
        "Int16",
        &[(" 7 ", le(7, 2)), ("+7", le(7, 2)), ("007", le(7, 2))],
    );
    refuses_text("UInt16", &["+7"]);
}

#[test]
fn integer_strings_are_taken_only_where_numbers_cannot_do() {
    refuses_json("Int16", &[r#""3""#]);
    refuses_json("UInt32", &[r#""3""#]);
    accepts_json("Int64", &[(r#""3""#, le(3, 8))]);
    accepts_json("UInt64", &[(r#""18446744073709551615""#, vec![0xFF; 8])]);
    refuses_json("UInt64", &[r#""18446744073709551616""#, r#""""#, r#""x""#]);
}

#[test]
fn floats_take_numbers_and_their_text() {
    let f64_bytes = |value: f64| value.to_le_bytes().to_vec();
    let f32_bytes = |value: f32| value.to_le_bytes().to_vec();
    accepts_json(
        "Float64",
        &[
            ("1", f64_bytes(1.0)),
            ("-0.1", f64_bytes(-0.1)),
            ("1e-400", f64_bytes(0.0)),
            ("1.7976931348623157e308", f64_bytes(f64::MAX)),
            (r#""1.5""#, f64_bytes(1.5)),
            (r#""inf""#, f64_bytes(f64::INFINITY)),
        ],
    );
    accepts_json(
        "Float32",
        &[
            ("0.1", f32_bytes(0.1)),
            (r#""-inf""#, f32_bytes(f32::NEG_INFINITY)),
        ],
    );
    assert_eq!(from_json("Float32", "1e50"), Err(Mismatch::RANGE));
    assert_eq!(from_json("Float64", "1e400"), Err(Mismatch::RANGE));
    for type_name in ["Float32", "Float64"] {
        refuses_json(type_name, &["true", r#""x""#, r#""""#, "[]", "null"]);
        refuses_text(type_name, &["", "1,5", "x", "1_0", "0x1"]);
    }
    accepts_text(
        "Float64",
        &[(" 2.5e3 ", f64_bytes(2500.0)), (".5", f64_bytes(0.5))],
    );
    assert!(from_text("Float64", "nan").is_ok());
}

#[test]
fn decimals_are_exact() {
    accepts_json(
        "Decimal(10, 2)",
        &[
            ("1.005", le(100, 8)),
            ("-1.005", le(-100, 8)),
            (r#""12345678.90""#, le(1_234_567_890, 8)),
            ("1e3", le(100_000, 8)),
            ("1.5E-1", le(15, 8)),
            ("99999999.99", le(9_999_999_999, 8)),
            ("0e999999999999", le(0, 8)),
            ("-0.001", le(0, 8)),
        ],
    );
    refuses_json(
        "Decimal(10, 2)",
        &[
            "100000000",
            "1e9",
            "1e99999999999999999999",
            r#""x""#,
            r#""1.2.3""#,
            r#""""#,
            "true",
        ],
    );
    accepts_json("Decimal(9, 0)", &[("999999999", le(999_999_999, 4))]);
    accepts_text(
        "Decimal(38, 0)",
        &[(
            "99999999999999999999999999999999999999",
            le(10_i128.pow(38) - 1, 16),
        )],
    );
    refuses_text(
        "Decimal(38, 0)",
        &[
            "100000000000000000000000000000000000000",
            ".",
            "e5",
            "1e",
            "1e+-5",
        ],
    );
    let nines = "9".repeat(76);
    assert!(from_text("Decimal(76, 0)", &nines).is_ok());
    refuses_text("Decimal(76, 0)", &[&format!("{nines}9")]);
    accepts_text(
        "Decimal(4, 2)",
        &[(".5", le(50, 4)), ("5.", le(500, 4)), ("+1", le(100, 4))],
    );
}

#[test]
fn booleans_take_words_only_as_text() {
    accepts_json("Bool", &[("true", vec![1]), ("0", vec![0]), ("1", vec![1])]);
    refuses_json("Bool", &["2", "1.0", r#""true""#, "[]", "null"]);
    let words = "true True T y Yes on Enable enabled 1";
    words
        .split(' ')
        .for_each(|word| accepts_text("Bool", &[(word, vec![1])]));
    let words = "false False F N No off Disable disabled 0";
    words
        .split(' ')
        .for_each(|word| accepts_text("Bool", &[(word, vec![0])]));
    refuses_text("Bool", &["", "2", "maybe"]);
}

#[test]
fn strings_take_anything_but_null() {
    accepts_json(
        "String",
        &[
            (r#""a""#, b"\x01a".to_vec()),
            (r#""""#, b"\x00".to_vec()),
            (
                r#""a\n\u0000\ud83d\ude00""#,
                b"\x07a\n\0\xF0\x9F\x98\x80".to_vec(),
            ),
            ("1.50", b"\x041.50".to_vec()),
            ("true", b"\x04true".to_vec()),
            (r#"{"a": [1]}"#, b"\x0a{\"a\": [1]}".to_vec()),
        ],
    );
    refuses_json("String", &["null"]);
    accepts_text(
        "String",
        &[("", b"\x00".to_vec()), (" x ", b"\x03 x ".to_vec())],
    );
    let long = "x".repeat(300);
    let mut expected = vec![0xAC, 0x02];
    expected.extend(long.bytes());
    accepts_text("String", &[(&long, expected)]);
}

#[test]
fn fixed_strings_are_padded_and_never_cut() {
    accepts_json(
        "FixedString(3)",
        &[(r#""ab""#, b"ab\0".to_vec()), (r#""abc""#, b"abc".to_vec())],
    );
    refuses_json("FixedString(3)", &[r#""abcd""#, r#""ää""#, "null"]);
    accepts_text("FixedString(3)", &[("", vec![0; 3])]);
}

#[test]
fn uuids_and_addresses_are_checked() {
    let expected = [
        0x1122334455667788_u64.to_le_bytes(),
        0x99aabbccddeeff00_u64.to_le_bytes(),
    ]
    .concat();
    accepts_json(
        "UUID",
        &[
            (
                r#""11223344-5566-7788-99aa-bbccddeeff00""#,
                expected.clone(),
            ),
            (r#""112233445566778899AABBCCDDEEFF00""#, expected),
        ],
    );
    refuses_json(
        "UUID",
        &[
            r#""""#,
            r#""x""#,
            "1",
            r#""{11223344-5566-7788-99aa-bbccddeeff00}""#,
            r#""11223344-5566-7788-99aa-bbccddeeff0g""#,
        ],
    );
    accepts_json("IPv4", &[(r#""1.2.3.4""#, vec![4, 3, 2, 1])]);
    refuses_json(
        "IPv4",
        &[
            r#""1.2.3""#,
            r#""1.2.3.256""#,
            r#""::1""#,
            "16909060",
            r#""""#,
        ],
    );
    let mut one = vec![0; 16];
    one[15] = 1;
    accepts_json("IPv6", &[(r#""::1""#, one)]);
    let mut mapped = vec![0; 10];
    mapped.extend([0xFF, 0xFF, 1, 2, 3, 4]);
    accepts_text("IPv6", &[("1.2.3.4", mapped)]);
    refuses_text("IPv6", &["", "x", "1::2::3"]);
}

#[test]
fn dates_are_real() {
    accepts_json(
        "Date",
        &[
            (r#""1970-01-01""#, le(0, 2)),
            (r#""2024-02-29""#, le(19_782, 2)),
            (r#""2149-06-06""#, le(65_535, 2)),
            ("19782", le(19_782, 2)),
        ],
    );
    refuses_json(
        "Date",
        &[
            r#""2024-13-01""#,
            r#""2023-02-29""#,
            r#""2024-04-31""#,
            r#""2024-00-10""#,
            r#""2024-01-00""#,
            r#""1969-12-31""#,
            r#""2149-06-07""#,
            r#""2024-1-2""#,
            r#""2024-01-02 03:04:05""#,
            r#""""#,
            "70000",
            "-1",
            "1.5",
            "true",
        ],
    );
    accepts_text(
        "Date32",
        &[
            ("1900-01-01", le(-25_567, 4)),
            ("2299-12-31", le(120_529, 4)),
        ],
    );
    refuses_text("Date32", &["1899-12-31", "2300-01-01", "1900-02-29"]);
}

#[test]
fn date_times_take_the_usual_notations() {
    let noon = le(1_704_164_645, 4);
    for text in [
        "2024-01-02 03:04:05",
        "2024-01-02T03:04:05",
        "2024-01-02T03:04:05Z",
        "2024-01-02T03:04:05.999Z",
        "2024-01-02T03:04:05.999999999",
        "2024-01-02 03:04:05 UTC",
        "2024-01-02T05:04:05+02:00",
        "2024-01-01T22:04:05-0500",
        "2024-01-02T05:04:05+02",
        "1704164645",
        "1704164645.5",
        "1704164645999",
        "1704164645999999",
        "1704164645999999999",
    ] {
        accepts_text("DateTime", &[(text, noon.clone())]);
        accepts_json("DateTime", &[(&format!("\"{text}\""), noon.clone())]);
    }
    for number in [
        "1704164645",
        "1704164645.9",
        "1704164645123",
        "1704164645123456",
        "1704164645123456789",
        "1.704164645e9",
    ] {
        accepts_json("DateTime", &[(number, noon.clone())]);
    }
    accepts_text(
        "DateTime",
        &[
            ("2024-01-02", le(1_704_153_600, 4)),
            ("2024-01-02 03:04", le(1_704_164_640, 4)),
        ],
    );
    accepts_json(
        "DateTime",
        &[("0", le(0, 4)), ("4294967295", le(4_294_967_295, 4))],
    );
    refuses_text(
        "DateTime",
        &[
            "",
            "x",
            "2024-01-02T",
            "2024-01-02 25:00:00",
            "2024-01-02 03:60:00",
            "2024-01-02 03:04:60",
            "2024-13-02 03:04:05",
            "2024-02-30 00:00:00",
            "2024-01-02 03:04:05x",
            "2024-01-02 03:04:05.",
            "20240102",
            "12",
            "2024-01-02 03:04:05+2",
            "2024-01-02 03:04:05+25:00",
            "2024/01/02 03:04:05",
            "2024-01-02  03:04:05",
            "1969-12-31 23:59:59",
            "2106-02-07 06:28:16",
        ],
    );
    refuses_json(
        "DateTime",
        &[
            "-1",
            "4294967296",
            "true",
            "null",
            "[]",
            r#""null""#,
            "1e30",
        ],
    );
    accepts_text("DateTime", &[("2106-02-07 06:28:15", le(4_294_967_295, 4))]);
}

#[test]
fn local_times_use_the_columns_zone() {
    accepts_text(
        "DateTime('Europe/Madrid')",
        &[
            ("2024-07-01 12:00:00", le(1_719_828_000, 4)),
            ("2024-01-01 12:00:00", le(1_704_106_800, 4)),
            ("2024-07-01T12:00:00Z", le(1_719_835_200, 4)),
            // Skipped at the start of summer time, and repeated at its end.
            ("2024-03-31 02:30:00", le(1_711_848_600, 4)),
            ("2024-10-27 02:30:00", le(1_729_989_000, 4)),
        ],
    );
    assert!(Kind::new(&DataType::parse("DateTime('Mars/Olympus')").unwrap()).is_err());
}

#[test]
fn date_times_with_fractions_keep_their_precision() {
    accepts_json(
        "DateTime64(3)",
        &[
            (r#""2024-01-02 03:04:05.6789""#, le(1_704_164_645_678, 8)),
            ("1704164645.678", le(1_704_164_645_678, 8)),
            ("1704164645678", le(1_704_164_645_678, 8)),
            ("1704164645", le(1_704_164_645_000, 8)),
            ("-1.5", le(-1500, 8)),
            (r#""1900-01-01 00:00:00""#, le(-2_208_988_800_000, 8)),
            (r#""2299-12-31 23:59:59.999""#, le(10_413_791_999_999, 8)),
        ],
    );
    accepts_json(
        "DateTime64(9)",
        &[(
            r#""2262-04-11 23:47:16.854775807""#,
            le(i128::from(i64::MAX), 8),
        )],
    );
    accepts_json("DateTime64(0)", &[("1704164645.9", le(1_704_164_645, 8))]);
    refuses_json(
        "DateTime64(9)",
        &[
            r#""2262-04-11 23:47:16.854775808""#,
            r#""2299-01-01 00:00:00""#,
        ],
    );
    refuses_json(
        "DateTime64(3)",
        &[
            r#""1899-12-31 23:59:59""#,
            r#""2300-01-01 00:00:00""#,
            "1e40",
        ],
    );
}

#[test]
fn enums_take_names_and_numbers() {
    let colours = "Enum8('red' = 1, 'green' = -2, '3' = 4)";
    accepts_json(
        colours,
        &[
            (r#""red""#, vec![1]),
            ("-2", vec![0xFE]),
            (r#""3""#, vec![4]),
        ],
    );
    refuses_json(
        colours,
        &[r#""blue""#, r#""""#, "3", "1.0", "true", r#""Red""#],
    );
    accepts_text(
        colours,
        &[("3", vec![4]), ("1", vec![1]), (" red", vec![1])],
    );
    accepts_json("Enum16('a' = 300)", &[(r#""a""#, le(300, 2))]);
}

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
        "Nullable(Array(UInt8))",
        "Array(Point)",
        "Tuple()",
    ] {
        let data_type = DataType::parse(type_name).unwrap();
        assert!(Kind::new(&data_type).is_err(), "{type_name}");
    }
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

const TYPES: [&str; 20] = [
    "Int8",
    "UInt64",
    "Int256",
    "Float32",
    "Decimal(30, 5)",
    "Bool",
    "String",
    "FixedString(4)",
    "UUID",
    "Date",
    "Date32",
    "DateTime('Europe/Madrid')",
    "DateTime64(9)",
    "Enum8('a' = 1)",
    "IPv6",
    "JSON",
    "Array(Nullable(Int16))",
    "Map(String, Float64)",
    "Tuple(a Int8, b String)",
    "Nullable(DateTime64(3))",
];

proptest! {
    #[test]
    fn no_text_panics(text in ".{0,40}", which in 0..TYPES.len()) {
        drop(from_text(TYPES[which], &text));
    }

    #[test]
    fn no_time_like_text_panics(text in "[-0-9TZ:.+ eE]{0,32}", which in 0..TYPES.len()) {
        drop(from_text(TYPES[which], &text));
    }

    #[test]
    fn every_integer_reads_back(value: i64) {
        prop_assert_eq!(from_text("Int64", &value.to_string()), Ok(value.to_le_bytes().to_vec()));
        let wide = i128::from(value).to_le_bytes().to_vec();
        prop_assert_eq!(from_text("Int128", &value.to_string()), Ok(wide.clone()));
        prop_assert_eq!(from_text("Decimal(38, 0)", &value.to_string()), Ok(wide));
    }

    #[test]
    fn dates_agree_with_the_calendar(days in -25_567_i32..=120_529) {
        let date = jiff::civil::date(1970, 1, 1) + jiff::Span::new().days(days);
        prop_assert_eq!(from_text("Date32", &date.to_string()), Ok(days.to_le_bytes().to_vec()));
    }

    #[test]
    fn stamps_agree_with_the_calendar(seconds in 0_u32.., nanos in 0_i32..1_000_000_000) {
        let stamp = jiff::Timestamp::new(i64::from(seconds), nanos).unwrap();
        let expected = i64::from(seconds) * 1_000_000 + i64::from(nanos) / 1000;
        prop_assert_eq!(from_text("DateTime64(6)", &stamp.to_string()), Ok(expected.to_le_bytes().to_vec()));
    }
}
