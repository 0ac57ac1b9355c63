//! Libraries, driven by the scripts of `tests/clients`.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::{ADMIN_TOKEN, Scratch, Server};

use super::command::Program;
use super::forward::shop_project;
use super::install;
use super::report::Report;

/// Runs a script; each of its lines `works <call>` is a row of the section's table.
fn script(section: &'static str, interpreter: PathBuf, name: &str, calls: usize) {
    let scratch = Scratch::new();
    let project = shop_project(&scratch);
    let server = Server::start(&scratch, &project);
    let home = scratch.path("home");
    fs::create_dir_all(&home).unwrap();
    let folder = install::repository().join("tests/clients");
    let program =
        Program::new("", interpreter, Path::new(&folder), &home).before(folder.join(name));
    let read = server.token("app_read_token");
    let clickhouse = server.clickhouse();
    let (api, clickhouse) = (server.base(), clickhouse.base());
    let line = format!("{api} {ADMIN_TOKEN} {read} {clickhouse}");
    let seen = program.run(&line);
    let mut report = Report::new(section);
    report.calls(&seen, calls);
    report.finish();
    server.stop();
}

#[test]
fn typescript_sdk() {
    if install::has_node_clients() {
        script("TypeScript SDK", "node".into(), "typescript.mjs", 13);
    }
}

#[test]
fn python_sdk() {
    if let Some(environment) = install::python("python-sdk") {
        script("Python SDK", environment.join("python"), "python_sdk.py", 7);
    }
}

#[test]
fn clickhouse_connect() {
    if let Some(environment) = install::python("clickhouse") {
        let python = environment.join("python");
        script("clickhouse-connect", python, "clickhouse.py", 8);
    }
}

#[test]
fn verdin() {
    if let Some(environment) = install::python("verdin") {
        let python = environment.join("python");
        script("verdin", python, "verdin_sdk.py", 10);
    }
}

#[test]
fn mockingbird() {
    if install::has_node_clients() {
        script("Mockingbird", "node".into(), "mockingbird.mjs", 1);
    }
}

#[test]
fn zod_bird() {
    if install::has_node_clients() {
        script("zod-bird", "node".into(), "zod_bird.mjs", 2);
    }
}

#[test]
fn charts_in_a_browser() {
    if install::has_node_clients() {
        script("Charts", "node".into(), "charts.mjs", 4);
    }
}
