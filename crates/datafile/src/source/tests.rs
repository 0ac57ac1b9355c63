//! Positions.

use super::{Location, SourceFile};

fn at(text: &str, offset: usize) -> (usize, usize) {
    let Location { line, column } = SourceFile::new("a.pipe", text).location(offset);
    (line, column)
}

#[test]
fn lines_end_with_lf_crlf_or_cr() {
    let text = "a\nb\r\nc\rd";
    assert_eq!(at(text, 0), (1, 1));
    assert_eq!(at(text, 2), (2, 1));
    assert_eq!(at(text, 5), (3, 1));
    assert_eq!(at(text, 7), (4, 1));
    let file = SourceFile::new("a.pipe", text);
    let lines: Vec<&str> = file.lines().map(|range| file.slice(range)).collect();
    assert_eq!(lines, ["a", "b", "c", "d"]);
}

#[test]
fn columns_are_characters_and_the_mark_is_none() {
    assert_eq!(at("é🔥x", "é🔥".len()), (1, 3));
    assert_eq!(at("\u{feff}ab", 4), (1, 2));
    assert_eq!(at("", 0), (1, 1));
    assert_eq!(at("ab", 99), (1, 3));
}

#[test]
fn bytes_that_are_no_text_are_shown_where_they_are() {
    let diagnostic = SourceFile::from_bytes("a.pipe", b"NODE n\nSQL >\n  \xff\xfe x").unwrap_err();
    insta::assert_snapshot!(diagnostic.render(), @"
    a.pipe:3:3: error[datafile/not-utf8]: the file is not UTF-8 text: byte 0xff is not allowed here
      3 |   �� x
        |   ^
    hint: save the file as UTF-8
    ");
}

#[test]
fn spans_are_cut_to_the_text() {
    let file = SourceFile::new("a.pipe", "é");
    assert_eq!(file.span(1..9).range(), 0..2);
    assert_eq!(file.span(7..9).text(), "");
}
