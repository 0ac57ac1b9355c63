//! What tests of deployments share: a small project, and sending it as the clients do.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Answer, Call, Client, Scratch, Server, ago, ndjson, wait_until};

pub(super) const VISITS: &str = "--- datasources/visits.datasource
TOKEN tracker APPEND

SCHEMA >
    at DateTime `json:$.at`,
    page String `json:$.page`,
    ms UInt16 `json:$.ms`

ENGINE MergeTree
ENGINE_SORTING_KEY page
";

pub(super) const TOP: &str = "--- endpoints/top.pipe
TOKEN dashboard READ
NODE top
SQL >
    SELECT page, count() AS visits FROM visits GROUP BY page ORDER BY page
TYPE endpoint
";

pub(super) const PER_PAGE: &str = "--- datasources/per_page.datasource
SCHEMA >
    page String,
    visits UInt64

ENGINE SummingMergeTree
ENGINE_SORTING_KEY page
--- materializations/count_pages.pipe
NODE counted
SQL >
    SELECT page, count() AS visits FROM visits GROUP BY page
TYPE materialized
DATASOURCE per_page
";

/// The kill points of a deployment that is made, in their order.
pub(super) const STEPS: &[&str] = &[
    "deploy/reserved",
    "deploy/named",
    "deploy/tables",
    "deploy/bridges",
    "deploy/views",
    "deploy/filled",
    "deploy/ready",
];

pub(super) const LIMIT: Duration = Duration::from_secs(30);

/// Sends the files of `text` as the official command line tool does.
#[track_caller]
pub(crate) fn send(client: &Client, path: &str, text: &str) -> Answer {
    call(client, path, text).send()
}

/// Returns that request.
pub(super) fn call<'c>(client: &'c Client, path: &str, text: &str) -> Call<'c> {
    let mut body = String::from(
        "--X\r\nContent-Disposition: form-data; name=\"context://\"; filename=\"cli-version\"\r\n\r\n1.0.0\r\n",
    );
    for part in text.split("--- ").skip(1) {
        let (path, content) = part.split_once('\n').unwrap();
        body.push_str(&format!(
            "--X\r\nContent-Disposition: form-data; name=\"data_project://\"; filename=\"{path}\"\r\nContent-Type: text/plain\r\n\r\n{content}\r\n"
        ));
    }
    body.push_str("--X--\r\n");
    client
        .call("POST", path)
        .header("content-type", "multipart/form-data; boundary=X")
        .body(body)
}

/// Starts a server without a project.
pub(super) fn empty(scratch: &Scratch) -> Server {
    start_with(scratch, None)
}

/// Does so with a kill point set.
pub(super) fn start_with(scratch: &Scratch, kill_point: Option<&str>) -> Server {
    let kill_point = kill_point.map(|name| ("BIRDHOUSE_KILL_POINT", name));
    empty_with(scratch, &Vec::from_iter(kill_point))
}

/// Starts a server whose engine worker is killed at a kill point.
pub(super) fn start_with_dying_worker(scratch: &Scratch, kill_point: &str) -> Server {
    let environment = [
        ("BIRDHOUSE_KILL_POINT", kill_point),
        ("BIRDHOUSE_KILL_CHILDREN", "1"),
    ];
    empty_with(scratch, &environment)
}

/// Starts a server without a project, with further environment variables.
pub(super) fn empty_with(scratch: &Scratch, environment: &[(&str, &str)]) -> Server {
    std::fs::create_dir_all(scratch.path("nothing")).unwrap();
    let complete = |command: &mut Command| {
        command.arg("start");
        command.current_dir(scratch.path("nothing"));
        command.envs(environment.iter().copied());
    };
    Server::launch(scratch.root(), scratch.path("data"), complete).unwrap()
}

#[track_caller]
pub(super) fn visit(server: &Server, page: &str) {
    let rows = [json!({"at": ago(60), "page": page, "ms": 20, "ref": "r"})];
    let answer = server.admin().append("visits", ndjson(&rows)).expect(200);
    assert_eq!(
        answer.json(),
        json!({"successful_rows": 1, "quarantined_rows": 0})
    );
}

/// Returns the deployments as `id status`, the live one with a star.
pub(super) fn deployments(server: &Server, query: &str) -> Vec<String> {
    let answer = server.admin().get(format!("/v1/deployments{query}")).ok();
    let all = answer.json()["deployments"].as_array().unwrap().clone();
    all.iter()
        .map(|d| {
            let star = if d["live"] == json!(true) { " *" } else { "" };
            format!("{} {}{star}", text(&d["id"]), text(&d["status"]))
        })
        .collect()
}

pub(super) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

#[track_caller]
pub(super) fn status_is(server: &Server, id: &str, status: &str) -> Value {
    let mut last = Value::Null;
    until(&format!("deployment {id} is {status}"), || {
        let answer = server.admin().get(format!("/v1/deployments/{id}")).ok();
        last = answer.json()["deployment"].clone();
        last["status"] == json!(status)
    });
    last
}

/// Waits until nothing is left of deployments other than the live one.
#[track_caller]
pub(super) fn only_one_is_left(server: &Server) {
    until("deployments that are not live are deleted", || {
        let all = deployments(server, "?include_deleted=true");
        let left = all.iter().filter(|d| !d.ends_with(" deleted")).count();
        left == 1
    });
}

#[track_caller]
pub(super) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    wait_until(what, LIMIT, || match holds() {
        true => Ok(()),
        false => Err("no".to_owned()),
    });
}

/// Deploys on a server that dies of it.
pub(super) fn send_to_its_death(server: Server, path: &str, text: &str) {
    let worker = server.worker().unwrap();
    // There may be an answer or none.
    catch_unwind(AssertUnwindSafe(|| send(&server.admin(), path, text))).ok();
    server.dies(worker);
}
