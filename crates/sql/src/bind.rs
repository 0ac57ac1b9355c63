//! Values for the parameters of a statement: `{name:Type}` becomes the value itself.
//!
//! Bound before anything else looks at the text, so that what it reads and calls is seen whole.

use crate::lexer::{Token, TokenKind, UnclosedError, tokens};
use crate::quote::{quote_identifier, quote_string};

#[cfg(test)]
mod tests;

/// Why a statement's parameters could not be bound.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BindError {
    /// The text has a parameter that has no value.
    #[error("the parameter {{{name}}} has no value; send it as param_{name}")]
    Missing {
        /// Its name.
        name: String,
    },
    /// A quote or a comment does not end.
    #[error(transparent)]
    Unclosed(#[from] UnclosedError),
}

/// Returns `text` with each `{name:Type}` replaced by its value as that type; `Identifier` stands for
/// a name. `\N` is NULL.
///
/// # Errors
/// When a parameter has no value, and when a quote or comment does not end.
pub fn bind<'v>(text: &str, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, BindError> {
    let tokens = tokens(text)?;
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let Some(parameter) = parameter(text, &tokens, at) else {
            at += 1;
            continue;
        };
        let name = parameter.name;
        let value = value(name).ok_or_else(|| BindError::Missing {
            name: name.to_owned(),
        })?;
        out.push_str(text.get(copied..token.span.start).unwrap_or_default());
        match (parameter.data_type.trim(), value) {
            ("Identifier", name) => out.push_str(&quote_identifier(name)),
            (_, "\\N") => out.push_str("NULL"),
            (data_type, value) => {
                let (value, data_type) = (quote_string(value), quote_string(data_type));
                out.extend(["CAST(", &value, ", ", &data_type, ")"]);
            }
        }
        copied = parameter.end;
        at = parameter.next;
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    Ok(out)
}

struct Parameter<'t> {
    name: &'t str,
    data_type: &'t str,
    /// Byte behind the closing brace.
    end: usize,
    /// Token behind the closing brace.
    next: usize,
}

/// Returns the parameter whose opening brace is the token `at`, if there is one.
fn parameter<'t>(text: &'t str, tokens: &[Token], at: usize) -> Option<Parameter<'t>> {
    let is = |index: usize, symbol| {
        let token = tokens.get(index);
        token.is_some_and(|token| token.kind == TokenKind::Symbol(symbol))
    };
    let name = tokens
        .get(at + 1)
        .filter(|token| token.kind == TokenKind::Word)?;
    if !is(at, '{') || !is(at + 2, ':') {
        return None;
    }
    let first = at + 3;
    let close = (first..tokens.len()).find(|index| is(*index, '}'))?;
    let type_start = tokens.get(first)?.span.start;
    let brace = &tokens.get(close)?.span;
    Some(Parameter {
        name: text.get(name.span.clone())?,
        data_type: text.get(type_start..brace.start)?,
        end: brace.end,
        next: close + 1,
    })
}
