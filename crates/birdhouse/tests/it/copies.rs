//! Copies over HTTP: what they do, what they refuse, and how they are paused and scheduled.

mod deployments;
mod ends;
mod kill_points;

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{Client, Scratch, Server, project, wait_until};
use crate::imports::ended;

/// `events` ─copy─► `daily` ─view─► `totals`; `snapshot` replaces, `daily_every_second` runs by itself.
const PROJECT: &str = "
--- datasources/events.datasource
SCHEMA >
    `kind` String `json:$.kind`,
    `n` Int64 `json:$.n`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"kind\"
--- datasources/daily.datasource
SCHEMA >
    `kind` LowCardinality(String),
    `n` Int64,
    `note` String DEFAULT concat('of ', kind)

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"kind\"
--- datasources/totals.datasource
SCHEMA >
    `one` UInt8,
    `n` Int64,
    `rows` UInt64

ENGINE \"SummingMergeTree\"
ENGINE_SORTING_KEY \"one\"
--- datasources/ticks.datasource
SCHEMA >
    `at` DateTime,
    `reads` UInt64

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"at\"
--- pipes/daily_totals.pipe
NODE sums
SQL >
    SELECT toUInt8(1) AS one, sum(n) AS n, count() AS rows FROM daily

TYPE materialized
DATASOURCE totals
--- copies/roll.pipe
NODE wanted
SQL >
    %
    SELECT kind, n FROM events WHERE kind != {{String(not_kind, 'none')}}

NODE copied
SQL >
    %
    SELECT n * {{Int64(factor, 1)}} AS n, kind FROM wanted

TYPE copy
TARGET_DATASOURCE daily
--- copies/snapshot.pipe
NODE copied
SQL >
    SELECT kind, sum(n) AS n FROM events GROUP BY kind

TYPE copy
TARGET_DATASOURCE daily
COPY_MODE replace
COPY_SCHEDULE 0 0 1 1 *
--- copies/misfit.pipe
NODE copied
SQL >
    SELECT kind, n, 1 AS extra FROM events

TYPE copy
TARGET_DATASOURCE daily
--- copies/fails.pipe
NODE copied
SQL >
    SELECT kind, n, toString(throwIf(n = 2, 'not this one')) AS note FROM events

TYPE copy
TARGET_DATASOURCE daily
--- copies/tick.pipe
NODE copied
SQL >
    %
    SELECT toDateTime({{String(job_timestamp)}}) AS at, (SELECT count() FROM tinybird.jobs_log) AS reads

TYPE copy
TARGET_DATASOURCE ticks
COPY_SCHEDULE * * * * * */1
--- endpoints/plain.pipe
NODE answer
SQL >
    SELECT 1 AS one

TYPE endpoint
";

const EVENTS: &str = "{\"kind\":\"a\",\"n\":1}\n{\"kind\":\"b\",\"n\":2}\n{\"kind\":\"b\",\"n\":4}";

/// Returns count and sum of the target, and the view's count and sum.
#[track_caller]
fn sums(admin: &Client) -> [i64; 4] {
    let row = &admin.sql(
        "SELECT (SELECT count() FROM daily) AS a, (SELECT sum(n) FROM daily) AS b, \
         (SELECT sum(rows) FROM totals) AS c, (SELECT sum(n) FROM totals) AS d",
    )[0];
    ["a", "b", "c", "d"].map(|name| row[name].as_i64().unwrap())
}

#[track_caller]
fn run(admin: &Client, path: &str) -> Value {
    let answer = admin.post(path, "").expect(200).json();
    assert!(answer.get("error").is_none(), "{answer}");
    ended(admin, &answer["job"])
}

#[test]
fn copies_append_and_replace() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    admin.append("events", EVENTS).expect(200);
    appends(&admin);
    replaces(&admin);
    refuses(&admin);
    pauses(&admin);
    recorded(&admin);
    server.stop();
}

fn appends(admin: &Client) {
    let answer = admin.post("/v0/pipes/roll/copy", "").expect(200).json();
    assert_eq!(
        (&answer["name"], &answer["type"]),
        (&json!("roll"), &json!("copy"))
    );
    let target = answer["tags"]["copy_target_datasource"].as_str().unwrap();
    let target = admin.get(format!("/v0/datasources/{target}")).expect(200);
    assert_eq!(target.json()["name"], "daily");
    assert_eq!(answer["job"]["kind"], "copy");
    let job = ended(admin, &answer["job"]);
    assert_eq!(job["status"], "done", "{job}");
    assert_eq!(
        (&job["pipe_name"], &job["pipe_id"], &job["mode"]),
        (&json!("roll"), &answer["id"], &json!("append"))
    );
    assert_eq!(job["statistics"]["row_count"], 3);
    assert_eq!(job["datasource"]["name"], "daily");
    assert_eq!(job["progress_percentage"], 100.0);
    assert_eq!(sums(admin), [3, 7, 3, 7]);
    let notes = admin.value("SELECT groupUniqArray(note) FROM (SELECT * FROM daily ORDER BY kind)");
    assert_eq!(notes.as_array().unwrap().len(), 2, "{notes}");

    // Parameters of the query string, a form and a JSON object; options are none of them.
    let path = "/v0/pipes/roll/copy?not_kind=b&on_demand_compute=true&from=ui&cli_version=1&__tb__semver=1";
    assert_eq!(run(admin, path)["status"], "done");
    assert_eq!(sums(admin), [4, 8, 4, 8]);
    let id = answer["id"].as_str().unwrap();
    for body in [
        "factor=10&not_kind=a",
        "{\"factor\": 10, \"not_kind\": \"a\"}",
    ] {
        let answer = admin.post(format!("/v0/pipes/{id}/copy"), body).expect(200);
        assert_eq!(ended(admin, &answer.json()["job"])["status"], "done");
    }
    assert_eq!(sums(admin), [8, 128, 8, 128]);
    let jobs = |query: &str| {
        let list = admin.get(format!("/v0/jobs?{query}")).expect(200).json();
        list["jobs"].as_array().unwrap().len()
    };
    assert_eq!(jobs("kind=copy&pipe_name=roll"), 4);
    assert_eq!(jobs(&format!("pipe_id={id}")), 4);
    assert_eq!(jobs("pipe_name=snapshot"), 0);
}

fn replaces(admin: &Client) {
    let job = run(admin, "/v0/pipes/snapshot/copy");
    assert_eq!(
        (&job["status"], &job["mode"]),
        (&json!("done"), &json!("replace"))
    );
    assert_eq!(sums(admin), [2, 7, 2, 7]);
    run(admin, "/v0/pipes/snapshot/copy?_mode=append");
    assert_eq!(sums(admin), [4, 14, 4, 14]);
    run(admin, "/v0/pipes/roll/copy?_mode=replace&not_kind=b");
    assert_eq!(sums(admin), [1, 1, 1, 1]);
    // A snapshot of nothing is nothing.
    admin
        .post("/v0/datasources/events/truncate", "")
        .expect(200);
    let job = run(admin, "/v0/pipes/snapshot/copy");
    assert_eq!(
        (&job["status"], sums(admin)),
        (&json!("done"), [0, 0, 0, 0])
    );
    let job = run(admin, "/v0/pipes/roll/copy");
    assert_eq!(
        (&job["status"], sums(admin)),
        (&json!("done"), [0, 0, 0, 0])
    );
    admin.append("events", EVENTS).expect(200);
    run(admin, "/v0/pipes/snapshot/copy");
    assert_eq!(sums(admin), [2, 7, 2, 7]);
}

fn refuses(admin: &Client) {
    for (path, status, words) in [
        ("nope/copy", 404, "does not exist"),
        ("plain/copy", 400, "is not a copy pipe"),
        ("plain/copy/pause", 400, "is not a copy pipe"),
        ("roll/copy?_mode=upsert", 400, "_mode is append or replace"),
        ("roll/copy?factor=x", 400, "'x' to type Int64"),
        (
            "misfit/copy",
            400,
            "'extra', which the data source does not have; its columns are kind, n, note",
        ),
        ("roll/copy?__tb__deployment=staging", 404, "no deployment"),
    ] {
        let error = admin
            .post(format!("/v0/pipes/{path}"), "")
            .expect(status)
            .error();
        assert!(error.contains(words), "{path}: {error}");
    }
    let job = run(admin, "/v0/pipes/fails/copy");
    let error = job["error"].as_str().unwrap();
    assert!(error.contains("not this one"), "{error}");
    assert_eq!(
        (&job["is_retryable"], sums(admin)),
        (&json!(true), [2, 7, 2, 7])
    );
    let id = job["id"].as_str().unwrap();
    let again = admin
        .post(format!("/v0/jobs/{id}/retry"), "")
        .expect(200)
        .json();
    assert_eq!(ended(admin, &again)["status"], "error");
}

fn pauses(admin: &Client) {
    let status = || {
        let pipe = admin.get("/v0/pipes/snapshot").expect(200).json();
        assert_eq!(pipe["schedule"]["cron"], "0 0 1 1 *");
        pipe["schedule"]["status"].clone()
    };
    assert_eq!(status(), "running");
    assert_eq!(
        admin
            .post("/v0/pipes/snapshot/copy/pause", "")
            .expect(200)
            .json(),
        json!({})
    );
    assert_eq!(status(), "paused");
    let error = admin
        .post("/v0/pipes/snapshot/copy", "")
        .expect(400)
        .error();
    assert!(error.contains("paused"), "{error}");
    admin.post("/v0/pipes/snapshot/copy/resume", "").expect(200);
    assert_eq!(status(), "running");
}

/// One row for each copy, with what it did, and those of views.
fn recorded(admin: &Client) {
    let sql = "SELECT event_type || ' ' || datasource_name || ' ' || result || ' ' || pipe_name || ' ' \
        || Options.Values[indexOf(Options.Names, 'mode')] || ' ' || toString(count()) || ' ' || toString(sum(rows)) AS line \
        FROM tinybird.datasources_ops_log WHERE datasource_name = 'daily' AND event_type = 'copy' \
        GROUP BY event_type, datasource_name, result, pipe_name, Options.Values[indexOf(Options.Names, 'mode')] ORDER BY line";
    let expected = [
        "copy daily error fails append 2 0",
        "copy daily ok roll append 5 8",
        "copy daily ok roll replace 1 1",
        "copy daily ok snapshot append 1 2",
        "copy daily ok snapshot replace 3 4",
    ];
    wait_until("copies are recorded", Duration::from_secs(10), || {
        let rows = admin.sql(sql);
        let lines: Vec<&str> = rows
            .iter()
            .map(|row| row["line"].as_str().unwrap())
            .collect();
        if lines == expected {
            return Ok(());
        }
        Err(lines.join("\n"))
    });
    let log = "SELECT count() FROM tinybird.jobs_log WHERE job_type = 'copy' AND pipe_id != ''";
    assert!(admin.value(log).as_i64().unwrap() >= 12);
}

#[test]
fn schedules_run_and_stay_paused() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &folder);
    let admin = server.admin();
    let count = |admin: &Client| admin.value("SELECT count() FROM ticks").as_i64().unwrap();
    wait_until(
        "the copy has run by itself",
        Duration::from_secs(60),
        || match count(&admin) {
            0..=2 => Err("not yet".to_owned()),
            _ => Ok(()),
        },
    );
    // The time of a run is that of its schedule: no second has two.
    let twice = "SELECT count() - uniqExact(at) FROM ticks";
    assert_eq!(admin.value(twice), 0);
    admin.post("/v0/pipes/tick/copy/pause", "").expect(200);
    let idle = || {
        let jobs = admin.get("/v0/jobs?pipe_name=tick").expect(200).json();
        let jobs = jobs["jobs"].as_array().unwrap().clone();
        jobs.iter().all(|job| job["status"] == "done")
    };
    wait_until("its last run has ended", Duration::from_secs(60), || {
        idle().then_some(()).ok_or_else(|| "it runs".to_owned())
    });
    let paused_at = count(&admin);
    server.stop();
    // Through a restart, and a deployment of the same project.
    let server = Server::start(&scratch, &folder);
    let admin = server.admin();
    let pipe = admin.get("/v0/pipes/tick").expect(200).json();
    assert_eq!(pipe["schedule"]["status"], "paused");
    assert_eq!(count(&admin), paused_at);
    admin.post("/v0/pipes/tick/copy/resume", "").expect(200);
    wait_until("it runs again", Duration::from_secs(60), || {
        match count(&admin) > paused_at {
            true => Ok(()),
            false => Err("not yet".to_owned()),
        }
    });
    assert_eq!(admin.value(twice), 0);
    server.stop();
}
