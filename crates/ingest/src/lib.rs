//! Ingestion: bytes become checked rows, rows become blocks, blocks reach their table.
//!
//! [`decode`] is pure: a body and a [`Schema`] give Native blocks for the data source's table and for
//! its quarantine table. It knows neither engine nor clock, so the journal keeps its result and the
//! same bytes are sent any number of times. [`Ingestion`] is the rest: acknowledge, store, recover.

mod convert;
mod decode;
mod error;
mod frame;
mod ingestion;
mod json;
pub mod limits;
mod native;
mod quarantine;
mod schema;

pub use birdhouse_engine::ErrorKind;
pub use birdhouse_journal::SYNC_TIME_BOUNDS;

pub use decode::{DecodeOptions, Decoded, Format, decode};
pub use error::DecodeError;
pub use frame::{CsvDialect, HeaderRule};
pub use ingestion::{
    AppendError, AsideError, Claim, Claimed, Counts, FlushCounters, FlushFailed, FlushObserver,
    FlushReport, Hold, HoldError, HoldMode, Ingestion, IngestionConfig, IngestionStatus, Key,
    KeyConflict, LastStop, OpenError, Operation, Origin, OriginRows, Receipt, RecoveryReport,
    SetAside, SourceName, SourceStatus, Trouble, describe_record,
};
pub use native::Block;
pub use quarantine::{QUARANTINE_SUFFIX, quarantine_columns};
pub use schema::{Column, Schema, SchemaError};
