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
