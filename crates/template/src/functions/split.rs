//! `split_to_array` and `enumerate_with_last`: lists for loops.

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, template_error, type_error};
use crate::value::Value;

const SPLIT: Signature = Signature {
    name: "split_to_array",
    params: &["x", "default", "separator"],
    required: 1,
};
const ENUMERATE: Signature = Signature {
    name: "enumerate_with_last",
    params: &["arr"],
    required: 1,
};

impl Evaluator<'_> {
    pub(super) fn split_to_array(&mut self, args: Args) -> Eval<Value> {
        let [x, default, separator] = SPLIT.bind(args)?;
        let value = match x.unwrap_or_default() {
            Value::None | Value::Placeholder(_) => default.unwrap_or_else(|| Value::str("")),
            value => value,
        };
        let Some(text) = value.as_str() else {
            return template_error(
                "First argument of split_to_array has to be a value that can be split \
                 to a list of elements, but found a PlaceHolder with no value instead",
            );
        };
        let separator = separator.unwrap_or_else(|| Value::str(","));
        let args = Args::positional(vec![separator]);
        let parts = self.call_method(&Value::str(text.as_ref()), "split", args)?;
        let parts = self.collect(&parts)?;
        let trimmed = parts.iter().filter_map(Value::as_str).map(|part| {
            let part = part.trim_matches(crate::lexer::is_python_space);
            Value::str(part)
        });
        Ok(Value::list(trimmed.collect()))
    }

    pub(super) fn enumerate_with_last(&mut self, args: Args) -> Eval<Value> {
        let [items] = ENUMERATE.bind(args)?;
        let items = items.unwrap_or_default();
        if matches!(items, Value::Placeholder(_) | Value::Iterator(_)) {
            let class = items.type_name();
            return type_error(format!("object of type '{class}' has no len()"));
        }
        let Ok(items) = self.collect(&items) else {
            let class = items.type_name();
            return type_error(format!("object of type '{class}' has no len()"));
        };
        let last = items.len().saturating_sub(1);
        let pairs = items
            .into_iter()
            .enumerate()
            .map(|(i, item)| Value::tuple(vec![Value::Bool(i == last), item]));
        Ok(Value::list(pairs.collect()))
    }
}

#[cfg(test)]
mod tests;
