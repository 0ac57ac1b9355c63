//! A key counts once: while its request runs, after it, and after a restart.

use std::sync::Arc;
use std::time::Duration;

use birdhouse_journal::{DiskFiles, Journal, JournalConfig, Lsn};
use jiff::{Timestamp, ToSpan};

use super::*;
use crate::ingestion::record::SourceName;

const COUNTS: Counts = Counts {
    rows: 3,
    quarantined_rows: 1,
};

fn open(directory: &std::path::Path) -> Arc<Keys> {
    let config = JournalConfig::new(directory);
    let (log, mut recovery) = Journal::open(config, Arc::new(DiskFiles)).expect("open");
    let records = (recovery.records())
        .map(|record| record.map(|(location, bytes)| (location.lsn, bytes)))
        .collect::<Result<_, _>>()
        .expect("intact");
    Keys::new(log, records, Timestamp::now())
}

fn key(text: &str, body: &str) -> Key {
    Key::new(&SourceName::new("ws", "events"), text, body.as_bytes())
}

async fn claimed(keys: &Arc<Keys>, key: Key) -> Claimed {
    match keys.claim(key).await.expect("no conflict") {
        Claim::New(claimed) => claimed,
        Claim::Answered(counts) => panic!("answered {counts:?}"),
    }
}

async fn answered(keys: &Arc<Keys>, key: Key) -> Counts {
    match keys.claim(key).await.expect("no conflict") {
        Claim::Answered(counts) => counts,
        Claim::New(_) => panic!("unknown"),
    }
}

#[tokio::test]
async fn an_answered_key_gives_its_answer() {
    let directory = tempfile::tempdir().expect("directory");
    let keys = open(directory.path());
    let first = claimed(&keys, key("a", "x")).await;
    first.answered(Lsn(1), COUNTS, Timestamp::now());
    assert_eq!(answered(&keys, key("a", "x")).await, COUNTS);
    assert_eq!(
        keys.claim(key("a", "y")).await.expect_err("another body"),
        KeyConflict
    );
    drop(claimed(&keys, key("b", "x")).await);
    claimed(&keys, key("b", "x")).await;
}

#[tokio::test]
async fn who_comes_while_it_runs_waits_for_the_answer() {
    let directory = tempfile::tempdir().expect("directory");
    let keys = open(directory.path());
    let first = claimed(&keys, key("a", "x")).await;
    assert_eq!(
        keys.claim(key("a", "y")).await.expect_err("another body"),
        KeyConflict
    );
    let second = tokio::spawn({
        let keys = Arc::clone(&keys);
        async move { answered(&keys, key("a", "x")).await }
    });
    let third = tokio::time::timeout(Duration::from_millis(20), keys.claim(key("a", "x"))).await;
    assert!(third.is_err(), "it waits");
    first.answered(Lsn(1), COUNTS, Timestamp::now());
    assert_eq!(second.await.expect("joined"), COUNTS);
}

#[tokio::test]
async fn keys_outlive_the_records_of_their_rows() {
    let directory = tempfile::tempdir().expect("directory");
    let keys = open(directory.path());
    let now = Timestamp::now();
    for (lsn, name) in [(1, "a"), (2, "b"), (3, "c")] {
        keys.learn(Lsn(lsn), key(name, "x"), COUNTS, now);
    }
    let old = now.saturating_sub(25.hours()).expect("in range");
    keys.learn(Lsn(0), key("old", "x"), COUNTS, old);
    keys.save(Lsn(3)).await.expect("saved");
    keys.close().await;
    let keys = open(directory.path());
    assert_eq!(keys.len(), 2, "c is still in its rows, old is forgotten");
    assert_eq!(answered(&keys, key("a", "x")).await, COUNTS);
    assert_eq!(answered(&keys, key("b", "x")).await, COUNTS);
}

/// The log must not grow with every key of the window: keys that were pushed out leave it too.
#[tokio::test]
async fn the_log_keeps_only_keys_that_are_known() {
    let directory = tempfile::tempdir().expect("directory");
    let keys = open(directory.path());
    let now = Timestamp::now();
    // As if so many had been saved by earlier calls.
    for lsn in 1..=3 {
        keys.learn(Lsn(lsn), key(&lsn.to_string(), "x"), COUNTS, now);
        keys.save(Lsn(lsn + 1)).await.expect("saved");
    }
    {
        let mut state = keys.state.lock();
        for record in &mut state.logged {
            record.keys = KEYS_MAX / 2;
        }
        state.logged_keys = KEYS_MAX / 2 * 3;
    }
    keys.save(Lsn(4)).await.expect("saved");
    let left: Vec<Lsn> = keys.state.lock().logged.iter().map(|r| r.lsn).collect();
    assert_eq!(
        left,
        [Lsn(2), Lsn(3)],
        "two records hold as many as are known"
    );
}
