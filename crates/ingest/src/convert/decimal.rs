//! Decimals, read digit by digit so that no precision is lost on the way.

use super::Mismatch;
use super::wide::Wide;

/// A decimal number as sign, digits and the position of its point.
#[derive(Debug, Clone, Copy)]
pub(super) struct DecimalText<'a> {
    pub(super) negative: bool,
    integer: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

impl<'a> DecimalText<'a> {
    /// Reads `[sign] digits [. digits] [e [sign] digits]`, with digits on one side of the point at
    /// least.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, parse_exponent(exponent)?),
            None => (text, 0),
        };
        let (negative, mantissa) = match mantissa.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (integer, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = integer.bytes().chain(fraction.bytes());
        let is_number = !(integer.is_empty() && fraction.is_empty())
            && digits.clone().all(|d| d.is_ascii_digit());
        is_number.then_some(Self {
            negative,
            integer: integer.as_bytes(),
            fraction: fraction.as_bytes(),
            exponent,
        })
    }

    /// Returns the magnitude times `10^scale` without its fraction, and its number of digits;
    /// nothing when it has more than 77 digits.
    pub(super) fn scaled(self, scale: u8) -> Option<(Wide, usize)> {
        let integer_len = i64::try_from(self.integer.len()).ok()?;
        let taken = integer_len
            .saturating_add(self.exponent)
            .saturating_add(i64::from(scale));
        let mut digits = self.integer.iter().chain(self.fraction).map(|d| d - b'0');
        let mut value = Wide::default();
        let mut len = 0;
        for _ in 0..taken {
            let digit = match digits.next() {
                Some(digit) => digit,
                // Only zeros follow, and a zero stays zero however many they are.
                None if value.is_zero() => break,
                None => 0,
            };
            value = value.push_digit(digit)?;
            if len > 0 || digit > 0 {
                len += 1;
            }
        }
        Some((value, len))
    }
}

/// Exponents beyond any range are cut to a value that is out of range too.
fn parse_exponent(text: &str) -> Option<i64> {
    let digits = text.trim_start_matches(['+', '-']);
    let is_number = !digits.is_empty()
        && text.len() - digits.len() <= 1
        && digits.bytes().all(|d| d.is_ascii_digit());
    let magnitude = digits
        .parse::<i64>()
        .unwrap_or(i64::MAX / 4)
        .min(i64::MAX / 4);
    let exponent = if text.starts_with('-') {
        -magnitude
    } else {
        magnitude
    };
    is_number.then_some(exponent)
}

pub(super) fn write(
    text: &str,
    bytes: usize,
    precision: u8,
    scale: u8,
    out: &mut Vec<u8>,
) -> Result<(), Mismatch> {
    let decimal = DecimalText::parse(text).ok_or(Mismatch::SHAPE)?;
    match decimal.scaled(scale) {
        Some((magnitude, len)) if len <= usize::from(precision) => {
            magnitude.write(decimal.negative, bytes, out);
            Ok(())
        }
        _ => Err(Mismatch::RANGE),
    }
}
