//! What the targets share: a data source with columns of every kind, and what holds for any body.

use birdhouse_datafile::JsonPath;
use birdhouse_ingest::{Block, Column, DecodeError, DecodeOptions, Format, Schema, decode};
use birdhouse_sql::DataType;
use jiff::Timestamp;

/// Name, type, JSON path and default of the columns.
const COLUMNS: &[(&str, &str, &str, Option<&str>)] = &[
    ("at", "DateTime", "$.at", Some("now()")),
    ("ms", "DateTime64(3)", "$.ms", None),
    ("day", "Nullable(Date)", "$.day", None),
    ("id", "Nullable(UUID)", "$.id", None),
    ("n", "Int16", "$.a.n", Some("7")),
    ("big", "Nullable(UInt256)", "$.big", None),
    ("amount", "Decimal(12, 2)", "$.amount", Some("0")),
    ("score", "Nullable(Float64)", "$.score", None),
    ("name", "LowCardinality(String)", "$.name", Some("'none'")),
    ("kind", "Enum8('a' = 1, 'b' = 2)", "$.kind", Some("'a'")),
    ("tags", "Array(String)", "$.tags[:]", Some("[]")),
    ("inner", "Array(Nullable(Int32))", "$.list[:].x", Some("[]")),
    ("map", "Map(String, Array(UInt8))", "$.map", Some("map()")),
    ("pair", "Tuple(a Int8, b String)", "$.pair", Some("(0, '')")),
    ("flag", "Bool", "$.flag", Some("false")),
    ("ip", "Nullable(IPv6)", "$.ip", None),
    ("fixed", "FixedString(4)", "$.fixed", Some("''")),
    ("json", "JSON", "$.json", Some("'{}'")),
    ("all", "String", "$", None),
];

/// Returns the data source; its columns have JSON paths when rows are JSON.
pub fn schema(is_json: bool) -> Schema {
    let columns = COLUMNS
        .iter()
        .map(|(name, data_type, path, default)| Column {
            name: (*name).to_owned(),
            data_type: DataType::parse(data_type).unwrap(),
            json_path: is_json.then(|| JsonPath::parse(path).unwrap()),
            default: default.map(str::to_owned),
        })
        .collect();
    Schema::new("d", "t", columns).unwrap()
}

/// Decodes a body and checks what holds for every one: each row is in one place, twice the same.
pub fn check(schema: &Schema, body: &[u8], format: Format) {
    let options = DecodeOptions {
        format,
        now: Timestamp::UNIX_EPOCH,
        import_id: None,
    };
    let decoded = match decode(schema, body, &options) {
        Ok(decoded) => decoded,
        Err(DecodeError::Empty) => return,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            return;
        }
    };
    let rows = |blocks: &[Block]| blocks.iter().map(|block| block.rows() as u64).sum::<u64>();
    assert_eq!(rows(&decoded.blocks), decoded.rows);
    assert_eq!(rows(&decoded.quarantine_blocks), decoded.quarantined_rows);
    let again = decode(schema, body, &options).expect("a body that was fine");
    let bytes = |blocks: &[Block]| blocks.iter().map(|b| b.data().clone()).collect::<Vec<_>>();
    assert_eq!(bytes(&decoded.blocks), bytes(&again.blocks));
    assert_eq!(bytes(&decoded.quarantine_blocks), bytes(&again.quarantine_blocks));
}
