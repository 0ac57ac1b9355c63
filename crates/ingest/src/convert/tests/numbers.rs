//! Numbers: exact at the edges of every width, refused behind them.

use super::{
    Mismatch, accepts_json, accepts_text, from_json, from_text, le, refuses_json, refuses_text,
};

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
