//! Opening a journal: finds its segments, settles the end of the last one, and says where to go on.
//!
//! The end of the last segment may be torn. It is overwritten with zeros, durably, before anything
//! new is written, so that a later record can never join with what an earlier crash left. Records
//! of the last commit are written once more: a sync that failed before the restart may have left
//! them in the system's memory only, marked as written.

use std::any::Any;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use tracing::{info, warn};

use crate::config::JournalConfig;
use crate::create::NEW_FILE_NAME;
use crate::error::OpenError;
use crate::files::{Files, uninterrupted, write_all_at};
use crate::format::segment_file_name;
use crate::found::{Found, failed, find_segments};
use crate::kill_point;
use crate::recovery::{Planned, Recovery};
use crate::segments::{NewSegment, Segment, Segments};
use crate::settle::{Ends, settle};
use crate::shared::Shared;
use crate::writer::{Active, Position, Writer};

/// Name of the file that is locked.
pub(crate) const LOCK_FILE_NAME: &str = "lock";

/// Opens or creates a journal.
pub(crate) fn open(
    config: JournalConfig,
    files: Arc<dyn Files>,
) -> Result<(Writer, Arc<Shared>, Recovery), OpenError> {
    config.check()?;
    let lock = prepare_directory(&config.directory, &*files)?;
    let names = uninterrupted(|| files.list(&config.directory))
        .map_err(failed("list", &config.directory))?;
    let found = find_segments(&config.directory, &names, |path| files.open(path))?;
    let shared = Arc::new(Shared::new(config, files, lock));
    let mut ends = settle(&found, shared.config.segment_bytes)?;
    if let (Some(last), Some((offset, bytes))) = (found.last(), ends.repair.take()) {
        write_repair(last, offset, &bytes)?;
    }
    if let Some(torn) = &ends.torn_tail {
        warn!(%torn, "torn tail cut off");
    }

    let segments = add_segments(&shared.segments, &found, &ends);
    let position = position(&found, &ends, segments.last());
    let recovery = Recovery::new(plan(found, segments, &ends), ends.damage)
        .with_end(position.next_lsn, ends.torn_tail);
    info!(
        segments = recovery.segment_count(),
        next_lsn = %position.next_lsn,
        "journal opened"
    );
    Ok((Writer::new(shared.clone(), position), shared, recovery))
}

/// Creates and locks the directory and removes what an unfinished creation left.
fn prepare_directory(
    directory: &Path,
    files: &dyn Files,
) -> Result<Box<dyn Any + Send + Sync>, OpenError> {
    uninterrupted(|| files.create_directory(directory))
        .map_err(failed("create directory", directory))?;
    let parent = directory
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    files
        .sync_directory(parent)
        .map_err(failed("sync directory", parent))?;
    let lock_path = directory.join(LOCK_FILE_NAME);
    let lock = uninterrupted(|| files.lock(&lock_path)).map_err(|error| {
        if error.kind() == ErrorKind::WouldBlock {
            OpenError::Locked {
                directory: directory.to_owned(),
            }
        } else {
            failed("lock", &lock_path)(error)
        }
    })?;
    let new_path = directory.join(NEW_FILE_NAME);
    match uninterrupted(|| files.remove(&new_path)) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(failed("remove", &new_path)(error));
        }
        _ => {}
    }
    // What an earlier process renamed may not be on disk yet.
    files
        .sync_directory(directory)
        .map_err(failed("sync directory", directory))?;
    Ok(lock)
}

fn write_repair(last: &Found, offset: u64, bytes: &[u8]) -> Result<(), OpenError> {
    kill_point!("journal.recovery_before_cut");
    write_all_at(&*last.file, bytes, offset).map_err(failed("write", &last.path))?;
    last.file.sync_data().map_err(failed("sync", &last.path))?;
    kill_point!("journal.recovery_after_cut");
    Ok(())
}

pub(crate) fn add_segments(segments: &Segments, found: &[Found], ends: &Ends) -> Vec<Arc<Segment>> {
    let mut first_lsn = ends.next_lsn;
    let mut added: Vec<_> = found
        .iter()
        .rev()
        .map(|found| {
            if let Some(header) = &found.header {
                first_lsn = header.first_lsn;
            }
            segments.add(NewSegment {
                number: found.number,
                path: found.path.clone(),
                file: found.file.clone(),
                file_bytes: found.file_bytes,
                id: found.header.as_ref().map(|header| header.id),
                first_lsn,
                damaged: found.damaged,
            })
        })
        .collect();
    added.reverse();
    if let Some(last) = added.last().filter(|_| !ends.damage.is_empty()) {
        last.mark_damaged();
    }
    added
}

fn position(found: &[Found], ends: &Ends, last: Option<&Arc<Segment>>) -> Position {
    // What is damaged is left alone.
    let usable = last.filter(|_| ends.damage.is_empty());
    let active = usable.and_then(|segment| {
        Some(Active {
            segment: segment.clone(),
            id: segment.id?,
            offset: ends.last_end?,
        })
    });
    Position {
        active,
        next_number: found.last().map_or(1, |last| last.number + 1),
        end_lsn: ends.end_lsn,
        next_lsn: ends.next_lsn,
    }
}

/// Returns what is to be read back: segments, and what is known to be lost between them.
pub(crate) fn plan(found: Vec<Found>, segments: Vec<Arc<Segment>>, ends: &Ends) -> Vec<Planned> {
    let mut plan = Vec::new();
    let mut next_number = None;
    let last_number = found.last().map(|last| last.number);
    for (found, segment) in found.into_iter().zip(segments) {
        for number in next_number.unwrap_or(found.number)..found.number {
            plan.push(Planned::Lost {
                file: segment.path.with_file_name(segment_file_name(number)),
                bytes: 0,
            });
        }
        next_number = Some(found.number + 1);
        let cut = found.is_cut();
        let is_last = last_number == Some(found.number);
        plan.push(match found.header {
            Some(header) => Planned::Segment {
                header,
                cut,
                settled_end: ends.last_end.filter(|_| is_last),
                segment,
            },
            None => Planned::Lost {
                file: found.path,
                bytes: found.file_bytes,
            },
        });
    }
    plan
}
