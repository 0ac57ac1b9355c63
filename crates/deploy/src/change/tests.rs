use birdhouse_datafile::{Datasource, Project, SourceFile};
use birdhouse_sql::DataType;

use super::{Change, compare, widens};

const BASE: &str = "SCHEMA >
    a UInt16 `json:$.a`,
    b String `json:$.b`,
    c DateTime DEFAULT now()

ENGINE MergeTree
ENGINE_PARTITION_KEY toYear(c)
ENGINE_SORTING_KEY a, b
";

fn datasource(text: &str) -> Datasource {
    let file = SourceFile::new("datasources/t.datasource", text);
    let (project, found) = Project::parse(vec![file]);
    assert!(!birdhouse_datafile::has_errors(&found), "{found:?}");
    project.datasources[0].clone()
}

/// Compares the base with itself where `old` is replaced by `new`.
fn change(old: &str, new: &str) -> Change {
    assert!(BASE.contains(old), "{old}");
    compare(&datasource(BASE), &datasource(&BASE.replace(old, new)))
}

fn added(old: &str, new: &str) -> Vec<String> {
    match change(old, new) {
        Change::Carry { added } => added,
        other => panic!("{other:?}"),
    }
}

#[test]
fn indexes_come_and_go() {
    let indexed = |indexes: &str| {
        let block = format!("\nINDEXES >\n{indexes}\nENGINE MergeTree");
        datasource(&BASE.replace("\nENGINE MergeTree", &block))
    };
    let (one, two) = (
        indexed("    by_b b TYPE minmax GRANULARITY 4\n"),
        indexed("    by_a a TYPE minmax\n    by_b b TYPE set(10)\n"),
    );
    let clauses = |old: &Datasource, new: &Datasource| match compare(old, new) {
        Change::Carry { added } => added.join(", "),
        other => panic!("{other:?}"),
    };
    assert_eq!(clauses(&one, &one), "");
    assert_eq!(clauses(&one, &datasource(BASE)), "DROP INDEX `by_b`");
    assert_eq!(
        clauses(&one, &two),
        "DROP INDEX `by_b`, ADD INDEX `by_a` a TYPE minmax, ADD INDEX `by_b` b TYPE set(10)"
    );
}

/// Returns reasons, the query of the copy, columns left behind, and doubts.
fn rewrite(old: &str, new: &str) -> (Vec<String>, String, Vec<String>, Vec<String>) {
    match change(old, new) {
        Change::Rewrite { reasons, copy } => {
            let query = copy.as_forward_query();
            (reasons, query, copy.dropped, copy.doubts)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn rows_stay_as_they_are() {
    assert!(added("DEFAULT now()", "DEFAULT today()").is_empty());
    assert!(added("b String `json:$.b`", "b String `json:$.other`").is_empty());
    assert!(added("b String `json:$.b`", "b String `json:$.b` CODEC(ZSTD(3))").is_empty());
    assert!(added("ENGINE MergeTree", "ENGINE ReplacingMergeTree").is_empty());
    assert!(added("toYear(c)\n", "toYear(c)\nENGINE_TTL c + INTERVAL 1 DAY\n").is_empty());
    assert!(
        added("a, b\n", "`a`,b\n").is_empty(),
        "blanks do not change a key"
    );
    assert_eq!(
        added(
            "    b String",
            "    x Nullable(Int8) `json:$.x`,\n    b String"
        ),
        ["ADD COLUMN `x` Nullable(Int8) AFTER `a`"]
    );
    assert_eq!(
        added(
            "    a UInt16",
            "    x Int8 DEFAULT 1,\n    y Int8 `json:$.y`,\n    a UInt16"
        ),
        [
            "ADD COLUMN `x` Int8 DEFAULT 1 FIRST",
            "ADD COLUMN `y` Int8 AFTER `x`"
        ]
    );
}

#[test]
fn rows_are_written_anew_when_that_is_clear() {
    let (reasons, query, dropped, doubts) = rewrite("a UInt16", "a Int64");
    assert_eq!(reasons, ["column a was UInt16 and is Int64"]);
    assert_eq!(query, "SELECT CAST(`a`, 'Int64') AS `a`, `b`, `c`");
    assert!(dropped.is_empty() && doubts.is_empty());

    let (reasons, query, dropped, doubts) = rewrite("_SORTING_KEY a, b", "_SORTING_KEY b");
    assert_eq!(reasons, ["the sorting key was (a, b) and is (b)"]);
    assert_eq!(query, "SELECT `a`, `b`, `c`");
    assert!(dropped.is_empty() && doubts.is_empty());

    let (reasons, _, _, doubts) = rewrite("toYear(c)", "toYYYYMM(c)");
    assert_eq!(
        reasons,
        ["the partition key was (toYear(c)) and is (toYYYYMM(c))"]
    );
    assert!(doubts.is_empty());

    let gone = &BASE
        .replace("    a UInt16 `json:$.a`,\n", "")
        .replace("KEY a, b", "KEY b");
    let (_, query, dropped, doubts) = rewrite(BASE, gone);
    assert_eq!(query, "SELECT `b`, `c`");
    assert_eq!(dropped, ["a"]);
    assert!(doubts.is_empty());
}

#[test]
fn doubts_are_told() {
    let (_, query, _, doubts) = rewrite("a UInt16", "a UInt8");
    assert_eq!(
        query,
        "SELECT accurateCastOrDefault(`a`, 'UInt8') AS `a`, `b`, `c`"
    );
    assert_eq!(
        doubts,
        ["values of column a may not fit: UInt16 becomes UInt8"]
    );

    let (_, query, _, doubts) = rewrite("a UInt16", "a String");
    assert_eq!(query, "SELECT toString(`a`) AS `a`, `b`, `c`");
    assert_eq!(doubts.len(), 1);

    let (reasons, query, dropped, doubts) = rewrite(
        "    b String `json:$.b`,\n    c DateTime DEFAULT now()\n\nENGINE MergeTree\nENGINE_PARTITION_KEY toYear(c)\nENGINE_SORTING_KEY a, b",
        "    bb String `json:$.b`,\n    c DateTime DEFAULT now()\n\nENGINE MergeTree\nENGINE_PARTITION_KEY toYear(c)\nENGINE_SORTING_KEY a, bb",
    );
    assert_eq!(reasons[0], "column b is gone");
    assert_eq!(
        query,
        "SELECT `a`, defaultValueOfTypeName('String') AS `bb`, `c`"
    );
    assert_eq!(dropped, ["b"]);
    assert_eq!(
        doubts,
        ["a column is gone and another one is new: it may be a new name"]
    );
}

#[test]
fn widening_types() {
    let widens = |old: &str, new: &str| {
        let parse = |text: &str| DataType::parse(text).unwrap();
        widens(&parse(old), &parse(new))
    };
    for (old, new) in [
        ("UInt8", "UInt64"),
        ("UInt8", "Int16"),
        ("Int32", "Float64"),
        ("Float32", "Float64"),
        ("String", "Nullable(String)"),
        ("String", "LowCardinality(String)"),
        ("LowCardinality(String)", "String"),
        ("LowCardinality(String)", "LowCardinality(Nullable(String))"),
        ("Date", "Date32"),
        ("DateTime", "DateTime64(3)"),
        ("Enum8('a' = 1)", "Enum8('a' = 1, 'b' = 2)"),
        ("Enum8('a' = 1)", "String"),
        ("Array(UInt8)", "Array(UInt16)"),
        ("Decimal(9, 2)", "Decimal(18, 4)"),
        ("SimpleAggregateFunction(sum, UInt64)", "UInt64"),
    ] {
        assert!(widens(old, new), "{old} to {new}");
        let is_same_back = old.starts_with("String") || old.starts_with("LowCardinality(String)");
        assert!(
            is_same_back || old.starts_with("Simple") || !widens(new, old),
            "{new} to {old}"
        );
    }
    for (old, new) in [
        ("Int8", "UInt64"),
        ("UInt8", "Int8"),
        ("Int64", "Float64"),
        ("Nullable(String)", "String"),
        ("String", "UInt8"),
        ("UInt8", "String"),
        ("DateTime('UTC')", "DateTime64(3, 'Europe/Madrid')"),
        ("Decimal(18, 4)", "Decimal(18, 6)"),
        ("Enum8('a' = 1)", "Enum8('a' = 2)"),
        ("Map(String, UInt8)", "Map(UInt8, UInt8)"),
    ] {
        assert!(!widens(old, new), "{old} to {new}");
    }
}
