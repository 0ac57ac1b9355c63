//! Methods of dicts and their views.

use indexmap::IndexMap;

use super::super::Evaluator;
use super::super::bind::Args;
use super::super::exception::{Eval, Exception, ExceptionClass, type_error};
use super::super::expression::insert;
use super::super::subscript::missing_key;
use super::arity;
use crate::value::{Dict, DictItems, Key, Value, ViewKind};

impl Evaluator<'_> {
    pub(super) fn dict_method(
        &mut self,
        dict: &Dict,
        receiver: &Value,
        name: &str,
        mut args: Args,
    ) -> Eval<Value> {
        if name == "update" {
            self.update(dict, receiver, args)?;
            return Ok(Value::None);
        }
        let (min, max) = match name {
            "get" | "pop" | "setdefault" => (1, 2),
            "fromkeys" => return self.dict_from_keys(args),
            _ => (0, 0),
        };
        arity("dict", name, &args, min, max)?;
        let default = if args.positional.len() == 2 {
            args.positional.pop()
        } else {
            None
        };
        let name_of = args.positional.pop().unwrap_or_default();
        match name {
            "get" => {
                let key = self.key(&name_of)?;
                let found = dict.borrow().get(&key).map(|(_, value)| value.clone());
                Ok(found.or(default).unwrap_or_default())
            }
            "setdefault" => {
                let key = self.key(&name_of)?;
                let default = default.unwrap_or_default();
                self.entangle(receiver, &default);
                let mut items = dict.borrow_mut();
                let entry = items.entry(key).or_insert((name_of, default));
                Ok(entry.1.clone())
            }
            "pop" => {
                let key = self.key(&name_of)?;
                let removed = dict.borrow_mut().shift_remove(&key);
                match removed.map(|(_, value)| value).or(default) {
                    Some(value) => Ok(value),
                    None => missing_key(&name_of),
                }
            }
            "popitem" => match dict.borrow_mut().pop() {
                Some((_, (key, value))) => Ok(Value::tuple(vec![key, value])),
                None => Err(Exception::new(
                    ExceptionClass::KeyError,
                    "popitem(): dictionary is empty",
                )
                .into()),
            },
            "keys" => Ok(Value::View(ViewKind::Keys, dict.clone())),
            "values" => Ok(Value::View(ViewKind::Values, dict.clone())),
            "items" => Ok(Value::View(ViewKind::Items, dict.clone())),
            "copy" => {
                self.reserve(dict.borrow().len())?;
                Ok(Value::dict(dict.borrow().clone()))
            }
            "clear" => {
                dict.borrow_mut().clear();
                Ok(Value::None)
            }
            _ => super::unknown_method(receiver, name),
        }
    }

    fn update(&mut self, dict: &Dict, receiver: &Value, args: Args) -> Eval<()> {
        if args.positional.len() > 1 {
            let given = args.positional.len();
            return type_error(format!("update expected at most 1 argument, got {given}"));
        }
        let added = self.dict_items(args)?;
        self.reserve(dict.borrow().len() + added.len())?;
        for (key, entry) in added {
            self.entangle(receiver, &entry.1);
            insert(&mut dict.borrow_mut(), key, entry);
        }
        Ok(())
    }

    /// Reads the arguments of `dict(…)` and `update(…)`: a dict or pairs, and keywords.
    pub(crate) fn dict_items(&mut self, args: Args) -> Eval<DictItems> {
        let mut items: DictItems = IndexMap::new();
        if let Some(source) = args.positional.first() {
            if let Value::Dict(other) = source {
                self.reserve(other.borrow().len())?;
                items = other.borrow().clone();
            } else {
                for (at, pair) in self.collect(source)?.iter().enumerate() {
                    let Ok(parts) = self.collect(pair) else {
                        return type_error(format!(
                            "cannot convert dictionary update sequence element #{at} to a sequence"
                        ));
                    };
                    let len = parts.len();
                    let Ok([key, value]) = <[Value; 2]>::try_from(parts) else {
                        return super::super::exception::value_error(format!(
                            "dictionary update sequence element #{at} has length {len}; \
                             2 is required"
                        ));
                    };
                    insert(&mut items, self.key(&key)?, (key, value));
                }
            }
        }
        for (name, value) in args.keywords {
            let entry = (Value::Str(std::sync::Arc::clone(&name)), value);
            insert(&mut items, Key::Str(name), entry);
        }
        Ok(items)
    }

    /// `dict.fromkeys(keys, value=None)`.
    pub(super) fn dict_from_keys(&mut self, args: Args) -> Eval<Value> {
        arity("dict", "fromkeys", &args, 1, 2)?;
        let value = args.positional.get(1).cloned().unwrap_or_default();
        let mut items: DictItems = IndexMap::new();
        for key in self.collect(args.positional.first().unwrap_or(&Value::None))? {
            insert(&mut items, self.key(&key)?, (key, value.clone()));
        }
        Ok(Value::dict(items))
    }

    /// `isdisjoint` of keys and items.
    pub(super) fn view_method(&mut self, receiver: &Value, args: Args) -> Eval<Value> {
        let other = args.positional.first().cloned().unwrap_or_default();
        for item in self.collect(&other)? {
            if self.contains(receiver, &item)? {
                return Ok(Value::Bool(false));
            }
        }
        Ok(Value::Bool(true))
    }
}
