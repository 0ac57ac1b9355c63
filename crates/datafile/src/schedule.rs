//! Schedules of copies and sinks: `@on-demand` or a cron expression.
//!
//! Cron: five fields (minute, hour, day of month, month, day of week), or six with seconds last;
//! each is a list of `*`, values and ranges with an optional `/step`; months and days also by their
//! English short names. Or one of the words such as `@hourly`.

/// When a copy or a sink runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Schedule {
    /// Only when asked.
    OnDemand,
    /// By a cron expression or a word such as `@daily`.
    Cron(String),
}

const WORDS: &[&str] = &[
    "@hourly",
    "@daily",
    "@midnight",
    "@weekly",
    "@monthly",
    "@yearly",
    "@annually",
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

impl Schedule {
    /// Reads a schedule; an empty one means on demand.
    pub fn parse(text: &str) -> Option<Self> {
        if text.is_empty() || text == "@on-demand" {
            return Some(Self::OnDemand);
        }
        let fields: Vec<&str> = text.split_whitespace().collect();
        let is_word = WORDS.iter().any(|word| text.eq_ignore_ascii_case(word));
        let is_cron = (5..=6).contains(&fields.len())
            && fields
                .iter()
                .zip(FIELDS)
                .all(|(field, (min, max, names))| is_field(field, min, max, names));
        (is_word || is_cron).then(|| Self::Cron(text.to_owned()))
    }
}

fn is_field(field: &str, min: u32, max: u32, names: &[&str]) -> bool {
    field.split(',').all(|item| is_item(item, min, max, names))
}

fn is_item(item: &str, min: u32, max: u32, names: &[&str]) -> bool {
    let (range, step) = item
        .split_once('/')
        .map_or((item, None), |(range, step)| (range, Some(step)));
    if step.is_some_and(|step| step.parse::<u32>().map_or(true, |step| step == 0)) {
        return false;
    }
    if range == "*" || range == "?" {
        return true;
    }
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
    match range.split_once('-') {
        Some((from, to)) => value(from).is_some() && value(to).is_some(),
        None => value(range).is_some() || (max == 31 && range.eq_ignore_ascii_case("l")),
    }
}

#[cfg(test)]
mod tests;
