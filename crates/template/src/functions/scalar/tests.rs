//! Common rules of typed parameters.

use crate::testing::{assert_fails, assert_outcomes, assert_values, checked};

#[test]
fn a_value_wins_over_the_default() {
    assert_values(
        "{{Int32(x, 5)}}",
        &[
            ("\"7\"", "toInt32('7')"),
            ("null", "toInt32('5')"),
            (
                "\"\"",
                "Template Syntax Error: Error validating '' to type Int32",
            ),
        ],
    );
    assert_values("{{String(x, 'd')}}", &[("\"\"", "''"), ("null", "'d'")]);
}

#[test]
fn the_default_is_validated_too() {
    assert_outcomes(&[
        ("{{Int8(x, '5')}}", "toInt8('5')"),
        ("{{Int8(x, default=5)}}", "toInt8('5')"),
        (
            "{{Int8(x, 1000)}}",
            "Template Syntax Error: Error validating '1000' to type Int8",
        ),
        ("{{String(x, True)}}", "'True'"),
        ("{{String(x, [1, 'a'])}}", "'[1, \\'a\\']'"),
        ("{{String(Int32(n, 4))}}", "'toInt32(\\'4\\')'"),
        ("{{String(5.0)}}", "'5.0'"),
    ]);
}

#[test]
fn defined_false_gives_none() {
    assert_outcomes(&[
        ("{{sql_and(a=String(x, defined=False), b=1)}}", "b = 1"),
        (
            "{{String(x, None, 0)}}",
            "Template Syntax Error: expression \"String(x, None, 0)\" evaluated to null",
        ),
    ]);
}

#[test]
fn documentation_arguments_have_no_effect() {
    let text = "{{Int8(x, 1, required=True, description='d', enum=[2], example=3, format='f')}}";
    assert_outcomes(&[(text, "toInt8('1')")]);
}

#[test]
fn wrong_arguments_are_errors_of_python() {
    assert_outcomes(&[
        (
            "{{String(a, 'x', default='y')}}",
            "transform_type.<locals>._f() got multiple values for argument 'default'",
        ),
        (
            "{{String(a, foo='y')}}",
            "transform_type.<locals>._f() got an unexpected keyword argument 'foo'",
        ),
        (
            "{{Int32(a, 1, 1, 2, 3, 4, 5, 6, 7)}}",
            "transform_type.<locals>._f() takes from 1 to 8 positional arguments but 9 were given",
        ),
        (
            "{{String()}}",
            "Template Syntax Error: one of the transform type functions is missing an argument",
        ),
    ]);
    assert_fails(&["{{String(a, default='x', default='y')}}", "{{String(**a)}}"]);
}

#[test]
fn typed_values_compute_as_plain_ones() {
    assert_outcomes(&[
        ("{{Int32(n, 1) + 1}}", "2"),
        ("{{-Int32(n, 1)}}", "-1"),
        ("{{[Int32(n, 1)]}}", "[1]"),
        ("{{f'{Int32(n, 4)}'}}", "'toInt32(\\'4\\')'"),
        ("{{Float32(n, 1.5) * 2}}", "3.0"),
        ("{% if Int32(n, 4) == '4' %}a{% else %}b{% end %}", "b"),
        ("{% if Int32(n, 4) == 4 %}a{% else %}b{% end %}", "a"),
    ]);
}

#[test]
fn check_mode_prints_placeholders() {
    for (text, expected) in [
        ("{{String(x)}}", "'__no_value__'"),
        ("{{String(x, '')}}", "'__no_value__'"),
        ("{{String(x, 'a')}}", "'a'"),
        ("{{Int32(x)}}{{Int(x)}}", "toInt32('0')0"),
        ("{{Int32(x, 0)}}", "toInt32('0')"),
        ("{{Float32(x)}}", "toFloat32('0.0')"),
        ("{{Date(x)}}", "'2019-01-01'"),
        ("{{DateTime(x)}}", "'2019-01-01 00:00:00'"),
        ("{{DateTime64(x)}}", "'2019-01-01 00:00:00.000'"),
        ("{{Int8(x, None, False)}}", "toInt8('0')"),
    ] {
        assert_eq!(checked(text), expected, "{text}");
    }
}
