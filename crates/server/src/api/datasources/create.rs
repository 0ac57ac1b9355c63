//! Data sources that are created by a call, with or without the rows of a file.

use std::sync::Arc;

use axum::Json;
use serde_json::{Value, json};

use super::import::{by_url_as_job, is_given};
use crate::api::{analyze, structure};
use crate::app::App;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::params::Params;
use crate::upload::Upload;

/// Returns true when parameters ask for a new data source.
pub(super) fn creates(params: &Params) -> bool {
    matches!(params.text("mode"), None | Some("" | "create"))
}

fn with_schema(params: &Params, schema: Option<String>) -> Params {
    let schema = schema.map(|schema| ("schema".to_owned(), schema));
    let added = Params::from_texts(schema.into_iter().collect());
    params.clone().overridden_by(added)
}

/// Creates the data source for a file, by the parameter `schema` or by what the file has. Returns the
/// caller as it sees that, and the file from its beginning.
pub(super) async fn for_upload(
    ctx: &RequestContext,
    app: &Arc<App>,
    upload: Upload,
) -> Result<(RequestContext, Upload), ApiError> {
    structure::datasource::require_new(ctx, app, &ctx.params)?;
    let (upload, schema) = match is_given(&ctx.params, "schema") {
        true => (upload, None),
        false => {
            let (upload, schema) = analyze::schema_of(app, upload).await?;
            (upload, Some(schema))
        }
    };
    let params = with_schema(&ctx.params, schema);
    let ctx = structure::datasource::create(ctx, app, &params).await?;
    Ok((ctx, upload))
}

/// Creates a data source, and imports the file of the parameter `url` as a job when there is one.
pub(super) async fn by_url(
    ctx: &RequestContext,
    app: &Arc<App>,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    structure::datasource::require_new(ctx, app, params)?;
    let url = params.filled("url");
    let schema = match url.filter(|_| !is_given(params, "schema")) {
        None => None,
        Some(url) => Some(analyze::schema_of_url(app, url).await?),
    };
    let params = with_schema(params, schema);
    let ctx = structure::datasource::create(ctx, app, &params).await?;
    if is_given(&params, "url") {
        return by_url_as_job(&ctx, app, &params).await;
    }
    let name = structure::datasource::new_name(&params)?;
    let datasource = structure::datasource::shown(&ctx, app, &name).await?;
    Ok(Json(json!({ "datasource": datasource })))
}
