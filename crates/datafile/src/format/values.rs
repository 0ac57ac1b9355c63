//! Directives as text: names, values and comments.

use crate::grammar::FileKind;
use crate::lexer::{Block, Directive, split_values, unquote};
use crate::metadata;
use crate::source::Span;

use super::blocks;

/// Directives whose block stays a block.
const TEXT_BLOCKS: &[&str] = &[
    "DESCRIPTION",
    "FORWARD_QUERY",
    "IMPORT_QUERY",
    "INDEXES",
    "INDICES",
    "KAFKA_SSL_CA_PEM",
    "SCHEMA",
    "SHARED_WITH",
    "SQL",
];

/// Returns a directive with its comments; the comments in `written` are left out.
pub(super) fn directive(directive: &Directive, kind: FileKind, written: &[Span]) -> String {
    let name = directive.name();
    let mut out = String::new();
    for comment in directive
        .comments_above
        .iter()
        .filter(|comment| !written.contains(comment))
    {
        out.push_str(comment.text());
        out.push('\n');
    }
    let comment = directive
        .comment
        .as_ref()
        .map(|comment| format!(" {}", comment.text()))
        .unwrap_or_default();
    let text_block = directive
        .block
        .as_ref()
        .filter(|_| TEXT_BLOCKS.contains(&name));
    if let Some(block) = directive.block.as_ref().filter(|_| text_block.is_none()) {
        // The value goes on one line; the comments between its lines go above it.
        out.push_str(&blocks::comment_lines(block));
    }
    if let Some(lines) = shared_with_lines(directive) {
        out.push_str(&format!("SHARED_WITH >{comment}\n{lines}"));
        return out;
    }
    match (name, text_block) {
        ("DESCRIPTION", None) => {
            let text = metadata::description(directive);
            if text.is_empty() {
                out.push_str(&format!("DESCRIPTION{comment}\n"));
            } else {
                out.push_str(&format!("DESCRIPTION >{comment}\n    {text}\n"));
            }
        }
        (_, Some(block)) => {
            out.push_str(&format!("{name} >{comment}\n"));
            out.push_str(&match name {
                "SCHEMA" => blocks::schema(block),
                "INDEXES" | "INDICES" => blocks::indexes(block),
                "DESCRIPTION" => blocks::description(block),
                _ => blocks::text(block),
            });
        }
        _ => {
            let value = line_value(directive, kind);
            let separator = if value.is_empty() { "" } else { " " };
            out.push_str(&format!("{name}{separator}{value}{comment}\n"));
        }
    }
    out
}

/// Returns one workspace per line; `None` when that would lose a comment or change a name.
fn shared_with_lines(directive: &Directive) -> Option<String> {
    let has_comments = |block: &Block| !blocks::comment_lines(block).is_empty();
    if directive.name() != "SHARED_WITH" || directive.block.as_ref().is_some_and(has_comments) {
        return None;
    }
    let names = metadata::shared_with(directive, &mut Vec::new());
    let is_plain = |name: &str| !name.contains(['#', '"', '\'']);
    let all_plain = !names.is_empty() && names.iter().all(|name| is_plain(&name.value));
    all_plain.then(|| {
        names
            .iter()
            .map(|name| format!("    {}\n", name.value))
            .collect()
    })
}

/// Returns what stands behind the name, on one line.
fn line_value(directive: &Directive, kind: FileKind) -> String {
    let name = directive.name();
    if name == "TOKEN" {
        return token_value(directive);
    }
    if name == "NODE" {
        return node_name(directive);
    }
    if matches!(name, "INCLUDE" | "SHARED_WITH") {
        return directive
            .quoted_value()
            .map(|value| value.value)
            .unwrap_or_default();
    }
    let Some(value) = directive.value() else {
        return String::new();
    };
    let mut value = value.value.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.starts_with("ENGINE_") || name == "TAGS" {
        value = space_commas(&value);
    }
    if name == "TYPE" && kind == FileKind::Pipe {
        value = value.to_uppercase();
    }
    let [plain, double, single] = [value.clone(), format!("\"{value}\""), format!("'{value}'")];
    let candidates = if name == "TAGS" {
        [double, plain, single]
    } else {
        [plain, double, single]
    };
    // The words as they are read the same in any case.
    let as_written = || directive.quoted_value().map(|value| value.value);
    let found = candidates
        .into_iter()
        .find(|candidate| reads_as(candidate, &value));
    found.or_else(as_written).unwrap_or_default()
}

/// Reports whether a text behind a directive's name is read as this value.
fn reads_as(text: &str, value: &str) -> bool {
    !text.is_empty() && split_values(text).as_deref() == Some(value)
}

fn token_value(directive: &Directive) -> String {
    let words: Vec<&str> = directive.words.iter().map(Span::text).collect();
    match words.as_slice() {
        [name, scope] => {
            let name = unquote(name);
            let quote = if name.contains('"') { '\'' } else { '"' };
            format!("{quote}{name}{quote} {}", unquote(scope).to_uppercase())
        }
        _ => words.join(" "),
    }
}

/// Returns the name of a node; without its quotes where that reads the same.
fn node_name(directive: &Directive) -> String {
    let Some(word) = directive.words.first() else {
        return String::new();
    };
    let name = unquote(word.text());
    let is_plain = !name.contains(char::is_whitespace) && reads_as(name, name);
    if is_plain {
        name.to_owned()
    } else {
        word.text().to_owned()
    }
}

/// Puts one blank after each comma and none before, outside of strings.
fn space_commas(text: &str) -> String {
    let mut out = String::new();
    for (index, part) in text.split('\'').enumerate() {
        if index > 0 {
            out.push('\'');
        }
        if index % 2 == 1 {
            out.push_str(part);
            continue;
        }
        let mut pieces = part.split(',').peekable();
        let mut is_first = true;
        while let Some(piece) = pieces.next() {
            let piece = if is_first { piece } else { piece.trim_start() };
            let has_comma = pieces.peek().is_some();
            out.push_str(if has_comma { piece.trim_end() } else { piece });
            if has_comma {
                out.push_str(", ");
            }
            is_first = false;
        }
    }
    out.trim().to_owned()
}
