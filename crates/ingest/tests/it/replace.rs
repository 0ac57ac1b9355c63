//! Replacing rows: views are rebuilt, readers see all or nothing, failures leave nothing behind.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use birdhouse_engine::{Query, Role};
use birdhouse_ingest::{
    Format, LightweightDelete, ReplaceError, Replaced, Replacement, delete, delete_lightweight,
    settle_replacements, truncate,
};

use uuid::Uuid;

use crate::support::Fixture;

const WINDOW: &str = "SETTINGS non_replicated_deduplication_window = 1000";

/// `events` → `sums` → `totals`, and `other` → `totals`.
async fn chain(tail: &str) -> Fixture {
    let fixture = Fixture::with_table_tail(&[("kind", "String"), ("n", "Int32")], tail).await;
    for table in [
        "other (kind String, n Int32) ENGINE = MergeTree ORDER BY kind",
        "dims (kind String, label String) ENGINE = MergeTree ORDER BY kind",
        "sums (kind String, label String, n Int64) ENGINE = SummingMergeTree ORDER BY (kind, label)",
        "totals (n Int64) ENGINE = SummingMergeTree ORDER BY tuple()",
    ] {
        fixture
            .execute(&format!("CREATE TABLE ws_a.{table} {WINDOW}"))
            .await;
    }
    for view in [
        "events__sums TO ws_a.sums AS SELECT e.kind AS kind, d.label AS label, toInt64(sum(e.n)) AS n FROM ws_a.events AS e LEFT JOIN ws_a.dims AS d ON d.kind = e.kind GROUP BY kind, label",
        "sums__totals TO ws_a.totals AS SELECT sum(n) AS n FROM ws_a.sums",
        "other__totals TO ws_a.totals AS WITH n1 AS (SELECT toInt64(n) AS n FROM ws_a.other) SELECT * FROM n1",
    ] {
        fixture
            .execute(&format!("CREATE MATERIALIZED VIEW ws_a.{view}"))
            .await;
    }
    fixture
        .insert("INSERT INTO ws_a.dims SELECT 'a', 'A'")
        .await;
    fixture
        .insert("INSERT INTO ws_a.other SELECT 'x', 1000")
        .await;
    fixture
        .send("{\"kind\":\"a\",\"n\":1}\n{\"kind\":\"b\",\"n\":2}")
        .await;
    fixture
}

impl Fixture {
    async fn insert(&self, sql: &str) {
        let mut query = Query::admin(sql, "Null");
        query.settings = vec![("insert_deduplication_token".to_owned(), sql.to_owned())];
        self.engine.query(query).await.unwrap();
    }

    async fn replace(
        &self,
        rows: &str,
        condition: Option<&str>,
        allows_empty: bool,
    ) -> Result<Replaced, ReplaceError> {
        let condition = condition.map(str::to_owned);
        let replacement =
            Replacement::begin(&self.engine, self.source(), Uuid::now_v7(), condition).await?;
        if !rows.is_empty() {
            let batch = self.decode(rows.as_bytes(), Format::Ndjson);
            replacement.load(&self.schema, &batch, "replace").await?;
        }
        match replacement.hold(&self.ingestion).await {
            Ok(hold) => replacement.switch(hold, allows_empty, async || true).await,
            Err(error) => {
                replacement.discard().await;
                Err(error)
            }
        }
    }

    /// Shows all tables.
    async fn all(&self) -> String {
        let events = self.text("SELECT * FROM ws_a.events ORDER BY ALL").await;
        let sums = self.text("SELECT kind, label, sum(n) FROM ws_a.sums GROUP BY ALL ORDER BY ALL");
        let totals = self.text("SELECT sum(n) FROM ws_a.totals").await;
        let text = format!("{events}{}{totals}", sums.await);
        text.replace('\t', " ")
            .replace('\n', "; ")
            .trim()
            .to_owned()
    }

    async fn stray(&self) -> String {
        self.text("SELECT name FROM system.databases WHERE name LIKE 'replace%'")
            .await
    }
}

#[tokio::test]
async fn views_are_rebuilt_and_go_on() {
    let fixture = chain("ENGINE = MergeTree ORDER BY kind").await;
    assert_eq!(fixture.all().await, "a 1; b 2; a A 1; b  2; 1003;");
    let replaced = fixture.replace(
        "{\"kind\":\"a\",\"n\":7}\n{\"kind\":\"a\",\"n\":\"bad\"}",
        None,
        false,
    );
    let replaced = replaced.await.unwrap();
    assert_eq!((replaced.rows, replaced.ignored_rows), (1, 0));
    assert_eq!(replaced.rebuilt, ["sums", "totals"]);
    assert_eq!(fixture.all().await, "a 7; a A 7; 1007;");
    assert_eq!(
        fixture
            .text("SELECT count() FROM ws_a.events_quarantine")
            .await,
        "1\n"
    );
    fixture.send("{\"kind\":\"b\",\"n\":5}\n").await;
    assert_eq!(fixture.all().await, "a 7; b 5; a A 7; b  5; 1012;");
    assert_eq!(fixture.stray().await, "");
}

#[tokio::test]
async fn a_condition_keeps_what_it_does_not_match() {
    let fixture = chain("ENGINE = MergeTree ORDER BY kind").await;
    let rows = "{\"kind\":\"a\",\"n\":7}\n{\"kind\":\"b\",\"n\":8}\n{\"kind\":\"c\",\"n\":9}";
    let replaced = fixture
        .replace(
            rows,
            Some("kind IN (SELECT kind FROM ws_a.dims) -- those"),
            false,
        )
        .await
        .unwrap();
    assert_eq!((replaced.rows, replaced.ignored_rows), (1, 2));
    assert_eq!(fixture.all().await, "a 7; b 2; a A 7; b  2; 1009;");
    assert_eq!(fixture.stray().await, "");
}

#[tokio::test]
async fn nothing_replaces_rows_only_when_asked_for() {
    let fixture = chain("ENGINE = MergeTree ORDER BY kind").await;
    let before = fixture.all().await;
    let refused = fixture.replace("", None, false).await.unwrap_err();
    assert!(matches!(refused, ReplaceError::Empty), "{refused:?}");
    let refused = fixture
        .replace("{\"kind\":\"b\",\"n\":8}", Some("kind = 'a'"), false)
        .await;
    assert!(matches!(refused, Err(ReplaceError::Empty)), "{refused:?}");
    assert_eq!(fixture.all().await, before);
    fixture.replace("", Some("kind = 'a'"), true).await.unwrap();
    assert_eq!(fixture.all().await, "b 2; b  2; 1002;");
    fixture.replace("", None, true).await.unwrap();
    assert_eq!(fixture.all().await, "1000;");
    assert_eq!(fixture.stray().await, "");
}

#[tokio::test]
async fn what_cannot_be_done_leaves_everything_as_it_was() {
    let fixture = chain("ENGINE = MergeTree ORDER BY kind").await;
    let before = fixture.all().await;
    let refused = fixture
        .replace("{\"kind\":\"a\",\"n\":7}", Some("nothing = 1"), false)
        .await;
    assert!(
        matches!(refused, Err(ReplaceError::Engine(_))),
        "{refused:?}"
    );
    fixture
        .execute("CREATE MATERIALIZED VIEW ws_a.broken TO ws_a.totals AS SELECT throwIf(n = 13, 'unlucky') + n AS n FROM ws_a.events")
        .await;
    let refused = fixture
        .replace("{\"kind\":\"a\",\"n\":13}", None, false)
        .await;
    assert!(matches!(refused, Err(ReplaceError::Load(_))), "{refused:?}");
    assert_eq!(fixture.all().await, before);
    assert_ne!(fixture.stray().await, "", "the caller of load discards");
    settle_replacements(&fixture.engine).await.unwrap();
    assert_eq!(fixture.stray().await, "");
    assert_eq!(fixture.all().await, before);
}

#[tokio::test]
async fn rows_that_are_gone_are_not_rebuilt_from() {
    let fixture = chain("ENGINE = MergeTree ORDER BY kind TTL toDate('2000-01-01') + n").await;
    let refused = fixture
        .replace("{\"kind\":\"a\",\"n\":7}", Some("kind = 'a'"), false)
        .await;
    assert!(
        matches!(&refused, Err(ReplaceError::Unrebuildable { target, .. }) if target == "sums"),
        "{refused:?}"
    );
    fixture
        .execute("ALTER TABLE ws_a.other MODIFY TTL toDate('2000-01-01') + n")
        .await;
    let refused = fixture
        .replace("{\"kind\":\"a\",\"n\":7}", None, false)
        .await
        .unwrap_err();
    assert!(refused.to_string().contains("'other'"), "{refused}");
    assert_eq!(fixture.stray().await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_see_all_of_a_replacement_or_nothing() {
    let fixture = chain("ENGINE = MergeTree ORDER BY kind").await;
    fixture.execute("TRUNCATE TABLE ws_a.other").await;
    fixture
        .replace("{\"kind\":\"a\",\"n\":1}", None, false)
        .await
        .unwrap();
    let done = Arc::new(AtomicBool::new(false));
    let readers = (0..2).map(|_| {
        let (engine, done) = (fixture.engine.clone(), Arc::clone(&done));
        tokio::spawn(async move {
            let mut seen = 0;
            while !done.load(Ordering::Relaxed) {
                let sql = "SELECT (SELECT sum(n) FROM events), (SELECT sum(n) FROM sums), (SELECT sum(n) FROM totals)";
                let query = Query::reader(sql, "ws_a", "JSONCompactEachRow");
                assert_eq!(query.role, Role::Reader);
                let output = engine.query(query).await.unwrap();
                let row: Vec<i64> = serde_json::from_slice(&output.body).unwrap();
                assert!(row.iter().all(|n| *n == row[0]), "{row:?}");
                seen += 1;
            }
            seen
        })
    });
    let readers: Vec<_> = readers.collect();
    for n in 2..12 {
        let row = format!("{{\"kind\":\"a\",\"n\":{n}}}");
        fixture.replace(&row, None, false).await.unwrap();
    }
    done.store(true, Ordering::Relaxed);
    for reader in readers {
        assert!(reader.await.unwrap() > 10, "too few looks");
    }
}

#[tokio::test]
async fn a_table_that_was_changed_meanwhile_is_not_replaced() {
    let fixture = chain("ENGINE = MergeTree ORDER BY kind").await;
    for change in [
        "ALTER TABLE ws_a.sums ADD COLUMN more Int8",
        "DROP TABLE ws_a.sums__totals",
    ] {
        let replacement =
            Replacement::begin(&fixture.engine, fixture.source(), Uuid::now_v7(), None)
                .await
                .unwrap();
        let batch = fixture.decode(b"{\"kind\":\"a\",\"n\":7}", Format::Ndjson);
        replacement
            .load(&fixture.schema, &batch, change)
            .await
            .unwrap();
        fixture.execute(change).await;
        let hold = replacement.hold(&fixture.ingestion).await.unwrap();
        let refused = replacement.switch(hold, false, async || true).await;
        assert!(
            matches!(refused, Err(ReplaceError::Changed { .. })),
            "{change}: {refused:?}"
        );
        assert_eq!(fixture.all().await, "a 1; b 2; a A 1; b  2; 1003;");
        assert_eq!(fixture.stray().await, "");
    }
}

#[tokio::test]
async fn rows_are_deleted_and_counted() {
    let fixture = chain("ENGINE = MergeTree PARTITION BY kind ORDER BY kind").await;
    fixture
        .send("{\"kind\":\"c\",\"n\":3}\n{\"kind\":\"c\",\"n\":4}")
        .await;
    let table = ("ws_a", "events");
    let deleted = delete(&fixture.engine, table, "n = 3 -- three")
        .await
        .unwrap();
    assert_eq!(deleted, 1);
    let options = LightweightDelete {
        partition: Some("c".to_owned()),
        projection_mode: Some("drop".to_owned()),
    };
    let deleted = delete_lightweight(&fixture.engine, table, "n > 0", &options)
        .await
        .unwrap();
    assert_eq!(deleted, 1);
    assert_eq!(
        fixture.text("SELECT * FROM ws_a.events ORDER BY n").await,
        "a\t1\nb\t2\n"
    );
    delete(&fixture.engine, table, "no_such_column")
        .await
        .unwrap_err();
    truncate(&fixture.engine, "ws_a", "events").await.unwrap();
    assert_eq!(fixture.text("SELECT count() FROM ws_a.events").await, "0\n");
}
