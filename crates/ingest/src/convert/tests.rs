//! Every type with good, edge and bad values. That the bytes mean what they should is checked by
//! reading them back from the engine in `tests/it`; here the edges are exact.

mod composites;
mod numbers;
mod times;
mod words;

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
