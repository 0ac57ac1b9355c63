//! Values for parameters, so that a template can be tried.
//!
//! Declarations do not tell which parameters a call cannot go without, nor which nodes are read:
//! both depend on branches, as in `{% if defined(x) %}{{ Int32(x) }}{% end %}`.

use birdhouse_template::Parameters;
use serde_json::Value;

use super::parameters::DeclaredParameter;

/// Returns a value for each of the parameters but the one that is left out.
pub(super) fn samples(declared: &[DeclaredParameter], left_out: Option<&str>) -> Parameters {
    let mut parameters = Parameters::new();
    for parameter in declared {
        if left_out != Some(parameter.name.as_str()) {
            parameters.set_text(parameter.name.as_str(), sample(parameter));
        }
    }
    parameters
}

/// Returns a value of the parameter's type: its default, its example, its first allowed value, or
/// any.
fn sample(parameter: &DeclaredParameter) -> String {
    let keyword = |name: &str| parameter.keywords.get(name);
    let first = keyword("enum").and_then(|values| values.get(0));
    let known = [Some(&parameter.default), keyword("example"), first];
    let known = known.into_iter().flatten().find_map(text);
    known.unwrap_or_else(|| of_kind(&parameter.kind).to_owned())
}

/// Returns a value as it stands in a query string.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::Array(items) => {
            let items: Option<Vec<String>> = items.iter().map(text).collect();
            Some(items?.join(","))
        }
        Value::Null | Value::Object(_) => None,
    }
}

fn of_kind(kind: &str) -> &'static str {
    match kind {
        "Date" => "2024-01-01",
        "DateTime" => "2024-01-01 00:00:00",
        "DateTime64" => "2024-01-01 00:00:00.000",
        "JSON" => "{}",
        _ => match kind.strip_prefix("Array(") {
            Some(element) => of_kind(element.trim_end_matches(')')),
            None => "1",
        },
    }
}
