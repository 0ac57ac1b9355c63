//! Records that wait for the writer: bounded by bytes, taken all at once.

use bytes::Bytes;
use parking_lot::{Condvar, Mutex};
use tokio::sync::oneshot;

use crate::error::AppendError;
use crate::journal::Location;
use crate::limits::{QUEUE_RESERVE_BYTES, QUEUED_RECORD_BYTES};

/// Who appends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Records that come from outside; refused when there is little space left.
    Data,
    /// Records by which space becomes free; these may use what is reserved for them.
    Control,
}

/// Tells the one who appended what became of the record.
pub(crate) type Ack = oneshot::Sender<Result<Location, AppendError>>;

/// A record that waits.
pub(crate) struct Pending {
    pub(crate) parts: Vec<Bytes>,
    pub(crate) length: u32,
    /// Of the payload.
    pub(crate) checksum: u32,
    pub(crate) class: Class,
    pub(crate) ack: Option<Ack>,
}

impl Pending {
    /// Returns a record of `length` bytes that is to be appended.
    pub(crate) fn new(parts: Vec<Bytes>, length: u32, class: Class, ack: Option<Ack>) -> Self {
        let checksum = parts
            .iter()
            .fold(0, |checksum, part| crc32c::crc32c_append(checksum, part));
        Self {
            parts,
            length,
            checksum,
            class,
            ack,
        }
    }

    /// Returns what the record counts in the queue, in bytes.
    pub(crate) fn cost(&self) -> usize {
        (self.length as usize).saturating_add(QUEUED_RECORD_BYTES)
    }

    pub(crate) fn refuse(self, error: AppendError) {
        if let Some(ack) = self.ack {
            // An error means that nobody waits any more.
            ack.send(Err(error)).ok();
        }
    }
}

/// The queue before the writer.
pub(crate) struct Queue {
    bytes_max: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    records: Vec<Pending>,
    /// Of the records here and of those that the writer has taken and not finished.
    bytes: usize,
    closed: bool,
    /// The writer has ended.
    stopped: bool,
    /// Wait for that.
    stop_waiters: Vec<oneshot::Sender<()>>,
}

impl Queue {
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes_max,
            state: Mutex::default(),
            changed: Condvar::new(),
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.state.lock().bytes
    }

    pub(crate) fn push(&self, pending: Pending) -> Result<(), AppendError> {
        let mut state = self.state.lock();
        if state.closed {
            return Err(AppendError::Closed);
        }
        let limit = match pending.class {
            Class::Data => self.bytes_max,
            Class::Control => self.bytes_max.saturating_add(QUEUE_RESERVE_BYTES),
        };
        // One record is always let in, however small the limit is.
        if state.bytes > 0 && state.bytes.saturating_add(pending.cost()) > limit {
            return Err(AppendError::QueueFull {
                queued_bytes: state.bytes,
            });
        }
        state.bytes += pending.cost();
        state.records.push(pending);
        drop(state);
        self.changed.notify_all();
        Ok(())
    }

    /// Waits for records and moves all of them into `batch`. Returns false at the end: closed and
    /// empty.
    pub(crate) fn take(&self, batch: &mut Vec<Pending>) -> bool {
        let mut state = self.state.lock();
        while state.records.is_empty() {
            if state.closed {
                return false;
            }
            self.changed.wait(&mut state);
        }
        std::mem::swap(&mut state.records, batch);
        true
    }

    /// Makes room for others again.
    pub(crate) fn release(&self, bytes: usize) {
        let mut state = self.state.lock();
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// Takes no more records.
    pub(crate) fn close(&self) {
        self.state.lock().closed = true;
        self.changed.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().closed
    }

    /// Says that the writer has ended. What still waits is dropped.
    pub(crate) fn stop(&self) {
        let mut state = self.state.lock();
        state.closed = true;
        state.stopped = true;
        let records = std::mem::take(&mut state.records);
        let waiters = std::mem::take(&mut state.stop_waiters);
        drop(state);
        self.changed.notify_all();
        drop(records);
        for waiter in waiters {
            waiter.send(()).ok();
        }
    }

    /// Returns a receiver that gets a message, or is dropped, when the writer has ended.
    pub(crate) fn stopped(&self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        let mut state = self.state.lock();
        if !state.stopped {
            state.stop_waiters.push(sender);
        }
        receiver
    }

    /// Waits until the writer has ended.
    pub(crate) fn wait_stopped(&self) {
        let mut state = self.state.lock();
        while !state.stopped {
            self.changed.wait(&mut state);
        }
    }
}
