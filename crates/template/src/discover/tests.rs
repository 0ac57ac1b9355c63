//! Declared parameters, in the order of the reference.

use crate::testing::discovered;

#[test]
fn typed_parameters() {
    insta::assert_snapshot!(discovered(
        "{{Int32(a, 5, description='d', required=False, enum=[1, 2], example=-1.5)}}\
         {{Array(b, 'Int8', '1,2')}}{{Array(c)}}{{Array(d, 'Int8', '')}}{{String(e, len('a'), 'z')}}\
         {{JSON(f, '[]')}}{{Boolean(g, 0)}}{{Float64(h, default='x' + y)}}{{Int(i, 1)}}\
         {{String(j, type='Int32')}}{{Int64(k, 9007199254740992)}}{{String(5)}}"
    ));
}

#[test]
fn bodies_come_before_their_statement() {
    insta::assert_snapshot!(discovered(
        "{% if a %}{{String(a, 'x')}}{% elif b %}{{Int8(c)}}{% end %}\
         {% for i in d %}{{i}}{% end %}{% try %}{{e}}{% except foo.bar as f %}{{g}}{% end %}\
         {% set h, k = l, m %}{% while n %}{% end %}"
    ));
}

#[test]
fn functions_declare_their_first_argument() {
    insta::assert_snapshot!(discovered(
        "{{column(a, b)}}{{columns(c, fn=d)}}{{defined(e)}}{{day_diff(f, g)}}\
         {{sql_and(h=i, j__in=Array(k, 'Int8'))}}{{symbol(l)}}{{len(m)}}{{len([n])}}{{max(o, p + 1)}}\
         {{tb_secret(r)}}{{split_to_array(s)}}{{u.split(v)}}{{min}}{{Symbol}}{{column}}"
    ));
}

#[test]
fn the_last_finding_of_an_expression_wins() {
    insta::assert_snapshot!(discovered(
        "{{Int32(a, 1) + a}}{{b + Int32(b, 1)}}{{defined(c) + c}}{{String(d) + defined(d)}}"
    ));
}

#[test]
fn comments_are_not_searched() {
    insta::assert_snapshot!(discovered(
        "{# {{a}} #}-- {{b}}\n'{{c}}'{% comment {{d}} %}{% if defined({{UInt64(e)}}) %}{% end %}"
    ));
}

#[test]
fn what_discovery_refuses() {
    insta::assert_snapshot!(
        [
            "{{Array([1, 2])}}",
            "{{String(a, **b)}}",
            "{{String(a, name='z')}}",
            "{{foo(a)}}"
        ]
        .map(discovered)
        .concat()
    );
}
