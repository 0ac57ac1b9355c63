//! The server's routes, called in process with the tokens of the demo's backend.

use anyhow::{Context, bail};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use birdhouse_catalog::SecretText;
use http_body_util::BodyExt;
use serde::Deserialize;
use serde_json::Value;
use tower::ServiceExt;

/// What an append answered.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct Appended {
    pub(crate) successful_rows: u64,
}

/// A client with the rights of the shop's backend. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Api {
    router: Router,
    append_token: SecretText,
    admin_token: SecretText,
}

impl Api {
    /// Returns a client of `router`.
    pub(crate) fn new(router: Router, append_token: SecretText, admin_token: SecretText) -> Self {
        Self {
            router,
            append_token,
            admin_token,
        }
    }

    /// Appends NDJSON rows by the Events API and waits until they are stored.
    pub(crate) async fn append(&self, datasource: &str, rows: String) -> anyhow::Result<Appended> {
        let url = format!("/v0/events?name={datasource}&wait=true");
        let answer = self
            .call(Method::POST, &url, &self.append_token, rows.into())
            .await?;
        serde_json::from_value(answer).context("read the answer to an append")
    }

    /// Uploads rows as a file, with the rights of an admin; all of them must be accepted.
    pub(crate) async fn upload(
        &self,
        datasource: &str,
        format: &str,
        file: Vec<u8>,
    ) -> anyhow::Result<()> {
        let url = format!("/v0/datasources?mode=append&name={datasource}&format={format}");
        let answer = self
            .call(Method::POST, &url, &self.admin_token, file.into())
            .await?;
        match answer.get("quarantine_rows").and_then(Value::as_u64) {
            Some(0) => Ok(()),
            _ => bail!("the file for {datasource} was not accepted as a whole: {answer}"),
        }
    }

    /// Runs a query with the rights of an admin and returns its rows.
    pub(crate) async fn sql(&self, query: &str) -> anyhow::Result<Vec<Value>> {
        let body = Body::from(query.to_owned());
        let mut answer = self
            .call(Method::POST, "/v0/sql", &self.admin_token, body)
            .await?;
        match answer.get_mut("data").map(Value::take) {
            Some(Value::Array(rows)) => Ok(rows),
            _ => bail!("the answer of /v0/sql has no data"),
        }
    }

    async fn call(
        &self,
        method: Method,
        url: &str,
        token: &SecretText,
        body: Body,
    ) -> anyhow::Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(url)
            .header(header::AUTHORIZATION, format!("Bearer {}", token.expose()))
            .header(header::CONTENT_TYPE, "text/plain")
            .header(header::USER_AGENT, "birdhouse-demo")
            .body(body)?;
        let Ok(response) = self.router.clone().oneshot(request).await;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        if !status.is_success() {
            bail!(
                "{url} answered {status}: {}",
                String::from_utf8_lossy(&body)
            );
        }
        serde_json::from_slice(&body).with_context(|| format!("read the answer of {url}"))
    }
}
