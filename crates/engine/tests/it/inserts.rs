//! Inserts: rows are data and never SQL, all or nothing, and repeatable by their token.

use birdhouse_engine::{Insert, Query, Summary};
use bytes::Bytes;

use crate::support::{TestEngine, code, tsv};

const BAD_ARGUMENTS: i32 = 36;
const SYNTAX_ERROR: i32 = 62;

async fn with_table() -> TestEngine {
    let test = TestEngine::start().await;
    test.execute("CREATE TABLE ws_a.t (a Int64, s String) ENGINE = MergeTree ORDER BY a")
        .await;
    test
}

fn json(data: &'static str, token: &str) -> Insert {
    Insert {
        format: "JSONEachRow",
        ..tsv("t", Bytes::from_static(data.as_bytes()), token)
    }
}

/// Rule 1: what follows a blank line in an inline insert is executed as SQL.
#[tokio::test]
async fn rows_are_never_part_of_the_sql_text() {
    let test = with_table().await;
    for sql in [
        "INSERT INTO ws_a.t VALUES (1, 'x')",
        "INSERT INTO ws_a.t FORMAT TSV 1\tx",
        "INSERT INTO ws_a.t FORMAT JSONEachRow {\"a\": 1}",
    ] {
        let mut query = Query::admin(sql, "Null");
        query.settings = vec![("insert_deduplication_token".into(), "inline".into())];
        assert_eq!(code(test.engine.query(query).await), BAD_ARGUMENTS, "{sql}");
    }
    let attack = "INSERT INTO ws_a.t FORMAT JSONEachRow {\"a\": 1}\n\nDROP TABLE ws_a.t";
    assert_eq!(code(test.engine.execute(attack).await), SYNTAX_ERROR);
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "0");
}

#[tokio::test]
async fn a_blank_line_and_sql_in_the_rows_are_rows() {
    let test = with_table().await;
    let attack = json("{\"a\": 1, \"s\": \"x\"}\n\nDROP TABLE ws_a.t", "attack");
    assert!(test.engine.insert(attack).await.is_err());
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "0");
    let blank = json(
        "{\"a\": 1, \"s\": \"\\n\\n; DROP\"}\n\n{\"a\": 2}\n",
        "blank",
    );
    test.engine.insert(blank).await.expect("stored");
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "2");

    // Bytes that end an inline insert are nothing special in a binary format.
    let mut data = Vec::new();
    for number in 0..1000_i64 {
        data.extend_from_slice(&number.to_le_bytes());
        data.extend_from_slice(b"\x04\n\n;x");
    }
    let binary = Insert {
        format: "RowBinary",
        columns: vec!["a".into(), "s".into()],
        ..tsv("t", data.into(), "binary")
    };
    let summary = test.engine.insert(binary).await.expect("stored");
    assert_eq!(summary.written_rows, 1000);
    let same = "SELECT count() FROM ws_a.t WHERE s = '\\n\\n;x'";
    assert_eq!(test.admin(same).await, "1000");
}

#[tokio::test]
async fn a_connection_that_failed_is_fit_for_the_next_insert() {
    let test = with_table().await;
    for number in 0..6 {
        let good = format!("{number}\tx\n");
        let bad = format!("{good}not a number\tx\n");
        let error = test
            .engine
            .insert(tsv("t", bad.into(), &format!("bad-{number}")))
            .await;
        assert_eq!(code(error), 27);
        let token = format!("good-{number}");
        test.engine
            .insert(tsv("t", good.into(), &token))
            .await
            .expect("stored");
    }
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "6");
}

#[tokio::test]
async fn an_insert_into_nothing_is_an_error() {
    let test = with_table().await;
    assert_eq!(code(test.insert("nothing", "1\n", "x").await), 60);
    let injected = Insert {
        table: "t` (a); DROP TABLE ws_a.t --".into(),
        ..tsv("t", "1\tx\n".into(), "y")
    };
    assert_eq!(code(test.engine.insert(injected).await), 60);
    for format in [
        "TSV; DROP TABLE ws_a.t",
        "TSV; DROP TABLE ws_a.t FORMAT TSV",
    ] {
        let mut several = tsv("t", "1\tx\n".into(), "z");
        several.format = format;
        assert_eq!(code(test.engine.insert(several).await), SYNTAX_ERROR);
    }
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "0");
}

/// Rule 9: no insert without a token, of either form.
#[tokio::test]
async fn an_insert_without_a_token_is_refused() {
    let test = with_table().await;
    assert_eq!(code(test.insert("t", "1\tx\n", "").await), BAD_ARGUMENTS);
    let select = "INSERT INTO ws_a.t SELECT number, 'x' FROM numbers(3)";
    assert_eq!(code(test.engine.execute(select).await), BAD_ARGUMENTS);
    let mut query = Query::admin(select, "Null");
    query.settings = vec![("insert_deduplication_token".into(), "select".into())];
    test.engine.query(query.clone()).await.expect("stored");
    test.engine.query(query).await.expect("repeated");
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "3");
}

/// Rule 9: a table has a deduplication window even when its DDL does not name one, a token counts
/// once, and equal rows under another token count again.
#[tokio::test]
async fn a_token_is_stored_once() {
    let test = with_table().await;
    for token in ["one", "one", "two", "one"] {
        test.insert("t", "1\tx\n2\ty\n", token)
            .await
            .expect("accepted");
    }
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "4");
}

/// Rule 9: a replay heals every view that the first attempt did not reach, and only those.
#[tokio::test]
async fn a_replay_heals_materialized_views() {
    let test = with_table().await;
    for target in ["sums", "totals"] {
        test.execute(&format!(
            "CREATE TABLE ws_a.{target} (n SimpleAggregateFunction(sum, UInt64)) \
             ENGINE = AggregatingMergeTree ORDER BY tuple()"
        ))
        .await;
    }
    test.execute("CREATE TABLE ws_a.gate (closed UInt8) ENGINE = MergeTree ORDER BY closed")
        .await;
    test.execute(
        "CREATE MATERIALIZED VIEW ws_a.m1 TO ws_a.sums AS SELECT count() AS n FROM ws_a.t",
    )
    .await;
    test.execute(
        "CREATE MATERIALIZED VIEW ws_a.m2 TO ws_a.totals AS SELECT sum(n) AS n FROM ws_a.sums \
         WHERE throwIf((SELECT count() FROM ws_a.gate) > 0) = 0",
    )
    .await;
    let counts = "SELECT (SELECT count() FROM ws_a.t), (SELECT sum(n) FROM ws_a.sums), \
                  (SELECT sum(n) FROM ws_a.totals)";
    test.insert("gate", "1\n", "gate").await.expect("closed");
    let error = test
        .insert("t", "1\ta\n2\tb\n", "batch")
        .await
        .expect_err("closed");
    assert!(
        error.to_string().contains("while pushing to view ws_a.m2"),
        "{error}"
    );
    assert_eq!(test.admin(counts).await, "2\t2\t0");
    test.execute("TRUNCATE TABLE ws_a.gate").await;
    for _ in 0..3 {
        test.insert("t", "1\ta\n2\tb\n", "batch")
            .await
            .expect("healed");
        assert_eq!(test.admin(counts).await, "2\t2\t2");
    }
}

/// The library's streaming insert gives up on views with a scalar subquery. The other way in must
/// count rows that the first attempt has stored once, for any format and size.
#[tokio::test]
async fn a_view_with_a_scalar_subquery_takes_rows_once() {
    let test = with_table().await;
    test.execute("CREATE TABLE ws_a.sums (n UInt64) ENGINE = MergeTree ORDER BY n")
        .await;
    let view = "CREATE MATERIALIZED VIEW ws_a.m TO ws_a.sums AS \
                SELECT count() + (SELECT 0) AS n FROM ws_a.t";
    let counts = "SELECT (SELECT count() FROM ws_a.t), (SELECT sum(n) FROM ws_a.sums)";
    let rows: Bytes = (0..1_500_000)
        .map(|n| format!("{n}\tx\n"))
        .collect::<String>()
        .into();
    let mut expected = 0;
    for data in [Bytes::from_static(b"1\tx\n2\ty\n"), rows] {
        expected += data.iter().filter(|byte| **byte == b'\n').count();
        let token = format!("{expected}");
        test.execute(view).await;
        for _ in 0..2 {
            test.engine
                .insert(tsv("t", data.clone(), &token))
                .await
                .expect("stored");
            assert_eq!(test.admin(counts).await, format!("{expected}\t{expected}"));
        }
        // Without the view, rows come the usual way, and are the same rows.
        test.execute("DROP VIEW ws_a.m SYNC").await;
        test.engine
            .insert(tsv("t", data, &token))
            .await
            .expect("accepted");
        assert_eq!(test.admin(counts).await, format!("{expected}\t{expected}"));
    }
}

/// One insert is one block, however many rows it has: an error anywhere leaves nothing.
#[tokio::test]
async fn a_large_insert_is_one_block() {
    let test = with_table().await;
    let mut data: String = (0..1_200_000).map(|n| format!("{n}\tx\n")).collect();
    test.engine
        .insert(tsv("t", data.clone().into(), "large"))
        .await
        .expect("stored");
    let parts = "SELECT count(), sum(rows) FROM system.parts WHERE table = 't' AND active";
    assert_eq!(test.admin(parts).await, "1\t1200000");
    data.push_str("not a number\tx\n");
    let error = test.engine.insert(tsv("t", data.into(), "bad")).await;
    assert_eq!(code(error), 27);
    assert_eq!(test.admin(parts).await, "1\t1200000");
}

/// A batch with a few odd dates among the others touches many partitions.
#[tokio::test]
async fn an_insert_may_touch_many_partitions() {
    let test = TestEngine::start().await;
    test.execute(
        "CREATE TABLE ws_a.t (a Int64, s String) ENGINE = MergeTree PARTITION BY a ORDER BY a",
    )
    .await;
    let data: String = (0..300).map(|n| format!("{n}\tx\n")).collect();
    test.engine
        .insert(tsv("t", data.into(), "many"))
        .await
        .expect("stored");
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "300");
}

#[tokio::test]
async fn inserts_at_once_are_all_stored() {
    let test = with_table().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..32 {
        let engine = test.engine.clone();
        tasks.spawn(async move {
            let rows: String = (0..100).map(|row| format!("{row}\t{number}\n")).collect();
            engine
                .insert(tsv("t", rows.into(), &format!("b{number}")))
                .await
        });
    }
    let mut total = Summary::default();
    while let Some(done) = tasks.join_next().await {
        total.written_rows += done.expect("no panic").expect("stored").written_rows;
    }
    assert_eq!(total.written_rows, 3200);
    assert_eq!(
        test.admin("SELECT count(), uniqExact(s) FROM ws_a.t").await,
        "3200\t32"
    );
}
