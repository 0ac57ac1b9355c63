//! Values of the template language: Python's, and the marked ones that print differently.
//!
//! Lists, dicts and sets are shared and mutable as in Python. Everything that can hold other values
//! is in a [`Heap`] cell, which frees nested values with a loop: a template may nest lists a million
//! levels deep, and a recursive drop would overflow the stack.

pub(crate) mod compare;
pub(crate) mod float;
pub(crate) mod int;
pub(crate) mod iter;
pub(crate) mod json;
pub(crate) mod key;
pub(crate) mod repr;
pub(crate) mod unicode;

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;
use num_bigint::BigInt;

use crate::eval::exception::{Exception, ExceptionClass};
use crate::expr::ast::Lambda;
use crate::functions::Function;
use crate::functions::types::ScalarType;

pub(crate) use int::Int;
pub(crate) use key::{Key, Set};

pub(crate) type List = Rc<Heap<RefCell<Vec<Value>>>>;
pub(crate) type Dict = Rc<Heap<RefCell<DictItems>>>;
pub(crate) type DictItems = IndexMap<Key, (Value, Value)>;

#[derive(Clone, Default)]
pub(crate) enum Value {
    #[default]
    None,
    Ellipsis,
    Bool(bool),
    Int(i64),
    BigInt(Arc<BigInt>),
    Float(f64),
    Str(Arc<str>),
    Bytes(Arc<[u8]>),
    List(List),
    Tuple(Rc<Heap<Vec<Value>>>),
    Dict(Dict),
    Set(Rc<Heap<RefCell<Set>>>),
    FrozenSet(Rc<Heap<RefCell<Set>>>),
    Range(Rc<Range>),
    View(ViewKind, Dict),
    Iterator(iter::Iterator),
    /// Text that prints without quotes and otherwise behaves as a string.
    Raw(Arc<str>),
    /// `Int8` … `UInt256`: an integer that prints as `toInt8('5')`.
    TypedInt(ScalarType, Int),
    /// `Float32`, `Float64`: a float that prints as `toFloat32('1.5')`.
    TypedFloat(ScalarType, f64),
    /// A parameter without a value in check mode.
    Placeholder(Rc<Placeholder>),
    /// What `error()` gives in check mode.
    Comment(Arc<str>),
    /// Text that prints without quotes and is no string: an identifier, or a reference to a secret.
    Symbol(Arc<str>),
    Function(Function),
    Builtin(crate::eval::builtins::Builtin),
    Class(ExceptionClass),
    Exception(Rc<Heap<Exception>>),
    Method(Rc<Heap<Method>>),
    Closure(Rc<Heap<Closure>>),
    /// A part of an index; never seen outside of a subscript.
    Slice(Rc<Heap<[Value; 3]>>),
}

/// Stands for a parameter without a value; equal only to itself, by its address.
pub(crate) struct Placeholder {
    /// Makes the allocation, and so the address, its own.
    _address: u8,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Range {
    pub(crate) start: Int,
    pub(crate) stop: Int,
    pub(crate) step: Int,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ViewKind {
    Keys,
    Values,
    Items,
}

/// A method that was read and not yet called.
#[derive(Default)]
pub(crate) struct Method {
    pub(crate) receiver: Value,
    pub(crate) name: Option<Arc<str>>,
}

/// A lambda with the variables it has taken along.
#[derive(Default)]
pub(crate) struct Closure {
    pub(crate) lambda: Option<Arc<Lambda>>,
    pub(crate) defaults: Vec<Option<Value>>,
    pub(crate) captured: Vec<(usize, Option<Value>)>,
}

/// A cell whose content is dropped without recursion.
#[derive(Default)]
pub(crate) struct Heap<T: Default + 'static>(T);

impl<T: Default> Heap<T> {
    pub(crate) fn new(content: T) -> Self {
        Self(content)
    }
}

impl<T: Default> Deref for Heap<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

thread_local! {
    static IS_DROPPING: Cell<bool> = const { Cell::new(false) };
    static WAITING: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

impl<T: Default + 'static> Drop for Heap<T> {
    fn drop(&mut self) {
        let content = std::mem::take(&mut self.0);
        if IS_DROPPING.get() {
            WAITING.with_borrow_mut(|waiting| waiting.push(Box::new(content)));
            return;
        }
        IS_DROPPING.set(true);
        drop(content);
        loop {
            let next = WAITING.with_borrow_mut(Vec::pop);
            match next {
                Some(next) => drop(next),
                None => break,
            }
        }
        IS_DROPPING.set(false);
    }
}

impl Value {
    pub(crate) fn str(text: impl Into<Arc<str>>) -> Self {
        Self::Str(text.into())
    }

    pub(crate) fn raw(text: impl Into<Arc<str>>) -> Self {
        Self::Raw(text.into())
    }

    pub(crate) fn list(items: Vec<Value>) -> Self {
        Self::List(Rc::new(Heap::new(RefCell::new(items))))
    }

    pub(crate) fn tuple(items: Vec<Value>) -> Self {
        Self::Tuple(Rc::new(Heap::new(items)))
    }

    pub(crate) fn dict(items: DictItems) -> Self {
        Self::Dict(Rc::new(Heap::new(RefCell::new(items))))
    }

    pub(crate) fn set(items: Set) -> Self {
        Self::Set(Rc::new(Heap::new(RefCell::new(items))))
    }

    /// Returns a placeholder that is equal to no other.
    pub(crate) fn placeholder() -> Self {
        Self::Placeholder(Rc::new(Placeholder { _address: 0 }))
    }

    /// Returns the text of a string; raw text is one, too.
    pub(crate) fn as_str(&self) -> Option<&Arc<str>> {
        match self {
            Self::Str(text) | Self::Raw(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the value as an integer, if it is one; booleans are.
    pub(crate) fn as_int(&self) -> Option<Int> {
        match self {
            Self::Bool(b) => Some(Int::Small(i64::from(*b))),
            Self::Int(n) => Some(Int::Small(*n)),
            Self::BigInt(n) => Some(Int::Big(Arc::clone(n))),
            Self::TypedInt(_, n) => Some(n.clone()),
            _ => None,
        }
    }

    /// Returns the value of a float.
    pub(crate) fn as_float(&self) -> Option<f64> {
        match self {
            Self::Float(x) | Self::TypedFloat(_, x) => Some(*x),
            _ => None,
        }
    }

    pub(crate) fn is_none(&self) -> bool {
        matches!(self, Self::None)
    }

    /// Returns whether the value holds others and can be changed later.
    pub(crate) fn is_container(&self) -> bool {
        matches!(
            self,
            Self::List(_)
                | Self::Tuple(_)
                | Self::Dict(_)
                | Self::Set(_)
                | Self::FrozenSet(_)
                | Self::View(..)
                | Self::Iterator(_)
                | Self::Method(_)
                | Self::Closure(_)
                | Self::Exception(_)
        )
    }

    /// Python's truth value.
    pub(crate) fn truth(&self) -> bool {
        match self {
            Self::None => false,
            Self::Bool(b) => *b,
            Self::Int(n) => *n != 0,
            Self::TypedInt(_, n) => !n.is_zero(),
            Self::Float(x) | Self::TypedFloat(_, x) => *x != 0.0,
            Self::Str(s) | Self::Raw(s) => !s.is_empty(),
            Self::Bytes(b) => !b.is_empty(),
            Self::List(l) => !l.borrow().is_empty(),
            Self::Tuple(t) => !t.is_empty(),
            Self::Dict(d) | Self::View(_, d) => !d.borrow().is_empty(),
            Self::Set(s) | Self::FrozenSet(s) => !s.borrow().is_empty(),
            Self::Range(r) => !r.len().is_zero(),
            _ => true,
        }
    }

    /// Returns the name of the value's class in Python, for messages.
    pub(crate) fn type_name(&self) -> &'static str {
        match self {
            Self::None => "NoneType",
            Self::Ellipsis => "ellipsis",
            Self::Bool(_) => "bool",
            Self::Int(_) | Self::BigInt(_) => "int",
            Self::Float(_) => "float",
            Self::Str(_) => "str",
            Self::Bytes(_) => "bytes",
            Self::List(_) => "list",
            Self::Tuple(_) => "tuple",
            Self::Dict(_) => "dict",
            Self::Set(_) => "set",
            Self::FrozenSet(_) => "frozenset",
            Self::Range(_) => "range",
            Self::View(ViewKind::Keys, _) => "dict_keys",
            Self::View(ViewKind::Values, _) => "dict_values",
            Self::View(ViewKind::Items, _) => "dict_items",
            Self::Iterator(iterator) => iterator.type_name(),
            Self::Raw(_) => "Expression",
            Self::TypedInt(..) => "Integer",
            Self::TypedFloat(..) => "Float",
            Self::Placeholder(_) => "Placeholder",
            Self::Comment(_) => "Comment",
            Self::Symbol(_) => "Symbol",
            Self::Function(_) | Self::Closure(_) => "function",
            Self::Builtin(builtin) if builtin.is_class() => "type",
            Self::Builtin(_) => "builtin_function_or_method",
            Self::Class(_) => "type",
            Self::Exception(e) => e.class.name(),
            Self::Method(_) => "builtin_function_or_method",
            Self::Slice(_) => "slice",
        }
    }

    /// Returns the number of bytes or elements, an estimate of the cost of reading the value.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::Str(s) | Self::Raw(s) | Self::Comment(s) | Self::Symbol(s) => s.len(),
            Self::Bytes(b) => b.len(),
            Self::List(l) => l.borrow().len(),
            Self::Tuple(t) => t.len(),
            Self::Dict(d) | Self::View(_, d) => d.borrow().len(),
            Self::Set(s) | Self::FrozenSet(s) => s.borrow().len(),
            Self::BigInt(n) => usize::try_from(n.bits() / 8).unwrap_or(usize::MAX),
            _ => 1,
        }
    }

    /// Returns whether both are the same object, as Python's `is` sees it.
    pub(crate) fn is_same(&self, other: &Value) -> bool {
        match (self, other) {
            (Self::None, Self::None) | (Self::Ellipsis, Self::Ellipsis) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            // Python shares small integers only; nobody should rely on it either way.
            (Self::Int(a), Self::Int(b)) => a == b && (-5..=256).contains(a),
            (Self::Str(a), Self::Str(b)) => Arc::ptr_eq(a, b) || (a == b && a.len() <= 1),
            (Self::Raw(a), Self::Raw(b)) => Arc::ptr_eq(a, b),
            (Self::List(a), Self::List(b)) => Rc::ptr_eq(a, b),
            (Self::Tuple(a), Self::Tuple(b)) => Rc::ptr_eq(a, b) || (a.is_empty() && b.is_empty()),
            (Self::Dict(a), Self::Dict(b)) => Rc::ptr_eq(a, b),
            (Self::Set(a), Self::Set(b)) | (Self::FrozenSet(a), Self::FrozenSet(b)) => {
                Rc::ptr_eq(a, b)
            }
            (Self::Placeholder(a), Self::Placeholder(b)) => Rc::ptr_eq(a, b),
            (Self::Function(a), Self::Function(b)) => a == b,
            (Self::Builtin(a), Self::Builtin(b)) => a == b,
            (Self::Class(a), Self::Class(b)) => a == b,
            (Self::Exception(a), Self::Exception(b)) => Rc::ptr_eq(a, b),
            (Self::Closure(a), Self::Closure(b)) => Rc::ptr_eq(a, b),
            (Self::Comment(a), Self::Comment(b)) | (Self::Symbol(a), Self::Symbol(b)) => {
                Arc::ptr_eq(a, b)
            }
            (Self::Iterator(a), Self::Iterator(b)) => a.is_same(b),
            _ => false,
        }
    }
}

impl Range {
    pub(crate) fn len(&self) -> Int {
        let zero = Int::Small(0);
        let (low, high, step) = if self.step.cmp(&zero).is_gt() {
            (&self.start, &self.stop, self.step.clone())
        } else {
            (&self.stop, &self.start, self.step.neg())
        };
        if low.cmp(high).is_ge() {
            return zero;
        }
        let one = Int::Small(1);
        let distance = high.sub(low).sub(&one);
        distance.floor_div(&step).unwrap_or(zero).add(&one)
    }
}

#[cfg(test)]
mod tests;
