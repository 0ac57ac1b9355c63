//! `organization.…`: the service data sources of all workspaces of the server, with the workspace of
//! each row.

use birdhouse_catalog::{CatalogView, Scope};
use birdhouse_engine::service_database;
use birdhouse_sql::{quote_identifier, quote_string};
use birdhouse_telemetry::{SERVICE_DATASOURCES, ServiceDatasource};

use crate::context::RequestContext;

/// The name before the dot.
pub(crate) const DATABASE: &str = "organization";

/// Columns that the reference product shows in a workspace only.
const LEFT_OUT: [(&str, &str); 2] = [
    ("pipe_stats_rt", "client_ip"),
    ("datasources_ops_log", "release"),
];

/// Returns true when the caller may read them: the owner of the server, and whom the owner gave a token
/// for it.
pub(crate) fn is_readable(ctx: &RequestContext) -> bool {
    let is_for_it = |scope: &Scope| *scope == Scope::OrgDatasourcesRead;
    ctx.caller.is_account() || ctx.scopes().iter().any(is_for_it)
}

/// Returns the query that stands for `name`, when that is one of them and the caller may read it.
pub(crate) fn find(ctx: &RequestContext, catalog: &CatalogView, name: &str) -> Option<String> {
    let table = name.strip_prefix(DATABASE)?.strip_prefix('.')?;
    if !is_readable(ctx) {
        return None;
    }
    if table == "workspaces" {
        return Some(workspaces(catalog));
    }
    let mut known = SERVICE_DATASOURCES.iter();
    let datasource = known.find(|datasource| datasource.name == table)?;
    let parts = catalog.workspaces().iter().map(|view| {
        let id = view.workspace.id.to_string();
        let service = service_database(&view.workspace.database);
        format!(
            "SELECT {} FROM {}.{table}",
            columns(datasource, &id),
            quote_identifier(&service)
        )
    });
    Some(parts.collect::<Vec<_>>().join(" UNION ALL "))
}

fn columns(datasource: &ServiceDatasource, workspace: &str) -> String {
    let workspace = format!("{} AS workspace_id", quote_string(workspace));
    let has_workspace = |name: &str| name == "workspace_id";
    let is_missing = !datasource.columns.iter().any(|c| has_workspace(c.name));
    let first = is_missing.then(|| workspace.clone());
    let columns = datasource.columns.iter().filter_map(|column| {
        let name = column.name;
        match name {
            _ if LEFT_OUT.contains(&(datasource.name, name)) => None,
            "workspace_id" => Some(workspace.clone()),
            "date" if datasource.name == "pipe_stats" => Some("toDate(date) AS date".to_owned()),
            name => Some(quote_identifier(name)),
        }
    });
    first
        .into_iter()
        .chain(columns)
        .collect::<Vec<_>>()
        .join(", ")
}

fn workspaces(catalog: &CatalogView) -> String {
    let rows = catalog.workspaces().iter().map(|view| {
        let workspace = &view.workspace;
        format!(
            "SELECT {} AS workspace_id, {} AS name, {} AS database, 'Custom' AS plan, \
             toDateTime({}) AS created_at, CAST(NULL, 'Nullable(DateTime)') AS deleted_at, \
             '' AS origin",
            quote_string(&workspace.id.to_string()),
            quote_string(&workspace.name),
            quote_string(&workspace.database),
            workspace.created_at.as_second()
        )
    });
    rows.collect::<Vec<_>>().join(" UNION ALL ")
}
