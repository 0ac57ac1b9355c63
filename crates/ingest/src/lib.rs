//! Ingestion: bytes become checked rows, rows become blocks, blocks reach their table.
//!
//! [`decode`] is pure: a body and a [`Schema`] give Native blocks for the data source's table and for
//! its quarantine table. It knows neither engine nor clock, so a journal can keep its result and
//! send the same bytes any number of times. [`append`] is the thin rest: it sends the blocks.

mod analyze;
mod append;
mod convert;
mod decode;
mod error;
mod frame;
mod hold;
mod json;
mod kill_point;
pub mod limits;
mod native;
mod quarantine;
mod replace;
mod rewrite;
mod schema;
mod stream;
mod tables;

pub use birdhouse_engine::ErrorKind;

pub use analyze::{Analysis, AnalyzedColumn, FileKind, FoundDialect, analyze, file_kind};
pub use append::{AppendError, AppendOptions, Appended, append};
pub use decode::{DecodeOptions, Decoded, Decoder, Format, decode};
pub use error::DecodeError;
pub use frame::{Chunk, Chunks, CsvDialect, HeaderRule};
pub use hold::{Hold, Holds, Inserting};
pub use native::Block;
pub use quarantine::{QUARANTINE_SUFFIX, quarantine_columns};
pub use replace::{ReplaceError, Replaced, Replacement, settle_replacements};
pub use rewrite::{LightweightDelete, delete, delete_lightweight, matching_rows, truncate};
pub use schema::{Column, Schema, SchemaError};
pub use stream::{Piece, StreamError, decode_stream};
