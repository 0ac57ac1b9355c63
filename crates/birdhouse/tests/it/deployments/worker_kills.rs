//! The engine's worker is killed at each named step of a deployment, while events come in.
//!
//! Appends go on being acknowledged. The deployment is completed or fails with the reason, and nothing
//! of it is left; what is live answers right; the next deployment works.

use std::collections::BTreeSet;

use serde_json::json;

use super::matrix::{PROJECT, deploy, everything_is_there_once};
use super::support::{
    STEPS, deployments, empty, only_one_is_left, send, start_with_dying_worker, text, until,
};
use super::tables::Tables;
use super::traffic::{SLOW, Sent, Traffic};
use crate::harness::{Scratch, Server};

/// A workspace that lives through the deaths of many workers.
struct Life {
    scratch: Scratch,
    sent: Sent,
    /// Tables and views without anything staged.
    usual: BTreeSet<String>,
    is_changed: bool,
}

impl Life {
    fn begin() -> Self {
        let scratch = Scratch::new();
        let server = empty(&scratch);
        deploy(&server.admin(), "", PROJECT);
        only_one_is_left(&server);
        let usual = Tables::of(&server).without_strays();
        server.stop();
        Self {
            scratch,
            sent: Sent::default(),
            usual,
            is_changed: false,
        }
    }

    /// Returns the project with the other sorting key.
    fn next_project(&mut self) -> String {
        self.is_changed = !self.is_changed;
        match self.is_changed {
            true => PROJECT.replace("KEY page, id", "KEY id"),
            false => PROJECT.to_owned(),
        }
    }

    /// Runs `deploying` on a server whose worker dies at `step`, with events before and after, and
    /// counts.
    fn through(&mut self, step: &str, deploying: impl FnOnce(&mut Self, &Server, &Traffic)) {
        let server = start_with_dying_worker(&self.scratch, step);
        let first = server.worker();
        let traffic = Traffic::start_on_shaky_ground(&server, SLOW, self.sent);
        traffic.more(100);
        deploying(self, &server, &traffic);
        only_one_is_left(&server);
        assert_ne!(server.worker(), first, "{step}: the worker was not killed");
        traffic.more(100);
        self.sent = traffic.stop();
        everything_is_there_once(&server.admin(), self.sent, step);
        let left = Tables::of(&server).without_strays();
        assert_eq!(left, self.usual, "{step}");
        server.stop();
    }
}

/// Deploys; the first try may fail, the second may not. Returns whether the first one worked.
fn deploy_twice(server: &Server, traffic: &Traffic, project: &str) -> bool {
    let admin = server.admin();
    let before = deployments(server, "?include_deleted=true").len();
    let path = "/v1/deploy?auto_promote=true";
    let answer = send(&admin, path, project);
    match answer.status {
        200 => assert_eq!(answer.json()["result"], "success", "{}", answer.text()),
        status => assert_eq!(status, 503, "{}", answer.error()),
    }
    let id = before.to_string();
    let mut last = json!(null);
    until("the deployment is live or gone", || {
        let answer = admin.get(format!("/v1/deployments/{id}")).ok();
        last = answer.json()["deployment"].clone();
        last["live"] == json!(true) || last["status"] == "deleted"
    });
    if last["live"] == json!(true) {
        return true;
    }
    let reason = last["errors"][0]["error"].as_str();
    assert!(reason.is_some_and(|reason| !reason.is_empty()), "{last}");
    traffic.more(50);
    deploy(&admin, "", project);
    false
}

#[test]
fn a_worker_that_dies_while_a_deployment_is_made() {
    let mut life = Life::begin();
    for step in STEPS {
        life.through(step, |life, server, traffic| {
            let worked = deploy_twice(server, traffic, &life.next_project());
            println!(
                "{step}: {}",
                if worked {
                    "completed"
                } else {
                    "failed, then deployed"
                }
            );
        });
    }
}

#[test]
fn a_worker_that_dies_while_a_deployment_is_removed() {
    let mut life = Life::begin();
    for step in ["deploy/promoted", "deploy/views-removed", "deploy/removed"] {
        life.through(step, |life, server, traffic| {
            let worked = deploy_twice(server, traffic, &life.next_project());
            assert!(worked, "{step}: it was live already");
        });
    }
    for step in ["deploy/discarded", "deploy/views-removed"] {
        life.through(step, |life, server, traffic| {
            let admin = server.admin();
            let staged = send(&admin, "/v1/deploy", &life.next_project()).ok().json();
            let id = text(&staged["deployment"]["id"]).to_owned();
            super::support::status_is(server, &id, "data_ready");
            traffic.more(50);
            admin.delete(format!("/v1/deployments/{id}")).ok();
            // It was not made live.
            life.is_changed = !life.is_changed;
        });
    }
}
