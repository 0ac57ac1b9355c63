//! `JSON(x, default=None)`: a parsed value for loops and conditions.

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, template_error};
use crate::json::parse;
use crate::value::Value;

const SIGNATURE: Signature = Signature {
    name: "json_type",
    params: &["x", "default"],
    required: 1,
};

impl Evaluator<'_> {
    pub(super) fn json(&mut self, args: Args) -> Eval<Value> {
        let [x, default] = SIGNATURE.bind(args)?;
        let default = default.unwrap_or_default();
        let value = match x.unwrap_or_default() {
            Value::Placeholder(_) if default.truth() => default,
            Value::Placeholder(_) => Value::str("__no_value__"),
            Value::None => match default.as_str() {
                Some(_) => default,
                None => Value::str("{}"),
            },
            value => value,
        };
        let Some(text) = value.as_str() else {
            return Ok(value);
        };
        self.reserve(text.len())?;
        match parse(text) {
            Ok(parsed) => Ok(Value::from_json(&parsed)),
            Err(error) => {
                let shown = match text.char_indices().nth(16) {
                    Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
                    None => text.to_string(),
                };
                let reason = error.message;
                template_error(format!("Error parsing JSON: '{shown}' - {reason}"))
            }
        }
    }
}

#[cfg(test)]
mod tests;
