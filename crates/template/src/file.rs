//! Templates in datasource and connection files: the whole text, before it is parsed.
//!
//! A simpler run than that of nodes: there are no parameters, `tb_secret(name, default=None)` is
//! the only function, and every value is printed as it is, without quotes. An empty secret or
//! default prints `""`, since a directive needs a value.

use std::collections::BTreeMap;

use crate::compile::{SlotKind, Template};
use crate::context::Context;
use crate::error::{ErrorKind, TemplateError};
use crate::eval::Evaluator;
use crate::eval::builtins::builtin_value;
use crate::eval::exception::{ExceptionClass, Stop};
use crate::value::Value;

/// The text of a file with its secrets in place.
#[derive(Clone, PartialEq, Eq)]
pub struct ResolvedFile {
    /// The text. It holds the values of secrets: show it to nobody.
    pub text: String,
    /// Names of the secrets that were asked for, sorted; some may have given their default.
    pub secrets: Vec<String>,
}

/// Reports whether a text has anything that [`resolve_file`] would change.
#[must_use]
pub fn uses_tags(text: &str) -> bool {
    ["{{", "{%", "{#"].iter().any(|tag| text.contains(tag))
}

/// Runs the tags in the text of a datasource or connection file.
///
/// `name` is the name of the file, which appears in a few messages; `secrets` has the values of
/// all secrets by name.
///
/// ```
/// # use std::collections::BTreeMap;
/// let secrets = BTreeMap::from([("host".to_owned(), "db.example".to_owned())]);
/// let text = r#"PG_HOST {{ tb_secret("host") }}"#;
/// let resolved = birdhouse_template::resolve_file(text, "db.connection", &secrets)?;
/// assert_eq!(resolved.text, "PG_HOST db.example");
/// # Ok::<(), birdhouse_template::TemplateError>(())
/// ```
///
/// # Errors
/// When a secret is missing and has no default, when any other name is used, when tags are
/// malformed, or when a limit is reached.
pub fn resolve_file(
    text: &str,
    name: &str,
    secrets: &BTreeMap<String, String>,
) -> Result<ResolvedFile, TemplateError> {
    let template = Template::compile(text, Some(name)).map_err(|mut error| {
        // Only the rendering of nodes words these errors for the client.
        if let Some(text) = error.message.strip_prefix("Template Syntax Error: ") {
            error.message = text.to_owned();
        }
        error
    })?;
    let context = Context::default();
    let mut evaluator = Evaluator::new(&template.slots, Vec::new(), &context);
    evaluator.file_secrets = Some(secrets);
    evaluator.frame = template
        .slots
        .iter()
        .map(|slot| match slot.kind {
            SlotKind::Function(function) if &*slot.name == "tb_secret" => {
                Some(Value::Function(function))
            }
            SlotKind::Global => builtin_value(&slot.name),
            SlotKind::Function(_) | SlotKind::Local | SlotKind::Inner => None,
        })
        .collect();
    match evaluator.nodes(&template.nodes) {
        Ok(_) => Ok(ResolvedFile {
            text: std::mem::take(&mut evaluator.out),
            secrets: std::mem::take(&mut evaluator.secrets).into_iter().collect(),
        }),
        Err(stop) => Err(describe(&stop).at_line(evaluator.line)),
    }
}

fn describe(stop: &Stop) -> TemplateError {
    let exception = match stop {
        Stop::Limit(what) => {
            let message = format!("template exceeds the limit: {what}");
            return TemplateError::new(ErrorKind::Limit, message);
        }
        Stop::Raise(exception) => exception,
    };
    let text = exception.text();
    if exception.class == ExceptionClass::SQLTemplateException {
        return TemplateError::new(ErrorKind::Secret, text);
    }
    let kind = if exception.class.is_subclass(ExceptionClass::NameError) {
        ErrorKind::Name
    } else {
        ErrorKind::Runtime
    };
    let message = format!("Template Syntax Error: Error rendering template with secrets: {text}");
    TemplateError::new(kind, message)
}

#[cfg(test)]
mod tests;
