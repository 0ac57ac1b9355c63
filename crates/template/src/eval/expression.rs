//! Expressions.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Evaluator;
use super::exception::{Eval, ExceptionClass, raise, type_error};
use crate::compile::SlotKind;
use crate::expr::ast::{
    BoolOp, Call, Compare, CompareOp, Constant, Expr, ExprKind, FPart, FValue, Name, Slice,
};
use crate::value::{Heap, Int, Key, Set, Value};

impl Evaluator<'_> {
    /// Evaluates an expression.
    pub(crate) fn expr(&mut self, expr: &Expr) -> Eval<Value> {
        self.step()?;
        // The frequent leaves are not worth a level of recursion.
        match &expr.kind {
            ExprKind::Constant(constant) => constant_value(constant),
            ExprKind::Name(name) => self.name(name),
            _ => self.nested(|e| e.compound(expr)),
        }
    }

    fn compound(&mut self, expr: &Expr) -> Eval<Value> {
        match &expr.kind {
            ExprKind::Constant(constant) => constant_value(constant),
            ExprKind::Name(name) => self.name(name),
            ExprKind::FString(parts) => self.fstring(parts),
            ExprKind::Unary(op, operand) => {
                let operand = self.expr(operand)?;
                self.unary(*op, &operand)
            }
            ExprKind::Binary(op, operands) => {
                let left = self.expr(&operands.0)?;
                let right = self.expr(&operands.1)?;
                self.binary(*op, &left, &right)
            }
            ExprKind::Bool(op, operands) => self.bool_chain(*op, operands),
            ExprKind::Compare(compare) => self.compare_chain(compare),
            ExprKind::Conditional(c) => {
                let taken = if self.expr(&c.test)?.truth() {
                    &c.body
                } else {
                    &c.orelse
                };
                self.expr(taken)
            }
            ExprKind::Call(call) => self.call_expr(call),
            ExprKind::Attribute(object, name) => {
                let object = self.expr(object)?;
                self.attribute(&object, name)
            }
            ExprKind::Subscript(parts) => {
                let container = self.expr(&parts.0)?;
                let index = self.expr(&parts.1)?;
                self.get_item(&container, &index)
            }
            ExprKind::Slice(slice) => self.slice_value(slice),
            ExprKind::List(items) => Ok(Value::list(self.items(items)?)),
            ExprKind::Tuple(items) => Ok(Value::tuple(self.items(items)?)),
            ExprKind::Set(items) => self.set_display(items),
            ExprKind::Dict(items) => self.dict_display(items),
            ExprKind::Starred(_) => type_error("can't use starred expression here"),
            ExprKind::Named(name, value) => {
                let value = self.expr(value)?;
                self.store(name.slot, value.clone());
                Ok(value)
            }
            ExprKind::Comprehension(comprehension) => self.comprehension(comprehension),
            ExprKind::Lambda(lambda) => self.closure(lambda),
            ExprKind::Yield(_) | ExprKind::Await(_) => {
                raise(ExceptionClass::SyntaxError, "not allowed here")
            }
        }
    }

    fn name(&mut self, name: &Name) -> Eval<Value> {
        if let Some(Some(value)) = self.frame.get(name.slot) {
            return Ok(value.clone());
        }
        // Functions are missing where a whole file is rendered.
        let is_global = self
            .slots
            .get(name.slot)
            .is_some_and(|slot| matches!(slot.kind, SlotKind::Global | SlotKind::Function(_)));
        let id = &name.id;
        if is_global {
            return raise(
                ExceptionClass::NameError,
                format!("name '{id}' is not defined"),
            );
        }
        let (class, message) = if name.is_free {
            let message = format!(
                "cannot access free variable '{id}' where it is not associated with a value \
                 in enclosing scope"
            );
            (ExceptionClass::NameError, message)
        } else {
            let message = format!(
                "cannot access local variable '{id}' where it is not associated with a value"
            );
            (ExceptionClass::UnboundLocalError, message)
        };
        raise(class, message)
    }

    fn bool_chain(&mut self, op: BoolOp, operands: &[Expr]) -> Eval<Value> {
        let mut last = Value::None;
        for operand in operands {
            last = self.expr(operand)?;
            if last.truth() == (op == BoolOp::Or) {
                break;
            }
        }
        Ok(last)
    }

    fn compare_chain(&mut self, compare: &Compare) -> Eval<Value> {
        let mut left = self.expr(&compare.left)?;
        let mut result = Value::Bool(true);
        for (op, right) in &compare.rest {
            let right = self.expr(right)?;
            result = Value::Bool(self.compare(*op, &left, &right)?);
            if !result.truth() {
                break;
            }
            left = right;
        }
        Ok(result)
    }

    fn compare(&mut self, op: CompareOp, left: &Value, right: &Value) -> Eval<bool> {
        match op {
            CompareOp::Eq => self.equals(left, right),
            CompareOp::NotEq => Ok(!self.equals(left, right)?),
            CompareOp::Is => Ok(left.is_same(right)),
            CompareOp::IsNot => Ok(!left.is_same(right)),
            CompareOp::In => self.contains(right, left),
            CompareOp::NotIn => Ok(!self.contains(right, left)?),
            CompareOp::Less | CompareOp::LessEq | CompareOp::Greater | CompareOp::GreaterEq => {
                self.ordered(op, left, right)
            }
        }
    }

    /// Evaluates the elements of a display; `*x` adds those of `x`.
    pub(crate) fn items(&mut self, items: &[Expr]) -> Eval<Vec<Value>> {
        let mut out = Vec::with_capacity(items.len());
        for item in items {
            match &item.kind {
                ExprKind::Starred(inner) => {
                    let iterable = self.expr(inner)?;
                    let Ok(iterator) = self.iterate(&iterable) else {
                        let message = format!(
                            "Value after * must be an iterable, not {}",
                            iterable.type_name()
                        );
                        return type_error(message);
                    };
                    while let Some(value) = self.next(&iterator)? {
                        self.reserve(out.len() / 64)?;
                        out.push(value);
                    }
                }
                _ => out.push(self.expr(item)?),
            }
        }
        Ok(out)
    }

    fn set_display(&mut self, items: &[Expr]) -> Eval<Value> {
        let mut set = Set::default();
        for value in self.items(items)? {
            set.insert(self.key(&value)?, value);
        }
        Ok(Value::set(set))
    }

    fn dict_display(&mut self, items: &[(Option<Expr>, Expr)]) -> Eval<Value> {
        let mut dict = IndexMap::new();
        for (key, value) in items {
            let Some(key) = key else {
                let other = self.expr(value)?;
                let Value::Dict(other) = &other else {
                    let message = format!("'{}' object is not a mapping", other.type_name());
                    return type_error(message);
                };
                for (key, entry) in other.borrow().iter() {
                    insert(&mut dict, key.clone(), entry.clone());
                }
                continue;
            };
            let name = self.expr(key)?;
            let value = self.expr(value)?;
            insert(&mut dict, self.key(&name)?, (name, value));
        }
        Ok(Value::dict(dict))
    }

    /// Returns the key for a value, or raises that it cannot be one.
    pub(crate) fn key(&mut self, value: &Value) -> Eval<Key> {
        self.charge(value.size())?;
        Key::new(value).or_else(|class| type_error(format!("unhashable type: '{class}'")))
    }

    fn slice_value(&mut self, slice: &Slice) -> Eval<Value> {
        let mut bound = |bound: &Option<Expr>| match bound {
            Some(expr) => self.expr(expr),
            None => Ok(Value::None),
        };
        let parts = [
            bound(&slice.lower)?,
            bound(&slice.upper)?,
            bound(&slice.step)?,
        ];
        Ok(Value::Slice(std::rc::Rc::new(Heap::new(parts))))
    }

    fn fstring(&mut self, parts: &[FPart]) -> Eval<Value> {
        if let [FPart::Value(field)] = parts
            && field.conversion.is_none()
            && field.spec.is_some()
        {
            return self.lone_field(field);
        }
        let mut out = String::new();
        for part in parts {
            match part {
                FPart::Text(text) => out.push_str(text),
                FPart::Value(field) => out.push_str(&self.field(field)?),
            }
            self.reserve(out.len())?;
        }
        Ok(Value::str(out))
    }

    /// An f-string that is one formatted value; raw text stays raw when nothing is padded.
    fn lone_field(&mut self, field: &FValue) -> Eval<Value> {
        let value = self.expr(&field.value)?;
        let spec = self.fstring(field.spec.as_deref().unwrap_or_default())?;
        let spec: Arc<str> = spec.as_str().cloned().unwrap_or_default();
        let text = self.format(&value, &spec)?;
        let is_raw = matches!(&value, Value::Raw(raw) if **raw == *text && !spec.is_empty());
        Ok(if is_raw { value } else { Value::str(text) })
    }

    fn field(&mut self, field: &FValue) -> Eval<String> {
        let mut value = self.expr(&field.value)?;
        match field.conversion {
            Some('r') => value = Value::str(self.repr_of(&value)?),
            Some('a') => value = Value::str(ascii(&self.repr_of(&value)?)),
            Some(_) => value = Value::str(self.str_of(&value)?),
            None => {}
        }
        let spec = match &field.spec {
            Some(parts) => self.fstring(parts)?,
            None => Value::str(""),
        };
        let spec: Arc<str> = spec.as_str().cloned().unwrap_or_default();
        self.format(&value, &spec)
    }

    fn call_expr(&mut self, call: &Call) -> Eval<Value> {
        if let ExprKind::Attribute(receiver, name) = &call.callee.kind {
            let receiver = self.expr(receiver)?;
            if super::methods::has_method(&receiver, name) {
                let args = self.arguments(call)?;
                return self.call_method(&receiver, name, args);
            }
            let callee = self.attribute(&receiver, name)?;
            let args = self.arguments(call)?;
            return self.call(&callee, args);
        }
        let callee = self.expr(&call.callee)?;
        let args = self.arguments(call)?;
        if let (Value::Placeholder(_), ExprKind::Name(name)) = (&callee, &call.callee.kind) {
            return self.placeholder_call(name);
        }
        self.call(&callee, args)
    }
}

/// Puts an entry into a dict; an equal key that is there keeps its place and its own value.
pub(crate) fn insert(dict: &mut crate::value::DictItems, key: Key, entry: (Value, Value)) {
    match dict.entry(key) {
        indexmap::map::Entry::Occupied(mut old) => old.get_mut().1 = entry.1,
        indexmap::map::Entry::Vacant(free) => {
            free.insert(entry);
        }
    }
}

/// Escapes everything that is not ASCII in the `repr` of a value.
pub(crate) fn ascii(repr: &str) -> String {
    let mut out = String::with_capacity(repr.len());
    for c in repr.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            crate::value::repr::push_escape(&mut out, c);
        }
    }
    out
}

fn constant_value(constant: &Constant) -> Eval<Value> {
    Ok(match constant {
        Constant::None => Value::None,
        Constant::Bool(b) => Value::Bool(*b),
        Constant::Int(n) => Value::Int(*n),
        Constant::BigInt(n) => Int::Big(Arc::clone(n)).into(),
        Constant::Float(x) => Value::Float(*x),
        Constant::Str(s) => Value::Str(Arc::clone(s)),
        Constant::Bytes(b) => Value::Bytes(Arc::clone(b)),
        Constant::Ellipsis => Value::Ellipsis,
        Constant::Imaginary(_) => {
            return type_error("complex numbers are not supported");
        }
        Constant::Surrogate => {
            return raise(
                ExceptionClass::UnicodeEncodeError,
                "'utf-8' codec can't encode character: surrogates not allowed",
            );
        }
    })
}
