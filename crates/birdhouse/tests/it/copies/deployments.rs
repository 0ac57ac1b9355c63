//! Copies and deployments: both worlds get what is appended, and schedules follow what is live.

use std::time::Duration;

use serde_json::json;

use super::{EVENTS, PROJECT, run, sums};
use crate::deployments::support::send;
use crate::harness::{Scratch, Server, wait_until};
use crate::imports::ended;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn copies_reach_both_worlds_and_schedules_follow_the_live_one() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    let without = PROJECT.replace("COPY_SCHEDULE * * * * * */1", "");
    send(&admin, "/v1/build", &without).expect(200);
    admin.append("events", EVENTS).expect(200);
    assert_eq!(run(&admin, "/v0/pipes/roll/copy")["status"], "done");
    assert_eq!(sums(&admin), [3, 7, 3, 7]);

    // The target gets another table, and a copy begins to run by itself.
    let moved = PROJECT.replace(
        "`note` String DEFAULT concat('of ', kind)\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"kind\"",
        "`note` String DEFAULT concat('of ', kind)\n\nENGINE \"MergeTree\"\nENGINE_SORTING_KEY \"n\"",
    );
    assert_ne!(moved, PROJECT);
    let answer = send(
        &admin,
        "/v1/deploy?allow_destructive_operations=true",
        &moved,
    );
    let answer = answer.expect(200).json();
    let id = answer["deployment"]["id"].as_str().unwrap().to_owned();
    wait_until("it is staged", LIMIT, || {
        let found = admin
            .get(format!("/v1/deployments/{id}"))
            .expect(200)
            .json();
        match found["deployment"]["status"].as_str().unwrap() {
            "data_ready" => Ok(()),
            status => Err(status.to_owned()),
        }
    });
    let staged = admin.post("/v0/pipes/roll/copy?__tb__deployment=staging", "");
    assert!(staged.expect(400).error().contains("live deployment only"));
    let refused = admin
        .post("/v0/pipes/snapshot/copy", "")
        .expect(409)
        .error();
    assert!(refused.contains("in progress"), "{refused}");
    let job = run(&admin, "/v0/pipes/roll/copy?not_kind=a");
    assert_eq!(job["status"], "done", "{job}");
    assert_eq!(sums(&admin), [5, 13, 5, 13]);
    admin.post("/v0/pipes/snapshot/copy/pause", "").expect(200);
    assert_eq!(
        admin.value("SELECT count() FROM ticks"),
        0,
        "staged schedules do not run"
    );

    admin
        .post(format!("/v1/deployments/{id}/set-live"), "")
        .expect(200);
    assert_eq!(
        sums(&admin),
        [5, 13, 5, 13],
        "the new table has what was copied before and since"
    );
    let pipe = admin.get("/v0/pipes/snapshot").expect(200).json();
    assert_eq!(pipe["schedule"]["status"], "paused", "as before");
    admin.post("/v0/pipes/snapshot/copy/resume", "").expect(200);
    wait_until("the schedule of the new deployment runs", LIMIT, || {
        let ticks = admin.value("SELECT count() FROM ticks").as_i64().unwrap();
        match ticks > 0 {
            true => Ok(()),
            false => Err("not yet".to_owned()),
        }
    });
    let answer = admin.post("/v0/pipes/snapshot/copy", "").expect(200).json();
    assert_eq!(ended(&admin, &answer["job"])["status"], json!("done"));
    assert_eq!(sums(&admin), [2, 7, 2, 7]);
    server.stop();
}
