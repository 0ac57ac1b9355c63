//! Differences of dates: `day_diff` and `date_diff_in_days|hours|minutes|seconds`.

use super::strptime::{Moment, parse};
use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, template_error};
use crate::value::Value;

/// The unit of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Unit {
    Days,
    Hours,
    Minutes,
    Seconds,
}

impl Unit {
    pub(super) fn function(self) -> &'static str {
        match self {
            Self::Days => "date_diff_in_days",
            Self::Hours => "date_diff_in_hours",
            Self::Minutes => "date_diff_in_minutes",
            Self::Seconds => "date_diff_in_seconds",
        }
    }

    fn microseconds(self) -> i64 {
        let seconds = match self {
            Self::Days => 86_400,
            Self::Hours => 3600,
            Self::Minutes => 60,
            Self::Seconds => 1,
        };
        seconds * 1_000_000
    }

    fn default_format(self) -> &'static str {
        match self {
            Self::Days => "%Y-%m-%d",
            _ => "%Y-%m-%d %H:%M:%S",
        }
    }

    fn error(self) -> String {
        let function = match self {
            Self::Days => {
                return "invalid date format in function `date_diff_in_days`, \
                        it must be ISO format date YYYY-MM-DD, e.g. 2018-09-26"
                    .to_owned();
            }
            // The reference names the wrong function for minutes.
            Self::Minutes => Self::Seconds.function(),
            _ => self.function(),
        };
        format!(
            "invalid date_format in function `{function}`, defaults to YYYY-MM-DD hh:mm:ss. \
             Or %Y-%m-%d %H:%M:%S [.ssssss]Z, \
             e.g. ms: 2022-12-19T18:42:22.591Z s:2022-12-19T18:42:22Z"
        )
    }

    fn signature(self) -> Signature {
        Signature {
            name: self.function(),
            params: &[
                "d0",
                "d1",
                "date_format",
                "default",
                "backup_date_format",
                "none_if_error",
            ],
            required: 2,
        }
    }
}

const DAY_DIFF: Signature = Signature {
    name: "day_diff",
    params: &["d0", "d1", "default"],
    required: 2,
};

impl Evaluator<'_> {
    pub(super) fn day_diff(&mut self, args: Args) -> Eval<Value> {
        let [d0, d1, default] = DAY_DIFF.bind(args)?;
        let (d0, d1) = (d0.unwrap_or_default(), d1.unwrap_or_default());
        if has_placeholder(&d0, &d1) {
            // The reference drops the default here.
            drop(default);
            return Ok(Value::Int(0));
        }
        let format = Value::str(Unit::Days.default_format());
        match self.difference(Unit::Days, (&d0, &d1), &format, &Value::None)? {
            Some(days) => Ok(Value::Int(days)),
            None => template_error(
                "invalid date format in function `day_diff`, \
                 it must be ISO format date YYYY-MM-DD, e.g. 2018-09-26. \
                 For other fotmats, try `date_diff_in_days`",
            ),
        }
    }

    pub(super) fn date_diff(&mut self, unit: Unit, args: Args) -> Eval<Value> {
        let [d0, d1, format, default, backup, none_if_error] = unit.signature().bind(args)?;
        let (d0, d1) = (d0.unwrap_or_default(), d1.unwrap_or_default());
        if has_placeholder(&d0, &d1) {
            return Ok(default.filter(Value::truth).unwrap_or(Value::Int(0)));
        }
        let format = format.unwrap_or_else(|| Value::str(unit.default_format()));
        let backup = backup.unwrap_or_default();
        match self.difference(unit, (&d0, &d1), &format, &backup)? {
            Some(difference) => Ok(Value::Int(difference)),
            None if none_if_error.is_some_and(|v| v.truth()) => Ok(Value::None),
            None => template_error(unit.error()),
        }
    }

    /// Returns the absolute difference in whole units, or `None` when a date cannot be read.
    fn difference(
        &mut self,
        unit: Unit,
        dates: (&Value, &Value),
        format: &Value,
        backup: &Value,
    ) -> Eval<Option<i64>> {
        self.charge(dates.0.size() + dates.1.size() + format.size())?;
        let read = |date: &Value| {
            let text = date.as_str()?;
            let first = format.as_str().and_then(|format| parse(text, format));
            first.or_else(|| parse(text, backup.as_str()?))
        };
        let (Some(a), Some(b)) = (read(dates.0), read(dates.1)) else {
            return Ok(None);
        };
        Ok(distance(&a, &b).map(|microseconds| microseconds / unit.microseconds()))
    }
}

/// Returns the distance in microseconds; a moment with a time zone has none to one without.
fn distance(a: &Moment, b: &Moment) -> Option<i64> {
    let difference = match (a.offset, b.offset) {
        (None, None) => a.microseconds - b.microseconds,
        (Some(x), Some(y)) => (a.microseconds - x) - (b.microseconds - y),
        _ => return None,
    };
    Some(difference.abs())
}

fn has_placeholder(a: &Value, b: &Value) -> bool {
    [a, b].iter().any(|v| matches!(v, Value::Placeholder(_)))
}

#[cfg(test)]
mod tests;
