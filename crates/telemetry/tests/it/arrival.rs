//! Rows arrive within a second, every column reads back, and a dying engine costs none.

use std::time::Duration;

use birdhouse_telemetry::{
    DatasourceOperation, EndpointError, OperationType, PipeCall, Telemetry, ensure_tables,
};
use jiff::Timestamp;

use crate::{ask, start, wait_for_rows};

const SOON: Duration = Duration::from_secs(1);

fn text(text: &str) -> String {
    text.to_owned()
}

/// The start of every record. Not a fixed date: rows that are older than their table keeps them are not
/// stored at all.
fn now() -> Timestamp {
    Timestamp::now()
}

/// A call in which every field has a value of its own.
fn call() -> PipeCall {
    PipeCall {
        start: now(),
        pipe_id: text("t_1"),
        pipe_name: text("top"),
        token_id: text("id of the token"),
        token_name: text("reader"),
        duration: Duration::from_millis(1250),
        read_bytes: u64::MAX,
        read_rows: 11,
        cpu_time: Duration::from_millis(500),
        result_rows: 12,
        url: text("/v0/pipes/top.json?token=p.eyJ&q='%0A\"\\"),
        error: Some(text("line 1\n\n{\"a\": 'é'}\0")),
        status: 400,
        request_id: text("01J"),
        parameters: vec![
            (text("token"), text("p.eyJ")),
            (text("a'b\n\n"), text("{\"x\": [1]}")),
        ],
        method: text("GET"),
        release: text("3"),
        user_agent: Some(text("curl")),
        client_ip: Some(text("::1")),
        resource_tags: vec![text("a"), text("b,c")],
        memory_usage: 13,
    }
}

fn operation(start: Timestamp) -> DatasourceOperation {
    DatasourceOperation {
        start,
        event_type: OperationType::AppendHfi,
        datasource_id: text("t_2"),
        datasource_name: text("events"),
        elapsed: Duration::from_millis(250),
        error: Some(text("disk full")),
        options: vec![(text("mode"), text("append")), (text("a"), text("b"))],
        request_id: text("01J"),
        import_id: Some(text("01I")),
        job_id: Some(text("job")),
        rows: Some(1),
        rows_quarantine: Some(2),
        blocks_ids: vec![text("x")],
        operation_id: text("op"),
        read_rows: 3,
        read_bytes: 4,
        cpu_time: Duration::from_millis(125),
        memory_usage: 5,
        written_rows: 6,
        written_bytes: 7,
        written_rows_quarantine: 8,
        written_bytes_quarantine: 9,
        pipe_id: text("t_3"),
        pipe_name: text("copy"),
        release: text("3"),
        resource_tags: vec![text("t")],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_column_reads_back_within_a_second() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path()).await;
    let telemetry = Telemetry::start(engine.clone());
    let call = call();
    let start = call.start;
    telemetry.recorder().of("ws_a").record_pipe_call(call);
    telemetry
        .recorder()
        .of("ws_a")
        .record_operation(operation(start));
    for table in ["pipe_stats_rt", "endpoint_errors", "datasources_ops_log"] {
        wait_for_rows(&engine, table, 1, SOON).await;
        let sql = format!("SELECT * FROM ws_a_tinybird.{table}");
        let shown = ask(&engine, &sql, "PrettyJSONEachRow").await;
        assert!(!shown.contains("p.eyJ"), "{shown}");
        let start = start.strftime("%Y-%m-%d %H:%M:%S").to_string();
        insta::assert_snapshot!(table, shown.replace(&start, "[start]"));
    }
    let sql = "SELECT toUnixTimestamp(start_datetime) FROM ws_a_tinybird.pipe_stats_rt";
    let seconds = ask(&engine, sql, "TSV").await;
    assert_eq!(seconds.trim(), start.as_second().to_string());
    telemetry.stop().await;
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn optional_values_are_null() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path()).await;
    let telemetry = Telemetry::start(engine.clone());
    let recorder = telemetry.recorder().of("ws_a");
    recorder.record_pipe_call(PipeCall::new(now(), "t_1", "top"));
    let operation = DatasourceOperation::new(now(), OperationType::Truncate, "t_2", "events");
    recorder.record_operation(operation);
    recorder.record_endpoint_error(EndpointError {
        start: now(),
        request_id: text("01J"),
        pipe_id: String::new(),
        pipe_name: text("missing"),
        parameters: Vec::new(),
        url: text("/v0/pipes/missing.json"),
        status: 404,
        error: text("no such pipe"),
        resource_tags: Vec::new(),
    });
    // Stopping sends what is left, so nothing is waited for here.
    telemetry.stop().await;
    let nulls = "SELECT error_message IS NULL, user_agent IS NULL, client_ip IS NULL, error
                 FROM ws_a_tinybird.pipe_stats_rt";
    assert_eq!(ask(&engine, nulls, "TSV").await, "1\t1\t1\t0\n");
    let nulls = "SELECT rows IS NULL, error IS NULL, job_id IS NULL, result, event_type
                 FROM ws_a_tinybird.datasources_ops_log";
    assert_eq!(ask(&engine, nulls, "TSV").await, "1\t1\t1\tok\ttruncate\n");
    let errors = "SELECT pipe_name, status_code, params FROM ws_a_tinybird.endpoint_errors";
    assert_eq!(ask(&engine, errors, "TSV").await, "missing\t404\t{}\n");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_engine_loses_and_doubles_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let engine = start(dir.path()).await;
    let telemetry = Telemetry::start(engine.clone());
    let recorder = telemetry.recorder().of("ws_a");
    for round in 0..4_u64 {
        for _ in 0..50 {
            recorder.record_pipe_call(PipeCall::new(now(), "t_1", "top"));
        }
        if round == 1 {
            let pid = engine.worker_pid().unwrap().to_string();
            let killed = std::process::Command::new("kill")
                .args(["-9", &pid])
                .status();
            assert!(killed.unwrap().success());
            let limit = Duration::from_secs(20);
            assert!(engine.ready(limit).await);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    telemetry.stop().await;
    assert_eq!(recorder.dropped_rows(), 0);
    let count = ask(
        &engine,
        "SELECT count() FROM ws_a_tinybird.pipe_stats_rt",
        "TSV",
    )
    .await;
    assert_eq!(count, "200\n");
    engine.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_rows_stay_over_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    for runs in 1..=2 {
        let engine = start(dir.path()).await;
        ensure_tables(&engine, "ws_a").await.unwrap();
        let telemetry = Telemetry::start(engine.clone());
        telemetry.recorder().of("ws_a").record_pipe_call(call());
        telemetry.stop().await;
        let count = ask(
            &engine,
            "SELECT count() FROM ws_a_tinybird.pipe_stats_rt",
            "TSV",
        )
        .await;
        assert_eq!(count, format!("{runs}\n"));
        engine.stop().await;
    }
}
