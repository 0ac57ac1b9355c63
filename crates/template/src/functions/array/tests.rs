//! Arrays as text.

use crate::testing::{assert_outcomes, assert_values, checked};

#[test]
fn elements_are_validated_and_printed_by_type() {
    assert_outcomes(&[
        ("{{Array(a, 'Int32', '1,007,-3')}}", "[1,7,-3]"),
        ("{{Array(a, 'Float32', '1,2.50,1e30')}}", "[1.0,2.5,1e+30]"),
        ("{{Array(a, 'String', 'x,b\\'c,')}}", "['x','b\\'c','']"),
        ("{{Array(a, 'Date', '2024-01-01')}}", "['2024-01-01']"),
        ("{{Array(a, 'Boolean', 'true,false,0,1,')}}", "[1,0,0,1,0]"),
        ("{{Array(a, 'Symbol', 'x,y')}}", "[`x`,`y`]"),
        ("{{Array(a, 'Column', 'x,y.z')}}", "[`x`,`y.z`]"),
        ("{{Array(a, 'UUID', 'x')}}", "['x']"),
        ("{{Array(a, 'Int', '5')}}", "[5]"),
        ("{{Array(a, 'String', [])}}", "[]"),
        ("{{Array(a, 'String', '')}}", "['']"),
        (
            "{{Array(a, 'Foo', default=[1, True, 1.5, [1], 'x', Int8(5)])}}",
            "[1,True,1.5,[1],'x',toInt8('5')]",
        ),
        ("{{Array(a, default=[1, 2])}}", "[1,2]"),
        ("{{Array(a, None, '1,2')}}", "['1','2']"),
        ("{{Array(a, _type='Int8', default='1')}}", "[1]"),
    ]);
}

#[test]
fn errors() {
    let required = "Template Syntax Error: Required parameter is not defined";
    assert_outcomes(&[
        (
            "{{Array(a, 'Float64', '1,')}}",
            "Template Syntax Error: Error validating [1,][1] (empty string) to type Float64",
        ),
        (
            "{{Array(a, 'Int8', default=[1, 'x'])}}",
            "Template Syntax Error: Error validating [[1, 'x']][1] (x) to type Int8",
        ),
        (
            "{{Array(a, 'Int', default='5,x')}}",
            "Template Syntax Error: Error validating 'x' to type Int32",
        ),
        (
            "{{Array(a, 'Bool', '1')}}",
            "Template Syntax Error: Missing key 'Bool' while rendering the template. \
             Ensure every object accessed in the template has this key.",
        ),
        (
            "{{Array(a, 'Bool', 'x')}}",
            "Template Syntax Error: Error validating [x][0] (x) to type Bool",
        ),
        ("{{Array(a, 'String', default=[1, None])}}", required),
        (
            "{{Array(a, 'Foo', default=[1, None])}}",
            "Template Syntax Error: expression \"None\" evaluated to null",
        ),
        (
            "{{Array(a, default=(1, 2))}}",
            "Template Syntax Error: transform type function Array is not well defined",
        ),
        (
            "{{Array(a, type='Int8', default='1')}}",
            "array_type.<locals>._f() got an unexpected keyword argument 'type'",
        ),
        (
            "{{Array(a, ['Int8'], '1')}}",
            "Template Syntax Error: wrong syntax, you might be using a not valid function \
             inside a control block",
        ),
    ]);
}

#[test]
fn json_lists() {
    assert_values(
        "{{Array(x, 'Int128')}}",
        &[
            ("[1, 2]", "[1,2]"),
            ("\"+1\"", "[1]"),
            (
                "5",
                "Template Syntax Error: transform type function Array is not well defined",
            ),
        ],
    );
    assert_values("{{Array(x)}}", &[("[true, 1]", "['True','1']")]);
}

#[test]
fn the_result_is_text() {
    assert_outcomes(&[
        ("{{len(Array(a, 'Int8', '1,2'))}}", "5"),
        ("{{Array(a, 'Int8', '1') + ''}}", "'[1]'"),
        (
            "{% for c in Array(a, 'Int8', '1') %}{{c}}{% end %}",
            "'[''1'']'",
        ),
    ]);
}

#[test]
fn check_mode() {
    for (text, expected) in [
        (
            "{{Array(x)}}{{Array(x, 'String')}}{{Array(x, 'Foo')}}",
            "['']['']['']",
        ),
        (
            "{{Array(x, 'Int8')}}{{Array(x, 'Float32')}}",
            "[0,0][0.0,0.0]",
        ),
        ("{{Array(x, 'Date')}}", "['2019-01-01','2019-01-01']"),
        (
            "{{Array(x, 'Int', [])}}{{Array(x, 'Int', [3])}}",
            "[0,0][3]",
        ),
        (
            "{{Array(x, 'Symbol')}}",
            "[`\\`placeholder\\``,`\\`placeholder\\``]",
        ),
    ] {
        assert_eq!(checked(text), expected, "{text}");
    }
}
