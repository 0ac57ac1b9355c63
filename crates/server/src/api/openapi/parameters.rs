//! Parameters of templates as parameters of OpenAPI.
//!
//! A default, example or allowed value that does not have the parameter's own type is left out:
//! templates may write `Int32(n, 'all')`, a document may not.

use birdhouse_query::DeclaredParameter;
use serde_json::{Map, Value, json};

/// Returns the parameter object of a declared parameter.
pub(super) fn parameter(declared: &DeclaredParameter) -> Value {
    let mut schema = schema(&declared.kind);
    if let Some(Value::String(format)) = declared.keywords.get("format") {
        schema.insert("format".to_owned(), Value::from(format.as_str()));
    }
    let allowed = allowed(declared);
    let default = typed(&declared.kind, &declared.default);
    if let Some(default) = default.filter(|default| is_allowed(default, allowed.as_deref())) {
        schema.insert("default".to_owned(), default);
    }
    if let Some(allowed) = allowed {
        restrict(&mut schema, allowed);
    }
    let mut parameter = Map::new();
    let mut put = |name: &str, value: Value| parameter.insert(name.to_owned(), value);
    put("name", Value::from(declared.name.as_str()));
    put("in", Value::from("query"));
    if let Some(Value::String(text)) = declared.keywords.get("description") {
        put("description", Value::from(text.as_str()));
    }
    put("required", Value::from(declared.is_required));
    if element(&declared.kind).is_some() {
        // Values are separated by commas.
        put("style", Value::from("form"));
        put("explode", Value::from(false));
    }
    put("schema", Value::Object(schema));
    let example = declared.keywords.get("example");
    if let Some(example) = example.and_then(|value| typed(&declared.kind, value)) {
        put("example", example);
    }
    Value::Object(parameter)
}

/// Returns the allowed values; of an array, they are those of its elements.
fn allowed(declared: &DeclaredParameter) -> Option<Vec<Value>> {
    let Value::Array(allowed) = declared.keywords.get("enum")? else {
        return None;
    };
    let kind = element(&declared.kind).unwrap_or(&declared.kind);
    let values: Option<Vec<Value>> = allowed.iter().map(|value| typed(kind, value)).collect();
    values.filter(|values| !values.is_empty())
}

/// Returns whether a value, or each element of an array, is one of the allowed ones.
fn is_allowed(value: &Value, allowed: Option<&[Value]>) -> bool {
    let Some(allowed) = allowed else {
        return true;
    };
    match value {
        Value::Array(items) => items.iter().all(|item| allowed.contains(item)),
        value => allowed.contains(value),
    }
}

/// Adds the allowed values to the schema.
fn restrict(schema: &mut Map<String, Value>, allowed: Vec<Value>) {
    let place = match schema.get_mut("items") {
        Some(Value::Object(items)) => items,
        _ => schema,
    };
    place.insert("enum".to_owned(), Value::Array(allowed));
}

/// Returns the element type of `Array(T)`.
fn element(kind: &str) -> Option<&str> {
    kind.strip_prefix("Array(")?.strip_suffix(')')
}

/// Returns the schema of a type of the template language.
fn schema(kind: &str) -> Map<String, Value> {
    if let Some(element) = element(kind) {
        let items = Value::Object(schema(element));
        return object(json!({ "type": "array", "items": items }));
    }
    object(match kind {
        "Int8" | "Int16" | "Int32" => json!({ "type": "integer", "format": "int32" }),
        "Int64" => json!({ "type": "integer", "format": "int64" }),
        "Int128" | "Int256" | "Int" | "Integer" => json!({ "type": "integer" }),
        _ if kind.starts_with("UInt") => json!({ "type": "integer", "minimum": 0 }),
        "Float32" => json!({ "type": "number", "format": "float" }),
        "Float64" => json!({ "type": "number", "format": "double" }),
        "Boolean" => json!({ "type": "boolean" }),
        "Date" => json!({ "type": "string", "format": "date" }),
        // Not the format date-time: the engine's times have a blank instead of a T.
        "DateTime" => json!({ "type": "string", "pattern": r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$" }),
        _ => json!({ "type": "string" }),
    })
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    }
}

/// Returns the value as the type has it; nothing when it does not fit.
fn typed(kind: &str, value: &Value) -> Option<Value> {
    if let Some(element) = element(kind) {
        return match value {
            Value::Array(items) => items.iter().map(|item| typed(element, item)).collect(),
            Value::String(text) => text
                .split(',')
                .map(|item| typed(element, &Value::from(item.trim())))
                .collect(),
            _ => None,
        };
    }
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => value.to_string(),
        _ => return None,
    };
    match kind {
        "Boolean" => match text.as_str() {
            "1" => Some(true.into()),
            "0" => Some(false.into()),
            other => other.to_ascii_lowercase().parse().ok().map(Value::Bool),
        },
        "Float32" | "Float64" => Some(text.parse::<f64>().ok().filter(|x| x.is_finite())?.into()),
        _ if kind.starts_with("UInt") => Some(text.parse::<u64>().ok()?.into()),
        _ if kind.starts_with("Int") => Some(text.parse::<i64>().ok()?.into()),
        "Date" => Some(text.parse::<jiff::civil::Date>().ok()?.to_string().into()),
        "DateTime" => {
            let time = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", &text);
            time.is_ok().then(|| text.into())
        }
        _ => Some(text.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(kind: &str, default: Value, keywords: Value) -> Value {
        parameter(&DeclaredParameter {
            name: "p".to_owned(),
            kind: kind.to_owned(),
            default,
            is_required: false,
            keywords: object(keywords),
        })
    }

    #[test]
    fn everything_that_is_known_is_in_the_parameter() {
        let keywords = json!({"description": "How many", "example": "7", "enum": ["5", 7]});
        assert_eq!(
            shown("Int32", json!("5"), keywords),
            json!({
                "name": "p",
                "in": "query",
                "description": "How many",
                "required": false,
                "schema": {"type": "integer", "format": "int32", "default": 5, "enum": [5, 7]},
                "example": 7,
            })
        );
    }

    #[test]
    fn arrays_are_separated_by_commas() {
        assert_eq!(
            shown("Array(UInt8)", json!("1, 2"), json!({"enum": [1, 2, 3]})),
            json!({
                "name": "p",
                "in": "query",
                "required": false,
                "style": "form",
                "explode": false,
                "schema": {
                    "type": "array",
                    "items": {"type": "integer", "minimum": 0, "enum": [1, 2, 3]},
                    "default": [1, 2],
                },
            })
        );
    }

    #[test]
    fn values_of_another_type_are_left_out() {
        let schema = |kind: &str, default: Value| shown(kind, default, json!({}))["schema"].clone();
        for (kind, default) in [
            ("Int32", json!("all")),
            ("UInt8", json!(-1)),
            ("Float64", json!("nan")),
            ("Boolean", json!("perhaps")),
            ("Date", json!("today")),
            ("DateTime", json!("2024-01-01")),
            ("Array(Int8)", json!("1,x")),
            ("String", Value::Null),
        ] {
            assert_eq!(schema(kind, default).get("default"), None, "{kind}");
        }
        for (kind, default, written) in [
            ("Boolean", json!(1), json!(true)),
            ("Boolean", json!("False"), json!(false)),
            ("Date", json!("2024-01-02"), json!("2024-01-02")),
            (
                "DateTime",
                json!("2024-01-02 03:04:05"),
                json!("2024-01-02 03:04:05"),
            ),
            ("String", json!(5), json!("5")),
            ("Float32", json!("1.5"), json!(1.5)),
        ] {
            assert_eq!(schema(kind, default)["default"], written, "{kind}");
        }
    }

    #[test]
    fn a_default_that_is_not_allowed_is_left_out() {
        let schema = |kind: &str, default: Value| {
            shown(kind, default, json!({"enum": ["a", "b"]}))["schema"].clone()
        };
        assert_eq!(schema("String", json!("")).get("default"), None);
        assert_eq!(schema("String", json!("b"))["default"], json!("b"));
        assert_eq!(schema("Array(String)", json!("a,c")).get("default"), None);
        assert_eq!(
            schema("Array(String)", json!("a,b"))["default"],
            json!(["a", "b"])
        );
    }

    #[test]
    fn the_format_of_the_template_wins() {
        let found = shown("String", Value::Null, json!({"format": "email"}));
        assert_eq!(
            found["schema"],
            json!({"type": "string", "format": "email"})
        );
    }
}
