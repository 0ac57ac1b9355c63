//! Opening a journal: finds its segments, settles the end of the last one, and says where to go on.
//!
//! The end of the last segment may be torn. It is overwritten with zeros, durably, before anything
//! new is written, so that a later record can never join with what an earlier crash left. Records
//! of the last commit are written once more: a sync that failed before the restart may have left
//! them in the system's memory only, marked as written.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::{info, warn};

use crate::config::JournalConfig;
use crate::create::NEW_FILE_NAME;
use crate::damage::{Damage, Missing, TornTail};
use crate::decode::{Scan, SegmentError, Settled, choose_header, scan};
use crate::error::OpenError;
use crate::files::{File, Files, read_up_to, uninterrupted, write_all_at};
use crate::format::{
    Lsn, RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader, segment_file_name,
    segment_number,
};
use crate::kill_point;
use crate::recovery::{Planned, Recovery};
use crate::segments::{NewSegment, Segment};
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
    let found = find_segments(&config.directory, &*files)?;
    let shared = Arc::new(Shared::new(config, files, lock));
    let ends = settle(&shared, &found)?;

    let segments = add_segments(&shared, &found, &ends);
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
) -> Result<Box<dyn std::any::Any + Send + Sync>, OpenError> {
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

fn failed(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Io {
        operation,
        path: path.to_owned(),
        source,
    }
}

/// A segment file.
struct Found {
    number: u64,
    path: PathBuf,
    file: Arc<dyn File>,
    file_bytes: u64,
    /// None when both copies are damaged or belong elsewhere.
    header: Option<SegmentHeader>,
    damaged: bool,
}

impl Found {
    /// Tells whether the file ends before its end, so that records may be missing there.
    fn is_cut(&self) -> bool {
        self.header
            .as_ref()
            .is_some_and(|header| self.file_bytes < header.file_bytes)
    }

    /// Returns how many records the file may have held at most.
    fn records_max(&self) -> u64 {
        let bytes = self.header.as_ref().map_or(0, |header| header.file_bytes);
        bytes.max(self.file_bytes) / RECORD_HEADER_BYTES as u64
    }

    fn read(&self) -> Result<Vec<u8>, OpenError> {
        let mut bytes = vec![0; usize::try_from(self.file_bytes).unwrap_or(usize::MAX)];
        let read = read_up_to(&*self.file, &mut bytes, 0).map_err(failed("read", &self.path))?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

fn find_segments(directory: &Path, files: &dyn Files) -> Result<Vec<Found>, OpenError> {
    let names = uninterrupted(|| files.list(directory)).map_err(failed("list", directory))?;
    let mut numbers: Vec<u64> = names
        .iter()
        .filter_map(|name| segment_number(name))
        .collect();
    numbers.sort_unstable();
    numbers
        .into_iter()
        .map(|number| find_segment(directory, files, number))
        .collect()
}

fn find_segment(directory: &Path, files: &dyn Files, number: u64) -> Result<Found, OpenError> {
    let path = directory.join(segment_file_name(number));
    let file = uninterrupted(|| files.open(&path)).map_err(failed("open", &path))?;
    let file_bytes = uninterrupted(|| file.size()).map_err(failed("read size of", &path))?;
    let end_offset = file_bytes.saturating_sub(SEGMENT_HEADER_BYTES as u64);
    let [mut start, mut end] = [[0; SEGMENT_HEADER_BYTES]; 2];
    read_up_to(&*file, &mut start, 0).map_err(failed("read", &path))?;
    read_up_to(&*file, &mut end, end_offset).map_err(failed("read", &path))?;
    let (header, damaged) = match choose_header(&start, &end, file_bytes) {
        Ok((header, damaged)) if header.number == number => (Some(header), damaged),
        Ok(_) | Err(SegmentError::NoHeader) => (None, true),
        Err(SegmentError::Newer { version }) => {
            return Err(OpenError::Newer {
                file: path,
                version,
            });
        }
    };
    Ok(Found {
        number,
        path,
        file,
        file_bytes,
        header,
        damaged,
    })
}

/// What is known of the end of a journal.
struct Ends {
    /// The number after the last record that is known.
    end_lsn: Lsn,
    /// The number of the next record.
    next_lsn: Lsn,
    /// Where the next record would go in the last segment, and whether it may.
    last_end: u64,
    last_usable: bool,
    damage: Vec<Damage>,
    torn_tail: Option<TornTail>,
}

/// Reads the last segment that has a header, and the end of the journal from it.
fn settle(shared: &Shared, found: &[Found]) -> Result<Ends, OpenError> {
    let readable = found
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, found)| Some((index, found, found.header.as_ref()?)));
    let Some((index, last, header)) = readable else {
        // Without any header only the number of files says how far the numbers may have come.
        let used = found.last().map_or(0, |last| {
            let bytes = last.file_bytes.max(shared.config.segment_bytes);
            (last.number + 1).saturating_mul(bytes / RECORD_HEADER_BYTES as u64)
        });
        return Ok(Ends {
            end_lsn: Lsn(1),
            next_lsn: Lsn(used + 1),
            last_end: 0,
            last_usable: false,
            damage: Vec::new(),
            torn_tail: None,
        });
    };
    let lost: u64 = found
        .iter()
        .skip(index)
        .filter(|found| found.is_cut() || found.header.is_none())
        .map(Found::records_max)
        .sum();
    let mut bytes = last.read()?;
    let scan = scan(&bytes, header);
    if index + 1 < found.len() {
        // Its damage is found when it is read again.
        let end_lsn = scan.settle_sealed(header, header.first_lsn).next_lsn;
        return Ok(Ends {
            end_lsn,
            next_lsn: Lsn(end_lsn.0 + lost),
            last_end: 0,
            last_usable: false,
            damage: Vec::new(),
            torn_tail: None,
        });
    }
    let settled = scan.settle_last(header);
    repair_end(last, &mut bytes, &scan, &settled)?;
    let damage = damage_of_last(last, &settled);
    let torn_tail = settled.torn.map(|torn| TornTail {
        file: last.path.clone(),
        offset: torn.bytes.start,
        bytes: torn.bytes.end - torn.bytes.start,
        whole_records: torn.records,
    });
    if let Some(torn) = &torn_tail {
        warn!(%torn, "torn tail cut off");
    }
    Ok(Ends {
        end_lsn: settled.next_lsn,
        next_lsn: Lsn(settled.next_lsn.0 + lost),
        last_end: settled.end,
        last_usable: damage.is_empty(),
        damage,
        torn_tail,
    })
}

/// Makes the last commit durable, as far as it is whole, and overwrites what is torn.
fn repair_end(
    last: &Found,
    bytes: &mut [u8],
    scan: &Scan,
    settled: &Settled,
) -> Result<(), OpenError> {
    let whole_from = scan.unproven_from(settled);
    let torn = settled.torn.as_ref().map(|torn| torn.bytes.clone());
    let Some(from) = whole_from.or(torn.as_ref().map(|torn| torn.start)) else {
        return Ok(());
    };
    let to = torn.as_ref().map_or(settled.end, |torn| torn.end);
    let position = |offset: u64| usize::try_from(offset).unwrap_or(usize::MAX);
    if let Some(torn) = torn
        && let Some(torn) = bytes.get_mut(position(torn.start)..position(torn.end))
    {
        torn.fill(0);
    }
    kill_point!("journal.recovery_before_cut");
    let rewritten = bytes
        .get(position(from)..position(to).min(bytes.len()))
        .unwrap_or_default();
    write_all_at(&*last.file, rewritten, from).map_err(failed("write", &last.path))?;
    last.file.sync_data().map_err(failed("sync", &last.path))?;
    kill_point!("journal.recovery_after_cut");
    Ok(())
}

fn damage_of_last(last: &Found, settled: &Settled) -> Vec<Damage> {
    let mut damage: Vec<_> = settled
        .damage
        .iter()
        .map(|missing| Damage::records(&last.path, missing))
        .collect();
    if last.damaged {
        damage.push(Damage {
            file: last.path.clone(),
            offset: 0,
            bytes: last.file_bytes,
            missing: if last.is_cut() {
                Missing::From(settled.next_lsn)
            } else {
                Missing::Nothing
            },
        });
    }
    damage
}

fn add_segments(shared: &Shared, found: &[Found], ends: &Ends) -> Vec<Arc<Segment>> {
    let mut first_lsn = ends.next_lsn;
    let mut segments: Vec<_> = found
        .iter()
        .rev()
        .map(|found| {
            if let Some(header) = &found.header {
                first_lsn = header.first_lsn;
            }
            shared.segments.add(
                &shared.config.directory,
                NewSegment {
                    number: found.number,
                    file: found.file.clone(),
                    file_bytes: found.file_bytes,
                    id: found.header.as_ref().map(|header| header.id),
                    first_lsn,
                    damaged: found.damaged,
                },
            )
        })
        .collect();
    segments.reverse();
    if let Some(last) = segments.last().filter(|_| !ends.damage.is_empty()) {
        last.mark_damaged();
    }
    segments
}

fn position(found: &[Found], ends: &Ends, last: Option<&Arc<Segment>>) -> Position {
    let active = last.filter(|_| ends.last_usable).and_then(|segment| {
        Some(Active {
            segment: segment.clone(),
            id: segment.id?,
            offset: ends.last_end,
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
fn plan(found: Vec<Found>, segments: Vec<Arc<Segment>>, ends: &Ends) -> Vec<Planned> {
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
                settled_end: is_last.then_some(ends.last_end),
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
