//! Queries: in every body, formatted and looked at, and what is kept about them by day.

use serde_json::json;

use super::server;
use crate::harness::Scratch;

#[test]
fn queries_are_formatted_and_looked_at() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let formatted = admin
        .get("/v0/sql_format?q=select%201,%20'a'")
        .expect(200)
        .json();
    assert_eq!(formatted["q"], "SELECT\n    1,\n    'a'");
    admin.get("/v0/sql_format?q=selec").expect(400).error();
    let body = "q=SELECT+*+FROM+events+JOIN+tinybird.pipe_stats+USING+x&raising=true";
    let tables = admin.post("/v0/sql_tables", body).expect(200).json();
    assert_eq!(
        tables["tables"],
        json!([["", "events", ""], ["tinybird", "pipe_stats", ""]])
    );
    admin
        .post("/v0/sql_tables", "q=SELEC&raising=true")
        .expect(400)
        .error();
    let none = admin
        .post("/v0/sql_tables", "q=SELEC&raising=false")
        .expect(200)
        .json();
    assert_eq!(none["tables"], json!([]));
    let body = "q=SELECT+count()+AS+n+FROM+events&replacements={\"events\":\"copied\"}";
    let replaced = admin.post("/v0/sql_replace", body).expect(200).json();
    let query = replaced["query"].as_str().unwrap();
    assert_eq!(admin.sql(query), [json!({"n": 0})]);
    assert!(query.contains("`copied`"), "{query}");
}

/// Every body that a client sends a query in, and what the command line tool asks for logs.
#[test]
fn queries_in_every_body() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let one = [json!({"x": 1})];
    for (content_type, body) in [
        (None, "SELECT 1 AS x"),
        (Some("text/plain"), "SELECT 1 AS x"),
        (Some("application/x-www-form-urlencoded"), "SELECT 1 AS x"),
        (Some("application/x-www-form-urlencoded"), "q=SELECT+1+AS+x"),
        (Some("application/json"), r#"{"q": "SELECT 1 AS x"}"#),
        (
            Some("application/json"),
            r#"{"q": "% SELECT {{Int8(n)}} AS x", "n": 1}"#,
        ),
        (
            Some("application/x-www-form-urlencoded"),
            "q=%25+SELECT+{{Int8(n)}}+AS+x&n=1",
        ),
    ] {
        let mut call = admin.call("POST", "/v0/sql?release_replacements=true");
        if let Some(content_type) = content_type {
            call = call.header("content-type", content_type);
        }
        assert_eq!(
            call.body(body).send().ok().rows(),
            one,
            "{content_type:?} {body}"
        );
    }
    let wrapped = "/v0/sql?q=SELECT+*+FROM+(select+1+AS+x)+LIMIT+100+FORMAT+JSON&cli_version=5.0.2&cli_version=5.0.2";
    assert_eq!(admin.get(wrapped).ok().rows(), one);
    let node = admin
        .get("/v0/sql?q=SELECT+count()+AS+x+FROM+filtered&pipeline=top")
        .ok()
        .rows();
    assert_eq!(node, [json!({"x": 0})]);
    let last = admin
        .get("/v0/sql?q=SELECT+count()+AS+x+FROM+_&pipeline=top")
        .ok()
        .rows();
    assert_eq!(last, [json!({"x": 0})]);
    let part = |table: &str| {
        format!(
            "SELECT '{table}' AS source, formatRowNoNewline('JSONEachRow', *) AS row FROM tinybird.{table}"
        )
    };
    let tables = [
        "datasources_ops_log",
        "pipe_stats_rt",
        "jobs_log",
        "block_log",
        "endpoint_errors",
        "kafka_ops_log",
        "sinks_ops_log",
        "llm_usage",
        "pipe_stats",
        "datasources_ops_stats",
        "datasources_storage",
    ];
    let union: Vec<String> = tables.iter().map(|table| part(table)).collect();
    let all = format!("SELECT * FROM ({}) LIMIT 100", union.join(" UNION ALL "));
    admin.query(&all).expect(200);
}

/// The daily service data sources are filled from the logs as they are written.
#[test]
fn calls_and_operations_are_added_up_by_day() {
    let scratch = Scratch::new();
    let server = server(&scratch);
    let admin = server.admin();
    let id = admin.get("/v0/pipes/top").json()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for _ in 0..3 {
        server.named("reader").get("/v0/pipes/top.json").expect(200);
    }
    server
        .named("reader")
        .get("/v0/pipes/top.json?limit=x")
        .expect(400);
    admin
        .append("events", "{\"ts\":\"2026-01-01 00:00:00\",\"n\":1}")
        .ok();
    // As `tb endpoint stats` asks.
    let stats = format!(
        "SELECT sum(view_count) AS calls, sum(error_count) AS errors, \
         avgMerge(avg_duration_state) > 0 AS took, \
         length(quantilesTimingMerge(0.9, 0.95, 0.99)(quantile_timing_state)) AS quantiles \
         FROM tinybird.pipe_stats WHERE pipe_id = '{id}' AND date >= today() - 1"
    );
    let expected = json!({"calls": 4, "errors": 1, "took": 1, "quantiles": 3});
    crate::harness::wait_until(
        "calls are added up",
        std::time::Duration::from_secs(10),
        || {
            let rows = admin.sql(&stats);
            if rows == [expected.clone()] {
                Ok(())
            } else {
                Err(format!("{rows:?}"))
            }
        },
    );
    let operations = "SELECT sum(executions) AS n, sum(written_rows) AS rows \
        FROM tinybird.datasources_ops_stats WHERE datasource_name = 'events'";
    crate::harness::wait_until(
        "operations are added up",
        std::time::Duration::from_secs(10),
        || {
            let rows = admin.sql(operations);
            if rows[0]["n"] == 1 {
                Ok(())
            } else {
                Err(format!("{rows:?}"))
            }
        },
    );
}
