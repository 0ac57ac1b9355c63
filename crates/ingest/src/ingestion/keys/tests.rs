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
