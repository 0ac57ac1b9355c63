//! Wildcards in string literals.

use crate::testing::assert_outcomes;

#[test]
fn only_the_named_text_is_unescaped() {
    assert_outcomes(&[
        ("{{sql_unescape('a%b_%', '%')}}", "'a%b_%'"),
        (
            "{{sql_unescape('a%')}}{{sql_unescape('a%', '')}}",
            "'a\\%''a\\%'",
        ),
        ("{{sql_unescape('a\\'b', '\\'')}}", "'a\\'b'"),
        ("{{sql_unescape('a\\\\b', '\\\\')}}", "'a\\\\b'"),
        (
            "{{sql_unescape('a%_', '%_')}}{{sql_unescape('%%a', '%%')}}",
            "'a%_''\\%\\%a'",
        ),
        (
            "{{sql_unescape(5)}}",
            "Template Syntax Error: 'int' object has no attribute 'translate'",
        ),
        (
            "{{sql_unescape('a', 5)}}",
            "argument of type 'int' is not iterable",
        ),
        ("{{sql_unescape('a', None)}}", "'a'"),
    ]);
}
