//! Python's built-in functions and classes, as far as templates can reach them.

mod construct;
mod iterables;
mod numbers;

use super::Evaluator;
use super::bind::Args;
use super::exception::{Eval, ExceptionClass, type_error, value_error};
use crate::value::Value;

pub(crate) use numbers::to_int;

macro_rules! builtins {
    ($($variant:ident $name:literal $is_class:literal),* $(,)?) => {
        /// A built-in function or class.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub(crate) enum Builtin {
            $($variant),*
        }

        impl Builtin {
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$variant,)*
                    _ => return None,
                })
            }

            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),*
                }
            }

            /// Returns whether Python has a class of this name rather than a function.
            pub(crate) fn is_class(self) -> bool {
                match self {
                    $(Self::$variant => $is_class),*
                }
            }
        }
    };
}

builtins! {
    Abs "abs" false,
    Aiter "aiter" false,
    All "all" false,
    Anext "anext" false,
    Any "any" false,
    Ascii "ascii" false,
    Bin "bin" false,
    ByteArray "bytearray" true,
    Bytes "bytes" true,
    Callable "callable" false,
    Chr "chr" false,
    Complex "complex" true,
    Dict "dict" true,
    DivMod "divmod" false,
    Enumerate "enumerate" true,
    Filter "filter" true,
    Float "float" true,
    FrozenSet "frozenset" true,
    HasAttr "hasattr" false,
    Hash "hash" false,
    Hex "hex" false,
    Int "int" true,
    IsInstance "isinstance" false,
    IsSubclass "issubclass" false,
    Iter "iter" false,
    Len "len" false,
    List "list" true,
    Map "map" true,
    Max "max" false,
    Min "min" false,
    Next "next" false,
    Oct "oct" false,
    Ord "ord" false,
    Pow "pow" false,
    Range "range" true,
    Repr "repr" false,
    Reversed "reversed" true,
    Round "round" false,
    Set "set" true,
    Slice "slice" true,
    Sorted "sorted" false,
    Str "str" true,
    Sum "sum" false,
    Tuple "tuple" true,
    Zip "zip" true,
}

/// Returns the value that a name of Python's builtins has in a template.
pub(crate) fn builtin_value(name: &str) -> Option<Value> {
    if let Some(builtin) = Builtin::from_name(name) {
        return Some(Value::Builtin(builtin));
    }
    match name {
        "Ellipsis" => Some(Value::Ellipsis),
        "NotImplemented" => Some(Value::Symbol("NotImplemented".into())),
        _ => ExceptionClass::from_name(name).map(Value::Class),
    }
}

impl Evaluator<'_> {
    pub(crate) fn call_builtin(&mut self, builtin: Builtin, args: Args) -> Eval<Value> {
        match builtin {
            Builtin::Abs
            | Builtin::Bin
            | Builtin::Chr
            | Builtin::DivMod
            | Builtin::Float
            | Builtin::Hex
            | Builtin::Int
            | Builtin::Oct
            | Builtin::Ord
            | Builtin::Pow
            | Builtin::Round
            | Builtin::Sum => self.number_builtin(builtin, args),
            Builtin::All
            | Builtin::Any
            | Builtin::Enumerate
            | Builtin::Filter
            | Builtin::Iter
            | Builtin::Map
            | Builtin::Max
            | Builtin::Min
            | Builtin::Next
            | Builtin::Reversed
            | Builtin::Sorted
            | Builtin::Zip => self.iterable_builtin(builtin, args),
            Builtin::ByteArray
            | Builtin::Bytes
            | Builtin::Dict
            | Builtin::FrozenSet
            | Builtin::List
            | Builtin::Range
            | Builtin::Set
            | Builtin::Slice
            | Builtin::Str
            | Builtin::Tuple => self.construct(builtin, args),
            Builtin::Aiter | Builtin::Anext | Builtin::Complex => {
                type_error(format!("{}() is not supported", builtin.name()))
            }
            Builtin::Ascii => {
                let [value] = exactly::<1>(builtin, args)?;
                let text = self.repr_of(&value)?;
                Ok(Value::str(super::expression::ascii(&text)))
            }
            Builtin::Repr => {
                let [value] = exactly::<1>(builtin, args)?;
                self.repr_of(&value).map(Value::str)
            }
            Builtin::Callable => {
                let [value] = exactly::<1>(builtin, args)?;
                Ok(Value::Bool(matches!(
                    value,
                    Value::Function(_)
                        | Value::Builtin(_)
                        | Value::Class(_)
                        | Value::Closure(_)
                        | Value::Method(_)
                )))
            }
            Builtin::HasAttr => {
                let [object, name] = exactly::<2>(builtin, args)?;
                let Some(name) = name.as_str() else {
                    return type_error("hasattr(): attribute name must be string");
                };
                Ok(Value::Bool(self.attribute(&object, name).is_ok()))
            }
            Builtin::Hash => {
                let [value] = exactly::<1>(builtin, args)?;
                Ok(Value::Int(self.key(&value)?.hash64()))
            }
            Builtin::IsInstance => {
                let [value, class] = exactly::<2>(builtin, args)?;
                is_instance(&value, &class).map(Value::Bool)
            }
            Builtin::IsSubclass => {
                let [class, parent] = exactly::<2>(builtin, args)?;
                is_subclass(&class, &parent).map(Value::Bool)
            }
            Builtin::Len => {
                let [value] = exactly::<1>(builtin, args)?;
                length(&value)
            }
        }
    }
}

/// Returns the arguments of a function that takes exactly `N`, and no keywords.
fn exactly<const N: usize>(builtin: Builtin, args: Args) -> Eval<[Value; N]> {
    let name = builtin.name();
    if !args.keywords.is_empty() {
        return type_error(format!("{name}() takes no keyword arguments"));
    }
    let given = args.positional.len();
    args.positional.try_into().or_else(|_| {
        if N == 1 {
            type_error(format!(
                "{name}() takes exactly one argument ({given} given)"
            ))
        } else {
            type_error(format!("{name} expected {N} arguments, got {given}"))
        }
    })
}

fn length(value: &Value) -> Eval<Value> {
    let len = match value {
        Value::Str(text) | Value::Raw(text) => text.chars().count(),
        Value::Range(range) => return Ok(range.len().into()),
        Value::Bytes(_)
        | Value::List(_)
        | Value::Tuple(_)
        | Value::Dict(_)
        | Value::Set(_)
        | Value::FrozenSet(_)
        | Value::View(..) => value.size(),
        other => {
            let class = other.type_name();
            return type_error(format!("object of type '{class}' has no len()"));
        }
    };
    Ok(crate::value::Int::from(len).into())
}

fn is_instance(value: &Value, class: &Value) -> Eval<bool> {
    match class {
        Value::Tuple(classes) => {
            for class in classes.iter() {
                if is_instance(value, class)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Value::Class(class) => Ok(match value {
            Value::Exception(e) => e.class.is_subclass(*class),
            _ => false,
        }),
        Value::Builtin(builtin) if builtin.is_class() => Ok(match (builtin, value) {
            (Builtin::Int, v) => v.as_int().is_some(),
            (Builtin::Float, v) => v.as_float().is_some(),
            (Builtin::Str, v) => v.as_str().is_some(),
            (builtin, v) => v.type_name() == builtin.name(),
        }),
        _ => type_error("isinstance() arg 2 must be a type, a tuple of types, or a union"),
    }
}

fn is_subclass(class: &Value, parent: &Value) -> Eval<bool> {
    match (class, parent) {
        (Value::Class(class), Value::Class(parent)) => Ok(class.is_subclass(*parent)),
        (Value::Builtin(a), Value::Builtin(b)) if a.is_class() && b.is_class() => Ok(a == b),
        (_, Value::Tuple(parents)) => {
            for parent in parents.iter() {
                if is_subclass(class, parent)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        (Value::Class(_) | Value::Builtin(_), Value::Class(_) | Value::Builtin(_)) => Ok(false),
        (Value::Class(_) | Value::Builtin(_), _) => {
            type_error("issubclass() arg 2 must be a class, a tuple of classes, or a union")
        }
        _ => type_error("issubclass() arg 1 must be a class"),
    }
}

/// Raises that a function got the wrong number of arguments.
fn wrong_count<T>(name: &str, bound: &str, count: usize, given: usize) -> Eval<T> {
    let plural = if count == 1 { "" } else { "s" };
    type_error(format!(
        "{name} expected {bound} {count} argument{plural}, got {given}"
    ))
}

/// Raises Python's error for an empty argument of `min` and `max`.
fn empty_argument<T>(name: &str) -> Eval<T> {
    value_error(format!("{name}() arg is an empty sequence"))
}
