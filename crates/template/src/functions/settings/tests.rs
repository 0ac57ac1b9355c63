//! Requested settings.

use serde_json::{Value, json};

use crate::context::Mode;
use crate::testing::{assert_outcomes, run};

fn settings(text: &str) -> Value {
    let rendered = run(text, "{}", Mode::Render).unwrap();
    Value::Object(rendered.settings.into_iter().collect())
}

#[test]
fn each_prints_a_comment_line() {
    assert_outcomes(&[
        (
            "{{max_threads('5')}}|{{max_threads(5.7)}}",
            "-- max_threads 5\n|-- max_threads 5\n",
        ),
        (
            "{{max_threads('x')}}{{max_threads(x)}}",
            "-- max_threads: wrong argument\n-- max_threads: wrong argument\n",
        ),
        ("{{cache_ttl('5m')}}", "-- cache_ttl 5m\n"),
        ("{{backend_hint('a\\n\\x7f;b')}}", "-- backend_hint a  ;b\n"),
        ("{{backend_hint(None)}}", "-- backend_hint None\n"),
        (
            "{{activate('analyzer')}}{{disable('')}}",
            "-- activate analyzer\n-- disable \n",
        ),
    ]);
}

#[test]
fn each_records_a_setting() {
    assert_eq!(
        settings("{{max_threads(1)}}{{max_threads('2')}}"),
        json!({"max_threads": 2})
    );
    assert_eq!(settings("{{max_threads('z')}}"), json!({}));
    assert_eq!(
        settings("{% set z = cache_ttl('1h') %}"),
        json!({"cache_ttl": "1h"})
    );
    assert_eq!(
        settings("{{backend_hint(5)}}"),
        json!({"backend_hint": "5"})
    );
    assert_eq!(
        settings("{{backend_hint(False)}}"),
        json!({"backend_hint": null})
    );
    assert_eq!(
        settings("{{activate('parallel_replicas')}}{{activate('analyzer')}}{{disable('lyz')}}"),
        json!({"activate": ["analyzer", "parallel_replicas"], "disable": "lyz"})
    );
}

#[test]
fn what_is_refused() {
    assert_outcomes(&[
        (
            "{{cache_ttl('2h')}}",
            "Template Syntax Error: Invalid TTL cache expression, \
             valid expressions are ('5s', '1m', '5m', '30m', '1h')",
        ),
        (
            "{{activate('x')}}",
            "Template Syntax Error: 'x' is not a valid 'activate' argument",
        ),
        (
            "{{disable('x')}}",
            "Template Syntax Error: 'x' is not a valid 'disable' argument",
        ),
        (
            "{{disable(5)}}",
            "'in <string>' requires string as left operand, not int",
        ),
    ]);
}
