//! Which text each type accepts.

use super::ScalarType;
use crate::testing::assert_values;
use crate::value::Value;
use crate::value::repr::to_str;

fn convert(kind: &str, text: &str) -> Option<String> {
    let value = ScalarType::from_name(kind)?.convert(text)?;
    to_str(&value, 1000).ok()
}

fn accepts(kind: &str, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(
            convert(kind, text).as_deref(),
            Some(*expected),
            "{kind} {text:?}"
        );
    }
}

fn refuses(kind: &str, texts: &[&str]) {
    for text in texts {
        assert_eq!(convert(kind, text), None, "{kind} {text:?}");
    }
}

#[test]
fn signed_integers() {
    accepts(
        "Int8",
        &[
            ("7", "toInt8('7')"),
            ("007", "toInt8('7')"),
            ("+5", "toInt8('5')"),
            ("-0", "toInt8('0')"),
            ("-128", "toInt8('-128')"),
            ("127", "toInt8('127')"),
            ("12\n", "toInt8('12')"),
            ("٣", "toInt8('3')"),
        ],
    );
    let bad = [
        "", " 1", "1 ", "1.0", "1e3", "0x10", "1_000", "True", "128", "-129", "--1", "+", "12\n\n",
    ];
    refuses("Int8", &bad);
    let max = "57896044618658097711785492504343953926634992332820282019728792003956564819967";
    accepts("Int256", &[(max, &format!("toInt256('{max}')"))]);
    refuses("Int256", &[&"1".repeat(78), &"1".repeat(79)]);
    let zeros = "0".repeat(100);
    accepts("Int8", &[(&format!("-{zeros}1"), "toInt8('-1')")]);
}

#[test]
fn every_integer_has_its_range() {
    for bits in [8_u32, 16, 32, 64, 128, 256] {
        let power = num_bigint::BigInt::from(2).pow(bits);
        let half = num_bigint::BigInt::from(2).pow(bits - 1);
        let signed = format!("Int{bits}");
        let unsigned = format!("UInt{bits}");
        assert!(convert(&signed, &(&half - 1_u8).to_string()).is_some());
        assert!(convert(&signed, &half.to_string()).is_none());
        assert!(convert(&signed, &(-&half).to_string()).is_some());
        assert!(convert(&signed, &(-&half - 1_u8).to_string()).is_none());
        assert!(convert(&unsigned, &(&power - 1_u8).to_string()).is_some());
        assert!(convert(&unsigned, &power.to_string()).is_none());
        assert!(convert(&unsigned, "0").is_some());
    }
}

#[test]
fn unsigned_integers_allow_a_sign_from_128_bits() {
    refuses("UInt8", &["+1", "-0", "-1", "256"]);
    refuses("UInt64", &["+1", "-0"]);
    accepts(
        "UInt128",
        &[("-0", "toUInt128('0')"), ("+5", "toUInt128('5')")],
    );
    refuses("UInt128", &["-1"]);
}

#[test]
fn floats() {
    accepts(
        "Float64",
        &[
            (" 1.5 ", "toFloat64('1.5')"),
            (".5", "toFloat64('0.5')"),
            ("5.", "toFloat64('5.0')"),
            ("1E-3", "toFloat64('0.001')"),
            ("1e-7", "toFloat64('1e-07')"),
            ("100000000000000000000", "toFloat64('1e+20')"),
            ("1e400", "toFloat64('inf')"),
            ("-INF", "toFloat64('-inf')"),
            ("nan", "toFloat64('nan')"),
            ("٣.٥", "toFloat64('3.5')"),
            ("-0", "toFloat64('-0.0')"),
        ],
    );
    refuses(
        "Float64",
        &["", "1_000.5", "1e", "x", "0x1", "1,5", "--1", "infinit"],
    );
    accepts("Float32", &[("1e39", "toFloat32('1e+39')")]);
}

#[test]
fn dates() {
    accepts(
        "Date",
        &[
            ("2024-02-29", "2024-02-29"),
            ("2024-13-45", "2024-13-45"),
            ("2024-01-01\n", "2024-01-01\n"),
            ("٢٠٢٠-01-01", "٢٠٢٠-01-01"),
        ],
    );
    refuses(
        "Date",
        &[
            "2024-1-1",
            "2024-01-01x",
            "2024-01-01 00:00:00",
            "",
            "20240101",
        ],
    );
}

#[test]
fn times_are_anchored_at_the_start_only() {
    for text in [
        "2024-02-29 10:11:12",
        "2024-02-29T10:11:12",
        "2024-02-29 10:11:12.123",
        "2024-01-01 00:00:00Z",
        "2024-01-01 00:00:00' OR 1=1",
        "2020.01x01\t00:00:00zzz",
        "2020-01-01\u{2003}00:00:00",
        "01x02x2020y1:2:3",
        "01-02-2020 11:2:33foo",
    ] {
        accepts("DateTime", &[(text, text)]);
    }
    refuses(
        "DateTime",
        &[
            "2024-01-01",
            "2020\n01-01 00:00:00",
            "2024-01-01 0:00:00",
            "",
        ],
    );
    for text in [
        "2024-01-01 00:00:00.000",
        "2020-01-01 00:00:00.1234",
        "01x02x2020y1:2:3.1",
    ] {
        accepts("DateTime64", &[(text, text)]);
    }
    refuses(
        "DateTime64",
        &[
            "2024-01-01 00:00:00",
            "2020-01-01 00:00:00.12",
            "01x02x2020y1:2:3",
        ],
    );
}

#[test]
fn json_values_are_validated_by_their_text() {
    assert_values(
        "{{Int16(x)}}",
        &[
            ("5", "toInt16('5')"),
            (
                "5.0",
                "Template Syntax Error: Error validating '5.0' to type Int16",
            ),
            (
                "true",
                "Template Syntax Error: Error validating 'True' to type Int16",
            ),
        ],
    );
}

#[test]
fn names_and_conversions_agree() {
    for name in ["Int8", "UInt256", "Float32", "String", "Date", "DateTime64"] {
        assert_eq!(ScalarType::from_name(name).unwrap().name(), name);
    }
    assert_eq!(ScalarType::from_name("Integer").unwrap().name(), "Int32");
    assert!(matches!(
        ScalarType::PlainInt.convert("5"),
        Some(Value::Int(5))
    ));
}
