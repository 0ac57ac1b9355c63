//! A staged deployment and what happens to the data beside it: rows that its views cannot take, row
//! filters, and rows that are replaced or removed.

use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::matrix::deploy;
use super::support::{
    PER_PAGE, TOP, VISITS, empty, only_one_is_left, send, status_is, text, visit,
};
use crate::harness::{Client, Scratch, Server, ago, ndjson, project};

const STAGING: (&str, &str) = ("__tb__deployment", "staging");

fn base() -> String {
    [VISITS, TOP, PER_PAGE].concat()
}

/// Stages a project and returns its number.
fn stage(server: &Server, project: &str) -> String {
    let staged = send(&server.admin(), "/v1/deploy", project).ok().json();
    assert_eq!(staged["result"], "success", "{staged}");
    let id = text(&staged["deployment"]["id"]).to_owned();
    status_is(server, &id, "data_ready");
    id
}

fn on_staging(client: &Client, sql: &str) -> Value {
    let call = client.call("POST", "/v0/sql?__tb__deployment=staging");
    let call = call.header("content-type", "text/plain").body(sql);
    let rows = call.send().ok().rows();
    let columns: Vec<&Value> = rows[0].as_object().unwrap().values().collect();
    columns[0].clone()
}

#[test]
fn a_row_that_a_staged_view_cannot_take_reaches_what_is_live() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    deploy(&admin, "", &base());
    visit(&server, "/a");
    let picky = "--- datasources/lengths.datasource
SCHEMA >
    n UInt64

ENGINE MergeTree
ENGINE_SORTING_KEY n
--- materializations/measure.pipe
NODE measured
SQL >
    SELECT toUInt64(length(page) + throwIf(page = '/boom', 'no such page')) AS n FROM visits
TYPE materialized
DATASOURCE lengths
";
    for changed in [
        // A view on a table that stays, and one on a table that changes.
        [base(), picky.to_owned()].concat(),
        [
            base().replace("ms UInt16", "ms UInt32"),
            picky.replace("/boom", "/boom again"),
        ]
        .concat(),
    ] {
        let before = admin.value("SELECT count() FROM visits").as_u64().unwrap();
        let id = stage(&server, &changed);
        let page = if changed.contains("again") {
            "/boom again"
        } else {
            "/boom"
        };
        let good = json!({"at": ago(60), "page": "/b", "ms": 1});
        let bad = json!({"at": ago(60), "page": page, "ms": 1});
        let rows = ndjson([&good, &bad, &good]);
        let taken = admin
            .post("/v0/events?name=visits", rows)
            .expect(202)
            .json();
        assert_eq!(taken, json!({"successful_rows": 3, "quarantined_rows": 0}));
        let gone = status_is(&server, &id, "deleted");
        let reason = text(&gone["errors"][0]["error"]).to_owned();
        assert!(reason.contains("do not go through it"), "{reason}");
        assert!(reason.contains("no such page"), "{reason}");
        admin.wait_until_stored();
        for sql in [
            "SELECT count() FROM visits",
            "SELECT sum(visits) FROM per_page",
        ] {
            assert_eq!(admin.value(sql), json!(before + 3), "{sql}");
        }
        admin.endpoint("top", "json", &[STAGING]).expect(404);
        let jobs = admin
            .get("/v0/jobs?kind=deployment&status=error")
            .ok()
            .json();
        let job = &jobs["jobs"][0];
        assert_eq!(
            (&job["deployment_id"], &job["error"]),
            (&json!(id), &json!(reason))
        );
        only_one_is_left(&server);
    }
    server.stop();
}

#[test]
fn row_filters_hold_in_staging_as_in_what_is_live() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    deploy(&admin, "", &base());
    for page in ["/a", "/a", "/b"] {
        visit(&server, page);
    }
    let scopes = "scope=DATASOURCES:READ:visits:page%20%3D%20%27/a%27&scope=PIPES:READ:top";
    let made = admin
        .post(format!("/v0/tokens?name=only_a&origin=C&{scopes}"), "")
        .ok()
        .json();
    let only_a = server.client(text(&made["token"]));
    let sql = "SELECT count() FROM visits";
    let of_pipe = "SELECT sum(visits) FROM top";
    assert_eq!(
        (only_a.value(sql), only_a.value(of_pipe)),
        (json!(2), json!(2))
    );
    let mut project = base();
    // The data source moves to a table of another name, and from there to the next.
    for (old, new) in [("ms UInt16", "ms UInt32"), ("ms UInt32", "ms UInt64")] {
        project = project.replace(old, new);
        let id = stage(&server, &project);
        for sql in [
            sql,
            of_pipe,
            "SELECT count() FROM visits AS v WHERE v.ms >= 0",
        ] {
            assert_eq!(on_staging(&only_a, sql), json!(2), "{sql}");
            assert_eq!(only_a.value(sql), json!(2), "{sql}");
        }
        // The endpoint itself reads with the rights of its author.
        let rows = only_a.endpoint("top", "json", &[STAGING]).ok().rows();
        assert_eq!(rows.len(), 2);
        assert_eq!(on_staging(&admin, sql), json!(3));
        admin
            .post(format!("/v1/deployments/{id}/set-live"), "")
            .ok();
        only_one_is_left(&server);
        assert_eq!(
            (only_a.value(sql), only_a.value(of_pipe)),
            (json!(2), json!(2))
        );
    }
    server.stop();
}

#[test]
fn a_start_with_a_project_beside_a_staged_deployment_serves_what_was_live() {
    let scratch = Scratch::new();
    let base = base();
    let server = Server::start(&scratch, &project(&scratch, "project", &base));
    visit(&server, "/a");
    let id = stage(
        &server,
        &base.replace("KEY page\n--- end", "KEY page, ms\n--- end"),
    );
    server.stop();
    // Unchanged, and changed.
    for text in [
        base.clone(),
        base.replace(
            "AS visits FROM visits GROUP BY page ORDER",
            "AS n FROM visits GROUP BY page ORDER",
        ),
    ] {
        let server = Server::start(&scratch, &project(&scratch, "project", &text));
        let admin = server.admin();
        let rows = admin.endpoint("top", "json", &[]).ok().rows();
        assert_eq!(rows, [json!({"page": "/a", "visits": 1})]);
        status_is(&server, &id, "data_ready");
        server.stop();
    }
    let log = std::fs::read_to_string(scratch.path("server.log")).unwrap();
    let said = format!("deployment {id} is staged, so the project was not deployed");
    assert_eq!(log.matches(&said).count(), 1, "{log}");
    let server = Server::start(&scratch, &scratch.path("project"));
    server
        .admin()
        .post(format!("/v1/deployments/{id}/set-live"), "")
        .ok();
    only_one_is_left(&server);
    server.stop();
    let server = Server::start(&scratch, &scratch.path("project"));
    let rows = server.admin().endpoint("top", "json", &[]).ok().rows();
    assert_eq!(rows, [json!({"page": "/a", "n": 1})]);
    server.stop();
}

fn file(rows: u64) -> String {
    let at = ago(60);
    (0..rows).map(|_| format!("{at},/new,1\n")).collect()
}

#[test]
fn rows_are_not_replaced_or_removed_beside_a_staged_deployment() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    deploy(&admin, "", &base());
    visit(&server, "/a");
    let wider = base().replace("ms UInt16", "ms UInt32");
    let id = stage(&server, &wider);
    let replace = "/v0/datasources?mode=replace&name=visits&format=csv";
    for refused in [
        admin.post(replace, file(2)),
        admin.post("/v0/datasources/visits/truncate", ""),
        admin.post(
            "/v0/datasources/visits/delete?delete_condition=1%3D1&dry_run=false",
            "",
        ),
    ] {
        let error = if refused.status == 409 {
            refused.error()
        } else {
            // A deletion is a job.
            let ended = crate::imports::ended(&admin, &refused.ok().json());
            text(&ended["error"]).to_owned()
        };
        assert!(
            error.contains(&format!("deployment {id} is in progress")),
            "{error}"
        );
    }
    assert_eq!(admin.value("SELECT count() FROM visits"), json!(1));
    admin.delete(format!("/v1/deployments/{id}")).ok();
    only_one_is_left(&server);
    admin.post(replace, file(2)).ok();
    assert_eq!(admin.value("SELECT sum(visits) FROM per_page"), json!(2));
    server.stop();
}

/// Whoever is first is finished before the other begins; both worlds have the same rows.
#[test]
fn a_replacement_and_a_deployment_at_once_do_not_mix() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    deploy(&admin, "", &base());
    let (mut rows, mut refused) = (0, 0);
    let replace = "/v0/datasources?mode=replace&name=visits&format=csv";
    for round in 1..=8_u64 {
        let keys = ["KEY page\n--- end", "KEY page, ms\n--- end"];
        let project = base().replace(keys[0], keys[usize::try_from(round % 2).unwrap()]);
        let project = project.replace(
            "visits FROM visits GROUP BY page ORDER",
            &format!("visits FROM visits WHERE {round} GROUP BY page ORDER"),
        );
        let answer = thread::scope(|scope| {
            let replacing = scope.spawn(|| {
                // At another moment of the deployment in each round.
                thread::sleep(Duration::from_millis(40 * (round - 1)));
                admin.post(replace, file(round * 10))
            });
            stage(&server, &project);
            replacing.join().unwrap()
        });
        match answer.status {
            200 => rows = round * 10,
            409 => {
                refused += 1;
                assert!(answer.error().contains("is in progress"));
            }
            status => panic!("{status}: {}", answer.text()),
        }
        for sql in [
            "SELECT count() FROM visits",
            "SELECT sum(visits) FROM per_page",
        ] {
            assert_eq!(admin.value(sql), json!(rows), "round {round}: {sql}");
            assert_eq!(
                on_staging(&admin, sql),
                json!(rows),
                "round {round}, staged: {sql}"
            );
        }
        let id = admin.get("/v1/deployments").ok().json()["deployments"][1]["id"].clone();
        admin
            .post(format!("/v1/deployments/{}/set-live", text(&id)), "")
            .ok();
        only_one_is_left(&server);
        for sql in [
            "SELECT count() FROM visits",
            "SELECT sum(visits) FROM per_page",
        ] {
            assert_eq!(admin.value(sql), json!(rows), "round {round}, live: {sql}");
        }
    }
    println!("{refused} of 8 replacements were refused");
    server.stop();
}
