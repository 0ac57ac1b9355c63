//! Strings, identifiers, addresses and enumerations.

use super::{accepts_json, accepts_text, le, refuses_json, refuses_text};

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
