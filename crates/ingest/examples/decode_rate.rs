//! Measures how fast bodies become blocks, without journal and engine: the ceiling of ingestion.
//!
//! `cargo run --release -p birdhouse-ingest --example decode_rate [seconds per case]`

use std::error::Error;
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

use birdhouse_datafile::JsonPath;
use birdhouse_ingest::{Column, CsvDialect, DecodeOptions, Format, Schema, decode};
use birdhouse_sql::DataType;
use jiff::Timestamp;

/// Rows of one body: what a client sends at once.
const BODY_ROWS: usize = 1000;

fn main() -> Result<(), Box<dyn Error>> {
    let seconds = std::env::args().nth(1).map_or(Ok(2), |text| text.parse())?;
    let events = schema(&[
        ("timestamp", "DateTime"),
        ("event", "String"),
        ("product", "String"),
    ])?;
    let wide = schema(&[
        ("timestamp", "DateTime64(3)"),
        ("id", "UUID"),
        ("user", "UInt64"),
        ("amount", "Decimal(12, 2)"),
        ("score", "Float64"),
        ("country", "LowCardinality(String)"),
        ("tags", "Array(String)"),
        ("properties", "Map(String, String)"),
        ("note", "Nullable(String)"),
        ("missing", "String DEFAULT 'none'"),
    ])?;
    let cases = [
        ("3 columns, NDJSON", &events, event_lines(), Format::Ndjson),
        (
            "3 columns, CSV",
            &events,
            event_csv(),
            Format::Csv(CsvDialect::default()),
        ),
        ("10 columns, NDJSON", &wide, wide_lines(), Format::Ndjson),
        (
            "3 columns, NDJSON, all bad",
            &events,
            bad_lines(),
            Format::Ndjson,
        ),
    ];
    let mut out = std::io::stdout();
    for (name, schema, body, format) in cases {
        let options = DecodeOptions {
            format,
            now: Timestamp::now(),
            import_id: None,
        };
        let limit = Duration::from_secs(seconds);
        let (started, mut bodies) = (Instant::now(), 0_u32);
        while started.elapsed() < limit {
            std::hint::black_box(decode(
                schema,
                std::hint::black_box(body.as_bytes()),
                &options,
            )?);
            bodies += 1;
        }
        let rate = f64::from(bodies) / started.elapsed().as_secs_f64();
        let rows = rate * f64::from(u16::try_from(BODY_ROWS)?);
        let megabytes = rate * f64::from(u32::try_from(body.len())?) / 1e6;
        writeln!(out, "{name:<28} {rows:>10.0} rows/s {megabytes:>6.0} MB/s")?;
    }
    Ok(())
}

fn schema(columns: &[(&str, &str)]) -> Result<Schema, Box<dyn Error>> {
    let columns = columns.iter().map(|(name, declared)| {
        let (type_name, default) = match declared.split_once(" DEFAULT ") {
            Some((type_name, default)) => (type_name, Some(default.to_owned())),
            None => (*declared, None),
        };
        Ok(Column {
            name: (*name).to_owned(),
            data_type: DataType::parse(type_name)?,
            json_path: Some(JsonPath::parse(&format!("$.{name}"))?),
            default,
        })
    });
    let columns = columns.collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    Ok(Schema::new("shop", "events", columns)?)
}

fn body(mut line: impl FnMut(&mut String, usize)) -> String {
    let mut body = String::new();
    for row in 0..BODY_ROWS {
        line(&mut body, row);
        body.push('\n');
    }
    body
}

fn event(row: usize) -> &'static str {
    match row % 3 {
        0 => "view",
        1 => "cart",
        _ => "sale",
    }
}

fn event_lines() -> String {
    body(|out, row| {
        let (second, event, product) = (row % 60, event(row), row % 60);
        let _infallible = write!(
            out,
            r#"{{"timestamp":"2026-01-02 03:04:{second:02}","event":"{event}","product":"product-{product}"}}"#
        );
    })
}

fn event_csv() -> String {
    body(|out, row| {
        let (second, event, product) = (row % 60, event(row), row % 60);
        let _infallible = write!(
            out,
            "2026-01-02 03:04:{second:02},{event},product-{product}"
        );
    })
}

fn wide_lines() -> String {
    body(|out, row| {
        let second = row % 60;
        let _infallible = write!(
            out,
            r#"{{"timestamp":"2026-01-02T03:04:{second:02}.123Z","id":"11223344-5566-7788-99aa-bbccddeeff00","user":{row}1234567,"amount":{row}.99,"score":0.{row}17,"country":"ES","tags":["new","blue"],"properties":{{"a":"1","b":"two"}},"note":null,"ignored":{{"x":[1,2,3]}}}}"#
        );
    })
}

fn bad_lines() -> String {
    body(|out, row| {
        let _infallible = write!(
            out,
            r#"{{"timestamp":"yesterday","event":"view","product":"product-{row}"}}"#
        );
    })
}
