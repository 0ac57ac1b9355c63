//! Many tasks append, one trims, and the journal is closed in between.

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_journal::{AppendError, DiskFiles, Journal, JournalConfig, Location, Lsn};
use bytes::Bytes;

const TASKS: u64 = 32;
const RECORDS: u64 = 60;

fn payload(task: u64, n: u64) -> Vec<Bytes> {
    let filler = vec![b'a' + (n % 26) as u8; ((task * 31 + n * 17) % 300) as usize];
    vec![
        Bytes::copy_from_slice(&task.to_le_bytes()),
        Bytes::copy_from_slice(&n.to_le_bytes()),
        Bytes::from(filler),
    ]
}

/// Appends one after the other until the journal is closed. Returns what was acknowledged.
async fn append(journal: Journal, task: u64, from: u64) -> Vec<(u64, Location)> {
    let mut acknowledged: Vec<(u64, Location)> = Vec::new();
    for n in from..from + RECORDS {
        let result = if n % 5 == 0 {
            journal.append_control(payload(task, n)).await
        } else {
            journal.append(payload(task, n)).await
        };
        match result {
            Ok(location) => acknowledged.push((n, location)),
            Err(AppendError::Closed) => break,
            Err(error) => panic!("{error}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_and_content_hold_with_many_tasks_trims_and_closes() {
    let directory = tempfile::tempdir().unwrap();
    let config = JournalConfig {
        segment_bytes: 32 * 1024,
        bytes_max: 64 * 1024 * 1024,
        ..JournalConfig::new(directory.path())
    };
    let mut acknowledged: BTreeMap<Lsn, (u64, u64)> = BTreeMap::new();
    let mut kept_from = Lsn(1);
    for round in 0..6 {
        let (journal, mut recovery) = Journal::open(config.clone(), Arc::new(DiskFiles)).unwrap();
        let found: BTreeMap<Lsn, Bytes> = recovery
            .records()
            .map(|record| {
                record
                    .map(|(location, bytes)| (location.lsn, bytes))
                    .unwrap()
            })
            .collect();
        assert_eq!((&recovery.torn_tail, recovery.damage.len()), (&None, 0));
        for (lsn, (task, n)) in acknowledged.range(kept_from..) {
            assert_eq!(found[lsn], payload(*task, *n).concat());
        }

        let tasks: Vec<_> = (0..TASKS)
            .map(|task| tokio::spawn(append(journal.clone(), task, round * RECORDS)))
            .collect();
        // Trim and close while they run, once half of what they append is there.
        let target = recovery.next_lsn.0 + TASKS * RECORDS / 2;
        while journal.status().durable_lsn < Lsn(target) {
            tokio::task::yield_now().await;
        }
        kept_from = kept_from.max(Lsn(target - 200));
        journal.trim(kept_from).unwrap();
        if round % 2 == 0 {
            journal.clone().close().await;
        }
        for (task, running) in (0..).zip(tasks) {
            let mut last = None;
            for (n, location) in running.await.unwrap() {
                assert!(last < Some(location.lsn), "in the order of the calls");
                last = Some(location.lsn);
                if location.lsn >= kept_from {
                    assert_eq!(journal.read(location).unwrap(), payload(task, n).concat());
                }
                assert_eq!(acknowledged.insert(location.lsn, (task, n)), None);
            }
        }
        journal.close().await;
    }
    assert!(acknowledged.len() as u64 > 4 * TASKS * RECORDS);
}

#[tokio::test]
async fn a_queue_that_is_full_refuses_at_once() {
    let directory = tempfile::tempdir().unwrap();
    let config = JournalConfig {
        queue_bytes_max: 50_000,
        ..JournalConfig::new(directory.path())
    };
    let (journal, _) = Journal::open(config, Arc::new(DiskFiles)).unwrap();
    let tasks: Vec<_> = (0..100)
        .map(|_| {
            let journal = journal.clone();
            tokio::spawn(async move { journal.append(vec![Bytes::from(vec![1; 10_000])]).await })
        })
        .collect();
    let (mut stored, mut refused) = (0, 0);
    for task in tasks {
        match task.await.unwrap() {
            Ok(_) => stored += 1,
            Err(AppendError::QueueFull { queued_bytes }) => {
                assert!(queued_bytes <= 50_000);
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
    assert!(
        stored >= 4 && refused > 0,
        "{stored} stored, {refused} refused"
    );
    assert_eq!(journal.status().queued_bytes, 0);
    let too_large = journal.append(vec![Bytes::from(vec![1; 50_001])]).await;
    assert_eq!(
        too_large.unwrap_err().to_string(),
        "a record of 50001 bytes exceeds the limit of 50000 bytes"
    );
}
