//! How failures are worded.

use crate::context::Mode;
use crate::error::ErrorKind;
use crate::testing::{checked, describe, outcome, run};

#[test]
fn exceptions_of_python() {
    insta::assert_snapshot!(describe(&[
        "{{x}}",
        "{{ x if 1 else 'abcdefghijklmnop' }}",
        "{{ {'\\t': None}['\\t'] }}",
        "{{x[0]}}",
        "{{''[0]}}",
        "{{[1][1]}}",
        "{{ {'a': 1}['k'] }}",
        "{{ {}[(1, 'a')] }}",
        "{{'a'['k']}}",
        "{{'a'.get('k')}}",
        "{{[1].get('k')}}",
        "{% if x.foo %}{% end %}",
        "{{len()}}",
        "{{len(1)}}",
        "{{-x}}",
        "{{x + 1}}",
        "{{'a' + 1}}",
        "{{int('x')}}",
        "{{int([])}}",
        "{{float('x')}}",
        "{{max([])}}",
        "{{min(1, 'a')}}",
        "{% if 1 / 0 %}{% end %}",
        "{% if [].pop() %}{% end %}",
        "{{ {[1]: 2} }}",
        "{% for a, b in [1] %}{% end %}",
        "{% for a, b in [[1]] %}{% end %}",
        "{% for i in 5 %}{% end %}",
        "{{a, b}}",
        "{% if x > '5' %}{% end %}",
        "{% set x = 10 ** 5000 %}{{x}}",
    ]));
}

#[test]
fn the_required_text_names_all_parameters_without_default() {
    let text = |names: &str| {
        format!(
            "Template Syntax Error: Required parameter is not defined. Check the parameters \
             {names}. Please provide a value or set a default value in the pipe code."
        )
    };
    for (template, names) in [
        ("{{String(b)}}{{a}}", "b"),
        ("{{column(c, 'x')}}{{String(b)}}", "b"),
        (
            "{% set foo = String(b) %}{% for i in c %}{{i}}{% end %}",
            "foo, b, i and c",
        ),
        ("{{String(a)}}{{String(a)}}{{String(b, 'x')}}{{b}}", "a"),
        ("{{JSON(c)}}{{String(a)}}{{Int8(10)}}", "x"),
    ] {
        let expected = if names == "x" {
            "Template Syntax Error: Required parameter is not defined".to_owned()
        } else {
            text(names)
        };
        assert_eq!(outcome(template, "{}"), expected, "{template}");
    }
    assert_eq!(
        outcome("{{Int(x)}}", "{}"),
        "Template Syntax Error: Required parameter is not defined"
    );
}

#[test]
fn error_functions_end_the_rendering() {
    let error = |text: &str| run(text, "{}", Mode::Render).unwrap_err();
    let plain = error("{{error('no', 404)}}");
    assert_eq!(
        (plain.kind, plain.status, &*plain.message),
        (ErrorKind::Error, 400, "no")
    );
    let custom = error("{{custom_error({'a': [1, None, 1.5], 'b': Int8(y, 3)}, 418)}}");
    assert_eq!((custom.kind, custom.status), (ErrorKind::Custom, 418));
    assert_eq!(
        custom.body(),
        Some(&serde_json::json!({"a": [1, null, 1.5], "b": 3}))
    );
    for (code, status) in [
        ("'418'", 400),
        ("None", 400),
        ("1.5", 400),
        ("200", 400),
        ("599", 599),
    ] {
        let error = error(&format!("{{{{custom_error('x', {code})}}}}"));
        assert_eq!(error.status, status, "{code}");
    }
}

#[test]
fn exceptions_can_be_caught() {
    for (text, expected) in [
        ("{% try %}a{{error('x')}}b{% except %}c{% end %}", "ac"),
        (
            "{% try %}{{custom_error('x')}}{% except Exception %}c{% end %}",
            "c",
        ),
        (
            "{% try %}{{Int8('x')}}{% except ValueError as e %}{{String(e)}}{% end %}",
            "'Template Syntax Error: Error validating \\'x\\' to type Int8'",
        ),
        (
            "{% try %}{% set z = {}['k'] %}{% except (ValueError, KeyError) as e %}{{[e]}}{% end %}",
            "[KeyError('k')]",
        ),
        (
            "{% try %}1{% except %}2{% else %}3{% finally %}4{% end %}",
            "134",
        ),
        (
            "{% try %}{{y}}{% except KeyError %}{% end %}",
            "Template Syntax Error: expression \"y\" evaluated to null",
        ),
        (
            "{% try %}{{1 + 'a'}}{% except foo %}{% end %}",
            "catching classes that do not inherit from BaseException is not allowed",
        ),
    ] {
        assert_eq!(outcome(text, "{}"), expected, "{text}");
    }
    let error = |text| run(text, "{}", Mode::Render).unwrap_err().kind;
    let inside = "{% try %}{{Int8('x')}}{% except %}{{error('in')}}{% end %}";
    assert_eq!(error(inside), ErrorKind::Runtime);
    let passed_on = "{% try %}{{Int8('x')}}{% except Exception as e %}{{error(e)}}{% end %}";
    assert_eq!(error(passed_on), ErrorKind::Type);
}

#[test]
fn length_as_a_name_spoils_errors() {
    let length = "Template Syntax Error: length cannot be used as a variable name or as a \
                  function inside of a template";
    for text in [
        "{% if length(3) %}{% end %}",
        "{{len(length)}}",
        "{{length}}{{1}}",
    ] {
        let expected = if text.contains("{{1}}") {
            "Template Syntax Error: expression \"length\" evaluated to null"
        } else {
            length
        };
        assert_eq!(outcome(text, "{}"), expected, "{text}");
    }
}

#[test]
fn check_mode() {
    for (text, expected) in [
        (
            "{{x}}{{x[0]}}{{x + 1}}{{x.split(',')[0]}}",
            &*"'__no_value__'".repeat(4),
        ),
        (
            "{{defined(x)}}{{defined(x[0])}}{{not x}}",
            "FalseFalseFalse",
        ),
        (
            "{% if x == x %}a{% end %}{% if x == y %}b{% end %}{% if x in ['q'] %}c{% end %}",
            "a",
        ),
        (
            "{% for a in x %}{{a}}{% end %}",
            &"'__no_value__'".repeat(3),
        ),
        (
            "{{error('x')}}|{{custom_error(5)}}|",
            "-- {x} \n|-- {x} \n|",
        ),
        (
            "{% if y > 3 %}{% end %}",
            "'>' not supported between instances of 'Placeholder' and 'int'. If you are using a \
          dynamic parameter, you need to wrap it around a valid Data Type \
          (e.g. Int8(placeholder))",
        ),
        (
            "{{y.replace('a', 'b')}}",
            "Template Syntax Error: 'Placeholder' object has no attribute 'replace'",
        ),
        (
            "\n{{x}}{{y.replace('a', 'b')}}",
            "'Placeholder' object has no attribute 'replace', line 2",
        ),
        (
            "{% if y() %}{% end %}",
            "Template Syntax Error: 'y' is not a valid function, line 1",
        ),
    ] {
        assert_eq!(checked(text), expected, "{text}");
    }
}
