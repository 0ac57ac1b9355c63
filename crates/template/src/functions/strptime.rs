//! Python's `strptime`: reads a date by a format.
//!
//! Python turns the format into a regular expression and takes its first match at the start of the
//! text, which then has to be the whole text. Here the format becomes a list of items that are
//! matched with backtracking, each trying its alternatives in the order of Python's expression.

use crate::lexer::is_python_space;
use crate::value::unicode::decimal_digit;

/// A point in time, relative to the year 1 of the proleptic Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) microseconds: i64,
    /// Offset from UTC in microseconds, when the format has a time zone.
    pub(crate) offset: Option<i64>,
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];

/// Longest format; each item may backtrack.
const FORMAT_CHARS_MAX: usize = 200;

#[derive(Debug, Clone, Copy, PartialEq)]
enum Item {
    Literal(char),
    /// One or more blanks.
    Space,
    Field(char),
}

/// Reads `text` by `format`; `None` when it does not match or is no date.
pub(crate) fn parse(text: &str, format: &str) -> Option<Moment> {
    let items = compile(format)?;
    let chars: Vec<char> = text.chars().collect();
    let mut fields: Vec<(char, String)> = Vec::new();
    let mut budget = 10_000;
    let end = matches(&items, &chars, 0, &mut fields, &mut budget)?;
    if end != chars.len() {
        return None;
    }
    moment(&fields)
}

fn compile(format: &str) -> Option<Vec<Item>> {
    if format.chars().count() > FORMAT_CHARS_MAX {
        return None;
    }
    let mut items: Vec<Item> = Vec::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        if is_python_space(c) {
            if items.last() != Some(&Item::Space) {
                items.push(Item::Space);
            }
            continue;
        }
        if c != '%' {
            items.push(Item::Literal(c));
            continue;
        }
        let directive = chars.next()?;
        let expanded = match directive {
            '%' => {
                items.push(Item::Literal('%'));
                continue;
            }
            'x' => "%m/%d/%y",
            'X' => "%H:%M:%S",
            'c' => "%a %b %d %H:%M:%S %Y",
            'a' | 'A' | 'b' | 'B' | 'd' | 'f' | 'G' | 'H' | 'I' | 'j' | 'm' | 'M' | 'p' | 'S'
            | 'u' | 'U' | 'V' | 'w' | 'W' | 'y' | 'Y' | 'z' | 'Z' => {
                let field = Item::Field(directive);
                // A directive twice is a group defined twice in Python's expression.
                if items.contains(&field) {
                    return None;
                }
                items.push(field);
                continue;
            }
            _ => return None,
        };
        for item in compile(expanded)? {
            if matches!(item, Item::Field(_)) && items.contains(&item) {
                return None;
            }
            items.push(item);
        }
    }
    Some(items)
}

/// Matches the items at `at`; returns the end of the first match.
fn matches(
    items: &[Item],
    text: &[char],
    at: usize,
    fields: &mut Vec<(char, String)>,
    budget: &mut u32,
) -> Option<usize> {
    *budget = budget.checked_sub(1)?;
    let Some((item, rest)) = items.split_first() else {
        return Some(at);
    };
    match item {
        Item::Literal(c) => {
            let found = text.get(at)?;
            let same = found == c || found.to_lowercase().eq(c.to_lowercase());
            if same {
                matches(rest, text, at + 1, fields, budget)
            } else {
                None
            }
        }
        Item::Space => {
            let blanks = text.iter().skip(at).take_while(|c| is_python_space(**c));
            let count = blanks.count();
            (1..=count)
                .rev()
                .find_map(|n| matches(rest, text, at + n, fields, budget))
        }
        Item::Field(directive) => {
            let remaining = text.get(at..)?;
            for len in lengths(*directive, remaining) {
                let value: String = remaining.iter().take(len).collect();
                fields.push((*directive, value));
                if let Some(end) = matches(rest, text, at + len, fields, budget) {
                    return Some(end);
                }
                fields.pop();
            }
            None
        }
    }
}

/// Returns the lengths that a directive can match, in the order Python tries them.
fn lengths(directive: char, text: &[char]) -> Vec<usize> {
    let ascii =
        |i: usize, low: char, high: char| text.get(i).is_some_and(|c| (low..=high).contains(c));
    let digit = |i: usize| text.get(i).copied().and_then(decimal_digit).is_some();
    let mut out = Vec::new();
    let mut add = |condition: bool, len: usize| {
        if condition {
            out.push(len);
        }
    };
    match directive {
        'd' => {
            add(ascii(0, '3', '3') && ascii(1, '0', '1'), 2);
            add(ascii(0, '1', '2') && digit(1), 2);
            add(ascii(0, '0', '0') && ascii(1, '1', '9'), 2);
            add(ascii(0, '1', '9'), 1);
            add(ascii(0, ' ', ' ') && ascii(1, '1', '9'), 2);
        }
        'f' => {
            let count = (0..6).take_while(|i| ascii(*i, '0', '9')).count();
            (1..=count).rev().for_each(|n| add(true, n));
        }
        'H' => {
            add(ascii(0, '2', '2') && ascii(1, '0', '3'), 2);
            add(ascii(0, '0', '1') && digit(1), 2);
            add(digit(0), 1);
        }
        'I' => {
            add(ascii(0, '1', '1') && ascii(1, '0', '2'), 2);
            add(ascii(0, '0', '0') && ascii(1, '1', '9'), 2);
            add(ascii(0, '1', '9'), 1);
        }
        'm' => {
            add(ascii(0, '1', '1') && ascii(1, '0', '2'), 2);
            add(ascii(0, '0', '0') && ascii(1, '1', '9'), 2);
            add(ascii(0, '1', '9'), 1);
        }
        'M' => {
            add(ascii(0, '0', '5') && digit(1), 2);
            add(digit(0), 1);
        }
        'S' => {
            add(ascii(0, '6', '6') && ascii(1, '0', '1'), 2);
            add(ascii(0, '0', '5') && digit(1), 2);
            add(digit(0), 1);
        }
        'j' => {
            add(
                ascii(0, '3', '3') && ascii(1, '6', '6') && ascii(2, '0', '6'),
                3,
            );
            add(ascii(0, '3', '3') && ascii(1, '0', '5') && digit(2), 3);
            add(ascii(0, '1', '2') && digit(1) && digit(2), 3);
            add(ascii(0, '0', '0') && ascii(1, '1', '9') && digit(2), 3);
            add(
                ascii(0, '0', '0') && ascii(1, '0', '0') && ascii(2, '1', '9'),
                3,
            );
            add(ascii(0, '1', '9') && digit(1), 2);
            add(ascii(0, '0', '0') && ascii(1, '1', '9'), 2);
            add(ascii(0, '1', '9'), 1);
        }
        'U' | 'W' => {
            add(ascii(0, '5', '5') && ascii(1, '0', '3'), 2);
            add(ascii(0, '0', '4') && digit(1), 2);
            add(digit(0), 1);
        }
        'V' => {
            add(ascii(0, '5', '5') && ascii(1, '0', '3'), 2);
            add(ascii(0, '0', '0') && ascii(1, '1', '9'), 2);
            add(ascii(0, '1', '4') && digit(1), 2);
            add(digit(0), 1);
        }
        'w' => add(ascii(0, '0', '6'), 1),
        'u' => add(ascii(0, '1', '7'), 1),
        'y' => add(digit(0) && digit(1), 2),
        'Y' | 'G' => add((0..4).all(digit), 4),
        'z' => return zone_lengths(text),
        _ => return name_lengths(directive, text),
    }
    out
}

/// `Z`, or a signed offset `+hh[:]mm[[:]ss[.ffffff]]`.
fn zone_lengths(text: &[char]) -> Vec<usize> {
    let at = |i: usize| text.get(i).copied();
    let digit = |i: usize| at(i).and_then(decimal_digit).is_some();
    let low = |i: usize| at(i).is_some_and(|c| ('0'..='5').contains(&c));
    let mut out = Vec::new();
    if matches!(at(0), Some('+' | '-')) && digit(1) && digit(2) {
        let minutes = 3 + usize::from(at(3) == Some(':'));
        if low(minutes) && digit(minutes + 1) {
            let end = minutes + 2;
            let seconds = end + usize::from(at(end) == Some(':'));
            if low(seconds) && digit(seconds + 1) {
                let end = seconds + 2;
                if at(end) == Some('.') {
                    let count = (0..6).take_while(|i| digit(end + 1 + i)).count();
                    out.extend((1..=count).rev().map(|n| end + 1 + n));
                }
                out.push(end);
            }
            out.push(end);
        }
    }
    if at(0) == Some('Z') {
        out.push(1);
    }
    out
}

fn name_lengths(directive: char, text: &[char]) -> Vec<usize> {
    let short = |names: &[&'static str]| -> Vec<&'static str> {
        names.iter().filter_map(|name| name.get(..3)).collect()
    };
    // Python tries longer names first.
    let mut names: Vec<&str> = match directive {
        'a' => short(&WEEKDAYS),
        'A' => WEEKDAYS.to_vec(),
        'b' => short(&MONTHS),
        'B' => MONTHS.to_vec(),
        'p' => vec!["am", "pm"],
        'Z' => vec!["utc", "gmt"],
        _ => Vec::new(),
    };
    names.sort_by_key(|name| std::cmp::Reverse(name.len()));
    let matches = |name: &&str| {
        let mut chars = text.iter();
        name.chars().all(|c| {
            chars
                .next()
                .is_some_and(|found| found.to_ascii_lowercase() == c)
        })
    };
    names.into_iter().filter(matches).map(str::len).collect()
}

fn number(text: &str) -> Option<i64> {
    text.trim_start()
        .chars()
        .try_fold(0_i64, |n, c| Some(n * 10 + i64::from(decimal_digit(c)?)))
}

fn position(names: &[&str], text: &str) -> Option<i64> {
    let text = text.to_ascii_lowercase();
    let found = names
        .iter()
        .position(|name| *name == text || name.get(..3) == Some(&*text))?;
    i64::try_from(found).ok()
}

/// What the fields of a text say.
#[derive(Default)]
struct Parts {
    year: Option<i64>,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    microsecond: i64,
    day_of_year: Option<i64>,
    /// 0 is Monday.
    weekday: Option<i64>,
    week: Option<i64>,
    week_starts_monday: bool,
    iso_year: Option<i64>,
    iso_week: Option<i64>,
    has_day: bool,
    offset: Option<i64>,
}

fn moment(fields: &[(char, String)]) -> Option<Moment> {
    let mut parts = Parts {
        month: 1,
        day: 1,
        ..Parts::default()
    };
    let is_pm = fields
        .iter()
        .find(|(directive, _)| *directive == 'p')
        .map(|(_, text)| text.eq_ignore_ascii_case("pm"));
    for (directive, text) in fields {
        read_field(&mut parts, *directive, text, is_pm)?;
    }
    resolve(parts)
}

fn read_field(parts: &mut Parts, directive: char, text: &str, is_pm: Option<bool>) -> Option<()> {
    match directive {
        'y' => {
            let year = number(text)?;
            parts.year = Some(if year <= 68 { year + 2000 } else { year + 1900 });
        }
        'Y' => parts.year = Some(number(text)?),
        'G' => parts.iso_year = Some(number(text)?),
        'm' => parts.month = number(text)?,
        'b' | 'B' => parts.month = position(&MONTHS, text)? + 1,
        'd' => {
            parts.day = number(text)?;
            parts.has_day = true;
        }
        'H' => parts.hour = number(text)?,
        'I' => {
            let hour = number(text)?;
            parts.hour = match is_pm {
                Some(true) if hour != 12 => hour + 12,
                Some(true) => 12,
                _ if hour == 12 => 0,
                _ => hour,
            };
        }
        'M' => parts.minute = number(text)?,
        'S' => parts.second = number(text)?,
        'f' => {
            let padded = format!("{text:0<6}");
            parts.microsecond = number(&padded)?;
        }
        'a' | 'A' => parts.weekday = Some(position(&WEEKDAYS, text)?),
        'w' => parts.weekday = Some((number(text)? + 6) % 7),
        'u' => parts.weekday = Some(number(text)? - 1),
        'j' => parts.day_of_year = Some(number(text)?),
        'U' | 'W' => {
            parts.week = Some(number(text)?);
            parts.week_starts_monday = directive == 'W';
        }
        'V' => parts.iso_week = Some(number(text)?),
        'z' => parts.offset = Some(offset(text)?),
        _ => {}
    }
    Some(())
}

fn offset(text: &str) -> Option<i64> {
    if text == "Z" {
        return Some(0);
    }
    // Either both separators are colons or none is.
    let has_colon = text.get(3..4) == Some(":");
    if !has_colon && text.contains(':') {
        return None;
    }
    if has_colon && text.len() > 6 && text.get(6..7) != Some(":") {
        return None;
    }
    let digits: String = text.chars().filter(|c| c.is_ascii_digit()).collect();
    let pair = |from: usize| digits.get(from..from + 2).map_or(Some(0), number);
    let seconds = pair(0)? * 3600 + pair(2)? * 60 + pair(4)?;
    let fraction = format!("{:0<6}", digits.get(6..).unwrap_or_default());
    let microseconds = seconds * 1_000_000 + number(&fraction)?;
    Some(if text.starts_with('-') {
        -microseconds
    } else {
        microseconds
    })
}

fn resolve(parts: Parts) -> Option<Moment> {
    let mut year = parts.year;
    let mut date: Option<i64> = None;
    match (parts.iso_year, parts.iso_week) {
        (Some(iso_year), Some(week)) => {
            let weekday = parts.weekday?;
            if parts.day_of_year.is_some() || week == 0 {
                return None;
            }
            date = Some(iso_date(iso_year, week, weekday)?);
        }
        (Some(_), None) | (None, Some(_)) => return None,
        (None, None) => {}
    }
    if year.is_none() && parts.month == 2 && parts.day == 29 {
        // Python reads this in a leap year first, and then puts it into 1900, which is none.
        return None;
    }
    let known_year = *year.get_or_insert(1900);
    if let (Some(week), Some(weekday), None, None) =
        (parts.week, parts.weekday, parts.day_of_year, date)
        && parts.year.is_some()
    {
        let day = day_of_week(known_year, week, weekday, parts.week_starts_monday)?;
        date = Some(days_before_year(known_year)? + day - 1);
    }
    if let (Some(day), None) = (parts.day_of_year, date)
        && !parts.has_day
    {
        date = Some(days_before_year(known_year)? + day - 1);
    }
    let days = match date {
        Some(days) => days,
        None => days_from_civil(known_year, parts.month, parts.day)?,
    };
    let is_in_range = (0..=3_652_058).contains(&days);
    if !is_in_range || parts.second > 59 {
        return None;
    }
    let seconds = days * 86_400 + parts.hour * 3600 + parts.minute * 60 + parts.second;
    Some(Moment {
        microseconds: seconds * 1_000_000 + parts.microsecond,
        offset: parts.offset,
    })
}

/// Returns the day of the year for a week number and a weekday (0 is Monday).
fn day_of_week(year: i64, week: i64, weekday: i64, starts_monday: bool) -> Option<i64> {
    let mut first = (days_before_year(year)?) % 7;
    let mut weekday = weekday;
    if !starts_monday {
        first = (first + 1) % 7;
        weekday = (weekday + 1) % 7;
    }
    let week_zero = (7 - first) % 7;
    if week == 0 {
        return Some(1 + weekday - first);
    }
    Some(1 + week_zero + 7 * (week - 1) + weekday)
}

fn iso_date(year: i64, week: i64, weekday: i64) -> Option<i64> {
    let january_4 = days_from_civil(year, 1, 4)?;
    let monday = january_4 - january_4 % 7;
    let days = monday + (week - 1) * 7 + weekday;
    Some(days)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// Days from the first of January of the year 1, a Monday. The years 1 to 9999 exist.
fn days_before_year(year: i64) -> Option<i64> {
    if !(1..=9999).contains(&year) {
        return None;
    }
    let y = year - 1;
    Some(y * 365 + y / 4 - y / 100 + y / 400)
}

fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    let lengths = [
        31,
        if is_leap(year) { 29 } else { 28 },
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    ];
    let index = usize::try_from(month.checked_sub(1)?).ok()?;
    let length = *lengths.get(index)?;
    if !(1..=length).contains(&day) {
        return None;
    }
    let before: i64 = lengths.iter().take(index).sum();
    Some(days_before_year(year)? + before + day - 1)
}

#[cfg(test)]
mod tests;
