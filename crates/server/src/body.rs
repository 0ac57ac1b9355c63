//! Request bodies: read up to a limit, decompressed up to the same limit, within the room that all
//! requests share, and not at the pace of a client that has stopped.

use std::future::poll_fn;
use std::io::Read;
use std::ops::Deref;
use std::pin::Pin;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use tokio::time::{Instant, timeout, timeout_at};

use crate::error::ApiError;
use crate::in_flight::{InFlight, Room};
use crate::limits::{BODY_PAUSE_MAX, BODY_TIME_MAX};

/// A whole body, and the room it takes until it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    bytes: Bytes,
    _room: Room,
}

impl Deref for Held {
    type Target = Bytes;

    fn deref(&self) -> &Bytes {
        &self.bytes
    }
}

/// Reads the whole body and undoes its `Content-Encoding`.
///
/// # Errors
/// 413 above `limit` bytes, before or after decompression; 400 when the body cannot be read or
/// decompressed, or the encoding is not known; 408 when nothing comes for [`BODY_PAUSE_MAX`]; 503
/// when the server holds too many bytes already.
pub(crate) async fn read(
    body: Body,
    headers: &HeaderMap,
    limit: usize,
    in_flight: &InFlight,
) -> Result<Held, ApiError> {
    let encoding = Encoding::of(headers)?;
    let (raw, mut room) = receive(body, limit, in_flight).await?;
    let Some(encoding) = encoding else {
        return Ok(Held {
            bytes: raw,
            _room: room,
        });
    };
    room.grow(limit).await?;
    // Off the threads that answer requests.
    match tokio::task::spawn_blocking(move || encoding.decompress(&raw, limit)).await {
        Ok(result) => {
            let bytes = result?;
            room.shrink_to(bytes.len());
            Ok(Held { bytes, _room: room })
        }
        Err(error) => {
            tracing::error!(%error, "decompressing ended badly");
            Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal error",
            ))
        }
    }
}

/// Reads a body as it comes.
async fn receive(
    mut body: Body,
    limit: usize,
    in_flight: &InFlight,
) -> Result<(Bytes, Room), ApiError> {
    let hint = body.size_hint();
    let least = usize::try_from(hint.lower()).unwrap_or(usize::MAX);
    if least > limit {
        return Err(ApiError::body_too_large(limit));
    }
    // The whole of it when its length is known.
    let mut room = in_flight.reserve(least).await?;
    let end = Instant::now() + BODY_TIME_MAX;
    let mut first = Bytes::new();
    let mut whole = BytesMut::new();
    let mut length = 0;
    loop {
        let frame = poll_fn(|context| Pin::new(&mut body).poll_frame(context));
        let frame = match timeout_at(end, timeout(BODY_PAUSE_MAX, frame)).await {
            Ok(Ok(Some(Ok(frame)))) => frame,
            Ok(Ok(Some(Err(error)))) => {
                return Err(ApiError::bad_request(format!(
                    "the body could not be read: {error}"
                )));
            }
            Ok(Ok(None)) => break,
            Ok(Err(_)) | Err(_) => return Err(too_slow()),
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > limit {
            return Err(ApiError::body_too_large(limit));
        }
        if length > room.bytes() {
            room.grow(length - room.bytes()).await?;
        }
        match (first.is_empty(), whole.is_empty()) {
            // Most bodies come as one piece, which is not copied.
            (true, true) => first = data,
            (false, true) => {
                whole.reserve(least.max(length));
                whole.extend_from_slice(&first);
                whole.extend_from_slice(&data);
            }
            _ => whole.extend_from_slice(&data),
        }
    }
    let bytes = match whole.is_empty() {
        true => first,
        false => whole.freeze(),
    };
    Ok((bytes, room))
}

fn too_slow() -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        format!(
            "the body did not arrive: nothing for {} seconds, or not all of it in {} seconds",
            BODY_PAUSE_MAX.as_secs(),
            BODY_TIME_MAX.as_secs()
        ),
    )
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
    /// Returns what is to be undone; nothing when the body is as it is.
    fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let encoding = headers
            .get(header::CONTENT_ENCODING)
            .and_then(|value| value.to_str().ok());
        match encoding.map(str::to_ascii_lowercase).as_deref() {
            None | Some("" | "identity") => Ok(None),
            Some("gzip" | "x-gzip") => Ok(Some(Self::Gzip)),
            Some("zstd") => Ok(Some(Self::Zstd)),
            Some(other) => Err(ApiError::bad_request(format!(
                "the Content-Encoding '{other}' is not supported; use gzip, zstd or none"
            ))),
        }
    }

    fn decompress(self, raw: &[u8], limit: usize) -> Result<Bytes, ApiError> {
        let result = match self {
            Self::Gzip => inflate(flate2::read::MultiGzDecoder::new(raw), limit),
            Self::Zstd => {
                zstd::stream::read::Decoder::new(raw).and_then(|decoder| inflate(decoder, limit))
            }
        };
        let name = match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        };
        match result {
            Ok(out) if out.len() > limit => Err(ApiError::body_too_large(limit)),
            Ok(out) => Ok(out.into()),
            Err(error) => Err(ApiError::bad_request(format!(
                "the body is not valid {name}: {error}"
            ))),
        }
    }
}

/// Reads at most one byte more than `limit`.
fn inflate(decoder: impl Read, limit: usize) -> std::io::Result<Vec<u8>> {
    let mut out = Vec::new();
    let bound = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    decoder.take(bound).read_to_end(&mut out)?;
    Ok(out)
}

#[cfg(test)]
mod tests;
