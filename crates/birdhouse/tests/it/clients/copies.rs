//! Copies with both command lines, of a project whose copies have a parameter and a view behind their
//! target.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::harness::{ADMIN_TOKEN, Client, Scratch, Server};

use super::command::Program;
use super::forward::{empty_server, local};
use super::install::{self, repository};
use super::report::Report;

fn copied_project(scratch: &Scratch) -> PathBuf {
    let (from, to) = (
        repository().join("tests/projects/copies"),
        scratch.path("copies"),
    );
    let copied = Command::new("cp").arg("-r").args([&from, &to]).status();
    assert!(copied.unwrap().success(), "the project is copied");
    to
}

#[test]
fn forward_cli_runs_copies() {
    let Some(environment) = install::python("forward") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let project = copied_project(&scratch);
    let tb = local(&environment, &scratch, &server, &project);
    let mut report = Report::new("Forward CLI: copies");
    let made = [
        "copies/add_hours.pipe created",
        "copies/rebuild_hours.pipe created",
    ];
    report.works(tb.run("build"), &made);
    report.works(tb.run("copy ls"), &["add_hours", "rebuild_hours"]);
    report.works(
        tb.run("copy run add_hours --wait"),
        &[
            "Copy to 'orders_by_hour' job created",
            "Data copied to 'orders_by_hour'",
        ],
    );
    shows(&mut report, &tb, [4, 4, 23]);
    report.works(
        tb.run("copy run add_hours --param shop=south --wait"),
        &["Data copied to 'orders_by_hour'"],
    );
    shows(&mut report, &tb, [6, 6, 31]);
    report.works(
        tb.run("copy run add_hours --mode replace --param shop=north --wait"),
        &["Data copied to 'orders_by_hour'"],
    );
    shows(&mut report, &tb, [2, 2, 15]);
    report.works(
        tb.run("copy pause rebuild_hours"),
        &["Copy pipe rebuild_hours paused"],
    );
    report.refused(
        tb.run("copy run rebuild_hours"),
        &["is paused; resume it first"],
        "refused: it is paused",
    );
    report.works(
        tb.run("copy resume rebuild_hours"),
        &["Copy pipe rebuild_hours resumed"],
    );
    report.works(
        tb.run("copy run rebuild_hours --wait"),
        &["Data copied to 'orders_by_hour'"],
    );
    shows(&mut report, &tb, [4, 4, 23]);
    report.works(
        tb.run("job ls --kind copy"),
        &["kind: copy", "status: done"],
    );
    report.refused(
        tb.run("copy run shops"),
        &["is not a copy pipe"],
        "refused: it is an endpoint",
    );
    report.finish();
    server.stop();
}

/// What an endpoint over target and view says.
fn shows(report: &mut Report, tb: &Program, [hourly, total, amount]: [u64; 3]) {
    let seen = tb.run("endpoint data shops --format json");
    let text = &seen.text;
    let is_right = [("hourly", hourly), ("total", total), ("amount", amount)]
        .iter()
        .all(|(name, value)| text.contains(&format!("\"{name}\": {value}")));
    report.must(
        is_right,
        &format!("{hourly}, {total} and {amount} are there, not {text}"),
    );
}

#[test]
fn classic_cli_runs_copies() {
    let Some(environment) = install::python("classic") else {
        return;
    };
    let scratch = Scratch::new();
    let project = copied_project(&scratch);
    let server = Server::start(&scratch, &project);
    let admin = server.admin();
    let orders = fs::read(project.join("fixtures/orders.ndjson")).unwrap();
    admin.append("orders", orders).expect(200);
    let (home, folder) = (scratch.path("home"), scratch.path("classic"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(&folder).unwrap();
    let tb = Program::new("tb", environment.join("tb"), &folder, &home);
    let mut report = Report::new("Classic CLI: copies");
    let auth = format!(
        "auth --host {{{}}} --token {{{ADMIN_TOKEN}}}",
        server.base()
    );
    report.works(tb.run(&auth), &["Auth successful"]);
    report.works(
        tb.run("pipe copy run add_hours --yes --wait"),
        &["orders_by_hour"],
    );
    report.must(sum(&admin) == 23, "all orders are added up");
    report.works(
        tb.run("pipe copy run add_hours --param shop=south --yes --wait"),
        &["orders_by_hour"],
    );
    report.must(sum(&admin) == 31, "those of the south twice");
    report.works(
        tb.run("pipe copy run rebuild_hours --mode replace --yes --wait"),
        &["orders_by_hour"],
    );
    report.must(sum(&admin) == 23, "all anew");
    report.works(tb.run("pipe copy pause rebuild_hours"), &["rebuild_hours"]);
    report.refused(
        tb.run("pipe copy run rebuild_hours --yes"),
        &["is paused; resume it first"],
        "refused: it is paused",
    );
    report.works(tb.run("pipe copy resume rebuild_hours"), &["rebuild_hours"]);
    report.finish();
    server.stop();
}

/// The sum of the view behind the target.
fn sum(admin: &Client) -> i64 {
    let sum = admin.value("SELECT sum(amount) FROM shop_totals");
    sum.as_i64().unwrap()
}
