//! The rows that are sent: events of the shop, for `ecomm_events`.

use std::fmt::Write;

use birdhouse_datafile::JsonPath;
use birdhouse_ingest::{Column, Schema};
use birdhouse_sql::DataType;

/// The data source.
pub(crate) const DATASOURCE: &str = "ecomm_events";

/// Its columns and their types.
const COLUMNS: &[(&str, &str)] = &[
    ("timestamp", "DateTime"),
    ("event", "String"),
    ("product", "String"),
];

/// Returns `count` rows as lines of JSON, beginning with number `first`.
pub(crate) fn ndjson(first: usize, count: usize) -> Vec<u8> {
    let mut out = String::new();
    for number in first..first + count {
        let (second, event, product) = parts(number);
        let _infallible = writeln!(
            out,
            r#"{{"timestamp":"2026-01-02 03:04:{second:02}","event":"{event}","product":"product-{product}"}}"#
        );
    }
    out.into_bytes()
}

/// Returns the same rows as CSV with a header.
pub(crate) fn csv(count: usize) -> Vec<u8> {
    let mut out = String::from("timestamp,event,product\n");
    for number in 0..count {
        let (second, event, product) = parts(number);
        let _infallible = writeln!(
            out,
            "2026-01-02 03:04:{second:02},{event},product-{product}"
        );
    }
    out.into_bytes()
}

/// Returns one event that can be found by its number.
pub(crate) fn probe(number: usize) -> Vec<u8> {
    format!(r#"{{"timestamp":"2026-01-02 03:04:05","event":"probe","product":"{number:08}"}}"#)
        .into_bytes()
}

fn parts(number: usize) -> (usize, &'static str, usize) {
    let event = match number % 10 {
        0..=6 => "view",
        7 | 8 => "cart",
        _ => "sale",
    };
    (number % 60, event, number % 61)
}

/// Returns the data source's schema, for decoding without a server.
pub(crate) fn schema() -> anyhow::Result<Schema> {
    let columns = COLUMNS.iter().map(|(name, data_type)| {
        Ok(Column {
            name: (*name).to_owned(),
            data_type: DataType::parse(data_type)?,
            json_path: Some(JsonPath::parse(&format!("$.{name}"))?),
            default: None,
        })
    });
    let columns = columns.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(Schema::new("shop", DATASOURCE, columns)?)
}
