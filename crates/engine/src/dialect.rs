//! The parts of the ClickHouse HTTP dialect that client and worker share: names of parameters and
//! headers, the encoding of URL parameters, and the summary of a statement.
//!
//! A statement is `POST /?database=…&default_format=…&role=…&query_id=…&param_x=…&<setting>=…`
//! with SQL in the body. An insert is `POST /?query=INSERT INTO t (c) FORMAT Native&…` with data
//! in the body. `wait_end_of_query=1` asks for a materialized result. A result that was streamed
//! ends with trailers: the summary, and the exception when the statement failed on the way.

use serde_json::{Value, json};

use crate::request::Summary;

/// Names of URL parameters that are not settings.
pub(crate) mod parameter {
    pub(crate) const QUERY: &str = "query";
    pub(crate) const DATABASE: &str = "database";
    pub(crate) const DEFAULT_FORMAT: &str = "default_format";
    pub(crate) const ROLE: &str = "role";
    pub(crate) const QUERY_ID: &str = "query_id";
    pub(crate) const WAIT_END_OF_QUERY: &str = "wait_end_of_query";
    /// Prefix of query parameters: `param_x` is the value of `{x:Type}`.
    pub(crate) const PARAM_PREFIX: &str = "param_";
}

/// Names of headers and trailers, in lower case.
pub(crate) mod header {
    pub(crate) const SUMMARY: &str = "x-clickhouse-summary";
    pub(crate) const EXCEPTION_CODE: &str = "x-clickhouse-exception-code";
    pub(crate) const QUERY_ID: &str = "x-clickhouse-query-id";
    pub(crate) const FORMAT: &str = "x-clickhouse-format";
    pub(crate) const TIMEZONE: &str = "x-clickhouse-timezone";
    /// Trailer of a stream that failed: the percent-encoded text of the exception.
    pub(crate) const EXCEPTION_TEXT: &str = "x-birdhouse-exception";
}

/// The setting that makes an insert repeatable.
pub(crate) const DEDUPLICATION_TOKEN: &str = "insert_deduplication_token";

/// Returns `name=value` pairs as the query part of a URL.
pub(crate) fn encode_pairs<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        percent_encode(name, &mut out);
        out.push('=');
        percent_encode(value, &mut out);
    }
    out
}

/// Reads the query part of a URL; `None` when it is not UTF-8 after decoding.
pub(crate) fn decode_pairs(query: &str) -> Option<Vec<(String, String)>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((percent_decode(name)?, percent_decode(value)?))
        })
        .collect()
}

/// Appends `text` with everything but unreserved characters percent-encoded.
pub(crate) fn percent_encode(text: &str, out: &mut String) {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.extend(DIGITS.get(usize::from(byte >> 4)));
                out.extend(DIGITS.get(usize::from(byte & 15)));
            }
        }
    }
}

/// Decodes percent-encoded text, `+` as a blank; `None` when the result is not UTF-8. A percent
/// sign without two digits stands for itself.
pub(crate) fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match (byte, tail) {
            (b'+', _) => out.push(b' '),
            (b'%', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    out.push(high << 4 | low);
                    rest = after;
                }
                _ => out.push(byte),
            },
            _ => out.push(byte),
        }
    }
    String::from_utf8(out).ok()
}

fn digit(byte: u8) -> Option<u8> {
    let digit = char::from(byte).to_digit(16)?;
    u8::try_from(digit).ok()
}

/// Returns the summary as the value of its header: all numbers are strings, as on a server.
pub(crate) fn encode_summary(summary: &Summary) -> String {
    json!({
        "read_rows": summary.read_rows.to_string(),
        "read_bytes": summary.read_bytes.to_string(),
        "written_rows": summary.written_rows.to_string(),
        "written_bytes": summary.written_bytes.to_string(),
        "result_rows": summary.result_rows.to_string(),
        "result_bytes": summary.result_bytes.to_string(),
        "elapsed_ns": summary.elapsed_ns.to_string(),
    })
    .to_string()
}

/// Reads the value of a summary header; what is missing counts as zero.
pub(crate) fn decode_summary(text: &str) -> Summary {
    let value: Value = serde_json::from_str(text).unwrap_or_default();
    let number = |name: &str| match value.get(name) {
        Some(Value::String(digits)) => digits.parse().unwrap_or(0),
        Some(Value::Number(number)) => number.as_u64().unwrap_or(0),
        _ => 0,
    };
    Summary {
        read_rows: number("read_rows"),
        read_bytes: number("read_bytes"),
        written_rows: number("written_rows"),
        written_bytes: number("written_bytes"),
        result_rows: number("result_rows"),
        result_bytes: number("result_bytes"),
        elapsed_ns: number("elapsed_ns"),
    }
}

#[cfg(test)]
mod tests;
