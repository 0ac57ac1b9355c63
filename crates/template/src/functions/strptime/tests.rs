//! Python's rules of reading dates.

use super::parse;

const DAY: i64 = 86_400_000_000;

fn days(text: &str, format: &str) -> Option<i64> {
    parse(text, format).map(|moment| moment.microseconds / DAY)
}

/// Asserts that two texts are the same number of days apart.
fn apart(a: (&str, &str), b: (&str, &str), expected: i64) {
    let difference = days(b.0, b.1).unwrap() - days(a.0, a.1).unwrap();
    assert_eq!(difference, expected, "{a:?} {b:?}");
}

#[test]
fn fields() {
    let iso = |text| (text, "%Y-%m-%d");
    apart(iso("2020-01-01"), iso("2020-1-2"), 1);
    apart(iso("2020-01-01"), ("3 Jan 20", "%d %b %y"), 2);
    apart(iso("2020-01-01"), ("5 march 2020", "%d %B %Y"), 64);
    apart(iso("2020-01-01"), ("2020 100", "%Y %j"), 99);
    apart(iso("1970-01-01"), ("70", "%y"), 0);
    apart(iso("2068-01-01"), ("68", "%y"), 0);
    apart(iso("1900-03-01"), ("3-1", "%m-%d"), 0);
    apart(iso("2020-01-02"), ("01/02/20", "%x"), 0);
    apart(iso("2020-01-01"), ("friday 3 Jan 2020", "%A %d %b %Y"), 2);
    apart(iso("1900-01-01"), ("", ""), 0);
    apart(iso("2020-01-01"), ("٢٠٢٠-01-02", "%Y-%m-%d"), 1);
}

#[test]
fn weeks() {
    apart(("2020 10 1", "%Y %U %w"), ("2020 11 1", "%Y %U %w"), 7);
    apart(("2020-03-02", "%Y-%m-%d"), ("2020 10 1", "%G %V %u"), 0);
    apart(("2020-03-09", "%Y-%m-%d"), ("2020 10 1", "%Y %W %w"), 0);
    assert_eq!(parse("2020 10", "%G %V"), None);
    apart(("2022-01-03", "%Y-%m-%d"), ("2021 53 1", "%G %V %u"), 0);
}

#[test]
fn times() {
    let at = |text, format| parse(text, format).unwrap().microseconds % DAY;
    assert_eq!(at("10 PM", "%I %p"), 22 * 3_600_000_000);
    assert_eq!(at("12 am", "%I %p"), 0);
    assert_eq!(at("1:02:03.5", "%H:%M:%S.%f"), 3_723_500_000);
    assert_eq!(at("1", "%f"), 100_000);
    assert_eq!(parse("00:00:60", "%H:%M:%S"), None);
    assert_eq!(parse("24", "%H"), None);
}

#[test]
fn zones() {
    let offset = |text| parse(text, "%z").map(|m| m.offset.unwrap() / 60_000_000);
    assert_eq!(offset("+0130"), Some(90));
    assert_eq!(offset("-01:30"), Some(-90));
    assert_eq!(offset("Z"), Some(0));
    assert_eq!(offset("0130"), None);
    assert_eq!(parse("UTC", "%Z").unwrap().offset, None);
}

#[test]
fn the_whole_text_has_to_match() {
    for (text, format) in [
        ("2020-01-01 ", "%Y-%m-%d"),
        ("2020-01-01", "%Y-%m-%d "),
        ("2020-01-0100:00:00", "%Y-%m-%d %H:%M:%S"),
        ("2020-02-30", "%Y-%m-%d"),
        ("0000-01-01", "%Y-%m-%d"),
        ("02-29", "%m-%d"),
        ("2020 2020", "%Y %Y"),
        ("2020", "%Q"),
        ("2020", "%"),
    ] {
        assert_eq!(parse(text, format), None, "{text:?} {format:?}");
    }
    assert!(parse("2020-01-01\t\n 00:00", "%Y-%m-%d %H:%M").is_some());
    assert!(parse("A.b2020", "a.B%Y").is_some());
}
