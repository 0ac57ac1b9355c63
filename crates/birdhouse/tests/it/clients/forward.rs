//! The Forward CLI `tb --local`, with the e-commerce project, against a server without a project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{Scratch, Server, example};

use super::command::Program;
use super::install;
use super::report::Report;

/// Copies what the CLI needs of the example: not the shop, whose pictures are no part of a project.
pub(super) fn shop_project(scratch: &Scratch) -> PathBuf {
    let target = scratch.path("shop");
    fs::create_dir(&target).unwrap();
    for folder in [
        "datasources",
        "endpoints",
        "materializations",
        "fixtures",
        "tests",
    ] {
        let copied = Command::new("cp")
            .args([
                "-r".as_ref(),
                example().join(folder).as_os_str(),
                target.as_os_str(),
            ])
            .status();
        assert!(copied.unwrap().success(), "{folder} is copied");
    }
    target
}

/// Starts a server that nothing was deployed to.
pub(super) fn empty_server(scratch: &Scratch) -> Server {
    let data = scratch.path("data");
    let started = Server::launch(scratch.root(), data, |command| {
        command.arg("start");
    });
    started.unwrap_or_else(|refused| panic!("not started: {refused:#?}"))
}

/// Returns the `tb` of the environment, in local mode, for the server.
pub(super) fn local(
    environment: &Path,
    scratch: &Scratch,
    server: &Server,
    project: &Path,
) -> Program {
    let port = server.base().rsplit_once(':').unwrap().1.to_owned();
    let home = scratch.path("home");
    fs::create_dir_all(&home).unwrap();
    Program::new("tb --local", environment.join("tb"), project, &home)
        .before("--local")
        .env("TB_LOCAL_HOST", "127.0.0.1")
        .env("TB_LOCAL_PORT", port)
}

#[test]
fn forward_cli_builds_and_works_with_a_project() {
    let Some(environment) = install::python("forward") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let project = shop_project(&scratch);
    let tb = local(&environment, &scratch, &server, &project);
    let mut report = Report::new("Forward CLI: build, data, tokens, jobs");
    builds(&mut report, &tb);
    reads(&mut report, &tb);
    writes(&mut report, &tb, &scratch);
    jobs(&mut report, &tb);
    resources(&mut report, &tb);
    access(&mut report, &tb);
    tests_and_files(&mut report, &tb);
    does_not_run(&mut report, &tb);
    report.finish();
    server.stop();
}

fn builds(report: &mut Report, tb: &Program) {
    let made = [
        "datasources/products.datasource created",
        "endpoints/api_product_grid.pipe created",
        "materializations/mat_stock_wh.pipe created",
        "Build completed",
    ];
    report.works(tb.run("build"), &made);
    report.works(tb.run("build"), &["No changes. Build skipped."]);

    let path = tb.directory().join("endpoints/api_ui_filters.pipe");
    let good = fs::read_to_string(&path).unwrap();
    fs::write(&path, good.replace("FROM products\n", "FROM produkts\n")).unwrap();
    let reason = "refused with the file and the unknown name";
    let mistake = ["api_ui_filters.pipe", "produkts"];
    report.refused(tb.run("build"), &mistake, reason);
    fs::write(
        &path,
        good.replace("(3, 'views')", "(3, 'views'), (4, 'returns')"),
    )
    .unwrap();
    report.works(tb.run("build"), &["endpoints/api_ui_filters.pipe changed"]);
}

fn reads(report: &mut Report, tb: &Program) {
    report.works(
        tb.run("endpoint data api_ui_filters --filter value"),
        &["** Pipe: api_ui_filters", "| sales   |", "| returns |"],
    );
    report.works(
        tb.run("endpoint data api_product_grid --category water --show_oos 1"),
        &["winter-bath", "Ice-free Winter Bath"],
    );
    report.refused(
        tb.run("endpoint data api_ui_filters"),
        &["The parameter 'filter' is required"],
        "the endpoint's own error",
    );
    report.works(
        tb.run("sql 'SELECT count() AS products FROM products'"),
        &["products", "66"],
    );
    report.refused(
        tb.run("sql 'SELECT * FROM nothing'"),
        &["nothing", "not found"],
        "the error of the query",
    );
    let stats = ["| api_ui_filters |"];
    report.works(tb.run("endpoint stats api_ui_filters"), &stats);
    report.works(
        tb.run("endpoint ls"),
        &["name: api_product_grid", "nodes: 4"],
    );
    let url = report.works(
        tb.run("endpoint url api_ui_filters"),
        &["/v0/pipes/api_ui_filters.json"],
    );
    let read = report.works(tb.run("endpoint token api_ui_filters"), &["p.ey"]);
    report.must(url.contains(read.trim()), "the address has the read token");
    report.works(
        tb.run("datasource ls"),
        &[
            "name: ecomm_events\nrow_count: 19,751",
            "name: warehouse_stock\nrow_count: 343",
        ],
    );
    report.works(
        tb.run("datasource data products --limit 2"),
        &["category: feeders", "id: barn-hopper"],
    );
}

fn writes(report: &mut Report, tb: &Program, scratch: &Scratch) {
    let file = |name: &str, text: &str| {
        let path = scratch.path(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let ndjson = file(
        "new.ndjson",
        "{\"category\":\"new\",\"id\":\"n1\",\"name\":\"One\",\"photo\":\"p\",\"price\":1.5}\n",
    );
    let csv = file(
        "new.csv",
        "category,id,name,photo,price\nnew,n2,Two,p,2.5\n",
    );
    let replacement = file(
        "other.csv",
        "category,id,name,photo,price\nnew,n9,Nine,p,9.5\n",
    );
    let broken =
        "{\"category\":\"new\",\"id\":\"n4\",\"name\":\"Four\",\"photo\":\"p\",\"price\":\"dear\"}";
    let good = broken.replace("\"dear\"", "4.5");
    let new = |tb: &Program| {
        let sql = "SELECT arraySort(groupArray(id)) AS ids FROM products WHERE category = 'new'";
        tb.run(&format!("sql \"{sql}\"")).text
    };

    let appended = ["Rows appended!"];
    report.works(
        tb.run(&format!("datasource append products --file {{{ndjson}}}")),
        &appended,
    );
    report.works(
        tb.run(&format!("datasource append products --file {{{csv}}}")),
        &appended,
    );
    let events = format!("datasource append products --events '{good}'");
    report.works(tb.run(&events), &["1 row appended!"]);
    let seen = new(tb);
    report.must(
        seen.contains("['n1', 'n2', 'n4']"),
        &format!("three rows are there: {seen}"),
    );
    report.warns(
        tb.run(&format!("datasource append products --events '{broken}'")),
        &["1 row went to quarantine"],
        "works: says that the row went to quarantine",
    );
    report.refused(
        tb.run("datasource append products --url {http://127.0.0.1:9}/private.csv"),
        &["BIRDHOUSE_ALLOW_PRIVATE_URLS"],
        "refused: an address that is not public; names the setting that allows it",
    );
    let target = scratch.path("out.csv");
    report.works(
        tb.run(&format!(
            "datasource export products --format csv --target {{{}}}",
            target.display()
        )),
        &["Exported data to"],
    );
    let exported = fs::read_to_string(&target).unwrap_or_default();
    report.must(
        exported.lines().count() == 70,
        "the file has a header and 69 rows",
    );
    report.works(
        tb.run(&format!(
            "datasource replace products {{{replacement}}} --sql-condition \"category = 'new'\""
        )),
        &["replaced"],
    );
    let seen = new(tb);
    report.must(seen.contains("['n9']"), &format!("one row is left: {seen}"));
    report.works(
        tb.run("datasource delete products --sql-condition 'price = 9.5' --yes --wait"),
        &["rows deleted matching condition"],
    );
    let seen = new(tb);
    report.must(seen.contains("[]"), &format!("no row is left: {seen}"));
    report.works(
        tb.run("datasource truncate products --yes"),
        &["'products' truncated"],
    );
    report.works(
        tb.run(&format!("datasource analyze {{{csv}}}")),
        &["price", "Float", "has_header"],
    );
}

fn jobs(report: &mut Report, tb: &Program) {
    let jobs = report.works(
        tb.run("job ls"),
        &["kind: import", "kind: delete_data", "status: done"],
    );
    let id = jobs
        .lines()
        .find_map(|line| line.strip_prefix("id: "))
        .unwrap_or_default();
    report.works(tb.run(&format!("job details {{{id}}}")), &[id, "done"]);
    report.refused(
        tb.run(&format!("job cancel {{{id}}}")),
        &["cancel"],
        "refused: the job has ended",
    );
    report.works(
        tb.run("logs"),
        &["datasources_ops_log", "pipe_stats_rt", "jobs_log"],
    );
}

fn resources(report: &mut Report, tb: &Program) {
    report.works(tb.run("pipe ls"), &["api_product_grid", "materialized"]);
    let targets = ["mat_stock_sales", "mv_latest_availability"];
    report.works(tb.run("materialization ls"), &targets);
    report.works(tb.run("copy ls"), &["** Pipes:"]);
    report.works(tb.run("sink ls"), &["** Pipes:"]);
    report.works(tb.run("connection ls"), &["** Connections:"]);
    report.works(tb.run("deployment ls"), &["Live"]);
    report.works(tb.run("local ls"), &["name: Tinybird_Local_Build_"]);
    report.works(tb.run("local version"), &["birdhouse"]);
}

fn access(report: &mut Report, tb: &Program) {
    report.works(tb.run("token ls"), &["app_append_token", "app_read_token"]);
    let token = "token create static reader --scope DATASOURCES:READ --resource products";
    report.works(tb.run(token), &["'reader' generated successfully"]);
    let token = "token create static reader --scope DATASOURCES:APPEND --resource products";
    report.works(tb.run(token), &["'reader' updated successfully"]);
    report.works(
        tb.run("token scopes reader"),
        &["DATASOURCES:APPEND", "products"],
    );
    report.works(
        tb.run("token refresh reader --yes"),
        &["refreshed successfully"],
    );
    report.works(tb.run("token rm reader --yes"), &["removed successfully"]);
    report.refused(
        tb.run("token rm reader --yes"),
        &["'reader' does not exist"],
        "refused: there is none",
    );
    report.works(
        tb.run("token create jwt visitor --ttl 1h --scope PIPES:READ --resource api_ui_filters"),
        &["has been generated successfully", "The token is: eyJ"],
    );
    report.works(tb.run("secret set api_key one"), &["'api_key' set"]);
    report.works(tb.run("secret set api_key two"), &["'api_key' set"]);
    let list = report.works(tb.run("secret ls"), &["api_key"]);
    report.must(!list.contains("two"), "the value of a secret is not shown");
    report.works(tb.run("secret rm api_key"), &["'api_key'"]);
}

fn tests_and_files(report: &mut Report, tb: &Program) {
    let path = tb.directory().join("endpoints/api_ui_filters.pipe");
    let changed = fs::read_to_string(&path).unwrap();
    fs::write(&path, changed.replace(", (4, 'returns')", "")).unwrap();
    report.works(
        tb.run("test run"),
        &["by_trend passed", "missing_filter passed", "2/2 passed"],
    );
    let written = ["Writing", "api_product_grid.pipe", "mat_stock_wh.pipe"];
    report.works(tb.run("pull --force"), &written);
    let pulled = fs::read_to_string(&path).unwrap_or_default();
    report.must(
        pulled.contains("(4, 'returns')"),
        "the file is what was built, not what was local",
    );
    report.works(tb.run("build"), &["No changes. Build skipped."]);
}

fn does_not_run(report: &mut Report, tb: &Program) {
    report.refused(
        tb.run("copy run nope"),
        &["The pipe 'nope' does not exist"],
        "refused: there is none",
    );
    report.refused(
        tb.run("ch 'SELECT 1'"),
        &["Failed to parse"],
        "the client asks `localhost:7182` only, and only when `TB_LOCAL_HOST` is `localhost`",
    );
    report.refused(
        tb.run("open"),
        &["No workspace found"],
        "refused by the client without a login; there is no user interface to open",
    );
    report.refused(
        tb.run("workspace ls"),
        &["cloud-only command"],
        "refused by the client in local mode",
    );
    report.refused(
        tb.run("local start"),
        &["No container runtime is running"],
        "the client manages containers only; `birdhouse start` takes its place",
    );
}
