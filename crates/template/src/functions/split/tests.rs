//! Lists for loops.

use crate::testing::{assert_outcomes, assert_values, checked};

#[test]
fn split_trims() {
    assert_values(
        "{{split_to_array(x)}}",
        &[
            ("\"a, b ,c\"", "['a', 'b', 'c']"),
            ("\"\"", "['']"),
            ("\",\"", "['', '']"),
            ("null", "['']"),
            ("\"it's\"", "[\"it's\"]"),
        ],
    );
    assert_outcomes(&[
        (
            "{{split_to_array('a|b', separator='|')}}{{split_to_array(x, 'c,d')}}",
            "['a', 'b']['c', 'd']",
        ),
        (
            "{{split_to_array('a b', '', ' ')}}{{split_to_array('a  b', separator=None)}}",
            "['a', 'b']['a', 'b']",
        ),
        ("{{split_to_array('a', separator='')}}", "empty separator"),
        (
            "{{split_to_array(5)}}",
            "Template Syntax Error: First argument of split_to_array has to be a value that can \
             be split to a list of elements, but found a PlaceHolder with no value instead",
        ),
    ]);
    assert_eq!(
        checked("{{split_to_array(x, 'a,b')}}{{split_to_array(y)}}"),
        "['a', 'b']['']"
    );
}

#[test]
fn enumerate_marks_the_last() {
    assert_outcomes(&[
        (
            "{{enumerate_with_last(split_to_array(x, 'x,y'))}}",
            "[(False, 'x'), (True, 'y')]",
        ),
        ("{{enumerate_with_last('a')}}", "[(True, 'a')]"),
        (
            "{{enumerate_with_last(5)}}",
            "object of type 'int' has no len()",
        ),
        (
            "{% for last, v in enumerate_with_last(split_to_array(x, 'a,b')) %}\
             {{v}}{% if not last %},{% end %}{% end %}",
            "'a','b'",
        ),
    ]);
}
