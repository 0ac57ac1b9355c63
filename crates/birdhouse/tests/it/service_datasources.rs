//! Every call and every append shows up in the service data sources, soon and right.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{
    ADMIN_TOKEN, Answer, Client, Scratch, Server, ago, encode, example, wait_until,
};

/// How long it may take in this test; promised is a second, with a machine to oneself.
const ARRIVAL_MAX: Duration = Duration::from_secs(2);

#[test]
fn calls_and_appends_are_recorded_within_a_second() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    columns_are_the_published_ones(&server.admin());
    let appends = appends(&server);
    let calls = calls(&server);
    let failures = failures(&server);
    only_service_reads_are_not_recorded(&server, &[&appends, &calls, &failures].map(Vec::len));
    server.stop();

    // What was recorded is there after a restart as well.
    let server = Server::start(&scratch, &example());
    let admin = server.admin();
    for id in appends {
        assert_ne!(count(&admin, "datasources_ops_log", &id), 0, "{id} is gone");
    }
    for id in calls.iter().chain(&failures) {
        assert_eq!(
            count(&admin, "pipe_stats_rt", id),
            1,
            "{id} is gone or doubled"
        );
    }
    server.stop();
}

fn count(admin: &Client, table: &str, request_id: &str) -> u64 {
    let sql = format!("SELECT count() FROM tinybird.{table} WHERE request_id = '{request_id}'");
    admin.value(&sql).as_u64().unwrap()
}

/// Waits for the rows of a request in a service data source and returns them.
#[track_caller]
fn recorded(admin: &Client, table: &str, answer: &Answer, rows: usize) -> Vec<Value> {
    let answered = Instant::now();
    let id = answer.header("x-request-id").unwrap();
    let sql = format!("SELECT * FROM tinybird.{table} WHERE request_id = '{id}' ORDER BY ALL");
    let found = wait_until(
        &format!("{table} has the request {id}"),
        ARRIVAL_MAX,
        || {
            let found = admin.sql(&sql);
            if found.len() >= rows {
                Ok(found)
            } else {
                Err(format!("{} of {rows} rows", found.len()))
            }
        },
    );
    let delay = answered.elapsed();
    assert_eq!(found.len(), rows, "after {delay:?}: {found:?}");
    assert!(delay < ARRIVAL_MAX, "{table} had it only after {delay:?}");
    found
}

fn id(answer: &Answer) -> String {
    answer.header("x-request-id").unwrap()
}

/// Compares some members of a row.
#[track_caller]
fn has(row: &Value, expected: &Value) {
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&row[name], value, "{name} of {row}");
    }
}

fn columns_are_the_published_ones(admin: &Client) {
    let columns = |table: &str| -> String {
        let answer = admin
            .query(&format!("SELECT * FROM tinybird.{table} LIMIT 0"))
            .ok()
            .json();
        let meta = answer["meta"].as_array().unwrap();
        let column = |c: &Value| {
            format!(
                "{} {}",
                c["name"].as_str().unwrap(),
                c["type"].as_str().unwrap()
            )
        };
        meta.iter().map(column).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(
        columns("pipe_stats_rt"),
        "start_datetime DateTime, pipe_id String, pipe_name String, token String, token_name String, \
         duration Float32, read_bytes UInt64, read_rows UInt64, cpu_time Float32, result_rows UInt64, \
         url Nullable(String), error UInt8, error_message Nullable(String), status_code Int32, \
         request_id String, parameters Map(String, String), method String, release String, \
         user_agent Nullable(String), client_ip Nullable(String), resource_tags Array(String), \
         memory_usage UInt64, replica String"
    );
    assert_eq!(
        columns("datasources_ops_log"),
        "timestamp DateTime, event_type String, datasource_id String, datasource_name String, \
         result String, elapsed_time Float32, error Nullable(String), Options.Names Array(String), \
         Options.Values Array(String), request_id String, import_id Nullable(String), \
         job_id Nullable(String), rows Nullable(UInt64), rows_quarantine Nullable(UInt64), \
         blocks_ids Array(String), operation_id String, read_rows UInt64, read_bytes UInt64, \
         cpu_time Float32, memory_usage UInt64, written_rows UInt64, written_bytes UInt64, \
         written_rows_quarantine UInt64, written_bytes_quarantine UInt64, pipe_id String, \
         pipe_name String, release String, resource_tags Array(String)"
    );
    assert_eq!(
        columns("endpoint_errors"),
        "start_datetime DateTime, request_id String, pipe_id String, pipe_name String, \
         params Nullable(String), url Nullable(String), status_code Nullable(Int32), \
         error Nullable(String), resource_tags Array(String)"
    );
}

/// Appends in several ways and returns the ids of the requests.
fn appends(server: &Server) -> Vec<String> {
    let admin = server.admin();
    let backend = server.named("app_append_token");
    let sale = |n: usize| {
        format!(
            r#"{{"timestamp":"{}","event":"sale","product":"p{n}"}}"#,
            ago(60)
        )
    };
    let body = format!(
        "{}\n{}\n{}\n{{\"timestamp\":\"soon\"}}\n",
        sale(1),
        sale(2),
        sale(2)
    );
    let path = format!(
        "/v0/events?name=ecomm_events&wait=true&token={}",
        encode(ADMIN_TOKEN)
    );
    let events = backend.post(path, body).expect(200);
    // One row for the data source, one for the materialized view behind it.
    let rows = recorded(&admin, "datasources_ops_log", &events, 2);
    let landing = rows.iter().find(|row| row["pipe_name"] == "").unwrap();
    has(
        landing,
        &json!({"event_type": "append-hfi", "datasource_name": "ecomm_events", "result": "ok", "error": null,
                "rows": 3, "rows_quarantine": 1, "import_id": null, "pipe_id": "", "written_rows_quarantine": 1}),
    );
    assert!(landing["written_rows"].as_u64().unwrap() >= 3, "{landing}");
    assert!(landing["written_bytes"].as_u64().unwrap() > 0, "{landing}");
    assert!(landing["elapsed_time"].as_f64().unwrap() > 0.0, "{landing}");
    assert!(
        landing["datasource_id"].as_str().unwrap().starts_with("t_"),
        "{landing}"
    );
    let view = rows
        .iter()
        .find(|row| row["pipe_name"] == "mat_stock_sales")
        .unwrap();
    has(
        view,
        &json!({"event_type": "append", "datasource_name": "mv_latest_availability", "result": "ok",
                "read_rows": 3, "operation_id": landing["operation_id"]}),
    );
    assert!(
        view["pipe_id"].as_str().unwrap().starts_with("t_"),
        "{view}"
    );

    let csv = "category,id,name,photo,price\nhome,mug,Mug,/a.svg,1\nhome,mug,Mug,/a.svg,cheap\n";
    let upload = admin
        .post("/v0/datasources?mode=append&name=products&format=csv", csv)
        .expect(200);
    let rows = recorded(&admin, "datasources_ops_log", &upload, 1);
    has(
        &rows[0],
        &json!({"event_type": "append", "datasource_name": "products", "result": "ok", "rows": 1,
                "rows_quarantine": 1, "import_id": upload.json()["import_id"], "pipe_name": ""}),
    );

    let failed = backend.append("ecomm_events", "nothing good").expect(400);
    let rows = recorded(&admin, "datasources_ops_log", &failed, 1);
    for row in &rows {
        has(row, &json!({"result": "error", "error": failed.error()}));
    }
    vec![id(&events), id(&upload), id(&failed)]
}

/// Calls that work; returns the ids of the requests.
fn calls(server: &Server) -> Vec<String> {
    let admin = server.admin();
    let value = server.token("app_read_token");
    let browser = server.client(&value);
    let path = "/v0/pipes/api_product_grid.json?show_oos=1&category=home";
    let called = server
        .anonymous()
        .call(
            "GET",
            format!("{path}&token={}&from=test&cli_version=1", encode(&value)),
        )
        .header("user-agent", "birdhouse-tests/1")
        .send()
        .expect(200);
    let rows = recorded(&admin, "pipe_stats_rt", &called, 1);
    has(
        &rows[0],
        &json!({"pipe_name": "api_product_grid", "token_name": "app_read_token", "error": 0, "error_message": null,
                "status_code": 200, "method": "GET", "result_rows": 1, "user_agent": "birdhouse-tests/1",
                "url": format!("{path}&from=test&cli_version=1")}),
    );
    let parameters = &rows[0]["parameters"];
    assert_eq!(
        (&parameters["category"], &parameters["show_oos"]),
        (&json!("home"), &json!("1")),
        "{parameters}"
    );
    assert_eq!(parameters.get("token"), None, "{parameters}");
    assert!(
        rows[0]["pipe_id"].as_str().unwrap().starts_with("t_"),
        "{rows:?}"
    );
    let statistics = &called.json()["statistics"];
    assert_eq!(rows[0]["read_rows"], statistics["rows_read"], "{rows:?}");
    assert_eq!(rows[0]["read_bytes"], statistics["bytes_read"], "{rows:?}");
    assert!(
        (0.0001..10.0).contains(&rows[0]["duration"].as_f64().unwrap()),
        "{rows:?}"
    );

    let posted = browser
        .post("/v0/pipes/api_ui_filters.ndjson", "filter=value")
        .expect(200);
    let rows = recorded(&admin, "pipe_stats_rt", &posted, 1);
    has(
        &rows[0],
        &json!({"method": "POST", "result_rows": 3, "parameters": {"filter": "value"}}),
    );

    let query = admin.query("SELECT count() FROM products");
    let rows = recorded(&admin, "pipe_stats_rt", &query, 1);
    has(
        &rows[0],
        &json!({"pipe_id": "query_api", "pipe_name": "query_api", "status_code": 200, "result_rows": 1,
                "parameters": {"q": "SELECT count() FROM products"}}),
    );
    vec![id(&called), id(&posted), id(&query)]
}

/// Calls that fail; returns the ids of the requests.
fn failures(server: &Server) -> Vec<String> {
    let admin = server.admin();
    let value = server.token("app_read_token");
    let path = "/v0/pipes/api_ui_filters.json?filter=colour";
    let refused = server
        .anonymous()
        .get(format!("{path}&token={}", encode(&value)))
        .expect(400);
    let rows = recorded(&admin, "pipe_stats_rt", &refused, 1);
    has(
        &rows[0],
        &json!({"pipe_name": "api_ui_filters", "error": 1, "error_message": refused.error(), "status_code": 400,
                "result_rows": 0, "url": path}),
    );
    let rows = recorded(&admin, "endpoint_errors", &refused, 1);
    has(
        &rows[0],
        &json!({"pipe_name": "api_ui_filters", "status_code": 400, "error": refused.error(), "url": path,
                "params": r#"{"filter":"colour"}"#}),
    );

    let unknown = admin
        .query("SELECT no_such_column FROM products")
        .expect(400);
    let rows = recorded(&admin, "endpoint_errors", &unknown, 1);
    has(
        &rows[0],
        &json!({"pipe_name": "query_api", "status_code": 400, "error": unknown.error()}),
    );

    let format = admin.get("/v0/pipes/api_product_grid.xml").expect(400);
    recorded(&admin, "endpoint_errors", &format, 1);

    // Calls that reach no pipe are errors of endpoints, but no calls of a pipe.
    let missing = admin.get("/v0/pipes/nothing.json").expect(404);
    let rows = recorded(&admin, "endpoint_errors", &missing, 1);
    has(
        &rows[0],
        &json!({"pipe_id": "", "pipe_name": "nothing", "status_code": 404, "error": missing.error()}),
    );
    let append = server.token("app_append_token");
    let path = format!("/v0/pipes/api_product_grid.json?token={}", encode(&append));
    let forbidden = server.anonymous().get(path).expect(403);
    let rows = recorded(&admin, "endpoint_errors", &forbidden, 1);
    has(
        &rows[0],
        &json!({"pipe_name": "api_product_grid", "status_code": 403, "url": "/v0/pipes/api_product_grid.json"}),
    );
    vec![id(&refused), id(&unknown), id(&format)]
}

/// The monitoring does not count itself.
fn only_service_reads_are_not_recorded(server: &Server, requests: &[usize]) {
    let admin = server.admin();
    let calls = admin
        .value("SELECT count() FROM tinybird.pipe_stats_rt")
        .as_u64()
        .unwrap();
    let expected = requests[1] + requests[2];
    assert_eq!(
        usize::try_from(calls).unwrap(),
        expected,
        "a read of tinybird.* was recorded"
    );
}
