//! Documentation of an endpoint's parameters, merged from all nodes it depends on.
//!
//! The reference does not show how its service does this; the rules here are those that
//! templates.md, section 15, calls sensible.

use indexmap::IndexMap;
use serde_json::Value as Json;

use crate::compile::Template;
use crate::discover::Parameter;

/// A parameter of an endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct EndpointParameter {
    /// The name.
    pub name: String,
    /// The type as in the template: `Int32`, `String`, `Array(Int32)`, …
    pub kind: String,
    /// Whether a request without it fails.
    pub required: bool,
    /// The default; null when there is none.
    pub default: Json,
    /// What the template says about it.
    pub description: Option<String>,
    /// An example value.
    pub example: Option<Json>,
    /// The values that the template names as allowed. They are not checked.
    pub allowed: Vec<Json>,
    /// The format: the one given, or `date` and `date-time` for dates.
    pub format: Option<String>,
}

/// The type of a parameter in an API document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiType {
    /// A whole number.
    Integer,
    /// A number with a fraction.
    Number,
    /// True or false.
    Boolean,
    /// A list, written with commas.
    Array,
    /// Anything else.
    String,
}

impl ApiType {
    /// Returns the word of the OpenAPI specification.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Integer => "integer",
            Self::Number => "number",
            Self::Boolean => "boolean",
            Self::Array => "array",
            Self::String => "string",
        }
    }
}

impl EndpointParameter {
    /// Returns the type for an API document.
    #[must_use]
    pub fn api_type(&self) -> ApiType {
        api_type(&self.kind)
    }

    /// Returns the type of the elements, when the parameter is an array.
    #[must_use]
    pub fn element_type(&self) -> Option<ApiType> {
        let element = self.kind.strip_prefix("Array(")?.strip_suffix(')')?;
        Some(api_type(element))
    }

    fn new(parameter: &Parameter, name: &str) -> Self {
        let kind = parameter.kind();
        let text = |keyword: &str| parameter.get(keyword).and_then(Json::as_str);
        let required = match parameter.get("required").and_then(truth) {
            Some(required) => required,
            // Without a value, these two are false and empty rather than an error.
            None if matches!(kind, "Boolean" | "JSON") => false,
            None => parameter.default().is_null() && parameter.is_typed(),
        };
        let format = match kind {
            "Date" => Some("date"),
            "DateTime" | "DateTime64" => Some("date-time"),
            _ => None,
        };
        Self {
            name: name.to_owned(),
            kind: kind.to_owned(),
            required,
            default: parameter.default().clone(),
            description: text("description").map(str::to_owned),
            example: parameter.get("example").filter(|e| !e.is_null()).cloned(),
            allowed: match parameter.get("enum") {
                Some(Json::Array(values)) => values.clone(),
                _ => Vec::new(),
            },
            format: text("format").or(format).map(str::to_owned),
        }
    }
}

fn api_type(kind: &str) -> ApiType {
    if kind.starts_with("Array") {
        ApiType::Array
    } else if kind.starts_with("Int") || kind.starts_with("UInt") {
        ApiType::Integer
    } else if kind.starts_with("Float") {
        ApiType::Number
    } else if kind == "Boolean" {
        ApiType::Boolean
    } else {
        ApiType::String
    }
}

/// Reads `required=True`, also when somebody wrote it as text or number.
fn truth(value: &Json) -> Option<bool> {
    match value {
        Json::Bool(b) => Some(*b),
        Json::Number(number) => Some(number.as_f64() != Some(0.0)),
        Json::String(text) => Some(!matches!(text.to_lowercase().as_str(), "" | "false" | "0")),
        _ => None,
    }
}

/// Merges the parameters of the templates of an endpoint, in the order of its nodes.
///
/// There is one entry for each name: its first typed use, or else its first use. Names that a
/// template assigns itself are left out of that template, and so are literals.
#[must_use]
pub fn endpoint_parameters<'t>(
    templates: impl IntoIterator<Item = &'t Template>,
) -> Vec<EndpointParameter> {
    let mut merged: IndexMap<&str, &Parameter> = IndexMap::new();
    for template in templates {
        let Ok(parameters) = template.parameters() else {
            continue;
        };
        for parameter in parameters {
            let Some(name) = parameter.name().filter(|name| !name.is_empty()) else {
                continue;
            };
            if template.assigned_names().any(|assigned| assigned == name) {
                continue;
            }
            let entry = merged.entry(name).or_insert(parameter);
            if rank(parameter) > rank(entry) {
                *entry = parameter;
            }
        }
    }
    merged
        .iter()
        .map(|(name, parameter)| EndpointParameter::new(parameter, name))
        .collect()
}

/// Says how much a finding tells: a type more than a bare name, and that more than an argument.
fn rank(parameter: &Parameter) -> u8 {
    if parameter.is_typed() {
        2
    } else {
        u8::from(!parameter.is_function_argument())
    }
}

#[cfg(test)]
mod tests;
