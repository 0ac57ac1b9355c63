//! Changes of tables and views while rows are appended: after the promotion every row is counted
//! once, everywhere, and nothing that is not used is left.

use std::sync::Arc;
use std::time::Duration;

use birdhouse_deploy::{Live, Permission, Prepared};

use birdhouse_ingest::{HoldMode, SourceName};

use crate::support::{Workspace, files, shown};
use crate::traffic::Traffic;

const VISITS: &str = "--- datasources/visits.datasource
SCHEMA >
    at DateTime `json:$.at`,
    page String `json:$.page`,
    ms UInt16 `json:$.ms`,
    id UInt64 `json:$.id`,
    note String `json:$.note`

ENGINE MergeTree
ENGINE_PARTITION_KEY toYYYYMM(at)
ENGINE_SORTING_KEY page, id
";

const PER_PAGE: &str = "--- datasources/per_page.datasource
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
";

const TOTALS: &str = "--- datasources/totals.datasource
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

fn base() -> String {
    [VISITS, PER_PAGE, TOTALS].concat()
}

/// Returns the project with a text of it replaced.
fn with(old: &str, new: &str) -> String {
    let base = base();
    assert!(base.contains(old), "{old}");
    base.replace(old, new)
}

/// Deploys the base, appends, deploys the change while rows are appended, and counts.
async fn check(change: &str, permission: Permission) -> Report {
    let mut workspace = Workspace::new().await;
    let (live, _) = workspace.deploy(files(&base())).await.unwrap();
    let traffic = Traffic::start(workspace.ingestion.clone(), live);
    traffic.at_least(200).await;

    workspace.permission = permission;
    let prepared = workspace.prepare(files(change)).await.unwrap();
    let shown = Report::of(&prepared);
    let before = traffic.sent();
    let (id, staged) = workspace.stage(&prepared).await;
    traffic.at_least(before + 100).await;
    let old = traffic.publish(staged);
    workspace.deployer.promote(workspace.id, id).await.unwrap();
    traffic.at_least(traffic.sent() + 100).await;
    while Arc::strong_count(&old) > 1 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    drop(old);
    workspace.deployer.sweep(workspace.id).await.unwrap();
    traffic.at_least(traffic.sent() + 50).await;
    let (live, sent) = traffic.stop().await;
    assert!(workspace.ingestion.drained(Duration::from_secs(20)).await);
    counts_are(&workspace, &live, &sent).await;
    workspace.nothing_is_left(&live).await;
    shown
}

/// What a preparation says it does.
struct Report {
    movements: Vec<String>,
}

impl Report {
    fn of(prepared: &Prepared) -> Self {
        let movements = prepared.report().movements.iter();
        Self {
            movements: movements
                .map(|m| match &m.pipe {
                    Some(pipe) => format!("{} by {pipe}", m.datasource),
                    None => m.datasource.clone(),
                })
                .collect(),
        }
    }
}

async fn counts_are(workspace: &Workspace, live: &Live, sent: &crate::traffic::Sent) {
    let answer = workspace.call(live, "summary", "").await.unwrap();
    let expected = format!(
        "{{\"rows\":{n},\"ids\":{},\"visits\":{n},\"ms\":{},\"total\":{n},\"bad\":{}}}\n",
        sent.ids,
        sent.ms,
        sent.bad,
        n = sent.rows,
    );
    assert_eq!(answer, expected);
}

macro_rules! moves {
    ($($name:ident: $old:expr => $new:expr, $permission:ident, $movements:expr;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $name() {
                let report = check(&with($old, $new), Permission::$permission).await;
                let movements: &[&str] = &$movements;
                assert_eq!(report.movements, movements);
            }
        )*
    };
}

const FORWARD: &str = "ENGINE_SORTING_KEY page, id\n";

moves! {
    a_column_is_added:
        "    note String `json:$.note`" => "    note String `json:$.note`,\n    ref String `json:$.ref`",
        KeepData, [];
    a_column_with_default_is_added_in_between:
        "    id UInt64" => "    day Date DEFAULT toDate(at),\n    id UInt64",
        KeepData, [];
    a_column_is_dropped:
        ",\n    note String `json:$.note`" => "",
        Destructive, ["visits"];
    a_type_is_widened:
        "id UInt64 `json:$.id`,\n    note String" => "id UInt128 `json:$.id`,\n    note LowCardinality(String)",
        KeepData, ["visits"];
    the_sorting_key_changes:
        "ENGINE_SORTING_KEY page, id" => "ENGINE_SORTING_KEY id",
        KeepData, ["visits"];
    the_partition_key_changes:
        "toYYYYMM(at)" => "toYear(at)",
        KeepData, ["visits"];
    the_engine_changes:
        "ENGINE MergeTree" => "ENGINE ReplacingMergeTree",
        KeepData, [];
    ttl_index_default_and_settings_change:
        FORWARD => "ENGINE_SORTING_KEY page, id\nENGINE_TTL at + INTERVAL 50 YEAR\nENGINE_SETTINGS index_granularity=1024\n\nINDEXES >\n    by_ms ms TYPE minmax GRANULARITY 1\n",
        KeepData, [];
    a_column_gets_a_new_name_by_forward_query:
        "    note String `json:$.note`\n" => "    remark String `json:$.note`\n\nFORWARD_QUERY >\n    SELECT at, page, ms, id, note AS remark\n",
        KeepData, ["visits"];
    a_type_narrows_by_forward_query:
        "    note String `json:$.note`\n" => "    note FixedString(8) `json:$.note`\n\nFORWARD_QUERY >\n    SELECT at, page, ms, id, toFixedString(substring(note, 1, 8), 8) AS note\n",
        KeepData, ["visits"];
    a_view_changes:
        "FROM visits GROUP BY page" => "FROM visits WHERE id >= 0 GROUP BY page",
        KeepData, ["per_page by count_pages"];
    a_view_is_changed_in_place:
        "FROM visits GROUP BY page\nTYPE materialized" => "FROM visits WHERE id >= 0 GROUP BY page\nTYPE materialized\nDEPLOYMENT_METHOD alter",
        KeepData, [];
    the_key_of_a_target_changes:
        "ENGINE_SORTING_KEY what" => "ENGINE_SORTING_KEY what\nENGINE_PARTITION_KEY length(what)",
        KeepData, ["totals by count_all"];
    the_last_view_of_a_chain_changes:
        "FROM per_page GROUP BY what" => "FROM per_page WHERE page != '' GROUP BY what",
        KeepData, ["totals by count_all"];
    the_pipe_of_a_view_gets_another_name:
        "materializations/count_all.pipe" => "materializations/count_everything.pipe",
        KeepData, [];
    only_an_endpoint_changes:
        "AS rows," => "AS rows /* all */,",
        KeepData, [];
    only_a_token_is_added:
        "--- datasources/visits.datasource\n" => "--- datasources/visits.datasource\nTOKEN tracker APPEND\n",
        KeepData, [];
}

#[tokio::test(flavor = "multi_thread")]
async fn a_view_in_the_middle_and_its_target_change() {
    let project = with(
        "    SELECT page, sumState(ms)",
        "    SELECT page, max(at) AS seen, sumState(ms)",
    )
    .replace(
        "    page String,\n    visits",
        "    page String,\n    seen SimpleAggregateFunction(max, DateTime),\n    visits",
    );
    let report = check(&project, Permission::KeepData).await;
    assert_eq!(report.movements, ["per_page by count_pages"]);
}

/// Rows that are acknowledged are there for a plan, in their table or not.
#[tokio::test(flavor = "multi_thread")]
async fn rows_that_wait_are_not_lost_either() {
    let workspace = Workspace::new().await;
    let (live, _) = workspace.deploy(files(&base())).await.unwrap();
    let sources = [SourceName::new(&live.resources.database, "visits")];
    let limit = Duration::from_secs(20);
    let hold = workspace.ingestion.hold(&sources, HoldMode::Quiet, limit);
    let hold = hold.await.unwrap();
    let traffic = Traffic::start(workspace.ingestion.clone(), live);
    traffic.at_least(20).await;
    let without = with(",\n    note String `json:$.note`", "");
    let refused = workspace.prepare(files(&without)).await.err().unwrap();
    let said = shown(&refused);
    assert!(
        said.contains("would lose the column note of the "),
        "{said}"
    );
    let other = with(
        "FROM per_page GROUP BY what",
        "FROM per_page WHERE page != '' GROUP BY what",
    );
    let prepared = workspace.prepare(files(&other)).await.unwrap();
    assert_eq!(Report::of(&prepared).movements, ["totals by count_all"]);
    drop(hold);
    traffic.stop().await;
}

/// A view is added to a target that has one already: its rows come to those that are there.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_view_into_a_target_is_backfilled() {
    let workspace = Workspace::new().await;
    let (live, _) = workspace.deploy(files(&base())).await.unwrap();
    let traffic = Traffic::start(workspace.ingestion.clone(), live);
    traffic.at_least(100).await;
    let (_, sent) = traffic.stop().await;
    workspace.ingestion.drained(Duration::from_secs(20)).await;
    let second = "--- materializations/count_ids.pipe
NODE counted
SQL >
    SELECT 'ids' AS what, count() AS n FROM visits GROUP BY what
TYPE materialized
DATASOURCE totals
--- endpoints/both.pipe
NODE both
SQL >
    SELECT what, sum(n) AS n FROM totals GROUP BY what ORDER BY what
TYPE endpoint
";
    let project = [base(), second.to_owned()].concat();
    let (live, _) = workspace.deploy(files(&project)).await.unwrap();
    let n = sent.rows;
    let expected = format!("{{\"what\":\"ids\",\"n\":{n}}}\n{{\"what\":\"visits\",\"n\":{n}}}\n");
    assert_eq!(workspace.call(&live, "both", "").await, Ok(expected));
    workspace.nothing_is_left(&live).await;
}

/// A view that joins another table goes on through changes of either, and of neither.
#[tokio::test(flavor = "multi_thread")]
async fn a_view_with_a_join_follows_its_tables() {
    let joined = "--- datasources/labels.datasource
SCHEMA >
    page String `json:$.page`,
    label String `json:$.label`

ENGINE ReplacingMergeTree
ENGINE_SORTING_KEY page
--- datasources/other.datasource
SCHEMA >
    a Int8 `json:$.a`

ENGINE MergeTree
ENGINE_SORTING_KEY a
--- datasources/per_label.datasource
SCHEMA >
    label String,
    n UInt64

ENGINE SummingMergeTree
ENGINE_SORTING_KEY label
--- materializations/count_labels.pipe
NODE counted
SQL >
    SELECT l.label AS label, count() AS n
    FROM visits AS v LEFT JOIN (SELECT * FROM labels FINAL) AS l ON l.page = v.page GROUP BY label
TYPE materialized
DATASOURCE per_label
--- endpoints/labelled.pipe
NODE labelled
SQL >
    SELECT label, sum(n) AS n FROM per_label GROUP BY label ORDER BY label
TYPE endpoint
";
    let base = [VISITS, joined].concat();
    let changes = [
        ("ENGINE_SORTING_KEY page, id", "ENGINE_SORTING_KEY id"),
        ("    a Int8", "    a Int16"),
        ("    a Int16", "    a Int32"),
        (
            "label String `json:$.label`",
            "label LowCardinality(String) `json:$.label`",
        ),
    ];
    let mut steps = vec![base];
    for (old, new) in changes {
        let last = steps.last().unwrap();
        assert!(last.contains(old), "{old}");
        steps.push(last.replace(old, new));
    }
    let workspace = Workspace::new().await;
    for (step, project) in (1..).zip(&steps) {
        let (live, _) = workspace.deploy(files(project)).await.unwrap();
        if step == 1 {
            let labels = b"{\"page\":\"/a\",\"label\":\"first\"}\n";
            workspace.append(&live, "labels", "ndjson", labels).await;
        }
        let other = b"{\"a\":1}\n";
        workspace.append(&live, "other", "ndjson", other).await;
        let row = format!(
            "{{\"at\":\"2026-01-01 00:00:00\",\"page\":\"/a\",\"ms\":1,\"id\":{step},\"note\":\"\"}}\n"
        );
        workspace
            .append(&live, "visits", "ndjson", row.as_bytes())
            .await;
        let answer = workspace.call(&live, "labelled", "").await;
        let expected = format!("{{\"label\":\"first\",\"n\":{step}}}\n");
        assert_eq!(answer, Ok(expected), "step {step}");
        workspace.nothing_is_left(&live).await;
    }
}
