//! Comprehensions, generator expressions and lambdas.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use indexmap::IndexMap;

use super::Evaluator;
use super::bind::Args;
use super::exception::{Eval, type_error};
use crate::expr::ast::{Clause, Comprehension, ComprehensionKind, Lambda, ParamKind};
use crate::value::iter::{Generator, State};
use crate::value::{Closure, Heap, Set, Value};

/// What a comprehension builds.
enum Target {
    List(Vec<Value>),
    Set(Set),
    Dict(crate::value::DictItems),
}

impl Evaluator<'_> {
    pub(crate) fn comprehension(&mut self, comprehension: &Arc<Comprehension>) -> Eval<Value> {
        let Some(first) = comprehension.clauses.first() else {
            return Ok(Value::None);
        };
        let iterable = self.expr(&first.iter)?;
        let outer = self.iterate(&iterable)?;
        if comprehension.kind == ComprehensionKind::Generator {
            let generator = Generator {
                comprehension: Arc::clone(comprehension),
                outer: outer.clone(),
                ready: VecDeque::new(),
                captured: self.captured(&comprehension.captured),
            };
            return self.lazy(&[&outer], State::Generator(generator));
        }
        let mut target = match comprehension.kind {
            ComprehensionKind::Set => Target::Set(Set::default()),
            ComprehensionKind::Dict => Target::Dict(IndexMap::new()),
            _ => Target::List(Vec::new()),
        };
        while let Some(item) = self.next(&outer)? {
            self.clause(comprehension, 0, item, &mut target)?;
        }
        Ok(match target {
            Target::List(items) => Value::list(items),
            Target::Set(items) => Value::set(items),
            Target::Dict(items) => Value::dict(items),
        })
    }

    /// Runs the clause at `index` for one item, and the clauses inside of it.
    fn clause(
        &mut self,
        comprehension: &Comprehension,
        index: usize,
        item: Value,
        target: &mut Target,
    ) -> Eval<()> {
        let Some(clause) = comprehension.clauses.get(index) else {
            return Ok(());
        };
        self.assign(&clause.target, item)?;
        if !self.conditions(clause)? {
            return Ok(());
        }
        let Some(next) = comprehension.clauses.get(index + 1) else {
            return self.element(comprehension, target);
        };
        let iterable = self.expr(&next.iter)?;
        let inner = self.iterate(&iterable)?;
        while let Some(item) = self.next(&inner)? {
            self.clause(comprehension, index + 1, item, target)?;
        }
        Ok(())
    }

    fn conditions(&mut self, clause: &Clause) -> Eval<bool> {
        for condition in &clause.conditions {
            if !self.expr(condition)?.truth() {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn element(&mut self, comprehension: &Comprehension, target: &mut Target) -> Eval<()> {
        let element = self.expr(&comprehension.element)?;
        match target {
            Target::List(items) => {
                self.reserve(items.len() / 64)?;
                items.push(element);
            }
            Target::Set(items) => items.insert(self.key(&element)?, element),
            Target::Dict(items) => {
                let Some(value) = &comprehension.value else {
                    return Ok(());
                };
                let value = self.expr(value)?;
                let key = self.key(&element)?;
                super::expression::insert(items, key, (element, value));
            }
        }
        Ok(())
    }

    fn captured(&self, slots: &[usize]) -> Vec<(usize, Option<Value>)> {
        let value = |slot: &usize| self.frame.get(*slot).cloned().flatten();
        slots.iter().map(|slot| (*slot, value(slot))).collect()
    }

    /// Puts values into slots and returns what was there.
    fn exchange(&mut self, values: Vec<(usize, Option<Value>)>) -> Vec<(usize, Option<Value>)> {
        let mut old = Vec::with_capacity(values.len());
        for (slot, value) in values {
            if let Some(place) = self.frame.get_mut(slot) {
                old.push((slot, std::mem::replace(place, value)));
            }
        }
        old
    }

    /// Returns the next element of a generator. It is lazy in the items of its first clause.
    pub(crate) fn advance_generator(&mut self, generator: &mut Generator) -> Eval<Option<Value>> {
        loop {
            if let Some(item) = generator.ready.pop_front() {
                return Ok(Some(item));
            }
            let Some(item) = self.next(&generator.outer)? else {
                return Ok(None);
            };
            let old = self.exchange(generator.captured.clone());
            let mut target = Target::List(Vec::new());
            let comprehension = Arc::clone(&generator.comprehension);
            let result = self.nested(|e| e.clause(&comprehension, 0, item, &mut target));
            self.exchange(old);
            result?;
            if let Target::List(items) = target {
                generator.ready.extend(items);
            }
        }
    }

    pub(crate) fn closure(&mut self, lambda: &Arc<Lambda>) -> Eval<Value> {
        let mut defaults = Vec::with_capacity(lambda.params.len());
        for param in &lambda.params {
            defaults.push(match &param.default {
                Some(default) => Some(self.expr(default)?),
                None => None,
            });
        }
        let closure = Closure {
            lambda: Some(Arc::clone(lambda)),
            defaults,
            captured: self.captured(&lambda.captured),
        };
        Ok(Value::Closure(Rc::new(Heap::new(closure))))
    }

    pub(crate) fn call_closure(&mut self, closure: &Closure, args: Args) -> Eval<Value> {
        let Some(lambda) = &closure.lambda else {
            return Ok(Value::None);
        };
        let mut values = closure.captured.clone();
        values.extend(bind_lambda(lambda, &closure.defaults, args)?);
        // What was there comes back afterwards, so that a lambda can call itself.
        let old = self.exchange(values);
        let result = self.nested(|e| e.expr(&lambda.body));
        self.exchange(old);
        result
    }
}

/// Gives each parameter of a lambda its value.
fn bind_lambda(
    lambda: &Lambda,
    defaults: &[Option<Value>],
    args: Args,
) -> Eval<Vec<(usize, Option<Value>)>> {
    let given = args.positional.len();
    let mut positional = args.positional.into_iter();
    let mut keywords = args.keywords;
    let mut out = Vec::with_capacity(lambda.params.len());
    let mut missing = Vec::new();
    for (i, param) in lambda.params.iter().enumerate() {
        let value = match param.kind {
            ParamKind::Rest => Some(Value::tuple(positional.by_ref().collect())),
            ParamKind::Keywords => {
                let mut dict = IndexMap::new();
                for (name, value) in keywords.drain(..) {
                    let key = crate::value::Key::Str(Arc::clone(&name));
                    dict.insert(key, (Value::Str(name), value));
                }
                Some(Value::dict(dict))
            }
            ParamKind::Positional | ParamKind::KeywordOnly => {
                let by_position = if param.kind == ParamKind::Positional {
                    positional.next()
                } else {
                    None
                };
                let at = keywords.iter().position(|(name, _)| *name == param.name.id);
                let by_name = at.map(|at| keywords.remove(at).1);
                if by_position.is_some() && by_name.is_some() {
                    let name = &param.name.id;
                    return type_error(format!(
                        "<lambda>() got multiple values for argument '{name}'"
                    ));
                }
                by_position
                    .or(by_name)
                    .or_else(|| defaults.get(i).cloned().flatten())
            }
        };
        if value.is_none() {
            missing.push(format!("'{}'", param.name.id));
        }
        out.push((param.name.slot, value));
    }
    if let Some((name, _)) = keywords.first() {
        return type_error(format!(
            "<lambda>() got an unexpected keyword argument '{name}'"
        ));
    }
    if positional.next().is_some() {
        let takes = lambda.params.len();
        return type_error(format!(
            "<lambda>() takes {takes} positional arguments but {given} were given"
        ));
    }
    if !missing.is_empty() {
        return type_error(format!(
            "<lambda>() missing {} required positional argument: {}",
            missing.len(),
            missing.join(" and ")
        ));
    }
    Ok(out)
}
