//! How values of records are written into a JSON row.

use std::borrow::Cow;
use std::collections::HashSet;

use jiff::Timestamp;
use serde::ser::{SerializeMap, Serializer};

use crate::limits::TEXT_BYTES_MAX;
use crate::redact::{is_token_name, redact_url};

/// Writes a time as a DateTime column takes it: UTC, whole seconds.
pub(crate) fn datetime<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&at.strftime("%Y-%m-%d %H:%M:%S"))
}

/// Writes a time as a DateTime64(3) column takes it: UTC, milliseconds.
pub(crate) fn milliseconds<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(&at.strftime("%Y-%m-%d %H:%M:%S.%3f"))
}

/// Writes such a time or null.
pub(crate) fn optional_milliseconds<S: Serializer>(
    at: &Option<Timestamp>,
    out: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => milliseconds(at, out),
        None => out.serialize_none(),
    }
}

/// Writes a text, cut when it is too long.
pub(crate) fn text<S: Serializer>(text: &str, out: S) -> Result<S::Ok, S::Error> {
    out.serialize_str(cut(text))
}

/// Writes a text or null.
pub(crate) fn optional_text<S: Serializer>(
    value: &Option<&str>,
    out: S,
) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => text(value, out),
        None => out.serialize_none(),
    }
}

/// Writes parameters as an object: each name once with its first value, no token.
pub(crate) fn parameters<S: Serializer>(
    parameters: &[(String, String)],
    out: S,
) -> Result<S::Ok, S::Error> {
    let mut map = out.serialize_map(None)?;
    let mut seen = HashSet::new();
    for (name, value) in parameters {
        if !is_token_name(name.as_bytes()) && seen.insert(name) {
            map.serialize_entry(cut(name), cut(value))?;
        }
    }
    map.end()
}

/// Returns the parameters as JSON text, as [`parameters`] writes them.
pub(crate) fn parameters_text(list: &[(String, String)]) -> String {
    let mut text = Vec::new();
    let mut serializer = serde_json::Serializer::new(&mut text);
    // Writing texts to memory cannot fail.
    parameters(list, &mut serializer).ok();
    String::from_utf8(text).unwrap_or_default()
}

/// Returns an url without tokens, cut when it is too long.
pub(crate) fn url(url: &str) -> Cow<'_, str> {
    match redact_url(url) {
        Cow::Borrowed(url) => Cow::Borrowed(cut(url)),
        Cow::Owned(url) => Cow::Owned(cut(&url).to_owned()),
    }
}

/// Returns the beginning of a text that is too long, whole characters only.
pub(crate) fn cut(text: &str) -> &str {
    text.get(..text.floor_char_boundary(TEXT_BYTES_MAX))
        .unwrap_or(text)
}
