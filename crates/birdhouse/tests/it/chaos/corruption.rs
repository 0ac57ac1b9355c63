//! Bytes of the journal change, or its end is cut off, while rows wait in it. The positions are few;
//! the journal's own tests walk all of them.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use rustix::process::Signal;
use serde_json::Value;

use super::ledger::number;
use super::{PROJECT, wait_stored};
use crate::harness::{Scratch, Server, project, signal};

/// One small segment, which is not trimmed within the test.
const SMALL: [(&str, &str); 2] = [
    ("BIRDHOUSE_JOURNAL_SEGMENT_BYTES", "262144"),
    ("BIRDHOUSE_SYNC_INTERVAL_MS", "600000"),
];

const REQUESTS: i64 = 40;

/// Requests whose rows were stored before the engine froze.
const STORED: i64 = 10;

/// What happens to a segment file of the journal.
#[derive(Debug, Clone, Copy)]
enum Harm {
    /// The byte that is this many per mille into what was written gets other bits.
    Flip(u64),
    /// A byte of the header of the file.
    FlipHeader,
    /// The first record of this kind, which stands in its first byte, is changed.
    FlipRecord(u8),
    /// The file ends this many per mille into what was written.
    Cut(u64),
}

/// What the journal's format says: records begin with these bytes, 32 bytes of header each.
const RECORD_MAGIC: &[u8] = b"\xb1rec";
const RECORD_HEADER_BYTES: usize = 32;

/// Kinds of records, as in the ingestion's format.
const FLUSH: u8 = 2;
const FLUSHED: u8 = 3;

impl Harm {
    fn apply(self, file: &Path) {
        let bytes = fs::read(file).unwrap();
        let starts: Vec<usize> = (0..bytes.len() - RECORD_MAGIC.len())
            .filter(|at| bytes[*at..].starts_with(RECORD_MAGIC))
            .collect();
        let end = u64::try_from(*starts.last().expect("records")).unwrap();
        let open = OpenOptions::new().write(true).open(file).unwrap();
        let flip = |at: u64| {
            let byte = bytes[usize::try_from(at).unwrap()];
            open.write_all_at(&[byte ^ 0x55], at).unwrap();
        };
        match self {
            Self::Flip(per_mille) => flip(end * per_mille / 1000),
            Self::FlipHeader => flip(20),
            Self::FlipRecord(kind) => {
                let payloads = starts.iter().map(|start| start + RECORD_HEADER_BYTES);
                let mut wanted = payloads.filter(|at| bytes[*at] == kind);
                flip(u64::try_from(wanted.next().expect("one")).unwrap());
            }
            Self::Cut(per_mille) => open.set_len(end * per_mille / 1000).unwrap(),
        }
    }
}

fn row(request: i64) -> String {
    format!(
        "{{\"ts\":\"2026-01-01 00:00:00\",\"writer\":1,\"request\":{request},\"id\":{request},\"amount\":{request},\"note\":\"{}\"}}",
        "x".repeat(200)
    )
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (kind, to) = (entry.file_type().unwrap(), to.join(entry.file_name()));
        if kind.is_dir() {
            copy_all(&entry.path(), &to);
        } else if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), to).unwrap();
        } else if kind.is_file() {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn segment(data: &Path) -> PathBuf {
    let files = fs::read_dir(data.join("journal")).unwrap();
    let mut files: Vec<_> = files.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "segment"));
    assert_eq!(files.len(), 1, "{files:?}");
    files.remove(0)
}

#[test]
fn damage_is_reported_and_makes_no_wrong_rows() {
    let scratch = Scratch::new();
    let project = project(&scratch, "project", PROJECT);
    let server = Server::try_start_with(&scratch, &project, &SMALL).unwrap();
    let admin = server.admin();
    for request in 0..STORED {
        admin.append("sales", row(request)).expect(200);
    }
    // From here on rows are acknowledged and wait.
    signal(server.worker().unwrap(), Signal::STOP);
    for request in STORED..REQUESTS {
        admin
            .post("/v0/events?name=sales", row(request))
            .expect(202);
    }
    server.crash();
    let kept = scratch.path("kept");
    fs::rename(scratch.path("data"), &kept).unwrap();

    for harm in [
        Harm::Flip(300),
        Harm::Flip(700),
        Harm::FlipHeader,
        Harm::FlipRecord(FLUSH),
        Harm::FlipRecord(FLUSHED),
        Harm::Cut(600),
    ] {
        copy_all(&kept, &scratch.path("data"));
        harm.apply(&segment(&scratch.path("data")));
        let server = Server::try_start_with(&scratch, &project, &SMALL).unwrap();
        looks_right(&server, harm);
        server.crash();
        fs::remove_dir_all(scratch.path("data")).unwrap();
    }
}

/// Each row that was sent is there once or, when the journal says so, not at all.
fn looks_right(server: &Server, harm: Harm) {
    let admin = server.admin();
    wait_stored(&admin, "sales");
    let status = admin.get("/v0/ingestion").ok().json();
    let damage = &status["last_start"]["damage"];
    assert_ne!(damage, &Value::Array(Vec::new()), "{harm:?}: {status}");
    assert!(
        status["journal"]["damaged_segments"].as_u64() >= Some(1),
        "{harm:?}: {status}"
    );
    let log = fs::read_to_string(server.data().with_file_name("server.log")).unwrap();
    assert!(log.contains("the journal is damaged"), "{harm:?}");
    let mut seen = BTreeSet::new();
    for row in admin.sql("SELECT request, id, amount, note, count() AS n FROM sales GROUP BY ALL") {
        let request = number(&row["request"]);
        assert!((0..REQUESTS).contains(&request), "{harm:?}: {row}");
        assert_eq!(number(&row["id"]), request, "{harm:?}");
        assert_eq!(number(&row["amount"]), request, "{harm:?}");
        assert_eq!(row["note"].as_str().map(str::len), Some(200), "{harm:?}");
        let doubtful = status["last_start"]["doubtful_rows"].as_u64().unwrap();
        let is_once = number(&row["n"]) == 1;
        assert!(
            is_once || doubtful > 0,
            "{harm:?}: twice and not said: {row}"
        );
        let is_cut = matches!(harm, Harm::Cut(_));
        assert!(is_once || is_cut, "{harm:?}: {row}");
        seen.insert(request);
    }
    let lost: Vec<i64> = (0..REQUESTS).filter(|n| !seen.contains(n)).collect();
    let most = match harm {
        // One record, of one request or of none.
        Harm::Flip(_) => 1,
        Harm::FlipHeader | Harm::FlipRecord(_) => 0,
        Harm::Cut(_) => REQUESTS - STORED,
    };
    assert!(
        i64::try_from(lost.len()).unwrap() <= most,
        "{harm:?}: lost {lost:?}"
    );
    assert!(
        lost.iter().all(|n| *n >= STORED),
        "{harm:?}: stored rows are gone: {lost:?}"
    );
    // It goes on.
    admin.append("sales", row(REQUESTS)).expect(200);
}
