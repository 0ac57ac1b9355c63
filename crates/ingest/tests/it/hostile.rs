//! Rows that decoding accepts must never fail in the engine, or one row would stop the others.

use std::fmt::Write as _;

use birdhouse_ingest::Format;

use crate::support::Fixture;

/// Sends each object on its own; all must go through, as good or as bad rows. Returns which.
async fn send_each(json_type: &str, objects: &[&str]) -> String {
    let fixture = Fixture::new(&[("j", json_type)]).await;
    let mut report = String::new();
    for object in objects {
        let batch = fixture.decode(format!("{{\"j\":{object}}}").as_bytes(), Format::Ndjson);
        let stored = fixture.store(&batch).await;
        stored.unwrap_or_else(|error| panic!("{object}: {error:?}"));
        let fault = batch.first_fault.as_deref().unwrap_or("taken");
        let reason = fault
            .rsplit_once(" on column ")
            .map_or(fault, |(_, reason)| reason);
        writeln!(report, "{object:.60} {reason}").unwrap();
    }
    report
}

#[tokio::test]
async fn odd_objects_in_json_columns_do_not_stop_a_batch() {
    let deep = format!("{}1{}", "{\"a\":".repeat(100), "}".repeat(100));
    let arrays = format!("{{\"a\":{}{}}}", "[".repeat(100), "]".repeat(100));
    let objects = [
        r"{}",
        r#"{"":1}"#,
        r#"{"a":null}"#,
        r#"{"a":1,"a":2}"#,
        r#"{"a":null,"a":1}"#,
        r#"{"a":[],"a":1}"#,
        r#"{"a":1,"a":{"b":2}}"#,
        r#"{"a":1,"a.b":2}"#,
        r#"{"a.b":1,"a":{"b":2}}"#,
        r#"{"a":{"b":1},"a":{"c":2}}"#,
        r#"{"a":{"b":1},"a.b":{"c":2}}"#,
        r#"{"a":{"b.c":1,"b":{"c":2}}}"#,
        r#"{"a.":1,"a":{"":2}}"#,
        r#"{"a":{},"a.b":1}"#,
        r#"{"a..b":1,".":2}"#,
        r#"{"a":[{"x":1,"x":2}]}"#,
        r#"{"a":[[{"x":1,"x":2}]]}"#,
        r#"{"a":[{"b":1},{"b":"x","c":{"d":[1]}}]}"#,
        r#"{"a":[1,2.5,"x",true,null,{"b":[]}]}"#,
        r#"{"a":[[],[[]],{},{}]}"#,
        r#"{"a":-0}"#,
        r#"{"a":1e308}"#,
        r#"{"a":1e400}"#,
        r#"{"a":[1e400]}"#,
        r#"{"a":18446744073709551615}"#,
        r#"{"a":18446744073709551616}"#,
        r#"{"a":-9223372036854775808}"#,
        r#"{"a":-9223372036854775809}"#,
        r#"{"a":12345678901234567890e1}"#,
        r#"{"a":123456789012345678901234567890.5}"#,
        r#"{"a":"\u0000\ud83d\ude00"}"#,
        r#"{"\u0000":1}"#,
        r#"{"a":"2024-01-01"}"#,
        &deep,
        &arrays,
    ];
    insta::assert_snapshot!(send_each("JSON", &objects).await);
}

#[tokio::test]
async fn declared_paths_of_json_columns_are_checked() {
    let json_type = "JSON(a UInt8, b.c String, f Float64, t Bool, n Nullable(Int64), SKIP d, max_dynamic_paths = 10)";
    let objects = [
        r"{}",
        r#"{"a":1}"#,
        r#"{"a":true}"#,
        r#"{"a":300}"#,
        r#"{"a":null}"#,
        r#"{"a":[]}"#,
        r#"{"a":{"x":1}}"#,
        r#"{"b":1}"#,
        r#"{"b.c":"x"}"#,
        r#"{"b":{"c":1.50}}"#,
        r#"{"b":{"c":[1]}}"#,
        r#"{"b":{"c":{"x":1}}}"#,
        r#"{"b":{"c":null}}"#,
        r#"{"f":"1.5"}"#,
        r#"{"f":"inf"}"#,
        r#"{"f":1}"#,
        r#"{"f":{}}"#,
        r#"{"t":1}"#,
        r#"{"t":"true"}"#,
        r#"{"n":"5"}"#,
        r#"{"n":1.5}"#,
        r#"{"n":null}"#,
        r#"{"d":1,"d":2}"#,
    ];
    insta::assert_snapshot!(send_each(json_type, &objects).await);
}

#[tokio::test]
async fn text_that_looks_like_sql_is_only_text() {
    let fixture = Fixture::new(&[("a", "String")]).await;
    let texts = [
        "; drop table ws_a.events",
        "\n\ndrop table ws_a.events\n",
        "\u{0}",
        "');--",
        "{a:String}",
        "\\N",
    ];
    let body: String = texts
        .iter()
        .map(|text| format!("{}\n", serde_json::json!({"a": text})))
        .collect();
    assert_eq!(fixture.send(&body).await.rows, 6);
    let rows = fixture.rows("SELECT a FROM ws_a.events ORDER BY a").await;
    let mut expected = texts.map(serde_json::Value::from).to_vec();
    expected.sort_by(|left, right| left.as_str().cmp(&right.as_str()));
    assert_eq!(rows.into_iter().flatten().collect::<Vec<_>>(), expected);
}
