//! Calls and attributes.

use std::rc::Rc;

use super::Evaluator;
use super::bind::Args;
use super::exception::{Eval, Exception, no_attribute, template_error, type_error};
use crate::expr::ast::{Call, Name};
use crate::value::{Heap, Method, Value};

impl Evaluator<'_> {
    pub(crate) fn arguments(&mut self, call: &Call) -> Eval<Args> {
        let mut args = Args {
            positional: self.items(&call.args)?,
            keywords: Vec::with_capacity(call.keywords.len()),
        };
        for keyword in &call.keywords {
            let value = self.expr(&keyword.value)?;
            match &keyword.name {
                Some(name) => args.keywords.push((std::sync::Arc::clone(name), value)),
                None => unpack_keywords(&value, &mut args)?,
            }
        }
        Ok(args)
    }

    pub(crate) fn call(&mut self, callee: &Value, args: Args) -> Eval<Value> {
        self.step()?;
        match callee {
            Value::Function(function) => self.call_function(*function, args),
            Value::Builtin(builtin) => self.call_builtin(*builtin, args),
            Value::Closure(closure) => self.call_closure(closure, args),
            Value::Method(method) => {
                let name = method.name.clone().unwrap_or_default();
                self.call_method(&method.receiver, &name, args)
            }
            Value::Class(class) => {
                if !args.keywords.is_empty() {
                    let name = class.name();
                    return type_error(format!("{name}() takes no keyword arguments"));
                }
                let exception = Exception {
                    class: *class,
                    args: args.positional,
                    ..Exception::default()
                };
                Ok(Value::Exception(Rc::new(Heap::new(exception))))
            }
            other => {
                let class = other.type_name();
                type_error(format!("'{class}' object is not callable"))
            }
        }
    }

    /// Calls a placeholder by its name, which is a function that does not exist.
    pub(crate) fn placeholder_call(&mut self, name: &Name) -> Eval<Value> {
        let line = self
            .slots
            .get(name.slot)
            .map_or(1, |slot| slot.last_line.unwrap_or(1));
        template_error(format!(
            "'{}' is not a valid function, line {line}",
            name.id
        ))
    }

    /// Reads an attribute: a method to be called later, or one of the few data attributes.
    pub(crate) fn attribute(&mut self, object: &Value, name: &std::sync::Arc<str>) -> Eval<Value> {
        if super::methods::has_method(object, name) {
            let method = Method {
                receiver: object.clone(),
                name: Some(std::sync::Arc::clone(name)),
            };
            return Ok(Value::Method(Rc::new(Heap::new(method))));
        }
        match (object, &**name) {
            (Value::Exception(e), "args") => Ok(Value::tuple(e.args.clone())),
            (Value::Range(r), "start") => Ok(r.start.clone().into()),
            (Value::Range(r), "stop") => Ok(r.stop.clone().into()),
            (Value::Range(r), "step") => Ok(r.step.clone().into()),
            (_, "real" | "numerator") if object.as_int().is_some() => {
                Ok(object.as_int().map_or(Value::None, Value::from))
            }
            (_, "imag") if object.as_int().is_some() => Ok(Value::Int(0)),
            (_, "denominator") if object.as_int().is_some() => Ok(Value::Int(1)),
            (_, "real") if object.as_float().is_some() => {
                Ok(object.as_float().map_or(Value::None, Value::Float))
            }
            (_, "imag") if object.as_float().is_some() => Ok(Value::Float(0.0)),
            _ => no_attribute(object, name),
        }
    }
}

/// Adds the entries of `**value`.
fn unpack_keywords(value: &Value, args: &mut Args) -> Eval<()> {
    let Value::Dict(dict) = value else {
        let class = value.type_name();
        return type_error(format!("argument after ** must be a mapping, not {class}"));
    };
    for (key, value) in dict.borrow().values() {
        let Some(name) = key.as_str() else {
            return type_error("keywords must be strings");
        };
        if args.keywords.iter().any(|(n, _)| n == name) {
            return type_error(format!("got multiple values for keyword argument '{name}'"));
        }
        args.keywords
            .push((std::sync::Arc::clone(name), value.clone()));
    }
    Ok(())
}
