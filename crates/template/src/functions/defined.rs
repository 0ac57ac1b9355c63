//! `defined(x)`: whether a parameter has a value.

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::Eval;
use crate::value::Value;

const SIGNATURE: Signature = Signature {
    name: "defined",
    params: &["x"],
    required: 0,
};

impl Evaluator<'_> {
    pub(super) fn defined(&mut self, args: Args) -> Eval<Value> {
        let [x] = SIGNATURE.bind(args)?;
        let is_missing = matches!(x, None | Some(Value::None | Value::Placeholder(_)));
        Ok(Value::Bool(!is_missing))
    }
}
