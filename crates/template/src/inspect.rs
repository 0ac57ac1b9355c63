//! The contract of the reference oracle: one JSON line in, one JSON line out.
//!
//! Used by `birdhouse debug render` and by the comparison with the reference. Input: `template`,
//! `params`, `secrets`, `mode` (`render`, `check`, `params`), `name`, `id`; other fields are
//! ignored. Output: `sql`, `settings`, `secrets`, `warnings`, or `params`, or `error`, `status` and
//! `kind`.

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::compile::{Template, template_text};
use crate::context::{Context, Mode, Parameters};
use crate::error::{ErrorKind, TemplateError};
use crate::json::{JsonValue, parse};

/// Handles one line; `now` is the current time, `YYYY-MM-DD HH:MM:SS`.
///
/// A line that is no valid input gives an object with an error, too.
#[must_use]
pub fn inspect(line: &str, now: &str) -> Json {
    let mut out = Map::new();
    let case = match Case::read(line) {
        Ok(case) => case,
        Err(error) => {
            put_error(&mut out, &error);
            return Json::Object(out);
        }
    };
    if let Some(id) = &case.id {
        out.insert("id".to_owned(), id.clone());
    }
    if let Err(error) = case.run(now, &mut out) {
        put_error(&mut out, &error);
    }
    Json::Object(out)
}

struct Case {
    template: String,
    parameters: Parameters,
    secrets: HashSet<String>,
    mode: String,
    name: Option<String>,
    id: Option<Json>,
}

impl Case {
    fn read(line: &str) -> Result<Self, TemplateError> {
        let invalid = |message: String| TemplateError::new(ErrorKind::Runtime, message);
        let JsonValue::Object(fields) = parse(line).map_err(|e| invalid(e.message))? else {
            return Err(invalid("a case has to be a JSON object".to_owned()));
        };
        let mut case = Self {
            template: String::new(),
            parameters: Parameters::new(),
            secrets: HashSet::new(),
            mode: "render".to_owned(),
            name: None,
            id: None,
        };
        for (field, value) in fields {
            match (&*field, value) {
                ("template", JsonValue::Str(text)) => case.template = text.to_string(),
                ("mode", JsonValue::Str(text)) => case.mode = text.to_string(),
                ("name", JsonValue::Str(text)) => case.name = Some(text.to_string()),
                ("params", JsonValue::Object(items)) => {
                    case.parameters = Parameters::from_values(items);
                }
                ("secrets", JsonValue::Array(items)) => {
                    case.secrets = items
                        .iter()
                        .filter_map(|item| match item {
                            JsonValue::Str(name) => Some(name.to_string()),
                            _ => None,
                        })
                        .collect();
                }
                ("id", JsonValue::Str(id)) => case.id = Some(Json::from(&*id)),
                ("id", JsonValue::Int(id)) => case.id = id.as_i64().map(Json::from),
                _ => {}
            }
        }
        Ok(case)
    }

    fn run(&self, now: &str, out: &mut Map<String, Json>) -> Result<(), TemplateError> {
        let text = template_text(&self.template).unwrap_or(&self.template);
        let name = self.name.as_deref();
        if self.mode == "params" {
            let compiled = Template::compile_for_discovery(text, name);
            let (template, _) = compiled.map_err(|mut error| {
                // Rendering words these errors for the client; the bare discovery does not.
                if let Some(text) = error.message.strip_prefix("Template Syntax Error: ") {
                    error.message = text.to_owned();
                }
                error
            })?;
            let parameters = template.parameters()?;
            let fields = parameters.iter().map(|p| Json::Object(p.fields().clone()));
            out.insert("params".to_owned(), fields.collect());
            return Ok(());
        }
        let template = Template::compile(text, name)?;
        let context = Context {
            mode: if self.mode == "check" {
                Mode::Check
            } else {
                Mode::Render
            },
            secrets: Arc::new(self.secrets.clone()),
            now: now.to_owned(),
            ..Context::default()
        };
        let mut rendered = template.render(&self.parameters, &context)?;
        // The reference names only those that exist, also when it checks.
        let exists = |name: &String| {
            self.secrets.contains(name) || self.secrets.contains(&format!("tb_secret_{name}"))
        };
        rendered.secrets.retain(exists);
        out.insert("sql".to_owned(), Json::from(rendered.sql));
        if !rendered.settings.is_empty() {
            let settings = rendered.settings.into_iter().collect();
            out.insert("settings".to_owned(), Json::Object(settings));
        }
        if !rendered.secrets.is_empty() {
            out.insert("secrets".to_owned(), Json::from(rendered.secrets));
        }
        if !rendered.warnings.is_empty() {
            out.insert("warnings".to_owned(), Json::from(rendered.warnings));
        }
        Ok(())
    }
}

fn put_error(out: &mut Map<String, Json>, error: &TemplateError) {
    let (message, status) = match &error.custom {
        Some(custom) => (custom.body.clone(), custom.code.clone()),
        None => (Json::from(error.message.as_str()), Json::from(error.status)),
    };
    out.insert("error".to_owned(), message);
    out.insert("status".to_owned(), status);
    out.insert("kind".to_owned(), Json::from(error.kind.as_str()));
}
