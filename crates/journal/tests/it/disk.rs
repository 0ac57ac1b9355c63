//! Append, read back, restart, trim.

use std::sync::Arc;

use birdhouse_journal::{AppendError, DiskFiles, Journal, JournalConfig, Lsn, OpenError, Recovery};
use bytes::Bytes;

fn config(directory: &std::path::Path) -> JournalConfig {
    JournalConfig {
        segment_bytes: 64 * 1024,
        bytes_max: 1024 * 1024,
        ..JournalConfig::new(directory)
    }
}

fn open(config: &JournalConfig) -> (Journal, Recovery) {
    Journal::open(config.clone(), Arc::new(DiskFiles)).unwrap()
}

fn payload(n: u64) -> Vec<Bytes> {
    let text = format!("record {n} ").repeat((n % 40) as usize);
    vec![Bytes::from(n.to_string()), Bytes::from(text)]
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(&directory.path().join("journal"));
    let (journal, mut recovery) = open(&config);
    assert_eq!(recovery.records().count(), 0);

    let mut appended = Vec::new();
    for n in 0..1000 {
        appended.push((
            journal.append(payload(n)).await.unwrap(),
            payload(n).concat(),
        ));
    }
    for (location, bytes) in &appended {
        assert_eq!(journal.read(*location).unwrap(), bytes);
    }
    assert!(journal.status().segments > 3);
    journal.close().await;

    let (journal, mut recovery) = open(&config);
    let found: Vec<_> = recovery
        .records()
        .map(|record| {
            record
                .map(|(location, bytes)| (location, bytes.to_vec()))
                .unwrap()
        })
        .collect();
    assert_eq!(found, appended);
    assert_eq!((recovery.torn_tail, recovery.damage), (None, vec![]));
    assert_eq!(journal.append(payload(7)).await.unwrap().lsn, Lsn(1001));
}

#[tokio::test]
async fn a_full_journal_takes_control_records_and_recovers_by_a_trim() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let (journal, _) = open(&config);
    let record = || vec![Bytes::from(vec![7; 10_000])];
    let error = loop {
        if let Err(error) = journal.append(record()).await {
            break error;
        }
    };
    assert!(matches!(error, AppendError::Full(_)), "{error}");
    assert_eq!(journal.status().bytes, config.bytes_max);
    journal.append_unsynced(payload(1)).unwrap();
    let control = journal.append_control(payload(2)).await.unwrap();
    assert!(journal.status().full.is_some());

    let trimmed = journal.trim(control.lsn).unwrap();
    assert_eq!(trimmed.segments, 15);
    journal.append(record()).await.unwrap();
    assert_eq!(journal.status().full, None);
    assert_eq!(journal.read(control).unwrap(), payload(2).concat());
}

#[test]
fn a_directory_is_used_by_one_journal_at_a_time() {
    let directory = tempfile::tempdir().unwrap();
    let config = config(directory.path());
    let (journal, _) = open(&config);
    let error = Journal::open(config.clone(), Arc::new(DiskFiles)).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }), "{error}");
    journal.close_blocking();
    open(&config);
}
