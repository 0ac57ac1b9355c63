//! Projects over HTTP: builds, deployments beside what is live, and what a kill at any step leaves.

mod bad_projects;
mod hundred;
mod jobs;
mod matrix;
mod races;
mod staged;
pub(crate) mod support;
mod tables;
mod traffic;
mod worker_kills;

use std::time::Duration;

use serde_json::json;

use self::support::{
    PER_PAGE, STEPS, TOP, VISITS, deployments, empty, send, send_to_its_death, start_with,
    status_is, text, until, visit,
};
use crate::harness::Scratch;

#[test]
fn builds_are_live_at_once() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    assert_eq!(deployments(&server, ""), ["0 data_ready *"]);
    let built = send(&admin, "/v1/build", &[VISITS, TOP].concat())
        .ok()
        .json();
    assert_eq!(built["result"], "success");
    assert_eq!(built["build"]["new_datasource_names"], json!(["visits"]));
    assert_eq!(built["build"]["new_pipe_names"], json!(["top"]));
    assert_eq!(built["build"]["id"], "1");
    visit(&server, "/a");
    let dashboard = server.named("dashboard");
    let rows = dashboard.endpoint("top", "json", &[]).ok().rows();
    assert_eq!(rows, [json!({"page": "/a", "visits": 1})]);

    // Nothing changes: a success without names, never another word.
    let again = send(&admin, "/v1/build", &[VISITS, TOP].concat())
        .ok()
        .json();
    assert_eq!(again["result"], "success");
    for list in ["new", "changed", "deleted"] {
        for kind in ["datasource", "pipe", "data_connector"] {
            assert_eq!(again["build"][format!("{list}_{kind}_names")], json!([]));
        }
    }
    // A changed endpoint, quickly.
    let changed = TOP.replace("count() AS visits", "count() AS visits, max(ms) AS most");
    let began = std::time::Instant::now();
    let built = send(&admin, "/v1/build", &[VISITS, &changed].concat()).ok();
    let took = began.elapsed();
    assert_eq!(built.json()["build"]["changed_pipe_names"], json!(["top"]));
    assert!(took < Duration::from_secs(3), "{took:?}");
    let rows = dashboard.endpoint("top", "json", &[]).ok().rows();
    assert_eq!(rows, [json!({"page": "/a", "visits": 1, "most": 20})]);

    // All mistakes, with their places.
    let broken = [
        VISITS.replace("String", "Strng"),
        TOP.replace("FROM visits", "FROM vistis"),
        TOP.replace("top.pipe", "two.pipe")
            .replace("NODE top", "NOED top"),
    ];
    let failed = send(&admin, "/v1/build", &broken.concat()).ok().json();
    assert_eq!(failed["result"], "failed");
    let errors = failed["errors"].as_array().unwrap();
    let first = &errors[0];
    assert_eq!(first["filename"], "datasources/visits.datasource");
    assert!(
        text(&first["error"]).contains("(line 5, column 10)"),
        "{first}"
    );
    assert!(
        errors.iter().any(|e| e["filename"] == "endpoints/two.pipe"),
        "{failed}"
    );
    let rows = dashboard.endpoint("top", "json", &[]).ok().rows();
    assert_eq!(rows.len(), 1, "what is live stays");
    server.stop();

    // It is there again after a restart.
    let server = empty(&scratch);
    let rows = server
        .named("dashboard")
        .endpoint("top", "json", &[])
        .ok()
        .rows();
    assert_eq!(rows, [json!({"page": "/a", "visits": 1, "most": 20})]);
    server.stop();
}

#[test]
fn staging_is_read_beside_what_is_live() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    let base = [VISITS, TOP, PER_PAGE].concat();
    send(&admin, "/v1/deploy?auto_promote=true", &base).ok();
    visit(&server, "/a");

    let changed = base
        .replace(
            "ms UInt16 `json:$.ms`",
            "ms UInt32 `json:$.ms`,\n    ref String `json:$.ref`",
        )
        .replace(
            "count() AS visits FROM visits GROUP BY page ORDER",
            "count() AS visits, sum(length(ref)) AS refs FROM visits GROUP BY page ORDER",
        );
    let checked = send(&admin, "/v1/deploy?check=true", &changed).ok().json();
    assert_eq!(checked["result"], "success");
    assert_eq!(
        checked["deployment"]["changed_datasource_names"],
        json!(["visits"])
    );
    assert_eq!(
        checked["deployment"]["data_movements"],
        json!([{"datasource_name": "visits", "kind": "backfill_with_forward_query"}])
    );
    assert_eq!(deployments(&server, ""), ["1 data_ready *"]);

    let staged = send(&admin, "/v1/deploy", &changed).ok().json();
    assert_eq!(staged["deployment"]["id"], "2");
    assert_eq!(staged["deployment"]["live"], json!(false));
    status_is(&server, "2", "data_ready");
    assert_eq!(deployments(&server, ""), ["1 data_ready *", "2 data_ready"]);
    let third = send(&admin, "/v1/deploy", &base.replace("count()", "count(*)"))
        .expect(409)
        .json();
    assert!(
        text(&third["error"]).contains("deployment 2 is in progress"),
        "{third}"
    );

    // Rows reach both worlds.
    visit(&server, "/b");
    let dashboard = server.named("dashboard");
    let live = dashboard.endpoint("top", "json", &[]).ok().rows();
    assert_eq!(
        live,
        [
            json!({"page": "/a", "visits": 1}),
            json!({"page": "/b", "visits": 1})
        ]
    );
    let staging = admin
        .endpoint("top", "json", &[("__tb__deployment", "staging")])
        .ok()
        .rows();
    let refs = |page: &str| json!({"page": page, "visits": 1, "refs": 0});
    assert_eq!(staging, [refs("/a"), refs("/b")]);
    let columns = admin
        .call("POST", "/v0/sql?__tb__deployment=staging")
        .header("content-type", "text/plain")
        .body("SELECT toTypeName(ms) AS t, (SELECT sum(visits) FROM per_page FINAL) AS n FROM visits LIMIT 1")
        .send()
        .ok()
        .rows();
    assert_eq!(columns, [json!({"t": "UInt32", "n": 2})]);

    // Promoted: what was staged is live, and the one before goes.
    admin.post("/v1/deployments/2/set-live", "").ok();
    admin.post("/v1/deployments/2/set-live", "").ok();
    assert_eq!(deployments(&server, ""), ["2 data_ready *"]);
    admin.call("DELETE", "/v1/deployments/1").send().ok();
    status_is(&server, "1", "deleted");
    visit(&server, "/b");
    let rows = dashboard.endpoint("top", "json", &[]).ok().rows();
    assert_eq!(rows[1], json!({"page": "/b", "visits": 2, "refs": 1}));
    assert_eq!(admin.value("SELECT sum(visits) FROM per_page"), json!(3));
    admin.call("DELETE", "/v1/deployments/2").send().expect(400);
    admin.get("/v1/deployments/77").expect(404);
    assert_eq!(
        deployments(&server, "?include_deleted=true"),
        ["0 deleted", "1 deleted", "2 data_ready *"]
    );

    // Discarded: nothing of it is left.
    send(
        &admin,
        "/v1/deploy",
        &changed.replace("KEY page\n--- endpoints", "KEY page, ms\n--- endpoints"),
    )
    .ok();
    status_is(&server, "3", "data_ready");
    admin.call("DELETE", "/v1/deployments/3").send().ok();
    status_is(&server, "3", "deleted");
    admin
        .endpoint("top", "json", &[("__tb__deployment", "staging")])
        .expect(404);
    visit(&server, "/b");
    assert_eq!(admin.value("SELECT count() FROM visits"), json!(4));
    server.stop();
}

#[test]
fn what_would_be_lost_needs_a_word() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    let base = [VISITS, TOP].concat();
    send(&admin, "/v1/deploy?auto_promote=true", &base).ok();
    visit(&server, "/a");
    let refused = |path: &str, text: &str| {
        let answer = send(&admin, path, text).ok().json();
        assert_eq!(answer["result"], "failed", "{answer}");
        let errors = answer["deployment"]["errors"].as_array().unwrap();
        errors
            .iter()
            .map(|e| e["error"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
            .join("\n")
    };
    let gone = "--- endpoints/one.pipe\nNODE one\nSQL >\n    SELECT 1 AS one\nTYPE endpoint\n";
    let said = refused("/v1/deploy", gone);
    assert!(
        said.contains("delete the data source visits with its 1 rows"),
        "{said}"
    );
    assert!(said.contains("--allow-destructive-operations"), "{said}");
    let narrow = base.replace("ms UInt16", "ms UInt8");
    let said = refused("/v1/deploy?check=true", &narrow);
    assert!(
        said.contains(
            "FORWARD_QUERY >\n    SELECT `at`, `page`, accurateCastOrDefault(`ms`, 'UInt8') AS `ms`"
        ),
        "{said}"
    );
    let wrong = narrow.replace(
        "KEY page\n",
        "KEY page\n\nFORWARD_QUERY >\n    SELECT at, ms\n",
    );
    let said = refused("/v1/deploy", &wrong);
    assert!(said.contains("does not give the column page"), "{said}");
    assert!(
        said.contains("gives UInt16 for the column ms, which is UInt8"),
        "{said}"
    );
    let reads = narrow.replace(
        "KEY page\n",
        "KEY page\n\nFORWARD_QUERY >\n    SELECT at, page, (SELECT 1 FROM visits) AS ms\n",
    );
    assert!(
        refused("/v1/deploy", &reads).contains("FORWARD_QUERY reads visits"),
        "{said}"
    );
    assert_eq!(
        deployments(&server, ""),
        ["1 data_ready *"],
        "nothing was made"
    );

    let right = narrow.replace(
        "KEY page\n",
        "KEY page\n\nFORWARD_QUERY >\n    SELECT at, page, toUInt8(ms) AS ms\n",
    );
    send(&admin, "/v1/deploy?auto_promote=true", &right).ok();
    until("it is live", || {
        deployments(&server, "") == ["2 data_ready *"]
    });
    assert_eq!(admin.value("SELECT sum(ms) FROM visits"), json!(20));
    let answer = send(
        &admin,
        "/v1/deploy?auto_promote=true&allow_destructive_operations=true",
        gone,
    )
    .ok();
    assert_eq!(
        answer.json()["deployment"]["deleted_datasource_names"],
        json!(["visits"])
    );
    status_is(&server, "2", "deleted");
    admin.query("SELECT count() FROM visits").expect(404);
    server.stop();
}

#[test]
fn broken_requests_get_clear_answers() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let admin = server.admin();
    for path in ["/v1/build", "/v1/deploy"] {
        server.anonymous().post(path, "").expect(403);
        let answer = admin.post(path, "SCHEMA >").expect(400);
        assert!(text(&answer.json()["error"]).contains("multipart/form-data"));
        let cut = admin
            .call("POST", path)
            .header("content-type", "multipart/form-data; boundary=X")
            .body("--X\r\nContent-Disposition: form-data; name=\"data_project://\"; filename=\"a.pipe\"\r\n\r\nNODE")
            .send()
            .expect(400);
        assert!(!text(&cut.json()["error"]).is_empty());
        let twice = [TOP, TOP].concat();
        let answer = send(&admin, path, &twice).expect(400);
        assert!(text(&answer.json()["error"]).contains("sent twice"));
    }
    send(&admin, "/v1/build", &[VISITS, TOP].concat()).ok();
    let tracker = server.named("tracker");
    for (method, path) in [
        ("POST", "/v1/build"),
        ("POST", "/v1/deploy"),
        ("GET", "/v1/deployments"),
        ("GET", "/v1/deployments/1"),
        ("POST", "/v1/deployments/1/set-live"),
        ("DELETE", "/v1/deployments/1"),
    ] {
        tracker.call(method, path).send().expect(403);
    }
    admin.get("/v1/deployments/one").expect(404);
    admin
        .endpoint("top", "json", &[("__tb__deployment", "staging")])
        .expect(404);
    server.stop();
}

/// The gateway dies at each step of a deployment; the next one finds everything as it was.
#[test]
fn a_kill_at_any_step_leaves_what_was_live() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let base = [VISITS, TOP, PER_PAGE].concat();
    send(&server.admin(), "/v1/deploy?auto_promote=true", &base).ok();
    visit(&server, "/a");
    server.stop();
    let changed = base.replace("KEY page\n--- endpoints", "KEY page, ms\n--- endpoints");
    let mut visits = 1;
    for step in STEPS {
        let server = start_with(&scratch, Some(step));
        send_to_its_death(server, "/v1/deploy", &changed);
        let server = empty(&scratch);
        let admin = server.admin();
        assert_eq!(deployments(&server, "").len(), 1, "{step}");
        visit(&server, "/a");
        visits += 1;
        assert_eq!(
            admin.value("SELECT count() FROM visits"),
            json!(visits),
            "{step}"
        );
        assert_eq!(
            admin.value("SELECT sum(visits) FROM per_page"),
            json!(visits),
            "{step}"
        );
        server.stop();
    }
    // Deploying works as if nothing had been.
    let server = empty(&scratch);
    let admin = server.admin();
    send(&admin, "/v1/deploy?auto_promote=true", &changed).ok();
    until("it is live", || {
        let all = deployments(&server, "");
        all.len() == 1 && all != ["1 data_ready *"]
    });
    visit(&server, "/a");
    visits += 1;
    assert_eq!(admin.value("SELECT count() FROM visits"), json!(visits));
    assert_eq!(
        admin.value("SELECT sum(visits) FROM per_page"),
        json!(visits)
    );
    server.stop();
}

/// The gateway dies between the catalog's step and the removal of what was live before.
#[test]
fn a_kill_after_the_promotion_leaves_what_is_new() {
    for step in ["deploy/promoted", "deploy/views-removed", "deploy/removed"] {
        let scratch = Scratch::new();
        let server = empty(&scratch);
        let base = [VISITS, TOP, PER_PAGE].concat();
        send(&server.admin(), "/v1/deploy?auto_promote=true", &base).ok();
        visit(&server, "/a");
        server.stop();
        let server = start_with(&scratch, Some(step));
        let changed = base.replace("KEY page\n--- endpoints", "KEY page, ms\n--- endpoints");
        send_to_its_death(server, "/v1/deploy?auto_promote=true", &changed);
        let server = empty(&scratch);
        assert_eq!(deployments(&server, ""), ["2 data_ready *"], "{step}");
        visit(&server, "/a");
        let admin = server.admin();
        assert_eq!(
            admin.value("SELECT count() FROM visits"),
            json!(2),
            "{step}"
        );
        assert_eq!(
            admin.value("SELECT sum(visits) FROM per_page"),
            json!(2),
            "{step}"
        );
        status_is(&server, "1", "deleted");
        server.stop();
    }
}
