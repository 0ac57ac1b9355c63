//! Data sources that are created, changed and dropped by calls.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use birdhouse_catalog::{ResourceKind, Scope};
use birdhouse_datafile::{Datasource, Edit, FileKind, ResourceName};
use birdhouse_deploy::{Permission, Terms};
use serde_json::{Value, json};

use super::named;
use crate::api::{datasource_list, form};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;
use crate::structure::Files;

/// Parameters of the table's engine, as clients send them.
const ENGINE: &[&str] = &[
    "engine",
    "engine_partition_key",
    "engine_sorting_key",
    "engine_primary_key",
    "engine_sampling_key",
    "engine_ttl",
    "engine_settings",
    "engine_ver",
    "engine_is_deleted",
    "engine_sign",
    "engine_version",
    "engine_columns",
    "engine_join_strictness",
    "engine_join_type",
    "engine_key_columns",
];

/// Parameters of data sources that are fed from elsewhere.
const CONNECTED: &[&str] = &[
    "connector",
    "service",
    "kafka_topic",
    "bucket_uri",
    "external_data_source",
];

/// Fails unless the token may create and change data sources.
pub(in crate::api) fn require_creator(ctx: &RequestContext) -> Result<(), ApiError> {
    if ctx.scopes().can_remove_rows() || ctx.scopes().can_deploy() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "Not enough permissions to create or change data sources: the token needs DATASOURCES:CREATE or ADMIN",
    ))
}

/// Fails unless the token may create the data source that parameters name, and it is not there yet.
pub(in crate::api) fn require_new(
    ctx: &RequestContext,
    app: &App,
    params: &Params,
) -> Result<(), ApiError> {
    require_creator(ctx)?;
    let name = new_name(params)?;
    app.files(ctx.workspace().workspace.id)?.require_free(&name)
}

/// Creates the empty data source that parameters describe; returns the caller as it sees that.
pub(in crate::api) async fn create(
    ctx: &RequestContext,
    app: &Arc<App>,
    params: &Params,
) -> Result<RequestContext, ApiError> {
    require_creator(ctx)?;
    let name = new_name(params)?;
    if let Some(field) = CONNECTED
        .iter()
        .find(|field| params.filled(field).is_some())
    {
        return Err(ApiError::bad_request(format!(
            "'{field}' is about a data source that is fed from elsewhere, which is not supported; send its rows to /v0/events or /v0/datasources"
        )));
    }
    let schema = params.filled("schema").ok_or_else(|| {
        ApiError::bad_request(
            "the parameter 'schema' is missing; it lists the columns, such as schema=id UInt64, name String",
        )
    })?;
    let fields = fields(params, schema);
    let created = name.clone();
    let edit = move |files: &mut Files| {
        files.require_free(&created)?;
        let mut text = files.begin(FileKind::Datasource);
        for (directive, value) in &fields {
            text.set(directive, value)?;
        }
        files.put(&format!("datasources/{created}.datasource"), text)?;
        Ok(Terms::default())
    };
    app.change(ctx.workspace().workspace.id, edit).await?;
    Ok(ctx.renewed(app))
}

/// Returns the answer to who has created or changed a data source.
pub(in crate::api) async fn shown(
    ctx: &RequestContext,
    app: &App,
    name: &str,
) -> Result<Value, ApiError> {
    datasource_list::shown(ctx, app, name).await
}

/// Returns the name of a data source that is to be.
pub(in crate::api) fn new_name(params: &Params) -> Result<String, ApiError> {
    let name = params.filled("name").ok_or_else(|| {
        ApiError::bad_request("the parameter 'name' is missing; it names the data source")
    })?;
    checked_name(name)
}

/// Checks a name of a data source or a pipe.
pub(super) fn checked_name(name: &str) -> Result<String, ApiError> {
    match ResourceName::parse(name) {
        Some(name) => Ok(name.to_string()),
        None => Err(ApiError::bad_request(format!(
            "'{name}' is not a valid name: use letters, digits and underscores, and start with no digit"
        ))),
    }
}

/// Returns the directives that parameters ask for.
pub(super) fn fields(params: &Params, schema: &str) -> Vec<(String, String)> {
    let mut fields = vec![("SCHEMA".to_owned(), schema.to_owned())];
    let given = [("description", "DESCRIPTION"), ("indexes", "INDEXES")];
    let given = given
        .iter()
        .filter_map(|(field, directive)| Some((*directive, params.filled(field)?)));
    fields.extend(given.map(|(directive, value)| (directive.to_owned(), value.to_owned())));
    fields.extend(engine(params));
    fields
}

/// Returns the directives of the engine; the default one unless something else is said.
fn engine(params: &Params) -> Vec<(String, String)> {
    let given = |field: &&&str| params.filled(field).is_some();
    let mut fields: Vec<(String, String)> = ENGINE
        .iter()
        .filter(given)
        .filter_map(|field| Some((field.to_uppercase(), params.filled(field)?.to_owned())))
        .collect();
    let short = params.filled("ttl").filter(|ttl| *ttl != "false");
    if let Some(ttl) = short.filter(|_| params.filled("engine_ttl").is_none()) {
        fields.push(("ENGINE_TTL".to_owned(), ttl.to_owned()));
    }
    if params.filled("engine").is_none() {
        fields.insert(0, ("ENGINE".to_owned(), "MergeTree".to_owned()));
    }
    fields
}

/// `POST /v0/datasources/<name>/alter` with `schema`, `description`, `ttl`, `indexes`; with `dry=true`
/// what would be done.
pub(in crate::api) async fn alter(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_creator(&ctx)?;
    let params = form(&ctx, body).await?;
    let workspace = ctx.workspace().workspace.id;
    let name = named(&ctx, ResourceKind::Datasource, &name)?;
    let edit = altered(name.clone(), &params);
    let mut files = app.files(workspace)?;
    let before = files.datasource(&name)?.clone();
    let terms = edit(&mut files)?;
    let after = files.changed_datasource(&name)?;
    let operations = operations(&before, &after);
    if operations.is_empty() {
        return Err(ApiError::bad_request("There were no operations to perform"));
    }
    if params.flag("dry") || params.flag("dry_run") {
        app.prepare_change(workspace, &files, terms).await?;
    } else {
        app.change(workspace, edit).await?;
    }
    Ok(Json(json!({
        "operations": operations,
        "dependencies": datasource_list::readers(&ctx, &app, &name).await,
    })))
}

/// Returns the change of a file that parameters ask for.
fn altered(
    name: String,
    params: &Params,
) -> impl Fn(&mut Files) -> Result<Terms, ApiError> + Send + Sync + 'static {
    const FIELDS: &[(&str, &str, &str)] = &[
        ("schema", "SCHEMA", ""),
        ("description", "DESCRIPTION", ""),
        ("ttl", "ENGINE_TTL", "false"),
        ("indexes", "INDEXES", "0"),
    ];
    let fields: Vec<(&str, String)> = FIELDS
        .iter()
        .filter_map(|(field, directive, none)| {
            let value = params.text(field)?;
            let value = if value == *none { "" } else { value };
            // Without columns it would be no data source.
            (*directive != "SCHEMA" || !value.trim().is_empty())
                .then(|| (*directive, value.to_owned()))
        })
        .collect();
    move |files| {
        let (path, mut text) = edit_of(files, &name)?;
        for (directive, value) in &fields {
            if *directive == "INDEXES" {
                text.set("INDICES", "").ok();
            }
            text.set(directive, value)?;
        }
        files.put(&path, text)?;
        Ok(Terms::default())
    }
}

/// Begins to change the file of a data source.
fn edit_of(files: &Files, name: &str) -> Result<(String, Edit), ApiError> {
    let datasource = files.datasource(name)?;
    let path = datasource.file.path().to_owned();
    if !path.ends_with(".datasource") {
        return Err(ApiError::bad_request(format!(
            "the data source '{name}' is made by the pipe in {path}; change that one"
        )));
    }
    let text = files.edit(&path)?;
    Ok((path, text))
}

/// Returns what differs, in the words of `ALTER TABLE`.
fn operations(before: &Datasource, after: &Datasource) -> Vec<String> {
    let mut done = Vec::new();
    let (old, new) = (&before.schema.columns, &after.schema.columns);
    for column in new {
        let name = column.name.as_str();
        match old.iter().find(|old| old.name.as_str() == name) {
            None => done.push(format!("ADD COLUMN {}", column.definition())),
            Some(old) if old.definition() != column.definition() => {
                done.push(format!("MODIFY COLUMN {}", column.definition()));
            }
            Some(old) if path(old) != path(column) => {
                let path = path(column).unwrap_or_else(|| "none".to_owned());
                done.push(format!("JSON path of {name}: {path}"));
            }
            Some(_) => {}
        }
    }
    let is_gone = |old: &&birdhouse_datafile::Column| {
        new.iter().all(|column| column.name.value != old.name.value)
    };
    let gone = old.iter().filter(is_gone);
    done.extend(gone.map(|column| format!("DROP COLUMN {}", column.name.as_str())));
    let text = |description: &Option<String>| description.clone().unwrap_or_default();
    if text(&before.description) != text(&after.description) {
        done.push(format!("COMMENT '{}'", text(&after.description)));
    }
    let ttl = |datasource: &Datasource| {
        let ttl = datasource.engine.ttl.as_ref();
        ttl.map(|ttl| ttl.value.clone())
    };
    match (ttl(before), ttl(after)) {
        (old, Some(new)) if old.as_ref() != Some(&new) => done.push(format!("MODIFY TTL {new}")),
        (Some(_), None) => done.push("REMOVE TTL".to_owned()),
        _ => {}
    }
    let definitions = |datasource: &Datasource| -> Vec<String> {
        let indexes = datasource.indexes.iter();
        indexes.map(|index| index.definition()).collect()
    };
    let (old, new) = (definitions(before), definitions(after));
    let added = new.iter().filter(|index| !old.contains(index));
    done.extend(added.map(|index| format!("ADD {index}")));
    let dropped = old.iter().filter(|index| !new.contains(index));
    done.extend(dropped.map(|index| format!("DROP {index}")));
    done
}

fn path(column: &birdhouse_datafile::Column) -> Option<String> {
    let path = column.json_path.as_ref();
    path.map(|path| path.value.to_string())
}

/// `PUT /v0/datasources/<name>` with `description`. Another name would be another table.
pub(in crate::api) async fn update(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    require_creator(&ctx)?;
    let params = form(&ctx, body).await?;
    let name = named(&ctx, ResourceKind::Datasource, &name)?;
    if params.filled("name").is_some_and(|new| new != name) {
        return Err(ApiError::bad_request(format!(
            "data sources cannot be renamed; create another one, copy the rows of '{name}' into it by a copy pipe, and drop '{name}'"
        )));
    }
    if params.text("description").is_none() {
        return Err(ApiError::bad_request(
            "only the description of a data source can be changed here; its columns, TTL and indexes by /alter",
        ));
    }
    app.change(ctx.workspace().workspace.id, altered(name.clone(), &params))
        .await?;
    Ok(Json(shown(&ctx.renewed(&app), &app, &name).await?))
}

/// `DELETE /v0/datasources/<name>[?dry_run=true][&force=true]`.
///
/// One that pipes read stays. Views that fill it go with it when it is forced.
pub(in crate::api) async fn delete(
    ctx: RequestContext,
    State(app): State<Arc<App>>,
    Path(name): Path<String>,
) -> Result<Response, ApiError> {
    let resource = ctx.find_resource(ResourceKind::Datasource, &name);
    let name = resource.map_or(name, |resource| resource.name.clone());
    let may_drop = ctx.scopes().can_deploy()
        || ctx.scopes().iter().any(|scope| match scope {
            Scope::DatasourcesDrop(datasource) => *datasource == name,
            _ => false,
        });
    if !may_drop {
        return Err(ApiError::forbidden(format!(
            "Not enough permissions to drop '{name}': the token needs DATASOURCES:DROP:{name} or ADMIN"
        )));
    }
    let workspace = ctx.workspace().workspace.id;
    let files = app.files(workspace)?;
    files.datasource(&name)?;
    let readers = datasource_list::readers(&ctx, &app, &name).await;
    if !readers.is_empty() {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            format!(
                "The data source '{name}' is used downstream by {}; remove them first",
                readers.join(", ")
            ),
        ));
    }
    let writers = super::writers(files.project(), &name);
    let is_forced = ctx.params.flag("force");
    if !writers.is_empty() && !is_forced {
        let nodes: Vec<String> = writers
            .iter()
            .map(|(pipe, node)| format!("{pipe}.{node}"))
            .collect();
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            format!(
                "The data source '{name}' is the target of {}; with force=true these nodes are unlinked",
                nodes.join(", ")
            ),
        ));
    }
    if ctx.params.flag("dry_run") {
        return Ok(Json(json!({ "dependent_pipes": [] })).into_response());
    }
    let dropped = name.clone();
    let edit = move |files: &mut Files| {
        let (path, _) = edit_of(files, &dropped)?;
        for (pipe, node) in super::writers(files.project(), &dropped) {
            super::node::unlink(files, &pipe, &node)?;
        }
        files.remove(&path);
        Ok(Permission::Destructive.into())
    };
    app.change(workspace, edit).await?;
    super::move_scopes(&ctx, &app, (ResourceKind::Datasource, &name), None).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
