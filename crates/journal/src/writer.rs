//! The writer: takes what waits, writes it, syncs once, acknowledges.
//!
//! One thread owns it. What it takes at once is one commit, unless it fills a segment: then the
//! part in the old segment is synced and acknowledged before the new one is created. So a commit
//! lies in one segment, and when it is written everything before it is on disk.

mod gather;

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tracing::{info, warn};

use crate::create::{CreateError, create_segment, new_header};
use crate::error::{AppendError, FullCause};
use crate::format::{Lsn, RecordHeader, SEGMENT_HEADER_BYTES, record_bytes};
use crate::journal::Location;
use crate::kill_point;
use crate::queue::{Ack, Class, Pending};
use crate::segments::Segment;
use crate::shared::{Poisoned, Shared};
use gather::Gather;

/// The segment that is written to.
pub(crate) struct Active {
    pub(crate) segment: Arc<Segment>,
    pub(crate) id: u64,
    /// Where the next record goes, in bytes.
    pub(crate) offset: u64,
}

/// Where a journal continues.
pub(crate) struct Position {
    /// None when a new segment has to be created.
    pub(crate) active: Option<Active>,
    /// The number of the segment that would be created next.
    pub(crate) next_number: u64,
    /// The number after the last record that is known.
    pub(crate) end_lsn: Lsn,
    /// The number of the next record.
    pub(crate) next_lsn: Lsn,
}

pub(crate) struct Writer {
    shared: Arc<Shared>,
    position: Position,
    commit: Commit,
    /// What all segments take, as of the beginning of the batch.
    journal_bytes: u64,
}

/// Records that are written and not synced.
#[derive(Default)]
struct Commit {
    /// Of the first of them.
    first_lsn: Option<Lsn>,
    gather: Gather,
    acks: Vec<(Ack, Location)>,
    records: u64,
    record_bytes: u64,
    /// What they count in the queue.
    cost: usize,
}

/// Why no new segment was created for the records of a batch. It is not tried for each.
#[derive(Default)]
struct Refusals {
    data: Option<FullCause>,
    control: Option<FullCause>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, position: Position) -> Self {
        {
            let mut progress = shared.progress.lock();
            progress.next_lsn = position.next_lsn.0;
            progress.durable_lsn = position.next_lsn.0;
        }
        Self {
            shared,
            position,
            commit: Commit::default(),
            journal_bytes: 0,
        }
    }

    /// Works until the queue is closed and empty.
    pub(crate) fn run(mut self) {
        let stop = StopGuard(self.shared.clone());
        let mut batch = Vec::new();
        while self.shared.queue.take(&mut batch) {
            self.write_batch(&mut batch);
        }
        drop(stop);
    }

    /// Writes and acknowledges all records of a batch. After a failure the journal is poisoned;
    /// acknowledgements that were not given are dropped.
    pub(crate) fn write_batch(&mut self, batch: &mut Vec<Pending>) {
        if self.try_write_batch(batch).is_err() {
            self.commit = Commit::default();
            batch.clear();
        }
    }

    fn try_write_batch(&mut self, batch: &mut Vec<Pending>) -> Result<(), Poisoned> {
        if self.shared.poison_reason().is_some() {
            return Err(Poisoned);
        }
        self.journal_bytes = self.shared.segments.summary().bytes;
        let mut refusals = Refusals::default();
        for pending in batch.drain(..) {
            match self.make_room(&pending, &mut refusals)? {
                None => self.write(pending)?,
                Some(cause) => {
                    self.shared.queue.release(pending.cost());
                    pending.refuse(AppendError::Full(cause));
                }
            }
        }
        self.finish()
    }

    /// Sees to it that the active segment has room. Returns why not, if it cannot have.
    fn make_room(
        &mut self,
        pending: &Pending,
        refusals: &mut Refusals,
    ) -> Result<Option<FullCause>, Poisoned> {
        if self.fits(pending) {
            return Ok(None);
        }
        let refusal = match pending.class {
            Class::Data => &mut refusals.data,
            Class::Control => &mut refusals.control,
        };
        if refusal.is_none() {
            self.finish()?;
            *refusal = self.roll(pending.class)?;
            self.note_full(refusal.as_ref());
        }
        Ok(refusal.clone())
    }

    fn fits(&self, pending: &Pending) -> bool {
        let config = &self.shared.config;
        let reserve = match pending.class {
            Class::Data if self.journal_bytes > config.bytes_max => return false,
            Class::Data => config.reserve_bytes(),
            Class::Control => 0,
        };
        self.position.active.as_ref().is_some_and(|active| {
            let end = active.offset + record_bytes(pending.length) + reserve;
            end + SEGMENT_HEADER_BYTES as u64 <= active.segment.file_bytes
        })
    }

    /// Goes on to a new segment. Returns why there is none, if so.
    fn roll(&mut self, class: Class) -> Result<Option<FullCause>, Poisoned> {
        let config = &self.shared.config;
        let bytes = self.journal_bytes + config.segment_bytes;
        if class == Class::Data && bytes > config.bytes_max {
            return Ok(Some(FullCause::Limit {
                bytes: self.journal_bytes,
                bytes_max: config.bytes_max,
            }));
        }
        let position = &mut self.position;
        let header = new_header(
            position.next_number,
            position.next_lsn,
            position.end_lsn,
            config.segment_bytes,
        );
        let header = match header {
            Ok(header) => header,
            Err(error) => {
                return Ok(Some(FullCause::Disk {
                    reason: format!("no random numbers: {error}"),
                }));
            }
        };
        match create_segment(&self.shared, &header) {
            Ok(segment) => {
                position.next_number += 1;
                position.active = Some(Active {
                    segment,
                    id: header.id,
                    offset: SEGMENT_HEADER_BYTES as u64,
                });
                self.journal_bytes = bytes;
                Ok(None)
            }
            Err(CreateError::Full(cause)) => Ok(Some(cause)),
            Err(CreateError::Poisoned) => Err(Poisoned),
        }
    }

    fn note_full(&self, cause: Option<&FullCause>) {
        let reason = cause.map(ToString::to_string);
        let mut progress = self.shared.progress.lock();
        match (&progress.full, &reason) {
            (None, Some(reason)) => warn!(%reason, "journal full: records are refused"),
            (Some(_), None) => info!("journal has space again"),
            _ => {}
        }
        progress.full = reason;
    }

    /// Writes a record for which there is room; part of it may stay in the buffer.
    fn write(&mut self, pending: Pending) -> Result<(), Poisoned> {
        let cost = pending.cost();
        let (position, commit) = (&mut self.position, &mut self.commit);
        let Some(active) = &mut position.active else {
            return Ok(());
        };
        let lsn = position.next_lsn;
        if commit.records == 0 {
            commit.gather.begin(active.offset);
        }
        let header = RecordHeader {
            length: pending.length,
            lsn,
            commit_lsn: *commit.first_lsn.get_or_insert(lsn),
            checksum: pending.checksum,
        };
        let file = &*active.segment.file;
        commit
            .gather
            .record(
                file,
                &header.encode(active.id, active.offset),
                &pending.parts,
            )
            .map_err(|error| self.shared.poison("write", &active.segment.path, &error))?;
        if let Some(ack) = pending.ack {
            let location = Location {
                lsn,
                segment: active.segment.number,
                offset: active.offset,
                length: pending.length,
            };
            commit.acks.push((ack, location));
        }
        commit.records += 1;
        commit.record_bytes += u64::from(pending.length);
        commit.cost += cost;
        active.offset += record_bytes(pending.length);
        position.next_lsn = Lsn(lsn.0 + 1);
        position.end_lsn = position.next_lsn;
        Ok(())
    }

    /// Syncs what was written and acknowledges it.
    fn finish(&mut self) -> Result<(), Poisoned> {
        let Some(active) = self
            .position
            .active
            .as_ref()
            .filter(|_| self.commit.records > 0)
        else {
            return Ok(());
        };
        let (shared, path) = (&self.shared, &active.segment.path);
        let poison = |operation| move |error: io::Error| shared.poison(operation, path, &error);
        kill_point!("journal.before_write");
        let file = &*active.segment.file;
        self.commit.gather.flush(file).map_err(poison("write"))?;
        kill_point!("journal.before_fsync");
        let started = Instant::now();
        file.sync_data().map_err(poison("sync"))?;
        let elapsed = started.elapsed();
        kill_point!("journal.after_fsync");

        let commit = &mut self.commit;
        {
            let mut progress = shared.progress.lock();
            progress.next_lsn = self.position.next_lsn.0;
            progress.durable_lsn = self.position.next_lsn.0;
            progress.records += commit.records;
            progress.record_bytes += commit.record_bytes;
            progress.syncs.add(elapsed);
        }
        shared.queue.release(commit.cost);
        for (ack, location) in commit.acks.drain(..) {
            // An error means that nobody waits any more.
            ack.send(Ok(location)).ok();
        }
        commit.first_lsn = None;
        (commit.records, commit.record_bytes, commit.cost) = (0, 0, 0);
        Ok(())
    }
}

/// Says that the writer has ended, also when it ends by a panic.
struct StopGuard(Arc<Shared>);

impl Drop for StopGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison(
                "write",
                &self.0.config.directory,
                &io::Error::other("the writer thread panicked"),
            );
        }
        // One at a time: a trim that runs finishes under the lock.
        let trimming = self.0.trimming.lock();
        self.0.queue.close();
        self.0.unlock();
        drop(trimming);
        self.0.queue.stop();
    }
}
