//! A node as clients send it, and as a file says it.

use birdhouse_datafile::Edit;
use serde_json::{Map, Value};

use crate::error::ApiError;

/// What sinks are declared with: the member of the request, and the directive.
const SINK: &[(&str, &str)] = &[
    ("connection", "EXPORT_CONNECTION_NAME"),
    ("schedule_cron", "EXPORT_SCHEDULE"),
    ("path", "EXPORT_BUCKET_URI"),
    ("file_template", "EXPORT_FILE_TEMPLATE"),
    ("format", "EXPORT_FORMAT"),
    ("compression", "EXPORT_COMPRESSION"),
    ("write_strategy", "EXPORT_WRITE_STRATEGY"),
    ("strategy", "EXPORT_STRATEGY"),
    ("kafka_topic", "EXPORT_KAFKA_TOPIC"),
];

/// A node as clients send it.
#[derive(Debug, Clone, Default)]
pub(in crate::api::structure) struct NodeForm {
    name: String,
    /// Directives with their values.
    fields: Vec<(&'static str, String)>,
    /// Members that say more about a target: `engine`, `engine_sorting_key`, ….
    pub(in crate::api::structure) engine: Vec<(String, String)>,
}

impl NodeForm {
    /// Returns a node of which nothing becomes yet.
    pub(in crate::api::structure) fn standard(name: String, sql: String) -> Self {
        Self {
            name,
            fields: vec![("SQL", sql)],
            engine: Vec::new(),
        }
    }

    /// Reads a node; `pipe` is the object it came in, which holds the rest of sinks and copies.
    pub(in crate::api::structure) fn read(
        node: &Value,
        pipe: &Map<String, Value>,
    ) -> Result<Self, ApiError> {
        let wrong = || {
            ApiError::bad_request(
                "a node must be a JSON object with the members 'name' and 'sql', both texts",
            )
        };
        let node = node.as_object().ok_or_else(wrong)?;
        let text = |name: &str| {
            node.get(name)
                .and_then(Value::as_str)
                .filter(|t| !t.is_empty())
        };
        let (name, sql) = text("name").zip(text("sql")).ok_or_else(wrong)?;
        let of_pipe = |name: &str| {
            pipe.get(name)
                .and_then(Value::as_str)
                .filter(|t| !t.is_empty())
        };
        let mut form = Self::standard(name.to_owned(), sql.to_owned());
        form.add("DESCRIPTION", text("description"));
        let kind = text("type").unwrap_or("standard").to_ascii_lowercase();
        match kind.as_str() {
            "standard" | "default" => {}
            "materialized" => {
                form.add("TYPE", Some("materialized"));
                form.add("DATASOURCE", text("datasource"));
                let engine = node.iter().filter(|(name, _)| name.starts_with("engine"));
                let engine =
                    engine.filter_map(|(name, value)| Some((name.to_uppercase(), value.as_str()?)));
                form.engine = engine
                    .map(|(name, value)| (name, value.to_owned()))
                    .collect();
            }
            "copy" => {
                form.add("TYPE", Some("copy"));
                let target = text("target_datasource").or_else(|| of_pipe("target_datasource"));
                form.add("TARGET_DATASOURCE", target.or_else(|| text("datasource")));
                form.add("COPY_MODE", text("mode"));
                let schedule = text("copy_schedule").or_else(|| of_pipe("schedule_cron"));
                form.add("COPY_SCHEDULE", Some(schedule.unwrap_or("@on-demand")));
            }
            "sink" | "data_sink" => {
                form.add("TYPE", Some("sink"));
                for (member, directive) in SINK {
                    form.add(directive, text(member).or_else(|| of_pipe(member)));
                }
            }
            // What else there is, the datafile knows.
            _ => form.fields.push(("TYPE", kind)),
        }
        Ok(form)
    }

    /// Adds a directive when there is a value for it.
    pub(in crate::api::structure) fn add(&mut self, directive: &'static str, value: Option<&str>) {
        self.fields
            .extend(value.map(|value| (directive, value.to_owned())));
    }

    pub(in crate::api::structure) fn name(&self) -> &str {
        &self.name
    }

    /// Returns true when nothing becomes of the result.
    pub(in crate::api::structure) fn is_standard(&self) -> bool {
        self.fields
            .iter()
            .all(|(directive, _)| *directive != "TYPE")
    }

    /// Returns the target of a materialized node.
    pub(in crate::api::structure) fn materialized(&self) -> Option<String> {
        let field = |name: &str| {
            let mut fields = self.fields.iter();
            fields
                .find(|(directive, _)| *directive == name)
                .map(|(_, value)| value.clone())
        };
        field("DATASOURCE").filter(|_| field("TYPE").as_deref() == Some("materialized"))
    }

    /// Returns the query.
    pub(in crate::api::structure) fn sql(&self) -> &str {
        let mut fields = self.fields.iter();
        let sql = fields.find(|(directive, _)| *directive == "SQL");
        sql.map(|(_, sql)| sql.as_str()).unwrap_or_default()
    }

    /// Adds the node to the file of a pipe.
    pub(in crate::api::structure) fn write(&self, text: &mut Edit) -> Result<(), ApiError> {
        let refused = |error| ApiError::bad_request(format!("node '{}': {error}", self.name));
        text.add_node(&self.name).map_err(refused)?;
        for (directive, value) in &self.fields {
            text.set_in_node(&self.name, directive, value)
                .map_err(refused)?;
        }
        Ok(())
    }
}
