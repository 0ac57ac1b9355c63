//! Typed parameters: `Int32(x, default)`, `String(x)`, `Date(x)`, … (templates.md, section 8).

use super::types::ScalarType;
use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, template_error};
use crate::value::Value;

const SIGNATURE: Signature = Signature {
    name: "transform_type.<locals>._f",
    params: &[
        "x",
        "default",
        "defined",
        "required",
        "description",
        "enum",
        "example",
        "format",
    ],
    required: 1,
};

/// What is raised when there is neither a value nor a default.
pub(super) const REQUIRED: &str = "Required parameter is not defined";

impl Evaluator<'_> {
    pub(super) fn scalar(&mut self, scalar: ScalarType, args: Args) -> Eval<Value> {
        let [x, default, defined, ..] = SIGNATURE.bind::<8>(args)?;
        let default = default.unwrap_or_default();
        let value = match x.unwrap_or_default() {
            Value::Placeholder(_) if !default.truth() => return Ok(scalar.placeholder()),
            Value::None | Value::Placeholder(_) => default,
            value => value,
        };
        if value.is_none() {
            if defined.is_none_or(|d| d.truth()) {
                return template_error(REQUIRED);
            }
            return Ok(Value::None);
        }
        self.convert(scalar, &value)
    }

    /// Validates and converts one value.
    pub(super) fn convert(&mut self, scalar: ScalarType, value: &Value) -> Eval<Value> {
        let text = self.text_of(value)?;
        self.charge(text.len())?;
        match scalar.convert(&text) {
            Some(converted) => Ok(converted),
            None => template_error(format!(
                "Error validating '{text}' to type {}",
                scalar.name()
            )),
        }
    }
}

#[cfg(test)]
mod tests;
