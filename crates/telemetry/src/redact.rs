//! Removes tokens from what is recorded.

use std::borrow::Cow;

const TOKEN_NAME: &[u8] = b"token";

/// Returns an url (or path and query) without the parameters named `token`.
///
/// A name is compared as the server reads it, percent-decoded, and in any case of letters. A fragment
/// is removed as well; it never belongs to a request.
///
/// ```
/// let url = "/v0/pipes/top.json?token=p.eyJ&limit=10";
/// assert_eq!(birdhouse_telemetry::redact_url(url), "/v0/pipes/top.json?limit=10");
/// ```
#[must_use]
pub fn redact_url(url: &str) -> Cow<'_, str> {
    let url = url.split_once('#').map_or(url, |(url, _)| url);
    let Some((path, query)) = url.split_once('?') else {
        return Cow::Borrowed(url);
    };
    let is_clean = |pair: &&str| {
        let name = pair.split_once('=').map_or(*pair, |(name, _)| name);
        !is_token_name(&percent_decode(name))
    };
    if query.split('&').all(|pair| is_clean(&pair)) {
        return Cow::Borrowed(url);
    }
    let kept: Vec<&str> = query.split('&').filter(is_clean).collect();
    if kept.is_empty() {
        Cow::Borrowed(path)
    } else {
        Cow::Owned(format!("{path}?{}", kept.join("&")))
    }
}

/// Returns true for the decoded name of a parameter that carries a token.
pub(crate) fn is_token_name(name: &[u8]) -> bool {
    name.trim_ascii().eq_ignore_ascii_case(TOKEN_NAME)
}

fn percent_decode(text: &str) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let (byte, tail) = match (first, escaped(tail)) {
            (b'%', Some(byte)) => (byte, tail.get(2..).unwrap_or_default()),
            (b'+', _) => (b' ', tail),
            _ => (first, tail),
        };
        decoded.push(byte);
        rest = tail;
    }
    decoded
}

/// Returns the byte whose two hex digits `text` begins with.
fn escaped(text: &[u8]) -> Option<u8> {
    let (digits, _) = text.split_first_chunk::<2>()?;
    let [high, low] = digits.map(hex_digit);
    Some(high? * 16 + low?)
}

fn hex_digit(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
