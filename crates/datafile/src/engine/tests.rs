//! The clauses of tables.

use crate::grammar::Dialect;
use crate::project::Project;
use crate::source::SourceFile;

fn sql(directives: &str) -> String {
    let text = format!("SCHEMA >\n    a Int32,\n    b Int32,\n    at DateTime\n{directives}\n");
    let (project, diagnostics) = Project::parse_as(
        vec![SourceFile::new("t.datasource", text)],
        Dialect::Classic,
    );
    assert!(!crate::has_errors(&diagnostics), "{diagnostics:?}");
    project.datasources[0]
        .engine
        .to_sql(&[("index_granularity", "100"), ("x", "1")])
}

#[test]
fn options_come_in_the_order_of_the_engine() {
    assert_eq!(
        sql(
            "ENGINE_TTL \"at + toIntervalDay(1)\"\nENGINE_SAMPLING_KEY a\nENGINE_PRIMARY_KEY a\nENGINE_SORTING_KEY a, b\nENGINE_PARTITION_KEY toYear(at)\nENGINE MergeTree"
        ),
        "ENGINE = MergeTree PARTITION BY (toYear(at)) ORDER BY (a, b) PRIMARY KEY (a) SAMPLE BY (a) TTL at + toIntervalDay(1) SETTINGS index_granularity = 100, x = 1"
    );
}

#[test]
fn settings_of_the_file_win() {
    assert_eq!(
        sql("ENGINE_SETTINGS index_granularity=256"),
        "ENGINE = MergeTree ORDER BY (tuple()) SETTINGS index_granularity=256, x = 1"
    );
}

#[test]
fn empty_options_count_as_absent() {
    assert_eq!(
        sql("ENGINE \"\"\nENGINE_PARTITION_KEY \"\"\nENGINE_TTL ''\nENGINE_SORTING_KEY \"\""),
        "ENGINE = MergeTree ORDER BY (tuple()) SETTINGS index_granularity = 100, x = 1"
    );
}

#[test]
fn engines_take_their_parameters() {
    let engine = |directives: &str| {
        let sql = sql(&format!("ENGINE_SORTING_KEY a\n{directives}"));
        sql.split(" ORDER BY")
            .next()
            .unwrap_or_default()
            .trim_start_matches("ENGINE = ")
            .to_owned()
    };
    assert_eq!(
        engine("ENGINE replacingmergetree\nENGINE_VER at\nENGINE_IS_DELETED b"),
        "ReplacingMergeTree(`at`, `b`)"
    );
    assert_eq!(
        engine("ENGINE SummingMergeTree\nENGINE_COLUMNS b"),
        "SummingMergeTree(`b`)"
    );
    assert_eq!(
        engine("ENGINE SummingMergeTree\nENGINE_COLUMNS (a, `b`)"),
        "SummingMergeTree((`a`, `b`))"
    );
    assert_eq!(
        engine("ENGINE CollapsingMergeTree\nENGINE_SIGN b"),
        "CollapsingMergeTree(`b`)"
    );
    assert_eq!(
        engine("ENGINE VersionedCollapsingMergeTree\nENGINE_SIGN b\nENGINE_VERSION at"),
        "VersionedCollapsingMergeTree(`b`, `at`)"
    );
    assert_eq!(engine("ENGINE Null"), "Null");
    assert_eq!(
        engine("ENGINE Join\nENGINE_JOIN_TYPE INNER\nENGINE_KEY_COLUMNS a, b"),
        "Join(ANY, INNER, `a`, `b`)"
    );
}
