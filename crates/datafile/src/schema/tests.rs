//! Columns, beyond the inputs of the snapshots.

use crate::lexer::{Block, BlockLine, BlockLineKind};
use crate::source::SourceFile;

use super::{Schema, parse};

fn read(text: &str) -> Schema {
    let file = SourceFile::new("a.datasource", text);
    let lines = file
        .lines()
        .map(|range| BlockLine {
            range,
            kind: BlockLineKind::Text,
        })
        .collect();
    let mut out = Vec::new();
    let schema = parse(&Block::new(file, lines).raw(), &mut out);
    assert!(out.is_empty(), "{out:?}");
    schema
}

fn definitions(text: &str) -> Vec<String> {
    read(text)
        .columns
        .iter()
        .map(super::Column::definition)
        .collect()
}

#[test]
fn normal_form_has_the_canonical_type() {
    assert_eq!(
        definitions("a Map(String,Array( UInt8 )) codec(ZSTD(1)),\nb DEFAULT now()"),
        [
            "`a` Map(String, Array(UInt8)) CODEC(ZSTD(1))",
            "`b` DEFAULT now()"
        ]
    );
}

#[test]
fn nullable_goes_inside_of_a_simple_aggregate() {
    let schema = read("a Nullable(SimpleAggregateFunction(sum, Int64))");
    assert_eq!(
        schema.columns[0].definition(),
        "`a` SimpleAggregateFunction(sum, Nullable(Int64))"
    );
    assert!(schema.columns[0].is_nullable());
}

#[test]
fn strings_hide_commas_comments_and_keywords() {
    assert_eq!(
        definitions(
            "a String DEFAULT 'x, -- DEFAULT `json:$.y`' -- real, comment\n, b String DEFAULT \"it's\""
        ),
        [
            "`a` String DEFAULT 'x, -- DEFAULT `json:$.y`'",
            "`b` String DEFAULT \"it's\""
        ]
    );
}

#[test]
fn default_null_is_none_for_a_nullable_column_only() {
    assert_eq!(
        definitions("a Nullable(Int32) DEFAULT NULL, b Int32 DEFAULT NULL"),
        ["`a` Nullable(Int32)", "`b` Int32 DEFAULT NULL"]
    );
}

#[test]
fn the_last_json_path_counts() {
    let schema = read("a `json:$.x` Int32 `JSON:$.y`, b Int32");
    assert_eq!(
        schema.columns[0].json_path.as_ref().unwrap().value.as_str(),
        "$.y"
    );
    assert!(schema.has_json_paths());
    assert!(schema.column("b").unwrap().json_path.is_none());
}

#[test]
fn names_may_look_like_keywords() {
    assert_eq!(
        definitions("default String, codec Int8, ttl Int8"),
        ["`default` String", "`codec` Int8", "`ttl` Int8"]
    );
}
