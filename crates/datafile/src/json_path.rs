//! JSON paths of columns: `$.a.b`, `$.a[:]`, `$.a[:].b`, `$.a[0]`, `$`.
//!
//! Grammar as implemented:
//!
//! ```text
//! path    := "$" { segment }
//! segment := "." key | "." "[" … "]" | "[" ( ":" | number | quoted key ) "]"
//! key     := characters without "." and "["
//! ```
//!
//! The path has been separated from its backticks and its `json:` before.

use std::fmt;
use std::ops::Range;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// The value of an object's key.
    Key(String),
    /// All elements of an array.
    Each,
    /// One element of an array, from 0.
    Index(usize),
}

/// Where a column finds its value in a JSON object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    text: String,
    segments: Vec<Segment>,
}

/// Why a path cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonPathError {
    /// What is wrong.
    pub message: &'static str,
    /// The wrong part, as a byte range of the path.
    pub range: Range<usize>,
}

impl JsonPath {
    /// Reads a path that starts with `$`.
    ///
    /// # Errors
    /// When the text does not follow the grammar above.
    pub fn parse(text: &str) -> Result<Self, JsonPathError> {
        let fail = |message, range| Err(JsonPathError { message, range });
        let Some(mut rest) = text.strip_prefix('$') else {
            return fail("a JSON path starts with `$`", 0..text.len().min(1));
        };
        let mut segments = Vec::new();
        while !rest.is_empty() {
            let at = text.len() - rest.len();
            if let Some(inner) = rest.strip_prefix('[').or_else(|| rest.strip_prefix(".[")) {
                let Some((content, after)) = split_bracket(inner) else {
                    return fail("`[` is not closed", at..text.len());
                };
                match bracket_segment(content) {
                    Some(segment) => segments.push(segment),
                    None => {
                        return fail(
                            "brackets hold `:`, a number or a quoted key",
                            at..text.len() - after.len(),
                        );
                    }
                }
                rest = after;
            } else if let Some(after_dot) = rest.strip_prefix('.') {
                let end = after_dot.find(['.', '[']).unwrap_or(after_dot.len());
                let (key, after) = after_dot.split_at_checked(end).unwrap_or((after_dot, ""));
                if key.is_empty() {
                    return fail("a key is missing after `.`", at..at + 1);
                }
                segments.push(Segment::Key(key.to_owned()));
                rest = after;
            } else {
                return fail("expected `.` or `[`", at..text.len());
            }
        }
        Ok(Self {
            text: text.to_owned(),
            segments,
        })
    }

    /// Returns the steps from the object to the value; none for the object itself.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// Reports whether this is `$`, the whole object.
    pub fn is_root(&self) -> bool {
        self.segments.is_empty()
    }

    /// Reports whether the path goes through all elements of an array.
    pub fn is_array(&self) -> bool {
        self.segments.contains(&Segment::Each)
    }

    /// Returns the path as written, from `$`.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Splits at the bracket that closes; brackets inside of a quoted key do not count.
fn split_bracket(inner: &str) -> Option<(&str, &str)> {
    if let Some(quote) = inner.chars().next().filter(|c| matches!(c, '\'' | '"')) {
        let closing = format!("{quote}]");
        let end = inner.get(1..)?.find(&closing)? + 2;
        return Some((inner.get(..end)?, inner.get(end + 1..)?));
    }
    inner.split_once(']')
}

fn bracket_segment(content: &str) -> Option<Segment> {
    match content {
        ":" | "*" => return Some(Segment::Each),
        _ => {}
    }
    if let Ok(index) = content.parse() {
        return Some(Segment::Index(index));
    }
    let quote = content.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let key = content.strip_prefix(quote)?.strip_suffix(quote)?;
    Some(Segment::Key(key.to_owned()))
}

#[cfg(test)]
mod tests;
