//! Exceptions of the engine: from its text `Code: N. DB::Exception: message (NAME)` to fields, and
//! to the HTTP status that a ClickHouse server answers with.

/// An error that the engine reported for a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exception {
    /// The engine's numeric error code.
    pub(crate) code: i32,
    /// The name of the code, such as `UNKNOWN_TABLE`; empty when the text has none.
    pub(crate) name: String,
    /// The text without the code, the name and the version.
    pub(crate) message: String,
}

/// Codes that this crate gives itself; the numbers and names are ClickHouse's own.
pub(crate) mod code {
    pub(crate) const BAD_ARGUMENTS: i32 = 36;
    pub(crate) const UNEXPECTED_END_OF_FILE: i32 = 4;
    pub(crate) const SYNTAX_ERROR: i32 = 62;
    pub(crate) const UNKNOWN_SETTING: i32 = 115;
    pub(crate) const TIMEOUT_EXCEEDED: i32 = 159;
    pub(crate) const QUERY_IS_TOO_LARGE: i32 = 163;
    pub(crate) const READONLY: i32 = 164;
    pub(crate) const TOO_MANY_SIMULTANEOUS_QUERIES: i32 = 202;
    pub(crate) const MEMORY_LIMIT_EXCEEDED: i32 = 241;
    pub(crate) const QUERY_WAS_CANCELLED: i32 = 394;
    pub(crate) const TOO_MANY_ROWS_OR_BYTES: i32 = 396;
    pub(crate) const ACCESS_DENIED: i32 = 497;
    pub(crate) const UNKNOWN_ROLE: i32 = 511;
    pub(crate) const UNKNOWN_EXCEPTION: i32 = 1002;
}

const PREFIX: &str = "DB::Exception: ";

impl Exception {
    /// Returns an exception of our own, with the code of the closest one of ClickHouse.
    pub(crate) fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            name: name_of(code).to_owned(),
            message: message.into(),
        }
    }

    /// Reads the text of an exception. Text of another shape becomes the message as it is.
    pub(crate) fn parse(text: &str) -> Self {
        let mut code = code::UNKNOWN_EXCEPTION;
        let mut rest = text.trim();
        // A rethrown exception carries the prefix twice; the outermost code counts.
        while let Some((number, inner)) = split_prefix(rest) {
            if code == code::UNKNOWN_EXCEPTION {
                code = number;
            }
            rest = inner;
        }
        let mut name = "";
        loop {
            let trimmed = rest.trim_end_matches(['.', ' ', '\n']);
            let Some((before, inner)) = trimmed.strip_suffix(')').and_then(|t| t.rsplit_once(" ("))
            else {
                break;
            };
            if is_code_name(inner) {
                name = if name.is_empty() { inner } else { name };
            } else if !inner.starts_with("version ") && inner != "official build" {
                break;
            }
            rest = before;
        }
        Self {
            code,
            name: name.to_owned(),
            message: rest.trim_end_matches(['.', ' ', '\n']).to_owned(),
        }
    }

    /// Returns the text in the engine's own shape, which [`Exception::parse`] reads back.
    pub(crate) fn text(&self) -> String {
        let Self {
            code,
            name,
            message,
        } = self;
        format!("Code: {code}. {PREFIX}{message}. ({name})")
    }

    /// Returns the HTTP status that a ClickHouse server sends for the code.
    pub(crate) fn http_status(&self) -> u16 {
        match self.code {
            // Parsing of data and of SQL, duplicate and unknown columns, types, values.
            6
            | 25
            | 26
            | 27
            | 32
            | 38
            | 41
            | 43
            | 44
            | 47
            | 53
            | 62
            | 69
            | 72
            | 117
            | 190
            | 376
            | 441
            | 675
            | 676
            | code::BAD_ARGUMENTS => 400,
            code::ACCESS_DENIED => 403,
            // Unknown table, function, type, storage, database, setting, format, role and so on.
            46 | 50 | 56 | 60 | 63 | 73 | 79 | 81 | code::UNKNOWN_SETTING | code::UNKNOWN_ROLE => {
                404
            }
            code::TIMEOUT_EXCEEDED => 408,
            code::QUERY_IS_TOO_LARGE => 413,
            48 => 501,
            code::TOO_MANY_SIMULTANEOUS_QUERIES => 503,
            _ => 500,
        }
    }
}

fn split_prefix(text: &str) -> Option<(i32, &str)> {
    let (number, rest) = text.strip_prefix("Code: ")?.split_once(". ")?;
    Some((number.parse().ok()?, rest.strip_prefix(PREFIX)?))
}

fn is_code_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    text.len() > 3 && text.bytes().all(allowed)
}

fn name_of(code: i32) -> &'static str {
    match code {
        code::UNEXPECTED_END_OF_FILE => "UNEXPECTED_END_OF_FILE",
        code::BAD_ARGUMENTS => "BAD_ARGUMENTS",
        code::SYNTAX_ERROR => "SYNTAX_ERROR",
        code::UNKNOWN_SETTING => "UNKNOWN_SETTING",
        code::TIMEOUT_EXCEEDED => "TIMEOUT_EXCEEDED",
        code::QUERY_IS_TOO_LARGE => "QUERY_IS_TOO_LARGE",
        code::READONLY => "READONLY",
        code::TOO_MANY_SIMULTANEOUS_QUERIES => "TOO_MANY_SIMULTANEOUS_QUERIES",
        code::MEMORY_LIMIT_EXCEEDED => "MEMORY_LIMIT_EXCEEDED",
        code::QUERY_WAS_CANCELLED => "QUERY_WAS_CANCELLED",
        code::TOO_MANY_ROWS_OR_BYTES => "TOO_MANY_ROWS_OR_BYTES",
        code::ACCESS_DENIED => "ACCESS_DENIED",
        code::UNKNOWN_ROLE => "UNKNOWN_ROLE",
        _ => "UNKNOWN_EXCEPTION",
    }
}

#[cfg(test)]
mod tests;
