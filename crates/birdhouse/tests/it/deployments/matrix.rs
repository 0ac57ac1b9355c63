//! Every kind of change × rows that are there × 2,000 events per second × readers: what the plan says
//! beforehand is what happens, no request fails, and every row is counted once, everywhere.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::support::{empty, only_one_is_left, send, status_is, text, until};
use super::tables::Tables;
use super::traffic::{FAST, Sent, Traffic, summary};
use crate::harness::{Client, Scratch, Server};

pub(super) const PROJECT: &str = "--- datasources/visits.datasource
SCHEMA >
    at DateTime `json:$.at`,
    page String `json:$.page`,
    ms UInt16 `json:$.ms`,
    id UInt32 `json:$.id`,
    note String `json:$.note`,
    kind UInt16 `json:$.kind`,
    big UInt32 `json:$.big`

ENGINE MergeTree
ENGINE_PARTITION_KEY toYYYYMM(at)
ENGINE_SORTING_KEY page, id
--- datasources/per_page.datasource
SCHEMA >
    page String,
    visits SimpleAggregateFunction(sum, UInt64),
    ms_sum AggregateFunction(sum, UInt16)

ENGINE AggregatingMergeTree
ENGINE_SORTING_KEY page
--- materializations/count_pages.pipe
NODE counted
SQL >
    SELECT page, sumState(ms) AS ms_sum, sumSimpleState(toUInt64(1)) AS visits FROM visits GROUP BY page
TYPE materialized
DATASOURCE per_page
--- datasources/totals.datasource
SCHEMA >
    what String,
    n UInt64

ENGINE SummingMergeTree
ENGINE_SORTING_KEY what
--- materializations/count_all.pipe
NODE counted
SQL >
    SELECT 'visits' AS what, sum(visits) AS n FROM per_page GROUP BY what
TYPE materialized
DATASOURCE totals
--- endpoints/summary.pipe
NODE summary
SQL >
    SELECT
        (SELECT count() FROM visits) AS rows,
        (SELECT sum(id) FROM visits) AS ids,
        (SELECT sum(visits) FROM per_page) AS visits,
        (SELECT sumMerge(ms_sum) FROM per_page) AS ms,
        (SELECT sum(n) FROM totals) AS total,
        (SELECT count() FROM visits_quarantine) AS bad
TYPE endpoint
";

const PER_KIND: &str = "--- datasources/per_kind.datasource
SCHEMA >
    kind UInt8,
    n UInt64

ENGINE SummingMergeTree
ENGINE_SORTING_KEY kind
--- materializations/count_kinds.pipe
NODE counted
SQL >
    SELECT kind, count() AS n FROM visits GROUP BY kind
TYPE materialized
DATASOURCE per_kind
";

const ALL: &[&str] = &["per_page", "totals", "visits"];
const VIEWED: &[&str] = &["per_page", "totals"];

/// A change of the project as the changes before left it.
struct Case {
    name: &'static str,
    edits: &'static [(&'static str, &'static str)],
    /// What a deployment without permission or without a `FORWARD_QUERY` is refused with.
    refused: Option<&'static str>,
    /// What makes it possible after that.
    remedy: Remedy,
    then: Then,
    /// The lists of the plan: `+` new, `~` changed, `-` deleted.
    plan: &'static str,
    /// Data sources whose rows are written anew, and by which view.
    moves: &'static str,
    /// Data sources that get other tables.
    new_tables: &'static [&'static str],
}

enum Remedy {
    None,
    Permission,
    Edits(&'static [(&'static str, &'static str)]),
}

#[derive(Clone, Copy, PartialEq)]
enum Then {
    Promoted,
    /// Staged, looked at, and promoted.
    Staged,
}

const PLAIN: Case = Case {
    name: "",
    edits: &[],
    refused: None,
    remedy: Remedy::None,
    then: Then::Promoted,
    plan: "~visits",
    moves: "",
    new_tables: ALL,
};

const CASES: &[Case] = &[
    Case {
        name: "column added",
        edits: &[(
            "note String `json:$.note`",
            "note String `json:$.note`,\n    ref String `json:$.ref`",
        )],
        ..PLAIN
    },
    Case {
        name: "column with default added",
        edits: &[(
            "    id UInt32",
            "    day Date DEFAULT toDate(at),\n    id UInt32",
        )],
        then: Then::Staged,
        ..PLAIN
    },
    Case {
        name: "column renamed (FORWARD_QUERY)",
        edits: &[("    note String", "    remark String")],
        refused: Some("FORWARD_QUERY >"),
        remedy: Remedy::Edits(&[(
            "ENGINE_SORTING_KEY page, id\n",
            "ENGINE_SORTING_KEY page, id\n\nFORWARD_QUERY >\n    SELECT at, page, ms, day, id, note AS remark, ref, kind, big\n",
        )]),
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "column dropped",
        edits: &[
            ("    ref String `json:$.ref`,\n", ""),
            (
                "\n\nFORWARD_QUERY >\n    SELECT at, page, ms, day, id, note AS remark, ref, kind, big\n",
                "\n",
            ),
        ],
        refused: Some("would lose the column ref"),
        remedy: Remedy::Permission,
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "type widened",
        edits: &[
            ("    id UInt32", "    id UInt64"),
            ("remark String", "remark LowCardinality(String)"),
        ],
        then: Then::Staged,
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "type narrowed, rows fit",
        edits: &[("    kind UInt16", "    kind UInt8")],
        refused: Some("FORWARD_QUERY >"),
        remedy: Remedy::Edits(&[(
            "ENGINE_SORTING_KEY page, id\n",
            "ENGINE_SORTING_KEY page, id\n\nFORWARD_QUERY >\n    SELECT * EXCEPT kind, toUInt8(kind) AS kind\n",
        )]),
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "type narrowed, rows do not fit",
        edits: &[
            ("    big UInt32", "    big UInt8"),
            (
                "    SELECT * EXCEPT kind, toUInt8(kind) AS kind\n",
                "    SELECT *\n",
            ),
        ],
        refused: Some("gives UInt32 for the column big, which is UInt8"),
        remedy: Remedy::Edits(&[(
            "    SELECT *\n",
            "    SELECT * EXCEPT big, accurateCastOrDefault(big, 'UInt8') AS big\n",
        )]),
        then: Then::Staged,
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "incompatible type (FORWARD_QUERY)",
        edits: &[
            (
                "remark LowCardinality(String) `json:$.note`",
                "remark DateTime `json:$.at`",
            ),
            (
                "    SELECT * EXCEPT big, accurateCastOrDefault(big, 'UInt8') AS big\n",
                "    SELECT * EXCEPT remark, at AS remark\n",
            ),
        ],
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "sorting key",
        edits: &[(
            "page, id\n\nFORWARD_QUERY >\n    SELECT * EXCEPT remark, at AS remark\n",
            "id\n",
        )],
        then: Then::Staged,
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "partition key",
        edits: &[("toYYYYMM(at)", "toYear(at)")],
        moves: "visits",
        ..PLAIN
    },
    Case {
        name: "engine",
        edits: &[("ENGINE MergeTree", "ENGINE ReplacingMergeTree")],
        ..PLAIN
    },
    Case {
        name: "TTL",
        edits: &[(
            "ENGINE_SORTING_KEY id\n",
            "ENGINE_SORTING_KEY id\nENGINE_TTL at + INTERVAL 50 YEAR\n",
        )],
        ..PLAIN
    },
    Case {
        name: "settings and index, without TTL",
        edits: &[(
            "ENGINE_TTL at + INTERVAL 50 YEAR\n",
            "ENGINE_SETTINGS index_granularity=1024\n\nINDEXES >\n    by_ms ms TYPE minmax GRANULARITY 1\n",
        )],
        then: Then::Staged,
        ..PLAIN
    },
    Case {
        name: "view query",
        edits: &[(
            "FROM visits GROUP BY page",
            "FROM visits WHERE id >= 0 GROUP BY page",
        )],
        plan: "~count_pages",
        moves: "per_page by count_pages",
        new_tables: VIEWED,
        ..PLAIN
    },
    Case {
        name: "view and its target",
        edits: &[
            (
                "    SELECT page, sumState(ms)",
                "    SELECT page, max(at) AS seen, sumState(ms)",
            ),
            (
                "    page String,\n    visits",
                "    page String,\n    seen SimpleAggregateFunction(max, DateTime),\n    visits",
            ),
        ],
        then: Then::Staged,
        plan: "~per_page ~count_pages",
        moves: "per_page by count_pages",
        new_tables: VIEWED,
        ..PLAIN
    },
    Case {
        name: "both views of a chain",
        edits: &[
            ("WHERE id >= 0 GROUP BY page", "WHERE id >= 1 GROUP BY page"),
            (
                "FROM per_page GROUP BY what",
                "FROM per_page WHERE page != '' GROUP BY what",
            ),
        ],
        plan: "~count_all ~count_pages",
        moves: "per_page by count_pages, totals by count_all",
        new_tables: VIEWED,
        ..PLAIN
    },
    Case {
        name: "key of a view's target",
        edits: &[(
            "ENGINE_SORTING_KEY what",
            "ENGINE_SORTING_KEY what\nENGINE_PARTITION_KEY length(what)",
        )],
        plan: "~totals",
        moves: "totals by count_all",
        new_tables: &["totals"],
        ..PLAIN
    },
    Case {
        name: "endpoint only",
        edits: &[("AS rows,", "AS rows /* all */,")],
        plan: "~summary",
        new_tables: &[],
        ..PLAIN
    },
    Case {
        name: "token only",
        edits: &[(
            "--- endpoints/summary.pipe\n",
            "--- endpoints/summary.pipe\nTOKEN dashboard READ\n",
        )],
        then: Then::Staged,
        plan: "~summary token dashboard",
        new_tables: &[],
        ..PLAIN
    },
    Case {
        name: "new view with backfill",
        edits: &[(
            "--- endpoints/summary.pipe\n",
            "@PER_KIND--- endpoints/summary.pipe\n",
        )],
        plan: "+per_kind +count_kinds",
        moves: "per_kind by count_kinds",
        new_tables: &["per_kind"],
        ..PLAIN
    },
    Case {
        name: "data source and view dropped",
        edits: &[("@PER_KIND", "")],
        refused: Some("delete the data source per_kind"),
        remedy: Remedy::Permission,
        plan: "-per_kind -count_kinds",
        new_tables: &[],
        ..PLAIN
    },
];

/// What happened, for the table at the end.
struct Seen {
    name: &'static str,
    plan: String,
    moves: String,
    took: Duration,
    rows: u64,
}

#[test]
fn every_kind_of_change_under_load() {
    let scratch = Scratch::new();
    let server = empty(&scratch);
    let mut project = PROJECT.to_owned();
    deploy(&server.admin(), "", &project);
    let traffic = Traffic::start(&server, FAST);
    traffic.more(5_000);
    let (began, before) = (Instant::now(), traffic.sent().rows);
    let mut idle = Duration::ZERO;
    let mut all = Vec::new();
    for case in CASES {
        if case.name.contains("do not fit") {
            // Rows of later batches fit.
            traffic.become_small();
            traffic.more(200);
        }
        all.push(run(&server, &traffic, case, &mut project));
        let paused = Instant::now();
        traffic.paused(|sent| {
            let admin = server.admin();
            everything_is_there_once(&admin, sent, case.name);
            if case.new_tables == ["per_kind"] {
                assert_eq!(admin.value("SELECT sum(n) FROM per_kind"), json!(sent.rows));
            }
        });
        idle += paused.elapsed();
    }
    let rows = traffic.sent().rows - before;
    let seconds = (began.elapsed() - idle).as_secs_f64();
    let rate = rows as f64 / seconds;
    show(&all, rate, traffic.reads());
    traffic.stop();
    // A machine that is busy with other things may not keep up; then this is said above.
    assert!(rate > 500.0, "only {rate:.0} events per second were sent");
    server.stop();
}

fn run(server: &Server, traffic: &Traffic, case: &Case, project: &mut String) -> Seen {
    let admin = server.admin();
    let mut next = edited(case, project, case.edits);
    let mut options = "";
    if let Some(reason) = case.refused {
        let checked = send(&admin, "/v1/deploy?check=true", &expanded(&next))
            .ok()
            .json();
        assert_eq!(checked["result"], "failed", "{}", case.name);
        let errors = checked["deployment"]["errors"].to_string();
        assert!(errors.contains(reason), "{}: {errors}", case.name);
    }
    match case.remedy {
        Remedy::None => {}
        Remedy::Permission => options = "&allow_destructive_operations=true",
        Remedy::Edits(edits) => next = edited(case, &next, edits),
    }
    let path = format!("/v1/deploy?check=true{options}");
    let checked = send(&admin, &path, &expanded(&next)).ok().json();
    assert_eq!(checked["result"], "success", "{}: {checked}", case.name);
    let shown = &checked["deployment"];
    assert_eq!(plan(shown), case.plan, "{}", case.name);
    assert_eq!(moves(shown), case.moves, "{}", case.name);

    let before = Tables::of(server).by_datasource();
    let (began, sent) = (Instant::now(), traffic.sent().rows);
    let id = match case.then {
        Then::Promoted => deploy(&admin, options, &expanded(&next)),
        Then::Staged => {
            let staged = send(&admin, &format!("/v1/deploy?{options}"), &expanded(&next));
            let staged = staged.ok().json()["deployment"].clone();
            let id = text(&staged["id"]).to_owned();
            status_is(server, &id, "data_ready");
            traffic.more(200);
            let staging = [("__tb__deployment", "staging")];
            admin.endpoint("summary", "json", &staging).ok();
            admin
                .post(format!("/v1/deployments/{id}/set-live"), "")
                .ok();
            id
        }
    };
    let took = began.elapsed();
    let done = admin.get(format!("/v1/deployments/{id}")).ok().json()["deployment"].clone();
    assert_eq!(plan(&done), case.plan, "{}", case.name);
    assert_eq!(moves(&done), case.moves, "{}", case.name);
    only_one_is_left(server);
    let rows = traffic.sent().rows - sent;
    traffic.more(400);
    let after = Tables::of(server).by_datasource();
    assert_eq!(others(&before, &after), case.new_tables, "{}", case.name);
    *project = next;
    Seen {
        name: case.name,
        plan: case.plan.to_owned(),
        moves: case.moves.to_owned(),
        took,
        rows,
    }
}

/// Deploys and waits until it is live; returns the number.
pub(super) fn deploy(admin: &Client, options: &str, project: &str) -> String {
    let path = format!("/v1/deploy?auto_promote=true{options}");
    let answer = send(admin, &path, project).ok().json();
    assert_eq!(answer["result"], "success", "{answer}");
    let id = text(&answer["deployment"]["id"]).to_owned();
    until(&format!("deployment {id} is live"), || {
        let now = admin.get(format!("/v1/deployments/{id}")).ok().json();
        let now = &now["deployment"];
        assert_eq!(now["errors"], json!([]));
        now["live"] == json!(true)
    });
    id
}

fn edited(case: &Case, project: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(project.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{}: no {old:?} in\n{text}", case.name);
        text.replace(old, new)
    })
}

/// Returns the project with the files that a case names.
fn expanded(project: &str) -> String {
    project.replace("@PER_KIND", PER_KIND)
}

fn plan(deployment: &Value) -> String {
    let mut words = Vec::new();
    for kind in ["datasource", "pipe"] {
        for (mark, what) in [('+', "new"), ('~', "changed"), ('-', "deleted")] {
            let names = deployment[format!("{what}_{kind}_names")].as_array();
            let names = names.unwrap().iter();
            words.extend(names.map(|name| format!("{mark}{}", text(name))));
        }
    }
    let tokens = deployment["token_changes"].as_array().unwrap().iter();
    words.extend(tokens.map(|token| format!("token {}", text(&token["token_name"]))));
    words.join(" ")
}

fn moves(deployment: &Value) -> String {
    let moves = deployment["data_movements"].as_array().unwrap().iter();
    let moves = moves.map(|movement| {
        let name = text(&movement["datasource_name"]);
        match movement["source_mv_name"].as_str() {
            Some(pipe) => format!("{name} by {pipe}"),
            None => name.to_owned(),
        }
    });
    moves.collect::<Vec<_>>().join(", ")
}

/// Returns the data sources whose tables are others than before.
fn others(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let views = |name: &str| name.contains("__");
    let changed = after.iter().filter(|(name, uuid)| {
        !name.ends_with("_quarantine") && !views(name) && before.get(*name) != Some(uuid)
    });
    changed.map(|(name, _)| name.clone()).collect()
}

#[track_caller]
pub(super) fn everything_is_there_once(admin: &Client, sent: Sent, when: &str) {
    admin.wait_until_stored();
    let found = admin.endpoint("summary", "json", &[]).ok().rows();
    assert_eq!(found, [summary(sent)], "{when}");
}

/// Prints the table of the run.
fn show(all: &[Seen], rate: f64, reads: u64) {
    println!("| change | plan | rows written anew | live after | events meanwhile |");
    println!("| --- | --- | --- | --- | --- |");
    for seen in all {
        let moves = if seen.moves.is_empty() {
            "–"
        } else {
            &seen.moves
        };
        let (name, plan, took) = (seen.name, &seen.plan, seen.took.as_millis());
        println!("| {name} | {plan} | {moves} | {took} ms | {} |", seen.rows);
    }
    let note = if rate < 1_900.0 {
        " (2,000 were meant; the machine was busy)"
    } else {
        ""
    };
    println!("{rate:.0} events per second were sent{note}, {reads} calls answered, none failed");
}
