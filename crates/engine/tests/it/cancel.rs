//! Cancellation: whoever stops waiting ends the statement and gives its connection back.

use std::time::Duration;

use birdhouse_engine::{Engine, ErrorKind, Query};

use crate::support::{TestEngine, reader, wait_until};

const ENDLESS: &str = "SELECT sum(cityHash64(number)) FROM numbers(1000000000000)";
const ENDLESS_ROWS: &str = "SELECT number FROM numbers(1000000000000)";

fn endless(sql: &str) -> Query {
    let mut query = reader(sql);
    query.limits.time = Duration::from_secs(600);
    query.limits.result_rows = 0;
    query.limits.result_bytes = 0;
    query
}

/// Returns how many statements with this text the engine runs.
async fn running(engine: &Engine, sql: &str) -> String {
    let sql = format!("SELECT count() FROM system.processes WHERE query = '{sql}'");
    let output = engine
        .query(Query::admin(sql, "TSV"))
        .await
        .expect("answered");
    String::from_utf8_lossy(&output.body).trim().to_owned()
}

/// Rules 11 and 14 for a query that has produced nothing yet.
#[tokio::test]
async fn dropping_a_query_ends_it() {
    let test = TestEngine::start_with_one_reader().await;
    let engine = test.engine.clone();
    let query = tokio::spawn(async move { engine.query(endless(ENDLESS)).await });
    wait_until(|| running(&test.engine, ENDLESS), |count| count == "1").await;
    query.abort();
    // The only reader answers again, long before the query would have ended.
    assert_eq!(test.read("SELECT 1").await, "1");
    wait_until(|| running(&test.engine, ENDLESS), |count| count == "0").await;
}

/// Rule 14 for a result that is being read.
#[tokio::test]
async fn dropping_a_stream_ends_it() {
    let test = TestEngine::start_with_one_reader().await;
    for _ in 0..3 {
        let mut stream = test
            .engine
            .query_stream(endless(ENDLESS_ROWS))
            .await
            .expect("begun");
        stream.next().await.expect("a chunk").expect("no error");
        drop(stream);
        assert_eq!(test.read("SELECT 1").await, "1");
    }
    wait_until(|| running(&test.engine, ENDLESS_ROWS), |count| count == "0").await;
}

#[tokio::test]
async fn dropping_one_query_leaves_others_of_the_same_request_alone() {
    let test = TestEngine::start().await;
    let slow = "SELECT sum(sleepEachRow(0.05)) FROM numbers(20) SETTINGS max_block_size = 1";
    let mut kept = reader(slow);
    kept.id = "request-1".into();
    let mut dropped = endless(ENDLESS);
    dropped.id = "request-1".into();
    let (engine, other) = (test.engine.clone(), test.engine.clone());
    let kept = tokio::spawn(async move { engine.query(kept).await });
    let dropped = tokio::spawn(async move { other.query(dropped).await });
    wait_until(|| running(&test.engine, ENDLESS), |count| count == "1").await;
    dropped.abort();
    wait_until(|| running(&test.engine, ENDLESS), |count| count == "0").await;
    kept.await.expect("no panic").expect("not cancelled");
}

/// Rule 11: KILL does not wait behind other statements.
#[tokio::test]
async fn a_kill_statement_passes_a_busy_admin_connection() {
    let test = TestEngine::start().await;
    let engine = test.engine.clone();
    let busy = tokio::spawn(async move { engine.query(Query::admin(ENDLESS, "TSV")).await });
    let kill = format!("KILL QUERY WHERE query = '{ENDLESS}' ASYNC");
    let ask = || async {
        let killed = tokio::time::timeout(Duration::from_secs(5), test.engine.execute(&kill));
        killed.await.expect("not behind the query").expect("killed");
        busy.is_finished()
    };
    wait_until(ask, |finished| *finished).await;
    let error = busy.await.expect("no panic").expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

/// A cancellation that comes late must not hit the next statement of the same connection.
#[tokio::test]
async fn cancelling_hits_only_what_was_dropped() {
    let test = TestEngine::start_with_one_reader().await;
    for round in 0..60_u64 {
        let engine = test.engine.clone();
        let dropped = tokio::spawn(async move { engine.query(reader("SELECT 1")).await });
        tokio::time::sleep(Duration::from_micros(round * 50)).await;
        dropped.abort();
        let sql = "SELECT sum(cityHash64(number)) > 0 FROM numbers(300000)";
        assert_eq!(test.read(sql).await, "1", "round {round}");
    }
}
