//! Ingestion: bytes become checked rows, rows become blocks, blocks reach their table.
//!
//! [`decode`] is pure: a body and a [`Schema`] give Native blocks for the data source's table and for
//! its quarantine table. It knows neither engine nor clock, so the journal keeps its result and the
//! same bytes are sent any number of times. [`Ingestion`] is the rest: acknowledge, store, recover.

mod analyze;
mod convert;
mod copy;
mod decode;
mod error;
mod frame;
mod ingestion;
mod json;
pub mod limits;
mod load;
mod native;
mod quarantine;
mod replace;
mod rewrite;
mod schema;
mod stream;
mod tables;

pub use birdhouse_engine::ErrorKind;
pub use birdhouse_journal::SYNC_TIME_BOUNDS;

pub use analyze::{Analysis, AnalyzedColumn, FileKind, FoundDialect, analyze, file_kind};
pub use copy::{
    COPY_KILL_POINTS, CopyError, CopyQuery, Gathered, GatheredRows, Gathering, check_copy,
    discard_gathered, gathered,
};
pub use decode::{DecodeOptions, Decoded, Decoder, Format, decode};
pub use error::DecodeError;
pub use frame::{Chunk, Chunks, CsvDialect, HeaderRule};
pub use ingestion::{
    AppendError, AsideError, Check, CheckResult, Claim, Claimed, Counts, FlushCounters,
    FlushFailed, FlushObserver, FlushReport, Hold, HoldError, HoldMode, INGEST_KILL_POINTS,
    Ingestion, IngestionConfig, IngestionStatus, Key, KeyConflict, LastStop, OpenError, Operation,
    Origin, OriginRows, Receipt, RecoveryReport, SetAside, SourceName, SourceStatus, Trouble,
    describe_record,
};
pub use load::{LoadError, Loaded};
pub use native::Block;
pub use quarantine::{QUARANTINE_SUFFIX, quarantine_columns};
pub use replace::{
    REPLACE_KILL_POINTS, ReplaceError, Replaced, Replacement, Settled, settle_replacements,
};
pub use rewrite::{LightweightDelete, delete, delete_lightweight, matching_rows, truncate};
pub use schema::{Column, Schema, SchemaError};
pub use stream::{Piece, StreamError, decode_stream};
