//! The narrowest type that fits all values of a column.

/// What one value could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ValueKind {
    Bool,
    /// Bits that a signed number needs: 16, 32, 64, 128 or 256.
    Int(u16),
    Float,
    Date,
    DateTime,
    /// With a fraction of seconds.
    DateTime64,
    Uuid,
    Text,
}

/// What all values of a column together could be.
#[derive(Debug, Clone, Default)]
pub(super) struct Guess {
    kind: Option<ValueKind>,
    is_array: bool,
}

impl ValueKind {
    pub(super) fn is_text(self) -> bool {
        self == Self::Text
    }

    /// Returns the kind that holds values of both.
    fn with(self, other: Self) -> Self {
        use ValueKind::{Date, DateTime, DateTime64, Float, Int, Text};
        match (self, other) {
            (Int(left), Int(right)) => Int(left.max(right)),
            (Int(_) | Float, Int(_) | Float) => Float,
            (left, right) if left == right => left,
            (Date | DateTime, Date | DateTime) => DateTime,
            (Date | DateTime | DateTime64, Date | DateTime | DateTime64) => DateTime64,
            _ => Text,
        }
    }
}

impl Guess {
    /// Takes a value into account.
    pub(super) fn add(&mut self, kind: ValueKind) {
        self.kind = Some(self.kind.map_or(kind, |known| known.with(kind)));
    }

    /// Takes into account that the values are in an array.
    pub(super) fn add_array(&mut self) {
        self.is_array = true;
    }

    /// Returns the type; nullable unless every row has a value.
    pub(super) fn data_type(&self, is_always: bool) -> String {
        let name = match self.kind {
            None | Some(ValueKind::Text) => "String".to_owned(),
            Some(ValueKind::Bool) => "Bool".to_owned(),
            Some(ValueKind::Int(bits)) => format!("Int{bits}"),
            Some(ValueKind::Float) => "Float64".to_owned(),
            Some(ValueKind::Date) => "Date".to_owned(),
            Some(ValueKind::DateTime) => "DateTime".to_owned(),
            Some(ValueKind::DateTime64) => "DateTime64(3)".to_owned(),
            Some(ValueKind::Uuid) => "UUID".to_owned(),
        };
        if self.is_array {
            format!("Array({name})")
        } else if is_always {
            name
        } else {
            format!("Nullable({name})")
        }
    }
}

/// Returns what a text could be in delimited text.
pub(super) fn text_kind(text: &str) -> ValueKind {
    if matches!(text, "true" | "false" | "True" | "False" | "TRUE" | "FALSE") {
        return ValueKind::Bool;
    }
    number_kind(text).unwrap_or_else(|| string_kind(text))
}

/// Returns what a number is.
pub(super) fn number_kind(text: &str) -> Option<ValueKind> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || digits.starts_with('+') {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // A leading zero is that of a code, which a number would lose.
        if digits.len() > 1 && digits.starts_with('0') {
            return None;
        }
        return Some(match text.parse::<i128>() {
            Ok(number) if i16::try_from(number).is_ok() => ValueKind::Int(16),
            Ok(number) if i32::try_from(number).is_ok() => ValueKind::Int(32),
            Ok(number) if i64::try_from(number).is_ok() => ValueKind::Int(64),
            Ok(_) => ValueKind::Int(128),
            Err(_) if digits.len() < 77 => ValueKind::Int(256),
            Err(_) => return None,
        });
    }
    let is_float = digits
        .bytes()
        .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'e' | b'E' | b'+' | b'-'));
    let is_float = is_float && digits.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    (is_float && text.parse::<f64>().is_ok_and(f64::is_finite)).then_some(ValueKind::Float)
}

/// Returns what a string could be.
pub(super) fn string_kind(text: &str) -> ValueKind {
    let bytes = text.as_bytes();
    let is_date = |text: &str| text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok();
    if is_date(text) {
        return ValueKind::Date;
    }
    if let Some((date, rest)) = text.get(..10).zip(text.get(10..)) {
        let is_time = is_date(date)
            && rest.starts_with([' ', 'T'])
            && (text.parse::<jiff::civil::DateTime>().is_ok()
                || text.parse::<jiff::Timestamp>().is_ok());
        if is_time {
            return match rest.contains('.') {
                true => ValueKind::DateTime64,
                false => ValueKind::DateTime,
            };
        }
    }
    if bytes.len() == 36 && uuid::Uuid::try_parse(text).is_ok() {
        return ValueKind::Uuid;
    }
    ValueKind::Text
}
