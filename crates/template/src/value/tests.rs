//! Printing, comparing and hashing of values.

use super::float::{parse_float, repr_float};
use super::repr::{repr_str, sql_string};
use super::{Int, Key};
use crate::testing::assert_outcomes;

#[test]
fn floats_have_pythons_layout() {
    for (x, text) in [
        (1.0, "1.0"),
        (0.1, "0.1"),
        (-0.0, "-0.0"),
        (1e15, "1000000000000000.0"),
        (1e16, "1e+16"),
        (1.5e20, "1.5e+20"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (1e-7, "1e-07"),
        (5e-324, "5e-324"),
        (f64::MAX, "1.7976931348623157e+308"),
        (f64::NAN, "nan"),
        (f64::NEG_INFINITY, "-inf"),
    ] {
        assert_eq!(repr_float(x), text);
        if !x.is_nan() {
            assert_eq!(parse_float(text), Some(x));
        }
    }
    assert_eq!(parse_float("1_0.5_0"), Some(10.5));
    assert_eq!(parse_float("1__0"), None);
    assert_eq!(parse_float("_1"), None);
}

#[test]
fn strings_are_quoted_as_in_python() {
    for (text, quoted) in [
        ("a", "'a'"),
        ("it's", "\"it's\""),
        ("it's \"both\"", "'it\\'s \"both\"'"),
        ("\n\r\t\\", "'\\n\\r\\t\\\\'"),
        ("\u{0}\u{7f}\u{a0}\u{ad}", "'\\x00\\x7f\\xa0\\xad'"),
        ("\u{200b}\u{2028}\u{e000}", "'\\u200b\\u2028\\ue000'"),
        ("\u{10ffff}", "'\\U0010ffff'"),
        ("é Ω 😀", "'é Ω 😀'"),
    ] {
        assert_eq!(repr_str(text), quoted);
    }
}

#[test]
fn strings_are_escaped_for_sql() {
    assert_eq!(
        sql_string("\0\u{8}\t\n\r\u{1a}\"'\\%`\u{c}\u{7}é"),
        "'\\0\\b\\t\\n\\r\\z\\\"\\'\\\\\\%\\`\u{c}\u{7}é'"
    );
}

#[test]
fn containers_print_as_in_python() {
    assert_outcomes(&[
        ("{{[1, 'a', None, True, 1.5]}}", "[1, 'a', None, True, 1.5]"),
        ("{{(1,)}}{{()}}{{(1, 2)}}", "(1,)()(1, 2)"),
        ("{{ {'a': 1, 2: []} }}{{ {} }}", "{'a': 1, 2: []}{}"),
        ("{{ {3, 1, 2} }}", "{1, 2, 3}"),
        ("{% set z = {'b', 'a', 'c'} %}{{z}}", "{'c', 'a', 'b'}"),
        (
            "{% set z = {100, 5, 33, 'x', 1.5} %}{{z}}",
            "{33, 1.5, 'x', 100, 5}",
        ),
        (
            "{% set z = {(1,2), ('a','b'), (), (1.5,)} %}{{z}}",
            "{(1.5,), (1, 2), ('a', 'b'), ()}",
        ),
        (
            "{% set z = {1: 'a'} %}{% set z = [z.keys(), z.values(), z.items()] %}{{z}}",
            "[dict_keys([1]), dict_values(['a']), dict_items([(1, 'a')])]",
        ),
        (
            "{% set z = [range(3), range(1, 9, 2), set(), frozenset('a')] %}{{z}}",
            "[range(0, 3), range(1, 9, 2), set(), frozenset({'a'})]",
        ),
    ]);
}

#[test]
fn hashes_are_those_of_python() {
    let key = |text: &str| Key::Str(text.into()).hash64();
    assert_eq!(key("abc"), -4_594_863_902_769_663_758);
    assert_eq!(key("é"), 6_047_309_291_227_476_195);
    assert_eq!(key(""), 0);
    let int = |n: i64| Key::Int(Int::Small(n)).hash64();
    assert_eq!((int(-1), int(5), int(1 << 61)), (-2, 5, 1));
    assert_eq!(Key::Int(Int::Small(2).pow(70)).hash64(), 512);
    assert_eq!(
        Key::Float(1.5_f64.to_bits()).hash64(),
        1_152_921_504_606_846_977
    );
    let tuple = Key::Tuple(vec![Key::Int(Int::Small(1)), Key::Int(Int::Small(2))]);
    assert_eq!(tuple.hash64(), -3_550_055_125_485_641_917);
}

#[test]
fn equal_numbers_are_one_key() {
    assert_outcomes(&[
        ("{{ {1: 'a', True: 'b', 1.0: 'c'} }}", "{1: 'c'}"),
        (
            "{% set z = [1 == 1.0, 2**70 == 2.0**70, 2**53 + 1 == 2.0**53, 'a' == b'a'] %}{{z}}",
            "[True, True, False, False]",
        ),
        (
            "{% set z = [[1, 2] < [1, 3], (1,) < (1, 0), 'b' > 'a', {1} < {1, 2}] %}{{z}}",
            "[True, True, True, True]",
        ),
    ]);
}

#[test]
fn floor_division_rounds_down() {
    for (a, b, quotient, remainder) in [
        (7, 2, 3, 1),
        (-7, 2, -4, 1),
        (7, -2, -4, -1),
        (-7, -2, 3, -1),
    ] {
        let result = Int::Small(a).div_mod(&Int::Small(b));
        assert_eq!(result, Some((Int::Small(quotient), Int::Small(remainder))));
    }
    assert_eq!(Int::Small(1).div_mod(&Int::Small(0)), None);
}
