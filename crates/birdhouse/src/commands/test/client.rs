//! The private server's routes, called in process with the admin token.

use anyhow::Context;
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use birdhouse_catalog::SecretText;
use birdhouse_query::Pipe;
use bytes::Bytes;
use http_body_util::BodyExt;
use tower::ServiceExt;

use super::outcome::Actual;

/// A client of the private server.
pub(super) struct Client {
    router: Router,
    token: SecretText,
}

/// An answer, whatever its status.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Bytes,
}

impl Client {
    pub(super) fn new(router: Router, token: SecretText) -> Self {
        Self { router, token }
    }

    /// Calls the endpoint of `pipe` with a query string; a pipe without an endpoint answers with
    /// its last node.
    pub(super) async fn run(&self, pipe: &Pipe, parameters: &str) -> anyhow::Result<Actual> {
        let (name, query) = (&pipe.name, query_string(parameters));
        let url = if pipe.endpoint.is_some() {
            format!("/v0/pipes/{name}.ndjson?{query}")
        } else {
            let text = "q=SELECT%20*%20FROM%20_%20FORMAT%20JSONEachRow";
            format!("/v0/sql?pipeline={name}&{text}&{query}")
        };
        let answer = self.send(Method::GET, &url, Body::empty()).await?;
        Ok(Actual::of(answer.status, &answer.body))
    }

    /// Sends `body` to `url`.
    pub(super) async fn post(&self, url: &str, body: Vec<u8>) -> anyhow::Result<Answer> {
        self.send(Method::POST, url, body.into()).await
    }

    async fn send(&self, method: Method, url: &str, body: Body) -> anyhow::Result<Answer> {
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(
                header::AUTHORIZATION,
                format!("Bearer {}", self.token.expose()),
            )
            .header(header::CONTENT_TYPE, "text/plain")
            .header(header::USER_AGENT, "birdhouse-test")
            .body(body)
            .with_context(|| format!("call {url}"))?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, body })
    }
}

/// Returns the parameters of a test as they stand in a URL: what follows a `?`, with escapes for
/// characters that a URL cannot hold.
fn query_string(parameters: &str) -> String {
    let query = parameters
        .split_once('?')
        .map_or(parameters, |(_, after)| after);
    let mut out = String::with_capacity(query.len());
    for byte in query.trim().bytes() {
        match byte {
            b'"' | b'#' | b'<' | b'>' | b'`' | b'{' | b'}' | b'\\' | b'^' | b'|' => {
                out += &format!("%{byte:02X}");
            }
            b'!'..=b'~' => out.push(char::from(byte)),
            _ => out += &format!("%{byte:02X}"),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::query_string;

    #[test]
    fn parameters_become_a_query_string() {
        assert_eq!(query_string("a=1&b=x%20y"), "a=1&b=x%20y");
        assert_eq!(
            query_string("http://host/v0/pipes/p.json?a=été b"),
            "a=%C3%A9t%C3%A9%20b"
        );
        assert_eq!(query_string("j={\"k\": [1]}#"), "j=%7B%22k%22:%20[1]%7D%23");
        assert_eq!(query_string(""), "");
    }
}
