//! HTTP over the worker's Unix socket, and the reading of whole answers.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, TE};
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;
use tower::Service;

use crate::dialect::{decode_summary, header, percent_decode};
use crate::error::EngineError;
use crate::exception::Exception;
use crate::request::{QueryOutput, Summary};

/// A pool of connections to the worker.
pub(super) struct Transport {
    client: Client<UnixConnector, Full<Bytes>>,
}

impl Transport {
    pub(super) fn new(socket: PathBuf) -> Self {
        let connector = UnixConnector {
            socket: socket.into(),
        };
        Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
        }
    }

    /// Returns whether a worker answers.
    pub(super) async fn ping(&self) -> bool {
        let answer = self
            .client
            .get(Uri::from_static("http://engine/ping"))
            .await;
        answer.is_ok_and(|response| response.status().is_success())
    }

    /// Sends a request; an answer other than 200 becomes the exception that it carries.
    pub(super) async fn post(
        &self,
        url: &str,
        body: Bytes,
    ) -> Result<Response<Incoming>, EngineError> {
        let request = Request::post(format!("http://engine/?{url}"))
            .header(TE, "trailers")
            .body(Full::new(body))
            .map_err(|error| EngineError::Protocol {
                reason: format!("cannot build the request: {error}"),
            })?;
        let response = self
            .client
            .request(request)
            .await
            .map_err(|error| EngineError::unavailable(describe(&error)))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status();
        let text = collect(response).await?;
        let text = String::from_utf8_lossy(&text);
        if text.is_empty() {
            let reason = format!("status {status} without a text");
            return Err(EngineError::Protocol { reason });
        }
        Err(Exception::parse(&text).into())
    }
}

/// Reads an answer to its end.
pub(super) async fn read_whole(response: Response<Incoming>) -> Result<QueryOutput, EngineError> {
    let summary = summary(response.headers()).unwrap_or_default();
    let body = collect(response).await?;
    Ok(QueryOutput { body, summary })
}

/// Returns the summary in headers or trailers.
pub(super) fn summary(headers: &HeaderMap) -> Option<Summary> {
    let value = headers.get(header::SUMMARY)?;
    Some(decode_summary(value.to_str().ok()?))
}

/// Returns the exception in the trailers of a stream that failed.
pub(super) fn exception(trailers: &HeaderMap) -> Option<Exception> {
    let value = trailers.get(header::EXCEPTION_TEXT)?;
    let text = percent_decode(value.to_str().ok()?)?;
    Some(Exception::parse(&text))
}

async fn collect(response: Response<Incoming>) -> Result<Bytes, EngineError> {
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| EngineError::unavailable(describe(&error)))?;
    Ok(body.to_bytes())
}

/// Returns an error with its causes in one line.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// Connects to one socket, whatever the address.
#[derive(Clone)]
struct UnixConnector {
    socket: Arc<std::path::Path>,
}

impl Service<Uri> for UnixConnector {
    type Response = TokioIo<UnixStream>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let socket = Arc::clone(&self.socket);
        Box::pin(async move { Ok(TokioIo::new(UnixStream::connect(&socket).await?)) })
    }
}
