//! `sql_and(name__op=value, …)`: conditions joined by `and`; those without a value are left out.

use crate::eval::Evaluator;
use crate::eval::bind::Args;
use crate::eval::exception::{Eval, template_error};
use crate::value::Value;

impl Evaluator<'_> {
    pub(super) fn sql_and(&mut self, args: Args) -> Eval<Value> {
        let mut out = String::new();
        for (keyword, value) in args.keywords {
            if value.is_none() {
                continue;
            }
            let (name, operator) = match keyword.rsplit_once("__") {
                None => (&*keyword, "="),
                Some((name, operator)) => {
                    let sign = match operator {
                        "gt" => ">",
                        "lt" => "<",
                        "gte" => ">=",
                        "lte" => "<=",
                        "in" => "in",
                        "not_in" => "not in",
                        _ => return template_error(format!("operand {operator} not supported")),
                    };
                    (name, sign)
                }
            };
            if !out.is_empty() {
                out.push_str(" and ");
            }
            let value = self.sql(&value)?;
            out.push_str(&format!("{name} {operator} {value}"));
            self.reserve(out.len())?;
        }
        Ok(Value::raw(out))
    }
}

#[cfg(test)]
mod tests;
