//! The form for people.

use super::Diagnostic;
use crate::source::SourceFile;

fn render(text: &str, part: &str) -> String {
    let file = SourceFile::new("pipes/a.pipe", text);
    let start = text.find(part).unwrap();
    Diagnostic::error(
        "area/what",
        "something is wrong",
        file.span(start..start + part.len()),
    )
    .render()
}

#[test]
fn shows_the_line_with_carets() {
    insta::assert_snapshot!(render("NODE a\n\tSQL é x\n", "x"), @"
    pipes/a.pipe:2:8: error[area/what]: something is wrong
      2 |     SQL é x
        |           ^
    ");
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let text = format!("{}HERE{}", "a".repeat(5000), "b".repeat(5000));
    insta::assert_snapshot!(render(&text, "HERE"), @"
    pipes/a.pipe:1:5001: error[area/what]: something is wrong
      1 | …aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaHEREbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb…
        |                                ^^^^
    ");
}

#[test]
fn several_lines_are_marked_on_the_first() {
    insta::assert_snapshot!(render("a b\nc d\n", "b\nc"), @"
    pipes/a.pipe:1:3: error[area/what]: something is wrong
      1 | a b
        |   ^
    ");
}

#[test]
fn control_characters_are_not_sent_to_the_terminal() {
    let rendered = render("a\u{1b}[31m\0b", "b");
    assert!(!rendered.contains(['\u{1b}', '\0']), "{rendered:?}");
}

#[test]
fn an_include_says_where_it_was_included() {
    let outer = SourceFile::new("a.datasource", "\nINCLUDE x.incl\n");
    let inner = SourceFile::included("x.incl".into(), "FOO".into(), outer.span(1..8));
    let diagnostic = Diagnostic::warning("area/what", "odd", inner.span(0..3)).with_hint("look");
    insta::assert_snapshot!(diagnostic.render(), @"
    x.incl:1:1: warning[area/what]: odd
      1 | FOO
        | ^^^
    included from a.datasource:2
    hint: look
    ");
}
