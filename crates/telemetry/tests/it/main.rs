//! What is recorded arrives in the real engine, soon and unchanged.
//!
//! The worker is this test binary, started again to run `engine_worker` only.

#![cfg(test)]

mod arrival;

use std::path::Path;
use std::time::{Duration, Instant};

use birdhouse_engine::{Engine, EngineConfig, Query, WorkerCommand};

/// Is the engine worker when the supervisor starts it; in a test run there is nothing to do.
#[test]
fn engine_worker() {
    if birdhouse_engine::is_worker_process() {
        let code = birdhouse_engine::worker_main();
        panic!("the worker ended with {code:?}");
    }
}

async fn start(dir: &Path) -> Engine {
    let mut config = EngineConfig::new(dir).unwrap();
    config.worker = WorkerCommand::this_test("engine_worker").unwrap();
    let engine = Engine::start(config).await.unwrap();
    birdhouse_telemetry::ensure_tables(&engine, "ws_a")
        .await
        .unwrap();
    engine
}

/// Returns the result of a query as text.
async fn ask(engine: &Engine, sql: &str, format: &str) -> String {
    let output = engine.query(Query::admin(sql, format)).await.unwrap();
    String::from_utf8(output.body.to_vec()).unwrap()
}

/// Waits until the table has this many rows; fails after `limit`.
async fn wait_for_rows(engine: &Engine, table: &str, rows: u64, limit: Duration) {
    let sql = format!("SELECT count() FROM ws_a_tinybird.{table}");
    let began = Instant::now();
    loop {
        let found = ask(engine, &sql, "TSV").await;
        if found.trim() == rows.to_string() {
            return;
        }
        assert!(
            began.elapsed() < limit,
            "{table} has {found} of {rows} rows after {limit:?}"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
