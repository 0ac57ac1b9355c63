//! The type of a column, and what people write instead of one.

use birdhouse_sql::{DataType, TypeError};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::{Span, Spanned};

/// Reads the type of a column, or reports why it is none.
pub(super) fn parse(text: &Spanned<String>, out: &mut Vec<Diagnostic>) -> Option<DataType> {
    match parse_text(&text.value) {
        Ok(data_type) => Some(data_type),
        Err(error) => {
            out.push(Mistake::of(text, error).diagnostic(text));
            None
        }
    }
}

fn parse_text(text: &str) -> Result<DataType, TypeError> {
    // Nullable around a simple aggregate means a nullable value inside of it.
    let inner = text
        .strip_prefix("Nullable(")
        .and_then(|rest| rest.strip_suffix(')'));
    let Some(inner) = inner.filter(|inner| inner.starts_with("SimpleAggregateFunction")) else {
        return DataType::parse(text);
    };
    Ok(match DataType::parse(inner)? {
        DataType::SimpleAggregateFunction { function, inner } => {
            let inner = Box::new(DataType::Nullable(inner));
            DataType::SimpleAggregateFunction { function, inner }
        }
        other => other,
    })
}

/// What is wrong with a type.
struct Mistake {
    message: String,
    hint: Option<String>,
    /// Byte offset in the type's text.
    offset: usize,
}

impl Mistake {
    /// Looks for a known mistake; otherwise it is what the type parser says.
    fn of(text: &Spanned<String>, error: TypeError) -> Self {
        column_attribute(&text.value)
            .or_else(|| missing_comma(&text.span))
            .or_else(|| misspelt_json_path(&text.value))
            .unwrap_or(Self {
                message: error.message,
                hint: error.hint,
                offset: error.offset,
            })
    }

    fn diagnostic(self, text: &Spanned<String>) -> Diagnostic {
        // The text was joined from its lines; the offset fits when it was one line.
        let span = if text.span.text() == text.value && self.offset < text.value.len() {
            let start = text.span.range().start + self.offset;
            let length = text.value.get(self.offset..).map_or(1, word_length);
            text.span.file().span(start..start + length)
        } else {
            text.span.clone()
        };
        Diagnostic::error(codes::INVALID_TYPE, self.message, span).with_optional_hint(self.hint)
    }
}

fn word_length(text: &str) -> usize {
    text.find(|c: char| !(c.is_alphanumeric() || c == '_'))
        .unwrap_or(text.len())
        .max(1)
}

/// Recognizes column syntax of the engine that data sources do not have.
fn column_attribute(type_text: &str) -> Option<Mistake> {
    // With a blank in front, an attribute that stands where the type should be is found, too.
    let upper = format!(" {}", type_text.to_ascii_uppercase());
    let attributes: [(&str, &str, Option<&str>); 5] = [
        (
            "NOT NULL",
            "NOT NULL column syntax not supported",
            Some("columns are not nullable by default; remove it"),
        ),
        (
            "NULL",
            "NULL column syntax not supported",
            Some("use Nullable(...)"),
        ),
        (
            "MATERIALIZED",
            "MATERIALIZED columns are not supported",
            None,
        ),
        ("ALIAS", "ALIAS columns are not supported", None),
        (
            "TTL",
            "column TTL is not supported",
            Some("use ENGINE_TTL for the whole row"),
        ),
    ];
    attributes.into_iter().find_map(|(words, message, hint)| {
        let (before, after) = upper.split_once(&format!(" {words}"))?;
        let is_whole = after.is_empty() || after.starts_with(' ');
        is_whole.then(|| Mistake {
            message: message.to_owned(),
            hint: hint.map(str::to_owned),
            offset: before.len(),
        })
    })
}

/// Recognizes backticks behind the type that hold no JSON path.
fn misspelt_json_path(type_text: &str) -> Option<Mistake> {
    let (before, _) = type_text.split_once('`')?;
    Some(Mistake {
        message: "Expected a JSON path between the backticks".to_owned(),
        hint: Some("JSON paths are written `json:$.key`".to_owned()),
        offset: before.len(),
    })
}

/// Recognizes two columns without a comma between their lines.
fn missing_comma(span: &Span) -> Option<Mistake> {
    let (first, rest) = span.text().split_once('\n')?;
    DataType::parse(first.trim()).ok()?;
    let next = rest.split_whitespace().next()?;
    Some(Mistake {
        message: format!("Expected ',' after {}", first.trim()),
        hint: Some(format!("put a comma before the column {next}")),
        offset: 0,
    })
}
