//! Copies that are cancelled, or whose worker dies while they run.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use super::{PROJECT, run, sums};
use crate::harness::{Client, Scratch, Server, project, signal, wait_until};
use crate::imports::ended;

const LIMIT: Duration = Duration::from_secs(60);

/// `endless` finds nothing for a long time; `many` takes some seconds and many chunks.
const MORE: &str = "
--- .env
word=open sesame
--- copies/endless.pipe
NODE copied
SQL >
    SELECT 'x' AS kind, toInt64(number) AS n FROM numbers(1000000000000) WHERE sipHash64(number) = 0

TYPE copy
TARGET_DATASOURCE daily
--- copies/many.pipe
NODE copied
SQL >
    SELECT concat('kind ', toString(number % 10)) AS kind, toInt64(number) AS n FROM numbers(300000)

TYPE copy
TARGET_DATASOURCE daily
--- copies/secretive.pipe
NODE copied
SQL >
    %
    SELECT {{tb_secret('word')}} AS kind, toInt64(1) AS n

TYPE copy
TARGET_DATASOURCE daily
";

fn start(scratch: &Scratch) -> Server {
    let text = PROJECT.replace("COPY_SCHEDULE * * * * * */1", "") + MORE;
    let folder = project(scratch, "project", &text);
    let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command
            .args(["start".as_ref(), "--project".as_ref(), folder.as_os_str()])
            // Chunks of some 100 kB.
            .args(["--journal-segment-bytes", "262144"]);
    });
    server.unwrap_or_else(|refused| panic!("not started: {refused:#?}"))
}

/// Waits until a job is so far, and returns it.
#[track_caller]
fn is_at(admin: &Client, job: &Value, holds: impl Fn(&Value) -> bool) -> Value {
    let id = job["id"].as_str().unwrap();
    wait_until("the job is so far", LIMIT, || {
        let job = admin.get(format!("/v0/jobs/{id}")).expect(200).json();
        match holds(&job) {
            true => Ok(job),
            false => Err(job.to_string()),
        }
    })
}

fn is_working(job: &Value) -> bool {
    job["status"] == "working"
}

/// Nothing of a copy is left aside.
#[track_caller]
fn is_tidy(server: &Server) {
    let metadata = server.data().join("engine/data/metadata");
    wait_until("nothing is left aside", LIMIT, || {
        let found = std::fs::read_dir(&metadata).unwrap();
        let names = found.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let left: Vec<String> = names.filter(|name| name.starts_with("copy_")).collect();
        match left.is_empty() {
            true => Ok(()),
            false => Err(left.join(" ")),
        }
    });
}

#[test]
fn a_copy_is_cancelled_before_anything_is_copied() {
    let scratch = Scratch::new();
    let server = start(&scratch);
    let admin = server.admin();
    for path in [
        "/v0/pipes/endless/copy",
        "/v0/pipes/endless/copy?_mode=replace",
    ] {
        let answer = admin.post(path, "").expect(200).json();
        let job = is_at(&admin, &answer["job"], is_working);
        assert_eq!(job["is_cancellable"], true);
        let busy = admin.post(path, "").expect(429);
        assert!(busy.header("retry-after").is_some());
        let error = busy.error();
        assert!(error.contains(job["id"].as_str().unwrap()), "{error}");
        let cancel = format!("/v0/jobs/{}/cancel", job["id"].as_str().unwrap());
        admin.post(cancel, "").expect(200);
        let job = ended(&admin, &answer["job"]);
        assert_eq!(job["status"], "cancelled", "{job}");
        is_tidy(&server);
    }
    assert_eq!(sums(&admin), [0; 4]);
    let job = run(&admin, "/v0/pipes/secretive/copy");
    assert_eq!(job["status"], "done", "{job}");
    let kinds = admin.sql("SELECT kind, note FROM daily");
    assert_eq!(
        kinds,
        [json!({"kind": "open sesame", "note": "of open sesame"})]
    );
    server.stop();
}

#[test]
fn the_worker_may_die_during_a_copy() {
    let scratch = Scratch::new();
    let server = start(&scratch);
    let admin = server.admin();
    let kill = || signal(server.worker().unwrap(), Signal::KILL);

    // While rows are gathered: nothing was copied.
    let answer = admin.post("/v0/pipes/endless/copy", "").expect(200).json();
    is_at(&admin, &answer["job"], is_working);
    kill();
    let job = ended(&admin, &answer["job"]);
    assert_eq!(job["status"], "error", "{job}");
    is_tidy(&server);
    assert_eq!(sums(&admin), [0; 4]);

    // While they are appended: all of them come, once.
    let (rows, sum) = (300_000, 299_999 * 150_000);
    let answer = admin.post("/v0/pipes/many/copy", "").expect(200).json();
    let far = |job: &Value| job["progress_percentage"].as_f64().unwrap() > 55.0;
    let job = is_at(&admin, &answer["job"], far);
    assert_eq!(
        (&job["status"], &job["is_cancellable"]),
        (&json!("working"), &json!(false))
    );
    kill();
    let job = ended(&admin, &answer["job"]);
    assert_eq!(
        (&job["status"], &job["statistics"]["row_count"]),
        (&json!("done"), &json!(rows))
    );
    admin.wait_until_stored();
    assert_eq!(sums(&admin), [rows, sum, rows, sum]);
    is_tidy(&server);

    // A stop in order while they are appended: the next start goes on.
    let answer = admin.post("/v0/pipes/many/copy", "").expect(200).json();
    is_at(&admin, &answer["job"], far);
    server.stop();
    let server = start(&scratch);
    let admin = server.admin();
    let job = ended(&admin, &answer["job"]);
    assert_eq!(job["status"], "done", "{job}");
    admin.wait_until_stored();
    assert_eq!(sums(&admin), [2 * rows, 2 * sum, 2 * rows, 2 * sum]);
    is_tidy(&server);
    server.stop();
}
