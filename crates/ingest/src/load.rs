//! Blocks straight into tables, past the journal: for rows that nobody was promised anything about yet,
//! such as those of a replacement that is being loaded.
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

/// What was stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Loaded {
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
pub enum LoadError {
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

impl LoadError {
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

/// Stores a batch: its good rows in the given table, which has the columns of the data source, its
/// bad ones in the quarantine of the data source.
///
/// `batch_id` is what its tokens begin with; another batch must have another one. While the engine is
/// not available the block at hand is sent again, byte-identical and with the same token.
///
/// # Errors
/// When the engine stays away for too long, or fails an insert.
pub(crate) async fn load(
    engine: &Engine,
    (schema, database, table): (&Schema, &str, &str),
    batch: &Decoded,
    batch_id: &str,
) -> Result<Loaded, LoadError> {
    let started = Instant::now();
    let mut sender = Sender {
        engine,
        loaded: Loaded::default(),
        waited: Duration::ZERO,
    };
    for (position, block) in batch.blocks.iter().enumerate() {
        let token = format!("{batch_id}-{position}");
        sender.send((database, table), block, token).await?;
        sender.loaded.rows += block.rows() as u64;
    }
    let quarantine = format!("{}{QUARANTINE_SUFFIX}", schema.table());
    for (position, block) in batch.quarantine_blocks.iter().enumerate() {
        let token = format!("{batch_id}-q{position}");
        let table = (schema.database(), quarantine.as_str());
        sender.send(table, block, token).await?;
        sender.loaded.quarantined_rows += block.rows() as u64;
    }
    sender.loaded.elapsed = started.elapsed();
    Ok(sender.loaded)
}

/// The state of one load.
struct Sender<'a> {
    engine: &'a Engine,
    loaded: Loaded,
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
    ) -> Result<(), LoadError> {
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
    async fn wait(&mut self, started: Instant, error: EngineError) -> Result<(), LoadError> {
        let left = ENGINE_WAIT_MAX.saturating_sub(self.waited);
        // An engine that is up but has no room says so at once; asking it without a pause would
        // only make it worse.
        tokio::time::sleep(RETRY_PAUSE.min(left)).await;
        let is_ready = self.engine.ready(left).await;
        self.waited += started.elapsed();
        if is_ready && self.waited < ENGINE_WAIT_MAX {
            return Ok(());
        }
        Err(LoadError::Unavailable {
            stored_rows: self.loaded.rows,
            waited: self.waited,
            source: error,
        })
    }

    fn failed(&self, error: EngineError) -> LoadError {
        let stored_rows = self.loaded.rows;
        if is_view_failure(&error) {
            return LoadError::View {
                stored_rows,
                source: error,
            };
        }
        LoadError::Engine {
            stored_rows,
            source: error,
        }
    }

    fn count(&mut self, summary: Summary) {
        self.loaded.written_rows += summary.written_rows;
        self.loaded.written_bytes += summary.written_bytes;
    }
}

/// Returns true when the engine failed behind the table that was inserted into.
fn is_view_failure(error: &EngineError) -> bool {
    match error {
        EngineError::Exception { message, .. } => message.contains("while pushing to view"),
        _ => false,
    }
}
