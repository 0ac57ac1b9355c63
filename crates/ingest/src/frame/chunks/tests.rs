//! Chunks together are the stream, each ends where a row ends, and decoding them one by one is
//! decoding the whole.

use proptest::prelude::*;

use super::*;
use crate::frame::CsvDialect;
use crate::limits::CHUNK_ROWS;

/// Gives a few bytes at a time.
struct Trickle<'a>(&'a [u8], usize);

impl Read for Trickle<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let len = self.1.min(self.0.len()).min(out.len());
        let (now, later) = self.0.split_at(len);
        out[..len].copy_from_slice(now);
        self.0 = later;
        Ok(len)
    }
}

fn all(body: &[u8], format: &Format) -> Vec<Chunk> {
    let mut chunks = Chunks::open(Trickle(body, 70_001), format).unwrap();
    let mut found = Vec::new();
    while let Some(chunk) = chunks.next_chunk().unwrap() {
        found.push(chunk);
    }
    assert_eq!(chunks.read_bytes(), body.len() as u64);
    found
}

fn csv_format() -> Format {
    Format::Csv(CsvDialect::default())
}

#[test]
fn small_streams_are_one_last_chunk() {
    for body in ["", "a", "a\nb", "a\nb\n"] {
        for format in [csv_format(), Format::Ndjson, Format::Json] {
            let chunks = all(body.as_bytes(), &format);
            assert_eq!(chunks.len(), 1, "{body:?} {format:?}");
            assert_eq!(chunks[0].data, body.as_bytes());
            assert!(chunks[0].is_last);
        }
    }
}

#[test]
fn large_streams_are_cut_behind_rows() {
    let row = "{\"text\": \"0123456789012345678901234567890123456789\"}\n";
    let body = row.repeat(300_000);
    let chunks = all(body.as_bytes(), &Format::Ndjson);
    assert!(chunks.len() > 2, "{}", chunks.len());
    assert!(chunks.iter().all(|chunk| {
        let rows = chunk.data.len() / row.len();
        chunk.data.len() % row.len() == 0
            && (rows <= CHUNK_ROWS + READ_BYTES || chunk.is_last)
            && chunk.data.len() <= CHUNK_BYTES + 2 * READ_BYTES
    }));
    let joined: Vec<u8> = chunks.into_iter().flat_map(|chunk| chunk.data).collect();
    assert!(joined == body.as_bytes());
}

#[test]
fn tiny_rows_are_cut_by_their_number() {
    let chunks = all("1\n".repeat(500_000).as_bytes(), &csv_format());
    assert!(chunks.len() >= 3, "{}", chunks.len());
}

#[test]
fn a_quoted_line_end_ends_no_row() {
    let row = "1,\"a\nb\"\n";
    let chunks = all(row.repeat(1_000_000).as_bytes(), &csv_format());
    assert!(chunks.len() > 1);
    assert!(chunks.iter().all(|chunk| chunk.data.len() % row.len() == 0));
}

#[test]
fn an_endless_row_keeps_only_its_beginning() {
    let long = "x".repeat(3 * ROW_BYTES_MAX);
    for (format, body) in [
        (Format::Ndjson, format!("a\n{long}\nb\n")),
        (csv_format(), format!("a\n{long}\nb\n")),
        (csv_format(), format!("a\n\"{long}\n\"\nb\n")),
    ] {
        let chunks = all(body.as_bytes(), &format);
        assert_eq!(chunks.len(), 2, "{format:?}");
        assert!(chunks[0].data.len() <= ROW_BYTES_MAX + 4);
        assert!(chunks[0].data.starts_with(b"a\n"));
        assert_eq!(chunks[1].data, b"b\n", "{format:?}");
    }
    let chunks = all(format!("a\n\"{long}").as_bytes(), &csv_format());
    assert_eq!(chunks.last().unwrap().data.len(), 2 + ROW_BYTES_MAX + 1);
}

#[test]
fn a_document_that_is_too_long_is_refused() {
    let mut chunks = Chunks::open(io::repeat(b' '), &Format::Json).unwrap();
    let error = chunks.next_chunk().unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    assert!(error.to_string().contains("format=ndjson"), "{error}");
}

/// Ends of rows as the reader of rows sees them.
fn rows_by_reader(dialect: &CsvDialect, body: &[u8]) -> Vec<csv::ByteRecord> {
    dialect
        .reader(body)
        .into_byte_records()
        .map(Result::unwrap)
        .collect()
}

proptest! {
    /// Cutting at any end that was found leaves the same rows.
    #[test]
    fn row_ends_are_those_of_the_reader(
        body in prop::collection::vec(
            prop::sample::select(b"ab,;\"'\\\n\r|".to_vec()), 0..60),
        dialect in prop::sample::select(vec![
            CsvDialect { delimiter: Some(b','), quote: Some(b'"'), ..CsvDialect::default() },
            CsvDialect { delimiter: Some(b';'), quote: Some(b'\''), escape: Some(b'\\'), ..CsvDialect::default() },
            CsvDialect { delimiter: Some(b','), quote: Some(b'"'), row_end: Some(b'|'), ..CsvDialect::default() },
        ]),
    ) {
        let whole = rows_by_reader(&dialect, &body);
        let mut ends = Ends::new(&dialect);
        let cuts = body.iter().enumerate().filter(|(_, byte)| ends.ends_with(**byte)).map(|(at, _)| at + 1);
        for cut in cuts {
            let mut rows = rows_by_reader(&dialect, &body[..cut]);
            rows.extend(rows_by_reader(&dialect, &body[cut..]));
            prop_assert_eq!(&rows, &whole, "cut at {}", cut);
        }
    }
}
