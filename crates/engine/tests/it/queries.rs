//! Queries: results, parameters, limits, one statement at a time, streams and documents.

use birdhouse_engine::{EngineError, ErrorKind, Query};

use crate::support::{TestEngine, code, reader, refused, text};

const SYNTAX_ERROR: i32 = 62;
const READONLY: i32 = 164;

/// Fails after it has produced a good part of its result.
const FAILS_LATE: &str = "SELECT number, throwIf(number = 300000) FROM numbers(1000000)";

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
}

#[tokio::test]
async fn parameters_are_values_and_never_text() {
    let test = TestEngine::start().await;
    let mut query = reader("SELECT {s:String}, {n:UInt8} + 1, {t:Identifier} FROM (SELECT 7 AS x)");
    query.parameters = [("s", r"it's '; DROP\n\\"), ("n", "41"), ("t", "x")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec();
    let mut streamed = test
        .engine
        .query_stream(query.clone())
        .await
        .expect("begun");
    let chunk = streamed.next().await.expect("a chunk").expect("no error");
    assert_eq!(chunk, "it\\'s \\'; DROP\\n\\\\\t42\t7\n");
    assert_eq!(
        text(test.engine.query(query).await),
        "it\\'s \\'; DROP\\n\\\\\t42\t7"
    );
}

/// Rule 2: the engine keeps the output that came before an error for the next result.
#[tokio::test]
async fn nothing_of_a_failed_query_reaches_the_next_one() {
    let test = TestEngine::start_with_one_reader().await;
    for format in ["TSV", "JSON"] {
        let mut query = reader(FAILS_LATE);
        format.clone_into(&mut query.format);
        assert_eq!(code(test.engine.query(query.clone()).await), 395);
        assert_eq!(test.read("SELECT 1").await, "1");
        query.role = birdhouse_engine::Role::Admin;
        assert_eq!(code(test.engine.query(query).await), 395);
        assert_eq!(test.admin("SELECT 2").await, "2");
    }
}

/// Rule 3: one statement, and for readers only a SELECT, in both forms of delivery.
#[tokio::test]
async fn a_reader_runs_one_select_and_nothing_else() {
    let test = TestEngine::start().await;
    test.execute("CREATE TABLE ws_a.t (a Int8) ENGINE = MergeTree ORDER BY a")
        .await;
    let engine = &test.engine;
    for sql in [
        "SELECT 1; DROP TABLE t",
        "SELECT 1; SELECT 2",
        "",
        "SELECT 1 FROM",
        "DROP TABLE t; nonsense (",
    ] {
        assert_eq!(refused(engine, reader(sql)).await, SYNTAX_ERROR, "{sql}");
    }
    let outside = test.directory.path().join("outside.csv");
    let outfile = format!("SELECT 1 INTO OUTFILE '{}'", outside.display());
    for sql in [
        "DROP TABLE t",
        "INSERT INTO t SELECT 1",
        "INSERT INTO t VALUES (1)",
        "SET max_threads = 1",
        "SET ROLE admin",
        "USE system",
        "KILL QUERY WHERE 1 ASYNC",
        "SYSTEM FLUSH LOGS",
        "CREATE TEMPORARY TABLE x (a Int8)",
        outfile.as_str(),
    ] {
        assert_eq!(refused(engine, reader(sql)).await, READONLY, "{sql}");
    }
    assert!(!outside.exists());
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "0");
}

#[tokio::test]
async fn an_admin_text_is_one_statement_too() {
    let test = TestEngine::start().await;
    test.execute("CREATE TABLE ws_a.t (a Int8) ENGINE = MergeTree ORDER BY a")
        .await;
    let error = test.engine.execute("SELECT 1; DROP TABLE ws_a.t").await;
    assert_eq!(code(error), SYNTAX_ERROR);
    let error = test.engine.execute("DROP TABLE ws_a.t; nonsense (").await;
    assert_eq!(code(error), SYNTAX_ERROR);
    assert_eq!(test.admin("SELECT count() FROM ws_a.t").await, "0");
}

/// Rule 4: each chunk of the engine is a document of its own, so documents come in one piece.
#[tokio::test]
async fn a_streamed_document_is_one_document() {
    let test = TestEngine::start().await;
    let mut query = reader("SELECT number AS n FROM numbers(200000)");
    query.format = "JSON".into();
    let mut stream = test.engine.query_stream(query).await.expect("begun");
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk.expect("no error"));
    }
    let json: serde_json::Value = serde_json::from_slice(&body).expect("one JSON document");
    assert_eq!(json["rows"], 200_000);
    assert_eq!(json["data"].as_array().map(Vec::len), Some(200_000));
}

#[tokio::test]
async fn a_streamed_result_comes_in_chunks_and_is_whole() {
    let test = TestEngine::start().await;
    let query = reader("SELECT number FROM numbers(1000000)");
    let mut stream = test.engine.query_stream(query).await.expect("begun");
    let mut body = Vec::new();
    let mut chunk_count = 0;
    while let Some(chunk) = stream.next().await {
        chunk_count += 1;
        body.extend_from_slice(&chunk.expect("no error"));
    }
    assert!(chunk_count > 5, "{chunk_count} chunks");
    let expected: String = (0..1_000_000).map(|n| format!("{n}\n")).collect();
    assert!(body == expected.as_bytes(), "the rows differ");
    assert_eq!(stream.summary().expect("ended").result_rows, 1_000_000);
}

/// The library's streaming insert cannot run scalar subqueries; its streaming query must.
#[tokio::test]
async fn a_streamed_query_may_have_subqueries() {
    let test = TestEngine::start().await;
    let sql =
        "WITH (SELECT max(number) FROM numbers(10)) AS m SELECT m, (SELECT 1), 2 IN (SELECT 2)";
    let mut stream = test.engine.query_stream(reader(sql)).await.expect("begun");
    assert_eq!(
        stream.next().await.expect("a chunk").expect("no error"),
        "9\t1\t1\n"
    );
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_stream_that_fails_late_ends_with_the_error() {
    let test = TestEngine::start_with_one_reader().await;
    let mut stream = test
        .engine
        .query_stream(reader(FAILS_LATE))
        .await
        .expect("begun");
    let mut last = None;
    let mut chunk_count = 0;
    while let Some(chunk) = stream.next().await {
        chunk_count += usize::from(chunk.is_ok());
        last = Some(chunk);
    }
    assert!(chunk_count > 0);
    assert_eq!(code(last.expect("something")), 395);
    assert_eq!(test.read("SELECT 1").await, "1");
}

/// Rule 5: no result grows without a limit, whatever the request says.
#[tokio::test]
async fn results_are_bounded() {
    let test = TestEngine::start().await;
    let mut query = reader("SELECT number FROM numbers(1000)");
    query.limits.result_rows = 999;
    let error = test
        .engine
        .query(query.clone())
        .await
        .expect_err("too many rows");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    query.limits.result_rows = 1000;
    query.limits.result_bytes = 4000;
    let error = test.engine.query(query).await.expect_err("too many bytes");
    assert_eq!(error.kind(), ErrorKind::TooLarge);

    let mut unlimited = reader("SELECT 1 FROM numbers(40000000)");
    unlimited.format = "Null".into();
    unlimited.limits.result_rows = 0;
    unlimited.limits.result_bytes = 0;
    let error = test
        .engine
        .query(unlimited)
        .await
        .expect_err("bounded all the same");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
}

#[tokio::test]
async fn memory_and_time_are_bounded() {
    let test = TestEngine::start().await;
    let mut query = reader("SELECT length(groupArray(number)) FROM numbers(100000000)");
    query.limits.memory_bytes = 50 << 20;
    let error = test.engine.query(query).await.expect_err("too much memory");
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let mut query = reader("SELECT sum(cityHash64(number)) FROM numbers(1000000000000)");
    query.limits.time = std::time::Duration::from_millis(200);
    let error = test.engine.query(query).await.expect_err("too long");
    assert_eq!(error.kind(), ErrorKind::Timeout);
}

#[tokio::test]
async fn state_of_one_request_does_not_reach_the_next() {
    let test = TestEngine::start_with_one_reader().await;
    let setting =
        "SELECT getSetting('join_use_nulls'), getSetting('max_threads'), currentDatabase()";
    let mut query = reader(setting);
    query.settings = vec![("join_use_nulls".into(), "1".into())];
    query.limits.threads = 1;
    assert_eq!(text(test.engine.query(query).await), "true\t1\tws_a");
    assert_eq!(test.read(setting).await, "false\t2\tws_a");
    let mut query = reader("SELECT currentDatabase()");
    query.database = None;
    assert_eq!(text(test.engine.query(query).await), "default");
    assert_eq!(
        test.read("SELECT currentDatabase(), timezone()").await,
        "ws_a\tUTC"
    );
}

#[tokio::test]
async fn settings_that_are_not_listed_are_refused() {
    let test = TestEngine::start().await;
    for name in ["readonly", "allow_ddl", "max_query_size", "format_schema"] {
        let mut query = reader("SELECT 1");
        query.settings = vec![(name.into(), "1".into())];
        assert_eq!(code(test.engine.query(query).await), 115, "{name}");
    }
}

#[tokio::test]
async fn errors_say_what_and_of_which_kind() {
    let test = TestEngine::start().await;
    let error = test
        .engine
        .query(reader("SELECT * FROM nothing"))
        .await
        .expect_err("no table");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let EngineError::Exception {
        code,
        name,
        message,
    } = error
    else {
        panic!("{error:?}");
    };
    assert_eq!((code, name.as_str()), (60, "UNKNOWN_TABLE"));
    assert!(
        message.starts_with("Unknown table expression identifier 'nothing'"),
        "{message}"
    );
    let error = test
        .engine
        .query(reader("SELECT x"))
        .await
        .expect_err("no column");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn many_queries_at_once_get_their_own_answers() {
    let test = TestEngine::start().await;
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..64 {
        let engine = test.engine.clone();
        tasks.spawn(async move {
            if number % 4 == 0 {
                assert_eq!(code(engine.query(reader(FAILS_LATE)).await), 395);
            } else {
                let sql = format!("SELECT {number} FROM numbers(3)");
                let expected = format!("{number}\n{number}\n{number}");
                assert_eq!(text(engine.query(reader(&sql)).await), expected);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.expect("its own answer");
    }
}
