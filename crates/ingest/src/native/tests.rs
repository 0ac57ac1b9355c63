//! The layout of blocks, byte by byte, and rows that are taken back.

use birdhouse_sql::DataType;
use proptest::prelude::*;

use super::*;
use crate::convert::Kind;
use crate::json::Json;

#[test]
fn varints_have_seven_bits_per_byte() {
    for (value, expected) in [
        (0, vec![0]),
        (127, vec![127]),
        (128, vec![128, 1]),
        (300, vec![0xAC, 2]),
    ] {
        let mut out = Vec::new();
        write_varint(value, &mut out);
        assert_eq!(out, expected, "{value}");
    }
}

#[test]
fn a_block_names_its_columns() {
    let mut block = BlockWriter::new(["a".to_owned(), "b".to_owned()].into(), 2, 0);
    block.column("a", "UInt8").extend([7, 8]);
    block.column("b", "String").extend(b"\x01x\x00");
    let block = block.finish();
    assert_eq!(
        &block.data()[..],
        b"\x02\x02\x01a\x05UInt8\x07\x08\x01b\x06String\x01x\x00"
    );
    assert_eq!(
        (block.rows(), block.columns()),
        (2, &["a".to_owned(), "b".to_owned()][..])
    );
}

const TYPE: &str = "Map(String, Array(Tuple(Nullable(Int16), String)))";

proptest! {
    /// However rows fail, the column is as if they had never been.
    #[test]
    fn rolled_back_rows_leave_nothing(rows in prop::collection::vec(
        prop::sample::select(vec![
            r"{}",
            r#"{"a":[]}"#,
            r#"{"a":[[1,"x"],[null,"y"]],"b":[[2,""]]}"#,
            r#"{"a":[[1,"x"],[70000,"y"]]}"#,
            r#"{"a":[[1,"x"]],"b":[[1]]}"#,
            r#"{"a":[[1,null]]}"#,
            "null",
            "[]",
        ]),
        0..12,
    )) {
        let kind = Kind::new(&DataType::parse(TYPE).unwrap()).unwrap();
        let (mut all, mut good) = (Builder::new(&kind), Builder::new(&kind));
        for row in rows {
            let row = Json::parse(row).unwrap();
            if all.push_json(row).is_ok() {
                all.commit();
                good.push_json(row).unwrap();
            } else {
                all.rollback();
            }
        }
        let (mut left, mut right) = (Vec::new(), Vec::new());
        all.write(&mut left);
        good.write(&mut right);
        prop_assert_eq!(all.bytes(), left.len());
        prop_assert_eq!(left, right);
    }
}

/// A type whose values are in every kind of stream.
const MERGED: &str = "Tuple(a String, b Nullable(Int32), c Array(Map(String, Array(UInt8))), \
                      d FixedString(3), e Decimal(30, 2), f Array(Nullable(String)))";

proptest! {
    /// Blocks of some rows each, joined, are the block of all rows.
    #[test]
    fn joined_blocks_are_one_block(parts in prop::collection::vec(
        prop::collection::vec(
            prop::sample::select(vec![
                r#"["x", 1, [], "abc", 1.5, []]"#,
                r#"["", null, [{}], "", 0, [null]]"#,
                r#"["a longer text", -7, [{"k": [1, 2], "l": []}, {"m": [3]}], "zz", -1, ["p", null, ""]]"#,
            ]),
            1..5,
        ),
        1..6,
    )) {
        let kind = Kind::new(&DataType::parse(MERGED).unwrap()).unwrap();
        let block = |rows: &[&str]| {
            let mut builder = Builder::new(&kind);
            for row in rows {
                builder.push_json(Json::parse(row).unwrap()).unwrap();
            }
            builder.commit();
            let mut block = BlockWriter::new(["v".to_owned()].into(), rows.len(), 0);
            builder.write(block.column("v", MERGED));
            block.finish()
        };
        let mut merger = Merger::new(&block(&parts[0])).expect("can be taken apart");
        for part in &parts[1..] {
            prop_assert!(merger.add(&block(part)));
        }
        prop_assert_eq!(merger.finish(), block(&parts.concat()));
    }
}

#[test]
fn blocks_of_other_columns_or_cut_off_are_not_joined() {
    let block = |type_name: &str, data: &[u8]| {
        let mut block = BlockWriter::new(["v".to_owned()].into(), 1, 0);
        block.column("v", type_name).extend_from_slice(data);
        block.finish()
    };
    let mut merger = Merger::new(&block("UInt16", &[1, 0])).expect("known");
    assert!(!merger.add(&block("Int16", &[1, 0])), "another type");
    assert!(!merger.add(&block("UInt16", &[1])), "a byte is missing");
    assert!(!merger.add(&block("UInt16", &[1, 0, 0])), "a byte too many");
    assert!(merger.add(&block("UInt16", &[2, 0])));
    assert_eq!(merger.finish().rows(), 2);
    assert!(
        Merger::new(&block("JSON", &[1])).is_none(),
        "not a type that we write"
    );
    assert!(
        Merger::new(&block("String", &[0xFF; 9])).is_none(),
        "an endless length"
    );
}
