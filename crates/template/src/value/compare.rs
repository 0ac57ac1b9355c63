//! Equality and order of values.

use std::cmp::Ordering;

use super::{Int, Value, ViewKind};
use crate::limits::VALUE_DEPTH_MAX;

/// Why two values cannot be compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CompareError {
    /// Python's order does not exist for these classes.
    Unordered(&'static str, &'static str),
    /// Nested deeper than [`VALUE_DEPTH_MAX`].
    TooDeep,
}

/// Python's `==`.
pub(crate) fn equals(a: &Value, b: &Value) -> Result<bool, CompareError> {
    equals_at(a, b, 0)
}

fn equals_at(a: &Value, b: &Value, depth: u32) -> Result<bool, CompareError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(CompareError::TooDeep);
    }
    if let Some(order) = numbers(a, b) {
        return Ok(order == Some(Ordering::Equal));
    }
    match (a, b) {
        (Value::Str(a) | Value::Raw(a), Value::Str(b) | Value::Raw(b)) => Ok(a == b),
        (Value::Bytes(a), Value::Bytes(b)) => Ok(a == b),
        (Value::List(a), Value::List(b)) => {
            if std::rc::Rc::ptr_eq(a, b) {
                return Ok(true);
            }
            all_equal(&a.borrow(), &b.borrow(), depth)
        }
        (Value::Tuple(a), Value::Tuple(b)) => all_equal(a, b, depth),
        (Value::Dict(a), Value::Dict(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            if a.len() != b.len() {
                return Ok(false);
            }
            for (key, (_, value)) in a.iter() {
                match b.get(key) {
                    Some((_, other)) if same_or_equal(value, other, depth + 1)? => {}
                    _ => return Ok(false),
                }
            }
            Ok(true)
        }
        (Value::Set(a) | Value::FrozenSet(a), Value::Set(b) | Value::FrozenSet(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            Ok(a.len() == b.len() && a.keys().all(|key| b.contains(key)))
        }
        (Value::View(ViewKind::Keys, a), Value::View(ViewKind::Keys, b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            Ok(a.len() == b.len() && a.keys().all(|key| b.contains_key(key)))
        }
        (Value::Range(a), Value::Range(b)) => {
            let len = a.len();
            Ok(len == b.len()
                && (len.is_zero()
                    || (a.start == b.start && (len == Int::Small(1) || a.step == b.step))))
        }
        _ => Ok(a.is_same(b)),
    }
}

fn same_or_equal(a: &Value, b: &Value, depth: u32) -> Result<bool, CompareError> {
    Ok(a.is_same(b) || equals_at(a, b, depth)?)
}

fn all_equal(a: &[Value], b: &[Value], depth: u32) -> Result<bool, CompareError> {
    if a.len() != b.len() {
        return Ok(false);
    }
    for (a, b) in a.iter().zip(b) {
        if !same_or_equal(a, b, depth + 1)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Compares two numbers; the inner `None` stands for `nan`.
fn numbers(a: &Value, b: &Value) -> Option<Option<Ordering>> {
    match (a.as_int(), b.as_int()) {
        (Some(a), Some(b)) => Some(Some(a.cmp(&b))),
        (Some(a), None) => Some(int_and_float(&a, b.as_float()?)),
        (None, Some(b)) => Some(int_and_float(&b, a.as_float()?).map(Ordering::reverse)),
        (None, None) => Some(a.as_float()?.partial_cmp(&b.as_float()?)),
    }
}

/// Compares exactly: converting a large integer to a float would round it.
fn int_and_float(int: &Int, x: f64) -> Option<Ordering> {
    if x.is_nan() {
        return None;
    }
    let Some(whole) = Int::from_f64(x) else {
        return Some(if x > 0.0 {
            Ordering::Less
        } else {
            Ordering::Greater
        });
    };
    let order = int.cmp(&whole);
    if order != Ordering::Equal {
        return Some(order);
    }
    0.0.partial_cmp(&x.fract())
}

/// Python's order; `Ok(None)` when neither is less, greater or equal (`nan`, unrelated sets).
pub(crate) fn order(a: &Value, b: &Value) -> Result<Option<Ordering>, CompareError> {
    order_at(a, b, 0)
}

fn order_at(a: &Value, b: &Value, depth: u32) -> Result<Option<Ordering>, CompareError> {
    if depth > VALUE_DEPTH_MAX {
        return Err(CompareError::TooDeep);
    }
    if let Some(order) = numbers(a, b) {
        return Ok(order);
    }
    match (a, b) {
        (Value::Str(a) | Value::Raw(a), Value::Str(b) | Value::Raw(b)) => {
            // Code points sort as their UTF-8 encoding does.
            Ok(Some(a.cmp(b)))
        }
        (Value::Bytes(a), Value::Bytes(b)) => Ok(Some(a.cmp(b))),
        (Value::List(a), Value::List(b)) => sequences(&a.borrow(), &b.borrow(), depth),
        (Value::Tuple(a), Value::Tuple(b)) => sequences(a, b, depth),
        (Value::Set(a) | Value::FrozenSet(a), Value::Set(b) | Value::FrozenSet(b)) => {
            let (a, b) = (a.borrow(), b.borrow());
            let within = |a: &super::Set, b: &super::Set| a.keys().all(|key| b.contains(key));
            let (a_in_b, b_in_a) = (within(&a, &b), within(&b, &a));
            Ok(match (a_in_b, b_in_a) {
                (true, true) => Some(Ordering::Equal),
                (true, false) => Some(Ordering::Less),
                (false, true) => Some(Ordering::Greater),
                (false, false) => None,
            })
        }
        _ => Err(CompareError::Unordered(a.type_name(), b.type_name())),
    }
}

fn sequences(a: &[Value], b: &[Value], depth: u32) -> Result<Option<Ordering>, CompareError> {
    for (a, b) in a.iter().zip(b) {
        if !same_or_equal(a, b, depth + 1)? {
            return order_at(a, b, depth + 1);
        }
    }
    Ok(Some(a.len().cmp(&b.len())))
}
