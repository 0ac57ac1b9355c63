//! One column: name, type, JSON path, default, codec.

use std::ops::Range;

use birdhouse_sql::{DataType, quote_identifier};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::clip;
use crate::json_path::JsonPath;
use crate::lexer::BlockText;
use crate::source::{Span, Spanned};

use super::column_type;
use super::scan::quoted_end;

/// Characters that a name may have without backticks, besides ASCII letters and digits.
const NAME_CHARACTERS: &str = "._*<>+-'";

/// One column of a data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name without backticks.
    pub name: Spanned<String>,
    /// Type as written; absent when only a default is given.
    pub type_text: Option<Spanned<String>>,
    /// Type as read; absent when only a default is given or the type is wrong.
    pub data_type: Option<DataType>,
    /// Where the value is found in a JSON object.
    pub json_path: Option<Spanned<JsonPath>>,
    /// Expression for rows without a value. `DEFAULT NULL` of a nullable column counts as none.
    pub default: Option<Spanned<String>>,
    /// Compression, as `CODEC(…)`.
    pub codec: Option<Spanned<String>>,
    /// The whole definition.
    pub span: Span,
}

impl Column {
    /// Reports whether values can be `NULL`.
    pub fn is_nullable(&self) -> bool {
        self.data_type.as_ref().is_some_and(DataType::is_nullable)
    }

    /// Returns the definition as in a datafile, with the type as written.
    pub(crate) fn datafile_text(&self) -> String {
        let mut out = format!("`{}`", self.name.value);
        let mut push = |part: String| {
            out.push(' ');
            out.push_str(&part);
        };
        self.type_text
            .iter()
            .for_each(|text| push(text.value.clone()));
        self.json_path
            .iter()
            .for_each(|path| push(format!("`json:{}`", path.value)));
        self.default
            .iter()
            .for_each(|default| push(format!("DEFAULT {}", default.value)));
        self.codec
            .iter()
            .for_each(|codec| push(codec.value.clone()));
        out
    }

    /// Reports whether the default is an empty text that the type cannot hold.
    ///
    /// `DEFAULT ''` of a DateTime64 column means the type's zero value to ingestion. The engine
    /// refuses it in a table, where no default means the same.
    fn has_empty_default(&self) -> bool {
        let is_empty_text = self
            .default
            .as_ref()
            .is_some_and(|default| matches!(default.value.as_str(), "''" | "\"\""));
        let holds_text = |data_type: &DataType| {
            matches!(
                data_type.value_type(),
                DataType::String
                    | DataType::FixedString(_)
                    | DataType::Enum8(_)
                    | DataType::Enum16(_)
            )
        };
        is_empty_text && self.data_type.as_ref().is_some_and(|t| !holds_text(t))
    }

    /// Returns the definition as in `CREATE TABLE`: `` `name` Type DEFAULT e CODEC(…) ``.
    pub fn definition(&self) -> String {
        let mut out = quote_identifier(&self.name.value);
        if let Some(data_type) = &self.data_type {
            out.push(' ');
            out.push_str(&data_type.to_string());
        }
        if let Some(default) = self.default.as_ref().filter(|_| !self.has_empty_default()) {
            out.push_str(" DEFAULT ");
            out.push_str(&default.value);
        }
        if let Some(codec) = &self.codec {
            out.push(' ');
            out.push_str(&codec.value);
        }
        out
    }
}

/// Reads the column at `range`; `None` when not even its name can be told.
pub(super) fn parse(
    masked: &str,
    range: Range<usize>,
    text: &BlockText,
    out: &mut Vec<Diagnostic>,
) -> Option<Column> {
    let start = range.start + leading_space(masked.get(range.clone())?);
    let end = range.start + masked.get(range.clone())?.trim_end().len();
    let mut parser = Parser {
        masked,
        text,
        out,
        start,
        end: end.max(start),
    };
    parser.column()
}

fn leading_space(text: &str) -> usize {
    text.len() - text.trim_start().len()
}

struct Parser<'a> {
    /// The text of the block without comments.
    masked: &'a str,
    text: &'a BlockText,
    out: &'a mut Vec<Diagnostic>,
    /// The column's first byte.
    start: usize,
    /// Behind the column's last byte.
    end: usize,
}

/// The keyworded parts of a column, as byte ranges of the block.
#[derive(Default)]
struct Parts {
    data_type: Option<Range<usize>>,
    json_path: Option<Range<usize>>,
    default: Option<Range<usize>>,
    codec: Option<Range<usize>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Type,
    Default,
    Codec,
    /// After a JSON path: the type, when it was not there before.
    AfterPath,
}

impl Part {
    fn keyword(word: &str) -> Option<Self> {
        match word.to_ascii_uppercase().as_str() {
            "DEFAULT" => Some(Self::Default),
            "CODEC" => Some(Self::Codec),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Default => "DEFAULT",
            Self::Codec => "CODEC",
            Self::Type | Self::AfterPath => "type",
        }
    }
}

impl Parser<'_> {
    fn column(&mut self) -> Option<Column> {
        if self.start == self.end {
            self.error(
                self.start..self.start + 1,
                "Column name contains invalid character ','",
                "remove this comma",
            );
            return None;
        }
        let (name, after) = self.name()?;
        let parts = self.parts(after)?;
        if parts.data_type.is_none() && parts.default.is_none() {
            let at = name.span.clone();
            self.out.push(
                Diagnostic::error(
                    codes::INVALID_COLUMN,
                    "Column name and either type or DEFAULT are required",
                    at,
                )
                .with_hint(format!(
                    "write the type after the name: {} String",
                    name.value
                )),
            );
        }
        let type_text = parts.data_type.map(|range| self.spanned(range));
        let data_type = type_text
            .as_ref()
            .and_then(|text| column_type::parse(text, self.out));
        let json_path = parts.json_path.and_then(|range| self.json_path(range));
        let is_nullable = type_text
            .as_ref()
            .is_some_and(|text| text.value.starts_with("Nullable("));
        let is_null = |text: &Spanned<String>| text.value.eq_ignore_ascii_case("NULL");
        let default = parts
            .default
            .map(|range| self.spanned(range))
            .filter(|text| !(is_nullable && is_null(text)));
        let codec = parts.codec.map(|range| {
            let Spanned { value, span } = self.spanned(range);
            Spanned::new(format!("CODEC{value}"), span)
        });
        let span = self.text.span(self.start..self.end);
        Some(Column {
            name,
            type_text,
            data_type,
            json_path,
            default,
            codec,
            span,
        })
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.masked.get(range).unwrap_or_default()
    }

    /// The text of a part on one line, with its place.
    fn spanned(&self, range: Range<usize>) -> Spanned<String> {
        let lines: Vec<&str> = self.slice(range.clone()).lines().map(str::trim).collect();
        let value = lines
            .into_iter()
            .filter(|line| !line.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
        Spanned::new(value, self.text.span(range))
    }

    fn error(&mut self, range: Range<usize>, message: impl Into<String>, hint: &str) {
        let span = self.text.span(range);
        self.out
            .push(Diagnostic::error(codes::INVALID_COLUMN, message, span).with_hint(hint));
    }

    /// Reads the name; returns it with the offset behind it.
    fn name(&mut self) -> Option<(Spanned<String>, usize)> {
        let rest = self.slice(self.start..self.end);
        let (inner, after) = if rest.starts_with('`') {
            let after = quoted_end(self.masked, self.start)?;
            (self.start + 1..after - 1, after)
        } else {
            let length = rest
                .find(|c: char| c.is_whitespace() || c == '`')
                .unwrap_or(rest.len());
            let wrong = rest
                .char_indices()
                .take_while(|&(at, _)| at < length)
                .find(|&(_, c)| !(c.is_ascii_alphanumeric() || NAME_CHARACTERS.contains(c)));
            if let Some((offset, character)) = wrong {
                let at = self.start + offset;
                let message = format!("Column name contains invalid character '{character}'");
                self.error(
                    at..at + character.len_utf8(),
                    message,
                    "use backticks around the name",
                );
                return None;
            }
            (self.start..self.start + length, self.start + length)
        };
        if self.slice(inner.clone()) == "INDEX" {
            let hint = "Indexes are not allowed in SCHEMA section. Use the INDEXES section instead";
            self.error(inner, "Forbidden INDEX definition", hint);
            return None;
        }
        if is_json_path(self.slice(self.start..after)) {
            let hint = "the order is: name, type, JSON path, DEFAULT, CODEC";
            self.error(inner, "Expected a column name before the JSON path", hint);
            return None;
        }
        if inner.is_empty() {
            let message = "Column name and either type or DEFAULT are required";
            self.error(
                self.start..after,
                message,
                "put a name between the backticks",
            );
            return None;
        }
        let span = self.text.span(self.start..after);
        Some((Spanned::new(self.slice(inner).to_owned(), span), after))
    }

    /// Splits what follows the name at keywords and JSON paths.
    fn parts(&mut self, from: usize) -> Option<Parts> {
        let mut parts = Parts::default();
        let mut current = (Part::Type, from..from);
        let mut depth = 0_usize;
        let mut at = from;
        while at < self.end {
            let rest = self.slice(at..self.end);
            let character = rest.chars().next()?;
            let next = match character {
                '`' if is_json_path(rest) => {
                    let end = quoted_end(self.masked, at)?;
                    let path = at + "`json:".len()..end - 1;
                    self.finish_part(&mut parts, current.0, current.1.start..at)?;
                    parts.json_path = Some(path).filter(|path| !path.is_empty());
                    current = (Part::AfterPath, end..end);
                    end
                }
                '\'' | '"' | '`' => quoted_end(self.masked, at).unwrap_or(at + 1),
                '(' | '[' => {
                    depth += 1;
                    at + 1
                }
                ')' | ']' => {
                    depth = depth.saturating_sub(1);
                    at + 1
                }
                c if is_word(c) => {
                    let length = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                    let keyword = Part::keyword(rest.get(..length).unwrap_or_default())
                        .filter(|_| depth == 0);
                    if let Some(keyword) = keyword {
                        self.finish_part(&mut parts, current.0, current.1.start..at)?;
                        self.check_order(&parts, keyword, at..at + length)?;
                        current = (keyword, at + length..at + length);
                    }
                    at + length
                }
                c => at + c.len_utf8(),
            };
            at = next;
        }
        self.finish_part(&mut parts, current.0, current.1.start..self.end)?;
        Some(parts)
    }

    fn check_order(&mut self, parts: &Parts, keyword: Part, range: Range<usize>) -> Option<()> {
        let before = if parts.codec.is_some() {
            Part::Codec
        } else if parts.default.is_some() && keyword == Part::Default {
            Part::Default
        } else {
            return Some(());
        };
        let message = format!("Unexpected {} after {}", keyword.name(), before.name());
        self.error(
            range,
            message,
            "the order is: name, type, JSON path, DEFAULT, CODEC, each once",
        );
        None
    }

    /// Ends the part that runs to `range.end`.
    fn finish_part(&mut self, parts: &mut Parts, part: Part, range: Range<usize>) -> Option<()> {
        let text = self.slice(range.clone());
        let start = range.start + leading_space(text);
        let trimmed = start..start + text.trim().len();
        if trimmed.is_empty() {
            if part == Part::Default
                && range.end == self.end
                && self
                    .masked
                    .get(self.end..)
                    .unwrap_or_default()
                    .trim_start()
                    .starts_with(',')
            {
                // compat: the reference takes a default without an expression for none.
                self.out.push(
                    Diagnostic::warning(
                        codes::INVALID_COLUMN,
                        "DEFAULT without a value has no effect",
                        self.text
                            .span(range.start.saturating_sub(part.name().len())..range.start),
                    )
                    .with_hint("write a value after the keyword, or remove it"),
                );
                return Some(());
            }
            if matches!(part, Part::Default | Part::Codec) {
                let at = range.start.saturating_sub(part.name().len());
                let message = format!("Missing mandatory value for {}", part.name());
                self.error(
                    at..range.start,
                    message,
                    "write a value after the keyword, or remove it",
                );
                return None;
            }
            return Some(());
        }
        match part {
            Part::Default => parts.default = Some(trimmed),
            Part::Codec => {
                if !self.slice(trimmed.clone()).starts_with('(') {
                    self.error(trimmed, "Expected ( after CODEC", "write CODEC(ZSTD(1))");
                    return None;
                }
                parts.codec = Some(trimmed);
            }
            Part::Type => parts.data_type = Some(trimmed),
            Part::AfterPath if parts.data_type.is_none() => parts.data_type = Some(trimmed),
            Part::AfterPath => {
                let message = format!(
                    "Unexpected '{}' after the JSON path",
                    clip(self.slice(trimmed.clone()))
                );
                self.error(trimmed, message, "a comma may be missing before it");
                return None;
            }
        }
        Some(())
    }

    fn json_path(&mut self, range: Range<usize>) -> Option<Spanned<JsonPath>> {
        let path = self.slice(range.clone()).to_owned();
        match JsonPath::parse(&path) {
            Ok(value) => Some(Spanned::new(value, self.text.span(range))),
            Err(error) => {
                let at = range.start + error.range.start..range.start + error.range.end;
                let message = format!("Invalid JSON path '{}': {}", clip(&path), error.message);
                self.out.push(
                    Diagnostic::error(codes::INVALID_JSON_PATH, message, self.text.span(at))
                        .with_hint(
                            "paths look like $.key, $.key.inner, $.list[:] or $.list[:].key",
                        ),
                );
                None
            }
        }
    }
}

fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn is_json_path(text: &str) -> bool {
    text.get(.."`json:".len())
        .is_some_and(|start| start.eq_ignore_ascii_case("`json:"))
}
