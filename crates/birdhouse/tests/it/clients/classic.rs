//! The Classic CLI, against a server that serves the e-commerce example.

use std::fs;

use crate::harness::{ADMIN_TOKEN, Scratch, Server};

use super::command::Program;
use super::forward::shop_project;
use super::install;
use super::report::Report;

#[test]
fn classic_cli_works_with_data_and_endpoints() {
    let scratch = Scratch::new();
    let project = shop_project(&scratch);
    let Some(environment) = install::python("classic") else {
        return;
    };
    let server = Server::start(&scratch, &project);
    let (home, folder) = (scratch.path("home"), scratch.path("classic"));
    fs::create_dir_all(&home).unwrap();
    fs::create_dir_all(&folder).unwrap();
    let row = "category,id,name,photo,price\nnew,c1,One,p,5\n";
    fs::write(folder.join("new.csv"), row).unwrap();
    let tb = Program::new("tb", environment.join("tb"), &folder, &home);
    let mut report = Report::new("Classic CLI");
    let auth = format!(
        "auth --host {{{}}} --token {{{ADMIN_TOKEN}}}",
        server.base()
    );
    report.works(tb.run(&auth), &["Auth successful"]);
    let workspace = "workspace_name: Tinybird_Local_Testing";
    report.works(tb.run("auth info"), &[workspace]);
    report.works(
        tb.run("workspace current"),
        &["name: Tinybird_Local_Testing"],
    );
    report.works(
        tb.run("datasource ls"),
        &["name: products", "name: ecomm_events"],
    );
    report.works(
        tb.run("datasource append products new.csv"),
        &["Appended 1 new rows", "Total rows in products: 1"],
    );
    report.works(
        tb.run("datasource replace products new.csv"),
        &["Total rows in products: 1", "replaced"],
    );
    report.works(tb.run("sql 'SELECT id, price FROM products'"), &["c1", "5"]);
    report.works(
        tb.run("pipe data api_ui_filters --filter product"),
        &["all", "c1"],
    );
    report.works(
        tb.run("datasource delete products --sql-condition \"id = 'c1'\" --yes --wait"),
        &["rows deleted matching condition"],
    );
    report.works(
        tb.run("datasource truncate products --yes"),
        &["'products' truncated"],
    );
    report.works(tb.run("pipe ls"), &["api_product_grid", "mat_stock_wh"]);
    report.works(tb.run("token ls"), &["app_read_token"]);
    report.works(tb.run("job ls"), &["kind: delete_data"]);
    report.works(
        tb.run("dependencies"),
        &["ecomm_events", "mv_latest_availability"],
    );
    let written = [
        "datasources/products.datasource",
        "pipes/api_ui_filters.pipe",
    ];
    report.works(tb.run("pull --force"), &written);
    report.finish();
    server.stop();
}
