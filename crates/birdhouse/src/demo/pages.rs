//! The files of `examples/ecommerce`, built into the binary (read from disk in debug builds).

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use birdhouse_datafile::SourceFile;
use rust_embed::RustEmbed;

/// The example's folder.
#[derive(RustEmbed)]
#[folder = "../../examples/ecommerce"]
#[include = "*.datasource"]
#[include = "*.pipe"]
#[include = "fixtures/*"]
#[include = "shop/*"]
#[exclude = "*.md"]
struct Example;

/// Returns the project's datafiles.
pub(crate) fn project() -> Vec<SourceFile> {
    let is_datafile = |path: &str| path.ends_with(".datasource") || path.ends_with(".pipe");
    Example::iter()
        .filter(|path| is_datafile(path))
        .filter_map(|path| {
            let text = String::from_utf8(Example::get(&path)?.data.into_owned()).ok()?;
            Some(SourceFile::new(path.into_owned(), text))
        })
        .collect()
}

/// Returns a fixture by its file name.
pub(super) fn fixture(name: &str) -> Option<Vec<u8>> {
    Some(Example::get(&format!("fixtures/{name}"))?.data.into_owned())
}

/// `GET /shop`.
pub(super) async fn shop(headers: HeaderMap) -> Response {
    page("index.html", &headers)
}

/// `GET /shop/behind`.
pub(super) async fn behind(headers: HeaderMap) -> Response {
    page("behind.html", &headers)
}

/// `GET /shop/<path>`: a file of the pages.
pub(super) async fn asset(Path(path): Path<String>, headers: HeaderMap) -> Response {
    page(&path, &headers)
}

fn page(path: &str, headers: &HeaderMap) -> Response {
    let content_type = match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("json") => "application/json; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => return StatusCode::NOT_FOUND.into_response(),
    };
    let Some(file) = Example::get(&format!("shop/{path}")) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let etag = format!("\"{}\"", hex(&file.metadata.sha256_hash()));
    let known = headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known == etag.as_str());
    let mut response = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.into_owned().into_response()
    };
    let fixed = [
        (header::CONTENT_TYPE, content_type),
        (header::CACHE_CONTROL, "no-cache"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'self'"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    for (name, value) in fixed {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        response.headers_mut().insert(header::ETAG, etag);
    }
    response
}

fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
