//! Methods of lists, and `count` and `index` of other sequences.

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, ExceptionClass, raise, type_error, value_error};
use super::arity;
use crate::value::{Int, List, Value};

impl Evaluator<'_> {
    pub(super) fn list_method(
        &mut self,
        list: &List,
        receiver: &Value,
        name: &str,
        mut args: Args,
    ) -> Eval<Value> {
        match name {
            "append" => {
                arity("list", name, &args, 1, 1)?;
                let item = args.positional.pop().unwrap_or_default();
                self.entangle(receiver, &item);
                self.grow(list, 1)?;
                list.borrow_mut().push(item);
            }
            "extend" => {
                arity("list", name, &args, 1, 1)?;
                let items = args.positional.pop().unwrap_or_default();
                self.extend(receiver, &items)?;
            }
            "insert" => {
                arity("list", name, &args, 2, 2)?;
                let item = args.positional.pop().unwrap_or_default();
                let at = args.positional.pop().unwrap_or_default();
                self.integer_argument(&at)?;
                let at = self.insertion_point(&at, list.borrow().len())?;
                self.entangle(receiver, &item);
                self.grow(list, 1)?;
                list.borrow_mut().insert(at, item);
            }
            "pop" => {
                arity("list", name, &args, 0, 1)?;
                return self.pop_item(list, args.positional.first());
            }
            "remove" => {
                arity("list", name, &args, 1, 1)?;
                let item = args.positional.pop().unwrap_or_default();
                let items = list.borrow().clone();
                for (at, candidate) in items.iter().enumerate() {
                    if self.equals(candidate, &item)? {
                        list.borrow_mut().remove(at);
                        return Ok(Value::None);
                    }
                }
                return value_error("list.remove(x): x not in list");
            }
            "clear" => {
                arity("list", name, &args, 0, 0)?;
                list.borrow_mut().clear();
            }
            "copy" => {
                arity("list", name, &args, 0, 0)?;
                self.reserve(list.borrow().len())?;
                return Ok(Value::list(list.borrow().clone()));
            }
            "reverse" => {
                arity("list", name, &args, 0, 0)?;
                list.borrow_mut().reverse();
            }
            "sort" => {
                let items = list.borrow().clone();
                let sorted = self.sorted(items, &mut args)?;
                arity("list", name, &args, 0, 0)?;
                *list.borrow_mut() = sorted;
            }
            _ => return self.sequence_method(receiver, name, args),
        }
        Ok(Value::None)
    }

    /// Refuses a list that gets too long.
    fn grow(&mut self, list: &List, count: usize) -> Eval<()> {
        let len = list.borrow().len().saturating_add(count);
        if len > self.limits().value_size_max {
            return self.reserve(len);
        }
        // Elements are larger than the bytes of a string.
        self.charge(count.saturating_mul(8))
    }

    /// Appends the items of an iterable to a list.
    pub(crate) fn extend(&mut self, receiver: &Value, items: &Value) -> Eval<()> {
        let Value::List(list) = receiver else {
            return Ok(());
        };
        let items = self.collect(items)?;
        self.grow(list, items.len())?;
        for item in &items {
            self.entangle(receiver, item);
        }
        list.borrow_mut().extend(items);
        Ok(())
    }

    fn pop_item(&mut self, list: &List, at: Option<&Value>) -> Eval<Value> {
        let len = list.borrow().len();
        if len == 0 {
            return raise(ExceptionClass::IndexError, "pop from empty list");
        }
        let at = match at {
            Some(at) => self.integer_argument(at)?,
            None => -1,
        };
        let len_signed = i64::try_from(len).unwrap_or(i64::MAX);
        let at = if at < 0 {
            at.saturating_add(len_signed)
        } else {
            at
        };
        match usize::try_from(at) {
            Ok(at) if at < len => Ok(list.borrow_mut().remove(at)),
            _ => raise(ExceptionClass::IndexError, "pop index out of range"),
        }
    }

    /// `count` and `index` of lists, tuples and ranges.
    pub(super) fn sequence_method(
        &mut self,
        receiver: &Value,
        name: &str,
        args: Args,
    ) -> Eval<Value> {
        let class = receiver.type_name();
        arity(class, name, &args, 1, if name == "index" { 3 } else { 1 })?;
        let wanted = args.positional.first().cloned().unwrap_or_default();
        let items = self.collect(receiver)?;
        let start =
            self.insertion_point(args.positional.get(1).unwrap_or(&Value::None), items.len())?;
        let stop = match args.positional.get(2) {
            Some(stop) => self.insertion_point(stop, items.len())?,
            None => items.len(),
        };
        let mut count = 0_i64;
        for (at, item) in items.iter().enumerate() {
            let is_inside = (start..stop).contains(&at);
            if is_inside && (item.is_same(&wanted) || self.equals(item, &wanted)?) {
                if name == "index" {
                    return Ok(Int::from(at).into());
                }
                count += 1;
            }
        }
        if name == "count" {
            return Ok(Value::Int(count));
        }
        match receiver {
            Value::Tuple(_) => value_error("tuple.index(x): x not in tuple"),
            _ => {
                let shown = self.repr_of(&wanted)?;
                value_error(format!("{shown} is not in list"))
            }
        }
    }

    /// Sorts by an optional `key` and `reverse`, which are taken out of the arguments.
    pub(crate) fn sorted(&mut self, items: Vec<Value>, args: &mut Args) -> Eval<Vec<Value>> {
        let key = args.take_keyword("key").unwrap_or_default();
        let reverse = args.take_keyword("reverse").is_some_and(|r| r.truth());
        let mut keyed: Vec<(Value, Value)> = Vec::with_capacity(items.len());
        for item in items {
            let by = if key.is_none() {
                item.clone()
            } else {
                self.call(&key, Args::positional(vec![item.clone()]))?
            };
            keyed.push((by, item));
        }
        // Every comparison is counted, with about log2(n) of them for each element.
        let rounds = keyed.len().checked_ilog2().unwrap_or(0) + 1;
        self.charge(
            keyed
                .len()
                .saturating_mul(rounds as usize)
                .saturating_mul(8),
        )?;
        let mut failure = None;
        keyed.sort_by(|a, b| {
            let order = if reverse {
                crate::value::compare::order(&b.0, &a.0)
            } else {
                crate::value::compare::order(&a.0, &b.0)
            };
            match order {
                Ok(order) => order.unwrap_or(std::cmp::Ordering::Equal),
                Err(error) => {
                    failure.get_or_insert(error);
                    std::cmp::Ordering::Equal
                }
            }
        });
        match failure {
            Some(crate::value::compare::CompareError::Unordered(a, b)) => type_error(format!(
                "'<' not supported between instances of '{b}' and '{a}'"
            )),
            Some(error) => Err(error.into()),
            None => Ok(keyed.into_iter().map(|(_, item)| item).collect()),
        }
    }
}
