//! The parser of expressions.

use super::ast::{ExprKind, Module, Statement};
use super::{parse_expression, parse_module};
use crate::testing::assert_outcomes;

/// Asserts that a text parses, and to which class of node.
fn assert_class(cases: &[(&str, &str)]) {
    for (text, class) in cases {
        let expr = parse_expression(text).unwrap();
        assert_eq!(expr.class_name(), *class, "{text}");
        let source = text.get(expr.span.start..expr.span.end);
        assert!(source.is_some_and(|source| !source.is_empty()), "{text}");
    }
}

#[test]
fn classes_of_nodes() {
    assert_class(&[
        ("1 + 2 * 3 ** 4", "BinOp"),
        ("not a == b", "UnaryOp"),
        ("a or b and c", "BoolOp"),
        ("a < b <= c is not d not in e", "Compare"),
        ("a if b else c", "IfExp"),
        ("lambda a, b=1, *c, d, **e: a", "Lambda"),
        ("f(a, *b, c=1, **d)", "Call"),
        ("a.b[1:2, ::3].c(d)[e]", "Subscript"),
        ("{**a, 'b': 1}", "Dict"),
        ("{1, 2}", "Set"),
        ("[x for x in y if z for w in x]", "ListComp"),
        ("{k: v for k, v in x}", "DictComp"),
        ("(x for x in y)", "GeneratorExp"),
        ("'a' \"b\" f'{c!r:>{d}}'", "JoinedStr"),
        ("r'\\d' 'x'", "Constant"),
        ("1_000 + 0x_ff + 0b1 + 0o7 + 1e-3 + .5 + 5.", "BinOp"),
        ("a, b", "Tuple"),
        ("...", "Constant"),
        ("(a := 1)", "NamedExpr"),
    ]);
}

#[test]
fn precedence() {
    assert_outcomes(&[
        (
            "{% set z = [2 + 3 * 4, -2 ** 2, 2 ** 3 ** 2, not 1 == 2, 1 + 1 << 2, 6 | 1 & 3] %}{{z}}",
            "[14, -4, 512, True, 8, 7]",
        ),
        (
            "{% set z = [1 if 0 else 2 if 0 else 3, 1 or 0 and 0, -1 - -1, 7 // 2 * 2] %}{{z}}",
            "[3, 1, 0, 6]",
        ),
    ]);
}

#[test]
fn literals() {
    assert_outcomes(&[
        (
            "{{'\\t'}}{{'\\x41\\u00e9\\101\\d'}}{{r'\\d'}}",
            "'\\t''AéA\\\\d''\\\\d'",
        ),
        (
            "{{\"\"\"a\"b\"\"\"}}{{'''c'''}}{{'a' 'b' \"c\"}}",
            "'a\\\"b''c''abc'",
        ),
        ("{{0x10}}{{1_000}}{{00}}{{1e3}}{{.5}}", "16100001000.00.5"),
    ]);
}

#[test]
fn what_is_no_expression() {
    for text in [
        "",
        "1 +",
        "(1",
        "1)",
        "a b",
        "a = 1",
        "1a",
        "0777",
        "'a",
        "a..b",
        "[1, 2",
        "{1: 2, 3}",
        "f(a=1, b)",
        "f(**a, b)",
        "f(x for x in y, 1)",
        "*",
        "lambda",
        "a if b",
        "a.1",
        "class",
        "'\\x1'",
        "'\\N{DASH}'",
        "f'{'",
        "f'}'",
        "f'{a!x}'",
        "f'{}'",
        "b'é'",
        "b'a' 'b'",
        "a # b",
        "a; b",
        "a\nb",
        "1__0",
        "1_",
        "0x",
        "a := 1 := 2",
        "not",
        "a not b",
        "[*a for a in b]",
        "x[",
        "x[]",
        "{a for}",
        "lambda a, a: 1",
        "lambda a=1, b: 1",
        "(*a)",
    ] {
        assert!(parse_expression(text).is_err(), "{text}");
    }
}

#[test]
fn modules() {
    let module = |text: &str| parse_module(text).unwrap();
    let Module { statements, .. } = module("a = b = 1; c += 2\nd");
    assert!(matches!(
        statements.as_slice(),
        [Statement::Assign { targets, .. }, Statement::AugAssign { .. }, Statement::Expr(e)]
            if targets.len() == 2 && matches!(e.kind, ExprKind::Name(_))
    ));
    assert!(module("1 # c").has_tail);
    assert!(!module("(1 # c\n)").has_tail);
    assert!(module("1\n2").has_line_break);
    assert!(!module("1 \\\n + 2").has_line_break);
    for text in [
        "pass",
        "del a",
        "import os",
        "raise a from b",
        "x: int = 1",
        "if a: b",
        "return",
    ] {
        assert!(
            matches!(module(text).statements.as_slice(), [Statement::Other(_)]),
            "{text}"
        );
    }
    assert!(parse_module("1\n 2").is_err());
}
