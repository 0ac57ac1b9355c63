//! Bodies, good and bad. Blocks are shown by a small reader for the types used here.

use birdhouse_sql::DataType;
use proptest::prelude::*;

use super::*;
use crate::frame::HeaderRule;
use birdhouse_datafile::JsonPath;

use crate::schema::Column;

fn schema(columns: &[(&str, &str, Option<&str>)]) -> Schema {
    let columns = columns.iter().map(|(name, declared, path)| {
        let (type_name, default) = match declared.split_once(" DEFAULT ") {
            Some((type_name, default)) => (type_name, Some(default.to_owned())),
            None => (*declared, None),
        };
        Column {
            name: (*name).to_owned(),
            data_type: DataType::parse(type_name).unwrap(),
            json_path: path.map(|path| JsonPath::parse(path).unwrap()),
            default,
        }
    });
    Schema::new("shop", "events", columns.collect()).unwrap()
}

fn events() -> Schema {
    schema(&[
        ("timestamp", "DateTime", Some("$.timestamp")),
        ("event", "String", Some("$.event")),
        ("n", "Int16 DEFAULT 7", Some("$.n")),
    ])
}

fn options(format: Format) -> DecodeOptions {
    DecodeOptions {
        format,
        now: "2026-01-02T03:04:05.678Z".parse().unwrap(),
        import_id: None,
    }
}

fn ndjson(schema: &Schema, body: &[u8]) -> Result<Decoded, DecodeError> {
    decode(schema, body, &options(Format::Ndjson))
}

fn csv(schema: &Schema, body: &[u8]) -> Result<Decoded, DecodeError> {
    decode(schema, body, &options(Format::Csv(CsvDialect::default())))
}

/// Shows everything: rows, then bad rows.
fn show(decoded: &Decoded) -> String {
    let mut shown = String::new();
    for block in &decoded.blocks {
        shown += &format!(
            "rows of ({})\n{}",
            block.columns().join(", "),
            show_block(block)
        );
    }
    for block in &decoded.quarantine_blocks {
        shown += &format!("quarantine\n{}", show_block(block));
    }
    shown + &format!("{} good, {} bad", decoded.rows, decoded.quarantined_rows)
}

fn show_block(block: &Block) -> String {
    let mut reader = Reader(block.data());
    let (columns, rows) = (reader.varint(), reader.varint());
    assert_eq!((columns, rows), (block.columns().len(), block.rows()));
    let cells: Vec<Vec<String>> = (0..columns)
        .map(|_| {
            reader.string();
            let type_name = reader.string();
            reader.column(&type_name, rows)
        })
        .collect();
    assert!(reader.0.is_empty(), "bytes are left over");
    (0..rows)
        .map(|row| {
            let row: Vec<_> = cells.iter().map(|column| column[row].as_str()).collect();
            format!("  {}\n", row.join(" | "))
        })
        .collect()
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn take(&mut self, len: usize) -> Vec<u8> {
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        taken.to_vec()
    }

    fn varint(&mut self) -> usize {
        let mut value = 0;
        for shift in (0..).step_by(7) {
            let byte = self.take(1)[0];
            value |= usize::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                break;
            }
        }
        value
    }

    fn string(&mut self) -> String {
        let len = self.varint();
        String::from_utf8(self.take(len)).unwrap()
    }

    fn column(&mut self, type_name: &str, rows: usize) -> Vec<String> {
        if let Some(inner) = type_name.strip_prefix("Nullable(") {
            let nulls = self.take(rows);
            let values = self.column(inner.strip_suffix(')').unwrap(), rows);
            let shown =
                |(null, value): (u8, String)| if null == 1 { "NULL".to_owned() } else { value };
            return nulls.into_iter().zip(values).map(shown).collect();
        }
        if let Some(inner) = type_name.strip_prefix("Array(") {
            let ends: Vec<usize> = (0..rows)
                .map(|_| self.number(8))
                .map(|end| usize::try_from(end).unwrap())
                .collect();
            let values = self.column(
                inner.strip_suffix(')').unwrap(),
                ends.last().copied().unwrap_or(0),
            );
            let starts = std::iter::once(0).chain(ends.iter().copied());
            return starts
                .zip(&ends)
                .map(|(start, end)| format!("{:?}", &values[start..*end]))
                .collect();
        }
        let width = match type_name {
            "String" => return (0..rows).map(|_| self.string()).collect(),
            "UUID" => {
                return (0..rows)
                    .map(|_| format!("{} bytes", self.take(16).len()))
                    .collect();
            }
            "DateTime" => 4,
            "Int16" | "Date" => 2,
            "Int64" | "DateTime64(3)" => 8,
            other => panic!("no reader for {other}"),
        };
        (0..rows).map(|_| self.number(width).to_string()).collect()
    }

    fn number(&mut self, width: usize) -> i64 {
        let mut bytes = self.take(width);
        let negative = bytes[width - 1] >= 0x80 && width != 4;
        bytes.resize(8, if negative { 0xFF } else { 0 });
        i64::from_le_bytes(bytes.try_into().unwrap())
    }
}

#[test]
fn good_rows_become_a_block_and_bad_ones_go_to_quarantine() {
    let body = br#"{"timestamp":"2024-01-02 03:04:05","event":"view","n":1}
{"timestamp":"2024-01-02T03:04:06Z","event":5}

{"timestamp":"yesterday","n":70000}
{"timestamp":1704164647,"event":"sale","extra":[1,{"a":2}]}
"#;
    insta::assert_snapshot!(show(&ndjson(&events(), body).unwrap()));
}

#[test]
fn a_line_that_is_not_json_is_kept_whole() {
    let body = b"{\"timestamp\":1,\"event\":\"a\"}\n\ndrop table victim\n{\"timestamp\":1,\"event\":\n\xFF\xFE\n5\n{\"timestamp\":2,\"event\":\"b\"}; drop table x\n{\"timestamp\":3,\"event\":\"c\x00\"}";
    insta::assert_snapshot!(show(&ndjson(&events(), body).unwrap()));
}

#[test]
fn bodies_without_any_row_are_refused() {
    let events = events();
    let message = |body: &[u8]| ndjson(&events, body).unwrap_err().to_string();
    let shown = [
        &b""[..],
        b" \r\n\t\n",
        b"\xEF\xBB\xBF",
        b"hello",
        b"{\"timestamp\":1",
        b"1\n2",
        b"\xFF\xFE\xFD",
        b"\x00\x00",
        b"{\n\"a\":}",
    ]
    .map(message)
    .join("\n");
    insta::assert_snapshot!(shown);
    let plain = schema(&[("a", "String", None)]);
    insta::assert_snapshot!(ndjson(&plain, b"{}").unwrap_err());
}

#[test]
fn one_document_is_one_row_and_an_array_is_many() {
    let events = events();
    let pretty = b"\xEF\xBB\xBF{\r\n  \"timestamp\": 1,\r\n  \"event\": \"a\"\r\n}\r\n";
    let array = b"[\n{\"timestamp\":1,\"event\":\"a\"},\n{\"timestamp\":2,\"event\":\"b\"}, 5\n]";
    let mut shown = String::new();
    for body in [&pretty[..], array] {
        for format in [Format::Ndjson, Format::Json] {
            shown += &show(&decode(&events, body, &options(format)).unwrap());
            shown += "\n";
        }
    }
    insta::assert_snapshot!(shown);
    let empty = decode(&events, b"[]", &options(Format::Json)).unwrap();
    assert_eq!((empty.rows, empty.quarantined_rows), (0, 0));
    let message = |body| {
        decode(&events, body, &options(Format::Json))
            .unwrap_err()
            .to_string()
    };
    insta::assert_snapshot!(
        [&b"{}\n{}"[..], b"5", b"{\"a\":", b"\xFF"]
            .map(message)
            .join("\n")
    );
}

#[test]
fn missing_values_get_default_then_null_then_quarantine() {
    let schema = schema(&[
        ("required", "String", Some("$.required")),
        ("optional", "Nullable(String)", Some("$.optional")),
        ("text", "String DEFAULT 'it''s'", Some("$.text")),
        ("at", "DateTime64(3) DEFAULT now64()", Some("$.at")),
        ("day", "Date DEFAULT today()", Some("$.day")),
        ("id", "UUID DEFAULT generateUUIDv4()", Some("$.id")),
        ("zero", "DateTime64(3) DEFAULT ''", Some("$.zero")),
        ("tags", "Array(String) DEFAULT []", Some("$.tags[:]")),
    ]);
    let body = br#"{"required":"a"}
{"required":"b","optional":null,"text":null,"at":null,"day":"2024-01-01"}
{"required":"c","optional":"","text":"t","tags":["x","y"]}
{"required":null}
{}"#;
    insta::assert_snapshot!(show(&ndjson(&schema, body).unwrap()));
}

#[test]
fn rows_that_leave_a_column_to_the_engine_have_their_own_block() {
    let schema = schema(&[
        ("a", "Int16", Some("$.a")),
        ("b", "Int16 DEFAULT a + 1", Some("$.b")),
        ("c", "String DEFAULT upper('x')", Some("$.c")),
        ("only_engine", "AggregateFunction(count, UInt64)", None),
    ]);
    let body = br#"{"a":1}
{"a":2,"b":3,"c":"x"}
{"a":4,"c":"y"}
{"a":5}
{"a":"bad"}"#;
    insta::assert_snapshot!(show(&ndjson(&schema, body).unwrap()));
    let nothing = self::schema(&[("b", "Int16 DEFAULT rand()", Some("$.b"))]);
    insta::assert_snapshot!(show(&ndjson(&nothing, b"{}").unwrap()));
}

#[test]
fn paths_reach_into_arrays() {
    let schema = schema(&[
        ("names", "Array(String)", Some("$.items[:].name")),
        ("first", "Nullable(Int16)", Some("$.items[0].n")),
        ("ns", "Array(Nullable(Int16))", Some("$.items[:].n")),
        ("whole", "String", Some("$")),
    ]);
    let body = br#"{"items":[{"name":"a","n":1},{"name":"b"}]}
{"items":[]}
{"items":{"name":"a"}}
{"items":[{"n":1}]}
{}"#;
    insta::assert_snapshot!(show(&ndjson(&schema, body).unwrap()));
}

#[test]
fn csv_takes_columns_by_name_or_position() {
    let schema = schema(&[
        ("id", "Int64", None),
        ("name", "String", None),
        ("n", "Nullable(Int16)", None),
    ]);
    let shown = [
        &b"id,name,n\n1,a,2\n2,\"b, \"\"c\"\"\",\n"[..],
        b"n;extra;name;id\n1;x;a;7\n",
        b"1,a,2\r\n2,,\\N\r\n\r\n3,c,4",
        b"\xEF\xBB\xBFname\tid\nx\t5",
    ]
    .map(|body| show(&csv(&schema, body).unwrap()))
    .join("\n");
    insta::assert_snapshot!(shown);
}

#[test]
fn columns_of_the_engine_are_not_in_csv_rows() {
    let schema = schema(&[
        ("id", "Int64", None),
        ("state", "AggregateFunction(count, UInt64)", None),
        ("name", "String", None),
    ]);
    let shown = [&b"1,a"[..], b"name,state,id\na,ignored,1"]
        .map(|body| show(&csv(&schema, body).unwrap()))
        .join("\n");
    insta::assert_snapshot!(shown);
}

#[test]
fn bad_csv_rows_go_to_quarantine() {
    let schema = schema(&[
        ("id", "Int64", None),
        ("x", "Int16", None),
        ("tags", "Array(String) DEFAULT []", None),
    ]);
    let body = b"1,2,['a']\n1,\n,,\nx,70000,[\n1,2,\n\r\n\n1,2,[],4\n\xFF,1,2\n7,7,\"never closed";
    insta::assert_snapshot!(show(&csv(&schema, body).unwrap()));
}

#[test]
fn a_header_can_be_ruled_in_or_out() {
    let schema = schema(&[("id", "String", None)]);
    let rows = |header| {
        let dialect = CsvDialect {
            delimiter: Some(b','),
            header,
            ..CsvDialect::default()
        };
        decode(&schema, b"id\nx\n", &options(Format::Csv(dialect)))
            .unwrap()
            .rows
    };
    assert_eq!(
        [HeaderRule::Detect, HeaderRule::Present, HeaderRule::Absent].map(rows),
        [1, 1, 2]
    );
}

#[test]
fn the_import_is_named_in_quarantine() {
    let mut options = options(Format::Ndjson);
    options.import_id = Some("01ABC".to_owned());
    let decoded = decode(&events(), b"{\"n\":1}", &options).unwrap();
    assert!(show(&decoded).contains("01ABC"), "{}", show(&decoded));
    assert_eq!(
        decoded.first_fault.as_deref(),
        Some("column 'timestamp' has no value; it is not Nullable and has no DEFAULT")
    );
}

#[test]
fn long_values_are_cut_in_errors_only() {
    let body = format!(r#"{{"timestamp":"{}","event":"x"}}"#, "ä".repeat(1000));
    let decoded = ndjson(&events(), body.as_bytes()).unwrap();
    let shown = show(&decoded);
    assert!(shown.contains(&"ä".repeat(1000)));
    assert_eq!(
        decoded.first_fault.unwrap().chars().count(),
        100 + "value '…' on column 'timestamp' is not DateTime"
            .chars()
            .count()
    );
}

#[test]
fn a_row_over_the_limit_is_quarantined_by_its_beginning() {
    let mut body = b"{\"timestamp\":1,\"event\":\"".to_vec();
    body.resize(crate::limits::ROW_BYTES_MAX + 10, b'x');
    body.extend(b"\"}\n{\"timestamp\":1,\"event\":\"a\"}");
    let decoded = ndjson(&events(), &body).unwrap();
    assert_eq!((decoded.rows, decoded.quarantined_rows), (1, 1));
    assert!(decoded.quarantine_blocks[0].data().len() < 2048);
}

#[test]
fn too_many_sets_of_omitted_columns_are_refused() {
    let names: Vec<String> = (0..11).map(|i| format!("c{i}")).collect();
    let paths: Vec<String> = names.iter().map(|name| format!("$.{name}")).collect();
    let columns: Vec<_> = names
        .iter()
        .zip(&paths)
        .map(|(name, path)| (name.as_str(), "Int16 DEFAULT rand()", Some(path.as_str())))
        .collect();
    let schema = schema(&columns);
    let row = |bits: usize| {
        let fields: Vec<_> = (0..11)
            .filter(|i| bits >> i & 1 == 1)
            .map(|i| format!("\"c{i}\":1"))
            .collect();
        format!("{{{}}}\n", fields.join(","))
    };
    let body: String = (1..1024).map(row).collect();
    assert_eq!(ndjson(&schema, body.as_bytes()).unwrap().blocks.len(), 1023);
    let body: String = (1..2048).map(row).collect();
    assert_eq!(
        ndjson(&schema, body.as_bytes()),
        Err(DecodeError::TooManyOmittedSets)
    );
}

#[test]
fn large_bodies_become_several_blocks() {
    let schema = schema(&[("a", "String", Some("$.a"))]);
    let line = format!("{{\"a\":\"{}\"}}\n", "x".repeat(1 << 20));
    let decoded = ndjson(&schema, line.repeat(70).as_bytes()).unwrap();
    assert_eq!(decoded.rows, 70);
    let rows: Vec<_> = decoded.blocks.iter().map(Block::rows).collect();
    assert_eq!(rows.iter().sum::<usize>(), 70);
    assert_eq!(rows.len(), 2, "{rows:?}");
}

/// Everything that any format and any type makes of a body.
fn decode_everywhere(body: &[u8]) {
    let schema = schema(&[
        ("a", "Int64", Some("$.a")),
        ("b", "Nullable(String)", Some("$.b.c")),
        ("c", "Array(Nullable(Float64))", Some("$.c[:]")),
        ("d", "Map(String, String) DEFAULT {}", Some("$.d")),
        ("e", "DateTime64(3) DEFAULT now64(3)", Some("$.e")),
        ("f", "String DEFAULT lower(b)", Some("$.f[0]")),
        (
            "g",
            "Tuple(x UInt8, y Decimal(5, 2)) DEFAULT (1, 2)",
            Some("$.g"),
        ),
    ]);
    for format in [
        Format::Ndjson,
        Format::Json,
        Format::Csv(CsvDialect::default()),
    ] {
        if let Ok(decoded) = decode(&schema, body, &options(format)) {
            let count = |blocks: &[Block]| blocks.iter().map(Block::rows).sum::<usize>() as u64;
            assert_eq!(count(&decoded.blocks), decoded.rows);
            assert_eq!(count(&decoded.quarantine_blocks), decoded.quarantined_rows);
        }
    }
}

proptest! {
    #[test]
    fn no_body_panics(body: Vec<u8>) {
        decode_everywhere(&body);
    }

    #[test]
    fn no_json_like_body_panics(body in r#"(\{?("[abcdefg]":(-?[0-9.e]{1,9}|"[^"]{0,9}"|null|\[[0-9,null]{0,9}\]|\{"c":"x"\}),?){0,7}\}?[\n,]?){0,6}"#) {
        decode_everywhere(body.as_bytes());
    }

    #[test]
    fn no_csv_like_body_panics(body in "([0-9a-g\"';\\\\N\\[\\]{}()-]{0,6}[,\n]){0,40}") {
        decode_everywhere(body.as_bytes());
    }

    #[test]
    fn every_line_is_good_or_bad(lines in prop::collection::vec(prop::sample::select(vec![
        r#"{"timestamp":1,"event":"x"}"#, r#"{"event":"x"}"#, "nonsense", "", "  ", r#"{"timestamp":1,"event":"x","n":2}"#,
    ]), 0..30)) {
        let body = lines.join("\n");
        let rows = lines.iter().filter(|line| !line.trim().is_empty()).count() as u64;
        match ndjson(&events(), body.as_bytes()) {
            Ok(decoded) => prop_assert_eq!(decoded.rows + decoded.quarantined_rows, rows),
            Err(_) => prop_assert!(!lines.iter().any(|line| line.contains("event"))),
        }
    }
}

/// Decodes a body cut behind the given rows.
fn in_chunks(schema: &Schema, body: &str, cuts: &[usize], format: Format) -> Vec<Decoded> {
    let mut decoder = Decoder::new(options(format));
    let mut rest = body;
    let mut found = Vec::new();
    for cut in cuts {
        let (now, later) = rest.split_at(*cut);
        found.push(decoder.decode(schema, now.as_bytes(), false).unwrap());
        rest = later;
    }
    found.push(decoder.decode(schema, rest.as_bytes(), true).unwrap());
    found
}

#[test]
fn chunks_share_header_dialect_and_line_numbers() {
    let schema = schema(&[("id", "Int16", None), ("name", "String", None)]);
    let body = "name;id\na;1\nb;x\nc\nd;4\n";
    let chunks = in_chunks(&schema, body, &[12, 6], Format::Csv(CsvDialect::default()));
    let shown: Vec<String> = chunks.iter().map(show).collect();
    insta::assert_snapshot!(shown.join("\n--\n"));
}

#[test]
fn only_the_first_chunk_decides_that_a_body_is_no_json() {
    let schema = events();
    let row = "{\"timestamp\":\"2026-01-01 00:00:00\",\"event\":\"sale\"}\n";
    let body = format!("{row}not json\nneither\n");
    let chunks = in_chunks(&schema, &body, &[row.len()], Format::Ndjson);
    assert_eq!(chunks.len(), 2);
    assert_eq!(chunks[1].quarantined_rows, 2);
    let fault = chunks[1].first_fault.clone().unwrap();
    assert!(fault.starts_with("line 2 "), "{fault}");
    let mut decoder = Decoder::new(options(Format::Ndjson));
    decoder.decode(&schema, b"not json\n", false).unwrap_err();
}

#[test]
fn escapes_and_single_quotes_are_found_out() {
    let schema = schema(&[("id", "Int16", None), ("name", "String", None)]);
    let body = "1,\"say \\\"hi\\\", he said\"\n2,\"C:\\dir\"\n";
    insta::assert_snapshot!(show(&csv(&schema, body.as_bytes()).unwrap()));
    let body = "1,'a, b'\n2,'it''s'\n";
    insta::assert_snapshot!(show(&csv(&schema, body.as_bytes()).unwrap()));
}
