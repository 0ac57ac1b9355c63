//! `sql_unescape(x, what)`: a string literal in which `what` keeps its special meaning.

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, no_attribute, type_error};
use crate::value::Value;
use crate::value::repr::sql_escape;

const SIGNATURE: Signature = Signature {
    name: "sql_unescape",
    params: &["x", "what"],
    required: 1,
};

impl Evaluator<'_> {
    pub(super) fn sql_unescape(&mut self, args: Args) -> Eval<Value> {
        let [x, what] = SIGNATURE.bind(args)?;
        let x = x.unwrap_or_default();
        let Some(text) = x.as_str() else {
            return no_attribute(&x, "translate");
        };
        self.reserve(text.len())?;
        let mut literal = String::from("'");
        sql_escape(text, true, &mut literal);
        literal.push('\'');
        let what = what.unwrap_or_else(|| Value::str(""));
        if !what.truth() && what.as_str().is_none() {
            return Ok(Value::raw(literal));
        }
        let Some(what) = what.as_str() else {
            let class = what.type_name();
            return type_error(format!("argument of type '{class}' is not iterable"));
        };
        if !what.is_empty() && !what.contains(['\'', '"', '\\']) {
            literal = literal.replace(&format!("\\{what}"), what);
        }
        Ok(Value::raw(literal))
    }
}

#[cfg(test)]
mod tests;
