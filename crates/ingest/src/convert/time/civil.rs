//! Calendar dates and local times, read from text.

use jiff::civil::DateTime;

use super::{DAY_SECONDS, NANOS, Stamp, Zone};
use crate::convert::Mismatch;

const NO_SUCH_TIME: Mismatch = Mismatch::new("no such date or time");

/// A date and a time of day, with the offset from UTC when one was written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Civil {
    date: Date,
    /// Hour, minute, second.
    clock: [u8; 3],
    nanos: u32,
    offset_seconds: Option<i64>,
}

#[derive(Debug, Clone, Copy)]
struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Civil {
    /// Reads a date with an optional time and offset.
    pub(super) fn parse(text: &[u8]) -> Result<Self, Mismatch> {
        let mut cursor = Cursor(text);
        let date = cursor.date()?;
        let mut civil = Self {
            date,
            clock: [0; 3],
            nanos: 0,
            offset_seconds: None,
        };
        if cursor.0.is_empty() {
            return Ok(civil);
        }
        if !(cursor.eat(b'T') || cursor.eat(b't') || cursor.eat(b' ')) {
            return Err(Mismatch::SHAPE);
        }
        civil.clock = cursor.clock()?;
        civil.nanos = cursor.fraction()?;
        civil.offset_seconds = cursor.offset()?;
        Ok(civil)
    }

    /// Reads exactly `YYYY-MM-DD`, as days since 1970.
    pub(super) fn parse_date(text: &[u8]) -> Result<i64, Mismatch> {
        let mut cursor = Cursor(text);
        let date = cursor.date()?;
        if cursor.0.is_empty() {
            Ok(date.days())
        } else {
            Err(Mismatch::SHAPE)
        }
    }

    pub(super) fn to_stamp(self, zone: &Zone) -> Result<Stamp, Mismatch> {
        let [hour, minute, second] = self.clock.map(i64::from);
        let local = self.date.days() * DAY_SECONDS + hour * 3600 + minute * 60 + second;
        let seconds = match (self.offset_seconds, zone) {
            (Some(offset), _) => local - offset,
            (None, Zone::Utc) => local,
            (None, Zone::Named(zone)) => zone
                .to_timestamp(self.to_jiff().ok_or(NO_SUCH_TIME)?)
                .ok()
                .ok_or(Mismatch::RANGE)?
                .as_second(),
        };
        Ok(Stamp {
            seconds,
            nanos: self.nanos,
        })
    }

    fn to_jiff(self) -> Option<DateTime> {
        let [hour, minute, second] = self.clock.map(u8::cast_signed);
        let year = i16::try_from(self.date.year).ok()?;
        let month = self.date.month.cast_signed();
        let day = self.date.day.cast_signed();
        DateTime::new(year, month, day, hour, minute, second, 0).ok()
    }
}

impl Date {
    fn is_real(self) -> bool {
        let leap = self.year.is_multiple_of(4)
            && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400));
        let month_days = match self.month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        (1..=month_days).contains(&self.day)
    }

    /// Returns the days since 1970-01-01.
    fn days(self) -> i64 {
        // Years are counted from March, so that the leap day is the last of its year.
        let (year, month, day) = (
            i64::from(self.year),
            i64::from(self.month),
            i64::from(self.day),
        );
        let year = if month <= 2 { year - 1 } else { year };
        let month = (month + 9) % 12;
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * month + 2) / 5 + day - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }
}

/// The text that is still to be read.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn date(&mut self) -> Result<Date, Mismatch> {
        let date = (|| {
            let century = u16::from(self.two_digits()?);
            let year = century * 100 + u16::from(self.two_digits()?);
            let month = self.behind(b'-')?.two_digits()?;
            let day = self.behind(b'-')?.two_digits()?;
            Some(Date { year, month, day })
        })();
        let date = date.ok_or(Mismatch::SHAPE)?;
        if date.is_real() {
            Ok(date)
        } else {
            Err(NO_SUCH_TIME)
        }
    }

    /// Reads `HH:MM[:SS]`.
    fn clock(&mut self) -> Result<[u8; 3], Mismatch> {
        let clock = (|| {
            let hour = self.two_digits()?;
            let minute = self.behind(b':')?.two_digits()?;
            let second = if self.eat(b':') {
                self.two_digits()?
            } else {
                0
            };
            Some([hour, minute, second])
        })();
        match clock.ok_or(Mismatch::SHAPE)? {
            [24..=99, _, _] | [_, 60..=99, _] | [_, _, 60..=99] => Err(NO_SUCH_TIME),
            clock => Ok(clock),
        }
    }

    /// Reads `[.digits]` as nanoseconds; further digits are cut off.
    fn fraction(&mut self) -> Result<u32, Mismatch> {
        if !(self.eat(b'.') || self.eat(b',')) {
            return Ok(0);
        }
        let mut nanos = 0;
        let mut unit = u32::try_from(NANOS).unwrap_or(0) / 10;
        let mut digits = 0;
        while let [digit @ b'0'..=b'9', rest @ ..] = self.0 {
            nanos += u32::from(digit - b'0') * unit;
            unit /= 10;
            digits += 1;
            self.0 = rest;
        }
        if digits == 0 {
            return Err(Mismatch::SHAPE);
        }
        Ok(nanos)
    }

    /// Reads the offset at the end of the text.
    fn offset(&mut self) -> Result<Option<i64>, Mismatch> {
        self.eat(b' ');
        match self.0 {
            [] => return Ok(None),
            b"Z" | b"z" | b"UTC" | b"GMT" => return Ok(Some(0)),
            _ => {}
        }
        let sign = match (self.eat(b'+'), self.eat(b'-')) {
            (true, false) => 1,
            (false, true) => -1,
            _ => return Err(Mismatch::SHAPE),
        };
        let parts = (|| {
            let hours = self.two_digits()?;
            self.eat(b':');
            let minutes = if self.0.is_empty() {
                0
            } else {
                self.two_digits()?
            };
            Some((hours, minutes)).filter(|_| self.0.is_empty())
        })();
        match parts.ok_or(Mismatch::SHAPE)? {
            (19.., _) | (_, 60..) => Err(NO_SUCH_TIME),
            (hours, minutes) => Ok(Some(
                sign * (i64::from(hours) * 3600 + i64::from(minutes) * 60),
            )),
        }
    }

    fn two_digits(&mut self) -> Option<u8> {
        match self.0 {
            [high @ b'0'..=b'9', low @ b'0'..=b'9', rest @ ..] => {
                self.0 = rest;
                Some((high - b'0') * 10 + (low - b'0'))
            }
            _ => None,
        }
    }

    fn behind(&mut self, byte: u8) -> Option<&mut Self> {
        self.eat(byte).then_some(self)
    }

    fn eat(&mut self, byte: u8) -> bool {
        match self.0 {
            [first, rest @ ..] if *first == byte => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }
}
