//! Looking at a journal from outside.

use std::os::unix::fs::FileExt;
use std::sync::Arc;

use birdhouse_journal::{DiskFiles, Journal, JournalConfig, Lsn, inspect, inspect_records};
use bytes::Bytes;

#[tokio::test]
async fn a_look_tells_what_is_there_and_changes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let config = JournalConfig {
        segment_bytes: 4096,
        bytes_max: 64 * 4096,
        ..JournalConfig::new(directory.path())
    };
    let (journal, _) = Journal::open(config, Arc::new(DiskFiles)).unwrap();
    for n in 0..20_u8 {
        journal
            .append(vec![Bytes::from(vec![n + 1; 1000])])
            .await
            .unwrap();
    }
    // While it is in use.
    let mut seen = Vec::new();
    let report = inspect_records(directory.path(), |location, payload| {
        seen.push((location.lsn.0, payload.clone()));
    })
    .unwrap();
    let expected: Vec<_> = (1..=20_u8)
        .map(|n| (u64::from(n), Bytes::from(vec![n; 1000])))
        .collect();
    assert_eq!(seen, expected);
    assert_eq!((report.next_lsn, report.damage.len()), (Lsn(21), 0));
    let records: u64 = report.segments.iter().map(|segment| segment.records).sum();
    assert_eq!((report.segments.len(), records), (7, 20));
    journal.close().await;

    let damaged = &report.segments[1].file;
    let file = std::fs::File::options().write(true).open(damaged).unwrap();
    file.write_all_at(b"?", 200).unwrap();
    let before = std::fs::read(damaged).unwrap();
    let report = inspect(directory.path()).unwrap();
    assert_eq!(
        report.damage[0].to_string(),
        format!(
            "{}: 1032 bytes at 64 are damaged, record 4 is lost",
            damaged.display()
        )
    );
    assert_eq!(report.segments[1].lsns, Some((Lsn(5), Lsn(6))));
    assert_eq!(std::fs::read(damaged).unwrap(), before);
}
