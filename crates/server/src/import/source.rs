//! Where the bytes of an import come from, unpacked, and how many of them have been read.

use std::io::{self, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::body::{Encoding, Limited};
use crate::limits::FILE_BYTES_MAX;

/// A file that is read once.
pub(crate) struct Source {
    reader: Box<dyn Read + Send>,
    progress: Progress,
}

/// How much of a file has been read, as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Progress {
    read_bytes: Arc<AtomicU64>,
    all_bytes: Option<u64>,
}

/// Counts what is read.
struct Counted<R> {
    reader: R,
    read_bytes: Arc<AtomicU64>,
}

impl Source {
    /// Returns a file that comes packed like this; `bytes` is its packed size, when known.
    ///
    /// # Errors
    /// When its first bytes cannot be read. May block.
    pub(crate) fn new(
        reader: impl Read + Send + 'static,
        encoding: Option<Encoding>,
        bytes: Option<u64>,
    ) -> io::Result<Self> {
        let progress = Progress {
            read_bytes: Arc::default(),
            all_bytes: bytes,
        };
        let counted = Counted {
            reader,
            read_bytes: Arc::clone(&progress.read_bytes),
        };
        let reader: Box<dyn Read + Send> = match encoding {
            None => Box::new(counted),
            Some(encoding) => Box::new(encoding.unpack(counted)?),
        };
        Ok(Self {
            reader: Box::new(Limited::new(reader, FILE_BYTES_MAX)),
            progress,
        })
    }

    /// Returns rows that stand for another file, whose reading is over.
    pub(crate) fn derived(reader: impl Read + Send + 'static) -> Self {
        Self {
            reader: Box::new(reader),
            progress: Progress::default(),
        }
    }

    pub(crate) fn progress(&self) -> Progress {
        self.progress.clone()
    }
}

impl Read for Source {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out)
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        self.read_bytes.fetch_add(read as u64, Ordering::Relaxed);
        Ok(read)
    }
}

impl Progress {
    /// Returns how much was read, from 0 to 99: the end is told by the job.
    pub(crate) fn percentage(&self) -> f64 {
        let read = self.read_bytes.load(Ordering::Relaxed);
        match self.all_bytes {
            Some(all) if all > 0 => {
                let thousandths = read.saturating_mul(1000) / all;
                f64::from(u32::try_from(thousandths.min(990)).unwrap_or(990)) / 10.0
            }
            _ => 0.0,
        }
    }
}
