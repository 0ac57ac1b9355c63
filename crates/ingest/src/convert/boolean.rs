//! Booleans.

use super::Mismatch;
use crate::json::Json;

const TRUE: [&str; 7] = ["1", "t", "y", "yes", "on", "enable", "enabled"];
const FALSE: [&str; 7] = ["0", "f", "n", "no", "off", "disable", "disabled"];

pub(super) fn write_json(value: Json<'_>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let value = match value {
        Json::Bool(value) => value,
        Json::Number("1") => true,
        Json::Number("0") => false,
        _ => return Err(Mismatch::SHAPE),
    };
    out.push(u8::from(value));
    Ok(())
}

pub(super) fn write_text(text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let is = |word: &str| text.eq_ignore_ascii_case(word);
    let value = if is("true") || TRUE.into_iter().any(is) {
        1
    } else if is("false") || FALSE.into_iter().any(is) {
        0
    } else {
        return Err(Mismatch::SHAPE);
    };
    out.push(value);
    Ok(())
}
