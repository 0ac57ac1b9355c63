//! How delimited text is written: what was said about it, the rest found out from its beginning.

use csv::{ReaderBuilder, Terminator};

use crate::limits::CSV_SAMPLE_BYTES;

/// How delimited text is written. What is not given is found out from the beginning of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CsvDialect {
    /// The byte between fields.
    pub delimiter: Option<u8>,
    /// The byte around fields that contain delimiters or line ends.
    pub quote: Option<u8>,
    /// The byte that stands before a quote inside of quotes; a doubled quote counts in any case.
    pub escape: Option<u8>,
    /// The byte that ends a row, when it is neither `\n`, `\r\n` nor `\r`.
    pub row_end: Option<u8>,
    /// Whether the first row holds names.
    pub header: HeaderRule,
}

/// Whether the first row holds names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HeaderRule {
    /// It does when at least half of its fields are column names and none occurs twice.
    #[default]
    Detect,
    /// It does.
    Present,
    /// It does not.
    Absent,
}

/// Delimiters that are looked for, in order of preference.
const DELIMITERS: [u8; 4] = *b",;\t|";

const QUOTE: u8 = b'"';

impl CsvDialect {
    /// Returns the dialect with everything that was not given taken from the beginning of the text.
    #[must_use]
    pub fn guess(self, text: &[u8]) -> Self {
        let sample = text.get(..CSV_SAMPLE_BYTES).unwrap_or(text);
        let delimiters: &[u8] = match &self.delimiter {
            Some(given) => std::slice::from_ref(given),
            None => &DELIMITERS,
        };
        let quote = self
            .quote
            .unwrap_or_else(|| guess_quote(sample, delimiters));
        Self {
            delimiter: self
                .delimiter
                .or_else(|| Some(guess_delimiter(sample, quote))),
            quote: Some(quote),
            escape: self.escape.or_else(|| guess_escape(sample, quote)),
            ..self
        }
    }

    /// Returns a reader of rows in this dialect; the first row is a row.
    pub(crate) fn reader<R: std::io::Read>(&self, text: R) -> csv::Reader<R> {
        ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(self.delimiter.unwrap_or(b','))
            .quote(self.quote.unwrap_or(QUOTE))
            .escape(self.escape)
            .terminator(self.row_end.map_or(Terminator::CRLF, Terminator::Any))
            .from_reader(text)
    }
}

/// Returns the delimiter that occurs most often in the first line, outside of quotes.
fn guess_delimiter(sample: &[u8], quote: u8) -> u8 {
    let mut counts = [0_usize; DELIMITERS.len()];
    let mut quoted = false;
    for &byte in sample {
        match byte {
            byte if byte == quote => quoted = !quoted,
            b'\n' | b'\r' if !quoted => break,
            _ if quoted => {}
            _ => (counts.iter_mut().zip(DELIMITERS))
                .filter(|(_, delimiter)| *delimiter == byte)
                .for_each(|(count, _)| *count += 1),
        }
    }
    let best = counts.into_iter().max().unwrap_or(0);
    (counts.into_iter().zip(DELIMITERS))
        .find(|(count, _)| *count == best)
        .map_or(b',', |(_, delimiter)| delimiter)
}

/// Returns `'` when fields begin and end with it and none does with `"`.
fn guess_quote(sample: &[u8], delimiters: &[u8]) -> u8 {
    let is_edge = |byte: Option<&u8>| {
        byte.is_none_or(|byte| matches!(byte, b'\n' | b'\r') || delimiters.contains(byte))
    };
    let edges = |quote: u8| {
        let (mut opened, mut closed) = (0_usize, 0_usize);
        for (at, _) in sample.iter().enumerate().filter(|(_, b)| **b == quote) {
            let before = at.checked_sub(1).and_then(|at| sample.get(at));
            opened += usize::from(is_edge(before));
            closed += usize::from(is_edge(sample.get(at + 1)));
        }
        opened.min(closed)
    };
    if edges(QUOTE) == 0 && edges(b'\'') > 0 {
        b'\''
    } else {
        QUOTE
    }
}

/// Returns a backslash when quotes are written behind one and none is doubled.
fn guess_escape(sample: &[u8], quote: u8) -> Option<u8> {
    let has = |first: u8, behind: fn(u8) -> bool| {
        sample
            .windows(3)
            .any(|w| matches!(w, [a, b, c] if *a == first && *b == quote && behind(*c)))
    };
    // `"C:\",next` is a backslash at the end of a field, not an escaped quote.
    let escaped = has(b'\\', |next| next.is_ascii_alphanumeric() || next == b' ');
    let doubled = has(quote, |next| next.is_ascii_alphanumeric() || next == b' ');
    (escaped && !doubled).then_some(b'\\')
}

/// Follows delimited text byte by byte, only to know where its rows end.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    delimiter: u8,
    quote: u8,
    escape: Option<u8>,
    row_end: Option<u8>,
    state: State,
}

#[derive(Debug, Clone, Copy)]
enum State {
    FieldStart,
    Field,
    Quoted,
    Escaped,
    /// Behind a quote inside of quotes: the end of the field, or half of a doubled quote.
    QuoteSeen,
}

impl Ends {
    /// Returns the state before the first row.
    pub(crate) fn new(dialect: &CsvDialect) -> Self {
        Self {
            delimiter: dialect.delimiter.unwrap_or(b','),
            quote: dialect.quote.unwrap_or(QUOTE),
            escape: dialect.escape,
            row_end: dialect.row_end,
            state: State::FieldStart,
        }
    }

    /// Takes the next byte; returns true when a row ends with it.
    ///
    /// Both bytes of `\r\n` are an end; the row between them is blank and counts for nothing.
    pub(crate) fn ends_with(&mut self, byte: u8) -> bool {
        self.state = match self.state {
            State::Quoted if Some(byte) == self.escape => State::Escaped,
            State::Quoted if byte == self.quote => State::QuoteSeen,
            State::Quoted | State::Escaped => State::Quoted,
            State::QuoteSeen if byte == self.quote => State::Quoted,
            State::FieldStart if byte == self.quote => State::Quoted,
            _ if byte == self.delimiter => State::FieldStart,
            _ if self.is_row_end(byte) => {
                self.state = State::FieldStart;
                return true;
            }
            _ => State::Field,
        };
        false
    }

    fn is_row_end(&self, byte: u8) -> bool {
        match self.row_end {
            Some(end) => byte == end,
            None => matches!(byte, b'\n' | b'\r'),
        }
    }
}
