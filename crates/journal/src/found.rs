//! The segment files of a directory and what their headers say.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::decode::{SegmentError, choose_header};
use crate::error::OpenError;
use crate::files::{File, read_up_to, uninterrupted};
use crate::format::{
    RECORD_HEADER_BYTES, SEGMENT_HEADER_BYTES, SegmentHeader, segment_file_name, segment_number,
};

/// A segment file.
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) path: PathBuf,
    pub(crate) file: Arc<dyn File>,
    pub(crate) file_bytes: u64,
    /// None when both copies are damaged or belong elsewhere.
    pub(crate) header: Option<SegmentHeader>,
    pub(crate) damaged: bool,
}

impl Found {
    /// Tells whether the file ends before its end, so that records may be missing there.
    pub(crate) fn is_cut(&self) -> bool {
        self.header
            .as_ref()
            .is_some_and(|header| self.file_bytes < header.file_bytes)
    }

    /// Returns how many records may be lost with the end of the file at most, when it has the usual
    /// size.
    pub(crate) fn lost_records_max(&self, segment_bytes: u64) -> u64 {
        let bytes = match &self.header {
            Some(_) if !self.is_cut() => 0,
            Some(header) => header.file_bytes,
            None => self.file_bytes.max(segment_bytes),
        };
        bytes / RECORD_HEADER_BYTES as u64
    }

    pub(crate) fn read(&self) -> Result<Vec<u8>, OpenError> {
        let mut bytes = vec![0; usize::try_from(self.file_bytes).unwrap_or(usize::MAX)];
        let read = read_up_to(&*self.file, &mut bytes, 0).map_err(failed("read", &self.path))?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// Finds the segments among the entries of a directory, in order, and reads their headers.
pub(crate) fn find_segments(
    directory: &Path,
    names: &[String],
    open: impl Fn(&Path) -> io::Result<Arc<dyn File>>,
) -> Result<Vec<Found>, OpenError> {
    let mut numbers: Vec<u64> = names
        .iter()
        .filter_map(|name| segment_number(name))
        .collect();
    numbers.sort_unstable();
    numbers
        .into_iter()
        .map(|number| {
            let path = directory.join(segment_file_name(number));
            let file = uninterrupted(|| open(&path)).map_err(failed("open", &path))?;
            find_segment(number, path, file)
        })
        .collect()
}

fn find_segment(number: u64, path: PathBuf, file: Arc<dyn File>) -> Result<Found, OpenError> {
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

/// Puts a failure of the file system into words.
pub(crate) fn failed(operation: &'static str, path: &Path) -> impl Fn(io::Error) -> OpenError {
    move |source| OpenError::Io {
        operation,
        path: path.to_owned(),
        source,
    }
}
