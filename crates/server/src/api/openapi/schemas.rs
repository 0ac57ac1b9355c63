//! Schemas of answers: types of the engine as its JSON output writes them.

use birdhouse_sql::DataType;
use serde_json::{Map, Value, json};

/// Returns all schemas: those of rows and the ones that all endpoints share.
pub(super) fn all(rows: Map<String, Value>) -> Value {
    let mut all = rows;
    let text = || json!({ "type": "string" });
    let integer = || json!({ "type": "integer" });
    let shared = [
        ("Error", record(&[("error", text())])),
        ("Column", record(&[("name", text()), ("type", text())])),
        (
            "Statistics",
            record(&[
                ("elapsed", json!({ "type": "number" })),
                ("rows_read", integer()),
                ("bytes_read", integer()),
            ]),
        ),
    ];
    all.extend(shared.map(|(name, schema)| (name.to_owned(), schema)));
    Value::Object(all)
}

/// Returns the answer that all failures have.
pub(super) fn error_response() -> Value {
    json!({
        "description": "Why there is no answer",
        "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
    })
}

/// Returns the document of the format JSON with rows of the schema of that name.
pub(super) fn result(row: &str) -> Value {
    json!({
        "type": "object",
        "required": ["meta", "data", "rows", "statistics"],
        "properties": {
            "meta": { "type": "array", "items": { "$ref": "#/components/schemas/Column" } },
            "data": {
                "type": "array",
                "items": { "$ref": format!("#/components/schemas/{row}") },
            },
            "rows": { "type": "integer" },
            "rows_before_limit_at_least": { "type": "integer" },
            "statistics": { "$ref": "#/components/schemas/Statistics" },
        },
    })
}

/// Returns the schema of a row; of any row when the columns are not known.
pub(super) fn row(columns: Option<&[(String, String)]>) -> Value {
    let Some(columns) = columns else {
        return json!({
            "type": "object",
            "description": "The columns depend on the parameters",
        });
    };
    let columns: Vec<(&str, Value)> = columns
        .iter()
        .map(|(name, written)| (name.as_str(), column(written)))
        .collect();
    record(&columns)
}

/// Returns the schema of an object that has all of the properties.
fn record(properties: &[(&str, Value)]) -> Value {
    let names: Vec<&str> = properties.iter().map(|(name, _)| *name).collect();
    let mut schema = Map::new();
    schema.insert("type".to_owned(), Value::from("object"));
    if !names.is_empty() {
        schema.insert("required".to_owned(), Value::from(names));
    }
    let properties = properties.iter();
    let properties = properties.map(|(name, schema)| ((*name).to_owned(), schema.clone()));
    schema.insert("properties".to_owned(), properties.collect());
    Value::Object(schema)
}

/// Returns the schema of a column, with the engine's own name of its type.
fn column(written: &str) -> Value {
    let mut schema = match DataType::parse(written) {
        Ok(data_type) => value(&data_type),
        Err(_) => json!({}),
    };
    if let Value::Object(fields) = &mut schema {
        fields.insert("x-clickhouse-type".to_owned(), Value::from(written));
    }
    schema
}

fn value(data_type: &DataType) -> Value {
    match data_type {
        DataType::Int(bits) if *bits <= 32 => json!({ "type": "integer", "format": "int32" }),
        DataType::Int(64) => json!({ "type": "integer", "format": "int64" }),
        DataType::Int(_) => json!({ "type": "integer" }),
        DataType::UInt(_) => json!({ "type": "integer", "minimum": 0 }),
        // NaN and infinities are written as null.
        DataType::Float32 => json!({ "type": "number", "format": "float", "nullable": true }),
        DataType::Float64 => json!({ "type": "number", "format": "double", "nullable": true }),
        DataType::Decimal { .. } => json!({ "type": "number" }),
        DataType::Bool => json!({ "type": "boolean" }),
        DataType::Uuid => json!({ "type": "string", "format": "uuid" }),
        DataType::Ipv4 => json!({ "type": "string", "format": "ipv4" }),
        DataType::Ipv6 => json!({ "type": "string", "format": "ipv6" }),
        DataType::Date | DataType::Date32 => json!({ "type": "string", "format": "date" }),
        DataType::String
        | DataType::FixedString(_)
        | DataType::DateTime { .. }
        | DataType::DateTime64 { .. } => json!({ "type": "string" }),
        DataType::Enum8(values) | DataType::Enum16(values) => {
            let names: Vec<&str> = values.iter().map(|(name, _)| name.as_str()).collect();
            json!({ "type": "string", "enum": names })
        }
        DataType::Array(inner) => json!({ "type": "array", "items": value(inner) }),
        DataType::Nullable(inner) => nullable(value(inner)),
        DataType::LowCardinality(inner) | DataType::SimpleAggregateFunction { inner, .. } => {
            value(inner)
        }
        DataType::Map(_, inner) => {
            json!({ "type": "object", "additionalProperties": value(inner) })
        }
        DataType::Tuple(elements) => tuple(elements),
        DataType::Json(_) => json!({ "type": "object" }),
        DataType::AggregateFunction { .. } | DataType::Other { .. } => json!({}),
    }
}

/// A tuple is an object when all of its elements have names, else an array.
fn tuple(elements: &[(Option<String>, DataType)]) -> Value {
    let named: Option<Vec<(&str, Value)>> = elements
        .iter()
        .map(|(name, element)| Some((name.as_deref()?, value(element))))
        .collect();
    match named {
        Some(named) => record(&named),
        None => json!({
            "type": "array",
            "items": {},
            "minItems": elements.len(),
            "maxItems": elements.len(),
        }),
    }
}

fn nullable(mut schema: Value) -> Value {
    let Value::Object(fields) = &mut schema else {
        return schema;
    };
    // Whatever has no type is nullable already.
    if fields.contains_key("type") {
        fields.insert("nullable".to_owned(), Value::from(true));
    }
    if let Some(Value::Array(allowed)) = fields.get_mut("enum") {
        allowed.push(Value::Null);
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_as_the_engine_writes_them() {
        for (written, expected) in [
            ("UInt64", json!({"type": "integer", "minimum": 0})),
            (
                "Nullable(Date)",
                json!({"type": "string", "format": "date", "nullable": true}),
            ),
            (
                "LowCardinality(Nullable(String))",
                json!({"type": "string", "nullable": true}),
            ),
            (
                "Array(Int8)",
                json!({"type": "array", "items": {"type": "integer", "format": "int32"}}),
            ),
            (
                "Enum8('a' = 1, 'b' = 2)",
                json!({"type": "string", "enum": ["a", "b"]}),
            ),
            (
                "Nullable(Enum8('a' = 1))",
                json!({"type": "string", "enum": ["a", null], "nullable": true}),
            ),
            (
                "Map(String, UUID)",
                json!({"type": "object", "additionalProperties": {"type": "string", "format": "uuid"}}),
            ),
            (
                "Tuple(a Bool)",
                json!({"type": "object", "required": ["a"], "properties": {"a": {"type": "boolean"}}}),
            ),
            (
                "Tuple(Bool, Bool)",
                json!({"type": "array", "items": {}, "minItems": 2, "maxItems": 2}),
            ),
            (
                "SimpleAggregateFunction(sum, Decimal(9, 2))",
                json!({"type": "number"}),
            ),
            ("AggregateFunction(sum, UInt8)", json!({})),
            ("not a type(", json!({})),
        ] {
            let mut found = column(written);
            let fields = found.as_object_mut().unwrap();
            assert_eq!(
                fields.shift_remove("x-clickhouse-type"),
                Some(json!(written))
            );
            assert_eq!(found, expected, "{written}");
        }
    }

    #[test]
    fn a_row_without_known_columns_is_any_object() {
        assert_eq!(row(None)["type"], json!("object"));
        assert_eq!(row(None).get("properties"), None);
        assert_eq!(row(Some(&[])), json!({"type": "object", "properties": {}}));
    }
}
