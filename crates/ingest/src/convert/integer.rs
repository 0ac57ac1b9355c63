//! Integers of 8 to 256 bits.

use super::Mismatch;
use super::wide::Wide;
use crate::json::Json;

/// Width from which JSON strings are taken: what a JavaScript number cannot hold.
const STRING_BYTES_MIN: usize = 8;

pub(super) fn write_json(
    value: Json<'_>,
    bytes: usize,
    signed: bool,
    out: &mut Vec<u8>,
) -> Result<(), Mismatch> {
    match value {
        Json::Number(text) => write_text(text, bytes, signed, out),
        Json::Bool(value) => write_text(if value { "1" } else { "0" }, bytes, signed, out),
        Json::String(text) if bytes >= STRING_BYTES_MIN => {
            write_text(&text.decode(), bytes, signed, out)
        }
        _ => Err(Mismatch::SHAPE),
    }
}

pub(super) fn write_text(
    text: &str,
    bytes: usize,
    signed: bool,
    out: &mut Vec<u8>,
) -> Result<(), Mismatch> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', digits @ ..] => (true, digits),
        [b'+', digits @ ..] if signed => (false, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return Err(Mismatch::SHAPE);
    }
    if bytes > 8 {
        return write_wide(digits, negative, bytes, signed, out);
    }
    let magnitude = small(digits).ok_or(Mismatch::RANGE)?;
    let unused_bits = 64 - 8 * u32::try_from(bytes).unwrap_or(8);
    let limit = match (signed, negative) {
        (true, true) => (u64::MAX >> unused_bits) / 2 + 1,
        (true, false) => (u64::MAX >> unused_bits) / 2,
        (false, true) => 0,
        (false, false) => u64::MAX >> unused_bits,
    };
    if magnitude > limit {
        return Err(Mismatch::RANGE);
    }
    let value = if negative {
        magnitude.wrapping_neg()
    } else {
        magnitude
    };
    out.extend_from_slice(value.to_le_bytes().get(..bytes).unwrap_or_default());
    Ok(())
}

/// Reads digits into 64 bits, or nothing when there are too many.
fn small(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0_u64, |value, digit| {
        value.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
    })
}

fn write_wide(
    digits: &[u8],
    negative: bool,
    bytes: usize,
    signed: bool,
    out: &mut Vec<u8>,
) -> Result<(), Mismatch> {
    let magnitude = digits
        .iter()
        .try_fold(Wide::default(), |value, digit| {
            value.push_digit(digit - b'0')
        })
        .ok_or(Mismatch::RANGE)?;
    let bits = 8 * u32::try_from(bytes).unwrap_or(32);
    let fits = match (signed, negative) {
        (false, false) => magnitude.bit_len() <= bits,
        (false, true) => magnitude.is_zero(),
        (true, false) => magnitude.bit_len() < bits,
        (true, true) => {
            magnitude.bit_len() < bits
                || (magnitude.bit_len() == bits && magnitude.is_power_of_two())
        }
    };
    if !fits {
        return Err(Mismatch::RANGE);
    }
    magnitude.write(negative, bytes, out);
    Ok(())
}
