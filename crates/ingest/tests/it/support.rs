//! What the tests share: an engine with a table and its quarantine, made from a list of columns.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use birdhouse_datafile::JsonPath;
use birdhouse_engine::{Engine, EngineConfig, Query, WorkerCommand};
use birdhouse_ingest::{
    Claimed, Column, Counts, DecodeOptions, Decoded, FlushFailed, FlushObserver, FlushReport,
    Format, HoldMode, Ingestion, IngestionConfig, Operation, Origin, Receipt, RecoveryReport,
    Schema, SourceName, decode, quarantine_columns,
};
use birdhouse_sql::{DataType, quote_identifier};
use parking_lot::Mutex;
use serde_json::Value;
use tempfile::TempDir;

/// An engine with the data source `events` in the database `ws_a`.
pub(crate) struct Fixture {
    pub(crate) engine: Engine,
    pub(crate) schema: Schema,
    pub(crate) ingestion: Ingestion,
    pub(crate) log: Arc<Log>,
    directory: TempDir,
}

/// What was reported about batches.
#[derive(Default)]
pub(crate) struct Log(pub(crate) Mutex<Vec<FlushReport>>);

impl FlushObserver for Log {
    fn flushed(&self, report: &FlushReport) {
        self.0.lock().push(report.clone());
    }

    fn is_deleted(&self, database: &str) -> bool {
        database != "ws_a"
    }
}

/// The run of the machine, unless a test says otherwise.
const BOOT_ID: &str = "this run of the machine";

/// How long a test waits for what must happen.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A column: name and type, which may be followed by `DEFAULT`. Its path is `$.name`.
pub(crate) type Declared<'a> = (&'a str, &'a str);

impl Fixture {
    pub(crate) async fn new(columns: &[Declared<'_>]) -> Self {
        Self::with_table_tail(columns, "ENGINE = MergeTree ORDER BY tuple()").await
    }

    pub(crate) async fn with_table_tail(columns: &[Declared<'_>], tail: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut config = EngineConfig::new(directory.path().join("engine")).unwrap();
        config.worker = WorkerCommand::this_test("worker_process::engine_worker").unwrap();
        let engine = Engine::start(config).await.unwrap();
        let log = Arc::new(Log::default());
        let (ingestion, _) = open(directory.path(), &engine, &log, BOOT_ID).await;
        let fixture = Self {
            engine,
            schema: schema(columns),
            ingestion,
            log,
            directory,
        };
        let names = columns
            .iter()
            .map(|(name, declared)| format!("{} {declared}", quote_identifier(name)));
        let names: Vec<_> = names.collect();
        let window = "SETTINGS non_replicated_deduplication_window = 1000";
        fixture.execute("CREATE DATABASE ws_a").await;
        fixture
            .execute(&format!(
                "CREATE TABLE ws_a.events ({}) {tail} {window}",
                names.join(", ")
            ))
            .await;
        let names = quarantine_columns(fixture.schema.column_names()).into_iter();
        let names: Vec<_> = names
            .map(|(name, type_name)| format!("{} {type_name}", quote_identifier(&name)))
            .collect();
        fixture
            .execute(&format!(
                "CREATE TABLE ws_a.events_quarantine ({}) ENGINE = MergeTree ORDER BY tuple() {window}",
                names.join(", ")
            ))
            .await;
        fixture
    }

    pub(crate) async fn execute(&self, sql: &str) {
        self.engine
            .execute(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    pub(crate) fn decode(&self, body: &[u8], format: Format) -> Decoded {
        decode(&self.schema, body, &options(format)).unwrap_or_else(|error| panic!("{error}"))
    }

    /// Returns the data source.
    pub(crate) fn source(&self) -> SourceName {
        SourceName::new(self.schema.database(), self.schema.datasource())
    }

    /// Appends a batch; returns when it is in the journal.
    pub(crate) async fn append(&self, batch: &Decoded, claimed: Option<Claimed>) -> Receipt {
        let origin = Origin {
            operation: Operation::Events,
            request_id: "request".to_owned(),
            import_id: None,
            at: jiff::Timestamp::now(),
        };
        (self.ingestion)
            .append(&self.schema, batch.clone(), origin, claimed)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Appends a batch and waits until it is stored.
    pub(crate) async fn store(&self, batch: &Decoded) -> Result<Counts, FlushFailed> {
        let receipt = self.append(batch, None).await;
        let counts = receipt.counts;
        let is_stored = receipt.flushed(LIMIT).await?;
        assert!(is_stored, "not stored in time");
        Ok(counts)
    }

    /// Decodes and stores one object per line.
    pub(crate) async fn send(&self, body: &str) -> Counts {
        let batch = self.decode(body.as_bytes(), Format::Ndjson);
        self.store(&batch)
            .await
            .unwrap_or_else(|error| panic!("{error:?}"))
    }

    /// Stops the ingestion in order and opens it again.
    pub(crate) async fn reopen(self) -> (Self, RecoveryReport) {
        self.ingestion.clone().stop(LIMIT).await;
        self.open_again(BOOT_ID).await
    }

    /// Stops the ingestion in order and opens it again with a journal that knows nothing.
    pub(crate) async fn forget(self) -> Self {
        self.ingestion.clone().stop(LIMIT).await;
        for log in ["journal", "journal-keys"] {
            std::fs::remove_dir_all(self.directory.path().join(log)).unwrap();
        }
        self.open_again(BOOT_ID).await.0
    }

    /// Ends the ingestion as a stop of the machine would, and opens it again. A row of `last` waits
    /// meanwhile; nothing was synced before.
    pub(crate) async fn reboot(self, last: &Decoded) -> (Self, RecoveryReport) {
        let source = [self.source()];
        let hold = self.ingestion.hold(&source, HoldMode::Quiet, LIMIT);
        let hold = hold.await.unwrap();
        self.append(last, None).await;
        self.ingestion.clone().stop(Duration::ZERO).await;
        drop(hold);
        self.open_again("another run of the machine").await
    }

    async fn open_again(self, boot_id: &str) -> (Self, RecoveryReport) {
        let directory = self.directory.path();
        let (ingestion, report) = open(directory, &self.engine, &self.log, boot_id).await;
        (Self { ingestion, ..self }, report)
    }

    /// Returns the rows of a query as arrays; wide numbers are strings.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let mut query = Query::admin(sql, "JSONCompactEachRow");
        for name in ["quote_64bit_integers", "quote_decimals", "quote_denormals"] {
            query
                .settings
                .push((format!("output_format_json_{name}"), "1".to_owned()));
        }
        let output = self
            .engine
            .query(query)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        let text = std::str::from_utf8(&output.body).unwrap();
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Returns the rows of a query as text, one per line.
    pub(crate) async fn text(&self, sql: &str) -> String {
        let output = self.engine.query(Query::admin(sql, "TSV")).await;
        let output = output.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        String::from_utf8(output.body.to_vec()).unwrap()
    }
}

async fn open(
    directory: &Path,
    engine: &Engine,
    log: &Arc<Log>,
    boot_id: &str,
) -> (Ingestion, RecoveryReport) {
    let config = IngestionConfig {
        journal_bytes_max: 1 << 30,
        sync_interval: Duration::from_secs(3600),
        boot_id: boot_id.to_owned(),
        ..IngestionConfig::new(directory)
    };
    Ingestion::open(config, engine.clone(), log.clone())
        .await
        .unwrap_or_else(|error| panic!("{error:?}"))
}

pub(crate) fn options(format: Format) -> DecodeOptions {
    DecodeOptions {
        format,
        now: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        import_id: None,
    }
}

pub(crate) fn schema(columns: &[Declared<'_>]) -> Schema {
    let columns = columns.iter().map(|(name, declared)| {
        let (type_name, default) = match declared.split_once(" DEFAULT ") {
            Some((type_name, default)) => (type_name, Some(default.to_owned())),
            None => (*declared, None),
        };
        Column {
            name: (*name).to_owned(),
            data_type: DataType::parse(type_name).unwrap(),
            json_path: Some(JsonPath::parse(&format!("$.{name}")).unwrap()),
            default,
        }
    });
    Schema::new("ws_a", "events", columns.collect()).unwrap()
}
