//! Rows that the engine refuses, out of the way of those behind them.
//!
//! A file holds the rows of one batch with its token, so that they can be put back later and the
//! parts of them that were stored are not stored twice.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use birdhouse_journal::kill_point;
use bytes::Bytes;
use jiff::Timestamp;
use tracing::warn;

use super::batch::Batch;
use super::flusher;
use super::record::{Operation, Origin, Outcome, Record, Rows, SourceName};
use super::recovery::aside_directory;
use super::source::Failure;
use super::{AppendError, Ingestion};

/// Rows that were set aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// The file that holds them.
    pub path: PathBuf,
    /// Rows for the data source and its quarantine.
    pub rows: u64,
}

/// Why rows were not set aside or put back. They are where they were.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AsideError {
    /// Nothing fails.
    #[error("no rows of '{}' fail to be stored at this moment", .0.datasource)]
    NotFailing(SourceName),
    /// A file could not be written or read.
    #[error("{operation} {}", .path.display())]
    Io {
        /// What was tried.
        operation: &'static str,
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is not one of ours.
    #[error("{} does not hold rows that were set aside", .0.display())]
    NotRows(PathBuf),
    /// The journal does not take them.
    #[error(transparent)]
    Append(#[from] AppendError),
}

impl Ingestion {
    /// Takes the batch that fails out of a data source's queue, into a file beside the journal, so
    /// that the rows behind it are stored. Parts of it may be stored already.
    ///
    /// Runs to its end also when the caller goes away.
    ///
    /// # Errors
    /// When nothing fails, or the file or the journal cannot be written.
    pub async fn set_aside(&self, name: &SourceName) -> Result<SetAside, AsideError> {
        let (ingestion, name) = (self.clone(), name.clone());
        self.to_the_end(async move { ingestion.take_aside(&name).await })
            .await
    }

    async fn take_aside(&self, name: &SourceName) -> Result<SetAside, AsideError> {
        let source = self.shared.source(name);
        let mut batch = source
            .take_failing()
            .ok_or_else(|| AsideError::NotFailing(name.clone()))?;
        let directory = aside_directory(&self.shared.config.directory);
        let path = directory.join(format!("{}.rows", batch.flush.token));
        let result = keep(&batch, &path);
        kill_point!("set_aside.after_file");
        let (Ok(()), Some(flush)) = (&result, batch.intent) else {
            let failed = super::FlushFailed {
                reason: "it could not be set aside".to_owned(),
                is_view: false,
            };
            source.fail(batch, failed, Failure::Refused);
            result?;
            return Err(AsideError::NotFailing(name.clone()));
        };
        let outcome = Outcome::SetAside;
        let record = Record::Flushed {
            flush,
            outcome,
            records: batch.flush.records.clone(),
        }
        .encode();
        if let Err(error) = self.shared.journal.append_control(record).await {
            // It is stored in both places now; the file must not be put back.
            fs::remove_file(&path).ok();
            let failed = super::FlushFailed {
                reason: error.to_string(),
                is_view: false,
            };
            source.fail(batch, failed, Failure::Refused);
            return Err(AppendError::from(error).into());
        }
        kill_point!("set_aside.after_outcome");
        let rows = batch.count();
        self.shared.finish(&mut batch, outcome);
        source.end(&batch);
        warn!(source = %name, rows, path = %path.display(), "rows were set aside");
        Ok(SetAside { path, rows })
    }

    /// Puts rows of a database back that were set aside, and removes the file. Returns how many.
    ///
    /// Runs to its end also when the caller goes away.
    ///
    /// # Errors
    /// When the file cannot be read, or holds rows of another database, or the journal does not take
    /// them.
    pub async fn put_back(&self, database: &str, file: &Path) -> Result<u64, AsideError> {
        let (ingestion, database, file) = (self.clone(), database.to_owned(), file.to_owned());
        self.to_the_end(async move { ingestion.take_back(&database, &file).await })
            .await
    }

    async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, AsideError>> + Send + 'static,
    ) -> Result<T, AsideError> {
        self.shared.check_open()?;
        let poisoned = |error: tokio::task::JoinError| AppendError::Poisoned {
            reason: error.to_string(),
        };
        (self.shared.appends.spawn(work).await).map_err(poisoned)?
    }

    async fn take_back(&self, database: &str, file: &Path) -> Result<u64, AsideError> {
        let path = &aside_directory(&self.shared.config.directory).join(file);
        let io = |operation| {
            move |source| AsideError::Io {
                operation,
                path: path.to_owned(),
                source,
            }
        };
        let content = Bytes::from(fs::read(path).map_err(io("read"))?);
        let rows = match Record::decode(&content) {
            Some(Record::Rows(rows)) if rows.source.database == database => rows,
            _ => return Err(AsideError::NotRows(path.to_owned())),
        };
        let count = rows.rows + rows.quarantined_rows;
        self.shared.clone().append(rows, None).await?;
        kill_point!("put_back.after_append");
        fs::remove_file(path).map_err(io("remove"))?;
        Ok(count)
    }
}

/// Returns the rows of a batch, and its token, as one record. They must have been read.
pub(super) fn joined(batch: &Batch) -> Rows {
    let rows: Vec<&Rows> = (batch.records.iter())
        .filter_map(|record| record.rows.as_deref())
        .collect();
    Rows {
        source: batch.flush.source.clone(),
        origin: Origin {
            operation: Operation::Import,
            request_id: batch.flush.token.clone(),
            import_id: None,
            at: Timestamp::now(),
        },
        key: None,
        token: Some(batch.flush.token.clone()),
        rows: rows.iter().map(|rows| rows.rows).sum(),
        quarantined_rows: rows.iter().map(|rows| rows.quarantined_rows).sum(),
        blocks: flusher::join(rows.iter().flat_map(|rows| &rows.blocks)),
        quarantine_blocks: flusher::join(rows.iter().flat_map(|rows| &rows.quarantine_blocks)),
        carried: None,
    }
}

/// Writes the rows of a batch, and its token, to a file.
fn keep(batch: &Batch, path: &Path) -> Result<(), AsideError> {
    let io = |operation, path: &Path| {
        let path = path.to_owned();
        move |source| AsideError::Io {
            operation,
            path,
            source,
        }
    };
    let directory = path.parent().unwrap_or(path);
    fs::create_dir_all(directory).map_err(io("create", directory))?;
    let partial = path.with_extension("partial");
    let write = || {
        let mut file = File::create(&partial)?;
        for part in joined(batch).encode() {
            file.write_all(&part)?;
        }
        file.sync_all()?;
        fs::rename(&partial, path)?;
        File::open(directory)?.sync_all()
    };
    write().map_err(io("write", path))
}
