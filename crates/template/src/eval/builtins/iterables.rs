//! `sorted`, `min`, `max`, `any`, `zip`, … : functions over iterables.

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, ExceptionClass, raise, type_error};
use super::{Builtin, empty_argument, exactly, wrong_count};
use crate::expr::ast::CompareOp;
use crate::value::iter::{Iterator, State};
use crate::value::{Int, Value};

impl Evaluator<'_> {
    pub(super) fn iterable_builtin(&mut self, builtin: Builtin, mut args: Args) -> Eval<Value> {
        match builtin {
            Builtin::All | Builtin::Any => {
                let [iterable] = exactly::<1>(builtin, args)?;
                let stops_at = builtin == Builtin::Any;
                let iterator = self.iterate(&iterable)?;
                while let Some(item) = self.next(&iterator)? {
                    if item.truth() == stops_at {
                        return Ok(Value::Bool(stops_at));
                    }
                }
                Ok(Value::Bool(!stops_at))
            }
            Builtin::Min | Builtin::Max => self.extreme(builtin, args),
            Builtin::Sorted => {
                let [iterable] = match <[Value; 1]>::try_from(std::mem::take(&mut args.positional))
                {
                    Ok(iterable) => iterable,
                    Err(given) => {
                        return wrong_count("sorted", "exactly", 1, given.len());
                    }
                };
                let items = self.collect(&iterable)?;
                self.sorted(items, &mut args).map(Value::list)
            }
            Builtin::Reversed => {
                let [value] = exactly::<1>(builtin, args)?;
                let is_reversible = matches!(
                    value,
                    Value::Str(_)
                        | Value::Raw(_)
                        | Value::List(_)
                        | Value::Tuple(_)
                        | Value::Dict(_)
                        | Value::View(..)
                        | Value::Range(_)
                        | Value::Bytes(_)
                );
                if !is_reversible {
                    let class = value.type_name();
                    return type_error(format!("'{class}' object is not reversible"));
                }
                let items = self.collect_queue(&value)?;
                Ok(Value::Iterator(Iterator::items(items.into_iter().rev())))
            }
            Builtin::Enumerate => {
                let by_name = args.take_keyword("start");
                let mut positional = args.positional.into_iter();
                let Some(iterable) = positional.next() else {
                    return type_error("enumerate() missing required argument 'iterable' (pos 1)");
                };
                let start = positional.next().or(by_name).unwrap_or(Value::Int(0));
                let Some(start) = start.as_int() else {
                    let class = start.type_name();
                    return type_error(format!(
                        "'{class}' object cannot be interpreted as an integer"
                    ));
                };
                let inner = self.iterate(&iterable)?;
                self.lazy(&[&inner], State::Enumerate(inner.clone(), start))
            }
            Builtin::Zip => {
                let inner = self.iterators(&args.positional)?;
                let all: Vec<&Iterator> = inner.iter().collect();
                self.lazy(&all, State::Zip(inner.clone()))
            }
            Builtin::Map => {
                let Some((function, iterables)) = args.positional.split_first() else {
                    return type_error("map() must have at least two arguments.");
                };
                if iterables.is_empty() {
                    return type_error("map() must have at least two arguments.");
                }
                let inner = self.iterators(iterables)?;
                let all: Vec<&Iterator> = inner.iter().collect();
                self.lazy(&all, State::Map(function.clone(), inner.clone()))
            }
            Builtin::Filter => {
                let [function, iterable] = exactly::<2>(builtin, args)?;
                let inner = self.iterate(&iterable)?;
                self.lazy(&[&inner], State::Filter(function, inner.clone()))
            }
            Builtin::Iter => {
                let [iterable] = exactly::<1>(builtin, args)?;
                self.iterate(&iterable).map(Value::Iterator)
            }
            _ => self.next_item(args),
        }
    }

    fn iterators(&mut self, iterables: &[Value]) -> Eval<Vec<Iterator>> {
        iterables.iter().map(|value| self.iterate(value)).collect()
    }

    fn next_item(&mut self, args: Args) -> Eval<Value> {
        let mut positional = args.positional.into_iter();
        let iterator = positional.next().unwrap_or_default();
        let Value::Iterator(iterator) = &iterator else {
            let class = iterator.type_name();
            return type_error(format!("'{class}' object is not an iterator"));
        };
        match self.next(iterator)?.or(positional.next()) {
            Some(item) => Ok(item),
            None => raise(ExceptionClass::StopIteration, ""),
        }
    }

    fn extreme(&mut self, builtin: Builtin, mut args: Args) -> Eval<Value> {
        let name = builtin.name();
        let key = args.take_keyword("key").unwrap_or_default();
        let default = args.take_keyword("default");
        if let Some((keyword, _)) = args.keywords.first() {
            return type_error(format!(
                "{name}() got an unexpected keyword argument '{keyword}'"
            ));
        }
        let items = match args.positional.as_slice() {
            [] => return wrong_count(name, "at least", 1, 0),
            [iterable] => {
                let iterable = iterable.clone();
                self.collect(&iterable)?
            }
            _ => args.positional,
        };
        let op = if builtin == Builtin::Min {
            CompareOp::Less
        } else {
            CompareOp::Greater
        };
        let mut best: Option<(Value, Value)> = None;
        for item in items {
            let by = if key.is_none() {
                item.clone()
            } else {
                self.call(&key, Args::positional(vec![item.clone()]))?
            };
            let is_better = match &best {
                None => true,
                Some((best, _)) => self.ordered(op, &by, best)?,
            };
            if is_better {
                best = Some((by, item));
            }
        }
        match best.map(|(_, item)| item).or(default) {
            Some(item) => Ok(item),
            None => empty_argument(name),
        }
    }

    /// Builds a range from one to three integers.
    pub(super) fn range(&mut self, args: &Args) -> Eval<crate::value::Range> {
        let mut bounds = Vec::new();
        for value in &args.positional {
            let Some(int) = value.as_int() else {
                let class = value.type_name();
                return type_error(format!(
                    "'{class}' object cannot be interpreted as an integer"
                ));
            };
            bounds.push(int);
        }
        let (zero, one) = (Int::Small(0), Int::Small(1));
        let (start, stop, step) = match bounds.as_slice() {
            [stop] => (zero.clone(), stop.clone(), one),
            [start, stop] => (start.clone(), stop.clone(), one),
            [start, stop, step] => (start.clone(), stop.clone(), step.clone()),
            [] => return wrong_count("range", "at least", 1, 0),
            more => return wrong_count("range", "at most", 3, more.len()),
        };
        if step == zero {
            return super::super::exception::value_error("range() arg 3 must not be zero");
        }
        Ok(crate::value::Range { start, stop, step })
    }
}
