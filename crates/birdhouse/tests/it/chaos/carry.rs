//! A data source that is stuck keeps nobody else from appending, and loses nothing.

use birdhouse_journal::KILL_POINT_VARIABLE;
use serde_json::Value;

use super::ledger::number;
use super::{LIMIT, PROJECT, SMALL_AND_BUSY, wait_stored};
use crate::harness::{Client, Scratch, Server, project, wait_until};

/// What the journal may hold.
const JOURNAL_BYTES_MAX: (&str, &str) = ("BIRDHOUSE_JOURNAL_BYTES_MAX", "8388608");

/// Bytes that are appended to another data source: more than the journal holds, several times.
const FLOOD_BYTES: usize = 24 << 20;

/// Starts a server that dies at a kill point; none when it has died already.
fn start(scratch: &Scratch, kill_point: Option<&str>) -> Option<Server> {
    let root = match scratch.path("project").is_dir() {
        true => scratch.path("project"),
        false => project(scratch, "project", PROJECT),
    };
    let mut environment = SMALL_AND_BUSY.to_vec();
    environment.push(JOURNAL_BYTES_MAX);
    environment.extend(kill_point.map(|point| (KILL_POINT_VARIABLE, point)));
    match Server::try_start_with(scratch, &root, &environment) {
        Ok(server) => Some(server),
        Err(ended) => {
            // By a signal, not by an error.
            assert!(kill_point.is_some() && ended.code == -1, "{ended:#?}");
            None
        }
    }
}

fn unlucky(admin: &Client) -> Value {
    let status = admin.get("/v0/ingestion").ok().json();
    let sources = status["datasources"].as_array().unwrap().iter();
    let mut sources = sources.filter(|source| source["name"] == "unlucky");
    sources.next().cloned().unwrap_or_default()
}

/// Appends three rows of which the first fails, each in a request of its own.
fn get_stuck(admin: &Client) {
    for n in [13, 1, 2] {
        let body = format!("{{\"n\":{n}}}");
        admin.post("/v0/events?name=unlucky", body).expect(202);
        wait_until("the view fails", LIMIT, || {
            let source = unlucky(admin);
            match source["trouble"]["is_view"] == true {
                true => Ok(()),
                false => Err(source.to_string()),
            }
        });
    }
}

/// Appends to another data source until the server dies or enough has been taken. Returns how many
/// rows were acknowledged.
fn flood(admin: &Client) -> Option<u64> {
    let row = "{\"ts\":\"2026-01-01 00:00:00\",\"writer\":1,\"request\":1,\"id\":1,\"amount\":5,\"note\":\"some text that makes it longer\"}\n";
    let rows = 10_000;
    let body = row.repeat(rows);
    let mut acknowledged = 0;
    for _ in 0..FLOOD_BYTES / body.len() {
        // For a moment the journal may be full of rows that are being stored.
        let taken = wait_until("rows are taken", LIMIT, || {
            let call = admin.call("POST", "/v0/events?name=sales");
            match call.body(body.clone()).try_send(LIMIT) {
                Ok(answer) if answer.status == 503 => Err(answer.text()),
                Ok(answer) => {
                    answer.expect(202);
                    Ok(true)
                }
                Err(_) => Ok(false),
            }
        });
        if !taken {
            return None;
        }
        acknowledged += rows as u64;
    }
    Some(acknowledged)
}

/// Appends rows until the stuck data source has its share of the journal; returns how many.
fn fill_share(admin: &Client) -> i64 {
    let (requests, rows) = (5, 60_000);
    for _ in 0..requests {
        let body = "{\"n\":1}\n".repeat(rows);
        admin.post("/v0/events?name=unlucky", body).expect(202);
    }
    let refused = admin
        .post("/v0/events?name=unlucky", "{\"n\":1}")
        .expect(503);
    let error = refused.error();
    assert!(
        error.contains("as many wait as may") && error.contains("thirteen"),
        "{error}"
    );
    i64::try_from(requests * rows).unwrap()
}

/// Removes the cause, and compares what is there with three rows and `more` others.
fn repair(admin: &Client, more: i64) {
    admin.append("permits", "{\"n\":13}").expect(200);
    admin.post("/v0/ingestion/unlucky/retry", "").expect(200);
    wait_stored(admin, "unlucky");
    let rows = admin.value("SELECT count() FROM unlucky");
    let sum = admin.value("SELECT sum(s) FROM unlucky_sum");
    assert_eq!((number(&rows), number(&sum)), (3 + more, 16 + more));
}

#[test]
fn the_journal_is_not_filled_by_one_stuck_data_source() {
    let scratch = Scratch::new();
    let server = start(&scratch, None).unwrap();
    let admin = server.admin();
    get_stuck(&admin);
    let more = fill_share(&admin);
    let sent = flood(&admin).unwrap();
    assert_eq!(unlucky(&admin)["pending_rows"], 3 + more);
    server.crash();
    let server = start(&scratch, None).unwrap();
    let admin = server.admin();
    assert_eq!(unlucky(&admin)["pending_rows"], 3 + more);
    repair(&admin, more);
    wait_stored(&admin, "sales");
    let rows = admin.value("SELECT count() FROM sales");
    assert_eq!(number(&rows), i64::try_from(sent).unwrap());
    server.stop();
}

#[test]
fn carrying_may_die_anywhere() {
    let scratch = Scratch::new();
    // The batch that fails, then what waits behind it.
    for visit in [
        "carry.after_record",
        "carry.after_record:2",
        "carry.after_record:4",
    ] {
        let Some(server) = start(&scratch, Some(visit)) else {
            continue;
        };
        let admin = server.admin();
        if unlucky(&admin)["pending_rows"] != 3 {
            get_stuck(&admin);
        }
        assert_eq!(flood(&admin), None, "{visit} was not reached");
        server.crash();
    }
    let server = start(&scratch, None).unwrap();
    let admin = server.admin();
    assert_eq!(unlucky(&admin)["pending_rows"], 3, "each row once");
    repair(&admin, 0);
    server.stop();
}
