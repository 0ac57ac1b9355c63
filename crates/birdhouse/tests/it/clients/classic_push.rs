//! The Classic CLI pushes the e-commerce example to an empty server, changes it and takes it away.

use std::fs;
use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::{ADMIN_TOKEN, Client, Finished, Scratch, Server, wait_until};

use super::command::Program;
use super::forward::shop_project;
use super::install;
use super::report::Report;

const RECORDED_MAX: Duration = Duration::from_secs(60);

/// A pipe of two nodes, the last of which is published.
const NUMBERS: &str = "\
TOKEN \"numbers_read\" READ

NODE first
SQL >
    %
    SELECT {{Int32(n, 1)}} AS n

NODE second
SQL >
    SELECT n + 1 AS m FROM first
";

const PER_DAY: &str = "\
NODE days
SQL >
    SELECT toDate(timestamp) AS day, sumSimpleState(amount) AS amount
    FROM warehouse_stock
    GROUP BY day

TYPE materialized
DATASOURCE per_day
ENGINE \"AggregatingMergeTree\"
ENGINE_SORTING_KEY \"day\"
";

const COPY: &str = "\
NODE days
SQL >
    SELECT day, amount FROM per_day

TYPE copy
TARGET_DATASOURCE day_copies
COPY_SCHEDULE 0 * * * *
";

/// The server, the client and what they have shown so far.
struct Session {
    tb: Program,
    report: Report,
    admin: Client,
}

impl Session {
    fn works(&mut self, line: &str, promised: &[&str]) -> String {
        self.report.works(self.tb.run(line), promised)
    }

    /// Says what a query must give now.
    fn gives(&mut self, sql: &str, wanted: &Value) {
        let answer = self.admin.query(sql);
        let value = |row: &Value| row.as_object()?.values().next().cloned();
        let found = match answer.status {
            200 => answer.rows().first().and_then(value).unwrap_or_default(),
            _ => answer.text().into(),
        };
        let what = format!("{sql} gives {found}, not {wanted}");
        self.report.must(found == *wanted, &what);
    }

    fn write(&self, file: &str, text: &str) {
        fs::write(self.tb.directory().join(file), text).unwrap();
    }

    /// Changes a file of the project.
    fn change(&self, file: &str, old: &str, new: &str) {
        let path = self.tb.directory().join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(old), "{file}: {old}");
        fs::write(path, text.replace(old, new)).unwrap();
    }
}

#[test]
fn classic_cli_pushes() {
    let scratch = Scratch::new();
    let folder = shop_project(&scratch);
    let Some(environment) = install::python("classic") else {
        return;
    };
    let server = Server::start_empty(&scratch);
    let home = scratch.path("home");
    fs::create_dir_all(&home).unwrap();
    let mut session = Session {
        tb: Program::new("tb", environment.join("tb"), &folder, &home),
        report: Report::new("Classic CLI, push"),
        admin: server.admin(),
    };
    let auth = format!(
        "auth --host {{{}}} --token {{{ADMIN_TOKEN}}}",
        server.base()
    );
    session.works(&auth, &["Auth successful"]);
    pushes_the_shop(&mut session);
    the_project_comes_back(&scratch, &mut session);
    changes(&mut session);
    changes_pipes(&mut session);
    fills_views(&mut session);
    takes_away(&mut session);
    session.report.finish();
    server.stop();
}

fn pushes_the_shop(session: &mut Session) {
    let dry = ["[DRY RUN] Running 'products'"];
    session.works("push --push-deps --dry-run", &dry);
    let made = [
        "'ecomm_events' created",
        "Token app_append_token not found, creating one",
        "'api_product_grid' created",
        "Token app_read_token found, adding permissions",
    ];
    session.works("push --push-deps --fixtures", &made);
    session.gives("SELECT count() > 0 FROM products", &json!(1));
    let append = "datasource append warehouse_stock fixtures/warehouse_stock.ndjson";
    session.works(append, &["Data pushed to warehouse_stock"]);
    let uses = ["using the Data Source 'mv_latest_availability'"];
    session.works("push materializations/mat_stock_sales.pipe", &uses);
    session.works(
        "push materializations/mat_stock_wh.pipe --populate --wait",
        &["Populating job result", "'mat_stock_wh' created"],
    );
    let same = "SELECT (SELECT sum(available_stock) FROM mv_latest_availability) = (SELECT sum(amount) FROM warehouse_stock)";
    session.gives(same, &json!(1));
    let shown = ["id", "name", "stock"];
    session.works("pipe data api_product_grid --show_oos 1", &shown);
}

fn the_project_comes_back(scratch: &Scratch, session: &mut Session) {
    let pulled = scratch.path("pulled");
    fs::create_dir_all(&pulled).unwrap();
    let pull = format!("pull --auto --force --folder {{{}}}", pulled.display());
    session.works(&pull, &["mat_stock_wh.pipe", "products.datasource"]);
    let folders = [
        ("datasources", "datasources"),
        ("endpoints", "pipes"),
        ("materializations", "pipes"),
    ];
    for (sent, back) in folders {
        for file in fs::read_dir(session.tb.directory().join(sent)).unwrap() {
            let (path, name) = file.map(|file| (file.path(), file.file_name())).unwrap();
            let text = |path: std::path::PathBuf| {
                let text = fs::read_to_string(path).unwrap();
                // The formatter has a form of its own for blank lines and blanks.
                text.split_whitespace().collect::<Vec<_>>().join(" ")
            };
            let (sent, back) = (text(path), text(pulled.join(back).join(&name)));
            let what = format!("{name:?} comes back as\n{back}\nnot\n{sent}");
            session.report.must(sent == back, &what);
        }
    }
    let checked = Finished::run(scratch, &["check".as_ref(), pulled.as_os_str()]);
    session
        .report
        .must(checked.code == 0, "birdhouse check accepts what was pulled");
}

fn changes(session: &mut Session) {
    let events = "datasources/ecomm_events.datasource";
    let push = format!("push {events} --force --yes");
    let stays = ["already exists and can't be migrated or replaced"];
    session.works(&push, &stays);
    let column = "`product` String `json:$.product`";
    session.change(events, column, &format!("{column},\n    `store` String"));
    let altered = ["ADD COLUMN `store` String", "correctly updated"];
    session.works(&push, &altered);
    session.gives(
        "SELECT count() FROM ecomm_events WHERE store = ''",
        &json!(0),
    );
    let products = "datasources/products.datasource";
    session.change(products, "`price` Float64", "`price` DateTime");
    let refused = session.tb.run(&format!("push {products} --force --yes"));
    let why = "refused: the rows that are there do not fit";
    session.report.refused(refused, &["do not fit"], why);
    session.change(products, "`price` DateTime", "`price` Float64");

    let filters = "endpoints/api_ui_filters.pipe";
    let recorded = "SELECT count() FROM tinybird.pipe_stats_rt WHERE pipe_name = 'api_ui_filters' AND error = 0";
    session
        .admin
        .endpoint("api_ui_filters", "json", &[("filter", "product")])
        .ok();
    wait_until("the call is recorded", RECORDED_MAX, || {
        let calls = session.admin.value(recorded);
        if calls == json!(0) {
            Err(calls.to_string())
        } else {
            Ok(())
        }
    });
    let push = format!("push {filters} --force --yes");
    let tested = ["Test Metrics", "100.0", "'api_ui_filters' created"];
    session.works(&push, &tested);
    session.change(
        filters,
        "SELECT id, value FROM",
        "SELECT id, upper(value) AS value FROM",
    );
    let differs = ["Test FAILED", "--no-check"];
    let why = "refused: the client's regression check finds other rows";
    session.report.refused(session.tb.run(&push), &differs, why);
    let push = format!("push {filters} --force --yes --no-check");
    session.works(&push, &["'api_ui_filters' created"]);
    let rows = session
        .admin
        .endpoint("api_ui_filters", "json", &[("filter", "product")])
        .ok()
        .text();
    session
        .report
        .must(rows.contains("ALL"), "the endpoint gives other rows");
    session.works("pipe rm api_ui_filters__checker --yes", &["deleted"]);
}

fn changes_pipes(session: &mut Session) {
    session.write("numbers.pipe", NUMBERS);
    session.works(
        "push numbers.pipe",
        &["Test endpoint at", "'numbers' created"],
    );
    let exists = ["already exists"];
    session.works("push numbers.pipe", &exists);
    session.works(
        "pipe append numbers 'SELECT m * 2 AS k FROM second'",
        &["New node"],
    );
    session.works("pipe publish numbers", &["Endpoint published"]);
    session.works("pipe data numbers --n 4", &["k", "10"]);
    session.works("pipe unpublish numbers", &["Endpoint unpublished"]);
    session.works("pipe set_endpoint numbers first", &["Endpoint published"]);
    session.works("pipe data numbers --n 7", &["n", "7"]);
    session.works("pipe stats numbers", &["numbers"]);
    session.works("pipe token_read numbers", &["p."]);
    let readers = "NODE reader\nSQL >\n    SELECT * FROM numbers\n";
    session.write("readers.pipe", readers);
    session.works("push readers.pipe", &["'readers' created"]);
    let used = session.tb.run("pipe rm numbers --yes");
    let why = "refused: another pipe reads it";
    session.report.refused(used, &["is used by readers"], why);
    session.works("pipe rm readers --yes", &["'readers' deleted"]);
    session.works("pipe rm numbers --yes", &["'numbers' deleted"]);
    let broken = "NODE reader\nSQL >\n    SELECT nothing FROM products\n\nTYPE endpoint\n";
    session.write("readers.pipe", broken);
    let refused = session.tb.run("push readers.pipe");
    let wrong = ["node 'reader', line 1", "`nothing`"];
    session
        .report
        .refused(refused, &wrong, "refused: the column is unknown");
}

fn fills_views(session: &mut Session) {
    session.write("by_day.pipe", PER_DAY);
    session.works("push by_day.pipe", &["created the Data Source 'per_day'"]);
    session.gives("SELECT sum(amount) FROM per_day", &json!(0));
    let twice = session.tb.run("pipe populate by_day --wait");
    let why = "refused: without `--truncate` rows would be counted twice";
    session.report.refused(twice, &["use truncate=true"], why);
    let some = session
        .tb
        .run("pipe populate by_day --truncate --sql-condition 'amount > 3'");
    let why = "refused: a target is filled from all rows of its source";
    session
        .report
        .refused(some, &["populate_condition is not supported"], why);
    session.works("pipe populate by_day --truncate --wait", &["Populating"]);
    let same =
        "SELECT (SELECT sum(amount) FROM per_day) = (SELECT sum(amount) FROM warehouse_stock)";
    session.gives(same, &json!(1));
    session.works(
        "push by_day.pipe --force --populate --wait --yes",
        &["Populating job result"],
    );
    session.gives(same, &json!(1));
    let copies = "SCHEMA >\n    `day` Date,\n    `amount` Int64\n";
    session.write("datasources/day_copies.datasource", copies);
    session.write("copies.pipe", COPY);
    session.works(
        "push datasources/day_copies.datasource copies.pipe",
        &["'copies' created"],
    );
    session.works("push copies.pipe --force --yes", &["'copies' created"]);
    session.works("pipe unlink copies", &["unlinked"]);
    session.works("pipe unlink by_day", &["unlinked"]);
}

fn takes_away(session: &mut Session) {
    let why = "refused: pipes read it";
    let used = session.tb.run("datasource rm products --yes");
    session.report.refused(used, &["used downstream by"], why);
    session.works("datasource rm day_copies --yes", &["'day_copies' deleted"]);
    session.works("workspace clear --yes", &["Removing Data Source products"]);
    let left = session.admin.get("/v0/datasources").ok().json();
    let nothing = left["datasources"] == json!([]);
    session.report.must(nothing, "nothing is left");
}
