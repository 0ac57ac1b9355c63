//! Operators: arithmetic, order, membership.

use std::cmp::Ordering;

use super::Evaluator;
use super::exception::{Eval, ExceptionClass, raise, type_error, value_error};
use crate::expr::ast::{BinaryOp, CompareOp, UnaryOp};
use crate::value::compare::{CompareError, order};
use crate::value::{Int, Key, Set, Value, ViewKind};

/// What the reference adds when a placeholder is on the left of an order.
const PLACEHOLDER_HINT: &str = ". If you are using a dynamic parameter, you need to wrap it \
     around a valid Data Type (e.g. Int8(placeholder))";

impl Evaluator<'_> {
    pub(crate) fn unary(&mut self, op: UnaryOp, operand: &Value) -> Eval<Value> {
        if op == UnaryOp::Not {
            return Ok(Value::Bool(!operand.truth()));
        }
        if let Some(int) = operand.as_int() {
            return Ok(match op {
                UnaryOp::Minus => int.neg().into(),
                UnaryOp::Invert => int.neg().sub(&Int::Small(1)).into(),
                _ => int.into(),
            });
        }
        match (op, operand.as_float()) {
            (UnaryOp::Minus, Some(x)) => Ok(Value::Float(-x)),
            (UnaryOp::Plus, Some(x)) => Ok(Value::Float(x)),
            _ => {
                let sign = match op {
                    UnaryOp::Minus => "-",
                    UnaryOp::Plus => "+",
                    _ => "~",
                };
                let class = operand.type_name();
                type_error(format!("bad operand type for unary {sign}: '{class}'"))
            }
        }
    }

    pub(crate) fn binary(&mut self, op: BinaryOp, left: &Value, right: &Value) -> Eval<Value> {
        if let (Some(a), Some(b)) = (left.as_int(), right.as_int()) {
            let result = self.integers(op, &a, &b);
            return match (result, left, right) {
                (Err(stop), ..) => Err(stop),
                (Ok(None), ..) => unsupported(op, left, right),
                // `&`, `|` and `^` of two booleans is a boolean.
                (Ok(Some(value)), Value::Bool(_), Value::Bool(_)) if op.is_bitwise() => {
                    Ok(Value::Bool(value.truth()))
                }
                (Ok(Some(value)), ..) => Ok(value),
            };
        }
        if let (Some(a), Some(b)) = (number(left), number(right))
            && let Some(result) = floats(op, a, b)
        {
            return result;
        }
        match (op, left, right) {
            (BinaryOp::Add, Value::Placeholder(_), _) => Ok(Value::placeholder()),
            (BinaryOp::Add, ..) => self.concatenate(left, right),
            (BinaryOp::Mul, ..) => self.repeat(left, right),
            (BinaryOp::Mod, Value::Str(template) | Value::Raw(template), _) => {
                let template = std::sync::Arc::clone(template);
                self.percent_format(&template, right)
            }
            (BinaryOp::BitOr, Value::Dict(a), Value::Dict(b)) => {
                let mut merged = a.borrow().clone();
                self.reserve(merged.len() + b.borrow().len())?;
                for (key, entry) in b.borrow().iter() {
                    super::expression::insert(&mut merged, key.clone(), entry.clone());
                }
                Ok(Value::dict(merged))
            }
            _ => match (as_set(left), as_set(right)) {
                (Some(a), Some(b)) => match self.sets(op, &a, &b)? {
                    Some(set) => Ok(Value::set(set)),
                    None => unsupported(op, left, right),
                },
                _ => unsupported(op, left, right),
            },
        }
    }

    /// `target op= value`: like the operator, but lists, sets and dicts change in place.
    pub(crate) fn augmented(&mut self, op: BinaryOp, old: &Value, value: &Value) -> Eval<Value> {
        match (op, old) {
            (BinaryOp::Add, Value::List(_)) => {
                self.extend(old, value)?;
                Ok(old.clone())
            }
            (BinaryOp::BitOr, Value::Dict(dict)) if matches!(value, Value::Dict(_)) => {
                let merged = self.binary(op, old, value)?;
                if let Value::Dict(merged) = &merged {
                    dict.replace(merged.take());
                }
                self.entangle(old, value);
                Ok(old.clone())
            }
            (
                BinaryOp::BitOr | BinaryOp::BitAnd | BinaryOp::Sub | BinaryOp::BitXor,
                Value::Set(set),
            ) => {
                let result = self.binary(op, old, value)?;
                if let Value::Set(result) = &result {
                    set.replace(result.take());
                }
                Ok(old.clone())
            }
            _ => self.binary(op, old, value),
        }
    }

    /// Applies an operator to two integers; `None` when there is no such operator.
    fn integers(&mut self, op: BinaryOp, a: &Int, b: &Int) -> Eval<Option<Value>> {
        let int = match op {
            BinaryOp::Add => a.add(b),
            BinaryOp::Sub => a.sub(b),
            BinaryOp::Mul => {
                self.reserve_bits(a.bits() + b.bits())?;
                a.mul(b)
            }
            BinaryOp::Div => {
                if b.is_zero() {
                    return raise(ExceptionClass::ZeroDivisionError, "division by zero");
                }
                return true_division(a, b).map(Some);
            }
            BinaryOp::FloorDiv | BinaryOp::Mod => {
                let Some((quotient, remainder)) = a.div_mod(b) else {
                    let message = if op == BinaryOp::Mod {
                        "integer modulo by zero"
                    } else {
                        "integer division or modulo by zero"
                    };
                    return raise(ExceptionClass::ZeroDivisionError, message);
                };
                if op == BinaryOp::Mod {
                    remainder
                } else {
                    quotient
                }
            }
            BinaryOp::Pow => return self.power(a, b).map(Some),
            BinaryOp::LeftShift | BinaryOp::RightShift => {
                if b.is_negative() {
                    return value_error("negative shift count");
                }
                let bits = b.as_i64().and_then(|n| u64::try_from(n).ok());
                let bits = bits.unwrap_or(u64::MAX);
                if op == BinaryOp::RightShift {
                    a.shift_right(bits.min(a.bits() + 1))
                } else if a.is_zero() {
                    Int::Small(0)
                } else if bits == u64::MAX {
                    let message = "too many digits in integer";
                    return raise(ExceptionClass::OverflowError, message);
                } else {
                    self.reserve_bits(a.bits().saturating_add(bits))?;
                    a.shift_left(bits)
                }
            }
            BinaryOp::BitAnd | BinaryOp::BitOr | BinaryOp::BitXor => a.bitwise(
                b,
                match op {
                    BinaryOp::BitAnd => |a, b| a & b,
                    BinaryOp::BitOr => |a, b| a | b,
                    _ => |a, b| a ^ b,
                },
            ),
            BinaryOp::MatMul => return Ok(None),
        };
        self.integer(int).map(Some)
    }

    fn power(&mut self, base: &Int, exponent: &Int) -> Eval<Value> {
        if exponent.is_negative() {
            if base.is_zero() {
                let message = "0.0 cannot be raised to a negative power";
                return raise(ExceptionClass::ZeroDivisionError, message);
            }
            return Ok(Value::Float(base.to_f64().powf(exponent.to_f64())));
        }
        if matches!(base, Int::Small(-1..=1)) {
            let is_odd = exponent.bitwise(&Int::Small(1), |a, b| a & b) == Int::Small(1);
            let result = match base {
                Int::Small(-1) if !is_odd => 1,
                Int::Small(0) if exponent.is_zero() => 1,
                Int::Small(n) => *n,
                Int::Big(_) => 0,
            };
            return Ok(Value::Int(if exponent.is_zero() { 1 } else { result }));
        }
        let small = exponent.as_i64().and_then(|n| u32::try_from(n).ok());
        let bits = base
            .bits()
            .saturating_mul(small.map_or(u64::MAX, u64::from));
        self.reserve_bits(bits)?;
        self.integer(base.pow(small.unwrap_or(0)))
    }

    fn concatenate(&mut self, left: &Value, right: &Value) -> Eval<Value> {
        if let Some(a) = left.as_str() {
            let Some(b) = right.as_str() else {
                let class = right.type_name();
                let message = format!("can only concatenate str (not \"{class}\") to str");
                return type_error(message);
            };
            self.reserve(a.len() + b.len())?;
            return Ok(Value::str([&**a, &**b].concat()));
        }
        match (left, right) {
            (Value::List(a), Value::List(b)) => {
                self.reserve(a.borrow().len() + b.borrow().len())?;
                let items = a
                    .borrow()
                    .iter()
                    .chain(b.borrow().iter())
                    .cloned()
                    .collect();
                Ok(Value::list(items))
            }
            (Value::Tuple(a), Value::Tuple(b)) => {
                self.reserve(a.len() + b.len())?;
                Ok(Value::tuple(a.iter().chain(b.iter()).cloned().collect()))
            }
            (Value::Bytes(a), Value::Bytes(b)) => {
                self.reserve(a.len() + b.len())?;
                Ok(Value::Bytes([&**a, &**b].concat().into()))
            }
            (Value::List(_) | Value::Tuple(_), _) => {
                let (a, b) = (left.type_name(), right.type_name());
                type_error(format!("can only concatenate {a} (not \"{b}\") to {a}"))
            }
            _ => unsupported(BinaryOp::Add, left, right),
        }
    }

    fn repeat(&mut self, left: &Value, right: &Value) -> Eval<Value> {
        let (sequence, count) = match (left.as_int(), right.as_int()) {
            (None, Some(count)) => (left, count),
            (Some(count), None) => (right, count),
            _ => (left, Int::Small(0)),
        };
        let is_sequence = matches!(
            sequence,
            Value::Str(_) | Value::Raw(_) | Value::List(_) | Value::Tuple(_) | Value::Bytes(_)
        );
        if !is_sequence {
            return unsupported(BinaryOp::Mul, left, right);
        }
        if left.as_int().is_none() && right.as_int().is_none() {
            let class = right.type_name();
            return type_error(format!(
                "can't multiply sequence by non-int of type '{class}'"
            ));
        }
        let count = match count.as_i64() {
            Some(n) => usize::try_from(n).unwrap_or(0),
            None => {
                let message = "cannot fit 'int' into an index-sized integer";
                return raise(ExceptionClass::OverflowError, message);
            }
        };
        self.reserve(sequence.size().saturating_mul(count))?;
        // Nothing repeated any number of times is nothing, also for counts too large to loop over.
        let count = if sequence.size() == 0 { 0 } else { count };
        Ok(match sequence {
            Value::List(items) => Value::list(repeat(&items.borrow(), count)),
            Value::Tuple(items) => Value::tuple(repeat(items, count)),
            Value::Bytes(bytes) => Value::Bytes(bytes.repeat(count).into()),
            other => match other.as_str() {
                Some(text) => Value::str(text.repeat(count)),
                None => Value::None,
            },
        })
    }

    /// Applies an operator to two sets; `None` when there is no such operator.
    fn sets(&mut self, op: BinaryOp, a: &Set, b: &Set) -> Eval<Option<Set>> {
        self.reserve(a.len() + b.len())?;
        let mut result = Set::default();
        let mut add = |from: &Set, keep: &dyn Fn(&Key) -> bool| {
            for (key, value) in from.entries() {
                if keep(key) {
                    result.insert(key.clone(), value.clone());
                }
            }
        };
        match op {
            BinaryOp::BitOr => {
                add(a, &|_| true);
                add(b, &|_| true);
            }
            BinaryOp::BitAnd => add(a, &|key| b.contains(key)),
            BinaryOp::Sub => add(a, &|key| !b.contains(key)),
            BinaryOp::BitXor => {
                add(a, &|key| !b.contains(key));
                add(b, &|key| !a.contains(key));
            }
            _ => return Ok(None),
        }
        Ok(Some(result))
    }

    pub(crate) fn ordered(&mut self, op: CompareOp, left: &Value, right: &Value) -> Eval<bool> {
        self.charge(left.size().min(right.size()))?;
        let order = match order(left, right) {
            Ok(order) => order,
            Err(CompareError::Unordered(a, b)) => {
                let sign = match op {
                    CompareOp::Less => "<",
                    CompareOp::LessEq => "<=",
                    CompareOp::Greater => ">",
                    _ => ">=",
                };
                let hint = if a == "Placeholder" {
                    PLACEHOLDER_HINT
                } else {
                    ""
                };
                let message =
                    format!("'{sign}' not supported between instances of '{a}' and '{b}'{hint}");
                return type_error(message);
            }
            Err(error) => return Err(error.into()),
        };
        Ok(match op {
            CompareOp::Less => order == Some(Ordering::Less),
            CompareOp::LessEq => order.is_some_and(Ordering::is_le),
            CompareOp::Greater => order == Some(Ordering::Greater),
            _ => order.is_some_and(Ordering::is_ge),
        })
    }

    /// `item in container`.
    pub(crate) fn contains(&mut self, container: &Value, item: &Value) -> Eval<bool> {
        self.charge(container.size())?;
        match container {
            Value::Str(text) | Value::Raw(text) => match item.as_str() {
                Some(part) => Ok(text.contains(&**part)),
                None => {
                    let class = item.type_name();
                    let message =
                        format!("'in <string>' requires string as left operand, not {class}");
                    type_error(message)
                }
            },
            Value::Bytes(bytes) => match item {
                Value::Bytes(part) => {
                    Ok(part.is_empty() || bytes.windows(part.len()).any(|w| w == &**part))
                }
                _ => Ok(item
                    .as_int()
                    .and_then(|n| u8::try_from(n.as_i64()?).ok())
                    .is_some_and(|b| bytes.contains(&b))),
            },
            Value::Dict(dict) | Value::View(ViewKind::Keys, dict) => {
                let key = self.key(item)?;
                Ok(dict.borrow().contains_key(&key))
            }
            Value::Set(set) | Value::FrozenSet(set) => {
                let key = self.key(item)?;
                Ok(set.borrow().contains(&key))
            }
            _ => {
                let Ok(iterator) = self.iterate(container) else {
                    let class = container.type_name();
                    return type_error(format!("argument of type '{class}' is not iterable"));
                };
                while let Some(element) = self.next(&iterator)? {
                    if element.is_same(item) || self.equals(&element, item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
        }
    }
}

fn number(value: &Value) -> Option<f64> {
    value
        .as_float()
        .or_else(|| value.as_int().map(|int| int.to_f64()))
}

fn true_division(a: &Int, b: &Int) -> Eval<Value> {
    let exact = a.bits() <= 53 && b.bits() <= 53;
    if exact {
        return Ok(Value::Float(a.to_f64() / b.to_f64()));
    }
    // Scale so that the quotient has 64 significant bits, then round once.
    let shift = 64 + b.bits().saturating_sub(a.bits());
    let scaled = a.shift_left(shift).floor_div(b).unwrap_or(Int::Small(0));
    let exponent = i32::try_from(shift).unwrap_or(i32::MAX);
    let result = scaled.to_f64() * 2_f64.powi(-exponent);
    if result.is_infinite() {
        let message = "integer division result too large for a float";
        return raise(ExceptionClass::OverflowError, message);
    }
    Ok(Value::Float(result))
}

/// Applies an operator to two numbers of which at least one is a float.
fn floats(op: BinaryOp, a: f64, b: f64) -> Option<Eval<Value>> {
    let divides = matches!(op, BinaryOp::Div | BinaryOp::FloorDiv | BinaryOp::Mod);
    if divides && b == 0.0 {
        let message = match op {
            BinaryOp::Div => "float division by zero",
            BinaryOp::Mod => "float modulo",
            _ => "float floor division by zero",
        };
        return Some(raise(ExceptionClass::ZeroDivisionError, message));
    }
    let result = match op {
        BinaryOp::Add => a + b,
        BinaryOp::Sub => a - b,
        BinaryOp::Mul => a * b,
        BinaryOp::Div => a / b,
        BinaryOp::FloorDiv => ((a - float_mod(a, b)) / b).round(),
        BinaryOp::Mod => float_mod(a, b),
        BinaryOp::Pow => {
            if a == 0.0 && b < 0.0 {
                let message = "0.0 cannot be raised to a negative power";
                return Some(raise(ExceptionClass::ZeroDivisionError, message));
            }
            if a < 0.0 && b.fract() != 0.0 && b.is_finite() {
                return Some(type_error("complex numbers are not supported"));
            }
            let power = a.powf(b);
            if power.is_infinite() && a.is_finite() && b.is_finite() {
                let message = "(34, 'Numerical result out of range')";
                return Some(raise(ExceptionClass::OverflowError, message));
            }
            power
        }
        _ => return None,
    };
    Some(Ok(Value::Float(result)))
}

/// Remainder with the sign of the divisor.
fn float_mod(a: f64, b: f64) -> f64 {
    let remainder = a % b;
    if remainder != 0.0 && (remainder < 0.0) != (b < 0.0) {
        remainder + b
    } else if remainder == 0.0 {
        0_f64.copysign(b)
    } else {
        remainder
    }
}

fn repeat(items: &[Value], count: usize) -> Vec<Value> {
    let mut out = Vec::new();
    for _ in 0..count {
        out.extend(items.iter().cloned());
    }
    out
}

/// Returns the elements of a set, or of the keys of a dict.
fn as_set(value: &Value) -> Option<Set> {
    match value {
        Value::Set(set) | Value::FrozenSet(set) => Some(set.borrow().clone()),
        Value::View(ViewKind::Keys, dict) => {
            let mut set = Set::default();
            for (key, (name, _)) in dict.borrow().iter() {
                set.insert(key.clone(), name.clone());
            }
            Some(set)
        }
        _ => None,
    }
}

fn unsupported<T>(op: BinaryOp, left: &Value, right: &Value) -> Eval<T> {
    let sign = match op {
        BinaryOp::Add => "+",
        BinaryOp::Sub => "-",
        BinaryOp::Mul => "*",
        BinaryOp::Div => "/",
        BinaryOp::FloorDiv => "//",
        BinaryOp::Mod => "%",
        BinaryOp::Pow => "** or pow()",
        BinaryOp::MatMul => "@",
        BinaryOp::LeftShift => "<<",
        BinaryOp::RightShift => ">>",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitOr => "|",
        BinaryOp::BitXor => "^",
    };
    let (a, b) = (left.type_name(), right.type_name());
    type_error(format!(
        "unsupported operand type(s) for {sign}: '{a}' and '{b}'"
    ))
}

impl BinaryOp {
    fn is_bitwise(self) -> bool {
        matches!(self, Self::BitAnd | Self::BitOr | Self::BitXor)
    }
}
