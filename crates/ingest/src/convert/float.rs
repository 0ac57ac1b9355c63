//! Floating-point numbers.

use std::borrow::Cow;

use super::Mismatch;
use crate::json::Json;

/// Returns the text of a number, or of a string that may hold one.
pub(super) fn json_text(value: Json<'_>) -> Result<Cow<'_, str>, Mismatch> {
    match value {
        Json::Number(text) => Ok(Cow::Borrowed(text)),
        Json::String(text) => Ok(text.decode()),
        _ => Err(Mismatch::SHAPE),
    }
}

pub(super) fn write_f32(text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let value: f32 = text.parse().ok().ok_or(Mismatch::SHAPE)?;
    if value.is_infinite() && has_digit(text) {
        return Err(Mismatch::RANGE);
    }
    out.extend_from_slice(&value.to_le_bytes());
    Ok(())
}

pub(super) fn write_f64(text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let value: f64 = text.parse().ok().ok_or(Mismatch::SHAPE)?;
    if value.is_infinite() && has_digit(text) {
        return Err(Mismatch::RANGE);
    }
    out.extend_from_slice(&value.to_le_bytes());
    Ok(())
}

/// Tells a number that overflowed from the word for infinity.
fn has_digit(text: &str) -> bool {
    text.bytes().any(|byte| byte.is_ascii_digit())
}
