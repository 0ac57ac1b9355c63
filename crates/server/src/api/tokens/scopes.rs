//! Scopes as clients send them: repeated parameters `scope=TYPE[:RESOURCE[:FILTER]]`.

use birdhouse_catalog::{ResourceKind, Scope, Scopes, WorkspaceView};
use birdhouse_query::Restrictions;

use super::Params;
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;

/// Returns the scopes of a request; nothing when it has none.
///
/// # Errors
/// 403 for a scope beyond the workspace; 400 for an unknown scope, a resource that does not exist, and a filter that is no condition.
pub(super) async fn read(
    ctx: &RequestContext,
    app: &App,
    params: &Params,
) -> Result<Option<Scopes>, ApiError> {
    let mut scopes = Vec::new();
    for text in params.texts("scope").filter(|text| !text.is_empty()) {
        let scope: Scope = text
            .parse()
            .map_err(|error: birdhouse_catalog::ParseScopeError| {
                ApiError::bad_request(error.to_string())
            })?;
        if scope == Scope::OrgDatasourcesRead && !ctx.caller.is_account() {
            return Err(ApiError::forbidden(
                "Not enough permissions to give the scope ORG_DATASOURCES:READ: it reads the logs of all workspaces, so it takes the admin token of the account, which `GET /tokens` shows",
            ));
        }
        let scope = named(ctx.workspace(), scope)?;
        if let (Some(name), Some(filter)) = (scope.resource(), scope.filter()) {
            let filter = Restrictions {
                datasources: [(name.to_owned(), filter.to_owned())].into(),
                ..Restrictions::default()
            };
            filter.check(app.queries.guard()).await?;
        }
        scopes.push(scope);
    }
    Ok(Some(Scopes::new(scopes)).filter(|scopes| scopes.iter().next().is_some()))
}

/// Returns the scope with the name of its resource, which must exist, in place of an id.
fn named(workspace: &WorkspaceView, scope: Scope) -> Result<Scope, ApiError> {
    let name = |kind: ResourceKind, wanted: &str| {
        let mut resources = workspace.resources.iter();
        let found =
            resources.find(|r| r.kind == kind && (r.name == wanted || r.id.as_str() == wanted));
        found.map(|r| r.name.clone()).ok_or_else(|| {
            ApiError::bad_request(format!(
                "the {kind} '{wanted}' of the scope does not exist in this workspace"
            ))
        })
    };
    let datasource = |wanted: &str| name(ResourceKind::Datasource, wanted);
    let pipe = |wanted: &str| name(ResourceKind::Pipe, wanted);
    Ok(match scope {
        Scope::DatasourcesAppend(wanted) => Scope::DatasourcesAppend(datasource(&wanted)?),
        Scope::DatasourcesDrop(wanted) => Scope::DatasourcesDrop(datasource(&wanted)?),
        Scope::DatasourcesRead {
            datasource: wanted,
            filter,
        } => Scope::DatasourcesRead {
            datasource: datasource(&wanted)?,
            filter,
        },
        Scope::PipesDrop(wanted) => Scope::PipesDrop(pipe(&wanted)?),
        Scope::PipesRead {
            pipe: wanted,
            filter,
        } => Scope::PipesRead {
            pipe: pipe(&wanted)?,
            filter,
        },
        other => other,
    })
}
