//! `String` and `FixedString`.

use super::Mismatch;
use crate::json::Json;
use crate::native::write_string;

/// Appends a text with its length.
pub(super) fn write(text: &str, out: &mut Vec<u8>) {
    write_string(text.as_bytes(), out);
}

pub(super) fn write_json(value: Json<'_>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    match value {
        Json::String(string) if !string.escaped => write(string.raw, out),
        other => write(&other.to_text(), out),
    }
    Ok(())
}

pub(super) fn write_fixed(text: &str, len: usize, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let padding = (len.checked_sub(text.len())).ok_or(Mismatch::new("too many bytes"))?;
    out.extend_from_slice(text.as_bytes());
    out.resize(out.len() + padding, 0);
    Ok(())
}
