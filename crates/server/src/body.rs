//! Request bodies: read up to a limit, decompressed up to the same limit.

use std::io::Read;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::ApiError;

/// Reads the whole body and undoes its `Content-Encoding`.
///
/// # Errors
/// 413 above `limit` bytes, before or after decompression; 400 when the body cannot be read or
/// decompressed, or the encoding is not known.
pub(crate) async fn read(body: Body, headers: &HeaderMap, limit: usize) -> Result<Bytes, ApiError> {
    let raw = match Limited::new(body, limit).collect().await {
        Ok(collected) => collected.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => {
            return Err(ApiError::body_too_large(limit));
        }
        Err(error) => {
            return Err(ApiError::bad_request(format!(
                "the body could not be read: {error}"
            )));
        }
    };
    let encoding = headers
        .get(header::CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok());
    let encoding = match encoding.map(str::to_ascii_lowercase).as_deref() {
        None | Some("" | "identity") => return Ok(raw),
        Some("gzip" | "x-gzip") => Encoding::Gzip,
        Some("zstd") => Encoding::Zstd,
        Some(other) => {
            return Err(ApiError::bad_request(format!(
                "the Content-Encoding '{other}' is not supported; use gzip, zstd or none"
            )));
        }
    };
    // Off the threads that answer requests.
    match tokio::task::spawn_blocking(move || encoding.decompress(&raw, limit)).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "decompressing ended badly");
            Err(ApiError::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal error",
            ))
        }
    }
}

#[derive(Clone, Copy)]
enum Encoding {
    Gzip,
    Zstd,
}

impl Encoding {
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
