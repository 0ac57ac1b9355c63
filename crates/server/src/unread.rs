//! What a handler leaves of a request's body.
//!
//! A request may be refused before its body was read. A client that still sends when the answer
//! comes sees a broken connection instead, and one that sends its next request where the server has
//! hung up sees that one fail. So the rest is read and thrown away, up to a limit of bytes and time;
//! beyond it the answer says that the connection ends.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use parking_lot::Mutex;

use crate::limits::{DISCARDED_BODY_BYTES_MAX, DISCARDED_BODY_TIME_MAX};

/// Answers the request, then takes care of what is left of its body.
pub(crate) async fn discard(request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // A client that asked first has not sent anything yet.
    let waits = parts.headers.contains_key(header::EXPECT);
    let shared = Shared(Arc::new(Mutex::new(body)));
    let rest = shared.clone();
    let mut response = next
        .run(Request::from_parts(parts, Body::new(shared)))
        .await;
    let is_read = rest.is_end_stream() || (!waits && rest.drain().await);
    if !is_read {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    response
}

/// A body that can be read on when its first reader is gone.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    /// Reads to the end; returns false when that is too far or takes too long.
    async fn drain(mut self) -> bool {
        let drained = async {
            let mut bytes = 0;
            while let Some(Ok(frame)) = poll_fn(|cx| Pin::new(&mut self).poll_frame(cx)).await {
                bytes += frame.data_ref().map_or(0, Bytes::len);
                if bytes > DISCARDED_BODY_BYTES_MAX {
                    return false;
                }
            }
            true
        };
        tokio::time::timeout(DISCARDED_BODY_TIME_MAX, drained)
            .await
            .unwrap_or(false)
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut *self.0.lock()).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().size_hint()
    }
}
