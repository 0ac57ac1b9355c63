//! Definitions and rows fit each other, and rows hold no token.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::*;

fn row(record: &impl Record) -> Value {
    let mut line = Vec::new();
    record.write_row(&mut line).unwrap();
    assert!(!line.contains(&b'\n'));
    serde_json::from_slice(&line).unwrap()
}

fn noon() -> Timestamp {
    "2026-01-02T12:00:00.999Z".parse().unwrap()
}

fn call() -> PipeCall {
    let mut call = PipeCall::new(noon(), "t_1", "top");
    call.error = Some("no such column".to_owned());
    call.url = "/v0/pipes/top.json?token=SECRET&limit=1".to_owned();
    call.parameters = vec![
        ("token".to_owned(), "SECRET".to_owned()),
        ("limit".to_owned(), "1".to_owned()),
        ("Token".to_owned(), "SECRET".to_owned()),
        ("limit".to_owned(), "2".to_owned()),
    ];
    call.duration = Duration::from_millis(1500);
    call
}

fn job() -> JobState {
    JobState {
        job_id: "job".to_owned(),
        kind: "import".to_owned(),
        status: "done",
        error: None,
        workspace_id: "ws".to_owned(),
        request_id: None,
        pipe_id: None,
        datasource_id: None,
        created_at: noon(),
        started_at: None,
        updated_at: noon(),
        metadata: "{}".to_owned(),
    }
}

fn block() -> StoredBlock {
    StoredBlock {
        at: noon(),
        request_id: "01J".to_owned(),
        import_id: "01I".to_owned(),
        job_id: None,
        source: "https://host/file?token=SECRET&x=1".to_owned(),
        block_id: "b1".to_owned(),
        datasource_id: "t_2".to_owned(),
        datasource_name: "events".to_owned(),
        start_offset: 10,
        end_offset: 30,
        rows: 2,
        quarantine_rows: 1,
        processing: Duration::from_millis(250),
    }
}

#[test]
fn times_of_jobs_and_sizes_of_blocks_are_exact() {
    let row_of_job = row(&job());
    assert_eq!(row_of_job["created_at"], "2026-01-02 12:00:00.999");
    assert_eq!(row_of_job["started_at"], Value::Null);
    let row_of_block = row(&block());
    assert_eq!(row_of_block["bytes"], 20);
    assert_eq!(row_of_block["source"], "https://host/file?x=1");
}

#[test]
fn statements_that_create_the_tables() {
    for datasource in SERVICE_DATASOURCES {
        insta::assert_snapshot!(datasource.name, datasource.ddl("ws_a_tinybird"));
    }
}

#[test]
fn rows_have_the_columns_of_their_table() {
    let check = |record: &dyn Fn() -> (Value, &'static ServiceDatasource)| {
        let (row, datasource) = record();
        let fields: Vec<_> = row.as_object().unwrap().keys().cloned().collect();
        let columns: Vec<_> = datasource
            .columns
            .iter()
            .map(|column| column.name)
            .collect();
        assert_eq!(fields, columns, "{}", datasource.name);
    };
    let operation = DatasourceOperation::new(noon(), OperationType::Append, "t_2", "events");
    check(&|| (row(&call()), call().datasource()));
    check(&|| (row(&operation), operation.datasource()));
    let error = call().into_endpoint_error().unwrap();
    check(&|| (row(&error), error.datasource()));
    check(&|| (row(&job()), job().datasource()));
    check(&|| (row(&block()), block().datasource()));
}

#[test]
fn failed_call_as_a_row() {
    let row = row(&call());
    assert_eq!(row["start_datetime"], "2026-01-02 12:00:00");
    assert_eq!(row["duration"], 1.5);
    assert_eq!(row["error"], 1);
    assert_eq!(row["error_message"], "no such column");
    assert_eq!(row["url"], "/v0/pipes/top.json?limit=1");
    assert_eq!(row["parameters"].to_string(), r#"{"limit":"1"}"#);
}

#[test]
fn failed_call_as_an_endpoint_error() {
    let error = row(&call().into_endpoint_error().unwrap());
    assert_eq!(error["params"], r#"{"limit":"1"}"#);
    assert_eq!(error["url"], "/v0/pipes/top.json?limit=1");
    assert_eq!(error["error"], "no such column");
    assert_eq!(error["pipe_name"], "top");

    let mut good = call();
    good.error = None;
    assert_eq!(good.clone().into_endpoint_error(), None);
    assert_eq!(row(&good)["error"], 0);
    assert_eq!(row(&good)["error_message"], Value::Null);
}

#[test]
fn result_of_an_operation_follows_from_its_error() {
    let mut operation = DatasourceOperation::new(noon(), OperationType::AppendHfi, "t_2", "events");
    operation.options = vec![("mode".to_owned(), "append".to_owned())];
    let good = row(&operation);
    assert_eq!(
        (&good["result"], &good["error"]),
        (&"ok".into(), &Value::Null)
    );
    assert_eq!(good["event_type"], "append-hfi");
    assert_eq!(good["Options.Names"].to_string(), r#"["mode"]"#);
    assert_eq!(good["Options.Values"].to_string(), r#"["append"]"#);

    operation.error = Some("disk full".to_owned());
    let bad = row(&operation);
    assert_eq!(
        (&bad["result"], &bad["error"]),
        (&"error".into(), &"disk full".into())
    );
}

#[test]
fn long_texts_are_cut_between_characters() {
    let mut long = call();
    let text = format!("x{}", "é".repeat(10_000));
    long.error = Some(text.clone());
    long.url = text.clone();
    long.user_agent = Some(text.clone());
    long.parameters = vec![("a".to_owned(), text.clone())];
    let row = row(&long);
    for value in [
        &row["error_message"],
        &row["url"],
        &row["user_agent"],
        &row["parameters"]["a"],
    ] {
        assert_eq!(value.as_str(), text.get(..8191));
    }
}
