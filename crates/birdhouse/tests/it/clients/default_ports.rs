//! What finds the server at `localhost:7181` and `localhost:7182` only, because the client has these
//! addresses built in.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::harness::{ADMIN_TOKEN, Scratch, Server, wait_until};

use super::command::Program;
use super::forward::shop_project;
use super::install;
use super::report::Report;
use super::sdk_projects::{change, project, tinybird};

const PORTS: [u16; 2] = [7181, 7182];

/// How long other tests of this machine may hold the ports, of this checkout or of another.
const LOCK_TIME_MAX: Duration = Duration::from_secs(240);

/// The ports, for this test alone.
struct Held {
    /// Unlocked when it is dropped, also by the end of the process.
    _lock: File,
}

impl Held {
    /// Waits for other tests, and panics when somebody else has the ports.
    fn take() -> Self {
        let path = std::env::temp_dir().join("birdhouse-default-ports.lock");
        let lock = File::options().create(true).append(true).open(&path);
        let lock = lock.unwrap();
        wait_until("no other test has the default ports", LOCK_TIME_MAX, || {
            lock.try_lock().map_err(|error| error.to_string())
        });
        for port in PORTS {
            let bound = TcpListener::bind(("127.0.0.1", port));
            assert!(
                bound.is_ok(),
                "port {port} is taken, {:?}: this test starts a server where the official clients look; stop what listens there, such as `birdhouse demo`",
                bound.err()
            );
        }
        Self { _lock: lock }
    }
}

#[test]
fn clients_that_know_one_address() {
    let (Some(forward), Some(python)) = (install::python("forward"), install::python("python-sdk"))
    else {
        return;
    };
    let scratch = Scratch::new();
    let _held = Held::take();
    let data = scratch.path("data");
    let server = Server::launch_on(PORTS, scratch.root(), data, |command| {
        command.arg("start").current_dir(scratch.path("tmp"));
    });
    let server = server.unwrap_or_else(|refused| panic!("not started: {refused:#?}"));
    command_line(&scratch, &forward);
    typescript(&scratch, &server);
    python_sdk(&scratch, &server, &python);
    server.stop();
}

fn command_line(scratch: &Scratch, environment: &Path) {
    let folder = shop_project(scratch);
    let home = scratch.path("home");
    fs::create_dir_all(&home).unwrap();
    let tb = Program::new("tb --local", environment.join("tb"), &folder, &home).before("--local");
    let mut report = Report::new("Forward CLI: the default ports");
    report.works(tb.run("build"), &["Build completed"]);
    report.works(tb.run("ch 'SELECT count() FROM products'"), &["66"]);
    let parameter = "ch 'SELECT {id:String} AS id FORMAT CSV' --param_id=one";
    report.works(tb.run(parameter), &["\"one\""]);
    report.works(tb.run("ch 'SHOW TABLES'"), &["products", "warehouse_stock"]);
    report.refused(
        tb.run("ch 'SELECT * FROM nothing'"),
        &["nothing", "Code: 60"],
        "the error of the query",
    );
    let local = [
        "workspace_name: Tinybird_Local_Testing",
        "api: http://localhost:7181",
        "clickhouse: http://localhost:7182",
    ];
    let cloud = tb
        .clone()
        .env("TB_HOST", "http://localhost:7181")
        .env("TB_TOKEN", ADMIN_TOKEN);
    report.works(cloud.run("info"), &local);
    report.warns(
        cloud.run("open --workspace other"),
        &["cloud.tinybird.co/local/7181/other"],
        "opens the hosted service's page, which looks for a server of this machine",
    );
    report.finish();
}

fn typescript(scratch: &Scratch, server: &Server) {
    let config = json!({
        "include": ["views.ts"], "token": ADMIN_TOKEN, "baseUrl": server.base(), "devMode": "local",
    });
    let folder = project(scratch, "views.ts", &config);
    let tinybird = tinybird(scratch, &folder);
    let mut report = Report::new("TypeScript project: local mode");
    let built = ["page_views.datasource created", "top_pages.pipe created"];
    report.works(tinybird.run("build --local"), &built);
    report.works(tinybird.run("build --local"), &["Build completed"]);
    report.works(tinybird.run("info"), &["API:       http://localhost:7181"]);
    let output = scratch.path("dev.txt");
    let dev = tinybird.start("dev --local", &output);
    let rebuilds = || {
        fs::read_to_string(&output)
            .unwrap()
            .matches("Rebuild completed")
            .count()
    };
    let at_least = |count: usize| {
        wait_until("tinybird dev builds", Duration::from_secs(60), || {
            let seen = rebuilds();
            (seen >= count)
                .then_some(())
                .ok_or_else(|| seen.to_string())
        });
    };
    at_least(1);
    wait_until("tinybird dev watches", Duration::from_secs(60), || {
        let text = fs::read_to_string(&output).unwrap();
        text.contains("Watching for changes")
            .then_some(())
            .ok_or(text)
    });
    change(&folder, "views.ts");
    at_least(2);
    let what = "works: builds what changes, until it is stopped";
    report.warns(dev.stop(), &["top_pages.pipe changed"], what);
    report.works(
        tinybird.run("preview --local --name one"),
        &["Deployed to preview branch", "Preview completed"],
    );
    report.refused(
        tinybird.run("clear --local --yes"),
        &["Workspace 'Build_", "not found"],
        "the client looks for another workspace than the one that it builds in",
    );
    report.finish();
}

fn python_sdk(scratch: &Scratch, server: &Server, environment: &Path) {
    let config = json!({
        "include": ["views.py"], "token": ADMIN_TOKEN, "base_url": server.base(), "dev_mode": "local",
    });
    fs::remove_dir_all(scratch.path("views")).unwrap();
    let folder = project(scratch, "views.py", &config);
    let home = scratch.path("home");
    let script = install::repository().join("tests/clients/python_local.py");
    let script = script.canonicalize().unwrap();
    let program = Program::new("", environment.join("python"), &folder, &home).before(script);
    let mut report = Report::new("Python SDK: local mode");
    report.calls(&program.run(&folder.display().to_string()), 2);
    report.finish();
}
