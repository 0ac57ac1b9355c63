//! The process is killed at each named place: the next one finds what was acknowledged.
//!
//! The process is this test binary, started again to run [`a_life`] only.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use birdhouse_journal::{DiskFiles, Journal, JournalConfig, KILL_POINT_VARIABLE, KILL_POINTS, Lsn};
use bytes::Bytes;

const DIRECTORY_VARIABLE: &str = "JOURNAL_TEST_DIRECTORY";

fn life(directory: &Path, kill_point: Option<String>) -> Output {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "kill_points::a_life", "--nocapture"])
        .env(DIRECTORY_VARIABLE, directory);
    if let Some(kill_point) = kill_point {
        command.env(KILL_POINT_VARIABLE, kill_point);
    }
    command.output().unwrap()
}

#[test]
fn a_kill_at_any_point_loses_nothing_acknowledged() {
    for name in KILL_POINTS {
        let directory = tempfile::tempdir().unwrap();
        let whole = life(directory.path(), None);
        assert!(whole.status.success(), "{whole:?}");
        for kill_point in [name.to_owned(), format!("{name}:2")] {
            // Recovery goes through its points once.
            if name.starts_with("journal.recovery") && kill_point.ends_with(":2") {
                continue;
            }
            let killed = life(directory.path(), Some(kill_point.clone()));
            assert_eq!(killed.status.signal(), Some(9), "{kill_point}: {killed:?}");
        }
        let whole = life(directory.path(), None);
        assert!(whole.status.success(), "after {name}: {whole:?}");
    }
}

#[test]
fn the_list_of_kill_points_is_complete() {
    let mut found = Vec::new();
    let mut directories = vec![PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
                continue;
            }
            let text = fs::read_to_string(path).unwrap();
            for piece in text.split("kill_point!(\"").skip(1) {
                found.push(piece.split('"').next().unwrap().to_owned());
            }
        }
    }
    found.sort();
    let mut listed = KILL_POINTS.to_vec();
    listed.sort_unstable();
    assert_eq!(found, listed);
}

fn payload(id: u64) -> Vec<Bytes> {
    let length = if id.is_multiple_of(3) {
        140_000
    } else {
        (id % 900) as usize
    };
    vec![
        Bytes::copy_from_slice(&id.to_le_bytes()),
        Bytes::from(vec![b'a' + (id % 26) as u8; length]),
    ]
}

/// Files beside the journal, which a killed process leaves as they are.
struct Notes(PathBuf);

impl Notes {
    fn add(&self, name: &str, number: u64) {
        let mut options = OpenOptions::new();
        let mut file = options
            .append(true)
            .create(true)
            .open(self.0.join(name))
            .unwrap();
        writeln!(file, "{number}").unwrap();
    }

    fn all(&self, name: &str) -> Vec<u64> {
        let text = fs::read_to_string(self.0.join(name)).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }
}

/// Checks what earlier lives were promised, and lives on.
#[tokio::test]
async fn a_life() {
    let own = tempfile::tempdir().unwrap();
    let directory =
        std::env::var_os(DIRECTORY_VARIABLE).map_or_else(|| own.path().to_owned(), PathBuf::from);
    let notes = Notes(directory.clone());
    let config = JournalConfig {
        segment_bytes: 512 * 1024,
        bytes_max: 64 * 1024 * 1024,
        ..JournalConfig::new(directory.join("journal"))
    };
    let (journal, mut recovery) = Journal::open(config, Arc::new(DiskFiles)).unwrap();
    let found: BTreeMap<Lsn, Bytes> = recovery
        .records()
        .map(|record| {
            record
                .map(|(location, bytes)| (location.lsn, bytes))
                .unwrap()
        })
        .collect();
    assert_eq!(recovery.damage, vec![]);
    let attempts = notes.all("attempts");
    let kept_from = notes.all("kept_from").pop().unwrap_or(1);
    let acknowledged = notes.all("acknowledged");
    for pair in acknowledged.chunks(2).filter(|pair| pair[0] >= kept_from) {
        assert_eq!(
            found[&Lsn(pair[0])],
            payload(pair[1]).concat(),
            "record {}",
            pair[0]
        );
    }

    let first = attempts.len() as u64;
    for id in first..first + 24 {
        notes.add("attempts", id);
        let location = journal.append(payload(id)).await.unwrap();
        notes.add("acknowledged", location.lsn.0);
        notes.add("acknowledged", id);
        if id % 6 == 5 {
            let keep_from = Lsn(location.lsn.0 - 3);
            notes.add("kept_from", keep_from.0);
            journal.trim(keep_from).unwrap();
        }
    }
    journal.close().await;
}
