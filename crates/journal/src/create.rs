//! A new segment: allocated, given its headers and synced under another name, then renamed.
//!
//! So a file with the name of a segment is complete, and writes to it need no space. Until the
//! rename nothing of a record depends on the file, so a failure there only means that there is no
//! new segment now.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tracing::{debug, warn};

use crate::error::FullCause;
use crate::files::{File, is_no_space, uninterrupted, write_all_at};
use crate::format::{Lsn, SEGMENT_HEADER_BYTES, SegmentHeader, segment_file_name};
use crate::kill_point;
use crate::segments::{NewSegment, Segment};
use crate::shared::{Poisoned, Shared};

/// What a file is called until it is a segment.
pub(crate) const NEW_FILE_NAME: &str = "segment.new";

/// Why there is no new segment.
pub(crate) enum CreateError {
    /// There may be one later.
    Full(FullCause),
    Poisoned,
}

impl From<Poisoned> for CreateError {
    fn from(_: Poisoned) -> Self {
        Self::Poisoned
    }
}

/// Creates a segment and makes it and its name durable.
pub(crate) fn create_segment(
    shared: &Shared,
    header: &SegmentHeader,
) -> Result<Arc<Segment>, CreateError> {
    let directory = &shared.config.directory;
    let new_path = directory.join(NEW_FILE_NAME);
    let path = directory.join(segment_file_name(header.number));
    let file = prepare(shared, &new_path, header)?;
    kill_point!("journal.segment_before_rename");
    uninterrupted(|| shared.files.rename(&new_path, &path))
        .map_err(|error| give_up(shared, "rename", &new_path, &error))?;
    kill_point!("journal.segment_after_rename");
    shared
        .files
        .sync_directory(directory)
        .map_err(|error| shared.poison("sync directory", directory, &error))?;
    kill_point!("journal.segment_after_sync");
    debug!(number = header.number, first_lsn = %header.first_lsn, "segment created");
    Ok(shared.segments.add(NewSegment {
        number: header.number,
        path,
        file,
        file_bytes: header.file_bytes,
        id: Some(header.id),
        first_lsn: header.first_lsn,
        damaged: false,
    }))
}

fn prepare(
    shared: &Shared,
    path: &Path,
    header: &SegmentHeader,
) -> Result<Arc<dyn File>, CreateError> {
    let file = uninterrupted(|| shared.files.create(path))
        .map_err(|error| refuse(shared, "create", path, &error))?;
    kill_point!("journal.segment_after_create");
    uninterrupted(|| file.allocate(header.file_bytes)).map_err(|error| {
        let cause = refuse(shared, "allocate", path, &error);
        discard(shared, path);
        cause
    })?;
    let bytes = header.encode();
    let end = header.file_bytes - SEGMENT_HEADER_BYTES as u64;
    write_all_at(&*file, &bytes, 0)
        .and_then(|()| write_all_at(&*file, &bytes, end))
        .map_err(|error| give_up(shared, "write", path, &error))?;
    file.sync_data()
        .map_err(|error| give_up(shared, "sync", path, &error))?;
    Ok(file)
}

/// Without space another segment may be possible later; any other failure is one of the disk.
fn give_up(shared: &Shared, operation: &str, path: &Path, error: &io::Error) -> CreateError {
    let cause = if is_no_space(error) {
        refuse(shared, operation, path, error)
    } else {
        shared.poison(operation, path, error).into()
    };
    discard(shared, path);
    cause
}

fn refuse(shared: &Shared, operation: &str, path: &Path, error: &io::Error) -> CreateError {
    CreateError::Full(FullCause::Disk {
        reason: shared.failed(operation, path, error),
    })
}

/// Gives the space back. What stays is emptied by the next attempt or removed by the next start.
fn discard(shared: &Shared, path: &Path) {
    if let Err(error) = uninterrupted(|| shared.files.remove(path)) {
        warn!(path = %path.display(), %error, "unfinished segment not removed");
    }
}

/// Returns the header of a new segment with a random id.
pub(crate) fn new_header(
    number: u64,
    first_lsn: Lsn,
    continues_lsn: Lsn,
    file_bytes: u64,
) -> Result<SegmentHeader, getrandom::Error> {
    Ok(SegmentHeader {
        number,
        id: getrandom::u64()?,
        first_lsn,
        continues_lsn,
        file_bytes,
    })
}
