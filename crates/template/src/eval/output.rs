//! Output tags: how a value becomes SQL text (templates.md, section 7).

use super::Evaluator;
use super::exception::{Eval, Stop, template_error, type_error};
use crate::structure::Output;
use crate::value::Value;
use crate::value::repr::{sql_escape, sql_string};

impl Evaluator<'_> {
    /// Appends text to the output.
    pub(crate) fn write(&mut self, text: &str) -> Eval<()> {
        self.charge(text.len())?;
        if self.out.len() + text.len() > self.limits().output_bytes_max {
            return Err(Stop::Limit("size of the output"));
        }
        self.out.push_str(text);
        Ok(())
    }

    pub(crate) fn output(&mut self, output: &Output) -> Eval<()> {
        let value = self.expr(&output.expr)?;
        if self.file_secrets.is_some() {
            let text = self.str_of(&value)?;
            return self.write(&text);
        }
        if output.is_bare_tuple {
            return type_error(
                "expression_wrapper() got multiple values for argument 'escape_arrays'",
            );
        }
        if value.is_none() {
            return template_error(format!("expression \"{}\" evaluated to null", output.shown));
        }
        // The frequent kinds are written without a copy.
        match &value {
            Value::Str(text) => {
                self.write("'")?;
                self.charge(text.len())?;
                if self.out.len() + text.len() > self.limits().output_bytes_max {
                    return Err(Stop::Limit("size of the output"));
                }
                sql_escape(text, true, &mut self.out);
                self.write("'")
            }
            Value::Raw(text) => self.write(text),
            _ => {
                let text = self.sql(&value)?;
                self.write(&text)
            }
        }
    }

    /// Returns the SQL text of a value that is not `None`.
    pub(crate) fn sql(&mut self, value: &Value) -> Eval<String> {
        match value {
            Value::Str(text) => {
                self.reserve(text.len())?;
                Ok(sql_string(text))
            }
            Value::Placeholder(_) => Ok("'__no_value__'".to_owned()),
            // The reference takes bytes for a string and fails to escape them.
            Value::Bytes(_) => type_error("maketrans expected 2 arguments, got 1"),
            other => self.str_of(other),
        }
    }
}
