//! Evaluator: walks the tree of a compiled template and writes SQL.
//!
//! Every evaluated expression and every created or searched byte counts as work, and the work of a
//! rendering is limited; so are the size of values, the output and the depth of recursion.

pub(crate) mod bind;
pub(crate) mod builtins;
pub(crate) mod call;
pub(crate) mod comprehension;
pub(crate) mod exception;
pub(crate) mod expression;
pub(crate) mod format;
pub(crate) mod iterate;
pub(crate) mod methods;
pub(crate) mod operators;
pub(crate) mod output;
pub(crate) mod percent;
pub(crate) mod statement;
pub(crate) mod subscript;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::compile::Slot;
use crate::context::{Context, Mode, Settings};
use crate::limits::{EVALUATION_DEPTH_MAX, INTEGER_BITS_MAX, Limits, WORK_PER_STEP};
use crate::value::compare::CompareError;
use crate::value::{Heap, Int, Value};
use exception::{Eval, Exception, ExceptionClass, Stop, raise};

/// The state of one rendering.
pub(crate) struct Evaluator<'t> {
    pub(crate) slots: &'t [Slot],
    /// Values of the slots; none while unassigned.
    pub(crate) frame: Vec<Option<Value>>,
    pub(crate) context: &'t Context,
    pub(crate) out: String,
    pub(crate) settings: Settings,
    pub(crate) secrets: BTreeSet<String>,
    /// Values of the secrets while a whole file is rendered, see [`crate::file`].
    pub(crate) file_secrets: Option<&'t BTreeMap<String, String>>,
    /// Line of the tag that is evaluated.
    pub(crate) line: usize,
    /// Exceptions whose handlers are running.
    handling: Vec<Rc<Heap<Exception>>>,
    /// Containers that got other containers, and may be part of a cycle.
    entangled: Vec<Value>,
    work: u64,
    depth: u32,
}

impl<'t> Evaluator<'t> {
    pub(crate) fn new(slots: &'t [Slot], frame: Vec<Option<Value>>, context: &'t Context) -> Self {
        Self {
            slots,
            frame,
            context,
            out: String::new(),
            settings: Settings::default(),
            secrets: BTreeSet::new(),
            file_secrets: None,
            line: 1,
            handling: Vec::new(),
            entangled: Vec::new(),
            work: 0,
            depth: 0,
        }
    }

    pub(crate) fn is_check(&self) -> bool {
        self.context.mode == Mode::Check
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.context.limits
    }

    /// Counts `bytes` (or elements) that are created or searched.
    pub(crate) fn charge(&mut self, bytes: usize) -> Eval<()> {
        self.work = self.work.saturating_add(bytes as u64);
        if self.work > self.context.limits.work_max {
            return Err(Stop::Limit("evaluation steps"));
        }
        Ok(())
    }

    /// Counts one evaluated expression or iteration.
    pub(crate) fn step(&mut self) -> Eval<()> {
        self.work = self.work.saturating_add(WORK_PER_STEP);
        self.charge(0)
    }

    /// Refuses a value of this many bytes or elements, and counts it.
    pub(crate) fn reserve(&mut self, size: usize) -> Eval<()> {
        if size > self.context.limits.value_size_max {
            return Err(Stop::Limit("size of a value"));
        }
        self.charge(size)
    }

    /// Refuses an integer of this many bits, and counts it.
    pub(crate) fn reserve_bits(&mut self, bits: u64) -> Eval<()> {
        if bits > INTEGER_BITS_MAX {
            return Err(Stop::Limit("size of an integer"));
        }
        self.charge(usize::try_from(bits / 8).unwrap_or(usize::MAX))
    }

    /// Runs `body` one level deeper.
    pub(crate) fn nested<T>(&mut self, body: impl FnOnce(&mut Self) -> Eval<T>) -> Eval<T> {
        self.depth += 1;
        if self.depth > EVALUATION_DEPTH_MAX {
            self.depth -= 1;
            return raise(
                ExceptionClass::RecursionError,
                "maximum recursion depth exceeded",
            );
        }
        let result = body(self);
        self.depth -= 1;
        result
    }

    /// Remembers a container that now holds `content`, so that cycles can be broken at the end.
    pub(crate) fn entangle(&mut self, container: &Value, content: &Value) {
        if content.is_container() {
            self.entangled.push(container.clone());
        }
    }

    /// Returns Python's `str()` of a value.
    pub(crate) fn str_of(&mut self, value: &Value) -> Eval<String> {
        let text = crate::value::repr::to_str(value, self.limits().value_size_max)?;
        self.reserve(text.len())?;
        Ok(text)
    }

    /// Returns Python's `repr()` of a value.
    pub(crate) fn repr_of(&mut self, value: &Value) -> Eval<String> {
        let text = crate::value::repr::repr(value, self.limits().value_size_max)?;
        self.reserve(text.len())?;
        Ok(text)
    }

    /// Compares for equality and counts the work.
    pub(crate) fn equals(&mut self, a: &Value, b: &Value) -> Eval<bool> {
        self.charge(a.size().min(b.size()))?;
        Ok(crate::value::compare::equals(a, b)?)
    }

    /// Converts an index to a machine integer.
    pub(crate) fn index(&self, value: &Value) -> Option<i64> {
        value.as_int().map(|int| {
            int.as_i64().unwrap_or(if int.is_negative() {
                i64::MIN
            } else {
                i64::MAX
            })
        })
    }

    /// Returns a new integer after checking its size.
    pub(crate) fn integer(&mut self, int: Int) -> Eval<Value> {
        self.reserve_bits(int.bits())?;
        Ok(int.into())
    }
}

impl Drop for Evaluator<'_> {
    /// Empties the containers that may be part of a cycle, which would never be freed otherwise.
    fn drop(&mut self) {
        for container in self.entangled.drain(..) {
            match &container {
                Value::List(list) => list.borrow_mut().clear(),
                Value::Dict(dict) => dict.borrow_mut().clear(),
                Value::Set(set) => set.borrow_mut().clear(),
                _ => {}
            }
        }
    }
}

impl From<CompareError> for Stop {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Unordered(a, b) => Exception::new(
                ExceptionClass::TypeError,
                format!("'<' not supported between instances of '{a}' and '{b}'"),
            )
            .into(),
            CompareError::TooDeep => Exception::new(
                ExceptionClass::RecursionError,
                "maximum recursion depth exceeded in comparison",
            )
            .into(),
        }
    }
}

#[cfg(test)]
mod tests;
