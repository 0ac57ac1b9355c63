//! Stores batches: one task per data source, a few inserts at a time.
//!
//! Before a batch's first insert its intent is in the journal, so that the next process can repeat
//! it with the same token. A batch that fails is repeated with the same records until it succeeds
//! or an operator sets it aside; meanwhile the other data sources go on.

use std::sync::Arc;
use std::time::Duration;

use birdhouse_engine::{EngineError, ErrorKind, Insert, Query, Summary};
use birdhouse_journal::kill_point;
use birdhouse_sql::quote_string;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use super::Shared;
use super::batch::{Batch, Pending};
use super::record::{Operation, Outcome, Record, Rows, SourceName};
use super::source::{Failure, FlushFailed, Source, Step};
use crate::limits::{BATCH_BYTES, ENGINE_WAIT_MAX};
use crate::native::{Block, Merger};
use crate::quarantine::QUARANTINE_SUFFIX;

/// The engine's code for a column that the table does not have.
const NO_SUCH_COLUMN: i32 = 16;

/// A batch that was stored, or failed for the first time.
#[derive(Debug, Clone)]
pub struct FlushReport {
    /// The data source.
    pub source: SourceName,
    /// What the rows are of: one entry for all events, one per import.
    pub origins: Vec<OriginRows>,
    /// Rows that the engine wrote, those of materialized views and the quarantine included.
    pub written_rows: u64,
    /// Bytes that the engine wrote, as it counts them.
    pub written_bytes: u64,
    /// Time from the arrival of the oldest record to the end.
    pub lag: Duration,
    /// Time in the engine.
    pub elapsed: Duration,
    /// Why the batch failed; it is tried again.
    pub failed: Option<FlushFailed>,
}

/// Rows of a batch that came the same way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginRows {
    /// The first of their requests.
    pub origin: super::record::Origin,
    /// How many requests or chunks they are of.
    pub records: u64,
    /// Rows for the data source.
    pub rows: u64,
    /// Rows for its quarantine.
    pub quarantined_rows: u64,
}

/// Who is told about batches. Called from tasks that store rows: it must not wait.
pub trait FlushObserver: Send + Sync {
    /// A batch was stored, or failed for the first time.
    fn flushed(&self, report: &FlushReport);

    /// Returns true when a database that the engine does not know belonged to a workspace that was
    /// deleted. Its rows are dropped then.
    fn is_deleted(&self, database: &str) -> bool;
}

/// Stores the batches of a data source until the ingestion stops.
pub(super) async fn run(source: Arc<Source>, shared: Arc<Shared>) {
    loop {
        let woken = source.wake.notified();
        match source.step(Instant::now()) {
            Step::Sleep => woken.await,
            Step::SleepUntil(time) => {
                tokio::select! {
                    () = woken => {}
                    () = tokio::time::sleep_until(time) => {}
                }
            }
            Step::Store => {
                let Ok(_permit) = shared.inserts.acquire().await else {
                    return;
                };
                // Rows that came while others were stored go along.
                if let Some(batch) = source.begin(Instant::now()) {
                    store(&source, &shared, batch).await;
                }
            }
        }
    }
}

/// Stores a batch and records how that went.
async fn store(source: &Source, shared: &Shared, mut batch: Batch) {
    let started = Instant::now();
    let was_stuck = source.stuck().is_some();
    let was_up = shared.engine.worker_pid().is_some();
    match attempt(shared, &mut batch).await {
        Ok(summary) => {
            let report = report(&batch, summary, started, None);
            shared.finish(&mut batch, Outcome::Stored);
            source.end(&batch);
            shared.counters.stored(&report, batch.count());
            shared.observer.flushed(&report);
            debug!(source = %source.name, rows = batch.count(), "batch stored");
            let bad_rows = report
                .origins
                .iter()
                .map(|rows| rows.quarantined_rows)
                .sum();
            if let Some(rows) = source.quarantined(bad_rows, Instant::now()) {
                warn!(source = %source.name, rows, "rows went to quarantine");
            }
        }
        Err(Attempt::Stopped(reason)) => {
            let failed = FlushFailed {
                reason,
                is_view: false,
            };
            source.fail(batch, failed, Failure::Refused);
        }
        Err(Attempt::Engine(error))
            if error.kind() == ErrorKind::NotFound
                && shared.observer.is_deleted(&batch.flush.source.database) =>
        {
            shared.finish(&mut batch, Outcome::Dropped);
            source.end(&batch);
            info!(source = %source.name, rows = batch.count(), "rows of a deleted workspace were dropped");
        }
        Err(Attempt::Engine(error)) => {
            let failure = match &error {
                EngineError::Unavailable { .. } if was_up => Failure::EngineDied,
                error if error.kind() == ErrorKind::Unavailable => Failure::EngineAway,
                _ => Failure::Refused,
            };
            let failed = FlushFailed {
                is_view: is_view_failure(&error),
                reason: error.to_string(),
            };
            shared.counters.failed();
            let rows = batch.count();
            let mut report = report(&batch, Summary::default(), started, None);
            source.fail(batch, failed, failure);
            match source.stuck() {
                Some(failed) => {
                    warn!(source = %source.name, rows, error = failed.reason, "batch not stored, it is tried again");
                    if !was_stuck {
                        report.failed = Some(failed);
                        shared.observer.flushed(&report);
                    }
                }
                None => {
                    shared.engine.ready(ENGINE_WAIT_MAX).await;
                    source.retry_now();
                }
            }
        }
    }
}

/// Why an attempt ended early.
enum Attempt {
    /// The engine did not take the rows.
    Engine(EngineError),
    /// The journal does not work any more.
    Stopped(String),
}

impl From<EngineError> for Attempt {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

async fn attempt(shared: &Shared, batch: &mut Batch) -> Result<Summary, Attempt> {
    load(shared, batch).await.map_err(Attempt::Stopped)?;
    if batch.intent.is_none() {
        let record = Record::Flush(batch.flush.clone()).encode();
        let location = (shared.journal.append_control(record).await)
            .map_err(|error| Attempt::Stopped(error.to_string()))?;
        batch.intent = Some(location.lsn);
    }
    kill_point!("flush.after_intent");
    let records = batch.records.iter();
    let rows: Vec<&Rows> = records
        .filter_map(|record| record.rows.as_deref())
        .collect();
    let blocks = join(rows.iter().flat_map(|rows| &rows.blocks));
    let bad_blocks = join(rows.iter().flat_map(|rows| &rows.quarantine_blocks));
    let mut total = Summary::default();
    let source = &batch.flush.source;
    let quarantine = SourceName {
        database: source.database.clone(),
        datasource: format!("{}{QUARANTINE_SUFFIX}", source.datasource),
    };
    let tables = [(source, &blocks, ""), (&quarantine, &bad_blocks, "q")];
    for (table, blocks, mark) in tables {
        for (number, block) in blocks.iter().enumerate() {
            let token = format!("{}-{mark}{number}", batch.flush.token);
            let summary = insert(shared, table, block, token).await?;
            total.written_rows += summary.written_rows;
            total.written_bytes += summary.written_bytes;
            kill_point!("flush.between_inserts");
        }
    }
    kill_point!("flush.after_inserts");
    Ok(total)
}

/// Reads records back from the journal that were left there.
pub(super) async fn load(shared: &Shared, batch: &mut Batch) -> Result<(), String> {
    let missing = batch.records.iter_mut().filter(|r| r.rows.is_none());
    let missing: Vec<&mut Pending> = missing.collect();
    let locations = missing.iter().map(|record| record.location).collect();
    for (record, rows) in missing.into_iter().zip(shared.read(locations).await?) {
        shared.memory.add(record.bytes);
        record.rows = Some(Box::new(rows));
    }
    Ok(())
}

/// Joins blocks of equal columns, in order, into as few as possible. Depends on nothing but the
/// blocks, so a batch is joined the same way each time.
pub(super) fn join<'b>(blocks: impl Iterator<Item = &'b Block>) -> Vec<Block> {
    let mut open: Vec<Merger> = Vec::new();
    let mut done = Vec::new();
    for block in blocks {
        let fits = |merger: &Merger| merger.bytes() + block.data().len() <= BATCH_BYTES;
        if open
            .iter_mut()
            .any(|merger| fits(merger) && merger.add(block))
        {
            continue;
        }
        match Merger::new(block) {
            Some(merger) => open.push(merger),
            None => done.push(block.clone()),
        }
    }
    done.extend(open.into_iter().map(Merger::finish));
    done
}

pub(super) async fn insert(
    shared: &Shared,
    table: &SourceName,
    block: &Block,
    token: String,
) -> Result<Summary, EngineError> {
    let insert = Insert {
        database: table.database.clone(),
        table: table.datasource.clone(),
        columns: block.columns().to_vec(),
        format: "Native",
        data: block.data().clone(),
        token,
        settings: Vec::new(),
    };
    match shared.engine.insert(insert.clone()).await {
        Err(EngineError::Exception { code, .. }) if code == NO_SUCH_COLUMN => {
            let known = columns_of(shared, table).await?;
            let columns = insert.columns.iter().filter(|name| known.contains(name));
            let narrowed = Insert {
                columns: columns.cloned().collect(),
                settings: vec![("input_format_skip_unknown_fields".into(), "1".into())],
                ..insert
            };
            shared.engine.insert(narrowed).await
        }
        result => result,
    }
}

/// Returns the names of a table's columns; rows may be of an earlier deployment that had more.
pub(super) async fn columns_of(
    shared: &Shared,
    table: &SourceName,
) -> Result<Vec<String>, EngineError> {
    let sql = format!(
        "SELECT name FROM system.columns WHERE database = {} AND table = {}",
        quote_string(&table.database),
        quote_string(&table.datasource)
    );
    let output = shared.engine.query(Query::admin(sql, "RowBinary")).await?;
    let mut input = &output.body[..];
    let mut names = Vec::new();
    while let Some(length) = crate::native::read_varint(&mut input) {
        let Some((name, rest)) = input.split_at_checked(length) else {
            break;
        };
        names.push(String::from_utf8_lossy(name).into_owned());
        input = rest;
    }
    Ok(names)
}

fn report(
    batch: &Batch,
    summary: Summary,
    started: Instant,
    failed: Option<FlushFailed>,
) -> FlushReport {
    let mut origins: Vec<OriginRows> = Vec::new();
    for rows in batch
        .records
        .iter()
        .filter_map(|record| record.rows.as_deref())
    {
        let is_same = |known: &&mut OriginRows| {
            let (known, new) = (&known.origin, &rows.origin);
            known.operation == new.operation
                && (new.operation == Operation::Events || known.import_id == new.import_id)
        };
        match origins.iter_mut().find(is_same) {
            Some(known) => {
                known.records += 1;
                known.rows += rows.rows;
                known.quarantined_rows += rows.quarantined_rows;
            }
            None => origins.push(OriginRows {
                origin: rows.origin.clone(),
                records: 1,
                rows: rows.rows,
                quarantined_rows: rows.quarantined_rows,
            }),
        }
    }
    let oldest = batch.records.iter().map(|record| record.arrived).min();
    FlushReport {
        source: batch.flush.source.clone(),
        origins,
        written_rows: summary.written_rows,
        written_bytes: summary.written_bytes,
        lag: oldest.map_or(Duration::ZERO, |oldest| oldest.elapsed()),
        elapsed: started.elapsed(),
        failed,
    }
}

/// Returns true when the engine failed behind the table that was inserted into.
fn is_view_failure(error: &EngineError) -> bool {
    match error {
        EngineError::Exception { message, .. } => message.contains("while pushing to view"),
        _ => false,
    }
}
