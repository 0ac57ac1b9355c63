//! JSON as Python reads it: integers of any size, `NaN` and `Infinity`, its error texts.
//!
//! Used for request parameters, whose integers have to stay exact, and for the function `JSON()`.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::limits::{INTEGER_DIGITS_MAX, VALUE_DEPTH_MAX};
use crate::value::Int;

/// A JSON value that can be shared between threads.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum JsonValue {
    Null,
    Bool(bool),
    Int(Int),
    Float(f64),
    Str(Arc<str>),
    Array(Vec<JsonValue>),
    /// Pairs in order; of equal names the last one counts.
    Object(Vec<(Arc<str>, JsonValue)>),
}

/// Why a text is not JSON, in Python's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct JsonError {
    pub(crate) message: String,
}

impl JsonValue {
    pub(crate) fn from_json(json: &Json) -> Self {
        match json {
            Json::Null => Self::Null,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(number) => number
                .as_i64()
                .map(Int::Small)
                .or_else(|| number.as_u64().map(|n| num_bigint::BigInt::from(n).into()))
                .map_or_else(
                    || Self::Float(number.as_f64().unwrap_or(f64::INFINITY)),
                    Self::Int,
                ),
            Json::String(text) => Self::Str(text.as_str().into()),
            Json::Array(items) => Self::Array(items.iter().map(Self::from_json).collect()),
            Json::Object(items) => Self::Object(
                items
                    .iter()
                    .map(|(name, value)| (name.as_str().into(), Self::from_json(value)))
                    .collect(),
            ),
        }
    }
}

/// Parses a JSON text.
pub(crate) fn parse(text: &str) -> Result<JsonValue, JsonError> {
    let mut parser = Parser {
        text,
        pos: 0,
        depth: 0,
    };
    if text.starts_with('\u{feff}') {
        let message = "Unexpected UTF-8 BOM (decode using utf-8-sig)";
        return Err(parser.error(message, 0));
    }
    parser.blanks();
    let value = parser.value()?;
    parser.blanks();
    if parser.pos < text.len() {
        return Err(parser.error("Extra data", parser.pos));
    }
    Ok(value)
}

struct Parser<'t> {
    text: &'t str,
    pos: usize,
    depth: u32,
}

impl<'t> Parser<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn error(&self, message: &str, at: usize) -> JsonError {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before
            .rsplit('\n')
            .next()
            .unwrap_or_default()
            .chars()
            .count()
            + 1;
        let offset = before.chars().count();
        JsonError {
            message: format!("{message}: line {line} column {column} (char {offset})"),
        }
    }

    fn blanks(&mut self) {
        let rest = self.rest();
        let trimmed = rest.trim_start_matches([' ', '\t', '\n', '\r']);
        self.pos += rest.len() - trimmed.len();
    }

    fn accept(&mut self, c: char) -> bool {
        let found = self.rest().starts_with(c);
        if found {
            self.pos += c.len_utf8();
        }
        found
    }

    fn value(&mut self) -> Result<JsonValue, JsonError> {
        const WORDS: [(&str, JsonValue); 6] = [
            ("null", JsonValue::Null),
            ("true", JsonValue::Bool(true)),
            ("false", JsonValue::Bool(false)),
            ("NaN", JsonValue::Float(f64::NAN)),
            ("Infinity", JsonValue::Float(f64::INFINITY)),
            ("-Infinity", JsonValue::Float(f64::NEG_INFINITY)),
        ];
        self.depth += 1;
        if self.depth > VALUE_DEPTH_MAX {
            return Err(self.error("Too many levels of nesting", self.pos));
        }
        let rest = self.rest();
        let value = if self.accept('"') {
            JsonValue::Str(self.string()?.into())
        } else if self.accept('{') {
            self.object()?
        } else if self.accept('[') {
            self.array()?
        } else if let Some((word, value)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            self.pos += word.len();
            value.clone()
        } else {
            self.number()?
        };
        self.depth -= 1;
        Ok(value)
    }

    fn object(&mut self) -> Result<JsonValue, JsonError> {
        let mut items: Vec<(Arc<str>, JsonValue)> = Vec::new();
        self.blanks();
        if self.accept('}') {
            return Ok(JsonValue::Object(items));
        }
        loop {
            if !self.accept('"') {
                let message = "Expecting property name enclosed in double quotes";
                return Err(self.error(message, self.pos));
            }
            let name: Arc<str> = self.string()?.into();
            self.blanks();
            if !self.accept(':') {
                return Err(self.error("Expecting ':' delimiter", self.pos));
            }
            self.blanks();
            let value = self.value()?;
            items.push((name, value));
            self.blanks();
            if self.accept('}') {
                return Ok(JsonValue::Object(items));
            }
            if !self.accept(',') {
                return Err(self.error("Expecting ',' delimiter", self.pos));
            }
            let comma = self.pos;
            self.blanks();
            if !self.rest().starts_with('"') {
                let message = "Expecting property name enclosed in double quotes";
                let at = if self.rest().is_empty() {
                    comma
                } else {
                    self.pos
                };
                return Err(self.error(message, at));
            }
        }
    }

    fn array(&mut self) -> Result<JsonValue, JsonError> {
        let mut items = Vec::new();
        self.blanks();
        if self.accept(']') {
            return Ok(JsonValue::Array(items));
        }
        loop {
            items.push(self.value()?);
            self.blanks();
            if self.accept(']') {
                return Ok(JsonValue::Array(items));
            }
            if !self.accept(',') {
                return Err(self.error("Expecting ',' delimiter", self.pos));
            }
            self.blanks();
        }
    }

    /// Reads a string whose opening quote has been read.
    fn string(&mut self) -> Result<String, JsonError> {
        let start = self.pos - 1;
        let mut out = String::new();
        loop {
            let at = self.pos;
            let Some(c) = self.rest().chars().next() else {
                return Err(self.error("Unterminated string starting at", start));
            };
            self.pos += c.len_utf8();
            match c {
                '"' => return Ok(out),
                '\\' => {
                    let Some(escape) = self.rest().chars().next() else {
                        return Err(self.error("Unterminated string starting at", start));
                    };
                    self.pos += escape.len_utf8();
                    out.push(match escape {
                        '"' | '\\' | '/' => escape,
                        'b' => '\x08',
                        'f' => '\x0c',
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => self.unicode(at)?,
                        _ => return Err(self.error("Invalid \\escape", at)),
                    });
                }
                c if u32::from(c) < 0x20 => {
                    return Err(self.error("Invalid control character at", at));
                }
                c => out.push(c),
            }
        }
    }

    /// Reads the digits of `\uXXXX`, and of a second one when the first is half a character.
    fn unicode(&mut self, at: usize) -> Result<char, JsonError> {
        let first = self
            .hex()
            .ok_or_else(|| self.error("Invalid \\uXXXX escape", at + 1))?;
        if let Some(c) = char::from_u32(first) {
            return Ok(c);
        }
        let after_first = self.pos;
        if self.rest().starts_with("\\u") {
            self.pos += 2;
            if let Some(second @ 0xdc00..=0xdfff) = self.hex()
                && first < 0xdc00
            {
                let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
                if let Some(c) = char::from_u32(code) {
                    return Ok(c);
                }
            }
            self.pos = after_first;
        }
        // A lone surrogate is no character; Python keeps it and fails to encode it later.
        Err(self.error("surrogates not allowed", at))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.rest().get(..4)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        self.pos += 4;
        u32::from_str_radix(digits, 16).ok()
    }

    fn number(&mut self) -> Result<JsonValue, JsonError> {
        let rest = self.rest();
        let bytes = rest.as_bytes();
        let digits_from = |start: usize| {
            let digits = bytes.iter().skip(start);
            start + digits.take_while(|b| b.is_ascii_digit()).count()
        };
        let sign = usize::from(rest.starts_with('-'));
        let mut end = if bytes.get(sign) == Some(&b'0') {
            sign + 1
        } else {
            digits_from(sign)
        };
        if end == sign {
            return Err(self.error("Expecting value", self.pos));
        }
        let whole = end;
        if bytes.get(end) == Some(&b'.') && digits_from(end + 1) > end + 1 {
            end = digits_from(end + 1);
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
            let stop = digits_from(end + 1 + signed);
            if stop > end + 1 + signed {
                end = stop;
            }
        }
        let text = rest.get(..end).unwrap_or_default();
        let value = if end == whole {
            let too_long = end - sign > INTEGER_DIGITS_MAX;
            let int = if too_long { None } else { Int::parse(text, 10) };
            int.map(JsonValue::Int)
        } else {
            text.parse().ok().map(JsonValue::Float)
        };
        let value = value.ok_or_else(|| self.error("Expecting value", self.pos))?;
        self.pos += end;
        Ok(value)
    }
}

#[cfg(test)]
mod tests;
