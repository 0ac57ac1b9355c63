//! `tb_secret(name, default=None)` and `tb_var`, its other name.
//!
//! A secret never appears in the SQL text: the template prints a query parameter, and the names of
//! the parameters it needs are part of the result.

use std::collections::BTreeMap;

use crate::context::Mode;
use crate::eval::Evaluator;
use crate::eval::bind::{Args, Signature};
use crate::eval::exception::{Eval, template_error};
use crate::value::Value;
use crate::value::repr::sql_escape;

const SIGNATURE: Signature = Signature {
    name: "tb_secret",
    params: &["secret_name", "default"],
    required: 1,
};

/// Prefix that the names of secrets in a workspace may have.
const PREFIX: &str = "tb_secret_";

impl Evaluator<'_> {
    pub(super) fn secret(&mut self, args: Args) -> Eval<Value> {
        let given = args.positional.len() + args.keywords.len();
        if let Some((keyword, _)) = args.keywords.iter().find(|(name, _)| &**name != "default")
            && self.file_secrets.is_none()
            && given > 0
        {
            return crate::eval::exception::type_error(format!(
                "tb_secret() got an unexpected keyword argument '{keyword}'"
            ));
        }
        let [name, default] = SIGNATURE.bind(args)?;
        let name = name.unwrap_or_default();
        let text = self.str_of(&name)?;
        if let Some(values) = self.file_secrets {
            return self.secret_value(values, text, default);
        }
        let is_text = name.as_str().is_some();
        let secrets = &self.context.secrets;
        let exists = is_text
            && (secrets.contains(&text) && !text.starts_with(PREFIX)
                || secrets.contains(&format!("{PREFIX}{text}")));
        let mut reference = String::from("{");
        sql_escape(&text, false, &mut reference);
        reference.push_str(": String}");
        let reference = Value::Symbol(reference.into());
        if exists {
            self.secrets.insert(text);
            return Ok(reference);
        }
        if let Some(default) = default.filter(|d| !d.is_none()) {
            return Ok(default);
        }
        if self.context.mode == Mode::Check && is_text && !self.context.checks_secrets {
            // The text refers to it; whoever looks at the text gives it some value.
            self.secrets.insert(text);
            return Ok(reference);
        }
        no_access(&text)
    }

    /// Returns the value itself, as in files; an empty one has to be seen in the line.
    fn secret_value(
        &mut self,
        values: &BTreeMap<String, String>,
        name: String,
        default: Option<Value>,
    ) -> Eval<Value> {
        let value = match (values.get(&name), default) {
            (Some(value), _) => {
                self.charge(value.len())?;
                Value::str(value.as_str())
            }
            (None, Some(default)) if !default.is_none() => default,
            _ => return no_access(&name),
        };
        self.secrets.insert(name);
        let is_empty = value.as_str().is_some_and(|text| text.is_empty());
        Ok(if is_empty { Value::str("\"\"") } else { value })
    }
}

fn no_access(name: &str) -> Eval<Value> {
    template_error(format!(
        "Cannot access secret '{name}'. \
         Check the secret exists in the Workspace and the token has the required scope."
    ))
}

#[cfg(test)]
mod tests;
