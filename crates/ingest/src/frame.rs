//! Where rows begin and end in a body.

mod chunks;
mod delimited;
mod dialect;
mod ndjson;

#[cfg(test)]
mod tests;

pub use chunks::{Chunk, Chunks};
pub(crate) use delimited::CsvLayout;
pub(crate) use dialect::Ends;
pub use dialect::{CsvDialect, HeaderRule};
pub(crate) use ndjson::{Line, lines};
