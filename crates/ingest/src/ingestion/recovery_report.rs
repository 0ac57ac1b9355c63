//! What was found when the journal was opened.

use tracing::{error, info, warn};

/// How the last process that used the journal ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastStop {
    /// There was none.
    #[default]
    New,
    /// In order, with nothing left to store.
    Clean,
    /// It was killed or crashed; what it had written to files is there.
    Killed,
    /// The machine stopped; what was not synced may be missing from the engine's files.
    MachineStopped,
}

/// What was found when the journal was opened.
#[derive(Debug, Clone, Default)]
pub struct RecoveryReport {
    /// How the last process ended.
    pub last_stop: LastStop,
    /// Rows that are acknowledged and not stored, as far as is known.
    pub pending_rows: u64,
    /// Batches that are sent again with their token, because their outcome is not known.
    pub replayed_batches: usize,
    /// Places of the journal that cannot be read, each as a sentence.
    pub damage: Vec<String>,
    /// Rows that may be stored twice: where the journal may have said that they are stored, it is
    /// damaged.
    pub doubtful_rows: u64,
}

impl RecoveryReport {
    pub(super) fn log(&self) {
        for damage in &self.damage {
            error!(
                damage,
                "acknowledged rows may be lost: the journal is damaged"
            );
        }
        if self.doubtful_rows > 0 {
            error!(
                rows = self.doubtful_rows,
                "these rows are stored, perhaps for the second time: the damaged part of the journal may have said that they were"
            );
        }
        match self.last_stop {
            LastStop::New | LastStop::Clean => {}
            LastStop::Killed => info!(
                rows = self.pending_rows,
                batches = self.replayed_batches,
                "the last process was killed; its rows are stored from the journal"
            ),
            LastStop::MachineStopped => warn!(
                rows = self.pending_rows,
                batches = self.replayed_batches,
                "the machine stopped; rows since the last sync are stored again from the journal"
            ),
        }
    }
}
