//! Paths and their mistakes.

use super::{JsonPath, Segment};

fn segments(text: &str) -> Vec<Segment> {
    JsonPath::parse(text).unwrap().segments().to_vec()
}

fn key(name: &str) -> Segment {
    Segment::Key(name.to_owned())
}

#[test]
fn reads_all_forms() {
    assert_eq!(segments("$"), []);
    assert_eq!(segments("$.a.b-c"), [key("a"), key("b-c")]);
    assert_eq!(segments("$.a[:]"), [key("a"), Segment::Each]);
    assert_eq!(segments("$.a[:].b"), [key("a"), Segment::Each, key("b")]);
    assert_eq!(segments("$.a[0]"), [key("a"), Segment::Index(0)]);
    assert_eq!(segments("$['a.b']"), [key("a.b")]);
    assert_eq!(segments("$.a.['k]'].b"), [key("a"), key("k]"), key("b")]);
    assert_eq!(segments("$.é"), [key("é")]);
}

#[test]
fn says_what_is_wrong_and_where() {
    let wrong = |text: &str| {
        let error = JsonPath::parse(text).unwrap_err();
        (error.message, text.get(error.range).unwrap().to_owned())
    };
    assert_eq!(
        wrong("a.b"),
        ("a JSON path starts with `$`", "a".to_owned())
    );
    assert_eq!(wrong("$a"), ("expected `.` or `[`", "a".to_owned()));
    assert_eq!(
        wrong("$.a..b"),
        ("a key is missing after `.`", ".".to_owned())
    );
    assert_eq!(wrong("$.a["), ("`[` is not closed", "[".to_owned()));
    assert_eq!(
        wrong("$.a[x].b"),
        (
            "brackets hold `:`, a number or a quoted key",
            "[x]".to_owned()
        )
    );
    assert_eq!(wrong("$['"), ("`[` is not closed", "['".to_owned()));
}
