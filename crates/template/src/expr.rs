//! Python expressions: text inside a tag → syntax tree.
//!
//! ```text
//! module      = statement { (";" | newline) statement }
//! statement   = targets "=" … expr | target op "=" expr | expr | anything else, by its keyword
//! expr        = "lambda" params ":" expr | or_test [ "if" or_test "else" expr ]
//! operators   = or < and < not < comparisons < | < ^ < & < shifts < sums < products < unary < **
//! postfix     = atom { "(" arguments ")" | "[" index "]" | "." name }
//! atom        = name | number | string… | display | comprehension | "(" … ")"
//! ```
//!
//! Which of these may be used where is decided in `security`.

pub(crate) mod ast;
mod atom;
pub(crate) mod check;
mod parser;
mod statement;
pub(crate) mod string;
#[cfg(test)]
mod tests;
mod token;
pub(crate) mod walk;

pub(crate) use parser::parse_expression;
pub(crate) use statement::{parse_module, parse_target};
pub(crate) use token::{is_name_continue, is_name_start};

/// Why the text of a tag is not Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SyntaxError {
    pub(crate) message: String,
    /// Byte offset in the tag.
    pub(crate) offset: usize,
}

impl SyntaxError {
    fn new(message: impl Into<String>, offset: usize) -> Self {
        Self {
            message: message.into(),
            offset,
        }
    }
}

/// Returns a part of `text`, shortened where it does not exist.
pub(crate) fn slice(text: &str, start: usize, end: usize) -> &str {
    text.get(start..end.min(text.len())).unwrap_or_default()
}
