//! Iteration: starting and advancing iterators.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use super::Evaluator;
use super::bind::Args;
use super::exception::{Eval, Stop, type_error};
use crate::limits::ITERATOR_DEPTH_MAX;
use crate::value::iter::{Iterator, State};
use crate::value::{Int, Value, ViewKind};

impl Evaluator<'_> {
    /// Starts an iteration over a value.
    pub(crate) fn iterate(&mut self, value: &Value) -> Eval<Iterator> {
        let state = match value {
            Value::Iterator(iterator) => return Ok(iterator.clone()),
            Value::List(list) => State::List(Rc::clone(list), 0),
            Value::Tuple(items) => State::Items(items.iter().cloned().collect()),
            Value::Str(text) | Value::Raw(text) => State::Text(Arc::clone(text), 0),
            Value::Set(set) | Value::FrozenSet(set) => State::Items(set.borrow().values().into()),
            Value::Dict(dict) | Value::View(ViewKind::Keys, dict) => {
                State::Items(dict.borrow().values().map(|(key, _)| key.clone()).collect())
            }
            Value::View(ViewKind::Values, dict) => {
                State::Items(dict.borrow().values().map(|(_, v)| v.clone()).collect())
            }
            Value::View(ViewKind::Items, dict) => State::Items(
                dict.borrow()
                    .values()
                    .map(|(key, value)| Value::tuple(vec![key.clone(), value.clone()]))
                    .collect(),
            ),
            Value::Range(range) => State::Range {
                next: range.start.clone(),
                remaining: range.len(),
                step: range.step.clone(),
            },
            Value::Bytes(bytes) => {
                State::Items(bytes.iter().map(|b| Value::Int(i64::from(*b))).collect())
            }
            Value::Placeholder(_) => State::Items((0..3).map(|_| Value::placeholder()).collect()),
            other => {
                let class = other.type_name();
                return type_error(format!("'{class}' object is not iterable"));
            }
        };
        if let State::Items(items) = &state {
            self.reserve(items.len())?;
        }
        Ok(Iterator::new(state, 0))
    }

    /// Builds an iterator over others.
    pub(crate) fn lazy(&mut self, inner: &[&Iterator], state: State) -> Eval<Value> {
        let depth = inner.iter().map(|i| i.depth + 1).max().unwrap_or(0);
        if depth > ITERATOR_DEPTH_MAX {
            return Err(Stop::Limit("nesting of iterators"));
        }
        Ok(Value::Iterator(Iterator::new(state, depth)))
    }

    /// Returns the next item, or `None` at the end.
    pub(crate) fn next(&mut self, iterator: &Iterator) -> Eval<Option<Value>> {
        self.step()?;
        let mut state = iterator.take();
        let item = self.advance(&mut state);
        if matches!(item, Ok(Some(_))) {
            iterator.put(state);
        }
        item
    }

    fn advance(&mut self, state: &mut State) -> Eval<Option<Value>> {
        match state {
            State::Done => Ok(None),
            State::List(list, at) => {
                let item = list.borrow().get(*at).cloned();
                *at += 1;
                Ok(item)
            }
            State::Items(items) => Ok(items.pop_front()),
            State::Text(text, at) => {
                let next = text.get(*at..).and_then(|rest| rest.chars().next());
                Ok(next.map(|c| {
                    *at += c.len_utf8();
                    Value::str(c.to_string())
                }))
            }
            State::Range {
                next,
                remaining,
                step,
            } => {
                if remaining.is_zero() {
                    return Ok(None);
                }
                let item = next.clone();
                *next = next.add(step);
                *remaining = remaining.sub(&Int::Small(1));
                Ok(Some(item.into()))
            }
            State::Enumerate(inner, index) => {
                let Some(item) = self.next(inner)? else {
                    return Ok(None);
                };
                let at = index.clone();
                *index = index.add(&Int::Small(1));
                Ok(Some(Value::tuple(vec![at.into(), item])))
            }
            State::Zip(inner) => Ok(self.next_of_each(inner)?.map(Value::tuple)),
            State::Map(function, inner) => {
                let Some(items) = self.next_of_each(inner)? else {
                    return Ok(None);
                };
                self.call(function, Args::positional(items)).map(Some)
            }
            State::Filter(function, inner) => {
                while let Some(item) = self.next(inner)? {
                    let keep = if function.is_none() {
                        item.truth()
                    } else {
                        let args = Args::positional(vec![item.clone()]);
                        self.call(function, args)?.truth()
                    };
                    if keep {
                        return Ok(Some(item));
                    }
                }
                Ok(None)
            }
            State::Generator(generator) => self.advance_generator(generator),
        }
    }

    fn next_of_each(&mut self, inner: &[Iterator]) -> Eval<Option<Vec<Value>>> {
        if inner.is_empty() {
            return Ok(None);
        }
        let mut items = Vec::with_capacity(inner.len());
        for iterator in inner {
            match self.next(iterator)? {
                Some(item) => items.push(item),
                None => return Ok(None),
            }
        }
        Ok(Some(items))
    }

    /// Returns all items of an iterable.
    pub(crate) fn collect(&mut self, value: &Value) -> Eval<Vec<Value>> {
        let iterator = self.iterate(value)?;
        let mut items = Vec::new();
        while let Some(item) = self.next(&iterator)? {
            items.push(item);
            if items.len() > self.limits().value_size_max {
                return Err(Stop::Limit("size of a value"));
            }
        }
        Ok(items)
    }

    /// Returns all items, in a queue that can be read from both ends.
    pub(crate) fn collect_queue(&mut self, value: &Value) -> Eval<VecDeque<Value>> {
        self.collect(value).map(VecDeque::from)
    }
}
