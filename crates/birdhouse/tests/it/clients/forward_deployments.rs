//! The Forward CLI: deployments with data, in local and in cloud mode.

use std::fs;

use crate::harness::{ADMIN_TOKEN, Scratch};

use super::command::Program;
use super::forward::{empty_server, local, shop_project};
use super::install;
use super::report::Report;

#[test]
fn forward_cli_deploys_changes_with_data() {
    let Some(environment) = install::python("forward") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let project = shop_project(&scratch);
    let tb = local(&environment, &scratch, &server, &project);
    let mut report = Report::new("Forward CLI: deployments");
    first(&mut report, &tb);
    staged(&mut report, &tb);
    destructive(&mut report, &tb);
    report.finish();
    server.stop();
}

fn first(report: &mut Report, tb: &Program) {
    report.works(
        tb.run("deploy --check"),
        &["products", "Deployment is valid"],
    );
    report.works(tb.run("deploy"), &["Deployment #1 is live"]);
    report.works(tb.run("deploy"), &["Not deploying. No changes."]);
    let append = "datasource append products --file fixtures/products.csv";
    report.works(tb.run(append), &["Rows appended!"]);
    let append = "datasource append warehouse_stock --file fixtures/warehouse_stock.ndjson";
    report.works(tb.run(append), &["Rows appended!"]);
    let shown = ["winter-bath", "Ice-free Winter Bath"];
    report.works(
        tb.run("endpoint data api_product_grid --category water --show_oos 1"),
        &shown,
    );
}

fn change(tb: &Program, file: &str, from: &str, to: &str) {
    let path = tb.directory().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} has {from}");
    fs::write(path, text.replace(from, to)).unwrap();
}

/// A column that is added, and a key that moves the rows to a new table.
fn staged(report: &mut Report, tb: &Program) {
    let products = "datasources/products.datasource";
    let price = "`price` Float64 `json:$.price`";
    let origin = format!("{price},\n    `origin` String `json:$.origin` DEFAULT 'unknown'");
    change(tb, products, price, &origin);
    change(tb, products, "category, id", "id");
    report.works(
        tb.run("deployment create --wait"),
        &["products", "modified"],
    );
    report.works(tb.run("deployment ls"), &["Live", "Staging"]);
    let count = "sql 'SELECT count() AS n FROM products'";
    report.works(tb.run(count), &["66"]);
    let columns = "sql 'SELECT origin, count() AS n FROM products GROUP BY origin'";
    report.refused(
        tb.run(columns),
        &["origin"],
        "refused: live has no such column",
    );
    let in_staging = format!("--staging {columns}");
    report.works(tb.run(&in_staging), &["unknown", "66"]);
    report.works(tb.run("deployment discard --wait"), &[]);
    report.refused(
        tb.run(&in_staging),
        &["there is no deployment 'staging'"],
        "refused: nothing is staged any more",
    );
    report.works(tb.run("deployment create --wait"), &["products"]);
    report.works(tb.run("deployment promote --wait"), &[]);
    report.works(tb.run(columns), &["unknown", "66"]);
}

fn destructive(report: &mut Report, tb: &Program) {
    for file in [
        "materializations/mat_stock_sales.pipe",
        "datasources/ecomm_events.datasource",
    ] {
        fs::remove_file(tb.directory().join(file)).unwrap();
    }
    change(
        tb,
        "endpoints/api_product_grid.pipe",
        "FROM ecomm_events\n",
        "FROM warehouse_stock\n",
    );
    change(
        tb,
        "endpoints/api_product_grid.pipe",
        "event = 'sale'",
        "amount < 0",
    );
    report.refused(
        tb.run("deploy"),
        &["--allow-destructive-operations"],
        "refused: names the option that permits it",
    );
    report.works(
        tb.run("deploy --allow-destructive-operations"),
        &["is live"],
    );
    report.works(
        tb.run("endpoint data api_product_grid --category water"),
        &["stone-bath"],
    );
}

#[test]
fn forward_cli_in_cloud_mode() {
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let project = shop_project(&scratch);
    let Some(environment) = install::python("forward") else {
        return;
    };
    let home = scratch.path("home");
    fs::create_dir_all(&home).unwrap();
    let tb = Program::new("tb --cloud", environment.join("tb"), &project, &home)
        .before("--cloud")
        .env("TB_HOST", server.base())
        .env("TB_TOKEN", ADMIN_TOKEN)
        // `tb info` asks for both.
        .env("TB_LOCAL_HOST", "127.0.0.1")
        .env("TB_LOCAL_PORT", server.base().rsplit_once(':').unwrap().1);
    let mut report = Report::new("Forward CLI: cloud mode");
    report.works(tb.run("deploy"), &["is live"]);
    report.works(tb.run("workspace ls"), &["Tinybird_Local_Testing"]);
    report.works(tb.run("workspace current"), &["Tinybird_Local_Testing"]);
    report.works(tb.run("datasource ls"), &["name: products"]);
    report.works(tb.run("endpoint ls"), &["name: api_ui_filters"]);
    report.works(tb.run("sql 'SELECT 1 AS one'"), &["one"]);
    report.works(tb.run("token ls"), &["app_read_token"]);
    report.works(tb.run("branch ls"), &["Branches"]);
    report.works(tb.run("info"), &["Tinybird_Local_Testing"]);
    report.finish();
    server.stop();
}
