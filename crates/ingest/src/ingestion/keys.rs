//! Idempotency keys: a request that is sent again with its key counts once.
//!
//! A key is known from the moment its rows are in the journal until it is [`KEY_WINDOW`] old or
//! [`KEYS_MAX`] newer ones came. While its request runs, the same key waits for it. Keys travel in
//! the record of their rows; before such a record is trimmed, its key goes into a log of its own.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use birdhouse_journal::{AppendError as JournalError, Journal, Lsn};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use tokio::sync::Notify;
use tracing::warn;

use super::record::SourceName;
use crate::limits::{KEY_WINDOW, KEYS_MAX};

/// Bytes of an encoded key.
pub(crate) const KEY_BYTES: usize = 24;

/// Bytes of an entry of the log: the key, its time, both counts.
const ENTRY_BYTES: usize = KEY_BYTES + 24;

/// Entries in one record of the log.
const RECORD_ENTRIES_MAX: usize = 16_384;

/// A client's key for one request: a digest of data source and key, and one of the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key {
    id: Id,
    body: [u8; 8],
}

type Id = [u8; 16];

/// What a request was answered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows for the data source.
    pub rows: u64,
    /// Rows for its quarantine.
    pub quarantined_rows: u64,
}

/// Another request used the key for other rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the idempotency key was used for other rows; use a new key for each request")]
pub struct KeyConflict;

/// What became of a key's claim.
#[derive(Debug)]
pub enum Claim {
    /// The request is new: append its rows with this.
    New(Claimed),
    /// It was answered before.
    Answered(Counts),
}

/// A key in use by a request. Dropped without an append, it is free again.
#[derive(Debug)]
pub struct Claimed {
    key: Key,
    keys: Arc<Keys>,
}

#[derive(Debug)]
struct Entry {
    body: [u8; 8],
    counts: Counts,
    at: Timestamp,
}

/// All keys that are known.
#[derive(Debug)]
pub(crate) struct Keys {
    state: Mutex<State>,
    /// Something that ran has ended.
    ended: Arc<Notify>,
    log: Journal,
}

#[derive(Debug, Default)]
struct State {
    entries: HashMap<Id, Entry>,
    /// Ids by age, the oldest first.
    order: VecDeque<Id>,
    running: HashMap<Id, [u8; 8]>,
    /// Keys that stand only in the records of their rows.
    in_rows: BTreeMap<Lsn, Id>,
    /// Records of the log and the time of their newest key.
    logged: VecDeque<(Lsn, Timestamp)>,
}

impl Key {
    /// Returns the key that a client sent for `body` to a data source.
    #[must_use]
    pub fn new(source: &SourceName, key: &str, body: &[u8]) -> Self {
        let digest = Sha256::new()
            .chain_update(source.to_string())
            .chain_update([0])
            .chain_update(key)
            .finalize();
        Self {
            id: first(&digest),
            body: first(&Sha256::digest(body)),
        }
    }

    pub(crate) fn encode(&self) -> [u8; KEY_BYTES] {
        let mut out = [0; KEY_BYTES];
        let (id, body) = out.split_at_mut(self.id.len());
        id.copy_from_slice(&self.id);
        body.copy_from_slice(&self.body);
        out
    }

    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let (id, body) = bytes.split_first_chunk()?;
        Some(Self {
            id: *id,
            body: body.try_into().ok()?,
        })
    }
}

impl Keys {
    /// Returns the keys of a log, which has just been opened with these records.
    pub(crate) fn new(log: Journal, records: Vec<(Lsn, Bytes)>, now: Timestamp) -> Arc<Self> {
        let mut state = State::default();
        for (lsn, record) in records {
            let mut newest = Timestamp::MIN;
            for entry in record.chunks_exact(ENTRY_BYTES) {
                let Some((key, counts, at)) = decode_entry(entry) else {
                    continue;
                };
                newest = newest.max(at);
                state.remember(key, counts, at, now);
            }
            state.logged.push_back((lsn, newest));
        }
        Arc::new(Self {
            state: Mutex::new(state),
            ended: Arc::default(),
            log,
        })
    }

    /// Takes a key, or says how its request was answered; waits while that request still runs.
    pub(crate) async fn claim(self: &Arc<Self>, key: Key) -> Result<Claim, KeyConflict> {
        loop {
            let ended = Arc::clone(&self.ended).notified_owned();
            {
                let mut state = self.state.lock();
                if let Some(entry) = state.entries.get(&key.id) {
                    return match entry.body == key.body {
                        true => Ok(Claim::Answered(entry.counts)),
                        false => Err(KeyConflict),
                    };
                }
                match state.running.get(&key.id) {
                    Some(body) if *body != key.body => return Err(KeyConflict),
                    Some(_) => {}
                    None => {
                        state.running.insert(key.id, key.body);
                        return Ok(Claim::New(Claimed {
                            key,
                            keys: Arc::clone(self),
                        }));
                    }
                }
            }
            ended.await;
        }
    }

    /// Learns a key from the record of its rows.
    pub(crate) fn learn(&self, lsn: Lsn, key: Key, counts: Counts, at: Timestamp) {
        let mut state = self.state.lock();
        state.in_rows.insert(lsn, key.id);
        state.remember(key, counts, at, Timestamp::now());
    }

    /// Puts the keys of records below `keep_from` into the log, before these are trimmed.
    pub(crate) async fn save(&self, keep_from: Lsn) -> Result<(), JournalError> {
        let saved = self.state.lock().entries_of_rows(keep_from);
        for part in saved.chunks(RECORD_ENTRIES_MAX) {
            let record: Vec<u8> = part.iter().flat_map(|(_, entry)| *entry).collect();
            let location = self.log.append(vec![record.into()]).await?;
            let mut state = self.state.lock();
            for (lsn, _) in part {
                state.in_rows.remove(lsn);
            }
            state.logged.push_back((location.lsn, Timestamp::now()));
        }
        self.forget_old();
        Ok(())
    }

    /// Removes records of the log whose keys are all too old.
    fn forget_old(&self) {
        let mut keep_from = None;
        {
            let mut state = self.state.lock();
            let now = Timestamp::now();
            state.expire(now);
            while let Some((lsn, newest)) = state.logged.front().copied() {
                if !is_expired(newest, now) {
                    break;
                }
                state.logged.pop_front();
                keep_from = Some(Lsn(lsn.0 + 1));
            }
        }
        if let Some(keep_from) = keep_from
            && let Err(error) = self.log.trim(keep_from)
        {
            warn!(%error, "old idempotency keys were not removed");
        }
    }

    pub(crate) async fn close(&self) {
        self.log.clone().close().await;
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.state.lock().entries.len()
    }
}

impl Claimed {
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// The rows are in the journal.
    pub(crate) fn answered(self, lsn: Lsn, counts: Counts, at: Timestamp) {
        self.keys.learn(lsn, self.key, counts, at);
        // Dropping it wakes those who wait, who find the answer.
    }
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.keys.state.lock().running.remove(&self.key.id);
        self.keys.ended.notify_waiters();
    }
}

impl State {
    fn remember(&mut self, key: Key, counts: Counts, at: Timestamp, now: Timestamp) {
        let entry = Entry {
            body: key.body,
            counts,
            at,
        };
        if is_expired(at, now) {
            return;
        }
        if self.entries.insert(key.id, entry).is_none() {
            self.order.push_back(key.id);
        }
        if self.order.len() > KEYS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.entries.remove(&oldest);
        }
        self.expire(now);
    }

    fn expire(&mut self, now: Timestamp) {
        while let Some(oldest) = self.order.front() {
            match self.entries.get(oldest) {
                Some(entry) if !is_expired(entry.at, now) => break,
                _ => {
                    self.entries.remove(oldest);
                    self.order.pop_front();
                }
            }
        }
    }

    /// Returns the keys of records below `keep_from`, encoded, without those that are forgotten.
    fn entries_of_rows(&mut self, keep_from: Lsn) -> Vec<(Lsn, [u8; ENTRY_BYTES])> {
        let entries = &self.entries;
        let mut forgotten = Vec::new();
        let found = (self.in_rows.range(..keep_from))
            .filter_map(|(lsn, id)| match entries.get(id) {
                Some(entry) => Some((*lsn, encode_entry(*id, entry))),
                None => {
                    forgotten.push(*lsn);
                    None
                }
            })
            .collect();
        for lsn in forgotten {
            self.in_rows.remove(&lsn);
        }
        found
    }
}

fn is_expired(at: Timestamp, now: Timestamp) -> bool {
    let window = SignedDuration::try_from(KEY_WINDOW).unwrap_or(SignedDuration::MAX);
    now.duration_since(at) > window
}

fn encode_entry(id: Id, entry: &Entry) -> [u8; ENTRY_BYTES] {
    let body = entry.body;
    let mut out = [0; ENTRY_BYTES];
    let (key, rest) = out.split_at_mut(KEY_BYTES);
    key.copy_from_slice(&Key { id, body }.encode());
    let numbers = [
        entry.at.as_microsecond().cast_unsigned(),
        entry.counts.rows,
        entry.counts.quarantined_rows,
    ];
    for (place, number) in rest.chunks_exact_mut(8).zip(numbers) {
        place.copy_from_slice(&number.to_le_bytes());
    }
    out
}

fn decode_entry(entry: &[u8]) -> Option<(Key, Counts, Timestamp)> {
    let (key, rest) = entry.split_at_checked(KEY_BYTES)?;
    let [at, rows, quarantined_rows] = <[[u8; 8]; 3]>::try_from(rest.as_chunks::<8>().0)
        .ok()?
        .map(u64::from_le_bytes);
    let counts = Counts {
        rows,
        quarantined_rows,
    };
    let at = Timestamp::from_microsecond(at.cast_signed()).ok()?;
    Some((Key::decode(key)?, counts, at))
}

fn first<const N: usize>(digest: &[u8]) -> [u8; N] {
    digest.first_chunk().copied().unwrap_or([0; N])
}

#[cfg(test)]
mod tests;
