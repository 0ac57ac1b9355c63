//! Deployments as jobs: how far they are, how they ended, and cancelling them.

use std::fmt::Write;

use serde_json::{Value, json};

use super::support::{
    TOP, VISITS, empty, only_one_is_left, send, start_with_dying_worker, status_is, text, until,
    visit,
};
use crate::harness::{Client, Scratch, ago, wait_until};

/// The jobs of deployments as `deployment status`, newest first.
fn jobs(admin: &Client) -> Vec<String> {
    let listed = admin.get("/v0/jobs?kind=deployment").ok().json();
    let jobs = listed["jobs"].as_array().unwrap().clone();
    jobs.iter()
        .map(|job| format!("{} {}", text(&job["deployment_id"]), text(&job["status"])))
        .collect()
}

/// Returns the job of a deployment as the list has it.
fn job_of(admin: &Client, deployment: &str) -> Value {
    let listed = admin.get("/v0/jobs").ok().json();
    let jobs = listed["jobs"].as_array().unwrap();
    let job = jobs.iter().find(|job| job["deployment_id"] == deployment);
    job.unwrap_or_else(|| panic!("no job of {deployment} in {listed}"))
        .clone()
}

#[test]
fn a_deployment_is_a_job() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    assert_eq!(
        jobs(&admin),
        [] as [&str; 0],
        "the empty deployment is none"
    );
    let base = [VISITS, TOP].concat();
    send(&admin, "/v1/deploy?auto_promote=true", &base).ok();
    visit(&server, "/a");
    let wider = base.replace("ms UInt16", "ms UInt32");
    send(&admin, "/v1/deploy", &wider).ok();
    status_is(&server, "2", "data_ready");
    assert_eq!(jobs(&admin), ["2 done", "1 done"]);

    let job = job_of(&admin, "2");
    assert_eq!(job["kind"], "deployment");
    assert_eq!(job["progress_percentage"], json!(100.0));
    assert_eq!(job["is_cancellable"], json!(false));
    assert_eq!(job["datasource"], Value::Null);
    assert_eq!(job["error"], Value::Null);
    let (id, url) = (text(&job["id"]).to_owned(), text(&job["job_url"]));
    assert_eq!(url, format!("{}/v0/jobs/{id}", server.base()));
    assert_eq!(admin.get(format!("/v0/jobs/{id}")).ok().json(), job);
    let refused = admin.post(format!("/v0/jobs/{id}/cancel"), "").expect(400);
    assert!(
        refused.error().contains("the job is done"),
        "{}",
        refused.error()
    );
    let refused = admin.post(format!("/v0/jobs/{id}/retry"), "").expect(400);
    assert!(refused.error().contains("cannot be retried"));

    // Who may not deploy sees nothing of it.
    let tracker = server.named("tracker");
    assert_eq!(jobs(&tracker), [] as [&str; 0]);
    tracker.get(format!("/v0/jobs/{id}")).expect(404);

    // It was made, whatever becomes of it.
    admin.delete("/v1/deployments/2").ok();
    only_one_is_left(&server);
    assert_eq!(jobs(&admin), ["2 done", "1 done"]);
    assert_eq!(job_of(&admin, "2")["updated_at"], job["updated_at"]);
    server.stop();

    // It is the same after a restart, and one that fails says why.
    let server = start_with_dying_worker(&scratch, "deploy/views");
    let admin = server.admin();
    assert_eq!(jobs(&admin), ["2 done", "1 done"]);
    assert_eq!(job_of(&admin, "2")["id"], id);
    send(&admin, "/v1/deploy", &wider).ok();
    status_is(&server, "3", "deleted");
    let failed = job_of(&admin, "3");
    assert_eq!(failed["status"], "error");
    assert!(!text(&failed["error"]).is_empty());
    wait_until("the log of jobs has all", super::support::LIMIT, || {
        let sql = "SELECT status, count() AS n FROM tinybird.jobs_log \
                   WHERE job_type = 'deployment' AND status IN ('done', 'error') GROUP BY status ORDER BY status";
        let logged = admin.sql(sql);
        let all = [
            json!({"status": "done", "n": 2}),
            json!({"status": "error", "n": 1}),
        ];
        (logged == all).then_some(()).ok_or(format!("{logged:?}"))
    });
    server.stop();
}

/// Brings in so many rows that a backfill takes a while on any machine.
fn fill(admin: &Client, rows: u64) {
    let at = ago(60);
    let (mut file, mut row) = (String::new(), 0);
    while row < rows {
        row += 1;
        writeln!(file, "{at},/{row},7").unwrap();
        if row % 500_000 == 0 || row == rows {
            let path = "/v0/datasources?mode=append&name=visits&format=csv";
            admin.post(path, std::mem::take(&mut file)).ok();
        }
    }
}

#[test]
fn the_progress_of_a_backfill_is_seen_and_it_can_be_cancelled() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    let base = [VISITS, TOP].concat();
    send(&admin, "/v1/deploy?auto_promote=true", &base).ok();
    fill(&admin, 2_100_000);
    let slow = base.replace("ms UInt16", "ms UInt32").replace(
        "KEY page\n",
        "KEY page\n\nFORWARD_QUERY >\n    SELECT at, page, toUInt32(ms + length(hex(SHA512(repeat(page, 40)))) * 0) AS ms\n",
    );
    let checked = send(&admin, "/v1/deploy?check=true", &slow).ok().json();
    assert_eq!(checked["result"], "success", "{checked}");

    send(&admin, "/v1/deploy", &slow).ok();
    let mut seen = Vec::new();
    until("the backfill is done", || {
        let job = job_of(&admin, "2");
        let percentage = job["progress_percentage"].as_f64().unwrap();
        if seen.last() != Some(&percentage) {
            seen.push(percentage);
        }
        job["status"] == "done"
    });
    assert!(seen.is_sorted(), "{seen:?}");
    assert_eq!(seen.last(), Some(&100.0));
    // Three chunks.
    let middle = |&&percent: &&f64| percent > 0.0 && percent < 99.0;
    assert!(seen.iter().filter(middle).count() >= 1, "{seen:?}");
    admin.delete("/v1/deployments/2").ok();
    only_one_is_left(&server);

    send(&admin, "/v1/deploy", &slow).ok();
    status_is(&server, "3", "schema_ready");
    let job = job_of(&admin, "3");
    assert_eq!(job["status"], "working", "{job}");
    assert_eq!(job["is_cancellable"], json!(true));
    let path = format!("/v0/jobs/{}/cancel", text(&job["id"]));
    let cancelled = admin.post(path, "").ok().json();
    assert_eq!(cancelled["status"], "cancelled");
    assert_eq!(cancelled["error"], Value::Null);
    status_is(&server, "3", "deleted");
    visit(&server, "/b");
    assert_eq!(admin.value("SELECT count() FROM visits"), json!(2_100_001));
    // The next one is not in its way.
    send(
        &admin,
        "/v1/deploy",
        &base.replace("ms UInt16", "ms UInt64"),
    )
    .ok();
    status_is(&server, "4", "data_ready");
    server.stop();
}
