//! What a browser sees: clients open `/<workspace>` as the workspace's user interface.

use axum::extract::Request;
use axum::http::{Method, header};
use axum::response::Html;

/// Says where to look instead. It is the same for every name, so nobody learns which workspaces
/// there are.
const PAGE: &str = "<!doctype html>
<html lang=\"en\">
<meta charset=\"utf-8\">
<title>Birdhouse</title>
<body style=\"font: 1rem/1.5 system-ui; max-width: 42rem; margin: 3rem auto; padding: 0 1rem\">
<h1>Birdhouse is running</h1>
<p>This server has no user interface for workspaces; the command line shows what there is:</p>
<pre>tb info             where the server is, and its workspace
tb endpoint ls      endpoints with their addresses
tb datasource ls    data sources with their rows
tb sql 'SELECT 1'   queries
tb logs             what happened</pre>
<p><code>/v0/pipes/openapi.json?token=…</code> describes the endpoints that a token can call,
<code>/openapi.json?token=…</code> every operation of the server.</p>
";

/// Returns the page for a browser that asks for `/` or `/<name>`.
pub(super) fn page(request: &Request) -> Option<Html<&'static str>> {
    let accepts = request.headers().get(header::ACCEPT)?.to_str().ok()?;
    let name = request.uri().path().strip_prefix('/')?;
    let is_page = request.method() == Method::GET && !name.contains('/');
    (is_page && accepts.contains("text/html")).then_some(Html(PAGE))
}
