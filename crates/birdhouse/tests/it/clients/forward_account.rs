//! The Forward CLI with the tokens of the account: workspaces, members, and what there is no more of.

use std::fs;

use crate::harness::Scratch;

use super::command::Program;
use super::forward::empty_server;
use super::install;
use super::report::Report;

#[test]
fn forward_cli_manages_workspaces() {
    let Some(environment) = install::python("forward") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let (home, folder) = (scratch.path("home"), scratch.path("folder"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(&folder).unwrap();
    let port = server.base().rsplit_once(':').unwrap().1.to_owned();
    let tb = Program::new("tb", environment.join("tb"), &folder, &home)
        .env("TB_LOCAL_HOST", "127.0.0.1")
        .env("TB_LOCAL_PORT", port);
    let mut report = Report::new("Forward CLI: the account");
    let login = format!(
        "--host {{{}}} --token {{{}}} --user-token {{{}}} --cloud workspace ls",
        server.base(),
        server.local_token("admin_token"),
        server.local_token("user_token"),
    );
    report.works(tb.run(&login), &["name: Tinybird_Local_Testing"]);
    let created = ["'other' has been created"];
    report.works(tb.run("--cloud workspace create other"), &created);
    let all = ["name: Tinybird_Local_Testing", "name: other"];
    report.works(tb.run("--cloud workspace ls"), &all);
    members(&mut report, &tb);
    report.works(tb.run("--cloud workspace use other"), &["Now using other"]);
    report.works(tb.run("--cloud workspace current"), &["| other |"]);
    let page = format!("{}/other", server.base());
    let info = [
        "workspace_name: other",
        "user: local_testing@tinybird.co",
        &page,
    ];
    report.works(tb.run("--cloud info"), &info);
    let opened = tb.run("--cloud open");
    report.must(
        opened.text.contains(&page),
        &format!("the browser gets the address: {}", opened.text),
    );
    report.works(opened, &["Opening workspace other in the browser"]);
    let browser = server.anonymous();
    let html = browser.call("GET", "/other");
    let html = html.header("accept", "text/html").send().expect(200).text();
    report.must(
        html.contains("tb endpoint ls") && !html.contains("other"),
        "the address shows a page that is the same for all names",
    );
    branches_and_regions(&mut report, &tb);
    report.works(tb.run("--local local clear --yes"), &["'other' cleared"]);
    let delete = login.replace("workspace ls", "workspace delete other --yes");
    let confirm = "--confirm_hard_delete other";
    report.refused(
        tb.run(&delete),
        &["deletes all its data", confirm],
        "refused: all data would be deleted; names the option that confirms it",
    );
    report.works(tb.run(&format!("{delete} {confirm}")), &["'other' deleted"]);
    report.works(tb.run("--cloud logout"), &["Logged out"]);
    report.finish();
    server.stop();
}

fn members(report: &mut Report, tb: &Program) {
    let one = ["local_testing@tinybird.co", "admin"];
    report.works(tb.run("--cloud workspace members ls"), &one);
    let who = "has one user, local_testing@tinybird.co";
    let by_token = "refused: there is one user; says to give somebody a token";
    report.refused(
        tb.run("--cloud workspace members add someone@example.com --role viewer"),
        &[who, "giving somebody a token"],
        by_token,
    );
    report.refused(
        tb.run("--cloud workspace members set-role viewer local_testing@tinybird.co"),
        &[who],
        by_token,
    );
    report.refused(
        tb.run("--cloud workspace members rm local_testing@tinybird.co"),
        &[who],
        by_token,
    );
}

fn branches_and_regions(report: &mut Report, tb: &Program) {
    report.works(tb.run("--cloud branch create feature"), &["feature"]);
    report.works(tb.run("--cloud branch ls"), &["feature"]);
    report.works(tb.run("--cloud branch rm feature --yes"), &["feature"]);
    report.refused(
        tb.run("--cloud branch rm feature --yes"),
        &["Branch feature not found"],
        "refused: there is none",
    );
    report.refused(
        tb.run("--cloud build"),
        &["only supported in Tinybird Local"],
        "refused by the client in cloud mode",
    );
    report.works(tb.run("--cloud infra ls"), &["** Infras:"]);
    report.refused(
        tb.run("--cloud workspace clear --yes"),
        &["has moved to"],
        "refused by the client: it is called `branch clear` now",
    );
}
