//! Checks of an engine against the columns of its table.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, closest};
use crate::settings::Settings;
use crate::source::Spanned;

use super::{Engine, EngineContext, EngineFamily, PARAMETERS};

/// Aggregate functions that cannot be in a sorting key, also with `Merge` behind them.
const AGGREGATES: &[&str] = &[
    "sum",
    "count",
    "avg",
    "min",
    "max",
    "any",
    "groupArray",
    "groupUniqArray",
    "uniq",
];

pub(super) fn check(
    engine: &Engine,
    directives: &Settings,
    context: &EngineContext<'_>,
    out: &mut Vec<Diagnostic>,
) {
    warn_unused(engine, directives, out);
    check_parameter_columns(engine, directives, context, out);
    if let EngineFamily::ReplacingMergeTree {
        version: None,
        is_deleted: Some(_),
    } = &engine.family
        && let Some(value) = directives.get("ENGINE_IS_DELETED")
    {
        let message = "ENGINE_IS_DELETED needs ENGINE_VER";
        out.push(
            Diagnostic::error(codes::INVALID_ENGINE, message, value.span.clone())
                .with_hint("add ENGINE_VER with the column that tells which row is the last one"),
        );
    }
    let key = engine
        .sorting_key
        .as_ref()
        .filter(|key| !is_empty_key(&key.value));
    match key {
        Some(key) => check_sorting_key(engine, key, context, out),
        None if engine.family.requires_sorting_key() => {
            let span = directives
                .get("ENGINE")
                .map_or_else(|| context.fallback.clone(), |name| name.span.clone());
            out.push(
                Diagnostic::error(
                    codes::INVALID_ENGINE,
                    "Missing required option 'sorting_key'",
                    span,
                )
                .with_hint(format!(
                    "{} needs a line: ENGINE_SORTING_KEY column",
                    engine.family.name()
                )),
            );
        }
        None => {}
    }
}

fn is_empty_key(key: &str) -> bool {
    matches!(
        key.split_whitespace().collect::<String>().as_str(),
        "" | "tuple()" | "()"
    )
}

fn warn_unused(engine: &Engine, directives: &Settings, out: &mut Vec<Diagnostic>) {
    let used = engine.family.used_parameters();
    for (name, value) in directives.iter() {
        if !PARAMETERS.contains(&name) || used.contains(&name) || value.value.is_empty() {
            continue;
        }
        let longer = used
            .iter()
            .copied()
            .find(|known| known.starts_with(name) || name.starts_with(known));
        let near = longer.or_else(|| closest(name, used.iter().copied(), 2));
        let near = near.map(|near| format!("did you mean {near}?"));
        out.push(
            Diagnostic::warning(
                codes::IGNORED_DIRECTIVE,
                format!("{name} has no effect with {}", engine.family.name()),
                value.span.clone(),
            )
            .with_optional_hint(near),
        );
    }
}

fn check_parameter_columns(
    engine: &Engine,
    directives: &Settings,
    context: &EngineContext<'_>,
    out: &mut Vec<Diagnostic>,
) {
    let Some(schema) = context.schema.filter(|schema| schema.is_complete) else {
        return;
    };
    for (directive, column) in engine.family.parameter_columns() {
        let is_known = schema.column(column).is_some()
            || context
                .implicit_columns
                .iter()
                .any(|(name, _)| *name == column);
        let Some(value) = directives
            .get(directive)
            .filter(|_| !is_known && !column.is_empty())
        else {
            continue;
        };
        let names = schema.columns.iter().map(|column| column.name.as_str());
        let near = closest(column, names, 2).map(|near| format!("did you mean {near}?"));
        let message = format!(
            "Invalid value '{column}' for parameter '{}', reason: '{column}' column is not present in schema",
            directive.to_ascii_lowercase()
        );
        out.push(
            Diagnostic::error(codes::INVALID_ENGINE, message, value.span.clone())
                .with_optional_hint(near),
        );
    }
}

fn check_sorting_key(
    engine: &Engine,
    key: &Spanned<String>,
    context: &EngineContext<'_>,
    out: &mut Vec<Diagnostic>,
) {
    let mut report = |message: String, is_error: bool, hint: Option<String>| {
        let diagnostic = if is_error {
            Diagnostic::error
        } else {
            Diagnostic::warning
        };
        out.push(
            diagnostic(codes::INVALID_SORTING_KEY, message, key.span.clone())
                .with_optional_hint(hint),
        );
    };
    let words = words(&key.value);
    for word in words.iter().filter(|word| word.is_call) {
        let base = word.text.strip_suffix("Merge").unwrap_or(word.text);
        if AGGREGATES.contains(&base) {
            let message = format!(
                "Sorting key contains aggregate function expression '{}'. Aggregate function expressions cannot be used in sorting keys.",
                word.call()
            );
            report(message, true, None);
        }
    }
    let Some(schema) = context.schema else { return };
    for column in schema.columns.iter() {
        let name = column.name.as_str();
        if !words.iter().any(|word| !word.is_call && word.text == name) {
            continue;
        }
        let Some(data_type) = &column.data_type else {
            continue;
        };
        // As in the reference, a nullable type inside of another one counts, too.
        let has_nullable = data_type.to_string().contains("Nullable(");
        if data_type.is_aggregate() && !has_nullable {
            let message = format!(
                "Sorting key contains column '{name}' with AggregateFunction type. AggregateFunction columns cannot be used in sorting keys."
            );
            report(message, true, None);
        } else if has_nullable {
            let message = format!(
                "Sorting key contains nullable column '{name}'. Nullable columns cannot be used in sorting keys."
            );
            // Classic projects have such tables; the engine takes them with a setting.
            let hint = "make the column not nullable and give it a DEFAULT".to_owned();
            let is_error = context.dialect == Dialect::Forward || data_type.is_aggregate();
            report(message, is_error, Some(hint));
        }
    }
    if let EngineFamily::ReplacingMergeTree {
        version: Some(version),
        ..
    } = &engine.family
        && words.iter().any(|word| word.text == version)
    {
        // compat: the reference looks for the text anywhere in the key; a column that only contains
        // the name of the version column is fine here.
        let message = format!(
            "ENGINE_VER column '{version}' cannot be included in the sorting key for ReplacingMergeTree."
        );
        let hint =
            "rows of different versions would never replace each other; remove it from the key";
        report(message, true, Some(hint.to_owned()));
    }
    if schema.is_complete && is_plain_list(&key.value) {
        for word in &words {
            let is_known = schema.column(word.text).is_some()
                || context
                    .implicit_columns
                    .iter()
                    .any(|(name, _)| *name == word.text);
            if !is_known {
                let names = schema.columns.iter().map(|column| column.name.as_str());
                let near = closest(word.text, names, 2).map(|near| format!("did you mean {near}?"));
                report(
                    format!(
                        "Sorting key contains '{}', which is not a column",
                        word.text
                    ),
                    true,
                    near,
                );
            }
        }
    }
}

/// A name in a key expression.
struct KeyWord<'a> {
    text: &'a str,
    is_call: bool,
    /// The expression from the name on.
    from_name: &'a str,
}

impl KeyWord<'_> {
    /// Returns the name with its arguments.
    fn call(&self) -> &str {
        let mut depth = 0_usize;
        for (at, character) in self.from_name.char_indices() {
            match character {
                '(' => depth += 1,
                ')' if depth == 1 => return self.from_name.get(..=at).unwrap_or(self.text),
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
        self.text
    }
}

/// Returns the names in an expression, without those inside of strings.
fn words(expression: &str) -> Vec<KeyWord<'_>> {
    let mut words = Vec::new();
    for (index, part) in expression.split('\'').enumerate() {
        if index % 2 == 1 {
            continue;
        }
        let is_name = |c: char| c.is_alphanumeric() || c == '_';
        let mut rest = part;
        while let Some(start) = rest.find(is_name) {
            let from_name = rest.get(start..).unwrap_or_default();
            let end = from_name.find(|c| !is_name(c)).unwrap_or(from_name.len());
            let (text, after) = from_name.split_at_checked(end).unwrap_or((from_name, ""));
            words.push(KeyWord {
                text,
                is_call: after.trim_start().starts_with('('),
                from_name,
            });
            rest = after;
        }
    }
    words
}

/// Reports whether a key is only names with commas between them.
fn is_plain_list(key: &str) -> bool {
    key.split(',').map(str::trim).all(|item| {
        let name = item.trim_matches('`');
        name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_alphanumeric() || c == '_')
    })
}
