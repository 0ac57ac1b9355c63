//! The formatter: canonical, idempotent, and without a change of meaning.

use birdhouse_datafile::{Dialect, FileKind, SourceFile, detect_dialect, format, inspect};
use proptest::prelude::*;
use serde_json::Value;

use crate::support;

#[test]
fn formatted_inputs() {
    insta::glob!("../inputs", "**/*.*", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let files = support::files(name, &text);
        let dialect = detect_dialect(&files);
        let mut out = String::new();
        for file in &files {
            let Some(kind) = FileKind::of_path(file.path()) else {
                continue;
            };
            out.push_str(&std::format!("--- {}\n", file.path()));
            match check_format(file, kind, dialect) {
                Some(formatted) => out.push_str(&formatted),
                None => out.push_str("not formatted\n"),
            }
        }
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(out);
        });
    });
}

/// Formats a file and checks that doing it again changes nothing, and that it means the same.
fn check_format(file: &SourceFile, kind: FileKind, dialect: Dialect) -> Option<String> {
    let formatted = format(file, kind, dialect).ok()?;
    let again = SourceFile::new(file.path(), formatted.clone());
    let twice = format(&again, kind, dialect);
    assert_eq!(
        twice.as_ref(),
        Ok(&formatted),
        "formatting twice changes {formatted}"
    );
    let (before, after) = (inspect(file, kind), inspect(&again, kind));
    if before.get("ok") == Some(&Value::Bool(true)) {
        assert_eq!(
            canonical(&before),
            canonical(&after),
            "formatting changes the meaning of {formatted}"
        );
    }
    Some(formatted)
}

/// Removes what the formatter may change: white space, the order of options, the case of types.
fn canonical(value: &Value) -> Value {
    match value {
        Value::String(text) => {
            let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
            Value::from(joined.replace(" ,", ",").replace(", ", ","))
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.iter().map(canonical).collect();
            if items.iter().all(|item| item.is_array()) {
                items.sort_by_key(Value::to_string);
            }
            Value::Array(items)
        }
        Value::Object(fields) => {
            let mut fields: Vec<(String, Value)> = fields
                .iter()
                .filter(|(key, _)| *key != "warnings")
                .map(|(key, value)| {
                    let value = canonical(value);
                    let text = value
                        .as_str()
                        .filter(|_| key == "type")
                        .map(str::to_lowercase);
                    (key.clone(), text.map(Value::from).unwrap_or(value))
                })
                .collect();
            fields.sort_by(|a, b| a.0.cmp(&b.0));
            Value::Object(fields.into_iter().collect())
        }
        other => other.clone(),
    }
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "a",
        "b",
        "'x y'",
        "\"q, r\"",
        "now()",
        "toDate(a)",
        "tuple()",
        "@on-demand",
        "1",
        ",",
        "a,b",
        "it's",
        "x=1",
        "{{ tb_secret(\"k\", \"d\") }}",
        "é",
        "",
        "a#b",
        "'#'",
        "toDateTime(a, 'UTC')",
    ])
    .prop_map(str::to_owned)
}

fn comment() -> impl Strategy<Value = String> {
    prop::sample::select(vec![
        "",
        "",
        "",
        " # note",
        "\n# above",
        "\n\n# apart\n",
        "\n  # indented",
    ])
    .prop_map(str::to_owned)
}

fn line(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    (
        prop::sample::select(names),
        prop::collection::vec(word(), 1..4),
        comment(),
    )
        .prop_map(|(name, words, comment)| std::format!("{name} {}{comment}\n", words.join(" ")))
}

fn column() -> impl Strategy<Value = String> {
    let part = |options: Vec<&'static str>| prop::sample::select(options);
    (
        part(vec!["id", "`name`", "a.b", "x-y"]),
        part(vec![
            " Int32",
            " Nullable(String)",
            "\n    Array(String)",
            " Tuple(a Int32,\n b String)",
        ]),
        part(vec![
            "",
            " `json:$.a`",
            " `json:$`",
            " -- note\n `json:$.a[:]`",
        ]),
        part(vec![
            "",
            " DEFAULT 1",
            " default [1, 2]",
            " DEFAULT 'a--b'",
            " DEFAULT NULL",
        ]),
        part(vec!["", " CODEC(ZSTD(1))"]),
        part(vec![
            ",",
            ", -- behind",
            ",\n    -- above",
            ",\n# hash",
            ",\n\n",
        ]),
    )
        .prop_map(|(a, b, c, d, e, f)| std::format!("    {a}{b}{c}{d}{e}{f}\n"))
}

fn datasource() -> impl Strategy<Value = String> {
    let directive = line(&[
        "DESCRIPTION",
        "TAGS",
        "ENGINE",
        "ENGINE_SORTING_KEY",
        "engine_ttl",
        "ENGINE_VER",
        "KAFKA_TOPIC",
        "TTL",
        "SHARED_WITH",
        "BACKFILL",
        "VERSION",
        "IMPORT_FORMAT",
        "IMPORT_QUERY",
    ]);
    let token = Just("TOKEN 'a b' READ # who\n".to_owned());
    let description = Just("DESCRIPTION >\n  # c\n  two\n    lines\n\n".to_owned());
    let indexes = Just(
        "INDEXES >\n  # c\n  INDEX i a TYPE minmax, -- d\n  j (a, b) TYPE set(1) GRANULARITY 2\n"
            .to_owned(),
    );
    let query = Just("FORWARD_QUERY >\nSELECT a,\n# c\n  b\n".to_owned());
    let item = prop_oneof![4 => directive, 1 => token, 1 => description, 1 => indexes, 1 => query];
    (
        comment(),
        prop::collection::vec(item.clone(), 0..4),
        prop::collection::vec(column(), 1..5),
        prop::collection::vec(item, 0..4),
    )
        .prop_map(|(comment, before, columns, after)| {
            std::format!(
                "{}\n{}SCHEMA > # s\n{}{}",
                comment.trim_start(),
                before.concat(),
                columns.concat(),
                after.concat()
            )
        })
}

fn pipe() -> impl Strategy<Value = String> {
    let sql = prop::sample::select(vec![
        "SQL >\n    SELECT 1\n",
        "sql > x\n  %\n   SELECT {{a}}\n\n  FROM b # kept\n",
        "SQL >\nSELECT 1\nFROM t\n# c\n",
        "SQL >\n\tSELECT '\n  x'\n",
        "SQL >\n  # only\n  SELECT 2\n  # last\n",
    ]);
    let sql = sql.prop_map(str::to_owned);
    let directive = line(&[
        "DESCRIPTION",
        "TYPE",
        "DATASOURCE",
        "COPY_SCHEDULE",
        "MODE",
        "EXPORT_FORMAT",
        "TAGS",
        "NODE",
    ]);
    let token = Just("TOKEN a READ\n".to_owned());
    prop::collection::vec(
        prop_oneof![2 => directive, 2 => sql, 1 => token, 1 => Just("NODE n\n".to_owned())],
        0..8,
    )
    .prop_map(|parts| parts.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn datasources_keep_their_meaning(text in datasource()) {
        check_format(&SourceFile::new("a.datasource", text), FileKind::Datasource, Dialect::Forward);
    }

    #[test]
    fn pipes_keep_their_meaning(text in pipe()) {
        check_format(&SourceFile::new("a.pipe", text), FileKind::Pipe, Dialect::Forward);
    }

    #[test]
    fn any_text_can_be_formatted_twice(text in crate::properties::fragments()) {
        for kind in FileKind::ALL {
            check_format(&SourceFile::new("a", text.clone()), kind, Dialect::Classic);
        }
    }
}

#[test]
fn comments_are_all_kept() {
    let text = "# top\n\n# on a\nNODE a # behind a\n# on sql\nSQL > # behind sql\n    # in sql\n    SELECT 1 # text\n    # last in sql\n# on type\nTYPE copy # behind type\n# end\n";
    let file = SourceFile::new("a.pipe", text);
    let formatted = format(&file, FileKind::Pipe, Dialect::Forward).unwrap();
    insta::assert_snapshot!(formatted);
}
