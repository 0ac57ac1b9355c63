//! Rendering: binds parameters, runs the template, and words what went wrong.

use std::collections::HashSet;

use crate::compile::{SlotKind, Template};
use crate::context::{Context, Mode, Parameters, Settings};
use crate::discover::Parameter;
use crate::error::{CustomError, ErrorKind, TemplateError};
use crate::eval::Evaluator;
use crate::eval::bind::join_and;
use crate::eval::builtins::builtin_value;
use crate::eval::exception::{Exception, ExceptionClass, Origin, Stop};
use crate::json::JsonValue;
use crate::preprocess::array_type;
use crate::value::Value;

/// The result of a rendering.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rendered {
    /// The SQL text.
    pub sql: String,
    /// Settings that the template asked for.
    pub settings: Settings,
    /// Secrets that the text refers to as query parameters, sorted.
    pub secrets: Vec<String>,
    /// Reserved names that are used as parameters.
    pub warnings: Vec<String>,
}

impl Template {
    /// Renders the template.
    ///
    /// # Errors
    /// When a parameter is missing or not valid, when the template raises an error of its own, or
    /// when a limit is reached.
    pub fn render(
        &self,
        parameters: &Parameters,
        context: &Context,
    ) -> Result<Rendered, TemplateError> {
        self.check_names()?;
        if let Some(failure) = &self.discovery.failure {
            return Err(failure.clone());
        }
        let mut evaluator = Evaluator::new(&self.slots, Vec::new(), context);
        evaluator.frame = self.frame(parameters, &mut evaluator);
        let result = evaluator.nodes(&self.nodes);
        if let Err(stop) = result {
            let error = self.describe(&stop, parameters, context);
            return Err(error.at_line(evaluator.line));
        }
        Ok(Rendered {
            sql: std::mem::take(&mut evaluator.out),
            settings: std::mem::take(&mut evaluator.settings),
            secrets: std::mem::take(&mut evaluator.secrets).into_iter().collect(),
            warnings: self.reserved_names().map(str::to_owned).collect(),
        })
    }

    /// Returns the parameters that the template declares, in order and with duplicates.
    ///
    /// # Errors
    /// When a list stands where the name of a parameter is expected.
    pub fn parameters(&self) -> Result<&[Parameter], TemplateError> {
        match &self.discovery.failure {
            Some(failure) => Err(failure.clone()),
            None => Ok(&self.discovery.all),
        }
    }

    /// Returns the names that `set`, `for` and `except` assign.
    pub fn assigned_names(&self) -> impl Iterator<Item = &str> {
        let locals = self.slots.iter().filter(|s| s.kind == SlotKind::Local);
        locals.map(|slot| &*slot.name)
    }

    /// Gives every slot its first value.
    fn frame(&self, parameters: &Parameters, evaluator: &mut Evaluator<'_>) -> Vec<Option<Value>> {
        let is_check = evaluator.is_check();
        let mut frame = Vec::with_capacity(self.slots.len());
        for slot in &self.slots {
            let name = &*slot.name;
            let is_used = slot.last_line.is_some();
            let value = match slot.kind {
                SlotKind::Local | SlotKind::Inner => None,
                SlotKind::Function(function) => Some(Value::Function(function)),
                SlotKind::Global => match parameters.get(name) {
                    Some(json) => {
                        let value = Value::from_json(json);
                        let element = array_type(&self.discovery.rendering, name);
                        let list = element.and_then(|e| evaluator.preprocess_array(&value, e));
                        Some(list.unwrap_or(value))
                    }
                    None if name == "job_timestamp" && self.is_discovered(name) => {
                        Some(Value::str(evaluator.context.now.as_str()))
                    }
                    None => match builtin_value(name) {
                        Some(builtin) => Some(builtin),
                        None if !is_used => None,
                        None if is_check => Some(Value::placeholder()),
                        None => Some(Value::None),
                    },
                },
            };
            frame.push(value);
        }
        frame
    }

    fn is_discovered(&self, name: &str) -> bool {
        let mut found = self.discovery.rendering.iter();
        found.any(|p| p.name() == Some(name))
    }

    /// Words the reason of a failure for the client.
    fn describe(&self, stop: &Stop, parameters: &Parameters, context: &Context) -> TemplateError {
        let exception = match stop {
            Stop::Limit(what) => {
                let message = format!("template exceeds the limit: {what}");
                return TemplateError::new(ErrorKind::Limit, message);
            }
            Stop::Raise(exception) => exception,
        };
        let class = exception.class;
        let is_reworded = class == ExceptionClass::SQLTemplateException
            || class == ExceptionClass::KeyError
            || class == ExceptionClass::IndexError
            || class == ExceptionClass::AttributeError
            || class.is_subclass(ExceptionClass::NameError);
        let unset_length = self.unset("length", parameters).is_some();
        if unset_length && context.mode == Mode::Render && !is_reworded {
            let message = "Template Syntax Error: length cannot be used as a variable name or as \
                           a function inside of a template";
            return TemplateError::new(ErrorKind::Runtime, message);
        }
        if let Origin::Custom { body, code } = &exception.origin {
            return custom_error(exception, body, code);
        }
        let message = self.message(exception, parameters, context);
        let kind = kind_of(exception, &message);
        TemplateError::new(kind, message)
    }

    /// Returns the line of the last use of a name that was not supplied.
    fn unset(&self, name: &str, parameters: &Parameters) -> Option<usize> {
        let (_, line) = self.used.iter().rfind(|(used, _)| &**used == name)?;
        (!parameters.contains(name)).then_some(*line)
    }

    fn message(&self, exception: &Exception, parameters: &Parameters, context: &Context) -> String {
        let text = exception.text();
        let class = exception.class;
        if class == ExceptionClass::TypeError {
            return type_error_text(&text);
        }
        if class.is_subclass(ExceptionClass::NameError) {
            return format!("Template Syntax Error: {text}");
        }
        // A debugging leftover of the reference, which looks at this one name only.
        if context.mode == Mode::Check
            && let Some(line) = self.unset("x", parameters)
        {
            return format!("{text}, line {line}");
        }
        match class {
            ExceptionClass::KeyError => {
                let key = exception.args.first().cloned().unwrap_or_default();
                let key = crate::value::repr::to_str(&key, usize::MAX).unwrap_or_default();
                format!(
                    "Template Syntax Error: Missing key '{key}' while rendering the template. \
                     Ensure every object accessed in the template has this key."
                )
            }
            ExceptionClass::IndexError if text == "string index out of range" => {
                "Template Syntax Error: String index out of range. Check that string parameters \
                 have values before accessing specific characters (e.g., param[0]). Provide \
                 default values or add length checks in your template."
                    .to_owned()
            }
            ExceptionClass::AttributeError if text == "'str' object has no attribute 'get'" => {
                format!(
                    "Template Syntax Error: {text}. Make sure you're using an object/dictionary \
                     where trying to use .get()"
                )
            }
            ExceptionClass::IndexError | ExceptionClass::AttributeError => {
                format!("Template Syntax Error: {text}")
            }
            ExceptionClass::SQLTemplateException
                if text == "Template Syntax Error: Required parameter is not defined" =>
            {
                self.required_text(text)
            }
            _ => text,
        }
    }

    /// Names every parameter without a default, not only the one that is missing.
    fn required_text(&self, text: String) -> String {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        for parameter in &self.discovery.rendering {
            if !parameter.default().is_null() || parameter.is_function_argument() {
                continue;
            }
            let name = parameter.get("name").unwrap_or(&serde_json::Value::Null);
            if seen.insert(name.to_string()) {
                names.push(name);
            }
        }
        let is_text = |name: &&serde_json::Value| name.is_string();
        // The reference cannot join what is no text, and leaves the list out then.
        let is_empty = |name: &&serde_json::Value| name.is_null() || name.as_str() == Some("");
        let is_nameless = names.len() == 1 && names.iter().all(is_empty);
        if is_nameless || (names.len() > 1 && !names.iter().all(is_text)) {
            return text;
        }
        let names: Vec<String> = names.into_iter().map(shown_name).collect();
        if names.is_empty() {
            return text;
        }
        let names = join_and(&names);
        format!(
            "{text}. Check the parameters {names}. \
             Please provide a value or set a default value in the pipe code."
        )
    }
}

/// Returns Python's text of a name, which may be a literal.
fn shown_name(name: &serde_json::Value) -> String {
    let value = Value::from_json(&JsonValue::from_json(name));
    crate::value::repr::to_str(&value, usize::MAX).unwrap_or_default()
}

fn type_error_text(text: &str) -> String {
    if text.contains("missing 1 required positional argument") {
        return "Template Syntax Error: one of the transform type functions is missing an argument"
            .to_owned();
    }
    if text.contains("not callable") || text.contains("unhashable type") {
        return "Template Syntax Error: wrong syntax, you might be using a not valid function \
                inside a control block"
            .to_owned();
    }
    text.to_owned()
}

fn custom_error(exception: &Exception, body: &Value, code: &Value) -> TemplateError {
    let json = body.to_json().unwrap_or_default();
    let code = code.to_json().unwrap_or_default();
    let status = code.as_u64().and_then(|code| u16::try_from(code).ok());
    let status = status.filter(|code| (400..600).contains(code));
    let mut error = TemplateError::new(ErrorKind::Custom, exception.text());
    error.status = status.unwrap_or(400);
    error.custom = Some(Box::new(CustomError { body: json, code }));
    error
}

/// Returns the kind of an exception, by the rules of the reference oracle.
fn kind_of(exception: &Exception, message: &str) -> ErrorKind {
    const MARKERS: [(&str, ErrorKind); 5] = [
        ("Required parameter is not defined", ErrorKind::Required),
        ("evaluated to null", ErrorKind::Null),
        ("Error validating", ErrorKind::Type),
        ("Cannot access secret", ErrorKind::Secret),
        ("can not be used as a variable name", ErrorKind::Reserved),
    ];
    let class = exception.class;
    let is_plain = class == ExceptionClass::ValueError && exception.context.is_none();
    if is_plain && matches!(exception.origin, Origin::ErrorFunction) {
        return ErrorKind::Error;
    }
    let is_ours = class == ExceptionClass::SQLTemplateException || exception.context.is_some();
    if is_ours && let Some((_, kind)) = MARKERS.iter().find(|(text, _)| message.contains(text)) {
        return *kind;
    }
    let about_name =
        class.is_subclass(ExceptionClass::NameError) || exception.context == Some(true);
    if about_name {
        return ErrorKind::Name;
    }
    ErrorKind::Runtime
}

#[cfg(test)]
mod tests;
