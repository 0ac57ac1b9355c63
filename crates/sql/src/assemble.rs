//! Assembly of pipe nodes into one statement.
//!
//! Nodes become common table expressions, so that the text the user wrote stays readable in the
//! engine's messages. A newline stands before each closing parenthesis because a node may end in
//! a `--` comment.

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
