//! Deployments that are being made: how far they are, and telling them to stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use birdhouse_catalog::{DeploymentId, WorkspaceId};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

/// What a backfill that still runs is at most said to have done, in percent.
const PERCENTAGE_MAX: f64 = 99.0;

/// One deployment that is being made.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Rows that are written anew, as counted before it began.
    to_write: u64,
    written: AtomicU64,
    stopped: CancellationToken,
    ended: CancellationToken,
}

/// The deployments that are being made. Nothing is kept: an interrupted one is not taken up again.
#[derive(Debug, Clone, Default)]
pub(crate) struct AllProgress {
    all: Arc<Mutex<BTreeMap<Key, Arc<Progress>>>>,
}

type Key = (WorkspaceId, DeploymentId);

/// A deployment that is shown as being made, until it is dropped.
#[derive(Debug)]
pub(crate) struct InProgress {
    of: AllProgress,
    key: Key,
    pub(crate) progress: Arc<Progress>,
}

impl Progress {
    /// Says that a statement has read that many rows.
    pub(crate) fn add(&self, rows: u64) {
        self.written.fetch_add(rows, Ordering::Relaxed);
    }

    /// Returns true when nothing more is to be made.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Returns when nothing more is to be made.
    pub(crate) async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "a percentage needs no more than the digits of f64"
    )]
    fn percentage(&self) -> f64 {
        let written = self.written.load(Ordering::Relaxed);
        match self.to_write {
            0 => 0.0,
            all => (written as f64 / all as f64 * 100.0).min(PERCENTAGE_MAX),
        }
    }
}

impl AllProgress {
    /// Begins to follow a deployment that writes that many rows.
    pub(crate) fn begin(&self, key: Key, to_write: u64) -> InProgress {
        let progress = Arc::new(Progress {
            to_write,
            ..Progress::default()
        });
        self.all.lock().insert(key, Arc::clone(&progress));
        InProgress {
            of: self.clone(),
            key,
            progress,
        }
    }

    /// Stops the making of a deployment, and returns when nothing is made any more.
    pub(crate) async fn stop(&self, key: Key) {
        let making = self.all.lock().get(&key).map(Arc::clone);
        if let Some(making) = making {
            making.stopped.cancel();
            making.ended.cancelled().await;
        }
    }

    /// Returns how much of a deployment's rows are written, from 0 to 99; 0 when it is not being made.
    pub(crate) fn percentage(&self, key: Key) -> f64 {
        let all = self.all.lock();
        all.get(&key).map_or(0.0, |progress| progress.percentage())
    }
}

impl InProgress {
    /// Lets those go on who wait for the making to end.
    pub(crate) fn end(&self) {
        self.progress.ended.cancel();
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        self.of.all.lock().remove(&self.key);
        self.end();
    }
}
