//! Blocks and their mistakes.

use crate::error::ErrorKind;
use crate::structure::parse;
use crate::testing::{assert_outcomes, describe};

#[test]
fn blocks() {
    assert_outcomes(&[
        ("{% if 0 %}a{% elif 1 %}b{% else %}c{% end %}", "b"),
        (
            "{% for i in [1, 2] %}{{i}}{% else %}e{% end %}{{i}}",
            "12e2",
        ),
        (
            "{% for a, (b, *c) in [(1, (2, 3, 4))] %}{{[a, b, c]}}{% end %}",
            "[1, 2, [3, 4]]",
        ),
        (
            "{% for i in [1, 2, 3] %}{% if i == 2 %}{% continue %}{% end %}{{i}}{% end %}",
            "13",
        ),
        ("{% for i in [1] %}{% break %}{% else %}e{% end %}x", "x"),
        ("{% while False %}a{% else %}b{% end %}", "b"),
        (
            "{% for a in [1, 2] %}{% for b in [] %}{% else %}{% break %}{% end %}{{a}}{% end %}",
            "",
        ),
        (
            "{% for a in [1,2] %}{% try %}{% continue %}{% finally %}{{a}}{% end %}{% end %}",
            "12",
        ),
        (
            "{% for i in 1, 2 %}{{i}}{% end %}{% for x, in [[1]] %}{{x}}{% end %}",
            "121",
        ),
        ("{% if x := 3 %}{{x}}{% end %}", "3"),
        ("{% if (1\n==1) %}a{% end %}", "a"),
    ]);
}

#[test]
fn statements_of_set() {
    assert_outcomes(&[
        ("{% set a = b = 3 %}{{a}}{{b}}", "33"),
        ("{% set a, *b = 1, 2, 3 %}{{a}}{{b}}", "1[2, 3]"),
        (
            "{% set a = [1] %}{% set a[0] = 2 %}{% set a += [3] %}{{a}}",
            "[2, 3]",
        ),
        ("{% set d = {} %}{% set d['k'] = 1 %}{{d}}", "{'k': 1}"),
        ("{% set l = [] %}{% set l.append(3) %}{{l}}", "[3]"),
        ("{% set x = (y := 3) %}{{x}}{{y}}", "33"),
        (
            "{% set a=1 %}{{a}}{% set a = 2; %}{{a}}{% set a = 3 # c %}{{a}}",
            "123",
        ),
    ]);
}

#[test]
fn mistakes() {
    insta::assert_snapshot!(describe(&[
        "{% end %}",
        "{% else %}",
        "{% elif y %}",
        "{% except y %}",
        "{% finally %}",
        "{% break %}",
        "{% if 1 %}{% break %}{% end %}",
        "{% if x %}{% finally %}{% end %}",
        "{% for x in y %}{% elif y %}{% end %}",
        "{% if\t1 %}a{% end %}",
        "{% endif %}",
        "{% IF 1 %}",
        "{% raw x %}",
        "{% import os %}",
        "{% from os import x %}",
        "{% extends 'a' %}",
        "{% block x %}{% end %}",
        "{% block x %}",
        "{% set %}",
        "{% for a in b %}",
        "\n{% if a %}\n{% if b %}{% end %}",
        "{% if x %}{% else if y %}{% end %}",
        "{% try x %}{% except %}{% end %}",
        "{% if x:\n  pass\nif y %}{% end %}",
        "{% set del x %}",
        "{% set x: int = 1 %}",
        "{% set x = 1; y = 2 %}",
        "{% set pass %}",
    ]));
}

#[test]
fn python_finds_these_last() {
    for text in [
        "{% if %}{% end %}",
        "{% if x, y %}{% end %}",
        "{% if x: %}{% end %}",
        "{% if (x %}{% end %}",
        "{% if x # c %}{% end %}",
        "{% for x %}{% end %}",
        "{% for 5 in x %}{% end %}",
        "{% set x = %}",
        "{% set f() = 1 %}",
        "{% if x %}{% else %}{% else %}{% end %}",
        "{% if x %}{% else %}{% elif y %}{% end %}",
        "{% try %}a{% end %}",
        "{% try %}{% except %}{% except ValueError %}{% end %}",
        "{% try %}{% except ValueError, KeyError %}{% end %}",
        "{% for a in [1] %}{% else %}{% break %}{% end %}",
        "{% for a in [1] %}{% break x %}{% end %}",
        "{% set a = f(b=1, b=2) %}",
        "{% set a = [y := 1 for y in [1]] %}",
        "{% set a = [1 for y in (z := [1])] %}",
        "{{ a b }}",
        "{{ 1\n 2 }}",
    ] {
        let error = parse(text, None).map(|_| ()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Syntax, "{text}");
    }
    // Something worse that follows is reported instead.
    let error = parse("{% set x = %}{{x.y}}", None).map(|_| ()).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Security);
}

#[test]
fn the_node_is_named() {
    let error = parse("{% foo %}", Some("top")).map(|_| ()).unwrap_err();
    assert_eq!(error.message, "unknown operator: 'foo' at top:1");
    let error = parse("\n{% for a in b %}", Some("top"))
        .map(|_| ())
        .unwrap_err();
    assert_eq!(
        error.message,
        "Missing {% end %} block for if in the node top at line 2 of the SQL: \n{% for a in b %}"
    );
}
