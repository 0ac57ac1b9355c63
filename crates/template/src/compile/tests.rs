//! Names and their scope.

use super::template_text;
use crate::context::Mode;
use crate::testing::{assert_outcomes, assert_values, run};

#[test]
fn the_marker_is_dropped_once() {
    assert_eq!(template_text(" \n% SELECT"), Some(" SELECT"));
    assert_eq!(template_text("%%SELECT"), Some("%SELECT"));
    assert_eq!(template_text("SELECT % 1"), None);
    assert_eq!(template_text(""), None);
}

#[test]
fn an_assignment_anywhere_makes_a_name_local() {
    let unassigned = |name: &str| {
        format!(
            "Template Syntax Error: cannot access local variable '{name}' \
             where it is not associated with a value"
        )
    };
    let x = unassigned("x");
    assert_values(
        "{% set x = Int32(x, 1) %}",
        &[("\"5\"", x.as_str()), ("null", x.as_str())],
    );
    assert_values(
        "{{x}}{% if 0 %}{% set x = 1 %}{% end %}",
        &[("\"5\"", x.as_str())],
    );
    assert_outcomes(&[
        ("{% for x in [] %}{% end %}{{x}}", &x),
        ("{% for x in [1, 2] %}{% end %}{{x}}", "2"),
        (
            "{% try %}{{1 + 'a'}}{% except TypeError as x %}{% end %}{{x}}",
            &x,
        ),
        (
            "{% set z = [a for i in [1]] %}{% set a = 5 %}",
            "Template Syntax Error: cannot access free variable 'a' where it is not associated \
          with a value in enclosing scope",
        ),
    ]);
}

#[test]
fn comprehensions_and_lambdas_have_their_own_names() {
    assert_outcomes(&[
        (
            "{% set i = 5 %}{% set z = [i for i in [1, 2]] %}{{z}}{{i}}",
            "[1, 2]5",
        ),
        (
            "{% set z = [(y := i) for i in [1, 2]] %}{{z}}{{y}}",
            "[1, 2]2",
        ),
        (
            "{% set f = lambda a, b=2, *c, d=4, **e: [a, b, c, d, e] %}{% set z = f(1) %}{{z}}",
            "[1, 2, (), 4, {}]",
        ),
        (
            "{% set f = lambda n: 1 if n < 2 else n * f(n - 1) %}{% set z = f(5) %}{{z}}",
            "120",
        ),
        (
            "{% set f = lambda x: lambda y: x + y %}{% set z = f(1)(2) %}{{z}}",
            "3",
        ),
        (
            "{% set z = [foo for i in [1]] %}",
            "Template Syntax Error: name 'foo' is not defined",
        ),
        ("{% set z = [i for i in foo or 'a'] %}{{z}}", "['a']"),
        (
            "{% set z = {k: v for k, v in [('a', 1)]} %}{{z}}{% set z = {i for i in 'a'} %}{{z}}",
            "{'a': 1}{'a'}",
        ),
        ("{% set z = any(1 / i for i in [1, 0]) %}{{z}}", "True"),
    ]);
}

#[test]
fn functions_win_over_parameters_and_parameters_over_builtins() {
    let values = "{\"column\": \"x\", \"max\": \"m\", \"id\": \"i\"}";
    let rendered = |text| crate::testing::outcome(text, values);
    assert_eq!(
        rendered("{{column('c')}}{{String(max)}}{{id}}"),
        "`c`'m''i'"
    );
    assert_outcomes(&[
        ("{{String(list, 'd')}}", "'<class \\'list\\'>'"),
        ("{{String(min, 'd')}}", "'<built-in function min>'"),
        ("{{String(print, 'd')}}{{String(open, 'd')}}", "'d''d'"),
        ("{% set String = 5 %}{{String}}", "5"),
        (
            "{% if foo(x) %}{% end %}",
            "Template Syntax Error: wrong syntax, you might be using a not valid function \
             inside a control block",
        ),
    ]);
}

#[test]
fn reserved_names() {
    assert_outcomes(&[
        (
            "\n{% if q %}{% end %}{{q}}",
            "\"q\" can not be used as a variable name, line 2",
        ),
        (
            "{% set format = 1 %}",
            "\"format\" can not be used as a variable name, line 1",
        ),
        (
            "{% if x.q %}{% end %}",
            "\"q\" can not be used as a variable name, line 1",
        ),
        ("{% set z = [q for q in [1]] %}", ""),
        (
            "{% if 0 %}{{self}}{% end %}",
            "generate() got multiple values for argument 'self'",
        ),
    ]);
}

#[test]
fn warnings_are_given_once_for_each_tag() {
    let text = "{{[debug, debug]}}{% set z = debug %}{{String(token, '')}}";
    let rendered = run(text, "{\"debug\": \"1\"}", Mode::Render).unwrap();
    assert_eq!(rendered.warnings, ["debug", "debug", "token"]);
}

#[test]
fn job_timestamp_is_now_when_it_is_discovered() {
    assert_outcomes(&[
        ("{{String(job_timestamp)}}", "'2026-01-02 03:04:05'"),
        (
            "{{job_timestamp}}",
            "Template Syntax Error: expression \"job_timestamp\" evaluated to null",
        ),
    ]);
}
