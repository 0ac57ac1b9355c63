//! `str`, `list`, `dict`, `set`, … : classes that are called to build a value.

use std::rc::Rc;

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, type_error};
use super::{Builtin, wrong_count};
use crate::value::{Heap, Value};

impl Evaluator<'_> {
    pub(super) fn construct(&mut self, builtin: Builtin, mut args: Args) -> Eval<Value> {
        let name = builtin.name();
        match builtin {
            Builtin::Str => {
                let value = args
                    .take_keyword("object")
                    .or_else(|| args.positional.pop());
                return match value {
                    Some(value) => self.str_of(&value).map(Value::str),
                    None => Ok(Value::str("")),
                };
            }
            Builtin::Dict => {
                if args.positional.len() > 1 {
                    return wrong_count(name, "at most", 1, args.positional.len());
                }
                return self.dict_items(args).map(Value::dict);
            }
            Builtin::Range => return Ok(Value::Range(Rc::new(self.range(&args)?))),
            Builtin::Slice => {
                let parts = match args.positional.as_slice() {
                    [stop] => [Value::None, stop.clone(), Value::None],
                    [start, stop] => [start.clone(), stop.clone(), Value::None],
                    [start, stop, step] => [start.clone(), stop.clone(), step.clone()],
                    other => return wrong_count(name, "at most", 3, other.len()),
                };
                return Ok(Value::Slice(Rc::new(Heap::new(parts))));
            }
            Builtin::Bytes | Builtin::ByteArray => return self.bytes(&args),
            _ => {}
        }
        if !args.keywords.is_empty() {
            return type_error(format!("{name}() takes no keyword arguments"));
        }
        if args.positional.len() > 1 {
            return wrong_count(name, "at most", 1, args.positional.len());
        }
        let iterable = args.positional.pop();
        if matches!(builtin, Builtin::Set | Builtin::FrozenSet) {
            let set = match iterable {
                Some(iterable) => self.set_of(&iterable)?,
                None => crate::value::Set::default(),
            };
            return Ok(if builtin == Builtin::Set {
                Value::set(set)
            } else {
                Value::FrozenSet(Rc::new(Heap::new(std::cell::RefCell::new(set))))
            });
        }
        let items = match iterable {
            Some(iterable) => self.collect(&iterable)?,
            None => Vec::new(),
        };
        Ok(if builtin == Builtin::List {
            Value::list(items)
        } else {
            Value::tuple(items)
        })
    }

    fn bytes(&mut self, args: &Args) -> Eval<Value> {
        let value = args.positional.first().cloned().unwrap_or_default();
        if let Some(text) = value.as_str() {
            if args.positional.len() < 2 {
                return type_error("string argument without an encoding");
            }
            return Ok(Value::Bytes(text.as_bytes().into()));
        }
        if let Some(count) = self.index(&value) {
            let count = usize::try_from(count).unwrap_or(0);
            self.reserve(count)?;
            return Ok(Value::Bytes(vec![0; count].into()));
        }
        if value.is_none() {
            return Ok(Value::Bytes([].into()));
        }
        let mut bytes = Vec::new();
        for item in self.collect(&value)? {
            match item.as_int().and_then(|n| u8::try_from(n.as_i64()?).ok()) {
                Some(byte) => bytes.push(byte),
                None => return type_error("bytes must be in range(0, 256)"),
            }
        }
        Ok(Value::Bytes(bytes.into()))
    }
}
