//! Subscripts and slices: reading and assigning elements.

use std::sync::Arc;

use super::Evaluator;
use super::builtins::Builtin;
use super::exception::{Eval, Exception, ExceptionClass, raise, type_error, value_error};
use crate::value::{Int, Range, Value};

impl Evaluator<'_> {
    /// `container[index]`.
    pub(crate) fn get_item(&mut self, container: &Value, index: &Value) -> Eval<Value> {
        match container {
            Value::Dict(dict) => {
                let key = self.key(index)?;
                let found = dict.borrow().get(&key).map(|(_, value)| value.clone());
                found.map_or_else(|| missing_key(index), Ok)
            }
            Value::Placeholder(_) => placeholder_item(index),
            Value::Str(text) | Value::Raw(text) => {
                self.charge(text.len())?;
                self.string_item(text, index)
            }
            Value::List(list) => {
                let items = list.borrow();
                if let Value::Slice(bounds) = index {
                    let picked = self.picked(items.len(), bounds)?;
                    let picked = picked.into_iter().filter_map(|i| items.get(i).cloned());
                    return Ok(Value::list(picked.collect()));
                }
                let at = self.position(index, items.len(), "list")?;
                Ok(items.get(at).cloned().unwrap_or_default())
            }
            Value::Tuple(items) => {
                if let Value::Slice(bounds) = index {
                    let picked = self.picked(items.len(), bounds)?;
                    let picked = picked.into_iter().filter_map(|i| items.get(i).cloned());
                    return Ok(Value::tuple(picked.collect()));
                }
                let at = self.position(index, items.len(), "tuple")?;
                Ok(items.get(at).cloned().unwrap_or_default())
            }
            Value::Range(range) => self.range_item(range, index),
            Value::Bytes(bytes) => {
                if let Value::Slice(bounds) = index {
                    let picked = self.picked(bytes.len(), bounds)?;
                    let picked = picked.into_iter().filter_map(|i| bytes.get(i).copied());
                    return Ok(Value::Bytes(picked.collect()));
                }
                let at = self.position(index, bytes.len(), "index")?;
                Ok(Value::Int(bytes.get(at).copied().map_or(0, i64::from)))
            }
            Value::Builtin(
                class @ (Builtin::List
                | Builtin::Dict
                | Builtin::Tuple
                | Builtin::Set
                | Builtin::FrozenSet),
            ) => {
                // A generic type, such as `list[int]`; nothing can be done with it but print it.
                let index = match index {
                    Value::Builtin(builtin) if builtin.is_class() => builtin.name().to_owned(),
                    other => self.repr_of(other)?,
                };
                Ok(Value::Symbol(format!("{}[{index}]", class.name()).into()))
            }
            Value::Builtin(class) if class.is_class() => {
                type_error(format!("type '{}' is not subscriptable", class.name()))
            }
            other => {
                let class = other.type_name();
                type_error(format!("'{class}' object is not subscriptable"))
            }
        }
    }

    fn string_item(&mut self, text: &Arc<str>, index: &Value) -> Eval<Value> {
        if let Value::Slice(bounds) = index {
            let chars: Vec<char> = text.chars().collect();
            let picked = self.picked(chars.len(), bounds)?;
            let picked: String = picked.into_iter().filter_map(|i| chars.get(i)).collect();
            return Ok(Value::str(picked));
        }
        if index.as_int().is_none() {
            let class = index.type_name();
            return type_error(format!("string indices must be integers, not '{class}'"));
        }
        let at = self.position(index, text.chars().count(), "string")?;
        let c = text.chars().nth(at).unwrap_or_default();
        Ok(Value::str(c.to_string()))
    }

    fn range_item(&mut self, range: &Range, index: &Value) -> Eval<Value> {
        let len = range.len().as_i64().and_then(|n| usize::try_from(n).ok());
        let len = len.unwrap_or(usize::MAX);
        let at = |i: usize| range.start.add(&range.step.mul(&Int::from(i)));
        if let Value::Slice(bounds) = index {
            let picked = self.picked(len.min(self.limits().value_size_max), bounds)?;
            return Ok(Value::list(
                picked.into_iter().map(|i| at(i).into()).collect(),
            ));
        }
        let position = self.position(index, len, "range object")?;
        Ok(at(position).into())
    }

    /// Turns an index into a position, counting negative ones from the end.
    fn position(&self, index: &Value, len: usize, what: &str) -> Eval<usize> {
        let Some(i) = self.index(index) else {
            let class = index.type_name();
            let what = if what == "range object" {
                "range"
            } else {
                what
            };
            return type_error(format!(
                "{what} indices must be integers or slices, not {class}"
            ));
        };
        let len_signed = i64::try_from(len).unwrap_or(i64::MAX);
        let at = if i < 0 {
            i.saturating_add(len_signed)
        } else {
            i
        };
        match usize::try_from(at) {
            Ok(at) if at < len => Ok(at),
            _ => raise(
                ExceptionClass::IndexError,
                format!("{what} index out of range"),
            ),
        }
    }

    /// Returns the positions that a slice picks from `len` elements.
    fn picked(&mut self, len: usize, bounds: &[Value; 3]) -> Eval<Vec<usize>> {
        let [lower, upper, step] = bounds;
        let step = match step {
            Value::None => 1,
            step => self.slice_index(step)?,
        };
        if step == 0 {
            return value_error("slice step cannot be zero");
        }
        let len = i64::try_from(len).unwrap_or(i64::MAX);
        let (first, last) = if step > 0 { (0, len) } else { (-1, len - 1) };
        let bound = |bound: &Value, default: i64| -> Eval<i64> {
            if bound.is_none() {
                return Ok(default);
            }
            let i = self.slice_index(bound)?;
            let i = if i < 0 { i.saturating_add(len) } else { i };
            Ok(i.clamp(first, last))
        };
        let (start, stop) = if step > 0 {
            (bound(lower, 0)?, bound(upper, len)?)
        } else {
            (bound(lower, len - 1)?, bound(upper, -1)?)
        };
        let mut picked = Vec::new();
        let mut at = start;
        while (step > 0 && at < stop) || (step < 0 && at > stop) {
            picked.extend(usize::try_from(at).ok());
            at = at.saturating_add(step);
        }
        self.reserve(picked.len())?;
        Ok(picked)
    }

    fn slice_index(&self, value: &Value) -> Eval<i64> {
        self.index(value).map_or_else(
            || type_error("slice indices must be integers or None or have an __index__ method"),
            Ok,
        )
    }

    /// `container[index] = value`.
    pub(crate) fn set_item(&mut self, container: &Value, index: &Value, value: Value) -> Eval<()> {
        self.step()?;
        match container {
            Value::List(list) => {
                if let Value::Slice(bounds) = index {
                    let [lower, upper, step] = &***bounds;
                    if !step.is_none() {
                        return value_error("assignment to extended slices is not supported");
                    }
                    let items = self.collect(&value)?;
                    let len = list.borrow().len();
                    let picked = self.picked(len, &[lower.clone(), upper.clone(), Value::None])?;
                    let start = match picked.first() {
                        Some(first) => *first,
                        None => self.insertion_point(lower, len)?,
                    };
                    self.entangle(container, &value);
                    list.borrow_mut().splice(start..start + picked.len(), items);
                    return Ok(());
                }
                let len = list.borrow().len();
                let at = self.position(index, len, "list assignment")?;
                self.entangle(container, &value);
                if let Some(place) = list.borrow_mut().get_mut(at) {
                    *place = value;
                }
                Ok(())
            }
            Value::Dict(dict) => {
                let key = self.key(index)?;
                self.entangle(container, &value);
                let entry = (index.clone(), value);
                super::expression::insert(&mut dict.borrow_mut(), key, entry);
                Ok(())
            }
            other => {
                let class = other.type_name();
                type_error(format!("'{class}' object does not support item assignment"))
            }
        }
    }

    /// Clamps an index to a place between elements.
    pub(crate) fn insertion_point(&self, index: &Value, len: usize) -> Eval<usize> {
        if index.is_none() {
            return Ok(0);
        }
        let i = self.slice_index(index)?;
        let len_signed = i64::try_from(len).unwrap_or(i64::MAX);
        let i = if i < 0 {
            i.saturating_add(len_signed)
        } else {
            i
        };
        Ok(usize::try_from(i.clamp(0, len_signed)).unwrap_or(0))
    }
}

/// Raises that a dict lacks a key.
pub(crate) fn missing_key<T>(key: &Value) -> Eval<T> {
    let exception = Exception {
        class: ExceptionClass::KeyError,
        args: vec![key.clone()],
        ..Exception::default()
    };
    Err(exception.into())
}

/// A placeholder has the elements 0 to 2; the reference only refuses what is above.
fn placeholder_item(index: &Value) -> Eval<Value> {
    let above = match (index.as_int(), index.as_float()) {
        (Some(int), _) => int.cmp(&Int::Small(2)).is_gt(),
        (None, Some(x)) => x > 2.0,
        (None, None) => {
            let class = index.type_name();
            return type_error(format!(
                "'>' not supported between instances of '{class}' and 'int'"
            ));
        }
    };
    if above {
        return raise(ExceptionClass::IndexError, "");
    }
    Ok(Value::placeholder())
}
