//! What is accepted reads back equal from the engine, for every type, from JSON and from CSV.

use birdhouse_ingest::{CsvDialect, Format, HeaderRule};
use birdhouse_sql::DataType;
use serde_json::{Number, Value};

use crate::support::Fixture;
use crate::values::{Random, Sample};

const ROWS: usize = 300;

pub(crate) const TYPES: [&str; 66] = [
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Int128",
    "Int256",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "UInt128",
    "UInt256",
    "Float32",
    "Float64",
    "Decimal(9, 2)",
    "Decimal(18, 0)",
    "Decimal(38, 10)",
    "Decimal(76, 20)",
    "Bool",
    "String",
    "FixedString(8)",
    "UUID",
    "IPv4",
    "IPv6",
    "Date",
    "Date32",
    "DateTime",
    "DateTime('Asia/Tokyo')",
    "DateTime64(0)",
    "DateTime64(3)",
    "DateTime64(6, 'America/New_York')",
    "DateTime64(9)",
    "Enum8('a' = 1, 'it''s' = -5)",
    "Enum16('x' = 300, 'y' = -300)",
    "LowCardinality(String)",
    "LowCardinality(Nullable(String))",
    "LowCardinality(FixedString(4))",
    "Nullable(Int32)",
    "Nullable(String)",
    "Nullable(DateTime64(3))",
    "Nullable(UUID)",
    "Nullable(Decimal(18, 4))",
    "Nullable(Enum8('q' = 7))",
    "Array(Int64)",
    "Array(Nullable(String))",
    "Array(Array(LowCardinality(String)))",
    "Array(Tuple(UInt8, Date))",
    "Map(String, Nullable(Int16))",
    "Map(LowCardinality(String), Array(Float64))",
    "Tuple(a Int32, b Nullable(String))",
    "SimpleAggregateFunction(sum, Int64)",
    "JSON",
    "Nullable(Bool)",
    "Nullable(Int256)",
    "Nullable(UInt8)",
    "Nullable(Float64)",
    "Nullable(IPv4)",
    "Nullable(IPv6)",
    "Nullable(Date)",
    "Nullable(Date32)",
    "Nullable(DateTime)",
    "Array(Nullable(Decimal(18, 4)))",
    "Array(DateTime64(3))",
    "Array(UUID)",
    "Tuple(UInt8, Nullable(Date))",
    "SimpleAggregateFunction(max, DateTime)",
];

/// Random rows: for each type one value per row.
fn samples(seed: u64) -> Vec<Vec<Sample>> {
    let mut random = Random(seed);
    let types = TYPES.map(|name| DataType::parse(name).unwrap());
    (0..ROWS)
        .map(|_| {
            types
                .iter()
                .map(|data_type| random.sample(data_type))
                .collect()
        })
        .collect()
}

async fn fixture() -> Fixture {
    let names: Vec<String> = (0..TYPES.len()).map(|i| format!("c{i}")).collect();
    let mut columns = vec![("k", "UInt32")];
    columns.extend(names.iter().map(String::as_str).zip(TYPES));
    Fixture::new(&columns).await
}

#[track_caller]
fn assert_same(rows: &[Vec<Sample>], found: &[Vec<Value>]) {
    assert_eq!(rows.len(), found.len());
    for (samples, found) in rows.iter().zip(found) {
        for ((sample, found), type_name) in samples.iter().zip(&found[1..]).zip(TYPES) {
            assert!(
                is_same(&sample.shown, found)
                    || (type_name == "Float32" && is_same_single(&sample.shown, found)),
                "{type_name}: {sample:?} reads back as {found}"
            );
        }
    }
}

/// Floats may differ in their last place: `serde_json` reads them only that well. The exact bytes
/// are the business of unit tests.
fn is_same(expected: &Value, found: &Value) -> bool {
    match (expected, found) {
        (Value::Number(left), Value::Number(right)) => is_close(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .zip(right)
                    .all(|(left, right)| is_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(key, left)| right.get(key).is_some_and(|right| is_same(left, right)))
        }
        (left, right) => left == right,
    }
}

/// Two decimal texts may be equally close to a number of 32 bits.
fn is_same_single(expected: &Value, found: &Value) -> bool {
    let single = |value: &Value| value.to_string().parse::<f32>().ok();
    single(expected).is_some() && single(expected) == single(found)
}

fn is_close(left: &Number, right: &Number) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left == right || (left / right - 1.0).abs() < 1e-15,
        _ => false,
    }
}

#[tokio::test]
async fn json_reads_back_equal() {
    let fixture = fixture().await;
    for seed in [1, 3, 5] {
        json_of(&fixture, seed).await;
        fixture.execute("TRUNCATE TABLE ws_a.events").await;
    }
}

async fn json_of(fixture: &Fixture, seed: u64) {
    let rows = samples(seed);
    let lines = rows.iter().enumerate().map(|(k, samples)| {
        let fields = samples
            .iter()
            .enumerate()
            .map(|(i, sample)| format!("\"c{i}\": {}", sample.json));
        format!(
            "{{\"k\": {k}, {}}}\n",
            fields.collect::<Vec<_>>().join(", ")
        )
    });
    let batch = fixture.decode(lines.collect::<String>().as_bytes(), Format::Ndjson);
    assert_eq!(batch.first_fault, None);
    fixture.store(&batch).await.unwrap();
    assert_same(
        &rows,
        &fixture.rows("SELECT * FROM ws_a.events ORDER BY k").await,
    );
}

#[tokio::test]
async fn csv_reads_back_equal() {
    let fixture = fixture().await;
    for seed in [2, 4, 6] {
        csv_of(&fixture, seed).await;
        fixture.execute("TRUNCATE TABLE ws_a.events").await;
    }
}

async fn csv_of(fixture: &Fixture, seed: u64) {
    let rows = samples(seed);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for (k, samples) in rows.iter().enumerate() {
        let key = k.to_string();
        let cells =
            std::iter::once(key.as_str()).chain(samples.iter().map(|sample| sample.csv.as_str()));
        writer.write_record(cells).unwrap();
    }
    let dialect = CsvDialect {
        delimiter: Some(b','),
        quote: Some(b'"'),
        header: HeaderRule::Absent,
        ..CsvDialect::default()
    };
    let batch = fixture.decode(&writer.into_inner().unwrap(), Format::Csv(dialect));
    assert_eq!(batch.first_fault, None);
    fixture.store(&batch).await.unwrap();
    assert_same(
        &rows,
        &fixture.rows("SELECT * FROM ws_a.events ORDER BY k").await,
    );
}
