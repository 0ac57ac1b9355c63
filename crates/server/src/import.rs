//! Files into data sources: the way that uploads and jobs share.
//!
//! A file is read, unpacked, cut and decoded on a thread, and stored a chunk at a time, so that
//! memory does not grow with it. Parquet is written to disk first and read by the engine, as JSON,
//! so that its values are checked and converted as all others are.

pub(crate) mod fetch;
mod parquet;
mod source;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use birdhouse_catalog::Catalog;
use birdhouse_deploy::LiveDatasource;
use birdhouse_ingest::limits::STORED_WAIT_MAX;
use birdhouse_ingest::{
    AppendError, DecodeOptions, ErrorKind, Format, LoadError, Loaded, Operation, Origin, Piece,
    Receipt, ReplaceError, Replaced, Replacement, Schema, SourceName, StreamError, decode_stream,
};
use birdhouse_jobs::{Block, JobContext, Jobs};
use birdhouse_telemetry::{Recorder, StoredBlock};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use uuid::Uuid;

pub(crate) use parquet::{as_json_rows, columns_of};
pub(crate) use source::Source;

use crate::app::{App, to_the_end};
use crate::append::not_stored;
use crate::body::api_error;
use crate::copies::interrupted::Interrupted;
use crate::error::{ApiError, status_of_kind};
use crate::limits::{CHUNKS_UNSTORED_MAX, JOURNAL_PAUSE, JOURNAL_WAIT_MAX, UPLOADS_MAX};
use crate::operations::Operations;
use crate::spool::Spool;

/// What imports stand on.
pub struct Imports {
    /// Work that outlives its request.
    pub jobs: Jobs,
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
    pub(crate) loaded: Loaded,
    pub(crate) blocks: Vec<Block>,
    pub(crate) first_fault: Option<String>,
    pub(crate) replaced: Option<Replaced>,
}

impl Imports {
    /// Takes over from the last run: its unfinished jobs end or go on, its files are removed.
    ///
    /// `directory` is for files that the engine must be able to read.
    ///
    /// # Errors
    /// When the catalog or the disk fails.
    pub fn open(
        catalog: Arc<Catalog>,
        recorder: Recorder,
        interrupted: &Interrupted,
        directory: PathBuf,
        allows_private_urls: bool,
    ) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self {
            jobs: Jobs::open(catalog, recorder, |job| interrupted.fate(job))?,
            spool: Spool::open(directory)?,
            places: Semaphore::new(UPLOADS_MAX),
            allows_private_urls,
        })
    }
}

impl Imported {
    /// Adds rows to the sums and returns them as a part of the file.
    fn add(&mut self, piece: &Piece, loaded: Loaded) -> Block {
        let sum = &mut self.loaded;
        sum.rows += loaded.rows;
        sum.quarantined_rows += loaded.quarantined_rows;
        sum.written_rows += loaded.written_rows;
        sum.written_bytes += loaded.written_bytes;
        sum.elapsed += loaded.elapsed;
        if self.first_fault.is_none() {
            self.first_fault.clone_from(&piece.decoded.first_fault);
        }
        Block {
            lines: loaded.rows + loaded.quarantined_rows,
            quarantine: loaded.quarantined_rows,
            bytes: piece.input_bytes,
            seconds: loaded.elapsed.as_secs_f64(),
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
        to_the_end(async move {
            let mut imported = Imported::default();
            let result = self
                .bring_in((&app, &operations), source, job.as_ref(), &mut imported)
                .await;
            operations.record_import(&self, &imported, result.as_ref().err());
            result.map(|()| imported)
        })
        .await
    }

    async fn bring_in(
        &self,
        (app, operations): (&Arc<App>, &Operations),
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
            let mut live = Place::new((app, operations), &schema, None);
            self.pieces(file, job, imported, &mut live).await?;
            return live.stored(&self.datasource.name).await;
        };
        let database = schema.database();
        app.refuse_while_staged(database)?;
        let replacement = Replacement::begin(
            &app.engine,
            SourceName::new(database, schema.table()),
            Uuid::now_v7(),
            condition.clone(),
        )
        .await?;
        let mut copy = Place::new((app, operations), &schema, Some(&replacement));
        let loaded = match self.pieces(file, job, imported, &mut copy).await {
            // An empty file is no rows here.
            Err(Failed::Stream(StreamError::Decode(error))) if error.is_empty() => Ok(()),
            loaded => loaded.map_err(ApiError::from),
        };
        let loaded = loaded.and_then(|()| match job {
            Some(job) if !job.commit() => Err(cancelled()),
            _ => Ok(()),
        });
        let held = match loaded {
            Ok(()) => app.hold_to_replace(&replacement, database).await,
            Err(error) => Err(error),
        };
        let hold = match held {
            Ok(hold) => hold,
            Err(error) => {
                replacement.discard().await;
                return Err(error);
            }
        };
        let bad = imported.loaded.quarantined_rows;
        let switched = replacement.switch(hold, *allows_empty, async || true).await;
        match switched {
            Ok(replaced) => {
                imported.loaded.rows = replaced.rows;
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
        place: &mut Place<'_>,
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
            let loaded = place.store(self, &piece, &id).await;
            let loaded = loaded.map_err(|error| self.after(error, imported))?;
            let mut block = imported.add(&piece, loaded);
            block.seconds = began.elapsed().as_secs_f64();
            self.record_block(place.operations, &block, &id, offset);
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
        let rows = imported.loaded.rows;
        if rows == 0 || self.mode != Mode::Append {
            return error;
        }
        let message = format!(
            "{}; {rows} rows of the file were stored before",
            error.message
        );
        ApiError::new(error.status, message)
    }

    fn record_block(&self, operations: &Operations, block: &Block, id: &str, offset: u64) {
        operations.record_block(StoredBlock {
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

/// Where rows go.
struct Place<'a> {
    app: &'a App,
    operations: &'a Operations,
    schema: &'a Schema,
    /// The copy of the data source that will take its place; none for the data source itself.
    copy: Option<&'a Replacement>,
    /// Chunks that are acknowledged, of which the engine may not have all.
    receipts: VecDeque<Receipt>,
}

impl<'a> Place<'a> {
    fn new(
        (app, operations): (&'a App, &'a Operations),
        schema: &'a Schema,
        copy: Option<&'a Replacement>,
    ) -> Self {
        Self {
            app,
            operations,
            schema,
            copy,
            receipts: VecDeque::new(),
        }
    }

    async fn store(
        &mut self,
        import: &Import,
        piece: &Piece,
        id: &str,
    ) -> Result<Loaded, ApiError> {
        if let Some(copy) = self.copy {
            return Ok(copy.load(self.schema, &piece.decoded, id).await?);
        }
        // The engine sets the pace, so that a file does not fill the journal.
        if self.receipts.len() >= CHUNKS_UNSTORED_MAX {
            self.first_stored(&import.datasource.name).await?;
        }
        let receipt = self.acknowledged(import, piece).await?;
        let counts = receipt.counts;
        self.receipts.push_back(receipt);
        Ok(Loaded {
            rows: counts.rows,
            quarantined_rows: counts.quarantined_rows,
            ..Loaded::default()
        })
    }

    /// Puts rows into the journal; waits a while when it has no room.
    async fn acknowledged(&self, import: &Import, piece: &Piece) -> Result<Receipt, ApiError> {
        let origin = Origin {
            operation: Operation::Import,
            request_id: import.request_id.clone(),
            import_id: Some(import.import_id.clone()),
            at: import.now,
        };
        let began = Instant::now();
        loop {
            let (rows, origin) = (piece.decoded.clone(), origin.clone());
            let taken = (self.app.ingestion)
                .append(self.schema, rows, origin, None)
                .await;
            match taken {
                Err(AppendError::Full { .. } | AppendError::Busy)
                    if began.elapsed() < JOURNAL_WAIT_MAX =>
                {
                    tokio::time::sleep(JOURNAL_PAUSE).await;
                }
                taken => return Ok(taken?),
            }
        }
    }

    /// Waits until all rows are in their table, or long enough: they get there in any case.
    async fn stored(&mut self, datasource: &str) -> Result<(), ApiError> {
        while !self.receipts.is_empty() {
            self.first_stored(datasource).await?;
        }
        Ok(())
    }

    async fn first_stored(&mut self, datasource: &str) -> Result<(), ApiError> {
        if let Some(receipt) = self.receipts.pop_front() {
            let stored = receipt.flushed(STORED_WAIT_MAX).await;
            stored.map_err(|failed| not_stored(datasource, &failed))?;
        }
        Ok(())
    }
}

impl From<LoadError> for ApiError {
    fn from(error: LoadError) -> Self {
        let message = match &error {
            LoadError::View { source, .. } => {
                // compat: a view that fails on rows is a 422, as for appended rows.
                let message = format!("a materialized view failed on the new rows: {source}");
                return Self::new(StatusCode::UNPROCESSABLE_ENTITY, message);
            }
            LoadError::Unavailable { .. } => "the engine is not available; try again".to_owned(),
            other => return Self::fault("rows could not be loaded", other),
        };
        Self::new(status_of_kind(error.kind()), message)
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
            ReplaceError::Load(error) => error.into(),
            ReplaceError::Engine(error) => error.into(),
            other if other.kind() == ErrorKind::Internal => {
                Self::fault("a replacement failed", &other)
            }
            other => Self::new(status_of_kind(other.kind()), other.to_string()),
        }
    }
}

fn cancelled() -> ApiError {
    ApiError::new(StatusCode::CONFLICT, "the job was cancelled")
}
