//! Statements that list what there is, as queries over `system.databases` and `system.tables`.
//!
//! The queries are texts like those that users write: they go through the guard, and what these
//! tables hold is decided where they are read.

use crate::lexer::{Token, TokenKind, tokens};
use crate::quote::quote_string;

#[cfg(test)]
mod tests;

/// What a statement asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The rows of this query.
    Query(String),
    /// Names and types of the columns of this query.
    Columns(String),
}

/// Reads `SHOW DATABASES`, `SHOW TABLES`, `EXISTS` and `DESCRIBE`. Nothing for any other statement, and
/// for one of them with a clause that is not known here.
///
/// `database` is where tables are looked for when the text does not say.
#[must_use]
pub fn read(text: &str, database: &str) -> Option<Shown> {
    let tokens = tokens(text).ok()?;
    let mut reader = Reader {
        text,
        tokens: &tokens,
    };
    let shown = if reader.word("show") {
        reader.show(database)?
    } else if reader.word("exists") {
        reader.exists(database)?
    } else if reader.word("describe") || reader.word("desc") {
        return reader.describe();
    } else {
        return None;
    };
    reader.tokens.is_empty().then_some(Shown::Query(shown))
}

/// Returns `text` with each call without arguments of one of these functions, named in lower case,
/// replaced; `replacement` gets the call as written. Text that the lexer does not understand is left as
/// it is.
#[must_use]
pub fn replace_calls(
    text: &str,
    functions: &[&str],
    replacement: impl Fn(&str) -> String,
) -> String {
    let Ok(tokens) = tokens(text) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for calls in tokens.windows(3) {
        let [name, open, close] = calls else { continue };
        let written = text.get(name.span.clone()).unwrap_or_default();
        let is_call = name.kind == TokenKind::Word
            && open.kind == TokenKind::Symbol('(')
            && close.kind == TokenKind::Symbol(')')
            && functions.contains(&written.to_ascii_lowercase().as_str());
        if is_call {
            out.push_str(text.get(copied..name.span.start).unwrap_or_default());
            out.push_str(&replacement(&format!("{written}()")));
            copied = close.span.end;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// The rest of a statement.
struct Reader<'t> {
    text: &'t str,
    tokens: &'t [Token],
}

impl<'t> Reader<'t> {
    /// Takes the next token when it is of this kind.
    fn take(&mut self, is_wanted: impl Fn(&Token, &str) -> bool) -> Option<&'t str> {
        let (first, rest) = self.tokens.split_first()?;
        let written = self.text.get(first.span.clone())?;
        if !is_wanted(first, written) {
            return None;
        }
        self.tokens = rest;
        Some(written)
    }

    fn word(&mut self, word: &str) -> bool {
        let is_wanted = |token: &Token, written: &str| {
            token.kind == TokenKind::Word && written.eq_ignore_ascii_case(word)
        };
        self.take(is_wanted).is_some()
    }

    /// Takes a name and returns it without its quotes.
    fn name(&mut self) -> Option<&'t str> {
        let is_name = |token: &Token, _: &str| {
            matches!(token.kind, TokenKind::Word | TokenKind::QuotedIdentifier)
        };
        Some(self.take(is_name)?.trim_matches(['`', '"']))
    }

    /// Takes `name` or `database.name`.
    fn table(&mut self) -> Option<(Option<&'t str>, &'t str)> {
        let first = self.name()?;
        match self.take(|token, _| token.kind == TokenKind::Symbol('.')) {
            Some(_) => Some((Some(first), self.name()?)),
            None => Some((None, first)),
        }
    }

    fn show(&mut self, database: &str) -> Option<String> {
        if self.word("databases") || self.word("schemas") {
            let like = self.like()?;
            return Some(format!(
                "SELECT name FROM system.databases WHERE 1{like} ORDER BY name"
            ));
        }
        self.word("full");
        if !self.word("tables") {
            return None;
        }
        let database = match self.word("from") || self.word("in") {
            true => self.name()?,
            false => database,
        };
        let like = self.like()?;
        let limit = match self.word("limit") {
            true => format!(
                " LIMIT {}",
                self.take(|token, _| token.kind == TokenKind::Word)?
            ),
            false => String::new(),
        };
        Some(format!(
            "SELECT name FROM system.tables WHERE database = {}{like} ORDER BY name{limit}",
            quote_string(database)
        ))
    }

    /// Takes a pattern for names, if there is one.
    fn like(&mut self) -> Option<String> {
        let not = if self.word("not") { "NOT " } else { "" };
        let operator = match (self.word("like"), self.word("ilike")) {
            (true, _) => "LIKE",
            (_, true) => "ILIKE",
            _ => return not.is_empty().then(String::new),
        };
        let pattern = self.take(|token, _| token.kind == TokenKind::String)?;
        Some(format!(" AND name {not}{operator} {pattern}"))
    }

    fn exists(&mut self, database: &str) -> Option<String> {
        if self.word("database") {
            return Some(format!(
                "SELECT toUInt8(count() > 0) AS result FROM system.databases WHERE name = {}",
                quote_string(self.name()?)
            ));
        }
        let _ = self.word("table") || self.word("view");
        let (of, table) = self.table()?;
        Some(format!(
            "SELECT toUInt8(count() > 0) AS result FROM system.tables WHERE database = {} AND name = {}",
            quote_string(of.unwrap_or(database)),
            quote_string(table)
        ))
    }

    fn describe(&mut self) -> Option<Shown> {
        self.word("table");
        let start = self.tokens.first()?.span.start;
        let rest = self.text.get(start..)?;
        let is_query = self.tokens.first()?.kind == TokenKind::Symbol('(');
        if !is_query {
            self.table()?;
            if !self.tokens.is_empty() {
                return None;
            }
        }
        Some(Shown::Columns(format!("SELECT * FROM {rest}")))
    }
}
