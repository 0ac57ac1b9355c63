//! `organization.*`, over all workspaces of the server, and what data sources hold.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Client, Scratch, Server, project, wait_until};

const PROJECT: &str = "\
--- datasources/events.datasource
SCHEMA >
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
";

/// How long it may take until what happened can be read.
const LOG_TIME_MAX: Duration = Duration::from_secs(20);

fn rows(client: &Client, sql: &str) -> Value {
    client.query(sql).expect(200).json()["data"].clone()
}

#[test]
fn logs_of_all_workspaces_for_the_owner_only() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let account = server.client(&server.local_token("admin_token"));
    let user = server.client(&server.local_token("user_token"));
    let other = user.post("/v1/workspaces", "name=other").expect(200).json();
    let (admin, foreign) = (
        server.admin(),
        server.client(other["token"].as_str().unwrap()),
    );
    admin.query("SELECT 1 AS here").expect(200);
    foreign.query("SELECT 1 AS there").expect(200);

    let refused = admin.call("POST", "/v0/tokens?name=logs&scope=ORG_DATASOURCES:READ");
    let refused = refused.send().expect(403).error();
    assert!(refused.contains("admin token of the account"), "{refused}");
    let made = account.call("POST", "/v0/tokens?name=logs&scope=ORG_DATASOURCES:READ");
    let made = made.send().expect(200).json();
    let logs = server.client(made["token"].as_str().unwrap());
    let names = "SELECT name FROM organization.workspaces ORDER BY created_at";
    assert_eq!(
        rows(&logs, names),
        json!([{"name": "Tinybird_Local_Testing"}, {"name": "other"}])
    );
    let calls = "SELECT w.name AS workspace, parameters['q'] AS q \
                 FROM organization.pipe_stats_rt AS p \
                 JOIN organization.workspaces AS w USING (workspace_id) ORDER BY workspace";
    for client in [&account, &logs] {
        wait_until("the calls are in the log", LOG_TIME_MAX, || {
            let found = rows(client, calls);
            let expected = json!([
                {"workspace": "Tinybird_Local_Testing", "q": "SELECT 1 AS here"},
                {"workspace": "other", "q": "SELECT 1 AS there"},
            ]);
            (found == expected).then_some(()).ok_or(found.to_string())
        });
    }
    // All that have a twin can be read, with the workspace first; nothing else, by nobody else.
    for name in [
        "pipe_stats",
        "datasources_ops_log",
        "datasources_ops_stats",
        "endpoint_errors",
        "jobs_log",
        "datasources_storage",
        "kafka_ops_log",
        "sinks_ops_log",
        "llm_usage",
        "block_log",
    ] {
        let sql = format!("SELECT * FROM organization.{name} WHERE workspace_id = ''");
        assert_eq!(rows(&logs, &sql), json!([]), "{name}");
        for client in [&admin, &foreign] {
            client.query(&sql).expect(403).error();
        }
    }
    logs.query("SELECT * FROM organization.none")
        .expect(404)
        .error();
    logs.query("SELECT * FROM events").expect(403).error();
    logs.query("SELECT * FROM tinybird.pipe_stats_rt")
        .expect(403)
        .error();
}

#[test]
fn storage_is_what_the_tables_hold() {
    let scratch = Scratch::new();
    let files = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &files);
    let sent = "{\"n\":1}\n{\"n\":2}\n{\"n\":\"many\"}\n";
    server
        .admin()
        .post("/v0/events?name=events&wait=true", sent)
        .expect(200);
    server.stop();
    // What there is is noted at the start.
    let server = Server::start(&scratch, &files);
    let admin = server.admin();
    let held = "SELECT datasource_name, timestamp = toStartOfDay(now()) AS today, \
                max(rows) AS rows, max(rows_quarantine) AS quarantined, max(bytes) > 0 AS has_bytes \
                FROM tinybird.datasources_storage GROUP BY ALL";
    wait_until("the storage is noted", LOG_TIME_MAX, || {
        let found = rows(&admin, held);
        let expected = json!([{
            "datasource_name": "events", "today": 1, "rows": 2, "quarantined": 1, "has_bytes": 1,
        }]);
        (found == expected).then_some(()).ok_or(found.to_string())
    });
    server.stop();
}
