//! Array preprocessing: makes supplied array parameters real lists (templates.md, section 9).
//!
//! The reference renders `Array(value, 'T')` and reads the text back as a Python literal. What
//! Python cannot read stays as it was; escapes that Python does not know survive with their
//! backslash and are escaped again on output. Both are copied.

use crate::discover::Parameter;
use crate::eval::Evaluator;
use crate::expr::ast::{Constant, Expr, ExprKind, UnaryOp};
use crate::expr::parse_expression;
use crate::value::Value;

/// Returns `T` when the first finding of a name is `Array(T)` with a one-word `T`.
pub(crate) fn array_type<'p>(parameters: &'p [Parameter], name: &str) -> Option<&'p str> {
    let first = parameters.iter().find(|p| p.name() == Some(name))?;
    let element = first.kind().strip_prefix("Array(")?.strip_suffix(')')?;
    let is_word = !element.is_empty() && element.chars().all(|c| c == '_' || c.is_alphanumeric());
    is_word.then_some(element)
}

impl Evaluator<'_> {
    /// Converts the value of an array parameter; `None` when it stays as it was.
    pub(crate) fn preprocess_array(&mut self, value: &Value, element: &str) -> Option<Value> {
        let text = self.array_of(value, element).ok()?;
        read_list(&text)
    }
}

/// Reads the text of an array as a Python literal.
fn read_list(text: &str) -> Option<Value> {
    let expr = parse_expression(text).ok()?;
    literal(&expr)
}

fn literal(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::List(items) => {
            let items: Option<Vec<Value>> = items.iter().map(literal).collect();
            Some(Value::list(items?))
        }
        ExprKind::Unary(UnaryOp::Minus, operand) => match literal(operand)? {
            Value::Float(x) => Some(Value::Float(-x)),
            other => other.as_int().map(|int| int.neg().into()),
        },
        ExprKind::Constant(constant) => match constant {
            Constant::None => Some(Value::None),
            Constant::Bool(b) => Some(Value::Bool(*b)),
            Constant::Int(n) => Some(Value::Int(*n)),
            Constant::BigInt(n) => Some(Value::BigInt(std::sync::Arc::clone(n))),
            Constant::Float(x) => Some(Value::Float(*x)),
            Constant::Str(s) => Some(Value::Str(std::sync::Arc::clone(s))),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests;
