//! Projects written in TypeScript and Python, deployed by the commands of their SDKs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Scratch, Server};

use super::command::Program;
use super::forward::empty_server;
use super::install;
use super::report::Report;

/// Makes a project of one file of `tests/clients/projects`.
pub(super) fn project(scratch: &Scratch, file: &str, config: &Value) -> PathBuf {
    let target = scratch.path("views");
    fs::create_dir(&target).unwrap();
    let source = install::repository()
        .join("tests/clients/projects")
        .join(file);
    fs::copy(source, target.join(file)).unwrap();
    fs::write(target.join("tinybird.config.json"), config.to_string()).unwrap();
    target
}

pub(super) fn change(project: &Path, file: &str) {
    let path = project.join(file);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(path, text.replace("ORDER BY views DESC", "ORDER BY views")).unwrap();
}

fn has_order(server: &Server, order: &str) -> bool {
    let pipe = server.admin().get("/v1/pipes/top_pages.pipe").text();
    pipe.contains(order)
}

/// Returns the command of the TypeScript SDK in a project.
pub(super) fn tinybird(scratch: &Scratch, project: &Path) -> Program {
    let packages = install::repository().join("tests/clients/node_modules");
    symlink(
        packages.canonicalize().unwrap(),
        project.join("node_modules"),
    )
    .unwrap();
    let home = scratch.path("home");
    fs::create_dir_all(&home).unwrap();
    let script = packages.join("@tinybirdco/sdk/bin/tinybird.js");
    Program::new("tinybird", "node".into(), project, &home).before(script.canonicalize().unwrap())
}

#[test]
fn typescript_project() {
    if !install::has_node_clients() {
        return;
    }
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let config = json!({
        "include": ["views.ts"], "token": ADMIN_TOKEN, "baseUrl": server.base(), "devMode": "branch",
    });
    let project = project(&scratch, "views.ts", &config);
    let tinybird = tinybird(&scratch, &project);
    let mut report = Report::new("TypeScript project");
    report.works(tinybird.run("build --dry-run"), &["page_views.datasource"]);
    report.works(tinybird.run("deploy --check"), &["Resources validated"]);
    let live = ["page_views", "top_pages", "Deployment #1 is live"];
    report.works(tinybird.run("deploy"), &live);
    report.works(tinybird.run("deploy"), &["Not deploying. No changes."]);
    change(&project, "views.ts");
    let live = ["top_pages", "Deployment #2 is live"];
    report.works(tinybird.run("deploy"), &live);
    report.must(!has_order(&server, "views DESC"), "the new order is live");
    report.works(tinybird.run("pull --force"), &["Pulled 2 file(s)"]);
    report.works(tinybird.run("info"), &["Tinybird_Local_Testing"]);
    report.works(tinybird.run("branch list"), &["No branches found."]);
    report.finish();
    server.stop();
}

#[test]
fn python_project() {
    let Some(environment) = install::python("python-sdk") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let config = json!({
        "include": ["views.py"], "token": ADMIN_TOKEN, "base_url": server.base(), "dev_mode": "branch",
    });
    let project = project(&scratch, "views.py", &config);
    let home = scratch.path("home");
    fs::create_dir_all(&home).unwrap();
    let tinybird = Program::new("tinybird", environment.join("tinybird"), &project, &home)
        .env("TB_HOST", server.base())
        .env("TB_TOKEN", ADMIN_TOKEN)
        .env("TB_LOCAL_HOST", "127.0.0.1")
        .env("TB_LOCAL_PORT", server.base().rsplit_once(':').unwrap().1);
    let mut report = Report::new("Python project");
    report.works(
        tinybird.run("--cloud deploy --check"),
        &["Deployment is valid"],
    );
    let live = ["page_views", "top_pages", "Deployment #1 is live"];
    report.works(tinybird.run("deploy"), &live);
    report.works(tinybird.run("deploy"), &["Not deploying. No changes."]);
    change(&project, "views.py");
    report.works(tinybird.run("--local build"), &["top_pages"]);
    report.finish();
    server.stop();
}
