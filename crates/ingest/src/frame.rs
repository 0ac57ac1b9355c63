//! Where rows begin and end in a body.

mod delimited;
mod ndjson;

#[cfg(test)]
mod tests;

pub use delimited::{CsvDialect, HeaderRule};
pub(crate) use delimited::{CsvLayout, sniff_delimiter};
pub(crate) use ndjson::{Line, lines};
