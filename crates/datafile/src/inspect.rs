//! A datafile as JSON, in the shape of the reference parser's output.
//!
//! For people who debug a file and for comparing parsers. One file is looked at alone and in
//! Forward, without includes and without the rest of its project:
//!
//! ```json
//! {"ok": true, "kind": "pipe", "description": null, "tokens": [], "tags": null, "shared_with": [],
//!  "forward_query": null, "warnings": [], "nodes": [{"name": "n", "sql": "SELECT 1"}]}
//! ```
//!
//! A file with errors gives the first one and, where there are more, all of them:
//! `{"ok": false, "error", "code", "line", "pos", "hint", "errors": [{"error", …}, …]}`.

use serde_json::{Map, Value, json};

use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, FileKind, Grammar};
use crate::lexer::{self, Directive, Lexed};
use crate::metadata::{self, Tags};
use crate::schema::Column;
use crate::source::SourceFile;
use crate::{connection, connector, datasource, indexes, pipe, schema};

/// Returns a file as JSON.
pub fn inspect(file: &SourceFile, kind: FileKind) -> Value {
    let mut out = Vec::new();
    let dialect = Dialect::Forward;
    let lexed = lexer::lex(file, &Grammar::new(kind, dialect), &mut out);
    if let Some(include) = lexed
        .directives
        .iter()
        .find(|directive| directive.name() == "INCLUDE")
    {
        out.push(Diagnostic::error(
            crate::codes::INVALID_INCLUDE,
            "INCLUDE is not supported yet",
            include.keyword.clone(),
        ));
    }
    match kind {
        FileKind::Datasource => {
            datasource::build(file, &lexed, dialect, &mut out);
        }
        FileKind::Pipe => {
            pipe::build(file, &lexed, dialect, &mut out);
        }
        FileKind::Connection => {
            connection::build(file, &lexed, dialect, &mut out);
        }
    }
    crate::diagnostic::sort(&mut out);
    let errors: Vec<_> = out.iter().filter(|d| d.is_error()).map(failure).collect();
    let Some(first) = errors.first() else {
        return success(kind, &lexed, &out);
    };
    let mut fields = Map::from_iter([("ok".to_owned(), Value::from(false))]);
    fields.extend(first.clone());
    if errors.len() > 1 {
        fields.insert("errors".to_owned(), errors.into());
    }
    Value::Object(fields)
}

fn failure(error: &Diagnostic) -> Map<String, Value> {
    let location = error.span.location();
    [
        ("error", Value::from(error.message.as_str())),
        ("code", error.code.into()),
        ("line", location.line.into()),
        ("pos", location.column.into()),
        ("hint", error.hint.as_deref().into()),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect()
}

fn success(kind: FileKind, lexed: &Lexed, diagnostics: &[Diagnostic]) -> Value {
    let mut summary = Summary::default();
    for directive in &lexed.directives {
        summary.directive(kind, directive);
    }
    let nodes = match kind {
        FileKind::Pipe => nodes(lexed),
        FileKind::Datasource | FileKind::Connection => vec![default_node(lexed, &summary)],
    };
    let warnings: Vec<&str> = diagnostics
        .iter()
        .map(|diagnostic| diagnostic.message.as_str())
        .collect();
    json!({
        "ok": true,
        "kind": kind.word(),
        "description": summary.description,
        "tokens": summary.tokens,
        "tags": Some(&summary.tags.labels).filter(|labels| !labels.is_empty()),
        "shared_with": summary.shared_with,
        "forward_query": summary.forward_query,
        "warnings": warnings,
        "nodes": nodes,
    })
}

/// What stands beside the nodes.
#[derive(Default)]
struct Summary {
    description: Option<String>,
    tokens: Vec<Value>,
    tags: Tags,
    shared_with: Vec<String>,
    forward_query: Option<String>,
    seen_node: bool,
}

impl Summary {
    fn directive(&mut self, kind: FileKind, directive: &Directive) {
        match directive.name() {
            "NODE" => self.seen_node = true,
            "DESCRIPTION" if !self.seen_node => {
                self.description = Some(metadata::description(directive));
            }
            "TOKEN" => {
                if let Some(grant) =
                    metadata::token(directive, kind, Dialect::Forward, &mut Vec::new())
                {
                    let permission = grant.scope.word();
                    self.tokens
                        .push(json!({"token_name": grant.name.value, "permission": permission}));
                }
            }
            "TAGS" => {
                self.tags
                    .add(&directive.value().map(|text| text.value).unwrap_or_default());
            }
            "SHARED_WITH" => {
                let names = metadata::shared_with(directive, &mut Vec::new());
                self.shared_with
                    .extend(names.into_iter().map(|name| name.value));
            }
            "FORWARD_QUERY" => {
                self.forward_query = directive
                    .block
                    .as_ref()
                    .map(|block| block.sql().as_str().to_owned());
            }
            _ => {}
        }
    }
}

/// The only node of a data source or a connection.
fn default_node(lexed: &Lexed, summary: &Summary) -> Value {
    let mut node = Map::new();
    node.insert("name".to_owned(), "default".into());
    for directive in &lexed.directives {
        let name = directive.name();
        match (name, &directive.block) {
            ("DESCRIPTION", _) => {
                node.insert(
                    "description".to_owned(),
                    metadata::description(directive).into(),
                );
            }
            ("SCHEMA", Some(block)) => {
                let columns = schema::parse(&block.raw(), &mut Vec::new()).columns;
                let definitions: Vec<String> = columns.iter().map(Column::datafile_text).collect();
                node.insert("schema".to_owned(), definitions.join(",").into());
                node.insert("columns".to_owned(), columns.iter().map(column).collect());
            }
            ("INDEXES", Some(block)) => {
                let indexes = indexes::parse(&block.raw(), &mut Vec::new());
                node.insert("indexes".to_owned(), indexes.iter().map(index).collect());
            }
            ("FORWARD_QUERY", Some(block)) => {
                node.insert("forward_query".to_owned(), block.sql().as_str().into());
            }
            ("TAGS", _) => insert_tags(&mut node, &summary.tags),
            ("ENGINE_TTL", _) if directive.value().is_some_and(|ttl| ttl.value.is_empty()) => {}
            _ if name.starts_with("ENGINE") => insert_engine(&mut node, directive),
            ("TOKEN" | "SHARED_WITH" | "VERSION", _) => {}
            ("KAFKA_TARGET_PARTITIONS" | "IMPORT_SERVICE" | "IMPORT_EXTERNAL_DATASOURCE", _) => {}
            _ => insert_value(&mut node, directive),
        }
    }
    Value::Object(node)
}

fn nodes(lexed: &Lexed) -> Vec<Value> {
    let mut nodes: Vec<Map<String, Value>> = Vec::new();
    let mut tags = Tags::default();
    for directive in &lexed.directives {
        if directive.name() == "NODE" {
            let name = directive
                .first_word()
                .map(|name| name.value)
                .unwrap_or_default();
            nodes.push(Map::from_iter([("name".to_owned(), Value::from(name))]));
            tags = Tags::default();
            continue;
        }
        let Some(node) = nodes.last_mut() else {
            continue;
        };
        match (directive.name(), &directive.block) {
            ("DESCRIPTION", _) => {
                node.insert(
                    "description".to_owned(),
                    metadata::description(directive).into(),
                );
            }
            ("SQL", Some(block)) => {
                node.insert("sql".to_owned(), block.sql().as_str().into());
            }
            ("TAGS", _) => {
                tags.add(&directive.value().map(|text| text.value).unwrap_or_default());
                insert_tags(node, &tags);
            }
            ("TOKEN" | "VERSION" | "EXPORT_SERVICE", _) => {}
            _ => insert_value(node, directive),
        }
    }
    nodes.into_iter().map(Value::Object).collect()
}

fn insert_value(node: &mut Map<String, Value>, directive: &Directive) {
    let name = directive.name();
    let Some(value) = directive.value().map(|value| value.value) else {
        return;
    };
    let value = match name {
        "IMPORT_FORMAT" => value.to_lowercase().into(),
        "ON_DEMAND_COMPUTE" => connector::parse_bool(&value).into(),
        "GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON" => {
            serde_json::from_str(&value).unwrap_or_else(|_| Value::from(value))
        }
        _ => Value::from(value),
    };
    node.insert(pipe::node::attribute(name), value);
}

fn insert_tags(node: &mut Map<String, Value>, tags: &Tags) {
    if !tags.operational.is_empty() {
        let pairs: Vec<String> = tags
            .operational
            .iter()
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        node.insert("tags".to_owned(), pairs.join("&").into());
    }
}

/// Adds an `ENGINE*` directive to `{"type": …, "args": [[name, value], …]}`.
fn insert_engine(node: &mut Map<String, Value>, directive: &Directive) {
    let engine = node
        .entry("engine")
        .or_insert_with(|| json!({"type": null, "args": []}));
    let Some(value) = directive.value().map(|value| Value::from(value.value)) else {
        return;
    };
    match directive.name().strip_prefix("ENGINE_") {
        None => {
            if let Some(kind) = engine.get_mut("type") {
                *kind = value;
            }
        }
        Some(option) => {
            if let Some(Value::Array(args)) = engine.get_mut("args") {
                args.push(json!([option.to_ascii_lowercase(), value]));
            }
        }
    }
}

fn column(column: &Column) -> Value {
    let written = column
        .type_text
        .as_ref()
        .map_or("", |text| text.value.as_str());
    let inner = written
        .strip_prefix("Nullable(")
        .and_then(|rest| rest.strip_suffix(')'));
    json!({
        "name": column.name.value,
        "type": inner.unwrap_or(written),
        "codec": column.codec.as_ref().map(|codec| &codec.value),
        "default_value": column.default.as_ref().map(|default| format!("DEFAULT {}", default.value)),
        "jsonpath": column.json_path.as_ref().map(|path| path.value.as_str()),
        "nullable": inner.is_some(),
        "normalized_name": column.name.value,
    })
}

fn index(index: &indexes::Index) -> Value {
    json!({
        "name": index.name.value,
        "expr": index.expression,
        "type_full": index.index_type,
        "granularity": index.granularity.map(|number| number.to_string()),
    })
}
