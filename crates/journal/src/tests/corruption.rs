//! Bytes change and files are cut: what is found is what was written, and the rest is reported.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use super::driver::{Driver, config};
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

/// A journal of some segments, and what is in it.
fn journal() -> (Files, Records) {
    let mut driver = Driver::new(1);
    driver.open().unwrap();
    while driver.files.content().len() < 5 {
        driver.batch();
    }
    // The last segment has some commits, the last of them with some records.
    for _ in 0..3 {
        driver.batch();
    }
    driver.kill();
    let mut files = driver.files.content();
    files.retain(|name, _| name.extension().is_some());
    let (_, records) = recover(&files).unwrap();
    (files, records)
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
    let torn_from = recovery
        .torn_tail
        .as_ref()
        .and_then(|_| found.keys().next_back())
        .map_or(Lsn(u64::MAX), |last| Lsn(last.0 + 1));
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
    goes_on(files, &found);
}

/// The journal takes new records, with new numbers, behind those that were found.
fn goes_on(files: &Files, found: &Records) {
    let files = SimFiles::with(files);
    let mut driver = Driver::new(2);
    driver.files = files;
    driver.adopt(found.values());
    let before = driver.open_damaged();
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
}

#[test]
fn a_changed_byte_gives_no_wrong_record() {
    let (files, records) = journal();
    assert!(records.len() > 30, "{}", records.len());
    for name in files.keys() {
        for at in 0..files[name].len() {
            for change in [0xff, 0x01] {
                let mut files = files.clone();
                files.get_mut(name).unwrap()[at] ^= change;
                check(&files, &records);
            }
        }
    }
}

#[test]
fn a_cut_file_gives_no_wrong_record() {
    let (files, records) = journal();
    for name in files.keys() {
        for length in 0..files[name].len() {
            let mut files = files.clone();
            files.get_mut(name).unwrap().truncate(length);
            check(&files, &records);
        }
    }
}

#[test]
fn a_missing_segment_is_reported() {
    let (files, records) = journal();
    let last = files.keys().next_back().unwrap().clone();
    for name in files.keys().skip(1).filter(|name| **name != last) {
        let mut files = files.clone();
        files.remove(name);
        check(&files, &records);
        let (recovery, found) = recover(&files).unwrap();
        assert!(found.len() < records.len());
        assert_eq!(recovery.damage.len(), 1);
        assert_eq!(&recovery.damage[0].file, name);
    }
}

#[test]
fn segments_in_the_wrong_place_give_no_wrong_record() {
    let (files, records) = journal();
    let names: Vec<_> = files.keys().cloned().collect();
    for a in &names {
        for b in names.iter().filter(|b| *b != a) {
            let mut swapped = files.clone();
            swapped.insert(b.clone(), files[a].clone());
            check(&swapped, &records);
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
fn a_record_within_a_record_is_not_found() {
    // The payload holds a whole segment; its header is lost, so that the scan goes through it.
    let (files, _) = journal();
    let inner = files.values().next().unwrap();
    let (_, outer) = files.iter().next_back().unwrap();
    let mut bytes = outer.clone();
    let decoded = decode_segment(&bytes).unwrap();
    let at = decoded.records[0].offset as usize;
    let end = decoded.records[1].offset as usize;
    let piece = &inner[64..64 + (end - at)];
    bytes[at..end].copy_from_slice(piece);
    let scanned = decode_segment(&bytes).unwrap();
    assert_eq!(scanned.records, decoded.records[1..]);
    assert_eq!(scanned.bad.len(), 1);
}
