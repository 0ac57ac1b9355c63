//! `Boolean(x, default=None)`: 1 or 0, never an error.

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::Eval;
use crate::value::Value;

const SIGNATURE: Signature = Signature {
    name: "boolean",
    params: &["x", "default"],
    required: 1,
};

impl Evaluator<'_> {
    pub(super) fn boolean(&mut self, args: Args) -> Eval<Value> {
        let [x, default] = SIGNATURE.bind(args)?;
        let value = match x.unwrap_or_default() {
            Value::None | Value::Placeholder(_) => default.unwrap_or_default(),
            value => value,
        };
        Ok(Value::Int(i64::from(to_bool(&value))))
    }
}

/// Text counts as false when it is empty, `0` or `false`; other values by their truth.
pub(super) fn to_bool(value: &Value) -> bool {
    match value.as_str() {
        _ if matches!(value, Value::Placeholder(_)) => false,
        Some(text) => !(text.is_empty() || &**text == "0" || text.to_lowercase() == "false"),
        None => value.truth(),
    }
}

#[cfg(test)]
mod tests;
