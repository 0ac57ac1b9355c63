//! What the journal tells about itself.

use std::time::Duration;

use crate::format::Lsn;

/// The state of a journal and what it has done since it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// What all segment files take, in bytes.
    pub bytes: u64,
    /// How many segments there are.
    pub segments: usize,
    /// Of these, how many are damaged.
    pub damaged_segments: usize,
    /// The number of the oldest record that is kept; that of the next one when there is none.
    pub first_lsn: Lsn,
    /// The number that the next record gets.
    pub next_lsn: Lsn,
    /// Every record below is on disk.
    pub durable_lsn: Lsn,
    /// Bytes of records that wait for the disk.
    pub queued_bytes: usize,
    /// What failed, when the journal takes nothing more until a restart.
    pub poisoned: Option<String>,
    /// Why records were refused last, until one was taken that needed a new segment.
    pub full: Option<String>,
    /// The last failure of the file system.
    pub last_error: Option<String>,
    /// Records written.
    pub records: u64,
    /// Bytes of their payloads.
    pub record_bytes: u64,
    /// Times of the syncs, one per commit.
    pub syncs: SyncTimes,
}

/// Upper bounds of the classes of [`SyncTimes`]; the last class has none.
pub const SYNC_TIME_BOUNDS: [Duration; 11] = [
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_millis(2),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(500),
    Duration::from_secs(2),
];

/// How long syncs took.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncTimes {
    /// How many there were.
    pub count: u64,
    /// All together.
    pub sum: Duration,
    /// The longest.
    pub max: Duration,
    /// How many took at most the bound at the same place of [`SYNC_TIME_BOUNDS`] and more than the
    /// one before; the last entry counts the longer ones.
    pub classes: [u64; SYNC_TIME_BOUNDS.len() + 1],
}

impl SyncTimes {
    pub(crate) fn add(&mut self, time: Duration) {
        self.count += 1;
        self.sum += time;
        self.max = self.max.max(time);
        let class = SYNC_TIME_BOUNDS.partition_point(|bound| *bound < time);
        if let Some(count) = self.classes.get_mut(class) {
            *count += 1;
        }
    }
}
