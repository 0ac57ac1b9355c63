//! Framing loses nothing, and headers are told from rows.

use csv::StringRecord;
use proptest::prelude::*;

use super::*;

fn texts(body: &[u8]) -> Vec<(u64, &str)> {
    lines(body)
        .map(|line| (line.number, line.text.unwrap_or("(not UTF-8)")))
        .collect()
}

#[test]
fn lines_are_counted_and_blank_ones_left_out() {
    assert_eq!(texts(b""), []);
    assert_eq!(texts(b"a"), [(1, "a")]);
    assert_eq!(texts(b"a\n"), [(1, "a")]);
    assert_eq!(texts(b"\n\n a\r\n\t\r\nb "), [(3, "a"), (5, "b")]);
    assert_eq!(
        texts(b"a\n\xFF\nb"),
        [(1, "a"), (2, "(not UTF-8)"), (3, "b")]
    );
}

fn layout(first: &[&str], columns: &[&str], rule: HeaderRule) -> CsvLayout {
    let columns: Vec<_> = columns.iter().copied().map(Some).collect();
    CsvLayout::new(&StringRecord::from(first), &columns, rule)
}

#[test]
fn headers_are_matched_by_name() {
    let columns = ["id", "name", "price"];
    let found = layout(&["price", "extra", " id"], &columns, HeaderRule::Detect);
    assert_eq!(found.fields, [Some(2), None, Some(0)]);
    assert!(found.has_header && found.width == 3);
    for first in [
        &["1", "x", "2.5"][..],
        &["id", "x", "y"],
        &["name", "name", "id"],
        &[""],
    ] {
        assert!(
            !layout(first, &columns, HeaderRule::Detect).has_header,
            "{first:?}"
        );
    }
    assert!(layout(&["x"], &columns, HeaderRule::Present).has_header);
    assert!(!layout(&["id", "name", "price"], &columns, HeaderRule::Absent).has_header);
}

#[test]
fn the_delimiter_is_the_most_frequent_one() {
    let cases: [(&[u8], u8); 6] = [
        (b"a,b,c", b','),
        (b"a;b;c,d", b';'),
        (b"a\tb\n,,,,", b'\t'),
        (b"\"a,b,c\"|d", b'|'),
        (b"a", b','),
        (b"", b','),
    ];
    for (body, expected) in cases {
        assert_eq!(
            CsvDialect::default().guess(body).delimiter,
            Some(expected),
            "{body:?}"
        );
    }
}

proptest! {
    #[test]
    fn no_line_is_lost(body in prop::collection::vec(prop_oneof![Just(b'\n'), Just(b' '), Just(0xFF), any::<u8>()], 0..200)) {
        let expected: Vec<&[u8]> = body
            .split(|byte| *byte == b'\n')
            .map(<[u8]>::trim_ascii)
            .filter(|line| !line.is_empty())
            .collect();
        prop_assert_eq!(lines(&body).map(|line| line.bytes).collect::<Vec<_>>(), expected);
    }
}
