//! A look at a journal from outside: read only, without its lock, also while it is in use.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;

use crate::damage::{Damage, TornTail};
use crate::error::OpenError;
use crate::files::{DiskFiles, File, Files};
use crate::format::{Lsn, SegmentHeader};
use crate::found::{Found, failed, find_segments};
use crate::journal::Location;
use crate::limits::SEGMENT_BYTES;
use crate::recover::{add_segments, plan};
use crate::recovery::Recovery;
use crate::segments::Segments;
use crate::settle::settle;

/// What is in the directory of a journal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The segments, oldest first.
    pub segments: Vec<SegmentReport>,
    /// Damaged segments that were put aside.
    pub put_aside: Vec<PathBuf>,
    /// What an interrupted commit left; the next start cuts it off. While the journal is in use, it
    /// may be what is being written.
    pub torn_tail: Option<TornTail>,
    /// What is lost.
    pub damage: Vec<Damage>,
    /// The number of the next record.
    pub next_lsn: Lsn,
}

/// A segment and the intact records in it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentReport {
    /// The file.
    pub file: PathBuf,
    /// Its size in bytes.
    pub file_bytes: u64,
    /// What it says about itself; none when that is damaged.
    pub header: Option<SegmentHeader>,
    /// How many records it has.
    pub records: u64,
    /// Bytes of their payloads.
    pub record_bytes: u64,
    /// The first and the last of them.
    pub lsns: Option<(Lsn, Lsn)>,
}

/// Looks at the journal in a directory. Changes nothing. Blocks while all of it is read.
///
/// # Errors
/// When a file cannot be read or has a newer format. Damage is no error.
pub fn inspect(directory: &Path) -> Result<Report, OpenError> {
    inspect_records(directory, |_, _| {})
}

/// As [`inspect`], and shows each intact record and where it is.
///
/// # Errors
/// As [`inspect`].
pub fn inspect_records(
    directory: &Path,
    mut visit: impl FnMut(Location, &Bytes),
) -> Result<Report, OpenError> {
    let names = DiskFiles
        .list(directory)
        .map_err(failed("list", directory))?;
    let found = find_segments(directory, &names, open_to_read)?;
    let ends = settle(&found, SEGMENT_BYTES)?;
    let mut segments: Vec<_> = found.iter().map(report).collect();
    let added = add_segments(&Segments::default(), &found, &ends);
    let plan = plan(found, added, &ends);
    let mut recovery = Recovery::new(plan, ends.damage).with_end(ends.next_lsn, ends.torn_tail);
    for record in recovery.records() {
        let (location, payload) = record.map_err(|error| OpenError::Io {
            operation: "read",
            path: directory.to_owned(),
            source: io::Error::other(error),
        })?;
        let number = |segment: &SegmentReport| Some(segment.header.as_ref()?.number);
        if let Some(segment) = segments
            .iter_mut()
            .find(|segment| number(segment) == Some(location.segment))
        {
            segment.records += 1;
            segment.record_bytes += payload.len() as u64;
            let first = segment.lsns.map_or(location.lsn, |(first, _)| first);
            segment.lsns = Some((first, location.lsn));
        }
        visit(location, &payload);
    }
    let mut put_aside: Vec<_> = names
        .iter()
        .filter(|name| name.ends_with(".damaged"))
        .map(|name| directory.join(name))
        .collect();
    put_aside.sort();
    Ok(Report {
        segments,
        put_aside,
        torn_tail: recovery.torn_tail,
        damage: recovery.damage,
        next_lsn: recovery.next_lsn,
    })
}

fn open_to_read(path: &Path) -> io::Result<Arc<dyn File>> {
    Ok(Arc::new(fs::File::open(path)?))
}

fn report(found: &Found) -> SegmentReport {
    SegmentReport {
        file: found.path.clone(),
        file_bytes: found.file_bytes,
        header: found.header.clone(),
        records: 0,
        record_bytes: 0,
        lsns: None,
    }
}
