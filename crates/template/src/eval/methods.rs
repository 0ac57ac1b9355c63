//! Methods of values, one file for each class.

mod dict;
mod list;
mod number;
mod set;
mod string;
mod string_search;

use super::Evaluator;
use super::bind::Args;
use super::exception::{Eval, Exception, no_attribute, type_error};
use crate::value::Value;

const STRING: [&str; 45] = [
    "capitalize",
    "casefold",
    "center",
    "count",
    "encode",
    "endswith",
    "expandtabs",
    "find",
    "index",
    "isalnum",
    "isalpha",
    "isascii",
    "isdecimal",
    "isdigit",
    "isidentifier",
    "islower",
    "isnumeric",
    "isprintable",
    "isspace",
    "istitle",
    "isupper",
    "join",
    "ljust",
    "lower",
    "lstrip",
    "partition",
    "removeprefix",
    "removesuffix",
    "replace",
    "rfind",
    "rindex",
    "rjust",
    "rpartition",
    "rsplit",
    "rstrip",
    "split",
    "splitlines",
    "startswith",
    "strip",
    "swapcase",
    "title",
    "translate",
    "upper",
    "zfill",
    "maketrans",
];
const LIST: [&str; 11] = [
    "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse",
    "sort",
];
const DICT: [&str; 11] = [
    "clear",
    "copy",
    "fromkeys",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
];
const SET: [&str; 17] = [
    "add",
    "clear",
    "copy",
    "difference",
    "difference_update",
    "discard",
    "intersection",
    "intersection_update",
    "isdisjoint",
    "issubset",
    "issuperset",
    "pop",
    "remove",
    "symmetric_difference",
    "symmetric_difference_update",
    "union",
    "update",
];
const FROZEN_SET: [&str; 8] = [
    "copy",
    "difference",
    "intersection",
    "isdisjoint",
    "issubset",
    "issuperset",
    "symmetric_difference",
    "union",
];
const INTEGER: [&str; 5] = [
    "as_integer_ratio",
    "bit_count",
    "bit_length",
    "conjugate",
    "to_bytes",
];
const FLOAT: [&str; 4] = ["as_integer_ratio", "conjugate", "hex", "is_integer"];

/// Returns whether a value has a method of this name.
pub(crate) fn has_method(value: &Value, name: &str) -> bool {
    let methods: &[&str] = match value {
        Value::Str(_) | Value::Raw(_) => &STRING,
        Value::List(_) => &LIST,
        Value::Tuple(_) | Value::Range(_) => &["count", "index"],
        Value::Dict(_) => &DICT,
        Value::Set(_) => &SET,
        Value::FrozenSet(_) => &FROZEN_SET,
        Value::View(crate::value::ViewKind::Keys | crate::value::ViewKind::Items, _) => {
            &["isdisjoint"]
        }
        Value::Bytes(_) => &["decode", "hex"],
        Value::Placeholder(_) => &["split", "startswith"],
        Value::Exception(_) => &["add_note", "with_traceback"],
        Value::Builtin(builtin) => match builtin.name() {
            "str" => &STRING,
            "dict" => &["fromkeys"],
            _ => &[],
        },
        v if v.as_int().is_some() => &INTEGER,
        v if v.as_float().is_some() => &FLOAT,
        _ => &[],
    };
    methods.contains(&name)
}

impl Evaluator<'_> {
    /// Calls a method that [`has_method`] knows.
    pub(crate) fn call_method(
        &mut self,
        receiver: &Value,
        name: &str,
        mut args: Args,
    ) -> Eval<Value> {
        self.step()?;
        self.charge(receiver.size())?;
        for arg in &args.positional {
            self.charge(arg.size())?;
        }
        match receiver {
            Value::Str(text) | Value::Raw(text) => {
                let text = std::sync::Arc::clone(text);
                self.string_method(&text, name, args)
            }
            Value::List(list) => {
                let list = std::rc::Rc::clone(list);
                self.list_method(&list, receiver, name, args)
            }
            Value::Tuple(_) | Value::Range(_) => self.sequence_method(receiver, name, args),
            Value::Dict(dict) => {
                let dict = std::rc::Rc::clone(dict);
                self.dict_method(&dict, receiver, name, args)
            }
            Value::Set(set) | Value::FrozenSet(set) => {
                let set = std::rc::Rc::clone(set);
                self.set_method(&set, receiver, name, args)
            }
            Value::View(..) => self.view_method(receiver, args),
            Value::Bytes(bytes) => bytes_method(bytes, name),
            Value::Placeholder(_) => placeholder_method(name, &args),
            Value::Builtin(builtin) if builtin.name() == "str" => {
                if args.positional.is_empty() {
                    return type_error(format!("unbound method str.{name}() needs an argument"));
                }
                let this = args.positional.remove(0);
                match this.as_str() {
                    Some(text) => {
                        let text = std::sync::Arc::clone(text);
                        self.string_method(&text, name, args)
                    }
                    None => {
                        let class = this.type_name();
                        type_error(format!(
                            "descriptor '{name}' for 'str' objects doesn't apply to a \
                             '{class}' object"
                        ))
                    }
                }
            }
            Value::Builtin(_) => self.dict_from_keys(args),
            Value::Exception(_) => Ok(receiver.clone()),
            _ => self.number_method(receiver, name),
        }
    }
}

/// Checks the number of positional arguments of a built-in method, which takes no keywords.
pub(super) fn arity(class: &str, name: &str, args: &Args, min: usize, max: usize) -> Eval<()> {
    let given = args.positional.len();
    if !args.keywords.is_empty() {
        return type_error(format!("{class}.{name}() takes no keyword arguments"));
    }
    if (min..=max).contains(&given) {
        return Ok(());
    }
    let message = match (min, max) {
        (0, 0) => format!("{class}.{name}() takes no arguments ({given} given)"),
        (1, 1) => format!("{class}.{name}() takes exactly one argument ({given} given)"),
        _ if given < min => {
            let bound = if min == max { "" } else { "at least " };
            let plural = if min == 1 { "" } else { "s" };
            format!("{name} expected {bound}{min} argument{plural}, got {given}")
        }
        _ => {
            let bound = if min == max { "" } else { "at most " };
            let plural = if max == 1 { "" } else { "s" };
            format!("{name} expected {bound}{max} argument{plural}, got {given}")
        }
    };
    type_error(message)
}

/// A placeholder is split into two, and starts with nothing.
fn placeholder_method(name: &str, args: &Args) -> Eval<Value> {
    let class = "Placeholder";
    match (args.positional.len(), name) {
        (1, "split") => Ok(Value::list(vec![
            Value::placeholder(),
            Value::placeholder(),
        ])),
        (1, _) => Ok(Value::Bool(false)),
        (0, _) => type_error(format!(
            "{class}.{name}() missing 1 required positional argument: 's'"
        )),
        (given, _) => type_error(format!(
            "{class}.{name}() takes 2 positional arguments but {} were given",
            given + 1
        )),
    }
}

fn bytes_method(bytes: &[u8], name: &str) -> Eval<Value> {
    if name == "hex" {
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        return Ok(Value::str(hex));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Value::str(text)),
        Err(error) => Err(Exception::new(
            super::exception::ExceptionClass::UnicodeDecodeError,
            format!("'utf-8' codec can't decode bytes: {error}"),
        )
        .into()),
    }
}

/// Raises that a method is not there; only for names that [`has_method`] lists too early.
pub(super) fn unknown_method<T>(receiver: &Value, name: &str) -> Eval<T> {
    no_attribute(receiver, name)
}
