//! Methods of numbers.

use super::super::Evaluator;
use super::super::exception::{Eval, ExceptionClass, raise};
use crate::value::{Int, Value};

impl Evaluator<'_> {
    pub(super) fn number_method(&mut self, receiver: &Value, name: &str) -> Eval<Value> {
        if let Some(int) = receiver.as_int() {
            return match name {
                "bit_length" => Ok(Int::from(usize::try_from(int.bits()).unwrap_or(0)).into()),
                "bit_count" => {
                    let magnitude = if int.is_negative() { int.neg() } else { int };
                    let ones = magnitude.to_radix(2).matches('1').count();
                    Ok(Int::from(ones).into())
                }
                "conjugate" => Ok(int.into()),
                "as_integer_ratio" => Ok(Value::tuple(vec![int.into(), Value::Int(1)])),
                _ => super::unknown_method(receiver, name),
            };
        }
        let x = receiver.as_float().unwrap_or(0.0);
        match name {
            "is_integer" => Ok(Value::Bool(x.is_finite() && x.fract() == 0.0)),
            "conjugate" => Ok(Value::Float(x)),
            "as_integer_ratio" if !x.is_finite() => raise(
                ExceptionClass::OverflowError,
                "cannot convert Infinity to integer ratio",
            ),
            "as_integer_ratio" => {
                let mut scaled = x;
                let mut shift = 0_u64;
                while scaled.fract() != 0.0 {
                    scaled *= 2.0;
                    shift += 1;
                }
                let numerator = Int::from_f64(scaled).unwrap_or(Int::Small(0));
                let denominator = Int::Small(1).shift_left(shift);
                Ok(Value::tuple(vec![numerator.into(), denominator.into()]))
            }
            _ => super::unknown_method(receiver, name),
        }
    }
}
