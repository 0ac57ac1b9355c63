//! A result that comes in chunks.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use hyper::Response;
use hyper::body::{Body, Incoming};

use crate::client::transport::{describe, exception, summary};
use crate::error::EngineError;
use crate::request::Summary;

/// Chunks of a result, in order. Dropping it cancels the query.
pub struct QueryStream {
    body: Incoming,
    summary: Option<Summary>,
    ended: bool,
}

impl QueryStream {
    pub(super) fn new(response: Response<Incoming>) -> Self {
        Self {
            summary: summary(response.headers()),
            body: response.into_body(),
            ended: false,
        }
    }

    /// Returns the next chunk, or `None` at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, EngineError>> {
        StreamExt::next(self).await
    }

    /// Returns what the engine counted; known at the end of the stream.
    #[must_use]
    pub fn summary(&self) -> Option<Summary> {
        self.summary
    }

    fn end(&mut self, error: Option<EngineError>) -> Option<Result<Bytes, EngineError>> {
        self.ended = true;
        error.map(Err)
    }
}

impl Stream for QueryStream {
    type Item = Result<Bytes, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        while !this.ended {
            let frame = match Pin::new(&mut this.body).poll_frame(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => {
                    // The worker always ends a result with a summary.
                    let cut = this
                        .summary
                        .is_none()
                        .then(|| EngineError::unavailable("the result ended without its summary"));
                    return Poll::Ready(this.end(cut));
                }
                Poll::Ready(Some(Err(error))) => {
                    let error = EngineError::unavailable(describe(&error));
                    return Poll::Ready(this.end(Some(error)));
                }
                Poll::Ready(Some(Ok(frame))) => frame,
            };
            match frame.into_data() {
                Ok(data) if data.is_empty() => {}
                Ok(data) => return Poll::Ready(Some(Ok(data))),
                Err(frame) => {
                    let Some(trailers) = frame.trailers_ref() else {
                        continue;
                    };
                    this.summary = summary(trailers);
                    if let Some(exception) = exception(trailers) {
                        return Poll::Ready(this.end(Some(exception.into())));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}
