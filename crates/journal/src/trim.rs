//! Removing what is no longer needed, from the oldest segment on.

use std::io::{self, ErrorKind};
use std::path::Path;

use tracing::{info, warn};

use crate::error::TrimError;
use crate::files::uninterrupted;
use crate::format::Lsn;
use crate::kill_point;
use crate::segments::Segment;
use crate::shared::Shared;

/// What a trim removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trimmed {
    /// Segments removed, those put aside included.
    pub segments: usize,
    /// What their files took, in bytes.
    pub bytes: u64,
    /// Damaged segments, renamed to `*.damaged` instead of removed.
    pub put_aside: usize,
}

/// Removes the segments of which all records are below `keep_from`.
pub(crate) fn trim(shared: &Shared, keep_from: Lsn) -> Result<Trimmed, TrimError> {
    let _one_at_a_time = shared.trimming.lock();
    let mut trimmed = Trimmed::default();
    while let Some(segment) = shared.segments.oldest_below(keep_from) {
        if let Some(reason) = shared.poison_reason() {
            return Err(TrimError::Poisoned {
                reason: reason.to_owned(),
            });
        }
        if shared.queue.is_closed() {
            return Err(TrimError::Closed);
        }
        remove(shared, &segment)?;
        shared.segments.remove(segment.number);
        trimmed.segments += 1;
        trimmed.bytes += segment.file_bytes;
        trimmed.put_aside += usize::from(segment.is_damaged());
    }
    if trimmed.segments > 0 {
        info!(segments = trimmed.segments, %keep_from, "journal trimmed");
    }
    Ok(trimmed)
}

/// Removes the file of a segment, or puts it aside. Each one is synced before the next goes, so that
/// the segments that are left after a crash follow each other.
fn remove(shared: &Shared, segment: &Segment) -> Result<(), TrimError> {
    let path = &segment.path;
    let failed = |operation, path: &Path, source: io::Error| {
        shared.failed(operation, path, &source);
        TrimError::Io {
            operation,
            path: path.to_owned(),
            source,
        }
    };
    kill_point!("journal.trim_before_remove");
    let (operation, result) = if segment.is_damaged() {
        let aside = segment.path_aside();
        warn!(path = %aside.display(), "damaged segment put aside");
        (
            "rename",
            uninterrupted(|| shared.files.rename(path, &aside)),
        )
    } else {
        ("remove", uninterrupted(|| shared.files.remove(path)))
    };
    match result {
        // It went when this was tried before.
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(failed(operation, path, error)),
        Ok(()) => {}
    }
    kill_point!("journal.trim_after_remove");
    let directory = &shared.config.directory;
    if let Err(error) = shared.files.sync_directory(directory) {
        shared.poison("sync directory", directory, &error);
        return Err(failed("sync directory", directory, error));
    }
    kill_point!("journal.trim_after_sync");
    Ok(())
}
