//! Hostile templates and parameters: no panic, no hang, no memory without bound.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use birdhouse_template::inspect::inspect;
use birdhouse_template::{Context, ErrorKind, Parameters, Template, TemplateError};
use serde_json::{Value, json};

/// Smaller than the stack of any thread that renders templates.
const STACK_BYTES: usize = 1 << 20;

/// Longest time that one rendering may take, unoptimised and on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(20);

/// Renders on a small stack; the outcome is the text or the error.
fn render(text: &str, parameters: &[(&str, &str)]) -> Result<String, TemplateError> {
    let text = text.to_owned();
    let pairs: Vec<(String, String)> = parameters
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let thread = std::thread::Builder::new().stack_size(STACK_BYTES);
    let started = Instant::now();
    let handle = thread.spawn(move || {
        let template = Template::compile(&text, None)?;
        let parameters: Parameters = pairs.into_iter().collect();
        let rendered = template.render(&parameters, &Context::default())?;
        Ok(rendered.sql)
    });
    let Ok(Ok(result)) = handle.map(JoinHandle::join) else {
        unreachable!("rendering panicked");
    };
    let elapsed = started.elapsed();
    assert!(elapsed < TIME_MAX, "took {elapsed:?}");
    result
}

fn kind(text: &str) -> ErrorKind {
    match render(text, &[]) {
        Err(error) => error.kind,
        Ok(sql) => unreachable!("{text} gives {sql}"),
    }
}

#[test]
fn endless_loops_end() {
    for text in [
        "{% while True %}{% end %}",
        "{% while 1 %}x{% end %}",
        "{% set l = [1] %}{% for i in l %}{% set l.append(i) %}{% end %}",
        "{% for i in range(10**18) %}{% end %}",
        "{% set z = sum(i for i in range(10**15)) %}",
        "{% set z = [1 for i in range(10**9)] %}",
        "{% set z = list(range(10**9)) %}",
        "{% set z = 5 in range(6, 10**12) %}",
        "{% set z = sorted(range(10**9)) %}",
        "{% set z = list(zip(range(10**9), range(10**9))) %}",
        "{% set z = max(range(10**10)) %}",
    ] {
        assert_eq!(kind(text), ErrorKind::Limit, "{text}");
    }
}

#[test]
fn loops_in_check_mode_end() {
    let line = json!({"template": "%{% while x %}{% end %}", "mode": "check"}).to_string();
    assert_eq!(inspect(&line, "")["kind"], "timeout");
}

#[test]
fn large_values_are_refused() {
    for text in [
        "{{ 'a' * 10000000000 }}",
        "{% set a = 'a' * 1000000 %}{% for i in range(9) %}{% set a = a + a %}{% end %}",
        "{% set a = [0] * 10**9 %}",
        "{% set a = (0,) * 10**12 %}",
        "{% set a = '%1000000000d' % 5 %}",
        "{% set a = '%.1000000000f' % 5 %}",
        "{% set a = 'a'.ljust(10**10) %}",
        "{% set a = '1'.zfill(10**10) %}",
        "{% set a = f'{5:>1000000000}' %}",
        "{% set a = f'{5.5:.1000000000f}' %}",
        "{% set a = ('a' * 10**6).replace('a', 'b' * 10**6) %}",
        "{% set a = ('a' * 10**6).replace('', 'b' * 10**6) %}",
        "{% set a = ('\\t' * 10**6).expandtabs(10**6) %}",
        "{% set a = ('a' * 10**6).join(['b'] * 10**5) %}",
        "{% set a = bytes(10**10) %}",
        "{% set a = 2 ** 10**9 %}",
        "{% set a = 9 ** 9 ** 9 ** 9 %}",
        "{% set a = 1 << 10**12 %}",
        "{% set a = 3 %}{% for i in range(99) %}{% set a = a * a %}{% end %}",
        "{% for i in range(10**6) %}0123456789012345678901234567890123456789{% end %}",
        "{% set a = [0] %}{% for i in range(60) %}{% set a.extend(a) %}{% end %}",
        "{% set a = 'ab' %}{% for i in range(60) %}{% set a = [a, a] %}{% end %}{{a}}",
    ] {
        assert_eq!(kind(text), ErrorKind::Limit, "{text}");
    }
}

#[test]
fn deep_nesting_is_refused_or_works() {
    let cases = [
        ("{{ ", "(", "1", ")", " }}"),
        ("{{ ", "[", "1", "]", " }}"),
        ("{{ ", "-", "1", "", " }}"),
        ("{{ ", "not ", "1", "", " }}"),
        ("{{ ", "1 + ", "1", "", " }}"),
        ("{{ 1", " + 1", "", "", " }}"),
        ("{{ ", "len(", "'a'", ")", " }}"),
        ("{{ ", "1 if 1 else ", "1", "", " }}"),
        ("{{ 'a'", ".split(',')[0]", "", "", " }}"),
        ("{{ a", "[0]", "", "", " }}"),
        ("{% if ", "1 < (", "1", ")", " %}{% end %}"),
        ("{% if ", "lambda: ", "1", "", " %}{% end %}"),
        ("{% if ", "[1 for i in ", "[1]", "]", " %}{% end %}"),
        ("{% if ", "2 ** ", "1", "", " %}{% end %}"),
        ("{% if ", "(x := ", "1", ")", " %}{% end %}"),
        ("{% if ", "{1: ", "1", " }", " %}{% end %}"),
        ("", "{% if 1 %}", "x", "{% end %}", ""),
        ("", "{% for i in [1] %}", "x", "{% end %}", ""),
        ("{{ ", "f'{", "1", "}'", " }}"),
    ];
    for (before, open, middle, close, after) in cases {
        for count in [10, 50, 90, 150, 200, 1000, 20_000] {
            let (open, close) = (open.repeat(count), close.repeat(count));
            let text = format!("{before}{open}{middle}{close}{after}");
            if let Err(error) = render(&text, &[("a", "x")]) {
                let kind = error.kind;
                let expected = [
                    ErrorKind::Syntax,
                    ErrorKind::Security,
                    ErrorKind::Runtime,
                    ErrorKind::Parse,
                    ErrorKind::Limit,
                ];
                assert!(
                    expected.contains(&kind),
                    "{kind:?} for {count} times {open:.20}"
                );
            }
        }
    }
}

#[test]
fn deep_values_are_freed_and_compared_without_recursion() {
    let nest = "{% set a = [] %}{% for i in range(100000) %}{% set a = [a] %}{% end %}";
    assert_eq!(render(nest, &[]).unwrap(), "");
    let dicts = "{% set a = {} %}{% for i in range(50000) %}{% set a = {'k': (a,)} %}{% end %}";
    assert_eq!(render(dicts, &[]).unwrap(), "");
    assert_eq!(kind(&format!("{nest}{{{{a}}}}")), ErrorKind::Runtime);
    let compare = "{% set b = [] %}{% for i in range(100000) %}{% set b = [b] %}{% end %}\
                   {% if a == b %}{% end %}";
    assert_eq!(kind(&format!("{nest}{compare}")), ErrorKind::Runtime);
    let order = compare.replace("==", "<");
    assert_eq!(kind(&format!("{nest}{order}")), ErrorKind::Runtime);
    let cycle = "{% set a = [] %}{% set a.append(a) %}{{a}}";
    assert_eq!(kind(cycle), ErrorKind::Runtime);
    let lambdas = "{% set a = 1 %}\
                   {% for i in range(20000) %}{% set a = [(lambda: x) for x in [a]] %}{% end %}";
    assert_eq!(render(lambdas, &[]).unwrap(), "");
    let iterators = "{% set a = [1] %}\
                     {% for i in range(20000) %}{% set a = map(str, a) %}{% end %}";
    assert_eq!(kind(iterators), ErrorKind::Limit);
}

#[test]
fn recursion_is_an_error_of_python() {
    let text = "{% set f = lambda n: f(n + 1) %}{% set z = f(0) %}";
    let error = render(text, &[]).unwrap_err();
    assert_eq!(error.kind, ErrorKind::Runtime);
    assert_eq!(error.message, "maximum recursion depth exceeded");
}

#[test]
fn a_limit_cannot_be_caught() {
    let text = "{% try %}{% while 1 %}{% end %}{% except %}caught{% finally %}x{% end %}";
    assert_eq!(kind(text), ErrorKind::Limit);
}

#[test]
fn long_parameters_are_handled() {
    let long = "a,".repeat(500_000);
    let text = "{{String(a)}}";
    assert_eq!(render(text, &[("a", &long)]).unwrap().len(), long.len() + 2);
    assert!(render("{{Array(a, 'Int32')}}", &[("a", &long)]).is_err());
    assert!(render("{{columns(a)}}", &[("a", &long)]).is_ok());
    let deep = "[".repeat(100_000);
    assert_eq!(
        render("{{JSON(a)}}", &[("a", &deep)]).unwrap_err().kind,
        ErrorKind::Runtime
    );
    let digits = "1".repeat(100_000);
    for text in ["{{Int256(a)}}", "{% if int(a) %}{% end %}", "{{JSON(a)}}"] {
        assert!(render(text, &[("a", &digits)]).is_err(), "{text}");
    }
    let letters = "a".repeat(100_000);
    let format = "{{date_diff_in_days(a, a, a)}}";
    assert!(render(format, &[("a", &letters)]).is_err());
    let blanks = " ".repeat(2_000);
    let format = "{{date_diff_in_days(a, a, '  %d %m  %Y %H %M %S ', none_if_error=True)}}";
    assert_eq!(
        render(format, &[("a", &blanks)]).unwrap_err().kind,
        ErrorKind::Null
    );
}

#[test]
fn columns_with_a_function_refuses_what_is_no_name() {
    let text = "{{columns(c, fn='sum')}}";
    assert_eq!(
        render(text, &[("c", "a, b.c")]).unwrap(),
        "sum(`a`) as a,sum(`b`.`c`) as b.c"
    );
    for hostile in [
        "a` as x, (SELECT 1) --",
        "a b",
        "1a",
        "",
        "a;drop",
        "a\nb",
        "é",
    ] {
        let error = render(text, &[("c", hostile)]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Runtime, "{hostile}");
    }
}

#[test]
fn inspector_answers_to_any_line() {
    for line in ["", "{", "[]", "null", "{\"template\": 5}", "{}", "\u{0}"] {
        let answer: Value = inspect(line, "");
        assert!(
            answer.get("error").is_some() || answer.get("sql").is_some(),
            "{line}"
        );
    }
}
