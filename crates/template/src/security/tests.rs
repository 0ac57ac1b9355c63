//! What may be used where.

use super::{DENIED_ATTRIBUTES, DENIED_FUNCTIONS, OUTPUT_FUNCTIONS};
use crate::error::ErrorKind;
use crate::eval::builtins::Builtin;
use crate::functions::Function;
use crate::testing::describe;
use crate::{Template, TemplateError};

fn compile(text: &str) -> Result<(), TemplateError> {
    Template::compile(text, None).map(|_| ())
}

#[test]
fn every_function_of_the_list_exists() {
    for name in OUTPUT_FUNCTIONS {
        let known = Function::from_name(name).is_some() || Builtin::from_name(name).is_some();
        assert!(known, "{name}");
        assert!(compile(&format!("{{{{ {name}(a) }}}}")).is_ok(), "{name}");
    }
}

#[test]
fn output_tags_permit_little() {
    for text in [
        "{{ x.split(',')[0].replace('a', 'b') }}",
        "{{ String(a)(b) }}",
        "{{ x[1:len(y)] }}",
        "{{ x[y[0]] }}",
        "{{ f'{len(x):>5}' }}",
        "{{ {'a': [1, (2,), {3}]} }}",
        "{{ 1 if x else -y * 2 - 3 + 4 }}",
        "{{ String(x, default=[i for i in 'ab' if i < 'b' and not i.foo()]) }}",
        "{{ not x }}",
        "{{ ____ }}",
    ] {
        assert_eq!(compile(text), Ok(()), "{text}");
    }
}

#[test]
fn output_tags_refuse_the_rest() {
    insta::assert_snapshot!(describe(&[
        "{{ x == 1 }}",
        "{{ x and y }}",
        "{{ [i for i in x] }}",
        "{{ lambda: 1 }}",
        "{{ x.y }}",
        "{{ *x }}",
        "{{ (x := 1) }}",
        "{{ await x }}",
        "{{ yield x }}",
        "{{ str(1) }}",
        "{{ Bool(1) }}",
        "{{ x.upper() }}",
        "{{ 'a'() }}",
        "{{ +1 }}",
        "{{ ~1 }}",
        "{{ 1 / 2 }}",
        "{{ x @ y }}",
        "{{ x[-1] }}",
        "{{ x[y] }}",
        "{{ x[1, 2] }}",
        "{{ b'a' }}",
        "{{ 1j }}",
        "{{ ... }}",
        "{{ __x__ }}",
        "{{ __import__('os') }}",
        "{{ x = 1 }}",
        "{{ import os }}",
        "{{ String(*a) }}",
        "{{ {**x, 'a': 1} }}",
        "{{ String(x, default=eval('1')) }}",
    ]));
}

#[test]
fn control_tags_refuse_what_could_escape() {
    for name in DENIED_FUNCTIONS {
        let error = compile(&format!("{{% if {name}(x) %}}{{% end %}}")).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Security, "{name}");
    }
    for name in DENIED_ATTRIBUTES.into_iter().chain(["_x", "__class__"]) {
        let error = compile(&format!("{{% set y = x.{name} %}}")).unwrap_err();
        assert_eq!(
            error.message,
            format!("Template Syntax Error: Invalid attribute: {name}")
        );
    }
    for text in [
        "{% for __x__ in [] %}{% end %}",
        "{% try %}{% except ValueError as __e__ %}{% end %}",
        "{% set x = yield 1 %}",
        "{% while eval('a') %}{% end %}",
        "{% set x = [lambda: (globals())] %}",
    ] {
        assert_eq!(
            compile(text).unwrap_err().kind,
            ErrorKind::Security,
            "{text}"
        );
    }
}

#[test]
fn names_of_refused_functions_are_parameters() {
    assert_eq!(compile("{% if eval and type %}{% end %}{{dir}}"), Ok(()));
}
