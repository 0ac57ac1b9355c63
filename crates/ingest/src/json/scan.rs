//! The scanner: one pass over a text, checking as it goes.
//!
//! Works on bytes found through `get`, so no input can make it panic; strings are searched eight
//! bytes at a time.

use super::{Json, JsonError, JsonString};
use crate::limits::JSON_DEPTH_MAX;

/// A position in a text.
pub(crate) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    /// Starts at the beginning of a text.
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Starts behind the opening bracket of a checked array or object.
    pub(super) fn inside(text: &'a str) -> Self {
        Self { text, at: 1 }
    }

    /// Reads one value, with the blanks before it.
    pub(crate) fn value(&mut self) -> Result<Json<'a>, JsonError> {
        self.value_at_depth(0)
    }

    /// Checks that only blanks are left.
    pub(crate) fn end(&mut self) -> Result<(), JsonError> {
        match self.skip_blanks() {
            None => Ok(()),
            Some(_) => Err(self.error("unexpected text after the value")),
        }
    }

    /// Reads the next element of a checked array.
    pub(super) fn next_element(&mut self) -> Option<Json<'a>> {
        match self.skip_blanks()? {
            b']' => None,
            b',' => {
                self.at += 1;
                self.value().ok()
            }
            _ => self.value().ok(),
        }
    }

    /// Reads the next field of a checked object.
    pub(super) fn next_field(&mut self) -> Option<(JsonString<'a>, Json<'a>)> {
        let mut first = self.skip_blanks()?;
        if first == b',' {
            self.at += 1;
            first = self.skip_blanks()?;
        }
        if first != b'"' {
            return None;
        }
        let key = self.key().ok()?;
        Some((key, self.value().ok()?))
    }

    pub(super) fn value_at_depth(&mut self, depth: usize) -> Result<Json<'a>, JsonError> {
        let start = self.at;
        match self.skip_blanks() {
            Some(b'"') => self.string().map(Json::String),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'{') => {
                let start = self.at;
                self.skip_object(depth)?;
                Ok(Json::Object(self.since(start)))
            }
            Some(b'[') => {
                let start = self.at;
                self.skip_array(depth)?;
                Ok(Json::Array(self.since(start)))
            }
            Some(b't') => self.word("true", Json::Bool(true)),
            Some(b'f') => self.word("false", Json::Bool(false)),
            Some(b'n') => self.word("null", Json::Null),
            Some(_) => Err(self.error("expected a value")),
            None => Err(JsonError {
                offset: start,
                problem: "unexpected end, expected a value",
            }),
        }
    }

    fn skip_object(&mut self, depth: usize) -> Result<(), JsonError> {
        self.open(depth)?;
        if self.skip_blanks() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.expect_key()?;
            self.value_at_depth(depth + 1)?;
            if !self.object_continues()? {
                return Ok(());
            }
        }
    }

    fn skip_array(&mut self, depth: usize) -> Result<(), JsonError> {
        self.open(depth)?;
        if self.skip_blanks() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            self.value_at_depth(depth + 1)?;
            match self.skip_blanks() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(());
                }
                _ => return Err(self.error("expected ',' or ']'")),
            }
        }
    }

    /// Steps over an opening bracket, unless it is one too many.
    pub(super) fn open(&mut self, depth: usize) -> Result<(), JsonError> {
        if depth >= JSON_DEPTH_MAX {
            return Err(self.error("more than 128 nested levels"));
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a key and its colon.
    pub(super) fn expect_key(&mut self) -> Result<JsonString<'a>, JsonError> {
        match self.skip_blanks() {
            Some(b'"') => self.key(),
            _ => Err(self.error("expected a key in double quotes")),
        }
    }

    /// Reads what follows a field's value: true for a comma, false for the closing brace.
    pub(super) fn object_continues(&mut self) -> Result<bool, JsonError> {
        match self.skip_blanks() {
            Some(b',') => {
                self.at += 1;
                Ok(true)
            }
            Some(b'}') => {
                self.at += 1;
                Ok(false)
            }
            _ => Err(self.error("expected ',' or '}'")),
        }
    }

    fn key(&mut self) -> Result<JsonString<'a>, JsonError> {
        let key = self.string()?;
        if self.skip_blanks() != Some(b':') {
            return Err(self.error("expected ':'"));
        }
        self.at += 1;
        Ok(key)
    }

    /// Reads a string; `at` is on its opening quote.
    fn string(&mut self) -> Result<JsonString<'a>, JsonError> {
        self.at += 1;
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at = find_special(self.text.as_bytes(), self.at);
            match self.peek() {
                Some(b'"') => {
                    let raw = self.since(start);
                    self.at += 1;
                    return Ok(JsonString { raw, escaped });
                }
                Some(b'\\') => {
                    escaped = true;
                    self.escape()?;
                }
                Some(_) => return Err(self.error("control character in a string")),
                None => return Err(self.error("unexpected end in a string")),
            }
        }
    }

    fn escape(&mut self) -> Result<(), JsonError> {
        self.at += 1;
        match self.peek() {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                self.at += 1;
                Ok(())
            }
            Some(b'u') => self.unicode_escape(),
            _ => Err(self.error("unknown escape")),
        }
    }

    /// Reads `uXXXX`, and the second half of a surrogate pair.
    fn unicode_escape(&mut self) -> Result<(), JsonError> {
        match self.four_hex()? {
            0xDC00..=0xDFFF => Err(self.error("lone surrogate escape")),
            0xD800..=0xDBFF => {
                if self.peek() != Some(b'\\') || self.byte(self.at + 1) != Some(b'u') {
                    return Err(self.error("lone surrogate escape"));
                }
                self.at += 1;
                match self.four_hex()? {
                    0xDC00..=0xDFFF => Ok(()),
                    _ => Err(self.error("lone surrogate escape")),
                }
            }
            _ => Ok(()),
        }
    }

    fn four_hex(&mut self) -> Result<u32, JsonError> {
        let digits = self.text.as_bytes().get(self.at + 1..self.at + 5);
        let value = digits.and_then(|digits| {
            digits.iter().try_fold(0_u32, |value, &digit| {
                Some(value * 16 + char::from(digit).to_digit(16)?)
            })
        });
        let value = value.ok_or_else(|| self.error("expected four hexadecimal digits"))?;
        self.at += 5;
        Ok(value)
    }

    fn number(&mut self) -> Result<Json<'a>, JsonError> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.at += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(Json::Number(self.since(start)))
    }

    fn digits(&mut self) -> Result<(), JsonError> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.peek() {
            self.at += 1;
        }
        if self.at == start {
            return Err(self.error("expected a digit"));
        }
        Ok(())
    }

    fn word(&mut self, word: &str, value: Json<'a>) -> Result<Json<'a>, JsonError> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        if !rest.starts_with(word.as_bytes()) {
            return Err(self.error("expected a value"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// Steps over blanks and returns the byte behind them.
    #[inline]
    pub(super) fn skip_blanks(&mut self) -> Option<u8> {
        loop {
            match self.peek() {
                Some(b' ' | b'\t' | b'\n' | b'\r') => self.at += 1,
                other => return other,
            }
        }
    }

    /// Returns the text from a position to here. Both are next to ASCII, so never inside of a
    /// character.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.at).unwrap_or_default()
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn step(&mut self) {
        self.at += 1;
    }

    #[inline]
    fn peek(&self) -> Option<u8> {
        self.byte(self.at)
    }

    #[inline]
    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    #[cold]
    pub(super) fn error(&self, problem: &'static str) -> JsonError {
        let problem = match self.peek() {
            None if !problem.starts_with("unexpected end") => "unexpected end of the value",
            _ => problem,
        };
        JsonError {
            offset: self.at,
            problem,
        }
    }
}

/// Returns the position of the next quote, backslash or control character, or the end.
#[inline]
fn find_special(bytes: &[u8], mut at: usize) -> usize {
    const LOW: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk::<8>) {
        let word = u64::from_le_bytes(*chunk);
        let quote = word ^ (LOW * 0x22);
        let backslash = word ^ (LOW * 0x5C);
        // A byte becomes 0x80 where it is zero, or below 0x20 for the third term; a carry can mark
        // only bytes above a true hit, and the lowest mark is the one that counts.
        let hits = (quote.wrapping_sub(LOW) & !quote)
            | (backslash.wrapping_sub(LOW) & !backslash)
            | (word.wrapping_sub(LOW * 0x20) & !word);
        let hits = hits & HIGH;
        if hits != 0 {
            return at + (hits.trailing_zeros() >> 3) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest
        .iter()
        .position(|&byte| byte == b'"' || byte == b'\\' || byte < 0x20)
        .unwrap_or(rest.len())
}
