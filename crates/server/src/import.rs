//! Files into data sources: the way that uploads and jobs share.
//!
//! A file is read, unpacked, cut and decoded on a thread, and stored a chunk at a time, so that
//! memory does not grow with it. Parquet is written to disk first and read by the engine, as JSON,
//! so that its values are checked and converted as all others are.

pub(crate) mod fetch;
mod parquet;
mod source;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use birdhouse_catalog::Catalog;
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::{
    AppendOptions, Appended, DecodeOptions, ErrorKind, Format, Holds, Piece, ReplaceError,
    Replaced, Replacement, Schema, StreamError, decode_stream,
};
use birdhouse_jobs::{Block, JobContext, Jobs};
use birdhouse_telemetry::{Recorder, StoredBlock};
use jiff::Timestamp;
use tokio::sync::Semaphore;

pub(crate) use parquet::{as_json_rows, columns_of};
pub(crate) use source::Source;

use crate::app::App;
use crate::append::store_chunk;
use crate::body::api_error;
use crate::error::{ApiError, status_of_kind};
use crate::limits::UPLOADS_MAX;
use crate::operations::Operations;
use crate::spool::Spool;

/// What imports stand on.
pub struct Imports {
    /// Work that outlives its request.
    pub jobs: Jobs,
    /// Tables that are held.
    pub(crate) holds: Holds,
    pub(crate) spool: Spool,
    /// Places for uploads that are stored while their client waits.
    pub(crate) places: Semaphore,
    /// Whether URLs may lead to addresses that are not public.
    pub(crate) allows_private_urls: bool,
}

/// The format of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FileFormat {
    /// One that we read.
    Rows(Format),
    /// One that the engine reads.
    Parquet,
}

/// What happens to the rows that are there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Mode {
    /// They stay.
    Append,
    /// The new rows take their place.
    Replace {
        /// Only that of those which match, by rows that match. Checked by the guard.
        condition: Option<String>,
        /// Whether nothing may take their place.
        allows_empty: bool,
    },
}

/// One import, as asked for.
#[derive(Debug, Clone)]
pub(crate) struct Import {
    pub(crate) datasource: Arc<LiveDatasource>,
    pub(crate) format: FileFormat,
    pub(crate) mode: Mode,
    pub(crate) import_id: String,
    pub(crate) job_id: Option<String>,
    /// Id of the request that asked for it.
    pub(crate) request_id: String,
    /// Where the bytes come from: `body` or a URL.
    pub(crate) origin: String,
    /// The value of `now()` in defaults.
    pub(crate) now: Timestamp,
}

/// What an import did.
#[derive(Debug, Clone, Default)]
pub(crate) struct Imported {
    pub(crate) appended: Appended,
    pub(crate) blocks: Vec<Block>,
    pub(crate) first_fault: Option<String>,
    pub(crate) replaced: Option<Replaced>,
}

impl Imports {
    /// Takes over from the last run: its unfinished jobs become errors, its files are removed.
    ///
    /// `directory` is for files that the engine must be able to read.
    ///
    /// # Errors
    /// When the catalog or the disk fails.
    pub fn open(
        catalog: Arc<Catalog>,
        recorder: Recorder,
        directory: PathBuf,
        allows_private_urls: bool,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self {
            jobs: Jobs::open(catalog, recorder)?,
            holds: Holds::default(),
            spool: Spool::open(directory)?,
            places: Semaphore::new(UPLOADS_MAX),
            allows_private_urls,
        })
    }
}

impl Imported {
    /// Returns the good and bad rows of the file.
    pub(crate) fn add(&mut self, piece: &Piece, appended: Appended) -> Block {
        let sum = &mut self.appended;
        sum.rows += appended.rows;
        sum.quarantined_rows += appended.quarantined_rows;
        sum.written_rows += appended.written_rows;
        sum.written_bytes += appended.written_bytes;
        sum.elapsed += appended.elapsed;
        if self.first_fault.is_none() {
            self.first_fault.clone_from(&piece.decoded.first_fault);
        }
        Block {
            lines: appended.rows + appended.quarantined_rows,
            quarantine: appended.quarantined_rows,
            bytes: piece.input_bytes,
            seconds: appended.elapsed.as_secs_f64(),
        }
    }
}

impl Import {
    /// Runs the import to its end, also when the client goes away: its body fails then.
    ///
    /// # Errors
    /// When the file makes no sense or cannot be read, when the engine fails. Chunks of an append that
    /// were stored before stay; a replacement leaves everything as it was.
    pub(crate) async fn run(
        self,
        app: &Arc<App>,
        operations: Operations,
        source: Source,
        job: Option<JobContext>,
    ) -> Result<Imported, ApiError> {
        let app = Arc::clone(app);
        let task = tokio::spawn(async move {
            let mut imported = Imported::default();
            let result = self
                .bring_in(&app, source, job.as_ref(), &mut imported)
                .await;
            operations.record_import(&self, &imported, result.as_ref().err());
            result.map(|()| imported)
        });
        task.await
            .unwrap_or_else(|error| Err(ApiError::internal("an import ended badly", &error)))
    }

    async fn bring_in(
        &self,
        app: &Arc<App>,
        source: Source,
        job: Option<&JobContext>,
        imported: &mut Imported,
    ) -> Result<(), ApiError> {
        let schema = self.schema()?;
        let mut source = source;
        let format = match &self.format {
            FileFormat::Rows(format) => format.clone(),
            FileFormat::Parquet => {
                source = as_json_rows(app, source).await?;
                Format::Ndjson
            }
        };
        let file = (source, format);
        let Mode::Replace {
            condition,
            allows_empty,
        } = &self.mode
        else {
            let live = Place {
                app,
                schema: &schema,
                copy: None,
            };
            return Ok(self.pieces(file, job, imported, live).await?);
        };
        let replacement = Replacement::begin(&app.engine, &schema, condition.clone()).await?;
        let copy = Place {
            app,
            schema: &schema,
            copy: Some(&replacement),
        };
        let loaded = match self.pieces(file, job, imported, copy).await {
            // An empty file is no rows here.
            Err(Failed::Stream(StreamError::Decode(error))) if error.is_empty() => Ok(()),
            loaded => loaded.map_err(ApiError::from),
        };
        let loaded = loaded.and_then(|()| match job {
            Some(job) if !job.commit() => Err(cancelled()),
            _ => Ok(()),
        });
        if let Err(error) = loaded {
            replacement.discard().await;
            return Err(error);
        }
        let bad = imported.appended.quarantined_rows;
        match replacement.switch(&app.imports.holds, *allows_empty).await {
            Ok(replaced) => {
                imported.appended.rows = replaced.rows;
                imported.replaced = Some(replaced);
                Ok(())
            }
            Err(ReplaceError::Empty) if bad > 0 => Err(ApiError::bad_request(format!(
                "all {bad} rows of the file are in quarantine, so nothing was replaced"
            ))),
            Err(error) => Err(error.into()),
        }
    }

    /// Decodes the file and stores each piece under an id of its own.
    async fn pieces(
        &self,
        (source, format): (Source, Format),
        job: Option<&JobContext>,
        imported: &mut Imported,
        place: Place<'_>,
    ) -> Result<(), Failed> {
        let schema = self.schema()?;
        let options = DecodeOptions {
            format,
            now: self.now,
            import_id: Some(self.import_id.clone()),
        };
        let progress = source.progress();
        let mut pieces = decode_stream(source, schema, options);
        let (mut number, mut offset) = (0_u64, 0_u64);
        while let Some(piece) = pieces.recv().await {
            let piece = piece?;
            if job.is_some_and(JobContext::is_cancelled) {
                return Err(cancelled().into());
            }
            let id = format!("{}-{number}", self.import_id);
            let began = Instant::now();
            let appended = place.store(&piece, &id).await;
            let appended = appended.map_err(|error| self.after(error, imported))?;
            let mut block = imported.add(&piece, appended);
            block.seconds = began.elapsed().as_secs_f64();
            self.record_block(place.app, &block, &id, offset);
            match job {
                Some(job) => job.add_block(block, progress.percentage()),
                None => imported.blocks.push(block),
            }
            number += 1;
            offset += piece.input_bytes;
        }
        Ok(())
    }

    /// Says what is stored already when a later chunk fails.
    fn after(&self, error: ApiError, imported: &Imported) -> ApiError {
        let rows = imported.appended.rows;
        if rows == 0 || self.mode != Mode::Append {
            return error;
        }
        let message = format!(
            "{}; {rows} rows of the file were stored before",
            error.message
        );
        ApiError::new(error.status, message)
    }

    fn record_block(&self, app: &App, block: &Block, id: &str, offset: u64) {
        app.recorder.record_block(StoredBlock {
            at: Timestamp::now(),
            request_id: self.request_id.clone(),
            import_id: self.import_id.clone(),
            job_id: self.job_id.clone(),
            source: self.origin.clone(),
            block_id: id.to_owned(),
            datasource_id: self.datasource.id.clone(),
            datasource_name: self.datasource.name.clone(),
            start_offset: offset,
            end_offset: offset + block.bytes,
            rows: block.lines,
            quarantine_rows: block.quarantine,
            processing: Duration::from_secs_f64(block.seconds),
        });
    }

    fn schema(&self) -> Result<Arc<Schema>, ApiError> {
        self.datasource.schema.clone().ok_or_else(|| {
            ApiError::bad_request(format!(
                "rows cannot be brought into '{}': materialized views fill it",
                self.datasource.name
            ))
        })
    }
}

/// Where rows are stored.
#[derive(Clone, Copy)]
struct Place<'a> {
    app: &'a App,
    schema: &'a Schema,
    /// The copy of the data source that will take its place.
    copy: Option<&'a Replacement>,
}

impl Place<'_> {
    async fn store(self, piece: &Piece, id: &str) -> Result<Appended, ApiError> {
        let Some(copy) = self.copy else {
            return Ok(store_chunk(self.app, self.schema, &piece.decoded, id).await?);
        };
        let options = AppendOptions::new(id);
        Ok(copy.load(self.schema, &piece.decoded, &options).await?)
    }
}

/// Why pieces ended early.
enum Failed {
    Stream(StreamError),
    Answer(ApiError),
}

impl From<StreamError> for Failed {
    fn from(error: StreamError) -> Self {
        Self::Stream(error)
    }
}

impl From<ApiError> for Failed {
    fn from(error: ApiError) -> Self {
        Self::Answer(error)
    }
}

impl From<Failed> for ApiError {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Stream(StreamError::Decode(error)) => error.into(),
            Failed::Stream(StreamError::Read(error)) => api_error(&error),
            Failed::Stream(other) => Self::new(status_of_kind(other.kind()), other.to_string()),
            Failed::Answer(error) => error,
        }
    }
}

impl From<ReplaceError> for ApiError {
    fn from(error: ReplaceError) -> Self {
        match error {
            ReplaceError::Append(error) => error.into(),
            ReplaceError::Engine(error) => error.into(),
            other if other.kind() == ErrorKind::Internal => {
                Self::internal("a replacement failed", &other)
            }
            other => Self::new(status_of_kind(other.kind()), other.to_string()),
        }
    }
}

fn cancelled() -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "the job was cancelled")
}
