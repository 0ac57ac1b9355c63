//! Conditions from keywords.

use crate::testing::assert_outcomes;

#[test]
fn operators() {
    assert_outcomes(&[
        (
            "{{sql_and(a='x', b__gt=1, c__lt=2, d__gte=3, e__lte=4)}}",
            "a = 'x' and b > 1 and c < 2 and d >= 3 and e <= 4",
        ),
        (
            "{{sql_and(f__in=Array(x, 'Int8', '1,2'), g__not_in=[1])}}",
            "f in [1,2] and g not in [1]",
        ),
        (
            "{{sql_and(a__b__gt=1)}}{{sql_and(a___gt=3)}}",
            "a__b > 1a_ > 3",
        ),
        (
            "{{sql_and(a=column('x'), b=True, c=Int8(y, 3))}}",
            "a = `x` and b = True and c = toInt8('3')",
        ),
    ]);
}

#[test]
fn conditions_without_a_value_are_left_out() {
    assert_outcomes(&[
        (
            "{{sql_and(a=x)}}{{sql_and()}}{{sql_and(5, 6, a=1)}}",
            "a = 1",
        ),
        ("{{sql_and(a__foo=x, b=1)}}", "b = 1"),
        (
            "{{sql_and(a__ne=1)}}",
            "Template Syntax Error: operand ne not supported",
        ),
        (
            "{{sql_and(a__=1)}}",
            "Template Syntax Error: operand  not supported",
        ),
    ]);
}
