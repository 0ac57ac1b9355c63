//! The deployment at start: rows are kept, changes that do not fit are refused with the reason.

use serde_json::json;

use crate::harness::{Finished, Scratch, Server, ago, ndjson, project};

const VISITS: &str = "
--- datasources/visits.datasource
TOKEN \"tracker\" APPEND

SCHEMA >
    `at` DateTime `json:$.at`,
    `page` String `json:$.page`,
    `ms` UInt16 `json:$.ms`

ENGINE \"MergeTree\"
ENGINE_PARTITION_KEY \"toYYYYMM(at)\"
ENGINE_SORTING_KEY \"page, at\"
";

const TOP: &str = "
--- endpoints/top.pipe
TOKEN \"dashboard\" READ
NODE top
SQL >
    SELECT page, count() AS visits FROM visits GROUP BY page ORDER BY visits DESC, page
TYPE endpoint
";

const SLOWEST: &str = "
--- endpoints/slowest.pipe
TOKEN \"dashboard\" READ
NODE slowest
SQL >
    SELECT page, max(ms) AS most FROM visits GROUP BY page ORDER BY most DESC
TYPE endpoint
";

const PER_PAGE: &str = "
--- datasources/per_page.datasource
SCHEMA >
    `page` String,
    `visits` SimpleAggregateFunction(sum, UInt64),
    `ms_sum` AggregateFunction(sum, UInt16)

ENGINE \"AggregatingMergeTree\"
ENGINE_SORTING_KEY \"page\"
--- materializations/count_pages.pipe
NODE counted
SQL >
    SELECT page, sumState(ms) AS ms_sum, sumSimpleState(toUInt64(1)) AS visits FROM visits GROUP BY page
TYPE materialized
DATASOURCE per_page
";

/// Sends visits: three to `/a`, one to `/b`.
fn visit(server: &Server) {
    let rows = ["/a", "/b", "/a", "/a"].map(|page| json!({"at": ago(60), "page": page, "ms": 20}));
    let answer = server
        .named("tracker")
        .append("visits", ndjson(&rows))
        .expect(200);
    assert_eq!(
        answer.json(),
        json!({"successful_rows": 4, "quarantined_rows": 0})
    );
}

#[track_caller]
fn visits_are(server: &Server, of_a: u64, of_b: u64) {
    let rows = server
        .named("dashboard")
        .endpoint("top", "json", &[])
        .expect(200)
        .rows();
    assert_eq!(
        rows,
        [
            json!({"page": "/a", "visits": of_a}),
            json!({"page": "/b", "visits": of_b})
        ]
    );
}

#[track_caller]
fn refused(scratch: &Scratch, text: &str) -> Finished {
    match Server::try_start(scratch, &project(scratch, "changed", text)) {
        Ok(_) => panic!("the project was not refused"),
        Err(refused) => {
            assert_eq!(refused.code, 1, "{refused:#?}");
            assert!(!refused.stderr.contains("panicked"), "{refused:#?}");
            refused
        }
    }
}

#[test]
fn rows_and_tokens_are_kept_and_resources_can_be_added() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        &project(&scratch, "project", &[VISITS, TOP].concat()),
    );
    let tokens = ["tracker", "dashboard"].map(|name| server.token(name));
    visit(&server);
    visits_are(&server, 3, 1);
    server.stop();

    // Nothing has changed.
    let server = Server::start(&scratch, &scratch.path("project"));
    visits_are(&server, 3, 1);
    assert_eq!(
        ["tracker", "dashboard"].map(|name| server.token(name)),
        tokens,
        "tokens have new values"
    );
    server
        .named("dashboard")
        .get("/v0/pipes/slowest.json")
        .expect(404);
    server.stop();

    // Another endpoint, and a view that is filled from the rows that are there.
    let grown = project(
        &scratch,
        "project",
        &[VISITS, TOP, SLOWEST, PER_PAGE].concat(),
    );
    let server = Server::start(&scratch, &grown);
    visits_are(&server, 3, 1);
    let rows = server
        .named("dashboard")
        .endpoint("slowest", "json", &[])
        .expect(200)
        .rows();
    assert_eq!(rows.len(), 2);
    assert_eq!(server.token("tracker"), tokens[0]);
    let view = "SELECT page, sum(visits) AS n, sumMerge(ms_sum) AS ms FROM per_page GROUP BY page ORDER BY page";
    let page = |page: &str, n: u64| json!({"page": page, "n": n, "ms": n * 20});
    assert_eq!(
        server.admin().sql(view),
        [page("/a", 3), page("/b", 1)],
        "the view was not filled"
    );
    visit(&server);
    assert_eq!(
        server.admin().sql(view),
        [page("/a", 6), page("/b", 2)],
        "the view does not follow"
    );
    server.stop();

    // The view is there already: it is not filled again.
    let server = Server::start(&scratch, &scratch.path("project"));
    assert_eq!(server.admin().sql(view), [page("/a", 6), page("/b", 2)]);
    server.stop();

    // Without the endpoint and its token again.
    let server = Server::start(
        &scratch,
        &project(&scratch, "project", &[VISITS, TOP, PER_PAGE].concat()),
    );
    server
        .named("dashboard")
        .get("/v0/pipes/slowest.json")
        .expect(404);
    visits_are(&server, 6, 2);
    server.kill();

    // The data directory is as good after a kill.
    let server = Server::start(&scratch, &scratch.path("project"));
    visits_are(&server, 6, 2);
    server.stop();
}

#[test]
fn changes_that_would_lose_rows_are_refused() {
    let scratch = Scratch::new();
    let whole = [VISITS, TOP, PER_PAGE].concat();
    let server = Server::start(&scratch, &project(&scratch, "project", &whole));
    visit(&server);
    server.stop();

    let changes = [
        (
            VISITS.replace("`ms` UInt16", "`ms` UInt8"),
            "incompatible-change]: the 4 rows of visits do not fit the new schema: column ms was UInt16 and is UInt8",
            "FORWARD_QUERY >",
        ),
        (
            VISITS.replace(",\n    `ms` UInt16 `json:$.ms`", ""),
            "destructive-change]: the deployment would lose the column ms of the 4 rows of visits",
            "--allow-destructive-operations",
        ),
        (
            VISITS.replace("`ms` UInt16", "`took` UInt16"),
            "incompatible-change]: the 4 rows of visits do not fit the new schema: column ms is gone; column took is new",
            "FORWARD_QUERY >",
        ),
    ];
    for (visits, reason, hint) in changes {
        // The view that no longer fits is not what is looked at here.
        let per_page = PER_PAGE.replace("sumState(ms)", "sumState(toUInt16(1))");
        let said = refused(&scratch, &[&visits, TOP, &per_page].concat()).stderr;
        let said_of_it = format!("datasources/visits.datasource:1:1: error[deploy/{reason}");
        assert!(said.contains(&said_of_it), "{said}");
        assert!(said.contains(hint), "{said}");
    }
    let said = refused(&scratch, &[VISITS, TOP].concat()).stderr;
    assert!(
        said.contains("the deployment would delete the data source per_page with its 2 rows"),
        "{said}"
    );

    // The old project still starts, with everything in place.
    let server = Server::start(&scratch, &scratch.path("project"));
    visits_are(&server, 3, 1);
    visit(&server);
    visits_are(&server, 6, 2);
    assert_eq!(server.admin().value("SELECT sum(visits) FROM per_page"), 8);
    server.stop();

    // With the permission, it goes.
    let smaller = project(&scratch, "smaller", &[VISITS, TOP].concat());
    let data = scratch.path("data");
    let server = Server::launch(scratch.root(), data, |command| {
        command
            .args(["start", "--allow-destructive-operations", "--project"])
            .arg(&smaller);
    })
    .unwrap();
    visits_are(&server, 6, 2);
    server.admin().query("SELECT 1 FROM per_page").expect(404);
    server.stop();
}

#[test]
fn other_changes_take_the_rows_along() {
    let scratch = Scratch::new();
    let whole = [VISITS, TOP, PER_PAGE].concat();
    let server = Server::start(&scratch, &project(&scratch, "project", &whole));
    visit(&server);
    server.stop();
    let changes = [
        ("`ms` UInt16", "`ms` UInt64"),
        (
            "AggregateFunction(sum, UInt16)",
            "AggregateFunction(sum, UInt64)",
        ),
        (
            "ENGINE_SORTING_KEY \"page, at\"",
            "ENGINE_SORTING_KEY \"at, page\"",
        ),
        ("toYYYYMM(at)", "toYear(at)"),
        (
            "`page` String `json:$.page`",
            "`page` String `json:$.page`, `ref` String DEFAULT 'none'",
        ),
        (
            "GROUP BY page\nTYPE materialized",
            "WHERE ms > 10 GROUP BY page\nTYPE materialized",
        ),
    ];
    let mut text = whole;
    let mut visits = 4;
    for (position, (old, new)) in changes.iter().enumerate() {
        assert!(text.contains(old), "{old}");
        text = text.replace(old, new);
        // The state of a sum over another type needs the view of that type.
        if position == 0 {
            continue;
        }
        let server = Server::start(&scratch, &project(&scratch, "project", &text));
        visit(&server);
        visits += 4;
        visits_are(&server, visits * 3 / 4, visits / 4);
        assert_eq!(
            server.admin().value("SELECT sum(visits) FROM per_page"),
            visits,
            "{new}"
        );
        server.stop();
    }
}

#[test]
fn an_empty_data_source_can_change() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        &project(&scratch, "project", &[VISITS, TOP, PER_PAGE].concat()),
    );
    server.stop();
    let changed = [VISITS, TOP, PER_PAGE]
        .concat()
        .replace("UInt16", "UInt32")
        .replace("page, at", "at, page");
    let server = Server::start(&scratch, &project(&scratch, "project", &changed));
    visit(&server);
    let big = json!({"at": ago(60), "page": "/b", "ms": 4_000_000_000_u32});
    server
        .named("tracker")
        .append("visits", ndjson([&big]))
        .expect(200);
    visits_are(&server, 3, 2);
    assert_eq!(server.admin().value("SELECT sum(visits) FROM per_page"), 5);
    server.stop();
}

#[test]
fn a_project_with_mistakes_is_refused_with_all_of_them() {
    let scratch = Scratch::new();
    let server = Server::start(
        &scratch,
        &project(&scratch, "project", &[VISITS, TOP].concat()),
    );
    visit(&server);
    server.stop();

    let files = [
        VISITS.replace("String", "Strng"),
        TOP.replace("NODE top", "NOED top"),
    ]
    .concat();
    let said = refused(&scratch, &files).stderr;
    for mistake in [
        "datasources/visits.datasource:5:12: error[",
        "endpoints/top.pipe:2:1: error[",
        "Strng",
        "NOED",
    ] {
        assert!(said.contains(mistake), "{mistake} is not reported: {said}");
    }
    let nodes = [
        VISITS,
        &TOP.replace("FROM visits", "FROM vistis"),
        &SLOWEST.replace("max(ms)", "max("),
    ]
    .concat();
    let said = refused(&scratch, &nodes).stderr;
    for mistake in [
        "endpoints/top.pipe:4:",
        "did you mean visits?",
        "endpoints/slowest.pipe:",
        "( has no partner",
        "2 mistakes",
    ] {
        assert!(said.contains(mistake), "{mistake} is not reported: {said}");
    }
    let engine = [VISITS, &TOP.replace("SELECT page", "SELECT paeg")].concat();
    let said = refused(&scratch, &engine).stderr;
    assert!(
        said.contains("endpoints/top.pipe:4:12: error[") && said.contains("did you mean page?"),
        "{said}"
    );

    let server = Server::start(&scratch, &scratch.path("project"));
    visits_are(&server, 3, 1);
    server.stop();
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", &[VISITS, TOP].concat());
    let server = Server::start(&scratch, &folder);
    visit(&server);
    let second = Server::try_start(&scratch, &folder)
        .err()
        .expect("the second server is refused");
    assert_eq!(second.code, 1, "{second:#?}");
    assert!(
        second
            .stderr
            .lines()
            .any(|line| line.starts_with("error: ")),
        "{second:#?}"
    );
    visit(&server);
    visits_are(&server, 6, 2);
    server.stop();
}
