//! After a stop of the machine the tables are compared with the journal.

use std::time::{Duration, Instant};

use birdhouse_engine::Insert;
use birdhouse_ingest::{Check, CheckResult, Format, LastStop};

use crate::support::{Declared, Fixture, LIMIT};

const EVENTS: [Declared<'_>; 2] = [("event", "String"), ("n", "Nullable(Int64)")];

/// Waits for the result of the check.
async fn checked(fixture: &Fixture) -> Vec<Check> {
    let began = Instant::now();
    loop {
        let checks = fixture.ingestion.status().checks;
        if !checks.is_empty() || began.elapsed() > LIMIT {
            return checks;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What happens to rows that were stored.
enum Harm {
    /// A statement that removes some.
    Lose(&'static str),
    /// Some as TSV, stored again.
    Double(&'static str),
}

/// Stores rows, does something to the table, reboots, and returns what the check says.
async fn check_after(tail: &str, harm: Option<Harm>) -> CheckResult {
    let fixture = Fixture::with_table_tail(&EVENTS, tail).await;
    for body in [
        "{\"event\":\"a\",\"n\":1}\n{\"event\":\"b\"}",
        "{\"event\":\"c\",\"n\":3}",
    ] {
        fixture.send(body).await;
    }
    match harm {
        None => {}
        Some(Harm::Lose(sql)) => fixture.execute(sql).await,
        Some(Harm::Double(rows)) => {
            let insert = Insert {
                database: "ws_a".to_owned(),
                table: "events".to_owned(),
                columns: Vec::new(),
                format: "TSV",
                data: rows.into(),
                token: "another".to_owned(),
                settings: Vec::new(),
            };
            fixture.engine.insert(insert).await.expect("stored");
        }
    }
    let last = fixture.decode(b"{\"event\":\"last\",\"n\":9}", Format::Ndjson);
    let (fixture, report) = fixture.reboot(&last).await;
    assert_eq!(report.last_stop, LastStop::MachineStopped);
    assert_eq!(report.replayed_batches, 2);
    let checks = checked(&fixture).await;
    assert_eq!(checks.len(), 1, "one data source");
    assert_eq!(checks[0].source, fixture.source());
    assert!(fixture.ingestion.drained(LIMIT).await);
    let left = fixture.text("SELECT count() FROM system.tables WHERE name LIKE '%check%'");
    assert_eq!(left.await, "0\n", "its own table is gone");
    checks[0].result.clone()
}

fn compared(missing: u64, surplus: u64) -> CheckResult {
    CheckResult::Compared {
        rows: 3,
        missing,
        surplus,
        unchecked: 0,
    }
}

const TABLE: &str = "ENGINE = MergeTree PARTITION BY event ORDER BY event";

#[tokio::test]
async fn what_is_right_is_found_right() {
    assert_eq!(check_after(TABLE, None).await, compared(0, 0));
}

/// The engine knows the token of a batch whose rows are gone, so storing it again does nothing.
#[tokio::test]
async fn a_lost_row_is_noticed() {
    let lose = "ALTER TABLE ws_a.events DELETE WHERE event = 'b'";
    assert_eq!(
        check_after(TABLE, Some(Harm::Lose(lose))).await,
        compared(1, 0)
    );
}

/// The engine has forgotten the token of a batch, so it is stored twice.
#[tokio::test]
async fn a_doubled_row_is_noticed() {
    let again = Harm::Double("a\t1\nb\t\\N\n");
    assert_eq!(check_after(TABLE, Some(again)).await, compared(0, 2));
}

#[tokio::test]
async fn tables_that_change_their_rows_are_not_compared() {
    let tail = "ENGINE = ReplacingMergeTree ORDER BY event";
    let CheckResult::NotCompared { reason } = check_after(tail, None).await else {
        panic!("compared");
    };
    assert!(reason.contains("ReplacingMergeTree"), "{reason}");
}
