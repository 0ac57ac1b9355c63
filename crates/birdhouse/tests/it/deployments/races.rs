//! Requests that change what is live or staged at the same moment: one wins, the other is told so.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::support::{
    LIMIT, PER_PAGE, TOP, VISITS, call, deployments, empty, only_one_is_left, send, text, until,
    visit,
};
use crate::harness::{Answer, Client, Scratch, Server, wait_until};

/// Calls both at the same moment.
fn at_once(
    one: impl FnOnce() -> Answer + Send,
    other: impl FnOnce() -> Answer + Send,
) -> (Answer, Answer) {
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let one = scope.spawn(|| {
            barrier.wait();
            one()
        });
        barrier.wait();
        let other = other();
        (one.join().unwrap(), other)
    })
}

/// Returns a server with the project deployed and one visit.
fn ready(scratch: &Scratch) -> (Server, String) {
    let server = empty(scratch);
    let base = [VISITS, TOP, PER_PAGE].concat();
    send(&server.admin(), "/v1/deploy?auto_promote=true", &base).ok();
    visit(&server, "/a");
    only_one_is_left(&server);
    (server, base)
}

/// The base with another sorting key and an endpoint that says which project it is of.
fn variant(base: &str, round: u32, who: &str) -> String {
    base.replace(
        "KEY page\n--- endpoints",
        &format!(
            "KEY page, ms\nENGINE_SETTINGS index_granularity={}\n--- endpoints",
            1024 + round
        ),
    )
    .replace(
        "count() AS visits FROM visits GROUP BY page ORDER",
        &format!("count() AS visits, '{who}' AS who FROM visits GROUP BY page ORDER"),
    )
}

fn who(admin: &Client) -> String {
    let rows = admin.endpoint("top", "json", &[]).ok().rows();
    rows[0]["who"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn of_two_deployments_at_once_one_wins() {
    let scratch = Scratch::new();
    let (server, base) = ready(&scratch);
    let admin = server.admin();
    for round in 0..4 {
        let variants = ["one", "other"].map(|who| variant(&base, round, who));
        let [one, other] = &variants;
        let (one, other) = at_once(
            || send(&admin, "/v1/deploy", one),
            || send(&admin, "/v1/deploy", other),
        );
        let mut statuses = [one.status, other.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "{} {}", one.text(), other.text());
        let (won, lost) = if one.status == 200 {
            (one, other)
        } else {
            (other, one)
        };
        let id = text(&won.json()["deployment"]["id"]).to_owned();
        let error = lost.error();
        assert!(
            error.contains(&format!("deployment {id} is in progress")),
            "{error}"
        );
        until("it is staged", || deployments(&server, "").len() == 2);
        admin.delete(format!("/v1/deployments/{id}")).ok();
        only_one_is_left(&server);
    }
    // A build and a deployment: whoever is late is told that another one is live or in progress.
    for round in 10..14 {
        let built = variant(&base, round, "built");
        let deployed = variant(&base, round + 10, "deployed");
        let (one, other) = at_once(
            || send(&admin, "/v1/build", &built),
            || send(&admin, "/v1/deploy?auto_promote=true", &deployed),
        );
        for answer in [&one, &other] {
            assert!(matches!(answer.status, 200 | 409), "{}", answer.text());
            if answer.status == 409 {
                let error = answer.error();
                assert!(
                    error.contains("in progress") || error.contains("deploy again"),
                    "{error}"
                );
            }
        }
        only_one_is_left(&server);
        let now = who(&admin);
        match (one.status, other.status) {
            (200, 409) => assert_eq!(now, "built"),
            (409, 200) => assert_eq!(now, "deployed"),
            (200, 200) => {}
            statuses => panic!("{statuses:?}: nobody won"),
        }
        visit(&server, "/a");
        let visits = u64::from(round - 10) + 2;
        assert_eq!(admin.value("SELECT count() FROM visits"), json!(visits));
        assert_eq!(
            admin.value("SELECT sum(visits) FROM per_page"),
            json!(visits)
        );
    }
    server.stop();
}

#[test]
fn promoting_and_discarding_at_once_leaves_one_of_the_two() {
    let scratch = Scratch::new();
    let (server, base) = ready(&scratch);
    let admin = server.admin();
    for round in 0..8 {
        let name = format!("round {round}");
        let before = who(&admin);
        let staged = send(&admin, "/v1/deploy", &variant(&base, round, &name))
            .ok()
            .json();
        let id = text(&staged["deployment"]["id"]).to_owned();
        let path = format!("/v1/deployments/{id}");
        let live = format!("{path}/set-live");
        // As soon as it says so itself.
        until("it is ready", || {
            admin.get(path.clone()).ok().json()["deployment"]["status"] == json!("data_ready")
        });
        let (promoted, second) = match round % 4 {
            0 => (admin.post(live.clone(), ""), admin.post(live.clone(), "")),
            1 => at_once(
                || admin.post(live.clone(), ""),
                || admin.post(live.clone(), ""),
            ),
            _ => at_once(
                || admin.post(live.clone(), ""),
                || admin.delete(path.clone()),
            ),
        };
        if round % 4 < 2 {
            assert_eq!(
                (promoted.status, second.status),
                (200, 200),
                "{}",
                second.text()
            );
        } else {
            let statuses = (promoted.status, second.status);
            assert!(matches!(statuses, (200, 400) | (400, 200)), "{statuses:?}");
            let lost = if promoted.status == 200 {
                &second
            } else {
                &promoted
            };
            assert!(!lost.error().is_empty());
        }
        let expected = if promoted.status == 200 { name } else { before };
        assert_eq!(who(&admin), expected);
        only_one_is_left(&server);
        assert_eq!(who(&admin), expected, "after the other one is gone");
        visit(&server, "/a");
        let visits = u64::from(round) + 2;
        assert_eq!(admin.value("SELECT count() FROM visits"), json!(visits));
        assert_eq!(
            admin.value("SELECT sum(visits) FROM per_page"),
            json!(visits)
        );
    }
    server.stop();
}

#[test]
fn a_deleted_deployment_is_neither_promoted_nor_deleted_again() {
    let scratch = Scratch::new();
    let (server, base) = ready(&scratch);
    let admin = server.admin();
    send(&admin, "/v1/deploy", &variant(&base, 0, "x")).ok();
    until("it is staged", || deployments(&server, "").len() == 2);
    let refused = admin.delete("/v1/deployments/1").expect(400);
    assert!(
        refused.error().contains("deployment 1 is live"),
        "{}",
        refused.error()
    );
    let (one, other) = at_once(
        || admin.delete("/v1/deployments/2"),
        || admin.delete("/v1/deployments/2"),
    );
    assert_eq!((one.ok().status, other.ok().status), (200, 200));
    only_one_is_left(&server);
    admin.delete("/v1/deployments/2").ok();
    let refused = admin.post("/v1/deployments/2/set-live", "").expect(400);
    assert!(
        refused.error().contains("its status is deleted"),
        "{}",
        refused.error()
    );
    for id in ["77", "-1", "4294967296", "one", "%00", "1e1"] {
        for (method, path) in [
            ("GET", format!("/v1/deployments/{id}")),
            ("DELETE", format!("/v1/deployments/{id}")),
            ("POST", format!("/v1/deployments/{id}/set-live")),
        ] {
            let refused = admin.call(method, path).send().expect(404);
            assert!(
                refused.error().contains("does not exist"),
                "{}",
                refused.error()
            );
        }
    }
    server.stop();
}

/// A client that goes away in the middle of a deployment leaves requests with what the catalog says.
#[test]
fn clients_that_go_away_leave_no_half_of_a_deployment() {
    let scratch = Scratch::new();
    let (server, base) = ready(&scratch);
    let admin = server.admin();
    let is_as_in_the_catalog = || {
        let file = admin.get("/v0/pipes/top.pipe").ok().text();
        let who = who(&admin);
        match who.is_empty() || file.contains(&format!("'{who}'")) {
            true => Ok(()),
            false => Err(format!("{who} answers for {file}")),
        }
    };
    for round in 0..30 {
        let tail = "FROM visits GROUP BY page ORDER";
        let marked = format!("count() AS visits, 'round{round}' AS who {tail}");
        let text = base.replace(&format!("count() AS visits {tail}"), &marked);
        let patience = Duration::from_millis(5 + round * 3);
        call(&admin, "/v1/build", &text).try_send(patience).ok();
        wait_until("they are one", LIMIT, is_as_in_the_catalog);
    }
    send(&admin, "/v1/build", &base).ok();
    wait_until("they are one", LIMIT, is_as_in_the_catalog);
    assert_eq!(who(&admin), "");
    server.stop();
}
