//! Appends: both tables, defaults of the engine, repeated batches, failing views, a dying engine.

use std::time::Duration;

use birdhouse_engine::ErrorKind;
use birdhouse_ingest::{AppendError, AppendOptions, Format};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::Fixture;

const EVENTS: [(&str, &str); 3] = [
    ("timestamp", "DateTime"),
    ("event", "String"),
    ("n", "Int16 DEFAULT 7"),
];

#[tokio::test]
async fn good_and_bad_rows_reach_their_tables() {
    let fixture = Fixture::new(&EVENTS).await;
    let appended = fixture
        .send("{\"timestamp\":\"2024-01-02 03:04:05\",\"event\":\"view\"}\n\ndrop table ws_a.events\n{\"timestamp\":1,\"event\":\"x\",\"n\":70000}")
        .await;
    assert_eq!(
        (
            appended.rows,
            appended.quarantined_rows,
            appended.written_rows
        ),
        (1, 2, 3)
    );
    assert_eq!(
        fixture.text("SELECT * FROM ws_a.events").await,
        "2024-01-02 03:04:05\tview\t7\n"
    );
    insta::assert_snapshot!(
        fixture
            .text("SELECT * FROM ws_a.events_quarantine ORDER BY timestamp")
            .await
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
async fn a_repeated_batch_is_stored_once() {
    let fixture = Fixture::new(&EVENTS).await;
    fixture.execute("CREATE TABLE ws_a.sums (s Int64) ENGINE = MergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 1000").await;
    fixture
        .execute(
            "CREATE MATERIALIZED VIEW ws_a.mv TO ws_a.sums AS SELECT sum(n) AS s FROM ws_a.events",
        )
        .await;
    let body = b"{\"timestamp\":1,\"event\":\"a\"}\n{\"timestamp\":2,\"event\":\"b\"}\n{\"n\":1}";
    let batch = fixture.decode(body, Format::Ndjson);
    for id in ["one", "one", "two"] {
        fixture.append(&batch, id).await.unwrap();
    }
    let counts = "SELECT (SELECT count() FROM ws_a.events), (SELECT sum(s) FROM ws_a.sums), (SELECT count() FROM ws_a.events_quarantine)";
    assert_eq!(fixture.text(counts).await, "4\t28\t2\n");
}

#[tokio::test]
async fn a_failing_view_is_told_from_a_failing_insert() {
    let fixture = Fixture::new(&EVENTS).await;
    fixture.execute("CREATE TABLE ws_a.target (s Int64) ENGINE = MergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 1000").await;
    fixture.execute("CREATE MATERIALIZED VIEW ws_a.mv TO ws_a.target AS SELECT throwIf(n = 13, 'unlucky') AS s FROM ws_a.events").await;
    let batch = fixture.decode(
        b"{\"timestamp\":1,\"event\":\"a\",\"n\":13}",
        Format::Ndjson,
    );
    let error = fixture.append(&batch, "one").await.unwrap_err();
    assert!(matches!(error, AppendError::View { .. }), "{error:?}");
    assert_eq!(
        (error.kind(), error.stored_rows()),
        (ErrorKind::Internal, 0)
    );
    // Once the view is repaired, the same batch completes it without doubling the rows.
    fixture.execute("DROP VIEW ws_a.mv").await;
    fixture
        .execute(
            "CREATE MATERIALIZED VIEW ws_a.mv TO ws_a.target AS SELECT n AS s FROM ws_a.events",
        )
        .await;
    fixture.append(&batch, "one").await.unwrap();
    let counts = "SELECT (SELECT count() FROM ws_a.events), (SELECT sum(s) FROM ws_a.target)";
    assert_eq!(fixture.text(counts).await, "1\t13\n");

    fixture.execute("DROP TABLE ws_a.events").await;
    let error = fixture.append(&batch, "two").await.unwrap_err();
    assert!(matches!(error, AppendError::Engine { .. }), "{error:?}");
}

#[tokio::test]
async fn appends_survive_the_death_of_the_worker() {
    let fixture = Fixture::new(&EVENTS).await;
    let rows: String = (0..200)
        .map(|n| format!("{{\"timestamp\":1,\"event\":\"e\",\"n\":{n}}}\n"))
        .collect();
    let batch = fixture.decode(rows.as_bytes(), Format::Ndjson);
    let writers = async {
        for round in 0..60 {
            let ids = [format!("{round}-a"), format!("{round}-b")];
            let (a, b) = tokio::join!(
                fixture.append(&batch, &ids[0]),
                fixture.append(&batch, &ids[1])
            );
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

#[tokio::test]
async fn an_engine_that_stays_away_is_unavailable() {
    let fixture = Fixture::new(&EVENTS).await;
    let batch = fixture.decode(b"{\"timestamp\":1,\"event\":\"a\"}", Format::Ndjson);
    fixture.engine.clone().stop().await;
    let options = AppendOptions {
        batch_id: "one".to_owned(),
        unavailable_wait: Duration::from_millis(200),
    };
    let error = birdhouse_ingest::append(&fixture.engine, &fixture.schema, &batch, &options)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code(), error.stored_rows()),
        (ErrorKind::Unavailable, "ingest/engine-unavailable", 0)
    );
}
