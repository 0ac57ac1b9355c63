//! Tags, braces, comments and whitespace.

use crate::testing::{assert_outcomes, describe};

#[test]
fn braces() {
    assert_outcomes(&[
        ("{{{1}}}", "{1}"),
        ("{{{{1}}}}", "{{1}}"),
        ("{", "{"),
        ("a{", "a{"),
        ("{a} }} %} #} {name: Type}", "{a} }} %} #} {name: Type}"),
        ("{{!x}} {%!x %} {#! x #}", "{{x}} {%x %} {# x #}"),
        ("{{ {'a': {'b': 1} }['a'] }}", "{'b': 1}"),
    ]);
}

#[test]
fn comments_are_dropped() {
    assert_outcomes(&[
        ("a{# b #}c", "ac"),
        ("{# }} {{ x #}b", "b"),
        ("{% comment %}a{% comment x %}b", "ab"),
    ]);
}

#[test]
fn text_is_kept_as_it_is() {
    let text = "\r\n\t -- % \u{2028} '{{!'\u{0} é";
    assert_outcomes(&[(text, &text.replace("{{!", "{{"))]);
    assert_outcomes(&[
        ("{{1\n}}\n", "1\n"),
        ("\n{% if 1 %}\nx{% end if %}\n", "\n\nx\n"),
    ]);
}

#[test]
fn tags_in_sql_strings_and_comments_are_tags() {
    assert_outcomes(&[(
        "'{{String('q')}}' -- {{1}}\n/* {{2}} */",
        "''q'' -- 1\n/* 2 */",
    )]);
}

#[test]
fn whitespace_modes() {
    assert_outcomes(&[
        (
            "{% whitespace single %}a  b\n \nc<{{1}}  {{2}}",
            "a b\nc<1 2",
        ),
        (
            "{% whitespace oneline %}a  b\n \nc{% whitespace all %}a  b",
            "a b ca  b",
        ),
        ("{% whitespace oneline %}<pre>a  b", "<pre>a  b"),
        ("{% whitespace single %}a \t b", "a b"),
    ]);
}

#[test]
fn malformed_tags() {
    insta::assert_snapshot!(describe(&[
        "{{ 1",
        "{{",
        "a\n{% if 1",
        "{# 1",
        "\nSELECT 1,\n{{ }}\n",
        "{%%}",
        "{% %}",
        "{{\n\n}}",
        "{% whitespace weird %}a",
        "{% whitespace %}a",
        "{{ '}}' }}",
        "{%- if 1 %}",
    ]));
}
