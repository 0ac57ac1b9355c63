//! Methods of sets.

use std::cell::RefCell;

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, Exception, ExceptionClass};
use super::super::subscript::missing_key;
use super::arity;
use crate::value::{Set, Value};

impl Evaluator<'_> {
    pub(super) fn set_method(
        &mut self,
        set: &RefCell<Set>,
        receiver: &Value,
        name: &str,
        args: Args,
    ) -> Eval<Value> {
        match name {
            "add" | "discard" | "remove" => {
                arity("set", name, &args, 1, 1)?;
                let item = args.positional.first().cloned().unwrap_or_default();
                let key = self.key(&item)?;
                if name == "add" {
                    self.charge(8)?;
                    self.entangle(receiver, &item);
                    set.borrow_mut().insert(key, item);
                } else if set.borrow_mut().remove(&key).is_none() && name == "remove" {
                    return missing_key(&item);
                }
                return Ok(Value::None);
            }
            "clear" => {
                arity("set", name, &args, 0, 0)?;
                set.borrow_mut().clear();
                return Ok(Value::None);
            }
            "pop" => {
                arity("set", name, &args, 0, 0)?;
                let first = set
                    .borrow()
                    .entries()
                    .first()
                    .map(|(key, _)| (*key).clone());
                let removed = first.and_then(|key| set.borrow_mut().remove(&key));
                return removed.map_or_else(
                    || {
                        Err(
                            Exception::new(ExceptionClass::KeyError, "pop from an empty set")
                                .into(),
                        )
                    },
                    Ok,
                );
            }
            "isdisjoint" | "issubset" | "issuperset" => {
                arity("set", name, &args, 1, 1)?;
                let other = self.set_of(args.positional.first().unwrap_or(&Value::None))?;
                let set = set.borrow();
                return Ok(Value::Bool(match name {
                    "isdisjoint" => !set.keys().any(|key| other.contains(key)),
                    "issubset" => set.keys().all(|key| other.contains(key)),
                    _ => other.keys().all(|key| set.contains(key)),
                }));
            }
            _ => {}
        }
        let mut result = set.borrow().clone();
        self.reserve(result.len())?;
        for other in &args.positional {
            let other = self.set_of(other)?;
            combine(&mut result, &other, name.trim_end_matches("_update"));
        }
        let in_place = name == "update" || name.ends_with("_update");
        if in_place {
            *set.borrow_mut() = result;
            return Ok(Value::None);
        }
        Ok(match receiver {
            Value::FrozenSet(_) => Value::FrozenSet(std::rc::Rc::new(crate::value::Heap::new(
                RefCell::new(result),
            ))),
            _ => Value::set(result),
        })
    }

    /// Collects an iterable into a set.
    pub(crate) fn set_of(&mut self, value: &Value) -> Eval<Set> {
        let mut set = Set::default();
        for item in self.collect(value)? {
            set.insert(self.key(&item)?, item);
        }
        Ok(set)
    }
}

fn combine(result: &mut Set, other: &Set, operation: &str) {
    let old = std::mem::take(result);
    let in_other = |key| other.contains(key);
    for (key, value) in old.entries() {
        let keep = match operation {
            "intersection" => in_other(key),
            "difference" | "symmetric_difference" => !in_other(key),
            _ => true,
        };
        if keep {
            result.insert(key.clone(), value.clone());
        }
    }
    if matches!(operation, "union" | "update" | "symmetric_difference") {
        for (key, value) in other.entries() {
            if operation != "symmetric_difference" || !old.contains(key) {
                result.insert(key.clone(), value.clone());
            }
        }
    }
}
