//! What a `JSON` column takes: the text goes to the engine, so everything that would make the
//! engine refuse the whole block is refused here, for one row.
//!
//! That is: a key twice in one object, two ways to the same path (`{"a.b":1,"a":{"b":2}}`), an
//! integer outside of 64 bits, a number that no float holds, and, for the paths whose type the column
//! declares (`JSON(a.b UInt32)`), a value that is not of that type. Declared types may be numbers,
//! strings and booleans, also `Nullable` and `LowCardinality`.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use birdhouse_sql::DataType;

use super::{Kind, Mismatch, Scalar, string};
use crate::json::Json;
use crate::native::Builder;

const TWICE: Mismatch = Mismatch::new("a path occurs twice");

/// The declared paths of a `JSON` column.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ObjectRules {
    types: HashMap<String, Kind>,
}

impl ObjectRules {
    /// Reads the arguments of the type; nothing when a declared type is not supported.
    pub(super) fn new(arguments: Option<&str>) -> Option<Self> {
        let mut types = HashMap::new();
        for argument in split(arguments.unwrap_or_default()) {
            if argument.contains('=') || argument.starts_with("SKIP ") {
                continue;
            }
            let (path, type_name) = split_path(argument)?;
            let kind = Kind::new(&DataType::parse(type_name.trim()).ok()?).ok()?;
            let (Kind::Scalar(scalar) | Kind::Nullable(scalar)) = &kind else {
                return None;
            };
            let supported = [
                Scalar::Float32,
                Scalar::Float64,
                Scalar::String,
                Scalar::Bool,
            ];
            if !(supported.contains(scalar) || matches!(scalar, Scalar::Int { bytes: ..=8, .. })) {
                return None;
            }
            types.insert(path.replace('`', ""), kind);
        }
        Some(Self { types })
    }

    pub(super) fn write_json(&self, value: Json<'_>, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        match value {
            Json::Object(text) => {
                self.check(value)?;
                string::write(text, out);
                Ok(())
            }
            Json::String(text) => self.write_text(&text.decode(), out),
            _ => Err(Mismatch::new("not an object")),
        }
    }

    pub(super) fn write_text(&self, text: &str, out: &mut Vec<u8>) -> Result<(), Mismatch> {
        match Json::parse(text) {
            Ok(value @ Json::Object(_)) => self.write_json(value, out),
            _ => Err(Mismatch::new("not an object")),
        }
    }

    fn check(&self, object: Json<'_>) -> Result<(), Mismatch> {
        let mut walk = Walk {
            types: &self.types,
            path: String::new(),
            leaves: HashSet::new(),
        };
        walk.object(object)
    }
}

/// One pass over an object and the objects inside of it, but not those inside of its arrays.
struct Walk<'r> {
    types: &'r HashMap<String, Kind>,
    path: String,
    leaves: HashSet<String>,
}

impl Walk<'_> {
    fn object(&mut self, object: Json<'_>) -> Result<(), Mismatch> {
        let mut keys: HashSet<Cow<'_, str>> = HashSet::new();
        let parent_len = self.path.len();
        for (key, value) in object.fields() {
            let key = key.decode();
            if parent_len > 0 {
                self.path.push('.');
            }
            self.path.push_str(&key);
            if !keys.insert(key) {
                return Err(TWICE);
            }
            match value {
                Json::Object(_) if !self.types.contains_key(&self.path) => self.object(value)?,
                _ => self.leaf(value)?,
            }
            self.path.truncate(parent_len);
        }
        Ok(())
    }

    fn leaf(&mut self, value: Json<'_>) -> Result<(), Mismatch> {
        check_value(value)?;
        if let Some(kind) = self.types.get(&self.path) {
            Builder::new(kind).push_json(value)?;
        }
        if !self.leaves.insert(self.path.clone()) {
            return Err(TWICE);
        }
        Ok(())
    }
}

/// Checks numbers, and objects in arrays.
fn check_value(value: Json<'_>) -> Result<(), Mismatch> {
    match value {
        Json::Array(_) => value.elements().try_for_each(check_value),
        Json::Object(_) => ObjectRules::default().check(value),
        Json::Number(text) => check_number(text),
        _ => Ok(()),
    }
}

fn check_number(text: &str) -> Result<(), Mismatch> {
    let fits = if text.contains(['.', 'e', 'E']) {
        text.parse::<f64>().is_ok_and(f64::is_finite)
    } else {
        text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
    };
    if fits { Ok(()) } else { Err(Mismatch::RANGE) }
}

/// Splits a declared path from its type, at the first blank outside of backticks.
fn split_path(argument: &str) -> Option<(&str, &str)> {
    let mut quoted = false;
    argument.split_once(|character: char| {
        quoted ^= character == '`';
        character.is_whitespace() && !quoted
    })
}

/// Splits arguments at commas outside of parentheses, without blanks at their ends.
fn split(arguments: &str) -> impl Iterator<Item = &str> {
    let mut depth = 0_u32;
    arguments
        .split(move |character| {
            match character {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            character == ',' && depth == 0
        })
        .map(str::trim)
        .filter(|argument| !argument.is_empty())
}
