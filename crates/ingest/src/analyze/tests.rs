//! Types that fit, names that can be used, and formats told apart.

use super::*;

fn analyzed(text: &str) -> Analysis {
    analyze(
        text.as_bytes(),
        file_kind(text.as_bytes()),
        CsvDialect::default(),
    )
    .unwrap()
}

#[test]
fn formats_are_told_by_content() {
    assert_eq!(file_kind(b"PAR1\x15\x04"), FileKind::Parquet);
    assert_eq!(file_kind(b" \n{\"a\":1}"), FileKind::Json);
    assert_eq!(file_kind(b"\xEF\xBB\xBF[{}]"), FileKind::Json);
    assert_eq!(file_kind(b"a,b\n1,2"), FileKind::Csv);
    assert_eq!(file_kind(b""), FileKind::Csv);
}

#[test]
fn json_columns_have_paths_and_narrow_types() {
    let found = analyzed(
        r#"{"a":1,"big":3000000000,"f":1.5,"s":"x","t":"2026-01-02 03:04:05","d":"2026-01-02","ok":true}
{"a":70000,"n":{"deep":{"x":"1"}},"tags":["a","b"],"items":[{"p":1},{"p":2,"q":"z"}],"t":"2026-01-02T03:04:05.5Z"}
{"a":null,"odd key":1,"n":{"deep":{"x":"2"}},"id":"6f9619ff-8b86-d011-b42d-00c04fc964ff"#,
    );
    insta::assert_snapshot!(found.schema().replace(", ", ",\n"));
    let a = &found.columns[0];
    assert!((a.present - 1.0).abs() < 1e-9, "{}", a.present);
    assert_eq!(found.row_count, 2);
}

#[test]
fn a_document_is_rows_as_well() {
    let found = analyzed("[{\"a\": 1},\n {\"a\": 2}]");
    assert_eq!(
        (found.schema().as_str(), found.row_count),
        ("a Int16 `json:$.a`", 2)
    );
    let found = analyzed("{\n  \"a\": 1\n}");
    assert_eq!(
        (found.schema().as_str(), found.row_count),
        ("a Int16 `json:$.a`", 1)
    );
}

#[test]
fn csv_has_a_dialect_and_types() {
    let found = analyzed(
        "id;Full name;price;day;zip\r\n1;Ann;1.5;2026-01-02;01234\r\n2;Bob;;2026-01-03;99999\r\n",
    );
    assert_eq!(
        found.schema(),
        "id Int16, Full_name String, price Nullable(Float64), day Date, zip String"
    );
    let dialect = found.dialect.unwrap();
    assert_eq!(
        (dialect.delimiter, dialect.newline, dialect.has_header),
        (';', "\r\n", true)
    );
    let found = analyzed("1,2\n3,x\n");
    assert_eq!(found.schema(), "column_00 Int16, column_01 String");
    assert!(!found.dialect.unwrap().has_header);
    let found = analyzed("name,city\nAnn,Oslo\n");
    assert_eq!(found.schema(), "name String, city String");
}

#[test]
fn nothing_and_nonsense_are_errors() {
    assert_eq!(
        analyze(b" \n", FileKind::Csv, CsvDialect::default()),
        Err(DecodeError::Empty)
    );
    assert!(analyze(b"{nonsense", FileKind::Json, CsvDialect::default()).is_err());
    assert!(analyze(b"[1, 2]", FileKind::Json, CsvDialect::default()).is_err());
}

#[test]
fn a_file_declares_its_own_types() {
    let found = analyzed("{\"a\":1,\"b\":null}\n{\"a\":2,\"b\":\"x\"}");
    let declared = [("a", "Nullable(UInt64)"), ("b", "Nullable(FixedString(3))")];
    let declared = declared.map(|(name, data_type)| (name.to_owned(), data_type.to_owned()));
    assert_eq!(
        found.with_types(&declared).schema(),
        "a UInt64 `json:$.a`, b Nullable(FixedString(3)) `json:$.b`"
    );
}
