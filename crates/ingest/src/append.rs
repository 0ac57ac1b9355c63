//! Blocks into the engine: the thin part between [`Decoded`] and the tables.
//!
//! Good rows go first, then the quarantine. Each block has a deduplication token made of the batch's
//! id and its position, so a block that is sent again, because the engine died while it ran or
//! because the whole append is repeated, is stored once.

use std::time::Duration;

use birdhouse_engine::{Engine, EngineError, ErrorKind, Insert, Summary};
use tokio::time::Instant;

use crate::decode::Decoded;
use crate::limits::{ENGINE_WAIT_MAX, RETRY_PAUSE};
use crate::native::Block;
use crate::quarantine::QUARANTINE_SUFFIX;
use crate::schema::Schema;

/// How a batch is to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppendOptions {
    /// What the tokens of the batch begin with. Another batch must have another id; the same batch
    /// may be appended again with the same id, and is then stored once.
    pub batch_id: String,
    /// How long to wait for an engine that is not available, in all.
    pub unavailable_wait: Duration,
}

impl AppendOptions {
    /// Returns options with the usual wait of 15 seconds.
    #[must_use]
    pub fn new(batch_id: impl Into<String>) -> Self {
        Self {
            batch_id: batch_id.into(),
            unavailable_wait: ENGINE_WAIT_MAX,
        }
    }
}

/// What an append stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Appended {
    /// Rows in the data source.
    pub rows: u64,
    /// Rows in its quarantine.
    pub quarantined_rows: u64,
    /// Rows that the engine wrote, those of materialized views and the quarantine included.
    pub written_rows: u64,
    /// Bytes that the engine wrote, as it counts them.
    pub written_bytes: u64,
    /// Time from the first insert to the end of the last.
    pub elapsed: Duration,
}

/// Why a batch was not stored completely.
///
/// The rows counted here are stored for certain. Of the block in which it failed, rows may be
/// stored too; the same append with the same batch id completes it without storing any row twice.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AppendError {
    /// The engine did not come back in time.
    #[error("the engine was not available for {} s; send the rows again", .waited.as_secs())]
    Unavailable {
        /// Rows stored before.
        stored_rows: u64,
        /// How long it was waited for.
        waited: Duration,
        /// The last answer.
        #[source]
        source: EngineError,
    },
    /// The rows are in the data source, but a materialized view that reads from it failed on them.
    #[error("the rows were stored, but a materialized view failed on them")]
    View {
        /// Rows stored before.
        stored_rows: u64,
        /// The engine's answer.
        #[source]
        source: EngineError,
    },
    /// The engine failed the insert.
    #[error("the engine did not take the rows")]
    Engine {
        /// Rows stored before.
        stored_rows: u64,
        /// The engine's answer.
        #[source]
        source: EngineError,
    },
}

impl AppendError {
    /// Returns what kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::Unavailable,
            // Rows that decoding let through are not the client's mistake.
            Self::View { .. } | Self::Engine { .. } => ErrorKind::Internal,
        }
    }

    /// Returns the stable code of the error.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unavailable { .. } => "ingest/engine-unavailable",
            Self::View { .. } => "ingest/view-failed",
            Self::Engine { .. } => "ingest/engine-failed",
        }
    }

    /// Returns the rows that are stored for certain.
    #[must_use]
    pub fn stored_rows(&self) -> u64 {
        match self {
            Self::Unavailable { stored_rows, .. }
            | Self::View { stored_rows, .. }
            | Self::Engine { stored_rows, .. } => *stored_rows,
        }
    }
}

/// Stores a batch: its good rows in the data source, its bad ones in the quarantine.
///
/// When this returns, all rows are in their tables and in what materialized views feed. While the
/// engine is not available the block at hand is sent again, byte-identical and with the same token.
///
/// # Errors
/// When the engine stays away for too long, or fails an insert.
pub async fn append(
    engine: &Engine,
    schema: &Schema,
    batch: &Decoded,
    options: &AppendOptions,
) -> Result<Appended, AppendError> {
    let table = (schema, schema.database(), schema.datasource());
    append_beside(engine, table, batch, options).await
}

/// Does the same with the good rows in another table of the same columns.
pub(crate) async fn append_beside(
    engine: &Engine,
    (schema, database, table): (&Schema, &str, &str),
    batch: &Decoded,
    options: &AppendOptions,
) -> Result<Appended, AppendError> {
    let started = Instant::now();
    let mut sender = Sender {
        engine,
        options,
        appended: Appended::default(),
        waited: Duration::ZERO,
    };
    for (position, block) in batch.blocks.iter().enumerate() {
        let token = format!("{}-{position}", options.batch_id);
        sender.send((database, table), block, token).await?;
        sender.appended.rows += block.rows() as u64;
    }
    let quarantine = format!("{}{QUARANTINE_SUFFIX}", schema.datasource());
    for (position, block) in batch.quarantine_blocks.iter().enumerate() {
        let token = format!("{}-q{position}", options.batch_id);
        let table = (schema.database(), quarantine.as_str());
        sender.send(table, block, token).await?;
        sender.appended.quarantined_rows += block.rows() as u64;
    }
    sender.appended.elapsed = started.elapsed();
    Ok(sender.appended)
}

/// The state of one append.
struct Sender<'a> {
    engine: &'a Engine,
    options: &'a AppendOptions,
    appended: Appended,
    /// Time spent on waiting for the engine.
    waited: Duration,
}

impl Sender<'_> {
    /// Inserts a block, and waits for the engine when it is away.
    async fn send(
        &mut self,
        (database, table): (&str, &str),
        block: &Block,
        token: String,
    ) -> Result<(), AppendError> {
        let insert = Insert {
            database: database.to_owned(),
            table: table.to_owned(),
            columns: block.columns().to_vec(),
            format: "Native",
            data: block.data().clone(),
            token,
            settings: Vec::new(),
        };
        loop {
            let started = Instant::now();
            match self.engine.insert(insert.clone()).await {
                Ok(summary) => {
                    self.count(summary);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Unavailable => {
                    self.wait(started, error).await?;
                }
                Err(error) => return Err(self.failed(error)),
            }
        }
    }

    /// Waits until the engine may be asked again. The failed attempt counts as waiting.
    async fn wait(&mut self, started: Instant, error: EngineError) -> Result<(), AppendError> {
        let left = self.options.unavailable_wait.saturating_sub(self.waited);
        // An engine that is up but has no room says so at once; asking it without a pause would
        // only make it worse.
        tokio::time::sleep(RETRY_PAUSE.min(left)).await;
        let is_ready = self.engine.ready(left).await;
        self.waited += started.elapsed();
        if is_ready && self.waited < self.options.unavailable_wait {
            return Ok(());
        }
        Err(AppendError::Unavailable {
            stored_rows: self.appended.rows,
            waited: self.waited,
            source: error,
        })
    }

    fn failed(&self, error: EngineError) -> AppendError {
        let stored_rows = self.appended.rows;
        if is_view_failure(&error) {
            return AppendError::View {
                stored_rows,
                source: error,
            };
        }
        AppendError::Engine {
            stored_rows,
            source: error,
        }
    }

    fn count(&mut self, summary: Summary) {
        self.appended.written_rows += summary.written_rows;
        self.appended.written_bytes += summary.written_bytes;
    }
}

/// Returns true when the engine failed behind the table that was inserted into.
fn is_view_failure(error: &EngineError) -> bool {
    match error {
        EngineError::Exception { message, .. } => message.contains("while pushing to view"),
        _ => false,
    }
}
