//! Every column type × good, edge and bad values, from JSON and from CSV: what is stored, as the
//! engine shows it, and what goes to quarantine. Random good values are in `every_type`.

use std::collections::BTreeMap;

use birdhouse_datafile::JsonPath;
use birdhouse_ingest::{Column, CsvDialect, Format, HeaderRule, Operation, Origin, Schema, decode};
use birdhouse_sql::{DataType, quote_identifier};

use crate::support::{Fixture, LIMIT, options};

/// A type with values: as JSON, as CSV, each with what `toString` shows of it in the engine.
struct Case {
    data_type: &'static str,
    json: &'static [(&'static str, &'static str)],
    bad_json: &'static [&'static str],
    csv: &'static [(&'static str, &'static str)],
    bad_csv: &'static [&'static str],
}

const CASES: &[Case] = &[
    Case {
        data_type: "Int8",
        json: &[
            ("-128", "-128"),
            ("127", "127"),
            ("0", "0"),
            ("-0", "0"),
            ("true", "1"),
        ],
        bad_json: &[
            "128", "-129", "1.5", "\"3\"", "null", "\"\"", "[]", "{}", "1e400",
        ],
        csv: &[("-128", "-128"), ("127", "127"), ("+7", "7"), ("007", "7")],
        bad_csv: &["128", "-129", "1.5", "x", "", "1 2", "0x10", "NULL"],
    },
    Case {
        data_type: "UInt64",
        json: &[("0", "0"), ("18446744073709551615", "18446744073709551615")],
        bad_json: &["-1", "18446744073709551616", "0.5", "\"x\"", "null"],
        csv: &[("0", "0"), ("18446744073709551615", "18446744073709551615")],
        bad_csv: &["-1", "18446744073709551616", "1e3", ""],
    },
    Case {
        data_type: "Int256",
        json: &[
            (
                "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
                "-57896044618658097711785492504343953926634992332820282019728792003956564819968",
            ),
            (
                "\"12345678901234567890123456789012345678901234567890\"",
                "12345678901234567890123456789012345678901234567890",
            ),
        ],
        bad_json: &[
            "57896044618658097711785492504343953926634992332820282019728792003956564819968",
            "\"1x\"",
        ],
        csv: &[(
            "57896044618658097711785492504343953926634992332820282019728792003956564819967",
            "57896044618658097711785492504343953926634992332820282019728792003956564819967",
        )],
        bad_csv: &[
            "57896044618658097711785492504343953926634992332820282019728792003956564819968",
            "-",
        ],
    },
    Case {
        data_type: "Float32",
        json: &[("1.5", "1.5"), ("1", "1"), ("-0.0", "-0"), ("1e38", "1e38")],
        bad_json: &["1e50", "\"x\"", "true", "null", "[1]"],
        csv: &[
            ("1.5", "1.5"),
            ("-2e-3", "-0.002"),
            ("inf", "inf"),
            ("nan", "nan"),
        ],
        bad_csv: &["1e50", "x", "1,5", ""],
    },
    Case {
        data_type: "Float64",
        json: &[
            ("1e308", "1e308"),
            ("0.1", "0.1"),
            ("12345678901234567890", "12345678901234567000"),
        ],
        bad_json: &["1e400", "\"one\"", "{}"],
        csv: &[("1e308", "1e308"), (".5", "0.5")],
        bad_csv: &["1e400", "1_000", "--1"],
    },
    Case {
        data_type: "Decimal(10, 2)",
        json: &[
            ("1.05", "1.05"),
            ("\"99999999.99\"", "99999999.99"),
            ("-0.1", "-0.1"),
            ("7", "7"),
            ("1.005", "1"),
        ],
        bad_json: &["100000000", "\"1.0.0\"", "true", "null"],
        csv: &[("1.05", "1.05"), ("-99999999.99", "-99999999.99")],
        bad_csv: &["100000000", "", "1,5"],
    },
    Case {
        data_type: "Bool",
        json: &[
            ("true", "true"),
            ("false", "false"),
            ("1", "true"),
            ("0", "false"),
        ],
        bad_json: &["2", "\"maybe\"", "null", "[]"],
        csv: &[
            ("true", "true"),
            ("F", "false"),
            ("Yes", "true"),
            ("off", "false"),
            ("1", "true"),
        ],
        bad_csv: &["2", "maybe", ""],
    },
    Case {
        data_type: "String",
        json: &[
            ("\"a\\u0000b\"", "a\0b"),
            ("\"\"", ""),
            ("1.50", "1.50"),
            ("true", "true"),
            ("{\"a\": [1]}", "{\"a\": [1]}"),
            ("\"\\ud83d\\udc26\"", "🐦"),
        ],
        bad_json: &["null"],
        csv: &[
            ("plain", "plain"),
            (
                "with \"quotes\", commas\nand lines",
                "with \"quotes\", commas\nand lines",
            ),
            ("", ""),
        ],
        bad_csv: &["\\N"],
    },
    Case {
        data_type: "FixedString(3)",
        json: &[("\"abc\"", "abc"), ("\"a\"", "a")],
        bad_json: &["\"abcd\"", "null", "\"éé\""],
        csv: &[("abc", "abc")],
        bad_csv: &["abcd"],
    },
    Case {
        data_type: "UUID",
        json: &[(
            "\"6F9619FF-8B86-D011-B42D-00C04FC964FF\"",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        )],
        bad_json: &["\"6f9619ff\"", "1", "null", "\"\""],
        csv: &[(
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
            "6f9619ff-8b86-d011-b42d-00c04fc964ff",
        )],
        bad_csv: &["x", ""],
    },
    Case {
        data_type: "IPv4",
        json: &[
            ("\"127.0.0.1\"", "127.0.0.1"),
            ("\"255.255.255.255\"", "255.255.255.255"),
        ],
        bad_json: &["\"256.0.0.1\"", "\"::1\"", "null"],
        csv: &[("0.0.0.0", "0.0.0.0")],
        bad_csv: &["1.2.3", "1.2.3.4.5", ""],
    },
    Case {
        data_type: "IPv6",
        json: &[("\"::1\"", "::1"), ("\"2001:db8::ff\"", "2001:db8::ff")],
        bad_json: &["\"::g\"", "1", "null"],
        csv: &[("fe80::1", "fe80::1")],
        bad_csv: &["1:2", ""],
    },
    Case {
        data_type: "Date",
        json: &[
            ("\"1970-01-01\"", "1970-01-01"),
            ("\"2149-06-06\"", "2149-06-06"),
            ("\"2024-02-29\"", "2024-02-29"),
        ],
        bad_json: &[
            "\"1969-12-31\"",
            "\"2149-06-07\"",
            "\"2024-13-01\"",
            "\"2023-02-29\"",
            "\"\"",
            "null",
            "true",
        ],
        csv: &[("2024-01-02", "2024-01-02")],
        bad_csv: &["02/01/2024", "2024-1-2x", ""],
    },
    Case {
        data_type: "Date32",
        json: &[
            ("\"1900-01-01\"", "1900-01-01"),
            ("\"2299-12-31\"", "2299-12-31"),
        ],
        bad_json: &["\"1899-12-31\"", "\"2300-01-01\"", "\"x\"", "null"],
        csv: &[("1969-12-31", "1969-12-31")],
        bad_csv: &["1899-12-31", ""],
    },
    Case {
        data_type: "DateTime",
        json: &[
            ("\"2024-01-02 03:04:05\"", "2024-01-02 03:04:05"),
            ("\"2024-01-02T03:04:05Z\"", "2024-01-02 03:04:05"),
            ("\"2024-01-02T03:04:05+02:00\"", "2024-01-02 01:04:05"),
            ("\"2106-02-07 06:28:15\"", "2106-02-07 06:28:15"),
            ("1704164645", "2024-01-02 03:04:05"),
            ("1704164645000", "2024-01-02 03:04:05"),
        ],
        bad_json: &[
            "\"2106-02-07 06:28:16\"",
            "\"1969-12-31 23:59:59\"",
            "\"soon\"",
            "\"2024-01-02 25:00:00\"",
            "null",
            "\"\"",
        ],
        csv: &[
            ("2024-01-02 03:04:05", "2024-01-02 03:04:05"),
            ("2024-01-02T03:04:05.9Z", "2024-01-02 03:04:05"),
        ],
        bad_csv: &["soon", "2024-13-02 03:04:05", ""],
    },
    Case {
        data_type: "DateTime64(3)",
        json: &[
            ("\"2024-01-02 03:04:05.678\"", "2024-01-02 03:04:05.678"),
            ("\"1900-01-01T00:00:00Z\"", "1900-01-01 00:00:00.000"),
            ("\"2024-01-02T03:04:05.6789Z\"", "2024-01-02 03:04:05.678"),
        ],
        bad_json: &["\"soon\"", "\"9999-01-01 00:00:00\"", "null", "{}"],
        csv: &[("2024-01-02 03:04:05.6", "2024-01-02 03:04:05.600")],
        bad_csv: &["2024-01-02 03:04:60.5x", ""],
    },
    Case {
        data_type: "DateTime('Europe/Madrid')",
        json: &[
            ("\"2024-07-01 12:00:00\"", "2024-07-01 12:00:00"),
            ("\"2024-07-01T10:00:00Z\"", "2024-07-01 12:00:00"),
        ],
        bad_json: &["\"noon\"", "null"],
        csv: &[("2024-01-01 00:00:00", "2024-01-01 00:00:00")],
        bad_csv: &["noon"],
    },
    Case {
        data_type: "Enum8('a' = 1, 'it''s' = -5)",
        json: &[("\"a\"", "a"), ("\"it's\"", "it's"), ("1", "a")],
        bad_json: &["\"b\"", "2", "null", "\"\""],
        csv: &[("a", "a"), ("it's", "it's")],
        bad_csv: &["b", ""],
    },
    Case {
        data_type: "LowCardinality(String)",
        json: &[("\"a\"", "a"), ("\"\"", "")],
        bad_json: &["null"],
        csv: &[("a", "a")],
        bad_csv: &["\\N"],
    },
    Case {
        data_type: "Nullable(Int32)",
        json: &[("null", "NULL"), ("-7", "-7")],
        bad_json: &["\"\"", "\"7\"", "2147483648", "1.5"],
        csv: &[("", "NULL"), ("\\N", "NULL"), ("7", "7")],
        bad_csv: &["x", "2147483648"],
    },
    Case {
        data_type: "Nullable(DateTime)",
        json: &[
            ("null", "NULL"),
            ("\"2024-01-02 03:04:05\"", "2024-01-02 03:04:05"),
        ],
        bad_json: &["\"soon\""],
        csv: &[("", "NULL")],
        bad_csv: &["soon"],
    },
    Case {
        data_type: "Array(Int32)",
        json: &[("[1,-2]", "[1,-2]"), ("[]", "[]")],
        bad_json: &[
            "[null]",
            "[1.5]",
            "[2147483648]",
            "1",
            "null",
            "[[1]]",
            "[\"x\"]",
        ],
        csv: &[("[1,2]", "[1,2]"), ("[]", "[]")],
        bad_csv: &["[1", "x", "[70000000000]", ""],
    },
    Case {
        data_type: "Array(Nullable(String))",
        json: &[("[\"a\",null,\"it's\"]", "['a',NULL,'it\\'s']")],
        bad_json: &["\"a\"", "null"],
        csv: &[("['a','b']", "['a','b']")],
        bad_csv: &["['a", ""],
    },
    Case {
        data_type: "Map(String, Int16)",
        json: &[("{\"a\":1}", "{'a':1}"), ("{}", "{}")],
        bad_json: &["{\"a\":70000}", "{\"a\":null}", "[]", "null"],
        csv: &[("{\"a\":1}", "{'a':1}")],
        bad_csv: &["{\"a\":70000}", "x"],
    },
    Case {
        data_type: "Tuple(a Int8, b String)",
        json: &[
            ("{\"a\":1,\"b\":\"x\"}", "(1,'x')"),
            ("[1,\"x\"]", "(1,'x')"),
        ],
        bad_json: &["[1]", "[300,\"x\"]", "1", "null"],
        csv: &[("[1,\"x\"]", "(1,'x')")],
        bad_csv: &["[300,\"x\"]", "x"],
    },
    Case {
        data_type: "SimpleAggregateFunction(sum, Int64)",
        json: &[("-1", "-1"), ("\"1\"", "1")],
        bad_json: &["9223372036854775808", "null"],
        csv: &[("9223372036854775807", "9223372036854775807")],
        bad_csv: &["9223372036854775808", ""],
    },
];

fn schema(table: &str, data_type: &str, has_paths: bool) -> Schema {
    let column = |name: &str, data_type: &str| Column {
        name: name.to_owned(),
        data_type: DataType::parse(data_type).unwrap(),
        json_path: has_paths.then(|| JsonPath::parse(&format!("$.{name}")).unwrap()),
        default: None,
    };
    let columns = vec![column("k", "UInt32"), column("c", data_type)];
    Schema::new("ws_a", table, columns).unwrap()
}

/// Stores a body and returns, by position, what is shown or why it was refused.
async fn outcome(
    fixture: &Fixture,
    (table, data_type): (&str, &str),
    format: Format,
    body: &[u8],
) -> BTreeMap<usize, Result<String, String>> {
    let schema = schema(table, data_type, format == Format::Ndjson);
    let batch = decode(&schema, body, &options(format)).unwrap();
    let origin = Origin {
        operation: Operation::Import,
        request_id: table.to_owned(),
        import_id: None,
        at: jiff::Timestamp::now(),
    };
    let receipt = fixture
        .ingestion
        .append(&schema, batch, origin, None)
        .await
        .unwrap();
    assert!(
        receipt.flushed(LIMIT).await.unwrap(),
        "{table}: not stored in time"
    );
    let shown = format!("SELECT k, ifNull(toString(c), 'NULL') FROM ws_a.{table}");
    let refused = format!(
        "SELECT toUInt32(k), arrayStringConcat(c__error, '; ') FROM ws_a.{table}_quarantine"
    );
    let mut found = BTreeMap::new();
    for (sql, is_good) in [(shown, true), (refused, false)] {
        for row in fixture.rows(&sql).await {
            let text = row[1].as_str().unwrap().to_owned();
            let value = if is_good { Ok(text) } else { Err(text) };
            let key = usize::try_from(row[0].as_u64().unwrap()).unwrap();
            assert!(found.insert(key, value).is_none(), "{table}: {key} twice");
        }
    }
    found
}

async fn create(fixture: &Fixture, table: &str, data_type: &str) {
    let settings = "SETTINGS non_replicated_deduplication_window = 1000";
    let create = format!(
        "CREATE TABLE ws_a.{table} (k UInt32, c {data_type}) ENGINE = MergeTree ORDER BY k {settings}"
    );
    fixture.execute(&create).await;
    let columns = birdhouse_ingest::quarantine_columns(["k", "c"].into_iter());
    let columns: Vec<String> = (columns.iter())
        .map(|(name, data_type)| format!("{} {data_type}", quote_identifier(name)))
        .collect();
    let columns = columns.join(", ");
    fixture
        .execute(&format!("CREATE TABLE ws_a.{table}_quarantine ({columns}) ENGINE = MergeTree ORDER BY tuple() {settings}"))
        .await;
}

/// Compares what became of each value with what should have; returns the differences.
fn differences(
    what: &str,
    good: &[(&str, &str)],
    bad: &[&str],
    found: &BTreeMap<usize, Result<String, String>>,
) -> Vec<String> {
    let inputs = good.iter().map(|(input, shown)| (*input, Some(*shown)));
    let inputs = inputs.chain(bad.iter().map(|input| (*input, None)));
    let mut wrong = Vec::new();
    for (key, (input, expected)) in inputs.enumerate() {
        let ok = match (found.get(&key), expected) {
            (Some(Ok(shown)), Some(expected)) => shown == expected,
            (Some(Err(reason)), None) => !reason.is_empty(),
            _ => false,
        };
        if !ok {
            wrong.push(format!(
                "{what} {input}: expected {expected:?}, found {:?}",
                found.get(&key)
            ));
        }
    }
    wrong
}

#[tokio::test]
async fn every_type_takes_what_fits_and_refuses_the_rest() {
    let fixture = Fixture::new(&[("k", "UInt32")]).await;
    let mut wrong = Vec::new();
    for (number, case) in CASES.iter().enumerate() {
        let (json, csv) = (format!("json{number}"), format!("csv{number}"));
        for table in [&json, &csv] {
            create(&fixture, table, case.data_type).await;
        }
        let values = case
            .json
            .iter()
            .map(|(input, _)| input)
            .chain(case.bad_json);
        let lines = values
            .enumerate()
            .map(|(k, value)| format!("{{\"k\":{k},\"c\":{value}}}\n"));
        let lines: String = lines.collect();
        let target = (json.as_str(), case.data_type);
        let found = outcome(&fixture, target, Format::Ndjson, lines.as_bytes()).await;
        wrong.extend(differences(
            &format!("{} JSON", case.data_type),
            case.json,
            case.bad_json,
            &found,
        ));

        let mut writer = csv::Writer::from_writer(Vec::new());
        let values = case.csv.iter().map(|(input, _)| input).chain(case.bad_csv);
        for (k, value) in values.enumerate() {
            writer
                .write_record([k.to_string().as_str(), value])
                .unwrap();
        }
        let format = Format::Csv(CsvDialect {
            delimiter: Some(b','),
            quote: Some(b'"'),
            header: HeaderRule::Absent,
            ..CsvDialect::default()
        });
        let target = (csv.as_str(), case.data_type);
        let found = outcome(&fixture, target, format, &writer.into_inner().unwrap()).await;
        wrong.extend(differences(
            &format!("{} CSV", case.data_type),
            case.csv,
            case.bad_csv,
            &found,
        ));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
