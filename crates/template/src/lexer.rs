//! Tags: splits the text of a template into literal text, `{{ … }}` and `{% … %}`.
//!
//! A tag ends at the first closing pair, even inside a string. Comments are dropped here;
//! whitespace modes are applied to the text that follows them. Lines are counted from 1.

use std::borrow::Cow;

use crate::error::{ErrorKind, TemplateError};

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    Text(Cow<'t, str>),
    Output(Tag<'t>),
    Control(Tag<'t>),
}

/// The inside of a tag, without surrounding whitespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tag<'t> {
    pub(crate) text: &'t str,
    /// Line of the opening pair.
    pub(crate) line: usize,
    /// Line of the closing pair, which messages about the tag name.
    pub(crate) end_line: usize,
}

impl<'t> Tag<'t> {
    /// Returns the first word and the rest; only a blank separates them.
    pub(crate) fn operator(&self) -> (&'t str, &'t str) {
        let (operator, rest) = self.text.split_once(' ').unwrap_or((self.text, ""));
        (operator, rest.trim())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Whitespace {
    All,
    Single,
    OneLine,
}

/// Reads one piece after the other.
pub(crate) struct Lexer<'t> {
    text: &'t str,
    pos: usize,
    line: usize,
    /// Line where the last tag ends.
    last_tag_line: usize,
    whitespace: Whitespace,
    name: &'t str,
}

impl<'t> Lexer<'t> {
    /// Starts at the beginning of `text`; `name` appears in messages.
    pub(crate) fn new(text: &'t str, name: &'t str) -> Self {
        Self {
            text,
            pos: 0,
            line: 1,
            last_tag_line: 1,
            whitespace: Whitespace::All,
            name,
        }
    }

    /// Returns an error of kind `parse` that ends with the current position.
    pub(crate) fn error(&self, message: impl AsRef<str>) -> TemplateError {
        self.error_at(message, self.line)
    }

    pub(crate) fn error_at(&self, message: impl AsRef<str>, line: usize) -> TemplateError {
        let message = format!("{} at {}:{line}", message.as_ref(), self.name);
        TemplateError::new(ErrorKind::Parse, message).at_line(line)
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn consume(&mut self, bytes: usize) -> &'t str {
        let taken = self.rest().get(..bytes).unwrap_or_default();
        self.pos += bytes;
        self.line += taken.matches('\n').count();
        taken
    }

    fn text_piece(&self, text: &'t str) -> Piece<'t> {
        Piece::Text(filter_whitespace(self.whitespace, text))
    }

    /// Returns the line where the last tag ended, which messages about missing ends name.
    pub(crate) fn last_tag_line(&self) -> usize {
        self.last_tag_line
    }

    /// Returns the next piece, or `None` at the end of the text.
    pub(crate) fn next_piece(&mut self) -> Result<Option<Piece<'t>>, TemplateError> {
        loop {
            if self.rest().is_empty() {
                return Ok(None);
            }
            let Some(start) = find_tag(self.rest()) else {
                let text = self.consume(self.rest().len());
                return Ok(Some(self.text_piece(text)));
            };
            if start > 0 {
                let text = self.consume(start);
                return Ok(Some(self.text_piece(text)));
            }
            let line = self.line;
            let open = self.consume(2);
            self.last_tag_line = self.line;
            if self.rest().starts_with('!') {
                self.consume(1);
                return Ok(Some(Piece::Text(Cow::Borrowed(open))));
            }
            let (close, missing) = match open {
                "{#" => ("#}", "Missing end comment #}"),
                "{{" => ("}}", "Missing end expression }}"),
                _ => ("%}", "Missing end block %}"),
            };
            let Some(end) = self.rest().find(close) else {
                return Err(self.error(missing));
            };
            let text = self.consume(end).trim_matches(is_python_space);
            let end_line = self.line;
            self.last_tag_line = self.line;
            self.consume(2);
            let tag = Tag {
                text,
                line,
                end_line,
            };
            match open {
                "{#" => {}
                "{{" if text.is_empty() => return Err(self.error("Empty expression")),
                "{{" => return Ok(Some(Piece::Output(tag))),
                _ if text.is_empty() => return Err(self.error("Empty block tag ({% %})")),
                _ => match tag.operator() {
                    ("comment", _) => {}
                    ("whitespace", mode) => self.set_whitespace(mode)?,
                    _ => return Ok(Some(Piece::Control(tag))),
                },
            }
        }
    }

    fn set_whitespace(&mut self, mode: &str) -> Result<(), TemplateError> {
        self.whitespace = match mode {
            "all" => Whitespace::All,
            "single" => Whitespace::Single,
            "oneline" => Whitespace::OneLine,
            _ => {
                let message = format!("invalid whitespace mode {mode}");
                return Err(TemplateError::new(ErrorKind::Runtime, message).at_line(self.line));
            }
        };
        Ok(())
    }
}

/// Finds the first opening pair. Of three or more braces in a row, the last two count.
fn find_tag(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|b| *b == b'{')?;
        let (next, after) = (bytes.get(at + 1), bytes.get(at + 2));
        let is_tag = match next {
            Some(b'{') => after != Some(&b'{'),
            Some(b'%' | b'#') => true,
            _ => false,
        };
        // A third brace moves the start by one; `{{%` at the end of such a run is a tag as well.
        if is_tag {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Returns whether Python's `str.strip` removes `c`.
pub(crate) fn is_python_space(c: char) -> bool {
    c.is_whitespace() || ('\x1c'..='\x1f').contains(&c)
}

fn filter_whitespace(mode: Whitespace, text: &str) -> Cow<'_, str> {
    if mode == Whitespace::All || text.contains("<pre>") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if !is_python_space(c) {
            out.push(c);
            rest = rest.strip_prefix(c).unwrap_or_default();
            continue;
        }
        let after = rest.trim_start_matches(is_python_space);
        let run = rest.strip_suffix(after).unwrap_or_default();
        match mode {
            Whitespace::OneLine => out.push(' '),
            _ if run.contains('\n') => out.push('\n'),
            _ => out.push_str(&single_blanks(run)),
        }
        rest = after;
    }
    Cow::Owned(out)
}

/// Collapses runs of blanks and tabs; other whitespace stays.
fn single_blanks(run: &str) -> String {
    let mut out = String::new();
    for c in run.chars() {
        if !matches!(c, ' ' | '\t') {
            out.push(c);
        } else if !out.ends_with(' ') {
            out.push(' ');
        }
    }
    out
}

#[cfg(test)]
mod tests;
