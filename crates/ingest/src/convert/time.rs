//! Dates and points in time.
//!
//! Text: `YYYY-MM-DD`, or that with `T` or a blank and `HH:MM[:SS[.fraction]]`, and then nothing,
//! `Z`, `UTC`, `GMT` or an offset `±HH[[:]MM]`. Without offset the column's zone counts, which is
//! UTC when the type names none. A local time that a clock change skips or repeats is read with
//! the offset that held before the change.
//!
//! Numbers are Unix time, and their size tells the unit: below 10^11 seconds, below 10^14
//! milliseconds, below 10^17 microseconds, else nanoseconds. A number in a text must have 9 or 10
//! (seconds), 13, 16 or 19 digits, because `20240102` could be anything.
//!
//! Ranges: `Date` 1970-01-01 to 2149-06-06, `Date32` and `DateTime64` 1900 to 2299 (to 2262 with
//! nine digits), `DateTime` 1970 to 2106-02-07. Digits beyond the column's precision are cut off.

mod civil;

use jiff::tz::TimeZone;

use self::civil::Civil;
use super::Mismatch;
use super::decimal::DecimalText;
use crate::json::Json;

const NANOS: i64 = 1_000_000_000;
const DAY_SECONDS: i64 = 86_400;

/// 1900-01-01 and 2299-12-31 as days since 1970.
const DATE32_DAYS: std::ops::RangeInclusive<i64> = -25_567..=120_529;

/// Limits of Unix time in seconds, milliseconds and microseconds, with the number of digits that
/// turn it into nanoseconds.
const UNIX_UNITS: [(i128, u8); 3] = [
    (100_000_000_000, 9),
    (100_000_000_000_000, 6),
    (100_000_000_000_000_000, 3),
];

/// The zone of a column's local times.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Zone {
    Utc,
    Named(TimeZone),
}

impl Zone {
    /// Finds a zone in the time zone database.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "UTC" | "Etc/UTC" | "GMT" => Some(Self::Utc),
            _ => TimeZone::get(name).ok().map(Self::Named),
        }
    }
}

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Whole seconds since 1970, rounded down.
    pub(crate) seconds: i64,
    /// Nanoseconds above them.
    pub(crate) nanos: u32,
}

impl Stamp {
    /// Returns the days since 1970 in UTC.
    pub(crate) fn days(self) -> i64 {
        self.seconds.div_euclid(DAY_SECONDS)
    }

    /// Returns midnight of the same day in UTC.
    pub(crate) fn start_of_day(self) -> Self {
        Self {
            seconds: self.days() * DAY_SECONDS,
            nanos: 0,
        }
    }

    /// Cuts the fraction to a number of digits, 0 to 9.
    pub(crate) fn truncated(self, digits: u8) -> Self {
        let unit = 10_u32.pow(9 - u32::from(digits.min(9)));
        Self {
            nanos: self.nanos / unit * unit,
            ..self
        }
    }
}

impl From<jiff::Timestamp> for Stamp {
    fn from(timestamp: jiff::Timestamp) -> Self {
        let nanos = timestamp.as_nanosecond();
        let seconds = nanos.div_euclid(i128::from(NANOS));
        Self {
            seconds: i64::try_from(seconds).unwrap_or(i64::MAX),
            nanos: u32::try_from(nanos.rem_euclid(i128::from(NANOS))).unwrap_or(0),
        }
    }
}

pub(super) fn stamp_from_json(value: Json<'_>, zone: &Zone) -> Result<Stamp, Mismatch> {
    match value {
        Json::Number(text) => unix_stamp(text),
        Json::String(text) => stamp_from_text(&text.decode(), zone),
        _ => Err(Mismatch::SHAPE),
    }
}

pub(super) fn stamp_from_text(text: &str, zone: &Zone) -> Result<Stamp, Mismatch> {
    let bytes = text.as_bytes();
    if bytes.get(4) == Some(&b'-') {
        return Civil::parse(bytes)?.to_stamp(zone);
    }
    let integer_len = bytes
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .count();
    match integer_len {
        9 | 10 | 13 | 16 | 19 => unix_stamp(text),
        _ => Err(Mismatch::SHAPE),
    }
}

/// Reads Unix time in the unit that its size tells.
fn unix_stamp(text: &str) -> Result<Stamp, Mismatch> {
    let number = DecimalText::parse(text).ok_or(Mismatch::SHAPE)?;
    let (magnitude, _) = number.scaled(0).ok_or(Mismatch::RANGE)?;
    let whole = magnitude.to_i128().ok_or(Mismatch::RANGE)?;
    let fraction_digits = (UNIX_UNITS.into_iter())
        .find(|(limit, _)| whole < *limit)
        .map_or(0, |(_, digits)| digits);
    let nanos = number
        .scaled(fraction_digits)
        .and_then(|(nanos, _)| nanos.to_i128())
        .ok_or(Mismatch::RANGE)?;
    let nanos = if number.negative { -nanos } else { nanos };
    let seconds = nanos.div_euclid(i128::from(NANOS));
    let nanos = nanos.rem_euclid(i128::from(NANOS));
    match (i64::try_from(seconds), u32::try_from(nanos)) {
        (Ok(seconds), Ok(nanos)) => Ok(Stamp { seconds, nanos }),
        _ => Err(Mismatch::RANGE),
    }
}

/// Appends the seconds of a `DateTime`.
pub(crate) fn write_seconds(stamp: Stamp, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let seconds = u32::try_from(stamp.seconds).ok().ok_or(Mismatch::RANGE)?;
    out.extend_from_slice(&seconds.to_le_bytes());
    Ok(())
}

/// Appends the ticks of a `DateTime64`.
pub(crate) fn write_scaled(stamp: Stamp, precision: u8, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    if !DATE32_DAYS.contains(&stamp.days()) {
        return Err(Mismatch::RANGE);
    }
    let ticks_per_second = 10_i64.pow(u32::from(precision));
    let ticks = stamp
        .seconds
        .checked_mul(ticks_per_second)
        .and_then(|ticks| ticks.checked_add(i64::from(stamp.nanos) / (NANOS / ticks_per_second)))
        .ok_or(Mismatch::RANGE)?;
    out.extend_from_slice(&ticks.to_le_bytes());
    Ok(())
}

pub(super) fn write_json_date(
    value: Json<'_>,
    is_date32: bool,
    out: &mut Vec<u8>,
) -> Result<(), Mismatch> {
    match value {
        Json::Number(text) => {
            let days = text.parse().ok().ok_or(Mismatch::SHAPE)?;
            write_days(days, is_date32, out)
        }
        Json::String(text) => write_date(&text.decode(), is_date32, out),
        _ => Err(Mismatch::SHAPE),
    }
}

pub(super) fn write_date(text: &str, is_date32: bool, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    let days = Civil::parse_date(text.as_bytes())?;
    write_days(days, is_date32, out)
}

/// Appends a date as days since 1970.
pub(crate) fn write_days(days: i64, is_date32: bool, out: &mut Vec<u8>) -> Result<(), Mismatch> {
    if is_date32 {
        let days = i32::try_from(days)
            .ok()
            .filter(|_| DATE32_DAYS.contains(&days));
        out.extend_from_slice(&days.ok_or(Mismatch::RANGE)?.to_le_bytes());
    } else {
        let days = u16::try_from(days).ok().ok_or(Mismatch::RANGE)?;
        out.extend_from_slice(&days.to_le_bytes());
    }
    Ok(())
}
