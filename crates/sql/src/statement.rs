//! The outside of a SQL text that a user sent: one statement, its body and its `FORMAT`.
//!
//! The first step of the guard: whatever could make the engine see more than one statement, forge
//! a line of the engine's analysis, or leave the parentheses it will be put in, is refused here.
//! What the statement reads is then asked of the engine (`tree`).

use std::ops::Range;

use crate::lexer::{Token, TokenKind, UnclosedError, tokens};

#[cfg(test)]
mod tests;

/// One statement that may be put between parentheses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement<'a> {
    /// The text without a trailing semicolon and without the trailing `FORMAT`.
    pub body: &'a str,
    /// The name after a trailing `FORMAT`, as written.
    pub format: Option<&'a str>,
}

/// Why a text is not one plain statement.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementError {
    /// There is nothing but blanks and comments.
    #[error("the query is empty")]
    Empty,
    /// A semicolon is followed by more text.
    #[error("multi-statements are not allowed")]
    MultipleStatements {
        /// Byte offset of the semicolon.
        offset: usize,
    },
    /// A quote or a comment does not end.
    #[error(transparent)]
    Unclosed(#[from] UnclosedError),
    /// A quoted identifier has characters that could forge a line of the engine's analysis.
    #[error("the quoted identifier {text} contains characters that are not allowed")]
    OddIdentifier {
        /// The identifier as written.
        text: String,
        /// Byte offset at which it begins.
        offset: usize,
    },
    /// A parenthesis or bracket without its partner.
    #[error("{bracket} has no partner")]
    Unbalanced {
        /// The bracket.
        bracket: char,
        /// Byte offset of the bracket.
        offset: usize,
    },
    /// `INTO OUTFILE` would write a file on the server.
    #[error("INTO OUTFILE is not allowed")]
    IntoOutfile {
        /// Byte offset of `INTO`.
        offset: usize,
    },
}

impl StatementError {
    /// Returns the byte offset in the text at which it goes wrong.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        match self {
            Self::Empty => None,
            Self::Unclosed(unclosed) => Some(unclosed.offset),
            Self::MultipleStatements { offset }
            | Self::OddIdentifier { offset, .. }
            | Self::Unbalanced { offset, .. }
            | Self::IntoOutfile { offset } => Some(*offset),
        }
    }
}

impl<'a> Statement<'a> {
    /// Looks at `text` from outside.
    ///
    /// # Errors
    /// See [`StatementError`].
    pub fn parse(text: &'a str) -> Result<Self, StatementError> {
        let mut tokens = tokens(text)?;
        check_identifiers(text, &tokens)?;
        while tokens
            .last()
            .is_some_and(|token| token.kind == TokenKind::Symbol(';'))
        {
            tokens.pop();
        }
        if let Some(token) = tokens
            .iter()
            .find(|token| token.kind == TokenKind::Symbol(';'))
        {
            return Err(StatementError::MultipleStatements {
                offset: token.span.start,
            });
        }
        check_brackets(&tokens)?;
        check_outfile(text, &tokens)?;
        let format = take_format(text, &mut tokens);
        match (tokens.first(), tokens.last()) {
            (Some(first), Some(last)) => Ok(Self {
                body: text
                    .get(first.span.start..last.span.end)
                    .unwrap_or_default(),
                format,
            }),
            _ => Err(StatementError::Empty),
        }
    }
}

/// Removes a trailing `FORMAT name` and returns the name.
fn take_format<'a>(text: &'a str, tokens: &mut Vec<Token>) -> Option<&'a str> {
    let [.., keyword, name] = tokens.as_slice() else {
        return None;
    };
    let is_format = is_word(text, keyword, "format") && name.kind == TokenKind::Word;
    // `SELECT format FROM t` ends in two words as well: only a query that goes on before counts.
    let name = text
        .get(name.span.clone())
        .filter(|_| is_format && tokens.len() > 3)?;
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    tokens.truncate(tokens.len() - 2);
    Some(name)
}

fn check_identifiers(text: &str, tokens: &[Token]) -> Result<(), StatementError> {
    for token in tokens
        .iter()
        .filter(|token| token.kind == TokenKind::QuotedIdentifier)
    {
        let inner = text.get(token.span.clone()).unwrap_or_default();
        let odd = inner.contains(|c: char| c.is_control() || c == '\\') || inner.contains(": ");
        if odd {
            return Err(StatementError::OddIdentifier {
                text: inner.to_owned(),
                offset: token.span.start,
            });
        }
    }
    Ok(())
}

fn check_brackets(tokens: &[Token]) -> Result<(), StatementError> {
    let mut open: Vec<(char, Range<usize>)> = Vec::new();
    for token in tokens {
        let TokenKind::Symbol(bracket) = token.kind else {
            continue;
        };
        let partner = match bracket {
            ')' => '(',
            ']' => '[',
            '}' => '{',
            '(' | '[' | '{' => {
                open.push((bracket, token.span.clone()));
                continue;
            }
            _ => continue,
        };
        if open.pop().is_none_or(|(last, _)| last != partner) {
            return Err(StatementError::Unbalanced {
                bracket,
                offset: token.span.start,
            });
        }
    }
    match open.pop() {
        Some((bracket, span)) => Err(StatementError::Unbalanced {
            bracket,
            offset: span.start,
        }),
        None => Ok(()),
    }
}

fn check_outfile(text: &str, tokens: &[Token]) -> Result<(), StatementError> {
    let pairs = tokens.iter().zip(tokens.iter().skip(1));
    for (first, second) in pairs {
        if is_word(text, first, "into") && is_word(text, second, "outfile") {
            return Err(StatementError::IntoOutfile {
                offset: first.span.start,
            });
        }
    }
    Ok(())
}

fn is_word(text: &str, token: &Token, word: &str) -> bool {
    token.kind == TokenKind::Word
        && text
            .get(token.span.clone())
            .is_some_and(|found| found.eq_ignore_ascii_case(word))
}
