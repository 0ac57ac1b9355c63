//! Identifiers and their quoting.

use crate::testing::{assert_outcomes, assert_values, checked};

#[test]
fn column_quotes_each_part() {
    assert_values(
        "{{column(x, 'd')}}",
        &[
            ("\"a.b\"", "`a`.`b`"),
            ("\"\"", "``"),
            ("\"a..b\"", "`a`.``.`b`"),
            ("null", "`d`"),
            ("\"a`b\\\\\\\"c%\"", "`a\\`b\\\\c\\%`"),
            (
                "5",
                "Template Syntax Error: 'int' object has no attribute 'translate'",
            ),
        ],
    );
}

#[test]
fn columns_split_at_commas() {
    assert_outcomes(&[
        ("{{columns('a, b.c ,')}}", "`a`,`b`.`c`,``"),
        (
            "{{columns('a , b.c', fn='sum')}}",
            "sum(`a`) as a,sum(`b`.`c`) as b.c",
        ),
        (
            "{{columns('a', fn='')}}{{columns('a', fn=5)}}",
            "`a`5(`a`) as a",
        ),
        (
            "{{columns(a, ['a'])}}",
            "Template Syntax Error: The 'columns' function expects a String not an Array",
        ),
        (
            "{{columns(a)}}",
            "Template Syntax Error: Missing columns() default value, \
             use `columns(column_names, 'default_column_name')`",
        ),
        (
            "{{column(a)}}",
            "Template Syntax Error: Missing column() default value, \
             use `column(column_name, 'default_column_name')`",
        ),
        (
            "{{column(a, 'a', description='x')}}",
            "column() got an unexpected keyword argument 'description'",
        ),
    ]);
}

#[test]
fn the_alias_of_columns_has_to_be_a_name() {
    assert_values(
        "{{columns(x, fn='sum')}}",
        &[(
            "\"a` as b --\"",
            "Template Syntax Error: 'a` as b --' is not a valid column name \
             for columns() with 'fn'",
        )],
    );
}

#[test]
fn symbol_and_table() {
    assert_outcomes(&[
        (
            "{{symbol('a.b')}}{{symbol('a', '\"')}}{{symbol('a', quote='|')}}",
            "`a.b`\"a\"|a|",
        ),
        (
            "{{table('a.b')}}{{TABLE('a`\"b')}}{{table('')}}",
            "a.ba\\`b",
        ),
        (
            "{% set y = Symbol('a.b') %}{{y}}{% set y = Column('c') %}{{y}}",
            "`a.b``c`",
        ),
        (
            "{{symbol(None)}}",
            "Template Syntax Error: 'NoneType' object has no attribute 'translate'",
        ),
        (
            "{{symbol(column('x'))}}",
            "Template Syntax Error: 'Symbol' object has no attribute 'translate'",
        ),
        (
            "{{symbol('a', 5)}}",
            "unsupported operand type(s) for +: 'int' and 'str'",
        ),
    ]);
    assert_eq!(
        checked("{{symbol(x)}}{{table(x)}}{{column(x, 'z')}}"),
        "`placeholder`placeholder`z`"
    );
}

#[test]
fn columns_is_a_string_and_column_is_not() {
    assert_outcomes(&[
        ("{{len(columns('x,y'))}}", "7"),
        ("{{columns('x') + ''}}", "'\\`x\\`'"),
        (
            "{{len(column('x'))}}",
            "object of type 'Symbol' has no len()",
        ),
        ("{{String(column('x'))}}", "'\\`x\\`'"),
    ]);
}
