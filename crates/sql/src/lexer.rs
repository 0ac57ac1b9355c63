//! Splits SQL text into the tokens that matter for looking at a statement from outside.
//!
//! Follows the engine's lexer where it decides what is text and what is structure: comments
//! (`--`, `#!`, `# `, `/* */`), strings with backslash and doubled quotes, quoted identifiers,
//! typographic quotes, heredocs (`$tag$ … $tag$`).

use std::ops::Range;

#[cfg(test)]
mod tests;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A bare word: keyword, identifier or number.
    Word,
    /// A string literal, heredocs included.
    String,
    /// An identifier in backticks or double quotes.
    QuotedIdentifier,
    /// Any other single character.
    Symbol(char),
}

/// One token and its byte range in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: TokenKind,
    /// Byte range in the text.
    pub span: Range<usize>,
}

/// A quote or comment that does not end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is not closed")]
pub struct UnclosedError {
    /// What is open: "comment", "string", …
    pub what: &'static str,
    /// Byte offset at which it begins.
    pub offset: usize,
}

/// Returns the tokens of `text`, without blanks and comments.
///
/// # Errors
/// When a comment, a quote or a heredoc does not end.
pub fn tokens(text: &str) -> Result<Vec<Token>, UnclosedError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut found = Vec::new();
    while let Some(token) = lexer.next_token()? {
        found.push(token);
    }
    Ok(found)
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    fn next_token(&mut self) -> Result<Option<Token>, UnclosedError> {
        self.skip_blanks_and_comments()?;
        let start = self.at;
        let Some(c) = self.rest().chars().next() else {
            return Ok(None);
        };
        let kind = match c {
            '\'' => self.quoted('\'', "string")?,
            '`' => self.quoted('`', "quoted identifier")?,
            '"' => self.quoted('"', "quoted identifier")?,
            '\u{2018}' => self.until('\u{2019}', "string", TokenKind::String)?,
            '\u{201C}' => {
                self.until('\u{201D}', "quoted identifier", TokenKind::QuotedIdentifier)?
            }
            '$' if self.heredoc_tag().is_some() => self.heredoc()?,
            c if is_word(c) => {
                let end = self
                    .rest()
                    .find(|c| !is_word(c))
                    .unwrap_or(self.rest().len());
                self.at += end;
                TokenKind::Word
            }
            c => {
                self.at += c.len_utf8();
                TokenKind::Symbol(c)
            }
        };
        Ok(Some(Token {
            kind,
            span: start..self.at,
        }))
    }

    fn skip_blanks_and_comments(&mut self) -> Result<(), UnclosedError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(is_blank);
            self.at += rest.len() - trimmed.len();
            let line_comment = ["--", "#!", "# "]
                .iter()
                .any(|open| trimmed.starts_with(open));
            if line_comment {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if let Some(inner) = trimmed.strip_prefix("/*") {
                let Some(end) = inner.find("*/") else {
                    return Err(UnclosedError {
                        what: "comment",
                        offset: self.at,
                    });
                };
                self.at += 2 + end + 2;
            } else {
                return Ok(());
            }
        }
    }

    /// Reads a quoted token in which a backslash escapes and a doubled delimiter stands for itself.
    fn quoted(&mut self, delimiter: char, what: &'static str) -> Result<TokenKind, UnclosedError> {
        let offset = self.at;
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((i, c)) = chars.next() {
            if c == '\\' {
                chars.next();
            } else if c == delimiter {
                if chars.peek().is_some_and(|(_, next)| *next == delimiter) {
                    chars.next();
                } else {
                    self.at += i + c.len_utf8();
                    return Ok(match delimiter {
                        '\'' => TokenKind::String,
                        _ => TokenKind::QuotedIdentifier,
                    });
                }
            }
        }
        Err(UnclosedError { what, offset })
    }

    fn until(
        &mut self,
        close: char,
        what: &'static str,
        kind: TokenKind,
    ) -> Result<TokenKind, UnclosedError> {
        let Some(end) = self.rest().find(close) else {
            return Err(UnclosedError {
                what,
                offset: self.at,
            });
        };
        self.at += end + close.len_utf8();
        Ok(kind)
    }

    /// Returns the length of `$tag$` when the rest begins with one.
    fn heredoc_tag(&self) -> Option<usize> {
        let tag = self.rest().strip_prefix('$')?;
        let end = tag.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        tag.get(end..)?.starts_with('$').then_some(end + 2)
    }

    fn heredoc(&mut self) -> Result<TokenKind, UnclosedError> {
        let unclosed = UnclosedError {
            what: "heredoc",
            offset: self.at,
        };
        let length = self.heredoc_tag().unwrap_or(1);
        let (tag, inner) = self.rest().split_at(length);
        let Some(end) = inner.find(tag) else {
            return Err(unclosed);
        };
        self.at += length + end + length;
        Ok(TokenKind::String)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }
}

fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{0}' | '\u{FEFF}' | '\u{200B}' | '\u{2060}')
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || (!c.is_ascii() && c.is_alphanumeric())
}
