//! A data source as clients read it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use birdhouse_catalog::{Resource, ResourceKind};
use birdhouse_datafile::{Column, ConnectorKind, Datasource};
use birdhouse_ingest::QUARANTINE_SUFFIX;
use serde_json::{Map, Value, json};

use super::tables::{self, Table};
use crate::api::datetime;
use crate::app::App;
use crate::context::RequestContext;
use crate::definitions::Definitions;
use crate::error::ApiError;

/// What all data sources of one answer are made from.
pub(super) struct Shown<'c> {
    ctx: &'c RequestContext,
    definitions: Arc<Definitions>,
    tables: HashMap<String, Table>,
    /// Each data source with name and id of a pipe that reads it.
    used_by: BTreeSet<(String, String, String)>,
}

impl<'c> Shown<'c> {
    pub(super) async fn read(ctx: &'c RequestContext, app: &App) -> Result<Self, ApiError> {
        let workspace = ctx.workspace();
        let definitions = app.definitions.of(ctx);
        let mut used_by = BTreeSet::new();
        for ((pipe, _), reads) in definitions.reads(ctx, app).await {
            let Some(resource) = ctx.resource(ResourceKind::Pipe, pipe) else {
                continue;
            };
            for read in reads {
                let id = resource.id.to_string();
                used_by.insert((read.clone(), pipe.clone(), id));
            }
        }
        Ok(Self {
            ctx,
            tables: tables::read(app, &workspace.workspace.database).await?,
            definitions,
            used_by,
        })
    }

    pub(super) fn datasource(&self, resource: &Resource) -> Value {
        let name = resource.name.as_str();
        let missing = Table::default();
        // A data source that a deployment changed has a table of another name.
        let live = self.ctx.live.datasources.get(name);
        let own = live.map_or(name, |datasource| &datasource.table);
        let table = self.tables.get(own).unwrap_or(&missing);
        let quarantine = self.tables.get(&format!("{own}{QUARANTINE_SUFFIX}"));
        let definition = self.definitions.datasource(name);
        let columns = columns(definition, table);
        let used_by = self.used_by.iter().filter(|(read, _, _)| read == name);
        let used_by: Vec<Value> = used_by
            .map(|(_, name, id)| json!({ "id": id, "name": name }))
            .collect();
        let mut shown = json!({
            "id": resource.id.as_str(),
            "name": name,
            "description": definition.and_then(|d| d.description.as_deref()).unwrap_or_default(),
            "type": kind(definition),
            "cluster": "tinybird",
            "tags": {},
            "created_at": datetime(resource.created_at),
            "updated_at": datetime(resource.updated_at),
            "replicated": true,
            "version": 0,
            "project": null,
            "headers": {},
            "shared_with": [],
            "engine": engine(definition, table),
            "columns": columns,
            "schema": { "columns": columns, "sql_schema": sql_schema(&columns) },
            "indexes": definition.map(indexes).unwrap_or_default(),
            "used_by": used_by,
            "last_commit": { "content_sha": resource.content_hash, "status": "ok", "path": resource.path },
            "errors_discarded_at": null,
            "new_columns_detected": {},
            "quarantine_rows": 0,
            "statistics": null,
        });
        let connector = definition.and_then(|definition| definition.connector.as_ref());
        if let (Some(_), Some(fields)) = (connector, shown.as_object_mut()) {
            // Clients show it as the data source's connection.
            fields.insert("service".to_owned(), kind(definition).into());
        }
        // A token that may see some rows only learns nothing about the others.
        if self.may_count(name)
            && let Some(fields) = shown.as_object_mut()
        {
            fields.extend(counted(table, quarantine));
        }
        shown
    }

    fn may_count(&self, name: &str) -> bool {
        let scopes = self.ctx.scopes();
        scopes.can_read_datasource(name) || scopes.can_deploy() || scopes.can_append(name)
    }
}

fn counted(table: &Table, quarantine: Option<&Table>) -> Map<String, Value> {
    let statistics = json!({ "bytes": table.bytes, "row_count": table.rows });
    let quarantined = quarantine.map_or(0, |table| table.rows);
    [
        ("statistics".to_owned(), statistics),
        ("quarantine_rows".to_owned(), quarantined.into()),
    ]
    .into_iter()
    .collect()
}

/// Says where the rows come from, in the words of the reference product.
fn kind(definition: Option<&Datasource>) -> &'static str {
    let Some(definition) = definition else {
        return "csv";
    };
    match definition
        .connector
        .as_ref()
        .map(|connector| connector.kind)
    {
        Some(ConnectorKind::Kafka) => "kafka",
        Some(ConnectorKind::ObjectStorage) => "s3",
        Some(ConnectorKind::DynamoDb) => "dynamodb",
        Some(ConnectorKind::Postgres) => "postgres",
        Some(ConnectorKind::Import) | None if definition.schema.has_json_paths() => "ndjson",
        Some(ConnectorKind::Import) | None => "csv",
    }
}

fn engine(definition: Option<&Datasource>, table: &Table) -> Value {
    let declared = definition.map(|definition| &definition.engine);
    let ttl = declared.and_then(|engine| engine.ttl.as_ref());
    // The engine prints parentheses around a key that is one expression.
    let partition = declared.and_then(|engine| engine.partition_key.as_ref());
    let partition = partition.map_or(table.partition_key.as_str(), |key| key.value.as_str());
    let mut engine = json!({
        "engine": declared.map_or(table.engine.as_str(), |engine| engine.family.name()),
        "engine_full": table.engine_full,
        "engine_sorting_key": table.sorting_key,
        "engine_partition_key": partition,
        "engine_primary_key": table.primary_key,
        "sorting_key": table.sorting_key,
        "partition_key": partition,
        "primary_key": table.primary_key,
    });
    if let (Some(ttl), Some(fields)) = (ttl, engine.as_object_mut()) {
        for name in ["engine_ttl", "ttl"] {
            fields.insert(name.to_owned(), ttl.value.as_str().into());
        }
    }
    engine
}

fn indexes(definition: &Datasource) -> Vec<Value> {
    let indexes = definition.indexes.iter();
    let shown = indexes.map(|index| {
        json!({
            "name": index.name.value,
            "expr": index.expression,
            "type_full": index.index_type,
            "granularity": index.granularity.map(|n| n.to_string()),
        })
    });
    shown.collect()
}

/// Returns the columns of the file with the types of the table; those of the table alone when there is
/// no file.
fn columns(definition: Option<&Datasource>, table: &Table) -> Vec<Value> {
    let data_type = |name: &str| {
        let mut columns = table.columns.iter();
        columns
            .find(|(column, _)| column == name)
            .map(|(_, t)| t.as_str())
    };
    match definition {
        Some(definition) => {
            let declared = definition.schema.columns.iter();
            declared
                .map(|column| declared_column(column, data_type(&column.name.value)))
                .collect()
        }
        None => {
            let columns = table.columns.iter();
            columns
                .map(|(name, t)| column(name, t, [None, None, None]))
                .collect()
        }
    }
}

fn declared_column(declared: &Column, data_type: Option<&str>) -> Value {
    let written = declared.type_text.as_ref().map(|text| text.value.as_str());
    let default = declared.default.as_ref();
    let json_path = declared.json_path.as_ref();
    column(
        &declared.name.value,
        data_type.or(written).unwrap_or_default(),
        [
            json_path.map(|path| path.value.to_string()),
            default.map(|default| format!("DEFAULT {}", default.value)),
            declared.codec.as_ref().map(|codec| codec.value.clone()),
        ],
    )
}

fn column(name: &str, data_type: &str, [json_path, default, codec]: [Option<String>; 3]) -> Value {
    json!({
        "name": name,
        "type": data_type,
        "codec": codec,
        "default_value": default,
        "jsonpath": json_path,
        "nullable": data_type.contains("Nullable("),
        "normalized_name": name,
        "auto": false,
    })
}

/// Returns the schema as one line of a datafile.
fn sql_schema(columns: &[Value]) -> String {
    let text = |column: &Value, name: &str| column[name].as_str().map(str::to_owned);
    let lines = columns.iter().map(|column| {
        let name = text(column, "name").unwrap_or_default();
        let path = text(column, "jsonpath").map(|path| format!("`json:{path}`"));
        let parts = [
            Some(format!("`{name}`")),
            text(column, "type"),
            path,
            text(column, "default_value"),
            text(column, "codec"),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join(", ")
}
