//! A client of the journal that knows what it was promised, and checks it after every start.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;

use super::random::Random;
use super::sim::SimFiles;
use crate::config::JournalConfig;
use crate::error::{AppendError, ReadError, TrimError};
use crate::format::Lsn;
use crate::journal::Location;
use crate::queue::{Class, Pending};
use crate::recover;
use crate::recovery::Recovery;
use crate::shared::Shared;
use crate::trim::trim;
use crate::writer::Writer;

/// Small segments, so that a short test fills many.
pub(super) fn config() -> JournalConfig {
    JournalConfig {
        directory: PathBuf::from("/journal"),
        segment_bytes: 2048,
        bytes_max: 5 * 2048,
        queue_bytes_max: 1024 * 1024,
    }
}

/// A record says which it is, so that a wrong one is noticed.
pub(super) fn payload(id: u64) -> Vec<u8> {
    let mut random = Random::new(id);
    let length = match random.below(10) {
        0 => 0,
        1 => 1000 + random.below(700),
        2..5 => random.below(400),
        _ => random.below(60),
    };
    let mut bytes = id.to_le_bytes().to_vec();
    let pattern = random.next().to_le_bytes();
    bytes.extend(pattern.iter().cycle().take(length as usize));
    bytes
}

fn id(payload: &[u8]) -> u64 {
    u64::from_le_bytes(payload[..8].try_into().unwrap())
}

pub(super) struct Driver {
    seed: u64,
    pub(super) files: SimFiles,
    pub(super) random: Random,
    session: Option<(Writer, Arc<Shared>)>,
    /// Ids from 0 below this were appended.
    appended: u64,
    acknowledged: BTreeMap<Lsn, u64>,
    /// Refused for certain.
    refused: BTreeSet<u64>,
    /// Records below may have been trimmed.
    keep_from: Lsn,
    pub(super) torn_tails: usize,
    pub(super) whole_records_torn: usize,
}

impl Driver {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            files: SimFiles::default(),
            random: Random::new(seed),
            session: None,
            appended: 0,
            acknowledged: BTreeMap::new(),
            refused: BTreeSet::new(),
            keep_from: Lsn(1),
            torn_tails: 0,
            whole_records_torn: 0,
        }
    }

    /// Opens the journal and checks what is in it.
    pub(super) fn open(&mut self) -> anyhow::Result<()> {
        let (writer, shared, mut recovery) = recover::open(config(), Arc::new(self.files.clone()))?;
        let found = recovery.records().collect::<Result<Vec<_>, _>>()?;
        if let Some(torn) = &recovery.torn_tail {
            self.torn_tails += 1;
            self.whole_records_torn += torn.whole_records;
        }
        assert_eq!(recovery.damage, vec![]);
        self.check(&found);
        for (location, bytes) in &found {
            match read(&shared, *location) {
                Ok(read) => assert_eq!(read, bytes),
                Err(ReadError::Io { .. }) => {}
                Err(error) => panic!("{error}"),
            }
        }
        self.session = Some((writer, shared));
        Ok(())
    }

    /// Takes records that are there already for its own.
    pub(super) fn adopt<'a>(&mut self, records: impl Iterator<Item = &'a Bytes>) {
        self.appended = records.map(|bytes| id(bytes) + 1).max().unwrap_or(0);
    }

    /// Opens the journal and says what is wrong with it.
    pub(super) fn open_damaged(&mut self) -> Recovery {
        let opened = recover::open(config(), Arc::new(self.files.clone()));
        let (writer, shared, mut recovery) = opened.unwrap();
        let found: BTreeMap<_, _> = recovery
            .records()
            .map(|record| {
                record
                    .map(|(location, bytes)| (location.lsn, id(&bytes)))
                    .unwrap()
            })
            .collect();
        for (lsn, id) in &self.acknowledged {
            assert_eq!(found.get(lsn), Some(id), "acknowledged record {lsn}");
        }
        self.session = Some((writer, shared));
        recovery
    }

    /// What is found follows each other, is what was appended, and holds all that was acknowledged.
    fn check(&self, found: &[(Location, Bytes)]) {
        let mut last: Option<(Lsn, u64)> = None;
        for (location, bytes) in found {
            let id = id(bytes);
            assert!(id < self.appended && !self.refused.contains(&id));
            assert_eq!(bytes, &payload(id));
            if let Some((last_lsn, last_id)) = last {
                assert_eq!(location.lsn.0, last_lsn.0 + 1);
                assert!(id > last_id, "{id} behind {last_id}");
            }
            last = Some((location.lsn, id));
        }
        let found: BTreeMap<_, _> = found
            .iter()
            .map(|(location, bytes)| (location.lsn, id(bytes)))
            .collect();
        for (lsn, id) in self.acknowledged.range(self.keep_from..) {
            assert_eq!(found.get(lsn), Some(id), "acknowledged record {lsn}");
        }
    }

    /// Appends some records as one batch. Returns how many were acknowledged.
    pub(super) fn batch(&mut self) -> usize {
        let Some((writer, shared)) = &mut self.session else {
            return 0;
        };
        let lost_before = self.files.lost();
        let mut batch = Vec::new();
        let mut answers = Vec::new();
        for _ in 0..=self.random.below(6) {
            let id = self.appended;
            self.appended += 1;
            let class = if self.random.one_in(4) {
                Class::Control
            } else {
                Class::Data
            };
            let (ack, answer) = oneshot::channel();
            let ack = (!self.random.one_in(5)).then_some(ack);
            let mut head = Bytes::from(payload(id));
            let tail = head.split_off(4);
            let parts = vec![head, tail];
            let length = parts.iter().map(Bytes::len).sum::<usize>() as u32;
            batch.push(Pending::new(parts, length, class, ack));
            answers.push((id, answer));
        }
        writer.write_batch(&mut batch);
        let mut count = 0;
        for (id, mut answer) in answers {
            match answer.try_recv() {
                Ok(Ok(location)) => {
                    assert!(!lost_before, "acknowledged after a failed sync or write");
                    let before = self.acknowledged.insert(location.lsn, id);
                    assert_eq!(before, None, "an lsn is used once");
                    count += 1;
                }
                Ok(Err(AppendError::Full(_))) => {
                    self.refused.insert(id);
                }
                Ok(Err(error)) => panic!("{error}"),
                // Nobody asked, or the writer has failed.
                Err(_) => {}
            }
        }
        if lost_before {
            assert_ne!(shared.poison_reason(), None);
        }
        count
    }

    /// Trims below a record that was acknowledged.
    pub(super) fn trim(&mut self) -> Result<(), TrimError> {
        let Some((_, shared)) = &self.session else {
            return Ok(());
        };
        let Some(last) = self.acknowledged.keys().next_back() else {
            return Ok(());
        };
        let keep_from = Lsn(last.0.saturating_sub(self.random.below(12)));
        self.keep_from = self.keep_from.max(keep_from);
        trim(shared, keep_from).map(|_| ())
    }

    pub(super) fn is_poisoned(&self) -> bool {
        self.session
            .as_ref()
            .is_some_and(|(_, shared)| shared.poison_reason().is_some())
    }

    /// The process ends; another one finds what it wrote.
    pub(super) fn kill(&mut self) {
        self.session = None;
        self.files = self.files.kill();
    }

    /// The power goes off and on.
    pub(super) fn lose_power(&mut self) {
        self.session = None;
        self.files = self.files.lose_power(&mut self.random);
    }
}

fn read(shared: &Shared, location: Location) -> Result<Bytes, ReadError> {
    let segment = shared.segments.get(location.segment);
    segment.unwrap().read(location)
}

impl Drop for Driver {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("seed {}", self.seed);
        }
    }
}
