//! Framing and reading of NDJSON and JSON bodies, for a data source with columns of every kind.
#![no_main]

use std::sync::LazyLock;

use birdhouse_fuzz::{check, schema};
use birdhouse_ingest::{Format, Schema};
use libfuzzer_sys::fuzz_target;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| schema(true));

fuzz_target!(|body: &[u8]| {
    check(&SCHEMA, body, Format::Ndjson);
    check(&SCHEMA, body, Format::Json);
});
