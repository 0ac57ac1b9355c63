//! Queries: results, parameters, limits, one statement at a time, streams and documents.

use birdhouse_engine::{ErrorKind, Query};

use crate::support::{TestEngine, code, reader, text};

const SYNTAX_ERROR: i32 = 62;
const READONLY: i32 = 164;

#[tokio::test]
async fn a_result_comes_with_its_summary() {
    let test = TestEngine::start().await;
    test.execute("CREATE TABLE ws_a.t (a Int64) ENGINE = MergeTree ORDER BY a")
        .await;
    test.insert("t", "1\n2\n3\n", "t1").await.expect("stored");
    let query = Query::reader("SELECT a FROM t WHERE a > 1 ORDER BY a", "ws_a", "JSON");
    let output = test.engine.query(query).await.expect("answered");
    let json: serde_json::Value = serde_json::from_slice(&output.body).expect("JSON");
    assert_eq!(json["data"], serde_json::json!([{"a": 2}, {"a": 3}]));
    assert_eq!(output.summary.read_rows, 3);
    assert_eq!(output.summary.result_rows, 2);
    assert!(output.summary.elapsed_ns > 0);
    test.engine.stop().await;
}
