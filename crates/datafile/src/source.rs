//! Source files and positions in them.
//!
//! A [`SourceFile`] is one text of a project: its path relative to the project, its text exactly as
//! it was sent, and the start of each line. A [`Span`] is a byte range of one file. Both are cheap
//! to clone, so that every value that was read from a file can say where it came from, also when
//! it came through an include. Lines end with LF, CRLF or CR; a byte order mark belongs to no line.

mod conceal;

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::codes;
use crate::diagnostic::Diagnostic;

const BYTE_ORDER_MARK: char = '\u{feff}';

/// One text file of a project; cheap to clone.
#[derive(Clone)]
pub struct SourceFile(Arc<Inner>);

struct Inner {
    path: String,
    text: String,
    line_starts: Vec<usize>,
    included_from: Option<Span>,
    resolved: Option<Resolved>,
}

/// What a file was before its secrets were put into its text.
struct Resolved {
    written: String,
    /// Their values.
    secrets: Vec<String>,
}

impl SourceFile {
    /// Creates a file from its path relative to the project (with `/`) and its text.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self::build(path.into(), text.into(), None, None)
    }

    /// Creates the same file with secrets put into its text; `secrets` are their values.
    ///
    /// Diagnostics of the file show none of them.
    #[must_use]
    pub fn with_secrets(&self, text: String, secrets: Vec<String>) -> Self {
        let resolved = Resolved {
            written: self.written().to_owned(),
            secrets,
        };
        Self::build(self.path().to_owned(), text, None, Some(resolved))
    }

    /// Creates a file from raw bytes.
    ///
    /// # Errors
    /// Bytes that are not UTF-8 give a diagnostic that points to the first wrong byte.
    pub fn from_bytes(path: impl Into<String>, bytes: &[u8]) -> Result<Self, Box<Diagnostic>> {
        let path = path.into();
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self::new(path, text)),
            Err(error) => {
                let offset = error.valid_up_to();
                // Up to the first wrong byte the lossy text is the same, so the offset fits.
                let file = Self::new(path, String::from_utf8_lossy(bytes));
                let wrong = bytes.get(offset).copied().unwrap_or_default();
                Err(Box::new(
                    Diagnostic::error(
                        codes::NOT_UTF8,
                        format!(
                            "the file is not UTF-8 text: byte 0x{wrong:02x} is not allowed here"
                        ),
                        file.span(offset..offset + char::REPLACEMENT_CHARACTER.len_utf8()),
                    )
                    .with_hint("save the file as UTF-8"),
                ))
            }
        }
    }

    /// Creates a file whose text was put in place of the include directive at `from`.
    pub(crate) fn included(path: String, text: String, from: Span) -> Self {
        Self::build(path, text, Some(from), None)
    }

    fn build(
        path: String,
        text: String,
        included_from: Option<Span>,
        resolved: Option<Resolved>,
    ) -> Self {
        let line_starts = line_starts(&text);
        Self(Arc::new(Inner {
            path,
            text,
            line_starts,
            included_from,
            resolved,
        }))
    }

    /// Returns the path relative to the project.
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// Returns the text that is parsed: as it was given, or with its secrets in place.
    pub fn text(&self) -> &str {
        &self.0.text
    }

    /// Returns the text as the user wrote it, which is what may be kept and shown.
    pub fn written(&self) -> &str {
        let resolved = self.0.resolved.as_ref();
        resolved.map_or(&self.0.text, |resolved| &resolved.written)
    }

    /// Returns a text about this file without the values of its secrets.
    pub(crate) fn without_secrets(&self, text: String) -> String {
        match &self.0.resolved {
            Some(resolved) => conceal::conceal(text, &resolved.secrets),
            None => text,
        }
    }

    /// Returns the include directive that this text replaces.
    pub fn included_from(&self) -> Option<&Span> {
        self.0.included_from.as_ref()
    }

    /// Returns the span of a byte range of this file, cut to the text and to character borders.
    pub fn span(&self, range: Range<usize>) -> Span {
        let start = floor_char_boundary(self.text(), range.start);
        let end = floor_char_boundary(self.text(), range.end).max(start);
        Span {
            file: self.clone(),
            start,
            end,
        }
    }

    /// Returns the empty span at the start of the file, for what concerns the file as a whole.
    pub fn start(&self) -> Span {
        let offset = self.0.line_starts.first().copied().unwrap_or_default();
        self.span(offset..offset)
    }

    /// Returns the text of a byte range, empty when the range does not fit.
    pub(crate) fn slice(&self, range: Range<usize>) -> &str {
        self.text().get(range).unwrap_or_default()
    }

    /// Returns line and column of a byte offset, both from 1, the column in characters.
    pub fn location(&self, offset: usize) -> Location {
        let starts = &self.0.line_starts;
        let line = starts.partition_point(|&start| start <= offset).max(1);
        let line_start = starts.get(line - 1).copied().unwrap_or_default();
        let column = self
            .slice(line_start..floor_char_boundary(self.text(), offset))
            .chars()
            .count()
            + 1;
        Location { line, column }
    }

    /// Returns the byte ranges of all lines, without their line ends.
    pub(crate) fn lines(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        (1..=self.0.line_starts.len()).map(|line| self.line_range(line))
    }

    /// Returns the byte range of a line (from 1), without its line end.
    pub fn line_range(&self, line: usize) -> Range<usize> {
        let starts = &self.0.line_starts;
        let start = line
            .checked_sub(1)
            .and_then(|index| starts.get(index))
            .copied();
        let start = start.unwrap_or(self.text().len());
        let end = starts.get(line).copied().unwrap_or(self.text().len());
        let text = self.slice(start..end);
        start..start + text.trim_end_matches(['\n', '\r']).len()
    }
}

impl fmt::Debug for SourceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SourceFile({})", self.path())
    }
}

impl PartialEq for SourceFile {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
            || (self.path() == other.path() && self.text() == other.text())
    }
}

impl Eq for SourceFile {}

/// Line and column of a position, both from 1; columns are counted in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Location {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// A byte range of one file.
#[derive(Clone, PartialEq, Eq)]
pub struct Span {
    file: SourceFile,
    start: usize,
    end: usize,
}

impl Span {
    /// Returns the file.
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// Returns the byte range in the file's text.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Returns the text of the range.
    pub fn text(&self) -> &str {
        self.file.slice(self.range())
    }

    /// Returns line and column of the first byte.
    pub fn location(&self) -> Location {
        self.file.location(self.start)
    }

    /// Returns the span from the start of this one to the end of `other`, which is in the same file.
    pub(crate) fn to(&self, other: &Self) -> Self {
        Self {
            file: self.file.clone(),
            start: self.start,
            end: other.end.max(self.start),
        }
    }
}

impl fmt::Debug for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}..{}", self.file.path(), self.start, self.end)
    }
}

/// A value and the place it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// Joins a value with its place.
    pub fn new(value: T, span: Span) -> Self {
        Self { value, span }
    }
}

impl Spanned<String> {
    /// Returns the value as text.
    pub fn as_str(&self) -> &str {
        &self.value
    }
}

fn line_starts(text: &str) -> Vec<usize> {
    let first = if text.starts_with(BYTE_ORDER_MARK) {
        BYTE_ORDER_MARK.len_utf8()
    } else {
        0
    };
    let mut starts = vec![first];
    let bytes = text.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let ends_line = match byte {
            b'\n' => true,
            b'\r' => bytes.get(index + 1) != Some(&b'\n'),
            _ => false,
        };
        if ends_line {
            starts.push(index + 1);
        }
    }
    starts
}

fn floor_char_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests;
