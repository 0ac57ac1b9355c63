//! Values from and to JSON.

use std::sync::Arc;

use indexmap::IndexMap;
use serde_json::Value as Json;

use super::{DictItems, Int, Key, Value};
use crate::json::JsonValue;

impl Value {
    /// Converts a request parameter or parsed JSON.
    pub(crate) fn from_json(json: &JsonValue) -> Self {
        match json {
            JsonValue::Null => Self::None,
            JsonValue::Bool(b) => Self::Bool(*b),
            JsonValue::Int(int) => int.clone().into(),
            JsonValue::Float(x) => Self::Float(*x),
            JsonValue::Str(text) => Self::Str(Arc::clone(text)),
            JsonValue::Array(items) => Self::list(items.iter().map(Self::from_json).collect()),
            JsonValue::Object(items) => {
                let mut dict: DictItems = IndexMap::with_capacity(items.len());
                for (name, value) in items {
                    let entry = (Self::Str(Arc::clone(name)), Self::from_json(value));
                    dict.insert(Key::Str(Arc::clone(name)), entry);
                }
                Self::dict(dict)
            }
        }
    }

    /// Converts the value given to `custom_error()`; what JSON lacks becomes text.
    ///
    /// `None` when the value is nested too deeply.
    pub(crate) fn to_json(&self) -> Option<Json> {
        self.to_json_at(0)
    }

    fn to_json_at(&self, depth: u32) -> Option<Json> {
        if depth > crate::limits::VALUE_DEPTH_MAX {
            return None;
        }
        let array = |items: &[Value]| {
            let items = items.iter().map(|v| v.to_json_at(depth + 1));
            items.collect::<Option<Vec<_>>>().map(Json::Array)
        };
        match self {
            Self::None => Some(Json::Null),
            Self::Bool(b) => Some(Json::Bool(*b)),
            Self::Str(s) | Self::Raw(s) => Some(Json::String(s.to_string())),
            Self::Float(x) | Self::TypedFloat(_, x) => {
                Some(serde_json::Number::from_f64(*x).map_or(Json::Null, Json::Number))
            }
            Self::List(items) => array(&items.borrow()),
            Self::Tuple(items) => array(items),
            Self::Set(items) | Self::FrozenSet(items) => {
                let mut values = items.borrow().values();
                values.sort_by(|a, b| {
                    let order = super::compare::order(a, b).ok().flatten();
                    order.unwrap_or(std::cmp::Ordering::Equal)
                });
                array(&values)
            }
            Self::Dict(items) => {
                let mut object = serde_json::Map::new();
                for (key, value) in items.borrow().values() {
                    let name = super::repr::to_str(key, usize::MAX).ok()?;
                    object.insert(name, value.to_json_at(depth + 1)?);
                }
                Some(Json::Object(object))
            }
            other => match other.as_int() {
                Some(Int::Small(n)) => Some(Json::from(n)),
                Some(Int::Big(n)) => Some(serde_json::from_str(&n.to_string()).ok()?),
                None => Some(Json::String(super::repr::to_str(other, usize::MAX).ok()?)),
            },
        }
    }
}
