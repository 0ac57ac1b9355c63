//! Floats as Python writes and reads them.

use super::unicode::decimal_digit;
use crate::lexer::is_python_space;

/// Writes a float: the shortest digits that read back the same, laid out by Python's rules.
///
/// An exponent is used from 1e16 up and below 1e-4; it has a sign and at least two digits.
pub(crate) fn repr_float(x: f64) -> String {
    if x.is_nan() {
        return "nan".to_owned();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let scientific = format!("{x:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if x == 0.0 || (-4..16).contains(&exponent) {
        let plain = format!("{x}");
        return if plain.contains('.') {
            plain
        } else {
            format!("{plain}.0")
        };
    }
    with_exponent(mantissa, exponent)
}

/// Writes `mantissa` with an exponent in Python's layout: `1e+20`.
pub(crate) fn with_exponent(mantissa: &str, exponent: i32) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// Reads text as Python's `float()` does, underscores between digits included.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    let text = text.trim_matches(is_python_space);
    let mut ascii = String::with_capacity(text.len());
    let mut previous_is_digit = false;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let digit = decimal_digit(c);
        if c == '_' {
            let next_is_digit = chars.peek().copied().and_then(decimal_digit).is_some();
            if !previous_is_digit || !next_is_digit {
                return None;
            }
            continue;
        }
        previous_is_digit = digit.is_some();
        match digit {
            Some(digit) => ascii.push(char::from_digit(digit, 10)?),
            None => ascii.push(c.to_ascii_lowercase()),
        }
    }
    let unsigned = ascii.strip_prefix(['+', '-']).unwrap_or(&ascii);
    match unsigned {
        "inf" | "infinity" | "nan" => {}
        _ => {
            let is_number = unsigned
                .bytes()
                .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'+' | b'-'));
            if !is_number || !unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
                return None;
            }
        }
    }
    ascii.parse().ok()
}
