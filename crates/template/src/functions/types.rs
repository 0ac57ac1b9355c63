//! The types of parameters: which text each accepts and what it becomes.

use crate::eval::Evaluator;
use crate::eval::exception::Eval;
use crate::lexer::is_python_space;
use crate::value::float::parse_float;
use crate::value::unicode::decimal_digit;
use crate::value::{Int, Value};

/// A type that one value can be declared to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ScalarType {
    /// A signed integer of this many bits.
    Int(u16),
    /// An unsigned integer of this many bits.
    UInt(u16),
    /// `Int` and `Integer`: 32 bits, printed without a conversion.
    PlainInt,
    Float32,
    Float64,
    String,
    Date,
    DateTime,
    DateTime64,
}

/// Most digits of an integer after leading zeros.
const DIGITS_MAX: usize = 78;

impl ScalarType {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "Int8" => Self::Int(8),
            "Int16" => Self::Int(16),
            "Int32" => Self::Int(32),
            "Int64" => Self::Int(64),
            "Int128" => Self::Int(128),
            "Int256" => Self::Int(256),
            "UInt8" => Self::UInt(8),
            "UInt16" => Self::UInt(16),
            "UInt32" => Self::UInt(32),
            "UInt64" => Self::UInt(64),
            "UInt128" => Self::UInt(128),
            "UInt256" => Self::UInt(256),
            "Int" | "Integer" => Self::PlainInt,
            "Float32" => Self::Float32,
            "Float64" => Self::Float64,
            "String" => Self::String,
            "Date" => Self::Date,
            "DateTime" => Self::DateTime,
            "DateTime64" => Self::DateTime64,
            _ => return None,
        })
    }

    /// Returns the name of the type in messages.
    pub(crate) fn name(self) -> &'static str {
        // Dropping `to` from the conversion gives the name.
        self.conversion().get(2..).unwrap_or_default()
    }

    /// Returns the SQL function that a value of this type is printed with.
    pub(crate) fn conversion(self) -> &'static str {
        match self {
            Self::Int(8) => "toInt8",
            Self::Int(16) => "toInt16",
            Self::Int(64) => "toInt64",
            Self::Int(128) => "toInt128",
            Self::Int(256) => "toInt256",
            Self::Int(_) | Self::PlainInt => "toInt32",
            Self::UInt(8) => "toUInt8",
            Self::UInt(16) => "toUInt16",
            Self::UInt(64) => "toUInt64",
            Self::UInt(128) => "toUInt128",
            Self::UInt(256) => "toUInt256",
            Self::UInt(_) => "toUInt32",
            Self::Float32 => "toFloat32",
            Self::Float64 => "toFloat64",
            Self::String => "toString",
            Self::Date => "toDate",
            Self::DateTime => "toDateTime",
            Self::DateTime64 => "toDateTime64",
        }
    }

    /// Validates and converts a text.
    pub(crate) fn convert(self, text: &str) -> Option<Value> {
        match self {
            Self::Int(bits) => {
                let int = self.integer(text, bits, true)?;
                Some(Value::TypedInt(self, int))
            }
            Self::UInt(bits) => {
                let int = self.integer(text, bits, false)?;
                Some(Value::TypedInt(self, int))
            }
            Self::PlainInt => self.integer(text, 32, true).map(Value::from),
            Self::Float32 | Self::Float64 => {
                let x = if text.contains('_') {
                    None
                } else {
                    parse_float(text)
                };
                x.map(|x| Value::TypedFloat(self, x))
            }
            Self::String => Some(Value::str(text)),
            Self::Date => is_date(text).then(|| Value::str(text)),
            Self::DateTime => is_date_time(text, false).then(|| Value::str(text)),
            Self::DateTime64 => is_date_time(text, true).then(|| Value::str(text)),
        }
    }

    fn integer(self, text: &str, bits: u16, is_signed: bool) -> Option<Int> {
        let text = text.strip_suffix('\n').unwrap_or(text);
        // The two largest unsigned types are checked by another rule, which allows a sign.
        let allows_sign = is_signed || bits > 64;
        let (sign, digits) = match text.strip_prefix(['+', '-']) {
            Some(digits) if allows_sign => (text.get(..1).unwrap_or_default(), digits),
            Some(_) => return None,
            None => ("", text),
        };
        let mut ascii = String::from(if sign == "-" { "-" } else { "" });
        for c in digits.chars() {
            ascii.push(char::from_digit(decimal_digit(c)?, 10)?);
        }
        let significant = ascii.trim_start_matches('-').trim_start_matches('0');
        if digits.is_empty() || significant.len() > DIGITS_MAX {
            return None;
        }
        let int = Int::parse(&ascii, 10)?;
        let bits = u64::from(bits);
        let fits = match (is_signed, int.is_negative()) {
            (true, true) => int.neg().sub(&Int::Small(1)).bits() < bits,
            (true, false) => int.bits() < bits,
            (false, true) => false,
            (false, false) => int.bits() <= bits,
        };
        fits.then_some(int)
    }

    /// Returns the text of a placeholder of this type, for check mode.
    pub(crate) fn placeholder(self) -> Value {
        match self {
            Self::Int(_) | Self::UInt(_) => Value::TypedInt(self, Int::Small(0)),
            Self::PlainInt => Value::Int(0),
            Self::Float32 | Self::Float64 => Value::TypedFloat(self, 0.0),
            Self::String => Value::str("__no_value__"),
            Self::Date => Value::str("2019-01-01"),
            Self::DateTime => Value::str("2019-01-01 00:00:00"),
            Self::DateTime64 => Value::str("2019-01-01 00:00:00.000"),
        }
    }
}

impl Evaluator<'_> {
    /// Returns `str(value)` without the copy when it is a string.
    pub(crate) fn text_of(&mut self, value: &Value) -> Eval<std::sync::Arc<str>> {
        match value.as_str() {
            Some(text) => Ok(std::sync::Arc::clone(text)),
            None => self.str_of(value).map(Into::into),
        }
    }
}

/// Walks over a text and checks one class of characters after the other.
struct Scanner<'t>(std::str::Chars<'t>);

impl Scanner<'_> {
    fn one(&mut self, accepts: impl Fn(char) -> bool) -> Option<()> {
        self.0.next().filter(|c| accepts(*c)).map(|_| ())
    }

    fn digits(&mut self, count: usize) -> Option<()> {
        (0..count).try_for_each(|_| self.one(is_digit))
    }

    fn any(&mut self) -> Option<()> {
        self.one(|c| c != '\n')
    }

    /// Reads a digit, and a second one if it is there.
    fn one_or_two_digits(&mut self) -> Option<()> {
        self.digits(1)?;
        let mut ahead = self.0.clone();
        if ahead.next().is_some_and(is_digit) {
            self.0 = ahead;
        }
        Some(())
    }
}

fn is_digit(c: char) -> bool {
    decimal_digit(c).is_some()
}

fn is_date(text: &str) -> bool {
    let text = text.strip_suffix('\n').unwrap_or(text);
    let mut scanner = Scanner(text.chars());
    let mut check = || {
        scanner.digits(4)?;
        scanner.one(|c| c == '-')?;
        scanner.digits(2)?;
        scanner.one(|c| c == '-')?;
        scanner.digits(2)
    };
    check().is_some() && scanner.0.next().is_none()
}

/// Only the beginning of the text is checked; whatever follows is kept.
fn is_date_time(text: &str, has_fraction: bool) -> bool {
    let year_first = |mut s: Scanner<'_>| {
        s.digits(4)?;
        s.any()?;
        s.digits(2)?;
        s.any()?;
        s.digits(2)?;
        s.one(|c| c == 'T' || is_python_space(c))?;
        s.digits(2)?;
        s.one(|c| c == ':')?;
        s.digits(2)?;
        s.one(|c| c == ':')?;
        s.digits(2)?;
        if has_fraction {
            s.one(|c| c == '.')?;
            s.digits(3)?;
        }
        Some(())
    };
    let day_first = |mut s: Scanner<'_>| {
        s.digits(2)?;
        s.any()?;
        s.digits(2)?;
        s.any()?;
        s.digits(4)?;
        s.any()?;
        s.one_or_two_digits()?;
        s.one(|c| c == ':')?;
        s.one_or_two_digits()?;
        s.one(|c| c == ':')?;
        s.one_or_two_digits()?;
        if has_fraction {
            s.one(|c| c == '.')?;
            s.digits(1)?;
        }
        Some(())
    };
    year_first(Scanner(text.chars())).is_some() || day_first(Scanner(text.chars())).is_some()
}

#[cfg(test)]
mod tests;
