//! Properties that hold for any text and any value.

use birdhouse_template::inspect::inspect;
use birdhouse_template::{Context, Parameters, Template};
use proptest::prelude::*;
use serde_json::json;

/// Text made of the pieces that the language is made of.
fn template() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        3 => prop::sample::select(vec![
            "{{", "}}", "{%", "%}", "{#", "#}", " if ", " for ", " in ", " set ", " end ", "else",
            "elif ", "try", "except", "while ", "(", ")", "[", "]", "{", "}", ",", ":", ".", "'",
            "\"", "\\", "=", "==", "+", "-", "*", "**", "%", "/", "<", "not ", "and ", "or ",
            "lambda ", "x", "a", "1", "0", "1.5", "'s'", "f'", "None", "True", "String(", "Int8(",
            "Array(", "column(", "defined(", "JSON(", "split", "get", "\n", " ", "é", "`",
        ]).prop_map(str::to_owned),
        1 => ".{0,3}",
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_panics(text in template(), value in ".*", mode in 0..3_usize) {
        let mode = ["render", "check", "params"][mode];
        let case = json!({
            "template": text, "params": {"x": value, "a": [value, 1, null]}, "mode": mode,
        });
        let answer = inspect(&case.to_string(), "2026-01-01 00:00:00");
        prop_assert!(answer.is_object());
    }

    #[test]
    fn any_line_gets_an_answer(line in ".*") {
        prop_assert!(inspect(&line, "").is_object());
    }

    #[test]
    fn text_without_tags_is_kept(text in "[^{]*") {
        let template = Template::compile(&text, None).unwrap();
        let rendered = template.render(&Parameters::new(), &Context::default()).unwrap();
        prop_assert_eq!(rendered.sql, text);
    }

    #[test]
    fn a_value_stays_in_its_literal(value in any::<String>()) {
        for (tag, open, close) in [
            ("{{x}}", "'", "'"),
            ("{{String(x)}}", "'", "'"),
            ("{{DateTime(x)}}", "'", "'"),
            ("{{sql_unescape(x, '%')}}", "'", "'"),
            ("{{symbol(x)}}", "`", "`"),
            ("{{f'{x}'}}", "'", "'"),
            ("{{x + x}}", "'", "'"),
            ("{{Array(x)}}", "[", "]"),
            ("{{Array(x, 'String')}}", "[", "]"),
            ("{{column(x)}}", "`", "`"),
            ("{{columns(x)}}", "`", "`"),
        ] {
            let template = Template::compile(tag, None).unwrap();
            let parameters: Parameters = [("x", value.as_str())].into_iter().collect();
            let Ok(rendered) = template.render(&parameters, &Context::default()) else {
                continue;
            };
            let sql = rendered.sql;
            let inner = sql.strip_prefix(open).and_then(|s| s.strip_suffix(close));
            prop_assert!(inner.is_some(), "{tag}: {sql}");
            prop_assert!(is_quoted(&sql), "{tag}: {sql}");
        }
    }

    #[test]
    fn typed_numbers_are_numbers(value in "[-+0-9a-zA-Z.' ]*") {
        for kind in ["Int8", "UInt256", "Float64"] {
            let template = Template::compile(&format!("{{{{{kind}(x)}}}}"), None).unwrap();
            let parameters: Parameters = [("x", value.as_str())].into_iter().collect();
            if let Ok(rendered) = template.render(&parameters, &Context::default()) {
                let start = format!("to{kind}('");
                let inner = rendered.sql.strip_prefix(&start).and_then(|s| s.strip_suffix("')"));
                let is_number = |s: &str| s.parse::<f64>().is_ok();
                prop_assert!(inner.is_some_and(is_number), "{}", rendered.sql);
            }
        }
    }
}

/// Reads SQL as ClickHouse does and says whether it is literals, identifiers, and what separates
/// them in lists: nothing of a value may stand outside of quotes.
fn is_quoted(sql: &str) -> bool {
    let mut quote: Option<char> = None;
    let mut chars = sql.chars();
    while let Some(c) = chars.next() {
        match quote {
            Some(_) if c == '\\' => {
                if chars.next().is_none() {
                    return false;
                }
            }
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None if matches!(c, '\'' | '`') => quote = Some(c),
            None if matches!(c, '[' | ']' | ',' | '.') => {}
            None => return false,
        }
    }
    quote.is_none()
}
