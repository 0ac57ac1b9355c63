//! Data skipping indexes, one per line:
//!
//! ```text
//! [INDEX] name expression TYPE type[(arguments)] [GRANULARITY n] [,]
//! ```
//!
//! `TYPE` is in upper case and exactly once in a line.
//! compat: the reference strips the letters of `INDEX` from the start of the name; we remove the
//! word only.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::closest;
use crate::lexer::BlockText;
use crate::schema::comment_start;
use crate::source::{Span, Spanned};

/// The kinds of index that can be deployed.
const INDEX_TYPES: &[&str] = &["minmax", "set", "bloom_filter", "ngrambf_v1", "tokenbf_v1"];

const USAGE: &str = "write: name expression TYPE bloom_filter(0.01) GRANULARITY 4";

/// One data skipping index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// Name.
    pub name: Spanned<String>,
    /// What is indexed.
    pub expression: String,
    /// Kind with its arguments, such as `bloom_filter(0.01)`.
    pub index_type: String,
    /// Number of granules per index block; the engine's default when absent.
    pub granularity: Option<u64>,
    /// The whole definition.
    pub span: Span,
}

impl Index {
    /// Returns the definition as in `CREATE TABLE`, from `INDEX` on.
    pub fn definition(&self) -> String {
        let name = birdhouse_sql::quote_identifier(&self.name.value);
        let granularity = self
            .granularity
            .map(|n| format!(" GRANULARITY {n}"))
            .unwrap_or_default();
        format!(
            "INDEX {name} {} TYPE {}{granularity}",
            self.expression, self.index_type
        )
    }
}

/// Reads the text of an `INDEXES` block.
pub(crate) fn parse(text: &BlockText, out: &mut Vec<Diagnostic>) -> Vec<Index> {
    let mut indexes: Vec<Index> = Vec::new();
    let mut start = 0;
    for line in text.as_str().split('\n') {
        let at = start + (line.len() - line.trim_start().len());
        // compat: the reference ignores what follows the type, so that comments work by accident.
        let definition = line
            .get(..comment_start(line).unwrap_or(line.len()))
            .unwrap_or(line)
            .trim();
        start += line.len() + 1;
        if definition.is_empty() {
            continue;
        }
        let span = text.span(at..at + definition.len());
        let Some(index) = parse_line(definition, &span) else {
            out.push(
                Diagnostic::error(codes::INVALID_INDEX, "Invalid INDEX syntax", span)
                    .with_hint(USAGE),
            );
            continue;
        };
        report(&index, &indexes, out);
        indexes.push(index);
    }
    indexes
}

fn parse_line(definition: &str, span: &Span) -> Option<Index> {
    let rest = definition
        .strip_prefix("INDEX")
        .filter(|rest| rest.starts_with(char::is_whitespace))
        .map_or(definition, str::trim_start);
    let (name, rest) = rest.split_once(char::is_whitespace)?;
    let mut parts = rest.split(" TYPE ");
    let (expression, kind) = (parts.next()?.trim(), parts.next()?.trim());
    if expression.is_empty() || parts.next().is_some() {
        return None;
    }
    const GRANULARITY: &str = " GRANULARITY ";
    let (index_type, granularity) = match kind.to_ascii_uppercase().find(GRANULARITY) {
        Some(at) => {
            let number = kind
                .get(at + GRANULARITY.len()..)?
                .trim()
                .trim_end_matches(',')
                .trim();
            (kind.get(..at)?, Some(number.parse().ok()?))
        }
        None => (kind, None),
    };
    let index_type = index_type.trim().trim_end_matches(',').trim();
    let is_valid = index_type
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ',' | ' ' | '*' | '(' | ')'));
    if index_type.is_empty() || !is_valid {
        return None;
    }
    let offset = definition.len() - definition.trim_start_matches("INDEX").trim_start().len();
    let name_start = span.range().start
        + if definition.starts_with(name) {
            0
        } else {
            offset
        };
    Some(Index {
        name: Spanned::new(
            name.trim_matches('`').to_owned(),
            span.file().span(name_start..name_start + name.len()),
        ),
        expression: expression.to_owned(),
        index_type: index_type.to_owned(),
        granularity,
        span: span.clone(),
    })
}

fn report(index: &Index, before: &[Index], out: &mut Vec<Diagnostic>) {
    let kind = index
        .index_type
        .split('(')
        .next()
        .unwrap_or_default()
        .trim();
    if !INDEX_TYPES.contains(&kind) {
        let near = closest(kind, INDEX_TYPES.iter().copied(), 3)
            .map(|near| format!("did you mean {near}? "));
        out.push(
            Diagnostic::error(
                codes::INVALID_INDEX,
                format!("Index type '{kind}' is not supported"),
                index.span.clone(),
            )
            .with_hint(format!(
                "{}allowed types: {}",
                near.unwrap_or_default(),
                INDEX_TYPES.join(", ")
            )),
        );
    }
    if let Some(first) = before
        .iter()
        .find(|known| known.name.value == index.name.value)
    {
        out.push(
            Diagnostic::error(
                codes::INVALID_INDEX,
                format!("Index '{}' is defined more than once", index.name.value),
                index.name.span.clone(),
            )
            .with_label(first.name.span.clone(), "first defined here"),
        );
    }
}
