//! Operators, methods and builtins, as Python has them.

use crate::testing::assert_outcomes;

/// Asserts the text of expressions in a control tag.
fn assert_expressions(cases: &[(&str, &str)]) {
    for (expression, expected) in cases {
        let text = format!("{{% set z = [{expression}] %}}{{{{z}}}}");
        assert_outcomes(&[(&text, &format!("[{expected}]"))]);
    }
}

#[test]
fn arithmetic() {
    assert_expressions(&[
        (
            "7 // 2, -7 // 2, 7 % -3, 7.5 // 2, -7.5 % 2",
            "3, -4, -2, 3.0, 0.5",
        ),
        (
            "2 ** 10, 2 ** -1, (-2) ** 3, 2 ** 100",
            "1024, 0.5, -8, 1267650600228229401496703205376",
        ),
        (
            "1 / 3, 10 ** 30 / 10 ** 29, 6 / 3",
            "0.3333333333333333, 10.0, 2.0",
        ),
        (
            "5 & 3, 5 | 3, 5 ^ 3, ~5, 1 << 70, -5 >> 1",
            "1, 7, 6, -6, 1180591620717411303424, -3",
        ),
        ("True & False, True + True, not 0", "False, 2, True"),
        (
            "9223372036854775807 + 1, -9223372036854775808 - 1",
            "9223372036854775808, -9223372036854775809",
        ),
        (
            "'ab' * 2, 2 * [1], (1,) * 0, [1] + [2]",
            "'abab', [1, 1], (), [1, 2]",
        ),
        (
            "{1, 2} & {2, 3}, {1} | {2}, {1, 2} - {1}, {1, 2} ^ {2, 3}",
            "{2}, {1, 2}, {2}, {1, 3}",
        ),
        ("{'a': 1} | {'b': 2}", "{'a': 1, 'b': 2}"),
    ]);
}

#[test]
fn logic_and_comparison() {
    assert_expressions(&[
        (
            "1 and 2, 0 or 'a', None and 1, 1 if [] else 2",
            "2, 'a', None, 2",
        ),
        ("1 < 2 < 3, 1 < 3 < 2, 1 == 1.0 != 2", "True, False, True"),
        (
            "'a' in 'abc', 1 not in [2], 'k' in {'k': 1}, 2 in range(3)",
            "True, True, True, True",
        ),
        ("None is None, 1 is not None, [] is []", "True, True, False"),
        (
            "float('nan') == float('nan'), float('nan') < 1",
            "False, False",
        ),
    ]);
}

#[test]
fn slices() {
    assert_expressions(&[
        (
            "'abcdef'[1:4], 'abcdef'[::-1], 'abc'[-2:], 'abc'[5:], 'aé😀b'[1:3]",
            "'bcd', 'fedcba', 'bc', '', 'é😀'",
        ),
        (
            "[1, 2, 3][::2], (1, 2, 3)[1:], range(10)[2:5][0]",
            "[1, 3], (2, 3), 2",
        ),
        ("'abc'[-1], [1, 2][-2], b'abc'[0]", "'c', 1, 97"),
    ]);
    assert_outcomes(&[(
        "{% set a = [1, 2, 3] %}{% set a[1:2] = 'xy' %}{{a}}",
        "[1, 'x', 'y', 3]",
    )]);
}

#[test]
fn string_methods() {
    assert_expressions(&[
        (
            "'a,b,,c'.split(','), ' a  b '.split(), 'a,b,c'.rsplit(',', 1), ' a b c '.split(None, 1)",
            "['a', 'b', '', 'c'], ['a', 'b'], ['a,b', 'c'], ['a', 'b c']",
        ),
        (
            "'a'.upper(), 'É'.lower(), 'ab cd'.title(), 'aB'.swapcase(), 'aB'.capitalize()",
            "'A', 'é', 'Ab Cd', 'Ab', 'Ab'",
        ),
        (
            "' a '.strip(), 'xxaxx'.strip('x'), 'aab'.lstrip('a'), 'baa'.rstrip('a')",
            "'a', 'a', 'b', 'b'",
        ),
        (
            "'abcb'.find('b'), 'abcb'.rfind('b'), 'a'.find('z'), 'abab'.count('ab'), 'aaa'.count('')",
            "1, 3, -1, 2, 4",
        ),
        (
            "'abc'.startswith('a'), 'abc'.endswith(('x', 'bc')), 'abc'.startswith('b', 1)",
            "True, True, True",
        ),
        (
            "'-'.join(['a', 'b']), 'aXbX'.replace('X', 'y', 1), 'ab'.replace('', '-')",
            "'a-b', 'aybX', '-a-b-'",
        ),
        (
            "'a'.center(4, '*'), 'a'.ljust(3), 'a'.rjust(3), '-5'.zfill(4)",
            "'*a**', 'a  ', '  a', '-005'",
        ),
        (
            "'k=v'.partition('='), 'k'.partition('='), 'a=b=c'.rpartition('=')",
            "('k', '=', 'v'), ('k', '', ''), ('a=b', '=', 'c')",
        ),
        (
            "'a\\nb\\r\\nc'.splitlines(), 'a\\nb'.splitlines(True)",
            "['a', 'b', 'c'], ['a\\n', 'b']",
        ),
        (
            "'12'.isdigit(), 'a1'.isalnum(), 'ab'.isalpha(), ' '.isspace(), ''.isdigit()",
            "True, True, True, True, False",
        ),
        (
            "'Ab'.istitle(), 'ab'.islower(), 'AB'.isupper(), 'a_1'.isidentifier()",
            "True, True, True, True",
        ),
        (
            "'abc'.removeprefix('a'), 'abc'.removesuffix('x'), 'a\\tb'.expandtabs(4)",
            "'bc', 'abc', 'a   b'",
        ),
    ]);
}

#[test]
fn container_methods() {
    assert_outcomes(&[
        (
            "{% set l = [3, 1] %}{% set l.append(2) %}{% set l.sort() %}{% set l.insert(0, 9) %}\
             {% set l.extend([5]) %}{% set l.reverse() %}{% set p = l.pop(0) %}{{l}}{{p}}",
            "[3, 2, 1, 9]5",
        ),
        (
            "{% set d = {'a': 1} %}{% set d.update({'b': 2}, c=3) %}{% set p = d.pop('a') %}\
             {% set s = d.setdefault('z', 0) %}{% for k, v in d.items() %}{{k}}{{v}}{% end %}",
            "'b'2'c'3'z'0",
        ),
        (
            "{% set s = {1} %}{% set s.add(2) %}{% set s.discard(9) %}{% set u = s.union([3]) %}{{u}}",
            "{1, 2, 3}",
        ),
        ("{{ {'a': 1}.get('b', 2) }}", "2"),
        (
            "{% set z = [1, 2, 1].count(1), [1, 2].index(2), (1, 2).index(2) %}{{z}}",
            "(2, 1, 1)",
        ),
        (
            "{% set z = [1].remove(5) %}",
            "list.remove(x): x not in list",
        ),
    ]);
}

#[test]
fn builtins() {
    assert_expressions(&[
        (
            "len('aé😀'), abs(-5), round(2.5), round(3.14159, 2), round(1234, -2)",
            "3, 5, 2, 3.14, 1200",
        ),
        (
            "int(' 12 '), int(-1.9), int('ff', 16), int('0b101', 0), int('1_000')",
            "12, -1, 255, 5, 1000",
        ),
        (
            "float('1.5'), str(1.0), bool('x'), list('ab'), tuple([1])",
            "1.5, '1.0', 1, ['a', 'b'], (1,)",
        ),
        (
            "sum([1, 2.5]), min(3, 1), max('ab'), min([3, 1], key=lambda v: -v), max([], default=7)",
            "3.5, 1, 'b', 3, 7",
        ),
        (
            "sorted('bca'), sorted([1, 3, 2], reverse=True), sorted(['b', 'A'], key=str.lower)",
            "['a', 'b', 'c'], [3, 2, 1], ['A', 'b']",
        ),
        (
            "list(range(5, 0, -2)), list(enumerate('ab', 1)), list(zip('ab', [1, 2]))",
            "[5, 3, 1], [(1, 'a'), (2, 'b')], [('a', 1), ('b', 2)]",
        ),
        (
            "list(map(len, ['a', 'bc'])), list(filter(None, [0, 1])), list(reversed('ab'))",
            "[1, 2], [1], ['b', 'a']",
        ),
        (
            "any([0, 1]), all([]), divmod(7, 3), pow(2, 3, 5), hex(255), bin(-5), oct(8)",
            "True, True, (2, 1), 3, '0xff', '-0b101', '0o10'",
        ),
        (
            "chr(233), ord('é'), repr('a'), ascii('é'), dict(a=1), isinstance(1, (str, int))",
            "'é', 233, \"'a'\", \"'\\\\xe9'\", {'a': 1}, True",
        ),
        (
            "next(iter([5])), next(iter([]), 3), callable(len), hasattr('a', 'split')",
            "5, 3, True, True",
        ),
    ]);
}

#[test]
fn formats() {
    assert_expressions(&[
        (
            "f'{5:05d}', f'{1234567:,}', f'{255:#x}', f'{-5:+d}', f'{5:^7}', f'{5:*<4}'",
            "'00005', '1,234,567', '0xff', '-5', '   5   ', '5***'",
        ),
        (
            "f'{3.14159:.2f}', f'{1e10:g}', f'{1.5:e}', f'{1.0:08.3f}'",
            "'3.14', '1e+10', '1.500000e+00', '0001.000'",
        ),
        (
            "f'{\"ab\":>5}', f'{\"abc\":.2}', f'{1!r}', f'{\"a\"!r}', f'{1 + 1=}', f'{{}}'",
            "'   ab', 'ab', '1', \"'a'\", '1 + 1=2', '{}'",
        ),
        (
            "'%s-%d-%r' % ('a', 5, 'b'), '%5.1f|%-4s|%04d' % (1.25, 'x', 7), '%x%%' % 255",
            "\"a-5-'b'\", '  1.2|x   |0007', 'ff%'",
        ),
        (
            "'%(k)s' % {'k': 1}, '%c' % 'x', '%s' % [1]",
            "'1', 'x', '[1]'",
        ),
    ]);
    assert_outcomes(&[
        ("{{f'{0.5:%}'}}{{f'{x!r}'}}", "'50.000000\\%''None'"),
        (
            "{% if 'a' % 1 %}{% end %}",
            "not all arguments converted during string formatting",
        ),
        (
            "{% if '%d' % 'a' %}{% end %}",
            "%d format: a real number is required, not str",
        ),
        (
            "{% if f'{x:>5}' %}{% end %}",
            "unsupported format string passed to NoneType.__format__",
        ),
    ]);
}

#[test]
fn output() {
    assert_outcomes(&[
        (
            "{{'a\\'b'}}{{1}}{{1.0}}{{True}}{{1e20}}",
            "'a\\'b'11.0True1e+20",
        ),
        (
            "{{column('a')}}{{Array(x, 'Int8', '1')}}{{Int8(x, 1)}}",
            "`a`[1]toInt8('1')",
        ),
        (
            "{% set z = b'a' %}{{z}}",
            "maketrans expected 2 arguments, got 1",
        ),
    ]);
}
