//! When an array parameter becomes a list.

use crate::testing::assert_values;

#[test]
fn the_first_finding_decides() {
    for (text, expected) in [
        ("{{Array(x, 'Int32')}}{{x}}", "[1,2][1, 2]"),
        ("{{x}}{{Array(x, 'Int32')}}", "[1, 2][1,2]"),
        ("{{len(x)}}{{Array(x, 'Int32')}}", "2[1,2]"),
        ("{{[x]}}{{Array(x, 'Int32')}}", "['1,2'][1,2]"),
        (
            "{% if defined(x) %}{{Array(x, 'Int32')}}{{x}}{% end %}",
            "[1,2][1, 2]",
        ),
        (
            "{% if defined(x) %}{% end %}{{Array(x, 'Int32')}}{{x}}",
            "[1,2]'1,2'",
        ),
        (
            "{{Array(x, 'Int32')}}{% for i in x %}<{{i}}>{% end %}",
            "[1,2]<1><2>",
        ),
        ("{{String(x)}}{{Array(x, 'Int32')}}{{x}}", "'1,2'[1,2]'1,2'"),
        ("{{Array(x)}}{{x}}", "['1','2']['1', '2']"),
        ("{{Array(x, 'A B')}}{{x}}", "['1','2']'1,2'"),
    ] {
        assert_values(text, &[("\"1,2\"", expected)]);
    }
}

#[test]
fn unknown_escapes_are_escaped_twice() {
    assert_values(
        "{{Array(x, 'String')}}{{x}}",
        &[
            ("\"100%,y\"", "['100\\\\\\%','y']['100\\\\%', 'y']"),
            ("\"d\\\"q\"", "['d\\\"q']['d\"q']"),
            ("\"a'b\"", "['a\\'b'][\"a'b\"]"),
        ],
    );
}

#[test]
fn what_cannot_be_read_stays() {
    assert_values(
        "{{Array(x, 'Float64')}}{{x}}",
        &[("\"nan\"", "[nan]'nan'"), ("\"1\"", "[1.0][1.0]")],
    );
    assert_values("{{Array(x, 'Symbol')}}{{x}}", &[("\"a\"", "[`a`]'a'")]);
    assert_values(
        "{% if defined(y) %}{{Array(x, 'Int8')}}{% end %}{{x}}",
        &[("\"q\"", "'q'")],
    );
}
