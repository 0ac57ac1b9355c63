//! Parameters of a request: query string, form or JSON body, and which of them are templates'.

use axum::http::{HeaderMap, header};
use birdhouse_template::Parameters;
use serde_json::{Map, Value};

use crate::error::ApiError;

#[cfg(test)]
mod tests;

/// Names that are server options, never template variables.
const RESERVED: &[&str] = &[
    "__tb__client",
    "__tb__csv_header",
    "__tb__deployment",
    "__tb__semver",
    "cli_version",
    "debug",
    "debug_source_tables",
    "explain",
    "finalize_aggregations",
    "format",
    "from",
    "output_format_json_quote_64bit_integers",
    "output_format_json_quote_denormals",
    "output_format_parquet_string_as_string",
    "pipeline",
    "playground",
    "q",
    "query_id",
    "release_replacements",
    "tag",
    "template_parameters",
    "token",
];

/// Parameters in the order they were sent; a name may come more than once.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Params(Vec<(String, Value)>);

impl Params {
    /// Reads `name=value&…` with percent escapes and `+` for blanks. Bytes that are not UTF-8
    /// become U+FFFD.
    #[must_use]
    pub(crate) fn from_urlencoded(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), Value::String(decode(value)))
        });
        Self(pairs.collect())
    }

    /// Reads the body of a POST: a JSON object of parameters, a form, or an SQL text, which stands
    /// for the parameter `q`.
    ///
    /// What the body is decides its text, since clients label it with almost anything: curl calls
    /// an SQL text a form, the command line tool sends one without any type.
    ///
    /// # Errors
    /// When the body is not UTF-8, or begins like a JSON object and is none.
    pub(crate) fn from_body(headers: &HeaderMap, body: &[u8]) -> Result<Self, ApiError> {
        let text = std::str::from_utf8(body)
            .map_err(|error| ApiError::bad_request(format!("the body is not UTF-8: {error}")))?;
        let content_type = headers.get(header::CONTENT_TYPE);
        let content_type = content_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let is_json =
            content_type.starts_with("application/json") || text.trim_start().starts_with('{');
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        if is_json {
            return match serde_json::from_str(text) {
                Ok(Value::Object(object)) => Ok(Self::from_json(object)),
                Ok(_) => Err(ApiError::bad_request(
                    "the body must be a JSON object of parameters",
                )),
                Err(error) => Err(ApiError::bad_request(format!(
                    "the body is not valid JSON: {error}"
                ))),
            };
        }
        if is_form(text) {
            return Ok(Self::from_urlencoded(text));
        }
        Ok(Self(vec![("q".to_owned(), Value::String(text.to_owned()))]))
    }

    /// Takes names with their texts.
    #[must_use]
    pub(crate) fn from_texts(texts: Vec<(String, String)>) -> Self {
        let values = texts.into_iter();
        Self(values.map(|(name, text)| (name, text.into())).collect())
    }

    /// Takes the members of a JSON object.
    #[must_use]
    pub(crate) fn from_json(object: Map<String, Value>) -> Self {
        Self(object.into_iter().collect())
    }

    /// Adds `other`, whose values win over ours for the same name.
    #[must_use]
    pub(crate) fn overridden_by(mut self, other: Self) -> Self {
        self.0
            .retain(|(name, _)| other.0.iter().all(|(theirs, _)| theirs != name));
        self.0.extend(other.0);
        self
    }

    /// Leaves names out.
    #[must_use]
    pub(crate) fn without(mut self, names: &[&str]) -> Self {
        self.0.retain(|(name, _)| !names.contains(&name.as_str()));
        self
    }

    /// Returns the first value of `name` when it is a text.
    #[must_use]
    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(found, _)| found == name)
            .and_then(|(_, value)| value.as_str())
    }

    /// Returns the first value of `name` when it is a text and not empty.
    #[must_use]
    pub(crate) fn filled(&self, name: &str) -> Option<&str> {
        self.text(name).filter(|value| !value.is_empty())
    }

    /// Returns every value of `name` that is a text, in the order they were sent.
    pub(crate) fn texts<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let named = self.0.iter().filter(move |(found, _)| found == name);
        named.filter_map(|(_, value)| value.as_str())
    }

    /// Returns true when `name` is `1` or `true`.
    #[must_use]
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.text(name)
            .is_some_and(|value| value == "1" || value.eq_ignore_ascii_case("true"))
    }

    /// Returns what templates see: options of the server left out, repeated texts joined by commas.
    #[must_use]
    pub(crate) fn for_templates(&self) -> Parameters {
        let mut merged: Map<String, Value> = Map::new();
        for (name, value) in self
            .0
            .iter()
            .filter(|(name, _)| !RESERVED.contains(&name.as_str()))
        {
            match (merged.get_mut(name), value) {
                (Some(Value::String(joined)), Value::String(next)) => {
                    joined.push(',');
                    joined.push_str(next);
                }
                _ => {
                    merged.insert(name.clone(), value.clone());
                }
            }
        }
        let mut parameters = Parameters::new();
        for (name, value) in merged {
            match value {
                Value::String(text) => parameters.set_text(name, text),
                value => parameters.set_json(name, &value),
            }
        }
        parameters
    }

    /// Returns all parameters but the token, as text, for the service data sources.
    #[must_use]
    pub(crate) fn for_log(&self) -> Vec<(String, String)> {
        let shown = self.0.iter().filter(|(name, _)| name != "token");
        shown
            .map(|(name, value)| {
                let text = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                (name.clone(), text)
            })
            .collect()
    }
}

/// Returns true when the text before the first `=` can be the name of a form's field.
fn is_form(text: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '%' | '+');
    text.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(is_name))
}

/// Returns the text as a value of a query string.
pub(crate) fn encode(text: &str) -> String {
    use std::fmt::Write;
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                out.push(char::from(byte));
            }
            // Writing to a String cannot fail.
            _ => write!(out, "%{byte:02X}").unwrap_or_default(),
        }
    }
    out
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let escaped = (byte == b'%').then(|| hex_pair(&rest)).flatten();
        match (byte, escaped) {
            (_, Some(escaped)) => {
                bytes.push(escaped);
                rest.next();
                rest.next();
            }
            (b'+', None) => bytes.push(b' '),
            (byte, None) => bytes.push(byte),
        }
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

fn hex_pair(rest: &std::str::Bytes<'_>) -> Option<u8> {
    let mut next = rest.clone();
    let high = char::from(next.next()?).to_digit(16)?;
    let low = char::from(next.next()?).to_digit(16)?;
    u8::try_from(high * 16 + low).ok()
}
