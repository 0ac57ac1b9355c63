//! Warnings about lines that a block swallows although they look like directives.
//!
//! Such a line is legal text, and some working projects rely on it; but nearly always it is a
//! misspelt, foreign or indented directive.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{DirectiveRule, FileKind, Grammar, NODE_TYPES, closest};
use crate::source::Span;

/// Words that are both directives somewhere and common starts of an SQL line.
const SQL_WORDS: &[&str] = &[
    "FROM", "SETTINGS", "SOURCE", "FILTER", "TTL", "VERSION", "INDEX",
];

/// Returns a warning when a line of the block of `owner` looks like a directive.
pub(super) fn suspect_line(
    grammar: &Grammar,
    owner: &DirectiveRule,
    words: &[Span],
    indented: bool,
) -> Option<Diagnostic> {
    if owner.name == "DESCRIPTION" {
        return None;
    }
    let (first, rest) = words.split_first()?;
    let word = first.text();
    let is_upper = word
        .bytes()
        .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
    if indented {
        return is_indented_directive(grammar, word, rest)
            .then(|| indented_directive(first, owner));
    }
    if !is_upper || rest.is_empty() || SQL_WORDS.contains(&word) {
        return None;
    }
    if let Some(kind) = FileKind::ALL
        .into_iter()
        .find(|kind| grammar.of_kind(*kind).rule(word).is_some())
    {
        let message = format!(
            "{word} is not a directive of {} files and is taken as part of {}",
            grammar.kind.word(),
            owner.name
        );
        let hint = format!(
            "{word} belongs in {} files; remove the line, or indent it if it is meant",
            kind.word()
        );
        return Some(
            Diagnostic::warning(codes::DIRECTIVE_IN_BLOCK, message, first.clone()).with_hint(hint),
        );
    }
    if grammar.is_classic_only(word) {
        let message = format!(
            "{word} is not a directive and is taken as part of {}",
            owner.name
        );
        let hint = format!("{word} is a directive of older projects; remove the line");
        return Some(
            Diagnostic::warning(codes::DIRECTIVE_IN_BLOCK, message, first.clone()).with_hint(hint),
        );
    }
    let near = closest(word, grammar.names(), 1 + usize::from(word.len() > 5))?;
    let message = format!(
        "{word} is not a directive and is taken as part of {}",
        owner.name
    );
    Some(
        Diagnostic::warning(codes::DIRECTIVE_IN_BLOCK, message, first.clone()).with_hint(format!(
            "did you mean {near}? Indent the line if it is meant as text"
        )),
    )
}

/// Only shapes that are hardly SQL: `TYPE endpoint`, `NODE name`, names with an underscore.
fn is_indented_directive(grammar: &Grammar, word: &str, rest: &[Span]) -> bool {
    let [value] = rest else { return false };
    if word.eq_ignore_ascii_case("TYPE") {
        return NODE_TYPES
            .iter()
            .any(|kind| value.text().eq_ignore_ascii_case(kind));
    }
    grammar
        .rule(word)
        .is_some_and(|rule| rule.name == word && (word == "NODE" || word.contains('_')))
}

fn indented_directive(first: &Span, owner: &DirectiveRule) -> Diagnostic {
    let word = first.text();
    Diagnostic::warning(
        codes::DIRECTIVE_IN_BLOCK,
        format!("{word} is indented and therefore part of {}", owner.name),
        first.clone(),
    )
    .with_hint(format!(
        "move {word} to the start of the line to end the block"
    ))
}
