//! Parsed JSON in loops and conditions.

use crate::testing::{assert_outcomes, assert_values, checked};

#[test]
fn values() {
    assert_values(
        "{{JSON(x)}}",
        &[
            (
                "\"[NaN, -Infinity, 1e5, -0, 1.0]\"",
                "[nan, -inf, 100000.0, 0, 1.0]",
            ),
            ("\"{\\\"a\\\": 1, \\\"a\\\": 2}\"", "{'a': 2}"),
            ("\"\\\"x'y\\\"\"", "'x\\'y'"),
            ("[1, null]", "[1, None]"),
            ("null", "{}"),
            (
                "\"123456789012345678901234567890\"",
                "123456789012345678901234567890",
            ),
        ],
    );
}

#[test]
fn loops() {
    assert_values(
        "{% for i in JSON(x, '[]') %}({{i['op']}},{{i.get('v', 0)}}){% end %}",
        &[
            ("\"[{\\\"op\\\": \\\"eq\\\", \\\"v\\\": 5}]\"", "('eq',5)"),
            ("null", ""),
        ],
    );
}

#[test]
fn defaults_count_when_they_are_text() {
    assert_outcomes(&[
        (
            "{{JSON(x, '[1]')}}{{JSON(x, [1])}}{{JSON(x, 5)}}",
            "[1]{}{}",
        ),
        (
            "{{JSON('null')}}",
            "Template Syntax Error: expression \"JSON('null')\" evaluated to null",
        ),
    ]);
    assert_eq!(checked("{{JSON(x, '[]')}}{{JSON(x, [1])}}"), "[][1]");
}

#[test]
fn messages_name_the_place() {
    let error = "Template Syntax Error: Error parsing JSON: ";
    for (value, message) in [
        ("[1,]", "'[1,]' - Expecting value: line 1 column 4 (char 3)"),
        ("", "'' - Expecting value: line 1 column 1 (char 0)"),
        (
            "abcdefghijklmnopqrstuvwxyz",
            "'abcdefghijklmnop...' - Expecting value: line 1 column 1 (char 0)",
        ),
        ("01", "'01' - Extra data: line 1 column 2 (char 1)"),
    ] {
        let parameters = serde_json::json!({"j": value}).to_string();
        let got = crate::testing::outcome("{{JSON(j)}}", &parameters);
        assert_eq!(got, format!("{error}{message}"));
    }
}
