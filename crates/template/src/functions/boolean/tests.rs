//! Nothing is refused, and only a few texts are false.

use crate::testing::{assert_outcomes, assert_values, checked};

#[test]
fn values() {
    assert_values(
        "{{Boolean(x)}}",
        &[
            ("\"0\"", "0"),
            ("\"false\"", "0"),
            ("\"FALSE\"", "0"),
            ("\"\"", "0"),
            ("null", "0"),
            ("\"no\"", "1"),
            ("\"00\"", "1"),
            ("\" false\"", "1"),
            ("\"null\"", "1"),
            ("1", "1"),
            ("0.0", "0"),
            ("[]", "0"),
            ("{\"a\": 1}", "1"),
        ],
    );
}

#[test]
fn defaults_and_control_tags() {
    assert_outcomes(&[
        ("{{Boolean(x, 2)}}", "1"),
        ("{{Boolean(x, 'x')}}", "1"),
        ("{{Boolean(x, default='0')}}", "0"),
        ("{% if Boolean(x, True) %}on{% else %}off{% end %}", "on"),
        ("{{Boolean(x, 1) + 1}}", "2"),
        (
            "{{Boolean(x, 1, description='f')}}",
            "boolean() got an unexpected keyword argument 'description'",
        ),
    ]);
    assert_eq!(
        checked("{{Boolean(x)}}{{Boolean(x, 'a')}}{{Boolean(x, y)}}"),
        "010"
    );
}
