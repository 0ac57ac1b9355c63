//! Bytes change and files are cut: what is found is what was written, and the rest is reported.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::driver::{Driver, config};
use super::random::Random;
use super::sim::SimFiles;
use crate::decode::decode_segment;
use crate::error::OpenError;
use crate::format::Lsn;
use crate::recover;
use crate::recovery::Recovery;
use crate::trim::trim;
use crate::{Damage, Missing};

type Files = BTreeMap<PathBuf, Vec<u8>>;
type Records = BTreeMap<Lsn, Bytes>;

/// A journal of some segments, and what is in it. The last segment has several commits, the last of
/// them with several records.
fn journal() -> (Files, Records) {
    (0..).find_map(journal_of_seed).unwrap()
}

fn journal_of_seed(seed: u64) -> Option<(Files, Records)> {
    let mut driver = Driver::new(seed);
    driver.open().unwrap();
    while driver.files.content().len() < 4 {
        driver.batch();
    }
    for _ in 0..3 {
        driver.batch();
    }
    driver.kill();
    let mut files = driver.files.content();
    files.retain(|name, _| is_segment(name));
    let last = decode_segment(files.values().next_back()?).unwrap();
    let end = last.records.last()?;
    let (_, written) = recover(&files).unwrap();
    let fits = last.header.first_lsn < end.commit_lsn && end.commit_lsn < end.lsn;
    fits.then_some((files, written))
}

fn recover(files: &Files) -> Result<(Recovery, Records), OpenError> {
    let files = Arc::new(SimFiles::with(files));
    let (_, _, mut recovery) = recover::open(config(), files)?;
    let records = recovery
        .records()
        .map(|record| {
            record
                .map(|(location, bytes)| (location.lsn, bytes))
                .unwrap()
        })
        .collect();
    Ok((recovery, records))
}

/// Opens a journal that is not as it was written, and checks what is said about it.
fn check(files: &Files, written: &Records) {
    let (recovery, found) = recover(files).unwrap();
    for (lsn, bytes) in &found {
        assert_eq!(written.get(lsn), Some(bytes), "record {lsn}");
    }
    // What no record proves to have been on disk may look torn.
    let last = decode_segment(files.values().next_back().unwrap());
    let last = last.map_or(Vec::new(), |last| last.records);
    let proven = last.last().map_or(Lsn(1), |record| record.commit_lsn);
    let torn_from = match recovery.torn_tail {
        Some(_) => proven,
        None => Lsn(u64::MAX),
    };
    for lsn in written.keys().filter(|lsn| !found.contains_key(lsn)) {
        let reported = |damage: &Damage| match damage.missing {
            Missing::Nothing => false,
            Missing::Between(first, last) => (first..=last).contains(lsn),
            Missing::From(first) => first <= *lsn,
        };
        assert!(
            *lsn >= torn_from || recovery.damage.iter().any(reported),
            "record {lsn} is lost without a word: {recovery:?}"
        );
    }
    // Cut the torn tail, and only that: another start finds the same.
    let first_new = goes_on(files, &found);
    // A number that was acknowledged is not used again, except those that look torn.
    let written_to = *written.keys().next_back().unwrap();
    let end_is_lost = recovery
        .damage
        .iter()
        .any(|damage| matches!(damage.missing, Missing::From(_)));
    if end_is_lost || found.contains_key(&written_to) && recovery.torn_tail.is_none() {
        assert!(first_new > written_to);
    } else {
        assert!(first_new >= proven);
    }
}

/// The journal takes new records behind those that were found. Returns the number of the first.
fn goes_on(files: &Files, found: &Records) -> Lsn {
    let files = SimFiles::with(files);
    let mut driver = Driver::new(2);
    driver.files = files;
    driver.adopt(found.values());
    let before = driver.open_damaged();
    driver.kill();
    let again = driver.open_damaged();
    assert_eq!(again.next_lsn, before.next_lsn);
    assert_eq!(again.damage, before.damage);
    driver.batch();
    assert!(!driver.is_poisoned());
    driver.kill();
    let after = driver.open_damaged();
    assert_eq!(after.torn_tail, None);
    for damage in before.damage {
        assert!(
            after.damage.iter().any(|after| after.file == damage.file),
            "{damage} is forgotten"
        );
    }
    before.next_lsn
}

#[test]
fn a_changed_byte_gives_no_wrong_record() {
    let (files, written) = journal();
    assert!(written.len() > 30);
    for name in files.keys() {
        for at in 0..files[name].len() {
            for change in [0xff, 0x01] {
                let mut files = files.clone();
                files.get_mut(name).unwrap()[at] ^= change;
                check(&files, &written);
            }
        }
    }
}

#[test]
fn many_changed_bytes_give_no_wrong_record() {
    let (files, written) = journal();
    let names: Vec<_> = files.keys().cloned().collect();
    for seed in 0..2000 {
        let mut random = Random::new(seed);
        let mut files = files.clone();
        for _ in 0..2 + random.below(4) {
            // Often in the last segment, where damage and a torn tail are told apart.
            let from = random.below(2) * (names.len() as u64 - 1);
            let name = from + random.below(names.len() as u64 - from);
            let bytes = files.get_mut(&names[name as usize]).unwrap();
            let at = random.below(bytes.len() as u64) as usize;
            let end = bytes.len().min(at + 1 + random.below(40) as usize);
            let change = random.next() as u8;
            bytes[at..end].fill(if random.one_in(2) { 0 } else { change });
        }
        check(&files, &written);
    }
}

#[test]
fn a_cut_file_gives_no_wrong_record() {
    let (files, written) = journal();
    for name in files.keys() {
        for length in 0..files[name].len() {
            let mut files = files.clone();
            files.get_mut(name).unwrap().truncate(length);
            check(&files, &written);
        }
    }
}

#[test]
fn a_missing_segment_is_reported() {
    let (files, written) = journal();
    let last = files.keys().next_back().unwrap().clone();
    for name in files.keys().skip(1).filter(|name| **name != last) {
        let mut files = files.clone();
        files.remove(name);
        check(&files, &written);
        let (recovery, found) = recover(&files).unwrap();
        assert!(found.len() < written.len());
        assert_eq!(recovery.damage.len(), 1);
        assert_eq!(&recovery.damage[0].file, name);
    }
}

#[test]
fn segments_in_the_wrong_place_give_no_wrong_record() {
    let (files, written) = journal();
    let names: Vec<_> = files.keys().cloned().collect();
    for a in &names {
        for b in names.iter().filter(|b| *b != a) {
            let mut swapped = files.clone();
            swapped.insert(b.clone(), files[a].clone());
            check(&swapped, &written);
        }
    }
}

#[test]
fn a_damaged_segment_is_put_aside_and_not_removed() {
    let (mut files, _) = journal();
    let name = files.keys().nth(1).unwrap().clone();
    files.get_mut(&name).unwrap()[100] ^= 1;
    let content = files[&name].clone();
    let sim = SimFiles::with(&files);
    let (_writer, shared, mut recovery) = recover::open(config(), Arc::new(sim.clone())).unwrap();
    assert!(recovery.records().all(|record| record.is_ok()));
    assert_eq!(recovery.damage.len(), 1);
    let trimmed = trim(&shared, recovery.next_lsn).unwrap();
    assert_eq!((trimmed.segments, trimmed.put_aside), (files.len() - 1, 1));
    let left = sim.content();
    let aside = name.with_extension("segment.damaged");
    assert_eq!(left.get(&aside), Some(&content));
    let segments = left.keys().filter(|name| is_segment(name));
    assert_eq!(segments.count(), 1);
}

fn is_segment(name: &Path) -> bool {
    name.extension() == Some("segment".as_ref())
}

#[test]
fn a_newer_format_is_refused() {
    let (mut files, _) = journal();
    let bytes = files.values_mut().nth(1).unwrap();
    bytes[8] = 2;
    let checksum = crc32c::crc32c(&bytes[..60]).to_le_bytes();
    bytes[60..64].copy_from_slice(&checksum);
    let error = recover(&files).unwrap_err();
    assert_eq!(
        error.to_string(),
        "/journal/00000000000000000002.segment has format version 2, and this program knows 1; \
         use the newer program"
    );
}

#[test]
fn a_record_in_the_wrong_place_is_none() {
    // Records of another segment and of another place stand where the largest record was.
    let (files, _) = journal();
    let mut segments = files.values();
    let segment = segments.next().unwrap();
    let other = segments.next().unwrap();
    let records = decode_segment(segment).unwrap().records;
    let largest = records
        .iter()
        .max_by_key(|record| record.payload.len())
        .unwrap();
    let place = largest.offset as usize..largest.payload.end;
    let rest: Vec<_> = records
        .iter()
        .filter(|record| *record != largest)
        .cloned()
        .collect();
    for (bytes, records) in [
        (segment, rest.clone()),
        (other, decode_segment(other).unwrap().records),
    ] {
        let mut tried = 0;
        for record in records {
            let record = &bytes[record.offset as usize..record.payload.end];
            if record.len() > place.len() {
                continue;
            }
            let mut changed = segment.clone();
            changed[place.clone()].fill(0);
            changed[place.clone()][..record.len()].copy_from_slice(record);
            let decoded = decode_segment(&changed).unwrap();
            assert_eq!(decoded.records, rest);
            assert_eq!(decoded.bad.len(), 1);
            tried += 1;
        }
        assert!(tried > 2);
    }
}
