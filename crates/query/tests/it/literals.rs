//! No value of a parameter gets out of its literal, as the engine's own parser sees it.

use birdhouse_engine::Query;
use birdhouse_template::{Context, Parameters, Template};
use serde_json::{Value, json};

use crate::Fixture;

/// Where a value can stand. Each is rendered by itself; some refuse some values, which is fine.
const PLACES: &[&str] = &[
    "{{String(x)}}",
    "{{String(x, 'd')}}",
    "{{x}}",
    "{{[x, 1]}}",
    "{% set y = x + '!' %}{{y}}",
    "{{String(x) + String(x)}}",
    "{{Array(x)}}",
    "{{Array(x, 'String')}}",
    "{{Array(x, 'Int32')}}",
    "{% for i in split_to_array(x, 'd') %}{{i}} || {% end %}''",
    "{% for k, v in {'k': x}.items() %}{{v}}{% end %}",
    "{{JSON(x, '[]')}}",
    "{{column(x, 'a')}}",
    "{{columns(x, 'a')}}",
    "{{symbol(x)}}",
    "{{sql_and(a=x, b__in=x)}}",
    "{{Int32(x)}}",
    "{{UInt256(x)}}",
    "{{Float64(x)}}",
    "{{Boolean(x)}}",
    "{{Date(x)}}",
    "{{DateTime(x)}}",
    "{{DateTime64(x)}}",
    "{{tb_secret('missing', x)}}",
    "{{max_threads(x)}}1",
];

/// What SQL and templates are sensitive to.
const PIECES: &[&str] = &[
    "'",
    "''",
    "\\",
    "\\'",
    "\\\\'",
    "\"",
    "`",
    "``",
    ",",
    ";",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "{{",
    "}}",
    "{%",
    "%}",
    "{x: String}",
    "%",
    "_",
    "--",
    "/*",
    "*/",
    "#",
    "$$",
    "$a$",
    "x'",
    "\n",
    "\r",
    "\t",
    "\0",
    "\u{8}",
    "\u{1a}",
    "\u{a0}",
    "\u{200b}",
    "\u{2028}",
    "é",
    "😀",
    "\u{2019}",
    " OR 1=1 ",
    " UNION ALL SELECT s FROM secret ",
    " AS b, ",
    "a",
    "0",
    "1",
    "-",
    "+",
    "e",
    ".",
    "\\x27",
    "\\u0027",
    "\\N",
    "0x27",
    "NULL",
    "2024-01-01",
    "2024-01-01 00:00:00",
    "a.b",
    " ",
];

/// How many values are made of pieces.
const VALUES: usize = 400;

/// Small and the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).unwrap()
    }
}

fn values() -> Vec<String> {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut values: Vec<String> = PIECES.iter().map(|&piece| piece.to_owned()).collect();
    for _ in 0..VALUES {
        let count = 1 + random.below(6);
        values.push(
            (0..count)
                .map(|_| PIECES[random.below(PIECES.len())])
                .collect(),
        );
    }
    values
}

/// What the parser may see in these statements.
const KINDS: &[&str] = &[
    "SelectWithUnionQuery",
    "SelectQuery",
    "ExpressionList",
    "Literal",
    "Identifier",
    "Function",
    "Subquery",
    "Asterisk",
    "TablesInSelectQuery",
    "TablesInSelectQueryElement",
    "TableExpression",
    "TableIdentifier",
    "QueryParameter",
];

/// How deep the columns of a statement are nested.
const COLUMN_DEPTH: usize = 4;

/// The syntax nodes of a statement down to its columns, as (depth, kind).
async fn shape(fixture: &Fixture, sql: &str) -> Result<Vec<(usize, String)>, String> {
    let explain = Query::admin(format!("EXPLAIN AST {sql}"), "TSVRaw");
    let output = fixture
        .engine
        .query(explain)
        .await
        .map_err(|e| e.to_string())?;
    let text = String::from_utf8_lossy(&output.body).into_owned();
    let node = |line: &str| {
        let depth = line.len() - line.trim_start().len();
        let kind = line.split_whitespace().next()?;
        // Names are shown as they are: a line that is no node is the rest of one with a line feed.
        let is_node = KINDS.contains(&kind) && depth <= COLUMN_DEPTH;
        is_node.then(|| (depth, kind.to_owned()))
    };
    Ok(text.split('\n').filter_map(node).collect())
}

/// Renders one place between two columns that have to stay where they are.
fn rendered(place: &Template, value: &Value) -> Option<String> {
    let mut parameters = Parameters::new();
    parameters.set_json("x", value);
    let rendered = place.render(&parameters, &Context::default()).ok()?;
    Some(format!(
        "SELECT 1 AS before, {} AS v, 2 AS after FROM t WHERE a = 1",
        rendered.sql
    ))
}

/// The value may be a literal, a list or a name; around it nothing may differ. `columns` gives as
/// many names as it is asked for.
fn is_same(hostile: &[(usize, String)], harmless: &[(usize, String)]) -> bool {
    let split = |shape: &[(usize, String)]| {
        let (columns, rest): (Vec<_>, Vec<_>) = shape
            .iter()
            .cloned()
            .partition(|(depth, _)| *depth == COLUMN_DEPTH);
        let mut kinds: Vec<String> = columns.into_iter().map(|(_, kind)| kind).collect();
        // Several names in a row are those of `columns`.
        kinds.dedup_by(|a, b| a == b && a == "Identifier");
        (
            kinds.len(),
            kinds.first().cloned(),
            kinds.last().cloned(),
            rest,
        )
    };
    split(hostile) == split(harmless)
}

#[tokio::test(flavor = "multi_thread")]
async fn values_stay_in_their_literals() {
    let fixture = Fixture::new(Vec::new()).await;
    let mut failures = Vec::new();
    let mut checked = 0;
    for place in PLACES {
        let template = Template::compile(place, None).unwrap();
        let harmless = [
            "harmless",
            "1",
            "2024-01-01",
            "2024-01-01 00:00:00",
            "2024-01-01 00:00:00.000",
        ];
        let harmless = harmless
            .iter()
            .find_map(|text| rendered(&template, &json!(text)));
        let harmless = shape(&fixture, &harmless.expect(place)).await.unwrap();
        for text in values() {
            for value in [json!(text), json!([text])] {
                let Some(sql) = rendered(&template, &value) else {
                    continue;
                };
                checked += 1;
                match shape(&fixture, &sql).await {
                    Ok(found) if is_same(&found, &harmless) => {}
                    // Nothing is a column without a name.
                    Err(error) if error.contains("(``)") => {}
                    Ok(found) => failures.push(format!("{place} {value}: {sql}\n  {found:?}")),
                    Err(error) => failures.push(format!("{place} {value}: {sql}\n  {error}")),
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} of {checked}:\n{}",
        failures.len(),
        failures[..failures.len().min(20)].join("\n")
    );
    assert!(checked > 5000, "only {checked} were not refused");
}

/// The engine reads back what was sent. The escapes of `%` and U+001A are the reference's, which the
/// engine does not know: it keeps their backslash.
#[tokio::test(flavor = "multi_thread")]
async fn texts_are_read_back_by_the_engine() {
    let fixture = Fixture::new(Vec::new()).await;
    let template = Template::compile("{{String(x)}}", None).unwrap();
    for text in values() {
        let parameters: Parameters = [("x", text.as_str())].into_iter().collect();
        let literal = template
            .render(&parameters, &Context::default())
            .unwrap()
            .sql;
        let query = Query::admin(format!("SELECT {literal}"), "JSONCompact");
        let output = fixture.engine.query(query).await.unwrap();
        let answer: Value = serde_json::from_slice(&output.body).unwrap();
        let read = answer["data"][0][0].as_str().unwrap();
        let plain = |text: &str| text.replace("\\%", "%").replace("\\z", "\u{1a}");
        assert_eq!(plain(read), plain(&text), "{literal}");
    }
}
