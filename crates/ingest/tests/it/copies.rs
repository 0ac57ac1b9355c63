//! Copies: the engine's own conversion, nothing of a query that fails, and chunks that count once.

use birdhouse_engine::Query;
use birdhouse_ingest::{
    CopyError, CopyQuery, ErrorKind, Gathered, Gathering, Operation, Origin, Replacement,
    discard_gathered, gathered,
};
use uuid::Uuid;

use crate::every_type::TYPES;
use crate::support::{Fixture, LIMIT};

fn query(sql: &str) -> CopyQuery {
    CopyQuery {
        sql: sql.to_owned(),
        parameters: Vec::new(),
        database: "ws_a".to_owned(),
        threads: None,
        request_id: String::new(),
    }
}

impl Fixture {
    async fn gather(&self, id: Uuid, sql: &str) -> Result<Gathered, CopyError> {
        let limit = self.ingestion.record_bytes_max();
        let gathering =
            Gathering::begin(&self.engine, id, &self.source(), query(sql), limit).await?;
        gathering.run().await.map(|(gathered, _)| gathered)
    }

    /// Appends all chunks as a process does, and returns how many were new and where each ends.
    async fn append_chunks(&self, id: Uuid, rows: &Gathered) -> (usize, Vec<u64>) {
        let (mut new, mut ends) = (0, vec![0]);
        while let Some(from) = ends.last().copied().filter(|from| *from < rows.rows()) {
            let to = rows.next_chunk(from).await.unwrap();
            let origin = Origin {
                operation: Operation::Copy,
                request_id: String::new(),
                import_id: None,
                at: jiff::Timestamp::now(),
            };
            let block = rows.block(from, to).await.unwrap();
            let name = format!("copy-{}-{from}", id.simple());
            let appended = self
                .ingestion
                .append_once(self.source(), block, origin, &name)
                .await
                .unwrap();
            if let Some(receipt) = appended {
                assert!(receipt.flushed(LIMIT).await.unwrap());
                new += 1;
            }
            ends.push(to);
        }
        (new, ends)
    }
}

#[tokio::test]
async fn columns_go_by_name_and_missing_ones_get_their_defaults() {
    let fixture = Fixture::new(&[
        ("a", "Int8"),
        (
            "b",
            "LowCardinality(String) DEFAULT concat('b', toString(a))",
        ),
        ("c", "Nullable(Float64)"),
    ])
    .await;
    let id = Uuid::now_v7();
    let rows = fixture
        .gather(id, "SELECT 1.5 AS c, '7' AS a UNION ALL SELECT 2, '8'")
        .await
        .unwrap();
    assert_eq!(rows.rows(), 2);
    assert_eq!(fixture.append_chunks(id, &rows).await, (1, vec![0, 2]));
    let all = "SELECT * FROM ws_a.events ORDER BY a";
    assert_eq!(fixture.text(all).await, "7\tb7\t1.5\n8\tb8\t2\n");
    discard_gathered(&fixture.engine, id).await.unwrap();
    assert!(gathered(&fixture.engine).await.unwrap().is_empty());
}

#[tokio::test]
async fn what_does_not_fit_is_refused_before_anything_runs() {
    let fixture = Fixture::new(&[("a", "Int8"), ("b", "String")]).await;
    for (sql, words) in [
        (
            "SELECT 1 AS a, 2 AS x",
            "'x', which the data source does not have; its columns are a, b",
        ),
        ("SELECT 1", "'1', which the data source does not have"),
        (
            "SELECT * FROM (SELECT 1 AS a) AS l, (SELECT 2 AS a) AS r",
            "does not have",
        ),
    ] {
        let id = Uuid::now_v7();
        let error = fixture.gather(id, sql).await.err().unwrap();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains(words), "{sql}: {error}");
    }
    assert!(gathered(&fixture.engine).await.unwrap().is_empty());
    // What fails on the way leaves something aside, which is not in the data source.
    let id = Uuid::now_v7();
    let sql = "SELECT throwIf(number = 999999) AS a FROM numbers(1000000)";
    fixture.gather(id, sql).await.err().unwrap();
    assert_eq!(gathered(&fixture.engine).await.unwrap(), [id].into());
    discard_gathered(&fixture.engine, id).await.unwrap();
    assert_eq!(fixture.text("SELECT count() FROM ws_a.events").await, "0\n");
}

#[tokio::test]
async fn chunks_are_the_same_each_time_and_count_once() {
    let fixture = Fixture::new(&[("n", "UInt64"), ("text", "String")]).await;
    fixture
        .execute("CREATE TABLE ws_a.sums (n UInt64, rows UInt64) ENGINE = SummingMergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 1000")
        .await;
    fixture
        .execute("CREATE MATERIALIZED VIEW ws_a.events__sums TO ws_a.sums AS SELECT sum(n) AS n, count() AS rows FROM ws_a.events")
        .await;
    let id = Uuid::now_v7();
    // 400 MB of rows, of which some are large: chunks end by bytes and by rows.
    let sql = "SELECT number AS n, repeat('x', if(number < 300, 1000000, 100)) AS text FROM numbers(1000000)";
    let rows = fixture.gather(id, sql).await.unwrap();
    assert_eq!(rows.rows(), 1_000_000);
    let (new, ends) = fixture.append_chunks(id, &rows).await;
    assert_eq!(new, ends.len() - 1);
    assert!(ends.len() > 20, "{ends:?}");
    let again = Gathered::reopen(&fixture.engine, id, fixture.ingestion.record_bytes_max());
    let again = again.await.unwrap();
    assert_eq!(fixture.append_chunks(id, &again).await, (0, ends.clone()));
    // Long after, when nobody knows their ids any more, the engine knows their tokens.
    let fixture = fixture.forget().await;
    assert_eq!(fixture.append_chunks(id, &again).await, (new, ends));
    let sums = "SELECT sum(n), sum(rows), (SELECT (sum(n), count(), uniqExact(n)) FROM ws_a.events) FROM ws_a.sums";
    assert_eq!(
        fixture.text(sums).await,
        "499999500000\t1000000\t(499999500000,1000000,1000000)\n"
    );
}

#[tokio::test]
async fn a_row_that_the_journal_cannot_take_is_refused() {
    let fixture = Fixture::new(&[("text", "String")]).await;
    let id = Uuid::now_v7();
    let sql = "SELECT repeat(repeat('x', 1000000), 40) AS text";
    let error = fixture.gather(id, sql).await.err().unwrap();
    assert!(
        error.to_string().contains("a row of the query has"),
        "{error}"
    );
    discard_gathered(&fixture.engine, id).await.unwrap();
}

/// A table of all types, whose rows another table has.
async fn all_types() -> (Fixture, String) {
    let mut columns: Vec<(String, String)> = TYPES
        .iter()
        .enumerate()
        .map(|(number, name)| (format!("c{number}"), (*name).to_owned()))
        .collect();
    columns.push((
        "state".to_owned(),
        "AggregateFunction(uniq, String)".to_owned(),
    ));
    let fixture = Fixture::new(&[("a", "Int8")]).await;
    let definitions: Vec<_> = columns.iter().map(|(n, t)| format!("`{n}` {t}")).collect();
    let definitions = definitions.join(", ");
    fixture.execute("DROP TABLE ws_a.events").await;
    for table in ["events", "source"] {
        fixture
            .execute(&format!(
                "CREATE TABLE ws_a.{table} ({definitions}) ENGINE = MergeTree ORDER BY tuple() SETTINGS non_replicated_deduplication_window = 1000"
            ))
            .await;
    }
    let random: Vec<_> = columns
        .iter()
        .filter(|(_, t)| !t.contains("JSON") && !t.contains("Aggregate"))
        .map(|(n, t)| (n.as_str(), format!("`{n}` {t}")))
        .collect();
    let names: Vec<_> = random.iter().map(|(name, _)| *name).collect();
    let structure: Vec<_> = random
        .iter()
        .map(|(_, definition)| definition.as_str())
        .collect();
    let json = columns.iter().find(|(_, t)| t == "JSON").unwrap();
    let sql = format!(
        "INSERT INTO ws_a.source ({}, {}, state) SELECT *, concat('{{\"a\": ', toString(rand() % 9), ', \"b\": [\"x\"]}}'), \
         arrayReduce('uniqState', [toString(rand())]) FROM generateRandom('{}', 7, 5, 3) LIMIT 500",
        names.join(", "),
        json.0,
        structure.join(", ").replace('\'', "\\'"),
    );
    let mut insert = Query::admin(sql, "Null");
    insert.settings = vec![("insert_deduplication_token".to_owned(), "fill".to_owned())];
    fixture.engine.query(insert).await.unwrap();
    let compared = columns.iter().map(|(name, data_type)| {
        // Values that cannot be compared are compared as text.
        match data_type.contains("JSON") || data_type.contains("Aggregate") {
            true => format!("hex(CAST(`{name}` AS String))"),
            false => format!("toString(`{name}`)"),
        }
    });
    let hash = format!(
        "SELECT count(), groupBitXor(cityHash64({})) FROM ws_a.",
        compared.collect::<Vec<_>>().join(", ")
    );
    (fixture, hash)
}

#[tokio::test]
async fn every_type_is_copied_as_it_is() {
    let (fixture, hash) = all_types().await;
    let expected = fixture.text(&format!("{hash}source")).await;
    assert!(expected.starts_with("500\t"), "{expected}");
    let id = Uuid::now_v7();
    let rows = fixture.gather(id, "SELECT * FROM source").await.unwrap();
    fixture.append_chunks(id, &rows).await;
    assert_eq!(fixture.text(&format!("{hash}events")).await, expected);
    let replacement = Replacement::begin(&fixture.engine, fixture.source(), id, None);
    let replacement = replacement.await.unwrap();
    replacement.take(&rows).await.unwrap();
    let hold = replacement.hold(&fixture.ingestion).await.unwrap();
    let withdrawn = replacement.switch(hold, true, async || false);
    withdrawn.await.unwrap_err();
    let replacement = Replacement::begin(&fixture.engine, fixture.source(), id, None);
    let replacement = replacement.await.unwrap();
    replacement.take(&rows).await.unwrap();
    let hold = replacement.hold(&fixture.ingestion).await.unwrap();
    let switched = replacement.switch(hold, true, async || true);
    assert_eq!(switched.await.unwrap().rows, 500);
    assert_eq!(fixture.text(&format!("{hash}events")).await, expected);
}
