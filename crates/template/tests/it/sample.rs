//! The recorded behaviour of the reference implementation.
//!
//! `sample.jsonl` holds 154 templates with parameters and what the reference makes of them. The
//! rules of comparison are those of its own script: exact output, or the same kind or status of a
//! failure whose text comes from Python.

use birdhouse_template::inspect::inspect;
use serde_json::Value;

const SAMPLE: &str = include_str!("sample.jsonl");

fn without_ignored(value: &Value) -> Value {
    let mut value = value.clone();
    if let Some(fields) = value.as_object_mut() {
        fields.remove("id");
        fields.remove("exception");
    }
    value
}

fn agrees(case: &Value, got: &Value) -> bool {
    let wanted = &case["expected"];
    if wanted.get("error").is_none() || case["match"] == "exact" {
        return without_ignored(wanted) == without_ignored(got);
    }
    got.get("error").is_some()
        && got["status"] == wanted["status"]
        && (case["match"] == "error" || got["kind"] == wanted["kind"])
}

#[test]
fn recorded_cases_are_equal() {
    let mut different = Vec::new();
    for line in SAMPLE.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let got = inspect(line, "2026-01-02 03:04:05");
        if !agrees(&case, &got) {
            let (id, template) = (&case["id"], &case["template"]);
            let (params, wanted) = (&case["params"], &case["expected"]);
            different.push(format!(
                "{id} {template} {params}\n  want {wanted}\n  got  {got}"
            ));
        }
    }
    assert!(different.is_empty(), "{}", different.join("\n"));
}
