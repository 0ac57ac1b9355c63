//! Iterators: what `for` walks over, and the lazy ones of `map`, `zip` and generator expressions.
//!
//! Advancing is in `eval::iterate`, since `map` and generators evaluate code.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use super::{Heap, Int, List, Value};
use crate::expr::ast::Comprehension;

/// A shared iterator.
#[derive(Clone)]
pub(crate) struct Iterator {
    state: Rc<Heap<RefCell<State>>>,
    /// Number of iterators below this one.
    pub(crate) depth: u32,
}

#[derive(Default)]
pub(crate) enum State {
    #[default]
    Done,
    /// A list is read while it may grow.
    List(List, usize),
    Items(VecDeque<Value>),
    /// The text and the byte offset of the next character.
    Text(Arc<str>, usize),
    Range {
        next: Int,
        remaining: Int,
        step: Int,
    },
    Enumerate(Iterator, Int),
    Zip(Vec<Iterator>),
    Map(Value, Vec<Iterator>),
    /// A filter by truth when the function is `None`.
    Filter(Value, Iterator),
    Generator(Generator),
}

/// A generator expression that has been started.
pub(crate) struct Generator {
    pub(crate) comprehension: Arc<Comprehension>,
    pub(crate) outer: Iterator,
    /// Elements of the current item of the outer iterator.
    pub(crate) ready: VecDeque<Value>,
    pub(crate) captured: Vec<(usize, Option<Value>)>,
}

impl Iterator {
    pub(crate) fn new(state: State, depth: u32) -> Self {
        Self {
            state: Rc::new(Heap::new(RefCell::new(state))),
            depth,
        }
    }

    pub(crate) fn items(items: impl IntoIterator<Item = Value>) -> Self {
        Self::new(State::Items(items.into_iter().collect()), 0)
    }

    /// Takes the state out while it is advanced; a re-entrant use finds [`State::Done`].
    pub(crate) fn take(&self) -> State {
        self.state.take()
    }

    pub(crate) fn put(&self, state: State) {
        self.state.replace(state);
    }

    pub(crate) fn is_same(&self, other: &Self) -> bool {
        Rc::ptr_eq(&self.state, &other.state)
    }

    pub(crate) fn type_name(&self) -> &'static str {
        match &*self.state.borrow() {
            State::Done | State::Items(_) | State::List(..) => "list_iterator",
            State::Text(..) => "str_iterator",
            State::Range { .. } => "range_iterator",
            State::Enumerate(..) => "enumerate",
            State::Zip(_) => "zip",
            State::Map(..) => "map",
            State::Filter(..) => "filter",
            State::Generator(_) => "generator",
        }
    }
}
