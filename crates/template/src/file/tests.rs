use std::collections::BTreeMap;

use super::{resolve_file, uses_tags};

/// Returns the text, or the message with `!! ` before it.
fn resolved(text: &str) -> String {
    let pairs = [
        ("k", "value"),
        ("empty", ""),
        ("quote", "say \"x\""),
        ("lines", "a\nb"),
        ("tb_secret_p", "prefixed"),
    ];
    let secrets: BTreeMap<String, String> = pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    match resolve_file(text, "name.datasource", &secrets) {
        Ok(resolved) => resolved.text,
        Err(error) => format!("!! {}", error.message),
    }
}

#[test]
fn values_are_printed_as_they_are() {
    for (text, wanted) in [
        ("a {{ tb_secret(\"k\") }} b", "a value b"),
        ("{{ tb_secret('k', 'd') }}", "value"),
        ("{{ tb_secret('no', 'd') }}", "d"),
        ("{{ tb_secret('no', default='d') }}", "d"),
        ("{{ tb_secret(secret_name='k') }}", "value"),
        ("{{ tb_secret('no', 5) }}", "5"),
        ("{{ tb_secret('no', 1.50) }}", "1.5"),
        ("{{ tb_secret('no', 0) }}", "0"),
        ("{{ tb_secret('no', True) }}", "True"),
        ("{{ tb_secret('no', '') }}", "\"\""),
        ("{{ tb_secret('empty') }}", "\"\""),
        ("{{ tb_secret('empty', 'd') }}", "\"\""),
        ("{{ tb_secret('quote') }}", "say \"x\""),
        ("{{ tb_secret('lines') }}", "a\nb"),
        ("{{ tb_secret('tb_secret_p') }}", "prefixed"),
        ("{{ tb_secret('k') + 'x' }}", "valuex"),
        ("{{ 'a' }}{{ 5 }}{{ None }}{{ -1 }}", "a5None-1"),
        ("{{ len('abc') }}", "3"),
        ("% {{ tb_secret('k') }}{{!x}}{# c #}", "% value{{x}}"),
        ("SCHEMA >\n  a Int32\n", "SCHEMA >\n  a Int32\n"),
    ] {
        assert_eq!(resolved(text), wanted, "{text}");
    }
}

#[test]
fn control_tags_work() {
    for (text, wanted) in [
        (
            "{% if tb_secret('k') == 'value' %}a{% else %}b{% end %}",
            "a",
        ),
        ("{% if tb_secret('no', 'z') == 'z' %}Z{% end %}", "Z"),
        ("{% set x = tb_secret('k') %}{{x}}", "value"),
        ("{% for i in ['a', 'b'] %}{{i}}{% end %}", "ab"),
        ("{% try %}{{ tb_secret('no') }}{% except %}z{% end %}", "z"),
        ("{% while True %}a{% break %}{% end %}", "a"),
    ] {
        assert_eq!(resolved(text), wanted, "{text}");
    }
}

#[test]
fn everything_else_is_refused() {
    let access = |name: &str| {
        format!(
            "!! Template Syntax Error: Cannot access secret '{name}'. Check the secret exists in \
             the Workspace and the token has the required scope."
        )
    };
    let undefined = |name: &str| {
        format!(
            "!! Template Syntax Error: Error rendering template with secrets: name '{name}' is \
             not defined"
        )
    };
    for (text, wanted) in [
        ("{{ tb_secret('no') }}", access("no")),
        ("{{ tb_secret('p') }}", access("p")),
        ("{{ tb_secret('no', None) }}", access("no")),
        ("{{ tb_secret(5) }}", access("5")),
        ("{{ other }}", undefined("other")),
        ("{% if x %}a{% end %}", undefined("x")),
        ("{{ String(a) }}", undefined("String")),
        ("{{ defined(a) }}", undefined("defined")),
        ("{{ tb_var('k') }}", undefined("tb_var")),
        ("{{ tb_secret(k) }}", undefined("k")),
        ("{{ error('x') }}", undefined("error")),
        ("{% set a = error('x') %}", undefined("error")),
        ("{{ q }}", undefined("q")),
        (
            "{% set x = 1/0 %}",
            "!! Template Syntax Error: Error rendering template with secrets: division by zero"
                .to_owned(),
        ),
        (
            "{{",
            "!! Missing end expression }} at name.datasource:1".to_owned(),
        ),
        ("{{ str(5) }}", "!! Invalid function name: str".to_owned()),
        (
            "{% import os %}",
            "!! import is forbidden at name.datasource:1".to_owned(),
        ),
    ] {
        assert_eq!(resolved(text), wanted, "{text}");
    }
    let endless = resolved("{% while True %}a{% end %}");
    assert!(endless.contains("exceeds the limit"), "{endless}");
}

#[test]
fn text_without_tags_is_told_apart() {
    assert!(!uses_tags("SCHEMA >\n  a Int32 DEFAULT {}\n# } %} }}"));
    assert!(uses_tags("{{ tb_secret('k') }}") && uses_tags("{% if 1 %}") && uses_tags("{# c #}"));
}
