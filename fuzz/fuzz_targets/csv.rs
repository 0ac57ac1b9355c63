//! Framing and reading of CSV bodies, for a data source with columns of every kind.
//!
//! The first byte chooses the dialect.
#![no_main]

use std::sync::LazyLock;

use birdhouse_fuzz::{check, schema};
use birdhouse_ingest::{CsvDialect, Format, HeaderRule, Schema};
use libfuzzer_sys::fuzz_target;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| schema(false));

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, body)) = bytes.split_first() else {
        return;
    };
    let dialect = CsvDialect {
        delimiter: [None, Some(b','), Some(b'\t'), Some(b'"')][usize::from(choice & 3)],
        header: [HeaderRule::Detect, HeaderRule::Present, HeaderRule::Absent]
            [usize::from(choice >> 2) % 3],
        quote: [None, Some(b'\'')][usize::from(choice >> 4 & 1)],
        escape: [None, Some(b'\\')][usize::from(choice >> 5 & 1)],
        row_end: [None, Some(b';')][usize::from(choice >> 6 & 1)],
    };
    check(&SCHEMA, body, Format::Csv(dialect));
});
