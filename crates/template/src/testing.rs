//! Helpers of the unit tests: one call renders a template.

use std::sync::Arc;

use crate::context::{Context, Mode, Parameters};
use crate::error::TemplateError;
use crate::render::Rendered;
use crate::{Template, inspect};

/// Renders with parameters given as the text of a JSON object.
pub(crate) fn run(text: &str, parameters: &str, mode: Mode) -> Result<Rendered, TemplateError> {
    let template = Template::compile(text, None)?;
    let Ok(parameters) = Parameters::from_json_text(parameters) else {
        unreachable!("{parameters} is a JSON object");
    };
    let secrets = ["api_key", "tb_secret_prefixed"].map(str::to_owned);
    let context = Context {
        mode,
        secrets: Arc::new(secrets.into_iter().collect()),
        now: "2026-01-02 03:04:05".to_owned(),
        ..Context::default()
    };
    template.render(&parameters, &context)
}

/// Returns the SQL, or the message of the error.
pub(crate) fn outcome(text: &str, parameters: &str) -> String {
    match run(text, parameters, Mode::Render) {
        Ok(rendered) => rendered.sql,
        Err(error) => error.message,
    }
}

/// Returns the SQL in check mode, or the message of the error.
pub(crate) fn checked(text: &str) -> String {
    match run(text, "{}", Mode::Check) {
        Ok(rendered) => rendered.sql,
        Err(error) => error.message,
    }
}

/// Asserts what each template gives, an error included, without parameters.
pub(crate) fn assert_outcomes(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(outcome(text, "{}"), *expected, "{text}");
    }
}

/// Asserts what one template gives for each value of the parameter `x`, written as JSON.
pub(crate) fn assert_values(text: &str, cases: &[(&str, &str)]) {
    for (value, expected) in cases {
        let parameters = format!("{{\"x\": {value}}}");
        assert_eq!(outcome(text, &parameters), *expected, "{text} with {value}");
    }
}

/// Asserts that each template gives an error, and nothing is said about its text.
pub(crate) fn assert_fails(texts: &[&str]) {
    for text in texts {
        let result = run(text, "{}", Mode::Render);
        assert!(result.is_err(), "{text} gives {:?}", result.map(|r| r.sql));
    }
}

/// Writes one line for each template: what it gives, or kind, line and message of the error.
pub(crate) fn describe(texts: &[&str]) -> String {
    let mut out = String::new();
    for text in texts {
        let line = match run(text, "{}", Mode::Render) {
            Ok(rendered) => format!("ok {:?}", rendered.sql),
            Err(error) => {
                let place = error.line.map(|line| format!(" line {line}"));
                let place = place.unwrap_or_default();
                format!("{}{place}: {}", error.kind.as_str(), error.message)
            }
        };
        out.push_str(&format!("{text:?}\n    {line}\n"));
    }
    out
}

/// Returns the discovered parameters, one JSON object a line.
pub(crate) fn discovered(text: &str) -> String {
    let line = serde_json::json!({"template": format!("%{text}"), "mode": "params"});
    let answer = inspect::inspect(&line.to_string(), "");
    match answer.get("params").and_then(|p| p.as_array()) {
        Some(parameters) => parameters.iter().map(|p| format!("{p}\n")).collect(),
        None => format!("{answer}\n"),
    }
}
