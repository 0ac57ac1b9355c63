//! Holding back flushes while somebody changes tables.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use super::Ingestion;
use super::record::SourceName;
use super::source::{FlushFailed, Source};

/// What must have happened before a hold begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HoldMode {
    /// All rows that were acknowledged before are stored.
    Drained,
    /// No insert runs; rows may wait.
    Quiet,
}

/// Keeps the rows of data sources in the journal until it is dropped. Appends go on being
/// acknowledged. One hold of a data source exists at a time.
pub struct Hold {
    sources: Vec<Held>,
}

struct Held {
    source: Arc<Source>,
    _exclusive: OwnedMutexGuard<()>,
}

/// Why flushes could not be held.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HoldError {
    /// Rows cannot be stored, so the data source cannot be drained.
    #[error("rows of '{}' wait because storing them fails: {failed}", .source_name.datasource)]
    Stuck {
        /// The data source.
        source_name: SourceName,
        /// What the engine said.
        failed: FlushFailed,
    },
    /// It took too long.
    #[error("rows were still being stored after {} s", .waited.as_secs())]
    Timeout {
        /// How long it was waited.
        waited: Duration,
    },
}

impl Ingestion {
    /// Holds back the flushes of data sources.
    ///
    /// # Errors
    /// When a data source cannot be drained because its rows fail, or all of it takes longer than
    /// `limit`. Then nothing is held.
    pub async fn hold(
        &self,
        sources: &[SourceName],
        mode: HoldMode,
        limit: Duration,
    ) -> Result<Hold, HoldError> {
        let mut names = sources.to_vec();
        // The same order for everybody, so that two holds never wait for each other.
        names.sort();
        names.dedup();
        let end = Instant::now() + limit;
        let timed_out = |_| HoldError::Timeout { waited: limit };
        let mut hold = Hold {
            sources: Vec::with_capacity(names.len()),
        };
        for name in names {
            let source = self.shared.source(&name);
            let exclusive = Arc::clone(&source.exclusive).lock_owned();
            let exclusive = tokio::time::timeout_at(end, exclusive)
                .await
                .map_err(timed_out)?;
            source.hold(mode == HoldMode::Drained);
            hold.sources.push(Held {
                source,
                _exclusive: exclusive,
            });
        }
        for held in &hold.sources {
            tokio::time::timeout_at(end, begun(&held.source, mode))
                .await
                .map_err(timed_out)??;
        }
        Ok(hold)
    }
}

/// Waits until a source's hold has begun.
async fn begun(source: &Source, mode: HoldMode) -> Result<(), HoldError> {
    loop {
        let changed = source.changed.notified();
        let is_held = source
            .is_held(mode == HoldMode::Drained)
            .map_err(|failed| HoldError::Stuck {
                source_name: source.name.clone(),
                failed,
            })?;
        if is_held {
            return Ok(());
        }
        changed.await;
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.source.release();
    }
}
