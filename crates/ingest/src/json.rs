//! JSON values as checked slices of the input: nothing is decoded before a column asks for it.
//!
//! Grammar: RFC 8259, with a depth limit; surrogate escapes must come in pairs. A number keeps
//! its text, so 64-bit integers and decimals lose nothing. The scanner is our own because the
//! fast libraries skip values by unbounded recursion and check escapes only when a string is
//! decoded; here a value that was scanned once is known to be valid. `serde_json` is the oracle in
//! the tests.

mod extract;
mod scan;
mod text;

#[cfg(test)]
mod tests;

use std::borrow::Cow;

pub(crate) use extract::{Extractor, Slots};
pub(crate) use scan::Scanner;
pub(crate) use text::write_string as write_json_string;

/// A JSON value whose text has been checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Json<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, as written.
    Number(&'a str),
    /// A string, without its quotes.
    String(JsonString<'a>),
    /// An array, with its brackets.
    Array(&'a str),
    /// An object, with its braces.
    Object(&'a str),
}

/// The text between the quotes of a JSON string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct JsonString<'a> {
    /// As written, escapes included.
    pub(crate) raw: &'a str,
    /// Whether there is a backslash in it.
    pub(crate) escaped: bool,
}

impl<'a> JsonString<'a> {
    /// Returns the text with its escapes resolved; borrowed when there are none.
    pub(crate) fn decode(self) -> Cow<'a, str> {
        if self.escaped {
            Cow::Owned(text::unescape(self.raw))
        } else {
            Cow::Borrowed(self.raw)
        }
    }
}

/// Why a text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{problem} at character {}", offset + 1)]
pub(crate) struct JsonError {
    /// Byte offset in the scanned text.
    pub(crate) offset: usize,
    /// What is wrong there.
    pub(crate) problem: &'static str,
}

impl<'a> Json<'a> {
    /// Reads a text that is exactly one JSON value.
    pub(crate) fn parse(text: &'a str) -> Result<Self, JsonError> {
        let mut scanner = Scanner::new(text);
        let value = scanner.value()?;
        scanner.end()?;
        Ok(value)
    }

    /// Returns the value as the text a `String` column or the quarantine keeps: strings decoded,
    /// everything else as written.
    pub(crate) fn to_text(self) -> Cow<'a, str> {
        match self {
            Self::Null => Cow::Borrowed("null"),
            Self::Bool(true) => Cow::Borrowed("true"),
            Self::Bool(false) => Cow::Borrowed("false"),
            Self::Number(text) | Self::Array(text) | Self::Object(text) => Cow::Borrowed(text),
            Self::String(string) => string.decode(),
        }
    }

    /// Returns the elements of an array, nothing for any other value.
    pub(crate) fn elements(self) -> Elements<'a> {
        match self {
            Self::Array(text) => Elements(Scanner::inside(text)),
            _ => Elements(Scanner::new("")),
        }
    }

    /// Returns the keys and values of an object, nothing for any other value.
    pub(crate) fn fields(self) -> Fields<'a> {
        match self {
            Self::Object(text) => Fields(Scanner::inside(text)),
            _ => Fields(Scanner::new("")),
        }
    }

    /// Returns the value of a key of an object; of several, the last.
    pub(crate) fn field(self, name: &str) -> Option<Self> {
        self.fields()
            .filter(|(key, _)| key.decode() == name)
            .last()
            .map(|(_, value)| value)
    }
}

/// The elements of a checked array.
pub(crate) struct Elements<'a>(Scanner<'a>);

impl<'a> Iterator for Elements<'a> {
    type Item = Json<'a>;

    fn next(&mut self) -> Option<Json<'a>> {
        self.0.next_element()
    }
}

/// The fields of a checked object.
pub(crate) struct Fields<'a>(Scanner<'a>);

impl<'a> Iterator for Fields<'a> {
    type Item = (JsonString<'a>, Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next_field()
    }
}
