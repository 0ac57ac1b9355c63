//! Blocks: the lines below a `DIRECTIVE >`, and the texts that are made of them.
//!
//! A text made of a block differs from the file: blank and comment lines are left out, common
//! indentation is removed. [`BlockText`] knows where each of its lines came from, so that a
//! position in it can be shown in the file.

use std::ops::Range;

use crate::source::{SourceFile, Span};

/// What a line of a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockLineKind {
    /// Part of the text.
    Text,
    /// Only a `#` comment; not part of the text.
    Comment,
    /// Only white space; not part of the text.
    Blank,
}

/// One line of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BlockLine {
    /// Where it is in the file, without its line end.
    pub(crate) range: Range<usize>,
    /// What it is.
    pub(crate) kind: BlockLineKind,
}

/// The lines of a block as they stand in the file.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    file: SourceFile,
    lines: Vec<BlockLine>,
}

impl Block {
    /// Creates a block of the lines of a file.
    pub(crate) fn new(file: SourceFile, lines: Vec<BlockLine>) -> Self {
        Self { file, lines }
    }

    /// Returns all lines, comments and blank ones included.
    pub(crate) fn lines(&self) -> &[BlockLine] {
        &self.lines
    }

    /// Returns the file.
    pub(crate) fn file(&self) -> &SourceFile {
        &self.file
    }

    /// Returns the text lines joined by line feeds, as written.
    pub(crate) fn raw(&self) -> BlockText {
        self.text_without_indent(0)
    }

    /// Returns the text lines without the white space around the whole, inner indentation kept.
    pub(crate) fn trimmed(&self) -> BlockText {
        self.raw().trimmed()
    }

    /// Returns the text as SQL: trimmed when it is a template, else without common indentation.
    pub(crate) fn sql(&self) -> BlockText {
        if self.raw().as_str().trim_start().starts_with('%') {
            return self.trimmed();
        }
        let mut text = self.text_without_indent(self.common_indent());
        let kept = text.text.trim_end().len();
        text.text.truncate(kept);
        text
    }

    /// Returns how many bytes of white space all text lines start with.
    pub(crate) fn common_indent(&self) -> usize {
        let mut common: Option<&str> = None;
        for line in self.text_lines() {
            let text = self.file.slice(line.clone());
            let indent = text
                .get(..text.len() - text.trim_start_matches([' ', '\t']).len())
                .unwrap_or_default();
            common = Some(common.map_or(indent, |known| common_prefix(known, indent)));
        }
        common.map_or(0, str::len)
    }

    fn text_lines(&self) -> impl Iterator<Item = &Range<usize>> {
        self.lines
            .iter()
            .filter(|line| line.kind == BlockLineKind::Text)
            .map(|line| &line.range)
    }

    fn text_without_indent(&self, indent: usize) -> BlockText {
        let mut block = BlockText::empty(self.file.clone());
        for (index, line) in self.text_lines().enumerate() {
            if index > 0 {
                block.text.push('\n');
            }
            let start = line.start + indent;
            block.pieces.push(Piece {
                text_start: block.text.len(),
                file_start: start,
            });
            block.text.push_str(self.file.slice(start..line.end));
        }
        block
    }
}

fn common_prefix<'a>(a: &'a str, b: &str) -> &'a str {
    let length = a.bytes().zip(b.bytes()).take_while(|(x, y)| x == y).count();
    a.get(..length).unwrap_or_default()
}

/// A text that was taken from a block, with the way back to the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockText {
    text: String,
    file: SourceFile,
    /// One per line, in the order of the text.
    pieces: Vec<Piece>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Piece {
    text_start: usize,
    file_start: usize,
}

impl BlockText {
    /// Creates an empty text that belongs to a file.
    pub(crate) fn empty(file: SourceFile) -> Self {
        Self {
            text: String::new(),
            file,
            pieces: Vec::new(),
        }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the file that the text was taken from.
    pub fn file(&self) -> &SourceFile {
        &self.file
    }

    /// Returns the place in the file of a byte range of the text.
    ///
    /// The end of the text is the end of its last line; the place of an empty text is the start of
    /// the file.
    pub fn span(&self, range: Range<usize>) -> Span {
        if self.pieces.is_empty() {
            return self.file.start();
        }
        let start = self.file_offset(range.start);
        let end = if range.end > range.start {
            self.file_offset(range.end - 1) + 1
        } else {
            start
        };
        // Inside of a character the end moves behind it.
        let end = (end..=end + 3)
            .find(|&at| self.file.text().is_char_boundary(at))
            .unwrap_or(end);
        self.file.span(start..end)
    }

    /// Returns the place of the whole text, `None` when it is empty.
    pub fn whole_span(&self) -> Option<Span> {
        if self.text.is_empty() {
            None
        } else {
            Some(self.span(0..self.text.len()))
        }
    }

    fn file_offset(&self, offset: usize) -> usize {
        let offset = offset.min(self.text.len());
        let index = self
            .pieces
            .partition_point(|piece| piece.text_start <= offset);
        let piece = index
            .checked_sub(1)
            .and_then(|index| self.pieces.get(index));
        piece.map_or(0, |piece| piece.file_start + (offset - piece.text_start))
    }

    fn trimmed(mut self) -> Self {
        let kept = self.text.trim_end().len();
        self.text.truncate(kept);
        let cut = self.text.len() - self.text.trim_start().len();
        self.text.drain(..cut);
        let mut pieces = Vec::with_capacity(self.pieces.len());
        for (index, piece) in self.pieces.iter().enumerate() {
            let next_start = self
                .pieces
                .get(index + 1)
                .map_or(usize::MAX, |next| next.text_start);
            if next_start <= cut {
                continue;
            }
            let skipped = cut.saturating_sub(piece.text_start);
            pieces.push(Piece {
                text_start: (piece.text_start + skipped) - cut,
                file_start: piece.file_start + skipped,
            });
        }
        self.pieces = pieces;
        self
    }
}
