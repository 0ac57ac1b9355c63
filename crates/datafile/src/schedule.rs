//! Schedules of copies and sinks: `@on-demand` or a cron expression.
//!
//! Cron: five fields (minute, hour, day of month, month, day of week), or six with seconds last;
//! each is a list of `*`, values and ranges with an optional `/step`; months and days also by their
//! English short names. Or one of the words such as `@hourly`. As with cron itself, a day must fit
//! either of the two fields about days when both say something.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime, Time};

/// When a copy or a sink runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Only when asked.
    OnDemand,
    /// By a cron expression or a word such as `@daily`.
    Cron(Cron),
}

/// A cron expression, or a word that stands for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    fields: [Values; 6],
    /// The last day of a month, written `L`.
    has_last_day: bool,
}

/// The values that a field allows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Values {
    /// A bit for each.
    bits: u64,
    /// Whether it begins with `*` or `?`, and so says nothing about days.
    is_open: bool,
}

/// Words, and the expressions that they stand for.
const WORDS: &[(&str, &str)] = &[
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

const MONTHS: &[&str] = &[
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: &[&str] = &["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

/// Smallest value, largest value and names of each field.
const FIELDS: [(u32, u32, &[&str]); 6] = [
    (0, 59, &[]),
    (0, 23, &[]),
    (1, 31, &[]),
    (1, 12, MONTHS),
    (0, 7, DAYS),
    (0, 59, &[]),
];

/// Days after which a time that never comes is not looked for any more: a 29 February is at most
/// eight years away.
const DAYS_SEARCHED_MAX: u32 = 366 * 9;

impl Schedule {
    /// Reads a schedule; an empty one means on demand.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text == "@on-demand" {
            return Some(Self::OnDemand);
        }
        Cron::parse(text).map(Self::Cron)
    }
}

impl Cron {
    fn parse(text: &str) -> Option<Self> {
        let word = WORDS
            .iter()
            .find(|(word, _)| text.eq_ignore_ascii_case(word));
        let expression = word.map_or(text, |(_, expression)| expression);
        let given: Vec<&str> = expression.split_whitespace().collect();
        if !(5..=6).contains(&given.len()) {
            return None;
        }
        let mut cron = Self {
            text: text.to_owned(),
            fields: [Values::default(); 6],
            has_last_day: false,
        };
        // Without seconds it is second 0.
        let given = given.into_iter().chain(["0"]);
        for ((field, values), (min, max, names)) in given.zip(&mut cron.fields).zip(FIELDS) {
            values.is_open = field.starts_with(['*', '?']);
            for item in field.split(',') {
                match max == 31 && item.eq_ignore_ascii_case("l") {
                    true => cron.has_last_day = true,
                    false => values.bits |= item_bits(item, min, max, names)?,
                }
            }
            if names == DAYS && values.allows(7) {
                values.bits |= 1;
            }
        }
        Some(cron)
    }

    /// Returns the text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the first time behind `after` that fits, in the same time zone; nothing when there is
    /// none, as for a 30 February.
    #[must_use]
    pub fn next_after(&self, after: DateTime) -> Option<DateTime> {
        let whole = after.with().subsec_nanosecond(0).build().ok()?;
        let from = whole.checked_add(1.second()).ok()?;
        let mut date = from.date();
        let mut earliest = from.time();
        for _ in 0..DAYS_SEARCHED_MAX {
            if self.fits(date)
                && let Some(time) = self.first_time(earliest)
            {
                return Some(date.to_datetime(time));
            }
            (date, earliest) = (date.tomorrow().ok()?, Time::midnight());
        }
        None
    }

    fn fits(&self, date: Date) -> bool {
        let [_, _, days, months, weekdays, _] = &self.fields;
        let is_last = self.has_last_day && date.day() == date.days_in_month();
        let day = is_last || days.allows(date.day());
        let weekday = weekdays.allows(date.weekday().to_sunday_zero_offset());
        let is_day = match days.is_open || weekdays.is_open {
            true => day && weekday,
            false => day || weekday,
        };
        months.allows(date.month()) && is_day
    }

    /// Returns the first time of a day that fits and is not before `earliest`.
    fn first_time(&self, earliest: Time) -> Option<Time> {
        let [minutes, hours, _, _, _, seconds] = self.fields;
        let hours = (earliest.hour()..24).filter(|hour| hours.allows(*hour));
        let of_minute = move |hour, minute| {
            let allowed = (0..60).filter(move |second| seconds.allows(*second));
            allowed.filter_map(move |second| Time::new(hour, minute, second, 0).ok())
        };
        let of_hour = |hour| {
            let allowed = (0..60).filter(|minute| minutes.allows(*minute));
            allowed.flat_map(move |minute| of_minute(hour, minute))
        };
        hours.flat_map(of_hour).find(|time| *time >= earliest)
    }
}

impl Values {
    fn allows(self, value: i8) -> bool {
        u32::try_from(value).is_ok_and(|value| self.bits & 1_u64.wrapping_shl(value) != 0)
    }
}

/// Returns the values of one item of a list; nothing when it is none.
fn item_bits(item: &str, min: u32, max: u32, names: &[&str]) -> Option<u64> {
    let (range, step) = item
        .split_once('/')
        .map_or((item, None), |(range, step)| (range, Some(step)));
    let step = match step {
        Some(step) => step.parse::<usize>().ok().filter(|step| *step > 0)?,
        None => 1,
    };
    let value = |text: &str| {
        let named = names
            .iter()
            .position(|name| text.eq_ignore_ascii_case(name));
        let number = named
            .and_then(|index| u32::try_from(index).ok())
            .map(|index| index + min);
        number
            .or_else(|| text.parse().ok())
            .filter(|number| (min..=max).contains(number))
    };
    let bits = |values: &mut dyn Iterator<Item = u32>| {
        let bit = |bits, value| bits | 1_u64.wrapping_shl(value);
        values.step_by(step).fold(0, bit)
    };
    // Sunday is 0 and 7: only one of them is in "every day".
    let last = if names == DAYS { 6 } else { max };
    if range == "*" || range == "?" {
        return Some(bits(&mut (min..=last)));
    }
    Some(match range.split_once('-') {
        Some((from, to)) => match (value(from)?, value(to)?) {
            (from, to) if from <= to => bits(&mut (from..=to)),
            // Over the end, as in FRI-MON.
            (from, to) => bits(&mut (from..=last).chain(min..=to)),
        },
        None if item.contains('/') => bits(&mut (value(range)?..=last)),
        None => bits(&mut std::iter::once(value(range)?)),
    })
}

#[cfg(test)]
mod tests;
