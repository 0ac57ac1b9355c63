//! Assembly of pipe nodes into one statement.
//!
//! Nodes become common table expressions, so that the text the user wrote stays readable in the
//! engine's messages. A newline stands before each closing parenthesis because a node may end in
//! a `--` comment.

use crate::lexer::{TokenKind, tokens};
use crate::quote::quote_identifier;

#[cfg(test)]
mod tests;

/// A named query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cte<'a> {
    /// The node's name.
    pub name: &'a str,
    /// A query that can stand between parentheses (see `statement`).
    pub sql: &'a str,
}

/// Returns `body` with `ctes` declared before it.
///
/// `body` must be a text that can follow `WITH … `, such as `SELECT * FROM node`; wrap anything
/// else with [`select_all`].
#[must_use]
pub fn assemble(ctes: &[Cte<'_>], body: &str) -> String {
    let mut out = String::with_capacity(
        body.len()
            + ctes
                .iter()
                .map(|cte| cte.name.len() + cte.sql.len() + 16)
                .sum::<usize>(),
    );
    for (i, cte) in ctes.iter().enumerate() {
        out.push_str(if i == 0 { "WITH " } else { ",\n" });
        out.push_str(&quote_identifier(cte.name));
        out.push_str(
            " AS (
",
        );
        out.push_str(cte.sql);
        out.push_str(
            "
)",
        );
    }
    if !ctes.is_empty() {
        out.push('\n');
    }
    out.push_str(body);
    out
}

/// Returns a query over any query: one that begins with `WITH` or `(`, or has a `UNION`.
#[must_use]
pub fn select_all(query: &str) -> String {
    format!("SELECT * FROM (\n{query}\n)")
}

/// Returns `text` with each `first.second` written as one identifier.
///
/// To the engine such a name is a table of another database; this makes it a table of the current
/// one, whose name has a dot. Text that the lexer does not understand is left as it is.
#[must_use]
pub fn join_name(text: &str, first: &str, second: &str) -> String {
    let joined = quote_identifier(&format!("{first}.{second}"));
    replace_name(text, first, second, &joined)
}

/// Returns `text` with each table `first.second` taken from another database. Text that the lexer
/// does not understand is left as it is.
#[must_use]
pub fn move_name(text: &str, first: &str, second: &str, database: &str) -> String {
    let moved = format!(
        "{}.{}",
        quote_identifier(database),
        quote_identifier(second)
    );
    replace_name(text, first, second, &moved)
}

/// Returns `text` with each `first.second` written as `second` alone. Text that the lexer does not
/// understand is left as it is.
#[must_use]
pub fn drop_name(text: &str, first: &str, second: &str) -> String {
    replace_name(text, first, second, &quote_identifier(second))
}

fn replace_name(text: &str, first: &str, second: &str, replacement: &str) -> String {
    let Ok(tokens) = tokens(text) else {
        return text.to_owned();
    };
    let is_word = |index: usize, word: &str| {
        tokens.get(index).is_some_and(|token| {
            let written = text.get(token.span.clone()).unwrap_or_default();
            match token.kind {
                TokenKind::Word => written == word,
                TokenKind::QuotedIdentifier => written.trim_matches(['`', '"']) == word,
                _ => false,
            }
        })
    };
    let is_dot = |index: usize| {
        tokens
            .get(index)
            .is_some_and(|token| token.kind == TokenKind::Symbol('.'))
    };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (index, token) in tokens.iter().enumerate() {
        let follows_dot = index.checked_sub(1).is_some_and(is_dot);
        let is_name = is_word(index, first) && is_dot(index + 1) && is_word(index + 2, second);
        let end = tokens.get(index + 2).map(|last| last.span.end);
        if let Some(end) = end.filter(|_| is_name && !follows_dot) {
            out.push_str(text.get(copied..token.span.start).unwrap_or_default());
            out.push_str(replacement);
            copied = end;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}
