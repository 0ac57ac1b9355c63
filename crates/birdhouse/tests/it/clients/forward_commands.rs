//! The rest of the Forward CLI's commands: what is declared and does not run, every kind of token,
//! jobs, options of queries and logs, files of a project, and `tb dev`.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::harness::{Scratch, project, wait_until};

use super::command::Program;
use super::forward::{empty_server, local, shop_project};
use super::install;
use super::report::Report;

/// How long `tb dev` may take to build and to show it.
const DEV_TIME_MAX: Duration = Duration::from_secs(60);

/// A data source of each kind of connection, and a sink.
const DECLARED: &str = "\
--- connections/lake.connection
TYPE s3
S3_REGION eu-west-1
S3_ARN arn:aws:iam::1:role/reader
--- connections/broker.connection
TYPE kafka
KAFKA_BOOTSTRAP_SERVERS localhost:9092
KAFKA_KEY user
KAFKA_SECRET password
--- datasources/plain.datasource
SCHEMA >
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- datasources/sums.datasource
SCHEMA >
    `n` Int64
ENGINE SummingMergeTree
ENGINE_SORTING_KEY tuple()
--- datasources/files.datasource
SCHEMA >
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
IMPORT_CONNECTION_NAME lake
IMPORT_BUCKET_URI s3://bucket/*.ndjson
IMPORT_SCHEDULE @on-demand
--- datasources/messages.datasource
SCHEMA >
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
KAFKA_CONNECTION_NAME broker
KAFKA_TOPIC orders
KAFKA_GROUP_ID birdhouse
--- materializations/sum.pipe
NODE sum
SQL >
    SELECT sum(n) AS n FROM plain
TYPE materialized
DATASOURCE sums
--- sinks/out.pipe
NODE all_files
SQL >
    SELECT n FROM files
TYPE sink
EXPORT_CONNECTION_NAME lake
EXPORT_BUCKET_URI s3://bucket/out
EXPORT_FILE_TEMPLATE files
EXPORT_SCHEDULE @on-demand
EXPORT_FORMAT csv
";

#[test]
fn what_is_declared_says_what_to_do_instead() {
    let Some(environment) = install::python("forward") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let project = project(&scratch, "declared", DECLARED);
    let tb = local(&environment, &scratch, &server, &project);
    let mut report = Report::new("Forward CLI: connections, sinks, views");
    report.warns(
        tb.run("build"),
        &["declared, not active", "Build completed"],
        "works: warns that connections and sinks do not run",
    );
    connections(&mut report, &tb);
    let by_sql = "refused: sinks do not run here; names the query and the formats to fetch instead";
    report.works(tb.run("sink ls"), &["out"]);
    let instead = ["declared, not active", "SELECT * FROM out", ".parquet"];
    report.refused(tb.run("sink run out"), &instead, by_sql);
    report.refused(
        tb.run("sink run sum"),
        &["is not a sink"],
        "refused: it is no sink",
    );
    report.refused(
        tb.run("sink run nope"),
        &["does not exist"],
        "refused: there is none",
    );
    report.warns(
        tb.run("materialization populate sum"),
        &["backfill data sources via Deployments"],
        "the client itself points to deployments",
    );
    let rows = "datasource append plain --events '{\"n\":2}'";
    report.works(tb.run(rows), &["1 row appended!"]);
    report.works(tb.run("sql 'SELECT sum(n) AS n FROM sums'"), &["2"]);
    report.works(
        tb.run("datasource truncate plain --cascade --yes"),
        &["'plain' truncated", "'sums' truncated"],
    );
    let left = tb.run("sql 'SELECT count() AS n FROM sums'");
    report.must(left.text.contains("0"), "the view's rows are gone as well");
    report.finish();
    server.stop();
}

fn connections(report: &mut Report, tb: &Program) {
    let connections = [
        "service: kafka",
        "connected_datasources: messages",
        "service: s3",
    ];
    report.works(tb.run("connection ls"), &connections);
    report.works(
        tb.run("datasource ls"),
        &["connection: kafka", "connection: s3"],
    );
    let by_append = "refused: connections do not run here; names the commands that bring rows in";
    let instead = ["declared, not active", "tb datasource append"];
    report.refused(tb.run("datasource sync files --yes"), &instead, by_append);
    report.refused(tb.run("datasource sample files"), &instead, by_append);
    report.refused(tb.run("datasource start messages"), &instead, by_append);
    report.works(tb.run("datasource stop messages"), &["ingestion stopped"]);
    report.refused(
        tb.run("datasource sync plain --yes"),
        &["has no connection", "tb datasource append plain"],
        "refused: it has no connection",
    );
    report.refused(
        tb.run("connection data broker --kafka-topic orders --kafka-group-id g"),
        &["declared, not active", "from a file"],
        "refused: nothing is read from a connection",
    );
    report.refused(
        tb.run("connection create s3"),
        &["Connection name"],
        "asks questions, in a terminal only; a `.connection` file does the same",
    );
}

#[test]
fn tokens_jobs_queries_and_logs() {
    let Some(environment) = install::python("forward") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let project = shop_project(&scratch);
    let tb = local(&environment, &scratch, &server, &project);
    let mut report = Report::new("Forward CLI: options of queries, logs, tokens and jobs");
    report.works(tb.run("build"), &["Build completed"]);
    queries(&mut report, &tb);
    removals(&mut report, &tb);
    for (name, scope) in [
        ("all", "ADMIN"),
        ("keys", "TOKENS"),
        ("reader", "WORKSPACE:READ_ALL"),
        ("ci", "WORKSPACE:DEPLOY"),
    ] {
        let made = format!("'{name}' generated successfully");
        let create = format!("token create static {name} --scope {scope}");
        report.works(tb.run(&create), &[&made]);
        let list = tb.run(&format!("token scopes {name}"));
        report.must(list.text.contains(scope), "the token has the scope");
    }
    report.refused(
        tb.run("token create static org --scope ORG_DATASOURCES:READ"),
        &["logs of all workspaces", "the admin token of the account"],
        "refused: it reads other workspaces; the account's token can, see below",
    );
    report.refused(
        tb.run("token copy reader"),
        &["copy/paste mechanism"],
        "the client wants a clipboard; with one it works",
    );
    report.finish();
    server.stop();
}

fn queries(report: &mut Report, tb: &Program) {
    report.works(
        tb.run("sql 'SELECT count() AS n FROM products' --stats"),
        &["Query took", "Rows read: 1", "66"],
    );
    let csv = Program::before_all(tb, "tb --local --output csv", &["--output", "csv"]);
    report.works(csv.run("sql 'SELECT 1 AS one'"), &["\"one\"\n1\n"]);
    let json = Program::before_all(tb, "tb --local --output json", &["--output", "json"]);
    report.works(json.run("sql 'SELECT 1 AS one'"), &["\"one\": 1"]);
    report.works(
        tb.run("sql 'SELECT count() AS n FROM latest_stock' --pipeline api_product_grid"),
        &["66"],
    );
    report.works(
        tb.run("endpoint data api_ui_filters --filter value --query 'SELECT count() AS n FROM _'"),
        &["3"],
    );
    report.works(
        tb.run("endpoint data api_ui_filters --filter value --format csv"),
        &["\"value\"", "\"sales\""],
    );
    report.refused(
        tb.run("sql --pipe endpoints/api_ui_filters.pipe --node kpis_"),
        &["'nodes'"],
        "fails in the client before it asks the server",
    );
    report.refused(
        tb.run("endpoint data nope"),
        &["'nope' does not exist"],
        "refused: there is none",
    );
    report.works(
        tb.run("logs --source tinybird.pipe_stats_rt -n 3"),
        &["api_ui_filters", "Fetched 3 logs from 1 source(s)"],
    );
    report.warns(
        tb.run("logs --source '*' --start -1d"),
        &["tinybird.endpoint_errors", "from 8 source(s)"],
        "works",
    );
    report.works(
        tb.run("logs --start -2h --end -1h"),
        &["No logs found for the specified time range"],
    );
}

fn removals(report: &mut Report, tb: &Program) {
    let water = "datasource delete products --sql-condition \"category = 'water'\" --yes";
    report.works(
        tb.run(&format!("{water} --dry-run")),
        &["[DRY RUN]", "rows '11'"],
    );
    report.works(
        tb.run(&format!("{water} --lightweight-delete")),
        &["rows deleted matching condition", "Rows affected: 11"],
    );
    let feeders = "datasource delete products --sql-condition \"category = 'feeders'\" --yes";
    let job = report.works(
        tb.run(&format!("{feeders} --lightweight-delete --no-wait")),
        &["job url"],
    );
    let id = job.trim().rsplit('/').next().unwrap_or_default().to_owned();
    report.works(tb.run("job ls --kind delete_data"), &[&id]);
    report.refused(
        tb.run(&format!("job retry {{{id}}}")),
        &["only a job that failed or was cancelled can"],
        "refused: the job has not failed",
    );
    // An address that nobody answers at.
    let failing = "datasource append products --url http://birdhouse.invalid/products.csv";
    report.refused(
        tb.run(failing),
        &["could not be read"],
        "refused: the address does not answer",
    );
    let jobs = report.works(tb.run("job ls --status error"), &["kind: import"]);
    let id = jobs.lines().find_map(|line| line.strip_prefix("id: "));
    let id = id.unwrap_or_default();
    report.works(tb.run(&format!("job retry {{{id}}}")), &[id]);
}

#[test]
fn files_of_a_project() {
    let Some(environment) = install::python("forward") else {
        return;
    };
    let scratch = Scratch::new();
    let server = empty_server(&scratch);
    let project = shop_project(&scratch);
    let tb = local(&environment, &scratch, &server, &project);
    let mut report = Report::new("Forward CLI: files of a project");
    let rows = scratch.path("rows.ndjson");
    fs::write(&rows, "{\"a\":1,\"b\":\"x\"}\n").unwrap();
    report.works(
        tb.run(&format!(
            "datasource create --name from_file --file {{{}}} --yes",
            rows.display()
        )),
        &["from_file.datasource created"],
    );
    let made = fs::read_to_string(project.join("datasources/from_file.datasource"));
    let made = made.unwrap_or_default();
    report.must(
        made.contains("a Int16 `json:$.a`") && made.contains("b String `json:$.b`"),
        &format!("the file has the columns of the rows: {made}"),
    );
    report.works(
        tb.run("datasource create --name blank --blank --yes"),
        &["blank.datasource created"],
    );
    report.works(
        tb.run("fmt datasources/products.datasource --yes"),
        &["Saved local file datasources/products.datasource"],
    );
    report.works(
        tb.run("build"),
        &[
            "from_file.datasource created",
            "products.datasource created",
        ],
    );
    report.works(
        tb.run("test update api_ui_filters"),
        &["missing_filter updated", "figures updated"],
    );
    report.works(tb.run("test run"), &["missing_filter passed", "2/2 passed"]);
    rebuilds(&mut report, &tb, &scratch);
    let tokens = ["Workspace token: p.", "User token: p."];
    report.works(tb.run("local generate-tokens"), &tokens);
    report.refused(
        tb.run("local clear --yes"),
        &["requires authentication"],
        "refused by the client without a login; after one, see below",
    );
    let folder = scratch.path("new");
    fs::create_dir(&folder).unwrap();
    let new = local(&environment, &scratch, &server, &folder);
    report.works(
        new.run("init --type cli --dev-mode local --folder tinybird --cicd github --skip-login"),
        &["Scaffolding completed", "Setup completed"],
    );
    report.must(
        folder.join("tinybird/datasources").is_dir(),
        "the folders of a project are there",
    );
    report.finish();
    server.stop();
}

/// `tb dev` sees that a file changes, builds, and shows the rows of the node that changed.
fn rebuilds(report: &mut Report, tb: &Program, scratch: &Scratch) {
    let output = scratch.path("dev.txt");
    let dev = tb.start("dev", &output);
    let shows = |what: &str| {
        let what = what.to_owned();
        wait_until(
            &format!("tb dev shows {what:?}"),
            Duration::from_secs(60),
            || {
                let text = fs::read_to_string(&output).unwrap_or_default();
                match text.contains(&what) {
                    true => Ok(()),
                    false => Err(text),
                }
            },
        );
    };
    shows("Watching for changes...");
    // The client says so shortly before it does, so the file changes until that is seen.
    let mut changes = Changes::new(tb.directory().join("endpoints/api_ui_filters.pipe"));
    wait_until("tb dev sees a change", DEV_TIME_MAX, || {
        changes.make();
        let text = fs::read_to_string(&output).unwrap_or_default();
        text.contains("Changes detected").then_some(()).ok_or(text)
    });
    shows("Rebuild completed");
    let seen = dev.stop();
    let promised = [
        "Changes detected in api_ui_filters.pipe",
        "api_ui_filters.pipe changed",
        "Running kpis_",
        "refunds",
        "Test endpoint at",
    ];
    report.warns(
        seen,
        &promised,
        "works: shows the rows of the changed node; until it is stopped",
    );
}

/// A file that changes now and then. It is written in its place: the client looks for changes, not
/// for files that take the place of others.
struct Changes {
    path: PathBuf,
    original: String,
    made: u32,
    last: Option<Instant>,
}

impl Changes {
    fn new(path: PathBuf) -> Self {
        let original = fs::read_to_string(&path).unwrap();
        assert!(original.contains("(3, 'views')"));
        Self {
            path,
            original,
            made: 0,
            last: None,
        }
    }

    fn make(&mut self) {
        let is_early = |last: Instant| last.elapsed() < Duration::from_secs(5);
        if self.last.is_some_and(is_early) {
            return;
        }
        self.made += 1;
        let row = format!("(3, 'views'), (4, 'refunds {}')", self.made);
        fs::write(&self.path, self.original.replace("(3, 'views')", &row)).unwrap();
        self.last = Some(Instant::now());
    }
}
