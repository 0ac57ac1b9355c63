//! Deploying again: what is unchanged keeps its rows.

use crate::support::{Workspace, files, shown};

const PROJECT: &str = "--- datasources/events.datasource
SCHEMA >
    at DateTime `json:$.at`,
    insertion_date Date `json:$.insertion_date`

ENGINE MergeTree
ENGINE_SORTING_KEY at
--- pipes/by_day.pipe
NODE counted
SQL >
    SELECT toDate(at) AS day, count() AS n FROM events GROUP BY day
TYPE materialized
DATASOURCE days
ENGINE SummingMergeTree
ENGINE_SORTING_KEY day
--- pipes/total.pipe
NODE n
SQL >
    SELECT sum(n) AS n FROM days
";

/// The target that a node creates, and the quarantine whose column names clash, are found again.
#[tokio::test(flavor = "multi_thread")]
async fn implicit_targets_keep_their_rows() {
    let workspace = Workspace::new().await;
    for expected in [1, 2] {
        let (live, _) = match workspace.deploy(files(PROJECT)).await {
            Ok(deployed) => deployed,
            Err(found) => panic!("{}", shown(&found)),
        };
        let row = format!(
            "{{\"at\":\"2026-01-0{expected} 00:00:00\",\"insertion_date\":\"2026-01-01\"}}\n{{\"at\":\"never\"}}\n"
        );
        let bad = workspace
            .append(&live, "events", "ndjson", row.as_bytes())
            .await;
        assert_eq!(bad, 1);
        let answer = workspace.call(&live, "total", "").await;
        assert_eq!(answer, Ok(format!("{{\"n\":{expected}}}\n")));
    }
}

/// What the engine remembers of an insert must be the same in the session that created the view,
/// after a restart, and after the next deployment.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_sent_again_after_a_restart_counts_once() {
    let workspace = Workspace::new().await;
    let row = b"{\"at\":\"2026-01-01 00:00:00\",\"insertion_date\":\"2026-01-01\"}\n";
    for round in 1..=2 {
        let (live, _) = match workspace.deploy(files(PROJECT)).await {
            Ok(deployed) => deployed,
            Err(found) => panic!("{}", shown(&found)),
        };
        let batch = format!("round {round}");
        for _ in 0..2 {
            workspace
                .append_batch(&live, ("events", "ndjson"), row, &batch)
                .await;
            let answer = workspace.call(&live, "total", "").await;
            assert_eq!(answer, Ok(format!("{{\"n\":{round}}}\n")), "{batch}");
            workspace.kill_worker().await;
        }
    }
}
