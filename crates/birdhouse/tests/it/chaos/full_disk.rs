//! The data directory on a small file system that fills up and gets space again.

use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use super::ledger::{Fate, Ledger, Request, number};
use super::writer::refused;
use super::{LIMIT, PROJECT, wait_stored};
use crate::harness::{Client, Random, Scratch, Server, project, wait_until};

/// Segments of which a few fill up within the test.
const SMALL_SEGMENTS: [(&str, &str); 2] = [
    ("BIRDHOUSE_JOURNAL_SEGMENT_BYTES", "1048576"),
    ("BIRDHOUSE_SYNC_INTERVAL_MS", "300"),
];

/// A file system in memory, unmounted when dropped.
struct Mounted(PathBuf);

impl Mounted {
    /// Mounts one of 64 MiB on a directory; the reason when this process may not.
    fn at(path: &Path) -> Result<Self, String> {
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64m", "birdhouse-test"])
            .arg(path)
            .output();
        match mount {
            Ok(output) if output.status.success() => Ok(Self(path.to_owned())),
            Ok(output) => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Leaves not one byte free.
    fn fill(&self) {
        let mut file = File::create(self.0.join("filler")).unwrap();
        for size in [1 << 20, 4096, 1] {
            let piece = vec![0; size];
            let error = loop {
                if let Err(error) = file.write_all(&piece) {
                    break error;
                }
            };
            assert_eq!(error.kind(), ErrorKind::StorageFull, "{error}");
        }
    }

    fn free(&self) {
        fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

/// A client that sends one request after the other.
struct Sender {
    random: Random,
    ledger: Ledger,
    number: u32,
}

impl Sender {
    /// Sends a request; returns false when it was refused because the disk is full.
    fn send(&mut self, admin: &Client) -> bool {
        let request = Request::make(&mut self.random, 1, self.number);
        let answer = admin.post("/v0/events?name=sales", request.body);
        let is_taken = answer.status == 202;
        if !is_taken {
            refused(&answer);
            assert!(
                answer.error().contains("disk is full"),
                "{}",
                answer.error()
            );
            return false;
        }
        let content = request.content;
        self.ledger
            .record(1, self.number, content, Fate::Acknowledged);
        self.number += 1;
        true
    }
}

#[test]
fn a_full_disk_refuses_and_loses_nothing() {
    let scratch = Scratch::new();
    fs::create_dir(scratch.path("data")).unwrap();
    let disk = match Mounted::at(&scratch.path("data")) {
        Ok(disk) => disk,
        Err(reason) => {
            eprintln!("skipped: this process may not mount a file system: {reason}");
            return;
        }
    };
    let project = project(&scratch, "project", PROJECT);
    let start = || Server::try_start_with(&scratch, &project, &SMALL_SEGMENTS).unwrap();
    let server = start();
    let admin = server.admin();
    let mut sender = Sender {
        random: Random::new(7),
        ledger: Ledger::default(),
        number: 0,
    };
    for _ in 0..20 {
        assert!(sender.send(&admin));
    }
    wait_stored(&admin, "sales");
    let before = admin.value("SELECT count() FROM sales");

    disk.fill();
    // What is reserved is used up first.
    let began = Instant::now();
    while sender.send(&admin) {
        assert!(began.elapsed() < LIMIT, "never refused");
    }
    for _ in 0..5 {
        let status = admin.get("/v0/ingestion").ok().json();
        assert_eq!(status["journal"]["poisoned"], serde_json::Value::Null);
        assert!(status["journal"]["full"].is_string(), "{status}");
        // Reads go on, and see nothing that is not whole.
        let now = admin.value("SELECT count() FROM sales");
        assert!(
            number(&now) >= number(&before),
            "{now} rows, {before} before"
        );
    }

    disk.free();
    // Without a restart.
    wait_until("appends are taken again", LIMIT, || {
        match sender.send(&admin) {
            true => Ok(()),
            false => Err("refused".to_owned()),
        }
    });
    admin.post("/v0/ingestion/sales/retry", "").expect(200);
    wait_stored(&admin, "sales");
    sender.ledger.check(&admin);

    // Killed while it is full: what was acknowledged is there after the next start.
    disk.fill();
    while sender.send(&admin) {}
    server.crash();
    disk.free();
    let server = start();
    let admin = server.admin();
    wait_stored(&admin, "sales");
    assert!(sender.send(&admin));
    wait_stored(&admin, "sales");
    sender.ledger.check(&admin);
    server.stop();
    drop(disk);
}
