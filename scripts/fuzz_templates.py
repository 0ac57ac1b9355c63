#!/usr/bin/env python3
"""Compares our template language with the reference implementation on generated templates.

    scripts/fuzz_templates.py --oracle PYTHON ORACLE.py [--cases 20000] [--seed 1] [--show 20]
    scripts/fuzz_templates.py --oracle PYTHON ORACLE.py --file CASES.jsonl

PYTHON is an interpreter that has the reference package, ORACLE.py the script that renders JSON
lines with it (`scripts/setup-oracle`). Ours is `birdhouse debug render`.

The generator makes templates of our own from a small grammar, with a fixed seed: parameters of
every type, all functions with right and wrong arguments, operators, methods, blocks, mistakes in
tags, check mode and discovery. Disagreements are grouped by kind and printed, shortest first.
Texts that Python makes up (type errors, syntax errors, addresses) are compared by kind only.

Exit status 0 when nothing differs.
"""

import collections
import json
import random
import re
import sys

import reference

TYPES = [
    "Int8", "Int16", "Int32", "Int64", "Int128", "Int256", "UInt8", "UInt16", "UInt32", "UInt64",
    "UInt128", "UInt256", "Int", "Integer", "Float32", "Float64", "String", "Date", "DateTime",
    "DateTime64",
]
NAMES = ["a", "b", "c", "x", "ids", "day", "tag", "name", "list", "max", "q2", "_u", "size"]
TEXTS = [
    "", "a", "abc", "1", "0", "-1", "+5", "007", "128", "300", "99999999999", "1.5", ".5", "1e3",
    "nan", "inf", "true", "False", "no", "a,b", "1,2,3", "1, 2", "a'b", 'say "x"', "100%", "a\\b",
    "tab\there", "line\nbreak", "back`tick", "é,ß", "٣", "2024-01-01", "2024-02-30",
    "2024-01-01 10:11:12", "2024-01-01T10:11:12", "2024-01-01 10:11:12.123", "01-02-2024 1:2:3",
    " padded ", "a.b", "x,y.z", "' OR 1=1 --", "}}", "{% end %}", "null", "[1, 2]",
    '{"k": 1, "l": [1, 2]}', '[{"op": "eq", "v": "x"}]', "\u00a0", "\u200b", "😀", "\x1a", "\x00",
    "it's \"both\"", "None", "5m", "1h", "analyzer", "%Y", "\u2028", "1_000", "12\n", "0x10",
]
NUMBERS = ["0", "1", "2", "-1", "5", "10", "255", "1.5", "-0.5", "1e20", "0.1", "1e-7",
           "18446744073709551616", "True", "False", "None", "3.0", "100", "7"]
METHODS = ["split(',')", "split()", "replace('a', 'b')", "join(['x', 'y'])", "get('k')",
           "get('k', 3)", "split(',', 1)", "replace('', '-')", "get(1)"]
ALL_METHODS = METHODS + [
    "upper()", "lower()", "strip()", "startswith('a')", "endswith(('b', 'c'))", "find('b')",
    "count('a')", "title()", "capitalize()", "zfill(5)", "center(7, '*')", "ljust(4)", "rjust(4)",
    "partition(',')", "rpartition(',')", "rsplit(',', 1)", "splitlines()", "isdigit()",
    "isalpha()", "islower()", "index('a')", "swapcase()", "keys()", "values()", "items()",
    "append(1)", "copy()", "pop()", "removeprefix('a')", "isnumeric()", "expandtabs(4)",
    "lstrip('a')", "encode()", "casefold()", "isspace()", "rfind('a')", "isidentifier()",
]
BUILTINS = [
    "len({})", "str({})", "int({})", "float({})", "bool({})", "list({})", "tuple({})", "set({})",
    "sorted({})", "sum({})", "min({})", "max({})", "abs({})", "round({})", "repr({})", "any({})",
    "all({})", "range({})", "enumerate({})", "dict({})", "reversed({})", "ord({})", "chr({})",
    "hex({})", "bin({})", "isinstance({}, str)", "isinstance({}, (int, float))", "zip({}, {})",
    "map(str, {})", "filter(None, {})", "round({}, 1)", "divmod({}, 3)", "pow({}, 2)",
    "max({}, {})", "list(map(len, {}))", "callable({})", "ascii({})", "hasattr({}, 'get')",
    "frozenset({})", "list(enumerate({}, 1))", "sorted({}, reverse=True)", "iter({})", "oct({})",
    "min({}, default=3)", "max({}, key=len)", "list(zip({}, {}))", "int({}, 16)", "next(iter({}))",
]
DATE_FORMATS = ["'%Y-%m-%d'", "'%Y-%m-%d %H:%M:%S'", "'%d/%m/%Y'", "'%Y'", "'%H:%M'", "'%Y-%j'",
                "'%b %d %Y'", "'%Y-%m-%dT%H:%M:%S'", "'%Y-%m-%d %H:%M:%S.%f'", "''", "'%q'", "b"]
FORMATS = ["", ":>8", ":<5", ":^7", ":05d", ":.2f", ":,", ":x", "!r", "!s", ":e", ":%", ":g",
           ":+d", ":*^9", ":.3", ":_", ":#x", ":08.3f", ":s", ":d", ":b", ":.0f", ":10.4g"]


def quote(text):
    """A Python literal without the pairs that end a tag."""
    return re.sub(r"\}\}|%\}|\{\{|\{%", "", repr(text))


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)

    def pick(self, items):
        return self.random.choice(items)

    def chance(self, p):
        return self.random.random() < p

    def literal(self):
        r = self.random.random()
        if r < 0.45:
            return quote(self.pick(TEXTS))
        if r < 0.8:
            return self.pick(NUMBERS)
        if r < 0.9:
            return "[" + ", ".join(self.literal() for _ in range(self.random.randint(0, 3))) + "]"
        if r < 0.95:
            return "(" + ", ".join(self.literal() for _ in range(2)) + ")"
        return "{" + self.pick(["'k'", "1", "'a'"]) + ": " + self.literal() + " }"

    def name(self):
        return self.pick(NAMES)

    def argument(self):
        return self.name() if self.chance(0.75) else self.literal()

    def default(self):
        if self.chance(0.5):
            return ""
        value = self.literal() if self.chance(0.9) else self.name()
        return ", " + ("default=" if self.chance(0.3) else "") + value

    def extras(self):
        extras = ["description='d'", "required=True", "required=False", "example='e'",
                  "enum=['a', 'b']", "format='date'", "defined=False", "foo=1", "type='Int8'"]
        count = self.pick([0, 0, 0, 0, 1, 1, 2])
        weights = [3, 3, 3, 2, 2, 1, 2, 0.3, 0.3]
        chosen = self.random.choices(extras, weights, k=count)
        return "".join(", " + e for e in dict.fromkeys(chosen))

    def function(self):
        a = self.argument()
        d = self.default()
        kinds = [
            (8, lambda: f"{self.pick(TYPES)}({a}{d}{self.extras()})"),
            (5, lambda: f"Array({a}, '{self.pick(TYPES + ['UUID', 'Boolean', 'Symbol', 'Bool'])}'"
                        f"{d}{self.extras()})"),
            (1, lambda: f"Array({a})"),
            (1, lambda: f"Array({a}, default={self.literal()})"),
            (2, lambda: f"Boolean({a}{d})"),
            (2, lambda: f"JSON({a}{d})"),
            (3, lambda: f"{self.pick(['column', 'columns', 'symbol', 'table', 'TABLE'])}({a}{d})"),
            (2, lambda: f"defined({a})"),
            (2, lambda: "sql_and(" + ", ".join(
                f"{k}{self.pick(['', '__gt', '__lte', '__in', '__not_in', '__ne'])}={self.argument()}"
                for k in ["k1", "k2", "k3"][: self.random.randint(1, 3)]) + ")"),
            (2, lambda: f"split_to_array({a}{d}" + self.pick(["", ", separator='|'"]) + ")"),
            (1, lambda: f"enumerate_with_last({self.pick([a, f'split_to_array({a})'])})"),
            (2, lambda: f"sql_unescape({a}, {quote(self.pick(['%', '', 'a', '`', '_']))})"),
            (1, lambda: f"day_diff({a}, {self.argument()})"),
            (3, lambda: f"date_diff_in_{self.pick(['days', 'hours', 'minutes', 'seconds'])}"
                        f"({a}, {self.argument()}" + self.pick(
                            ["", ", " + self.pick(DATE_FORMATS),
                             ", date_format=" + self.pick(DATE_FORMATS)
                             + ", backup_date_format=" + self.pick(DATE_FORMATS),
                             ", none_if_error=True", ", default=4"]) + ")"),
            (1, lambda: f"tb_secret({self.pick([quote('s1'), quote('s2'), a])}{d})"),
            (1, lambda: f"max_threads({a})"),
            (1, lambda: f"cache_ttl({a})"),
            (1, lambda: f"backend_hint({a})"),
            (1, lambda: f"{self.pick(['activate', 'disable'])}({a})"),
            (1, lambda: f"error({a})"),
            (1, lambda: f"custom_error({a}, {self.pick(['400', '418', quote('418'), 'b', '500'])})"),
        ]
        weights, makers = zip(*kinds)
        return self.random.choices(makers, weights)[0]()

    def output(self, depth=0):
        r = self.random.random()
        if depth > 2 or r < 0.35:
            return self.function()
        if r < 0.5:
            return self.name()
        if r < 0.6:
            return self.literal()
        inner = self.output(depth + 1)
        if r < 0.7:
            return f"{inner} {self.pick(['+', '-', '*'])} {self.output(depth + 1)}"
        if r < 0.75:
            return f"{self.pick(['-', 'not '])}({inner})"
        if r < 0.8:
            return f"({inner}).{self.pick(METHODS)}"
        if r < 0.86:
            return f"({inner})[{self.pick(['0', '1', quote('k'), ':1', '1:', ':-1', '::2', '0:2', '-1:'])}]"
        if r < 0.9:
            return f"({inner}) if {self.output(depth + 1)} else {self.output(depth + 1)}"
        if r < 0.94:
            return f"{self.pick(['len', 'list', 'int', 'float', 'min', 'max'])}({inner})"
        if r < 0.97:
            return "f'{" + self.pick(["a", "b", "x", "len(a)"]) + self.pick(FORMATS) + "}'"
        return "[" + inner + ", " + self.output(depth + 1) + "]"

    def control(self, depth=0):
        r = self.random.random()
        if depth > 2 or r < 0.2:
            return self.output(1)
        inner = self.control(depth + 1)
        if r < 0.35:
            op = self.pick(["==", "!=", "<", "<=", ">", ">=", "in", "not in", "is", "is not"])
            return f"{inner} {op} {self.control(depth + 1)}"
        if r < 0.45:
            return f"({inner} {self.pick(['and', 'or'])} {self.control(depth + 1)})"
        if r < 0.55:
            op = self.pick(["+", "-", "*", "/", "//", "%", "**", "&", "|", "^", "<<", ">>"])
            return f"({inner}) {op} ({self.control(depth + 1)})"
        if r < 0.65:
            pattern = self.pick(BUILTINS)
            return pattern.format(*([f"({inner})"] * pattern.count("{}")))
        if r < 0.75:
            return f"({inner}).{self.pick(ALL_METHODS)}"
        if r < 0.8:
            return f"[{self.pick(['i', 'i + 1', 'str(i)', '(i, i)'])} for i in ({inner})" + self.pick(
                ["", " if i", " if i != 'a'"]) + "]"
        if r < 0.83:
            return f"{self.pick(['any', 'list', 'sorted', 'sum', 'set'])}(i for i in ({inner}))"
        if r < 0.86:
            return f"(lambda v: {self.pick(['v', 'v + 1', 'len(v)', '[v]'])})({inner})"
        if r < 0.89:
            return "{i: " + self.pick(["i", "str(i)"]) + f" for i in ({inner})" + " }"
        if r < 0.92:
            return f"'{self.pick(['%s', '%d', '%r-%s', '%5.1f', '%x', '%%', '%(k)s'])}' % ({inner})"
        if r < 0.95:
            return f"not ({inner})"
        if r < 0.97:
            return f"(y2 := {inner})"
        return f"({inner})[{self.pick(['0', '-1', 'a', '1:2', '::-1', quote('k')])}]"

    def text(self):
        return self.pick([" ", "\n", "SELECT 1 ", " FROM t\n", "{a}", " } ", "-- c\n", "'x'", "%",
                          "{# c #}", "{{!", "{", "é "])

    def block(self, depth):
        r = self.random.random()
        if depth > 2 or r < 0.3:
            return self.text()
        if r < 0.65:
            return "{{" + self.output() + "}}"
        if r < 0.8:
            out = "{% if " + self.control() + " %}" + self.body(depth)
            if self.chance(0.3):
                out += "{% elif " + self.control() + " %}" + self.body(depth)
            if self.chance(0.4):
                out += "{% else %}" + self.body(depth)
            return out + "{% end %}"
        if r < 0.87:
            target = self.pick(["i", "i", "i", "j, k", "a", "i"])
            return ("{% for " + target + " in " + self.control() + " %}" + self.body(depth)
                    + self.pick(["", "", "{{i}}", "{% break %}", "{% if i %}{% continue %}{% end %}"])
                    + "{% end %}")
        if r < 0.95:
            target = self.pick(["v", "v", "w", "v, w", "a", "v[0]"])
            op = self.pick(["=", "=", "=", "=", "+="])
            return "{% set " + target + f" {op} " + self.control() + " %}" + self.pick(["{{v}}", ""])
        if r < 0.98:
            return ("{% try %}" + self.body(depth) + "{% except" + self.pick(
                ["", " ValueError", " Exception as e", " KeyError", " (TypeError, IndexError)"])
                + " %}" + self.body(depth) + "{% end %}")
        return self.pick(["{% end %}", "{% else %}", "{{ }}", "{% foo %}", "{% if %}x{% end %}",
                          "{% comment x %}", "{{ a b }}", "{% set a %}", "{{a", "{% if a",
                          "{% whitespace oneline %}", "{{ a == b }}", "{{ x.y }}", "{% set del a %}",
                          "{{ 1; }}", "{% break %}", "{{ lambda: 1 }}", "{% if a: %}{% end %}"])

    def body(self, depth):
        return "".join(self.block(depth + 1) for _ in range(self.random.randint(1, 2)))

    def value(self):
        r = self.random.random()
        if r < 0.75:
            return self.pick(TEXTS)
        return self.pick([1, 0, -3, 1.5, True, False, None, [1, 2], ["a", "b'c"], [], {"k": "v"},
                          [1, None], 2**70, [[1], [2]], 1e30, {"a": [1]}, ["1", "x"], 10.0])

    def case(self, number):
        if self.chance(0.5):
            template = "%" + self.text() + "{{" + self.output(self.pick([1, 2, 3])) + "}}"
        elif self.chance(0.5):
            test = self.control(self.pick([1, 2, 3]))
            template = self.pick([
                "%{% if " + test + " %}a{% else %}b{% end %}",
                "%{% set v = " + test + " %}{{v}}",
                "%{% for i in " + test + " %}<{{i}}>{% end %}",
            ])
        else:
            template = "%" + "".join(self.block(0) for _ in range(self.random.randint(1, 4)))
        names = self.random.sample(NAMES, self.random.randint(0, 5))
        params = {name: self.value() for name in names}
        mode = self.random.choices(["render", "check", "params"], [7, 2, 1])[0]
        case = {"id": f"fuzz-{number}", "template": template, "params": params, "mode": mode}
        if self.chance(0.3):
            case["secrets"] = ["s1", "tb_secret_s2", "a"]
        return case


ADDRESS = re.compile(r" at 0x[0-9a-f]+|<[a-zA-Z_.<>]*( object)?( at 0x[0-9a-f]+)?>|<function [^>]*>+")
OURS_EXACT = re.compile(
    r"Template Syntax Error: (?!Invalid (expression type|Slice|Constant|function: |UnaryOp|BinOp))"
    r"|Missing \{|Extra|unknown operator|is forbidden| outside |cannot be attached|can not be used"
)


def normal(result):
    result = {k: v for k, v in result.items() if k not in ("id", "exception")}
    text = json.dumps(result, sort_keys=True, ensure_ascii=False)
    return json.loads(ADDRESS.sub("<address>", text)) if "<" in text else result


def agrees(want, got):
    want, got = normal(want), normal(got)
    if "error" not in want:
        if "<address>" in json.dumps(want):
            return "error" not in got
        return want == got
    if "error" not in got or want.get("status") != got.get("status"):
        return False
    if want.get("kind") != got.get("kind"):
        return False
    if isinstance(want["error"], str) and OURS_EXACT.match(want["error"]):
        return want["error"] == got["error"] or "<address>" in want["error"]
    return True


def main():
    options = reference.arguments(__doc__.split("\n")[0])
    cases = reference.cases(options, Generator(options.seed))
    wanted, got = reference.answers(options, cases, [], ["render"])
    different = collections.defaultdict(list)
    for case, want, have in zip(cases, wanted, got, strict=True):
        if not agrees(want, have):
            group = f"reference {want.get('kind', 'ok')}, ours {have.get('kind', 'ok')}"
            others = {k: v for k, v in case.items() if k not in ("template", "id")}
            different[group].append((case["template"], others, want, have))
    outcomes = collections.Counter(want.get("kind", "ok") for want in wanted)
    return reference.report(options, different, [], outcomes)


if __name__ == "__main__":
    sys.exit(main())
