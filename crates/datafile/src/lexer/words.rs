//! Splits a directive line into words.
//!
//! Words are separated by white space. A quote at the start of a word runs to its partner, which
//! ends the word; quotes stay in the word and there is no escape character. `#` starts a comment,
//! also in the middle of a word, but not inside of quotes.

use std::ops::Range;

/// The words of a line, as byte ranges of it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SplitLine {
    /// The words, quotes included.
    pub(super) words: Vec<Range<usize>>,
    /// From `#` to the last character that is no white space.
    pub(super) comment: Option<Range<usize>>,
}

/// Why a line has no words.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SplitError {
    /// The quote at this byte offset has no partner.
    UnclosedQuote(usize),
}

/// Splits a line.
pub(super) fn split_words(line: &str) -> Result<SplitLine, SplitError> {
    let mut split = SplitLine::default();
    let mut word_start: Option<usize> = None;
    let mut characters = line.char_indices();
    while let Some((at, character)) = characters.next() {
        match (character, word_start) {
            ('#', _) => {
                split.words.extend(word_start.take().map(|start| start..at));
                split.comment = Some(at..line.trim_end().len());
                return Ok(split);
            }
            (quote @ ('"' | '\''), None) => {
                let end = characters
                    .find(|&(_, c)| c == quote)
                    .ok_or(SplitError::UnclosedQuote(at))?;
                split.words.push(at..end.0 + quote.len_utf8());
            }
            (c, Some(start)) if c.is_whitespace() => {
                split.words.push(start..at);
                word_start = None;
            }
            (c, None) if !c.is_whitespace() => word_start = Some(at),
            _ => {}
        }
    }
    split
        .words
        .extend(word_start.map(|start| start..line.len()));
    Ok(split)
}
