//! Appends: both tables, defaults of the engine, failing views, a dying engine, keys, holds.

use std::task::Poll;
use std::time::Duration;

use birdhouse_engine::Query;
use birdhouse_ingest::limits::ENGINE_DEATHS_MAX;
use birdhouse_ingest::{
    Claim, Counts, Format, HoldError, HoldMode, Key, LastStop, Operation, SourceStatus,
};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::{Fixture, LIMIT};

const EVENTS: [(&str, &str); 3] = [
    ("timestamp", "DateTime"),
    ("event", "String"),
    ("n", "Int16 DEFAULT 7"),
];

const TARGET: &str = "CREATE TABLE ws_a.target (s Int64) ENGINE = MergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 1000";
const UNLUCKY_VIEW: &str = "CREATE MATERIALIZED VIEW ws_a.mv TO ws_a.target AS SELECT throwIf(n = 13, 'unlucky') + n AS s FROM ws_a.events";
const GOOD_VIEW: &str =
    "CREATE MATERIALIZED VIEW ws_a.mv TO ws_a.target AS SELECT n AS s FROM ws_a.events";
const SUMS: &str = "SELECT (SELECT count() FROM ws_a.events), (SELECT sum(s) FROM ws_a.target)";

/// Returns what is known about the fixture's data source.
fn status(fixture: &Fixture) -> SourceStatus {
    let sources = fixture.ingestion.status().sources;
    sources.into_iter().next().expect("known")
}

#[tokio::test]
async fn good_and_bad_rows_reach_their_tables() {
    let fixture = Fixture::new(&EVENTS).await;
    let counts = fixture
        .send("{\"timestamp\":\"2024-01-02 03:04:05\",\"event\":\"view\"}\n\ndrop table ws_a.events\n{\"timestamp\":1,\"event\":\"x\",\"n\":70000}")
        .await;
    assert_eq!((counts.rows, counts.quarantined_rows), (1, 2));
    assert_eq!(
        fixture.text("SELECT * FROM ws_a.events").await,
        "2024-01-02 03:04:05\tview\t7\n"
    );
    insta::assert_snapshot!(
        fixture
            .text("SELECT * FROM ws_a.events_quarantine ORDER BY timestamp")
            .await
    );
    let reports = fixture.log.0.lock();
    let [report] = &reports[..] else {
        panic!("one batch, not {reports:?}");
    };
    assert_eq!(report.written_rows, 3);
    let [origin] = &report.origins[..] else {
        panic!("one origin, not {report:?}");
    };
    assert_eq!(
        (
            origin.rows,
            origin.quarantined_rows,
            origin.origin.operation
        ),
        (1, 2, Operation::Events)
    );
}

#[tokio::test]
async fn the_engine_fills_what_only_it_can() {
    let fixture = Fixture::new(&[
        ("a", "Int16"),
        ("b", "Int16 DEFAULT a + 1"),
        ("c", "String DEFAULT upper(concat('x', toString(b)))"),
    ])
    .await;
    fixture
        .send("{\"a\":1}\n{\"a\":2,\"b\":9}\n{\"a\":3,\"c\":\"own\"}\n{\"a\":4,\"b\":0,\"c\":\"\"}")
        .await;
    let rows = fixture.text("SELECT * FROM ws_a.events ORDER BY a").await;
    assert_eq!(rows, "1\t2\tX2\n2\t9\tX9\n3\t4\town\n4\t0\t\n");
}

#[tokio::test]
async fn a_key_counts_once_also_after_a_restart() {
    let fixture = Fixture::new(&EVENTS).await;
    let body = b"{\"timestamp\":1,\"event\":\"a\"}\n{\"n\":1}";
    let batch = fixture.decode(body, Format::Ndjson);
    let key = Key::new(&fixture.source(), "request-1", body);
    let Claim::New(claimed) = fixture.ingestion.claim(key).await.unwrap() else {
        panic!("a new key");
    };
    let receipt = fixture.append(&batch, Some(claimed)).await;
    assert!(receipt.flushed(LIMIT).await.unwrap());
    let counts = Counts {
        rows: 1,
        quarantined_rows: 1,
    };
    let answered = fixture.ingestion.claim(key).await.unwrap();
    assert!(
        matches!(answered, Claim::Answered(c) if c == counts),
        "{answered:?}"
    );
    let (fixture, report) = fixture.reopen().await;
    assert_eq!(
        (report.last_stop, report.pending_rows),
        (LastStop::Clean, 0)
    );
    let answered = fixture.ingestion.claim(key).await.unwrap();
    assert!(
        matches!(answered, Claim::Answered(c) if c == counts),
        "{answered:?}"
    );
    let other = Key::new(&fixture.source(), "request-1", b"other");
    fixture
        .ingestion
        .claim(other)
        .await
        .expect_err("another body");
}

#[tokio::test]
async fn a_view_that_fails_holds_its_rows_until_it_is_repaired() {
    let fixture = Fixture::new(&EVENTS).await;
    fixture.execute(TARGET).await;
    fixture.execute(UNLUCKY_VIEW).await;
    let bad = b"{\"timestamp\":1,\"event\":\"a\",\"n\":13}";
    let batch = fixture.decode(bad, Format::Ndjson);
    let failed = fixture.store(&batch).await.unwrap_err();
    assert!(
        failed.is_view && failed.reason.contains("unlucky"),
        "{failed:?}"
    );
    let trouble = status(&fixture).trouble.expect("visible");
    assert_eq!((trouble.failed, trouble.is_engine_away), (failed, false));
    // What comes behind it waits, so that the order stays.
    let good = fixture.decode(b"{\"timestamp\":1,\"event\":\"b\",\"n\":1}", Format::Ndjson);
    let behind = fixture.append(&good, None).await;
    let source = [fixture.source()];
    let hold = (fixture.ingestion).hold(&source, HoldMode::Drained, LIMIT);
    let error = hold.await.map(drop).unwrap_err();
    assert!(matches!(error, HoldError::Stuck { .. }), "{error:?}");
    fixture.execute("DROP VIEW ws_a.mv").await;
    fixture.execute(GOOD_VIEW).await;
    fixture.ingestion.retry_now(&fixture.source());
    assert!(behind.flushed(LIMIT).await.unwrap());
    assert_eq!(fixture.text(SUMS).await, "2\t14\n");
    assert!(status(&fixture).trouble.is_none());
}

#[tokio::test]
async fn rows_that_fail_can_be_set_aside_and_put_back() {
    let fixture = Fixture::new(&EVENTS).await;
    fixture.execute(TARGET).await;
    fixture.execute(UNLUCKY_VIEW).await;
    let bad = fixture.decode(
        b"{\"timestamp\":1,\"event\":\"a\",\"n\":13}",
        Format::Ndjson,
    );
    fixture.store(&bad).await.unwrap_err();
    let good = fixture.decode(b"{\"timestamp\":1,\"event\":\"b\",\"n\":1}", Format::Ndjson);
    let behind = fixture.append(&good, None).await;
    let aside = fixture
        .ingestion
        .set_aside(&fixture.source())
        .await
        .unwrap();
    assert_eq!(aside.rows, 1);
    assert!(behind.flushed(LIMIT).await.unwrap());
    // Its row had reached the table, its view's had not.
    assert_eq!(fixture.text(SUMS).await, "2\t1\n");
    let error = fixture.ingestion.set_aside(&fixture.source()).await;
    error.expect_err("nothing fails any more");
    let (fixture, report) = fixture.reopen().await;
    assert_eq!(report.pending_rows, 0, "it stays aside");
    fixture.execute("DROP VIEW ws_a.mv").await;
    fixture.execute(GOOD_VIEW).await;
    let file = std::path::Path::new(aside.path.file_name().unwrap());
    fixture
        .ingestion
        .put_back("ws_b", file)
        .await
        .expect_err("not its rows");
    assert_eq!(fixture.ingestion.put_back("ws_a", file).await.unwrap(), 1);
    assert!(fixture.ingestion.drained(LIMIT).await);
    assert_eq!(fixture.text(SUMS).await, "2\t14\n");
    fixture
        .ingestion
        .put_back("ws_a", file)
        .await
        .expect_err("it is gone");
}

#[tokio::test]
async fn appends_survive_the_death_of_the_worker() {
    let fixture = Fixture::new(&EVENTS).await;
    let rows: String = (0..200)
        .map(|n| format!("{{\"timestamp\":1,\"event\":\"e\",\"n\":{n}}}\n"))
        .collect();
    let batch = fixture.decode(rows.as_bytes(), Format::Ndjson);
    let writers = async {
        for _ in 0..60 {
            let (a, b) = tokio::join!(fixture.store(&batch), fixture.store(&batch));
            assert_eq!((a.unwrap().rows, b.unwrap().rows), (200, 200));
        }
    };
    let killer = async {
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_millis(40)).await;
            assert!(fixture.engine.ready(Duration::from_secs(10)).await);
            let Some(pid) = fixture.engine.worker_pid() else {
                continue;
            };
            kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
        }
    };
    tokio::join!(writers, killer);
    let found = fixture
        .text("SELECT count(), sum(n) FROM ws_a.events")
        .await;
    assert_eq!(found, format!("{}\t{}\n", 120 * 200, 120 * 199 * 100));
}

/// Kills the worker whenever it stores rows of the data source, until it has been done `times` times.
async fn kill_while_it_inserts(fixture: &Fixture, times: u32) {
    let inserts = "SELECT count() FROM system.processes WHERE query_kind = 'Insert'";
    for _ in 0..times {
        let is_inserting = async {
            loop {
                assert!(fixture.engine.ready(LIMIT).await);
                let found = fixture.engine.query(Query::admin(inserts, "TSV")).await;
                if found.is_ok_and(|output| output.body.as_ref() != b"0\n") {
                    return fixture.engine.worker_pid();
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let worker = tokio::time::timeout(LIMIT, is_inserting).await.unwrap();
        let pid = Pid::from_raw(worker.unwrap().cast_signed()).unwrap();
        kill_process(pid, Signal::KILL).unwrap();
        while fixture.engine.worker_pid() == worker {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

#[tokio::test]
async fn rows_that_end_the_engine_each_time_can_be_set_aside() {
    let fixture = Fixture::new(&EVENTS).await;
    // Slow enough to be seen and killed, and for nothing else.
    let slow = "CREATE MATERIALIZED VIEW ws_a.slow ENGINE = MergeTree ORDER BY tuple() AS \
                SELECT n, sleepEachRow(3) AS s FROM ws_a.events WHERE n = 13";
    fixture.execute(slow).await;
    let bad = b"{\"timestamp\":1,\"event\":\"a\",\"n\":13}";
    let bad = fixture.decode(bad, Format::Ndjson);
    fixture.append(&bad, None).await;
    kill_while_it_inserts(&fixture, ENGINE_DEATHS_MAX).await;
    let failing = async {
        loop {
            let trouble = status(&fixture).trouble;
            if let Some(trouble) = trouble.filter(|trouble| !trouble.is_engine_away) {
                return trouble;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let trouble = tokio::time::timeout(LIMIT, failing).await.unwrap();
    assert_eq!(trouble.engine_deaths, ENGINE_DEATHS_MAX);
    let reason = &trouble.failed.reason;
    assert!(reason.contains("the engine ended 5 times"), "{reason}");
    let aside = fixture.ingestion.set_aside(&fixture.source()).await;
    assert_eq!(aside.unwrap().rows, 1);
    assert!(fixture.engine.ready(LIMIT).await);
    let good = b"{\"timestamp\":1,\"event\":\"b\",\"n\":1}";
    let good = fixture.decode(good, Format::Ndjson);
    fixture.store(&good).await.unwrap();
}

#[tokio::test]
async fn rows_are_acknowledged_while_the_engine_is_away() {
    let fixture = Fixture::new(&EVENTS).await;
    let batch = fixture.decode(b"{\"timestamp\":1,\"event\":\"a\"}", Format::Ndjson);
    fixture.engine.clone().stop().await;
    let receipt = fixture.append(&batch, None).await;
    let is_stored = receipt.flushed(Duration::from_millis(200)).await.unwrap();
    assert!(!is_stored, "the engine is away");
    let status = status(&fixture);
    assert_eq!(status.pending_rows, 1);
    assert!(status.trouble.expect("visible").is_engine_away);
}

#[tokio::test]
async fn a_hold_keeps_rows_in_the_journal() {
    let fixture = Fixture::new(&EVENTS).await;
    let batch = fixture.decode(b"{\"timestamp\":1,\"event\":\"a\"}", Format::Ndjson);
    let count = "SELECT count() FROM ws_a.events";
    fixture.append(&batch, None).await;
    let source = fixture.source();
    let hold = (fixture.ingestion)
        .hold(std::slice::from_ref(&source), HoldMode::Drained, LIMIT)
        .await
        .unwrap();
    assert_eq!(
        fixture.text(count).await,
        "1\n",
        "what came before is stored"
    );
    let held = fixture.append(&batch, None).await;
    let second = (fixture.ingestion)
        .hold(&[source], HoldMode::Quiet, Duration::from_millis(50))
        .await;
    assert!(matches!(second.map(drop), Err(HoldError::Timeout { .. })));
    assert_eq!(fixture.text(count).await, "1\n", "what came later waits");
    drop(hold);
    assert!(held.flushed(LIMIT).await.unwrap());
    assert_eq!(fixture.text(count).await, "2\n");
}

/// Rows of an earlier deployment reach a table that has lost and gained columns.
#[tokio::test]
async fn rows_reach_a_table_of_another_shape() {
    let fixture = Fixture::new(&EVENTS).await;
    let batch = fixture.decode(b"{\"timestamp\":1,\"event\":\"a\",\"n\":5}", Format::Ndjson);
    let source = fixture.source();
    let hold = (fixture.ingestion)
        .hold(std::slice::from_ref(&source), HoldMode::Drained, LIMIT)
        .await
        .unwrap();
    fixture
        .execute("ALTER TABLE ws_a.events DROP COLUMN event, ADD COLUMN extra String DEFAULT 'x'")
        .await;
    drop(hold);
    assert_eq!(fixture.store(&batch).await.unwrap().rows, 1);
    assert_eq!(
        fixture.text("SELECT n, extra FROM ws_a.events").await,
        "5\tx\n"
    );
}

/// A hold that was given up must not let the next one begin while inserts go on.
#[tokio::test]
async fn a_quiet_hold_after_one_that_failed_is_quiet() {
    let fixture = Fixture::new(&EVENTS).await;
    let batch = fixture.decode(b"{\"timestamp\":1,\"event\":\"a\"}", Format::Ndjson);
    let source = [fixture.source()];
    fixture
        .execute("RENAME TABLE ws_a.events TO ws_a.away")
        .await;
    let lost = fixture.append(&batch, None).await;
    lost.flushed(LIMIT).await.expect_err("there is no table");
    let drained = (fixture.ingestion)
        .hold(&source, HoldMode::Drained, LIMIT)
        .await;
    assert!(matches!(drained.map(drop), Err(HoldError::Stuck { .. })));
    let quiet = (fixture.ingestion)
        .hold(&source, HoldMode::Quiet, LIMIT)
        .await;
    let quiet = quiet.expect("no insert runs");
    fixture
        .execute("RENAME TABLE ws_a.away TO ws_a.events")
        .await;
    fixture.ingestion.retry_now(&source[0]);
    assert!(
        !fixture.ingestion.drained(Duration::from_millis(300)).await,
        "it is held"
    );
    assert_eq!(fixture.text("SELECT count() FROM ws_a.events").await, "0\n");
    drop(quiet);
    fixture.ingestion.retry_now(&source[0]);
    assert!(fixture.ingestion.drained(LIMIT).await);
    assert_eq!(fixture.text("SELECT count() FROM ws_a.events").await, "1\n");
}

/// A client that goes away in the middle leaves neither a stuck data source nor a journal that is
/// never trimmed.
#[tokio::test]
async fn setting_aside_goes_to_its_end_without_the_client() {
    let fixture = Fixture::new(&EVENTS).await;
    let batch = fixture.decode(b"{\"timestamp\":1,\"event\":\"a\"}", Format::Ndjson);
    let source = fixture.source();
    fixture
        .execute("RENAME TABLE ws_a.events TO ws_a.away")
        .await;
    let lost = fixture.append(&batch, None).await;
    lost.flushed(LIMIT).await.expect_err("there is no table");
    // It is begun, and then nobody waits for it any more.
    let mut aside = Box::pin(fixture.ingestion.set_aside(&source));
    let begun = std::future::poll_fn(|context| Poll::Ready(aside.as_mut().poll(context)));
    assert!(begun.await.is_pending());
    drop(aside);
    assert!(fixture.ingestion.drained(LIMIT).await, "the queue is free");
    fixture
        .execute("RENAME TABLE ws_a.away TO ws_a.events")
        .await;
    assert_eq!(fixture.store(&batch).await.unwrap().rows, 1);
}
