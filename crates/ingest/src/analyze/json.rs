//! Columns of JSON rows: objects are taken apart, arrays are arrays of what they hold.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::guess::{Guess, ValueKind, number_kind, string_kind};
use super::{Analysis, Found, column_name, finish};
use crate::error::DecodeError;
use crate::limits::COLUMNS_MAX;

/// Levels of objects that are taken apart; what is deeper is a text.
const DEPTH_MAX: usize = 8;

/// Columns by their paths.
#[derive(Default)]
struct Columns {
    found: Vec<Found>,
    positions: HashMap<String, usize>,
}

/// Analyzes lines of JSON or one document.
pub(super) fn analyze(head: &[u8]) -> Result<Analysis, DecodeError> {
    let objects = objects(head)?;
    let mut columns = Columns::default();
    let mut rows: Vec<HashMap<usize, Value>> = Vec::new();
    for object in &objects {
        let mut row = HashMap::new();
        columns.object(object, "$", 0, &mut row);
        for position in row.keys() {
            if let Some(column) = columns.found.get_mut(*position) {
                column.present += 1;
            }
        }
        rows.push(row);
    }
    let mut found = columns.found;
    make_unique(&mut found);
    let width = found.len();
    let rows = rows.into_iter().map(|mut row| {
        let cells = (0..width).map(|at| row.remove(&at).unwrap_or(Value::Null));
        cells.collect()
    });
    Ok(finish(found, rows.collect(), None))
}

/// Returns the rows; the last line may be cut.
fn objects(head: &[u8]) -> Result<Vec<Map<String, Value>>, DecodeError> {
    let mut found = Vec::new();
    let mut problem = None;
    let mut take = |value: Value| match value {
        Value::Object(object) => found.push(object),
        Value::Array(elements) => {
            let objects = elements.into_iter().filter_map(|element| match element {
                Value::Object(object) => Some(object),
                _ => None,
            });
            found.extend(objects);
        }
        _ => {}
    };
    // One value after the other, whatever blanks are between them.
    let mut values = serde_json::Deserializer::from_slice(head).into_iter::<Value>();
    for value in values.by_ref() {
        match value {
            Ok(value) => take(value),
            Err(error) => {
                problem = Some((error.line() as u64, error.to_string()));
                break;
            }
        }
    }
    match problem {
        Some((line, problem)) if found.is_empty() => Err(DecodeError::NotJson { line, problem }),
        None if found.is_empty() => Err(DecodeError::NotJson {
            line: 1,
            problem: "neither an object nor an array of objects".to_owned(),
        }),
        _ => Ok(found),
    }
}

impl Columns {
    fn object(
        &mut self,
        object: &Map<String, Value>,
        path: &str,
        depth: usize,
        row: &mut HashMap<usize, Value>,
    ) {
        for (key, value) in object {
            self.value(value, &key_path(path, key), depth, row);
        }
    }

    fn value(&mut self, value: &Value, path: &str, depth: usize, row: &mut HashMap<usize, Value>) {
        match value {
            Value::Object(object) if depth < DEPTH_MAX && !object.is_empty() => {
                self.object(object, path, depth + 1, row);
            }
            Value::Array(elements) => self.array(elements, path, row),
            value => {
                let Some(at) = self.position(path) else {
                    return;
                };
                if let Some(kind) = kind(value) {
                    self.add(at, kind);
                    row.insert(at, value.clone());
                }
            }
        }
    }

    /// An array of scalars is one column; objects in it are taken apart once.
    fn array(&mut self, elements: &[Value], path: &str, row: &mut HashMap<usize, Value>) {
        let has_objects = elements.iter().any(Value::is_object);
        if !has_objects {
            self.elements(elements.iter(), &format!("{path}[:]"), row);
            return;
        }
        let mut keys: Vec<&String> = Vec::new();
        for object in elements.iter().filter_map(Value::as_object) {
            for key in object.keys() {
                if !keys.contains(&key) {
                    keys.push(key);
                }
            }
        }
        for key in keys {
            let values = elements
                .iter()
                .map(|element| element.get(key).unwrap_or(&Value::Null));
            self.elements(values, &key_path(&format!("{path}[:]"), key), row);
        }
    }

    fn elements<'v>(
        &mut self,
        elements: impl Iterator<Item = &'v Value>,
        path: &str,
        row: &mut HashMap<usize, Value>,
    ) {
        let Some(at) = self.position(path) else {
            return;
        };
        let mut values = Vec::new();
        for element in elements {
            if let Some(kind) = kind(element) {
                self.add(at, kind);
            }
            values.push(element.clone());
        }
        if let Some(column) = self.found.get_mut(at) {
            column.guess.add_array();
        }
        row.insert(at, Value::Array(values));
    }

    fn add(&mut self, at: usize, kind: ValueKind) {
        if let Some(column) = self.found.get_mut(at) {
            column.guess.add(kind);
        }
    }

    /// Returns the position of a column, a new one when there is none of this path.
    fn position(&mut self, path: &str) -> Option<usize> {
        if let Some(at) = self.positions.get(path) {
            return Some(*at);
        }
        if self.found.len() >= COLUMNS_MAX {
            return None;
        }
        let at = self.found.len();
        let name = path.trim_start_matches("$.").replace("[:]", "");
        self.found.push(Found {
            name: column_name(&name.replace("['", ".").replace("']", "")),
            path: Some(path.to_owned()),
            guess: Guess::default(),
            present: 0,
        });
        self.positions.insert(path.to_owned(), at);
        Some(at)
    }
}

/// Returns the path of a key below another path.
pub(super) fn key_path(path: &str, key: &str) -> String {
    let is_plain = !key.is_empty()
        && key
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if is_plain {
        format!("{path}.{key}")
    } else {
        format!("{path}.['{key}']")
    }
}

/// Returns what a value is, nothing for null.
fn kind(value: &Value) -> Option<ValueKind> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some(ValueKind::Bool),
        Value::Number(number) => Some(number_kind(&number.to_string()).unwrap_or(ValueKind::Float)),
        Value::String(text) => Some(string_kind(text)),
        Value::Array(_) | Value::Object(_) => Some(ValueKind::Text),
    }
}

/// Gives columns of the same name a number.
pub(super) fn make_unique(columns: &mut [Found]) {
    let mut seen = HashSet::new();
    for column in columns {
        let name = column.name.clone();
        let mut number = 2;
        while !seen.insert(column.name.clone()) {
            column.name = format!("{name}_{number}");
            number += 1;
        }
    }
}
