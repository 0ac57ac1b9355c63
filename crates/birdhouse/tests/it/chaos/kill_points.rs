//! Every named place in journal and ingestion where the process can be killed, one after the other
//! on the same data directory.

use birdhouse_ingest::INGEST_KILL_POINTS;
use birdhouse_journal::{KILL_POINT_VARIABLE, KILL_POINTS};
use serde_json::json;

use super::ledger::{Fate, Ledger, Request, number};
use super::{LIMIT, PROJECT, SMALL_AND_BUSY, wait_stored};
use crate::harness::{Random, Scratch, Server, project, wait_until};

/// Requests after which a kill point must have been reached: every tenth has thousands of rows.
const REQUESTS_MAX: u32 = 400;

/// A data directory on which one server after the other dies.
struct Walk {
    scratch: Scratch,
    random: Random,
    ledger: Ledger,
    /// The next request, which may have been sent before.
    number: u32,
    next: Option<Request>,
}

impl Walk {
    fn new() -> Self {
        Self {
            scratch: Scratch::new(),
            random: Random::new(4),
            ledger: Ledger::default(),
            number: 0,
            next: None,
        }
    }

    /// Starts a server that dies at a kill point; none when it has died already.
    fn start(&self, point: Option<&str>) -> Option<Server> {
        let project = match self.scratch.path("project").is_dir() {
            true => self.scratch.path("project"),
            false => project(&self.scratch, "project", PROJECT),
        };
        let mut environment = SMALL_AND_BUSY.to_vec();
        environment.extend(point.map(|point| (KILL_POINT_VARIABLE, point)));
        match Server::try_start_with(&self.scratch, &project, &environment) {
            Ok(server) => Some(server),
            Err(ended) => {
                // By a signal, not by an error.
                assert_eq!(ended.code, -1, "{point:?}: {ended:#?}");
                assert!(point.is_some(), "it died of nothing: {ended:#?}");
                None
            }
        }
    }

    /// Sends rows until the server is gone.
    fn send_until_death(&mut self, server: Server, point: &str) {
        let admin = server.admin();
        let mut server = server;
        for _ in 0..REQUESTS_MAX {
            let number = self.number;
            let request =
                (self.next.take()).unwrap_or_else(|| Request::make(&mut self.random, 1, number));
            let call = admin
                .call(
                    "POST",
                    format!("/v0/events?name=sales&wait={}", number.is_multiple_of(2)),
                )
                .header("idempotency-key", format!("request-{number}"))
                .body(request.body.clone());
            match call.try_send(LIMIT) {
                Ok(answer) => {
                    let counts = answer.ok().json();
                    assert_eq!(counts["successful_rows"], request.content.rows);
                    let content = request.content;
                    self.ledger.record(1, number, content, Fate::Acknowledged);
                    self.number += 1;
                }
                Err(_) => {
                    self.next = Some(request);
                    wait_until("the server is gone", LIMIT, || match server.is_running() {
                        true => Err("it runs".to_owned()),
                        false => Ok(()),
                    });
                    return server.crash();
                }
            }
        }
        panic!("{point} was not reached by {REQUESTS_MAX} requests");
    }

    /// Sends what was not answered to a server that lives, and compares all tables.
    fn check(mut self) {
        let server = self.start(None).unwrap();
        let admin = server.admin();
        if let Some(request) = self.next.take() {
            let call = admin
                .call("POST", "/v0/events?name=sales")
                .header("idempotency-key", format!("request-{}", self.number))
                .body(request.body.clone());
            call.send().ok();
            self.ledger
                .record(1, self.number, request.content, Fate::Acknowledged);
        }
        wait_stored(&admin, "sales");
        self.ledger.check(&admin);
        server.stop();
    }
}

fn walk(points: impl IntoIterator<Item = &'static str>) {
    let mut walk = Walk::new();
    // So that the first one finds something to recover.
    walk.start(None).unwrap().crash();
    for point in points {
        // Of places that are passed all the time a later visit, so that there is something to lose.
        let is_frequent = ["before_write", "fsync", "flush."];
        let visit = match is_frequent.iter().any(|part| point.contains(part)) {
            true => format!("{point}:9"),
            false => point.to_owned(),
        };
        if let Some(server) = walk.start(Some(&visit)) {
            walk.send_until_death(server, point);
        }
    }
    walk.check();
}

#[test]
fn the_journal_may_die_anywhere() {
    walk(KILL_POINTS);
}

#[test]
fn storing_and_trimming_may_die_anywhere() {
    let points = INGEST_KILL_POINTS.into_iter();
    let is_elsewhere = |point: &str| is_about_setting_aside(point) || point.starts_with("carry.");
    walk(points.filter(|point| !is_elsewhere(point)));
}

fn is_about_setting_aside(point: &str) -> bool {
    point.starts_with("set_aside.") || point.starts_with("put_back.")
}

/// Rows on which a view fails are set aside and put back, and each place in between may be the last.
#[test]
fn setting_aside_may_die_anywhere() {
    let points: Vec<_> = (INGEST_KILL_POINTS.into_iter())
        .filter(|point| is_about_setting_aside(point))
        .collect();
    assert_eq!(points.len(), 3, "one for each step below");
    let walk = Walk::new();
    let count = "SELECT count() FROM unlucky";

    let server = walk.start(Some("set_aside.after_file")).unwrap();
    server
        .admin()
        .post("/v0/events?name=unlucky", "{\"n\":13}")
        .expect(202);
    set_aside(&server, true);
    server.crash();

    // The rows are still in the queue.
    let server = walk.start(Some("set_aside.after_outcome")).unwrap();
    set_aside(&server, true);
    server.crash();

    // They are in the file.
    let server = walk.start(Some("put_back.after_append")).unwrap();
    let admin = server.admin();
    assert_eq!(number(&admin.value(count)), 1);
    admin.append("unlucky", "{\"n\":1}").expect(200);
    let aside = walk.scratch.path("data/set-aside");
    let files: Vec<_> = std::fs::read_dir(&aside).unwrap().collect();
    assert_eq!(files.len(), 1, "one file: {files:?}");
    let file = files[0]
        .as_ref()
        .unwrap()
        .file_name()
        .into_string()
        .unwrap();
    let call = admin.call("POST", format!("/v0/ingestion/put-back?file={file}"));
    call.try_send(LIMIT).expect_err("the server is gone");
    server.crash();

    // They are in the queue again, and were in the table all the time.
    let server = walk.start(None).unwrap();
    let answer = set_aside(&server, false);
    assert_eq!(answer, json!({"rows": 1, "file": file}));
    assert_eq!(number(&server.admin().value(count)), 2);
    server.stop();
}

/// Sets aside what fails, as soon as it fails.
fn set_aside(server: &Server, dies: bool) -> serde_json::Value {
    let admin = server.admin();
    let answer = wait_until("the rows fail", LIMIT, || {
        let call = admin.call("POST", "/v0/ingestion/unlucky/set-aside");
        match call.try_send(LIMIT) {
            Ok(answer) if answer.status == 400 => Err(answer.text()),
            other => Ok(other),
        }
    });
    match answer {
        Ok(answer) => {
            assert!(!dies, "it lives: {}", answer.text());
            answer.ok().json()
        }
        Err(error) => {
            assert!(dies, "{error}");
            json!(null)
        }
    }
}
