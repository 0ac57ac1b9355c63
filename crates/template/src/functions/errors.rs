//! `error(message)` and `custom_error(body, code)`, which end the rendering.

use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, Exception, ExceptionClass, Origin};
use crate::value::Value;

const ERROR: Signature = Signature {
    name: "error",
    params: &["s", "code"],
    required: 1,
};
const CUSTOM_ERROR: Signature = Signature {
    name: "custom_error",
    params: &["s", "code"],
    required: 1,
};

/// What both print in check mode: the braces are a mistake of the reference.
const CHECK_COMMENT: &str = "-- {x} \n";

impl Evaluator<'_> {
    pub(super) fn error_function(&mut self, args: Args) -> Eval<Value> {
        if self.is_check() {
            return Ok(Value::Comment(CHECK_COMMENT.into()));
        }
        let [message, _] = ERROR.bind(args)?;
        let exception = Exception {
            class: ExceptionClass::ValueError,
            args: vec![message.unwrap_or_default()],
            origin: Origin::ErrorFunction,
            context: None,
        };
        Err(exception.into())
    }

    pub(super) fn custom_error(&mut self, args: Args) -> Eval<Value> {
        if self.is_check() {
            return Ok(Value::Comment(CHECK_COMMENT.into()));
        }
        let [body, code] = CUSTOM_ERROR.bind(args)?;
        let body = body.unwrap_or_default();
        let exception = Exception {
            class: ExceptionClass::SQLTemplateCustomError,
            args: vec![body.clone()],
            origin: Origin::Custom {
                body,
                code: code.unwrap_or(Value::Int(400)),
            },
            context: None,
        };
        Err(exception.into())
    }
}
