//! A project as clients send it: a multipart form with a part per file.

use std::collections::HashSet;

use axum::body::Body;
use axum::http::header;
use birdhouse_datafile::{Diagnostic, Project, SourceFile, has_errors};
use birdhouse_deploy::{Message, parse_project, secret_values};
use multer::Multipart;

use crate::body;
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::{PROJECT_BODY_BYTES_MAX, PROJECT_FILES_MAX, PROJECT_PATH_BYTES_MAX};

/// Names of the parts that hold files of the project and of workspaces that share data sources.
const FILES: &[&str] = &["data_project://", "data_project_vendored://"];

/// A project as it was sent.
pub(super) struct Sent {
    /// What its files say.
    pub(super) project: Project,
    /// What is suspect in them, but works.
    pub(super) warnings: Vec<Diagnostic>,
}

/// Fails unless the token may deploy.
pub(super) fn require_deploy(ctx: &RequestContext) -> Result<(), ApiError> {
    if ctx.scopes().can_deploy() {
        return Ok(());
    }
    Err(ApiError::forbidden(
        "Not enough permissions to deploy: it takes a token with the scope ADMIN or WORKSPACE:DEPLOY",
    ))
}

/// Reads the form; `Err` of the inner result are the mistakes of the files.
pub(super) async fn receive(
    ctx: &RequestContext,
    body: Body,
) -> Result<Result<Sent, Vec<Diagnostic>>, ApiError> {
    let (files, mut found) = files(ctx, body).await?;
    let secrets = secret_values(ctx.workspace());
    // Off the threads that answer requests.
    let parsed = tokio::task::spawn_blocking(move || parse_project(files, &secrets));
    let (project, of_files) = parsed.await.map_err(|error| {
        tracing::error!(%error, "reading a project ended badly");
        ApiError::internal()
    })?;
    found.extend(of_files);
    Ok(if has_errors(&found) {
        Err(found)
    } else {
        Ok(Sent {
            project,
            warnings: found,
        })
    })
}

async fn files(
    ctx: &RequestContext,
    body: Body,
) -> Result<(Vec<SourceFile>, Vec<Diagnostic>), ApiError> {
    let content_type = ctx.headers.get(header::CONTENT_TYPE).cloned();
    let is_multipart = content_type
        .as_ref()
        .and_then(|value| value.to_str().ok())
        .is_some_and(|value| value.starts_with("multipart/form-data"));
    let Some(content_type) = content_type.filter(|_| is_multipart) else {
        return Err(ApiError::bad_request(
            "a project is sent as multipart/form-data, each file as a part named data_project:// with its path as file name",
        ));
    };
    let data = body::read(body, &ctx.headers, PROJECT_BODY_BYTES_MAX, &ctx.in_flight).await?;
    let boundary = content_type.to_str().ok().map(multer::parse_boundary);
    let Some(Ok(boundary)) = boundary else {
        return Err(ApiError::bad_request(
            "the multipart form has no boundary in its Content-Type",
        ));
    };
    let whole = futures_util::stream::once(async {
        Ok::<_, std::convert::Infallible>(bytes::Bytes::clone(&data))
    });
    let mut form = Multipart::new(whole, boundary);
    let (mut files, mut found) = (Vec::new(), Vec::new());
    let mut seen = HashSet::new();
    while let Some(part) = form.next_field().await.map_err(|error| broken(&error))? {
        let is_file = part.name().is_some_and(|name| FILES.contains(&name));
        let path = part.file_name().map(str::to_owned);
        let bytes = part.bytes().await.map_err(|error| broken(&error))?;
        if !is_file {
            continue;
        }
        let path = path.filter(|path| !path.is_empty() && path.len() <= PROJECT_PATH_BYTES_MAX);
        let path = path.ok_or_else(|| {
            ApiError::bad_request(format!(
                "every file of a project needs its path as file name, of 1 to {PROJECT_PATH_BYTES_MAX} bytes"
            ))
        })?;
        if !seen.insert(path.clone()) {
            return Err(ApiError::bad_request(format!(
                "the file {path} was sent twice"
            )));
        }
        if files.len() >= PROJECT_FILES_MAX {
            return Err(ApiError::bad_request(format!(
                "a project may have {PROJECT_FILES_MAX} files"
            )));
        }
        match SourceFile::from_bytes(path, &bytes) {
            Ok(file) => files.push(file),
            Err(diagnostic) => found.push(*diagnostic),
        }
    }
    Ok((files, found))
}

fn broken(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::bad_request(format!("the multipart form cannot be read: {error}"))
}

/// Returns mistakes and warnings as texts.
pub(super) fn messages<'d>(diagnostics: impl IntoIterator<Item = &'d Diagnostic>) -> Vec<Message> {
    diagnostics.into_iter().map(Message::of).collect()
}
