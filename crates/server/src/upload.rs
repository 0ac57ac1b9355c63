//! What a request with a file brings: the file as a reader, or a form that names a URL.

use std::io::{Cursor, Read};
use std::pin::Pin;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use futures_util::{Stream, StreamExt};
use multer::Multipart;
use tokio::sync::{mpsc, oneshot};

use crate::body::{self, ChannelReader, Encoding, Limited, ReadError};
use crate::context::RequestContext;
use crate::error::ApiError;
use crate::limits::{FORM_BYTES_MAX, UPLOAD_BODY_BYTES_MAX};
use crate::params::Params;

/// A file on its way in.
pub(crate) struct Upload {
    /// The name that the client gave it.
    pub(crate) file_name: Option<String>,
    /// Its bytes as sent, limited.
    pub(crate) reader: Box<dyn Read + Send>,
    /// How they are packed.
    pub(crate) encoding: Option<Encoding>,
    /// How many they are, when the client said so.
    pub(crate) bytes: Option<u64>,
}

/// The body of a request.
pub(crate) enum Received {
    /// A file.
    Upload(Upload),
    /// Parameters.
    Form(Params),
    /// Nothing.
    Empty,
}

/// Fields that a form has; any other text is data, whatever its type says: curl calls all it sends a
/// form.
const FORM_FIELDS: &[&str] = &[
    "url",
    "mode",
    "name",
    "format",
    "schema",
    "description",
    "engine",
    "token",
    "replace_condition",
    "replace_truncate_when_empty",
    "dialect_delimiter",
    "dialect_new_line",
    "dialect_escapechar",
];

/// Receives the body of a request: a multipart form whose first file counts, whatever its part is
/// called, a form with parameters, or the file itself.
///
/// # Errors
/// 411 when the client says nothing about a body, 400 when a form has no file or cannot be read.
pub(crate) async fn receive(ctx: &RequestContext, body: Body) -> Result<Received, ApiError> {
    let encoding = Encoding::of(&ctx.headers)?;
    let content_type = ctx.headers.get(header::CONTENT_TYPE);
    let is_type = |name: &str| {
        content_type
            .and_then(|value| value.to_str().ok())
            .is_some_and(|value| value.to_ascii_lowercase().starts_with(name))
    };
    if let Some(content_type) = content_type.filter(|_| is_type("multipart/form-data")) {
        return multipart(content_type.clone(), body, encoding).await;
    }
    let (sender, mut reader) = ChannelReader::new();
    tokio::spawn(pump(Box::pin(body::pieces(body)), sender));
    if !reader.wait().await? {
        return Ok(Received::Empty);
    }
    let mut head = Vec::new();
    if is_type("application/x-www-form-urlencoded") && encoding.is_none() {
        let mut is_whole = false;
        while head.len() < FORM_BYTES_MAX && !is_whole {
            is_whole = !reader.wait().await?;
            head.extend_from_slice(&reader.take_current());
        }
        if let Some(form) = form(&head).filter(|_| is_whole) {
            return Ok(Received::Form(form));
        }
    }
    let reader = Limited::new(Cursor::new(head).chain(reader), UPLOAD_BODY_BYTES_MAX);
    Ok(Received::Upload(Upload {
        file_name: None,
        reader: Box::new(reader),
        encoding,
        bytes: content_length(&ctx.headers),
    }))
}

/// Returns an error when the client has sent no body and did not even say that there is none.
pub(crate) fn empty(ctx: &RequestContext) -> ApiError {
    let says = |name| ctx.headers.contains_key(name);
    if says(header::CONTENT_LENGTH) || says(header::TRANSFER_ENCODING) {
        return ApiError::bad_request(
            "the body is empty; send the file as the body or in a multipart form, or its address as the parameter 'url'",
        );
    }
    ApiError::new(
        StatusCode::LENGTH_REQUIRED,
        "there is no body: send the file with Content-Length or chunked, or its address as the parameter 'url'",
    )
}

fn content_length(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

/// Returns the parameters of a text whose first name is one of ours.
fn form(text: &[u8]) -> Option<Params> {
    let text = std::str::from_utf8(text).ok()?;
    let (name, _) = text.split_once('=')?;
    FORM_FIELDS
        .contains(&name)
        .then(|| Params::from_urlencoded(text.trim_end()))
}

async fn multipart(
    content_type: HeaderValue,
    body: Body,
    encoding: Option<Encoding>,
) -> Result<Received, ApiError> {
    let pieces = body::pieces(body);
    let body = match encoding {
        None => Body::from_stream(pieces),
        Some(encoding) => unpacked(Box::pin(pieces), encoding),
    };
    let boundary = content_type.to_str().ok().map(multer::parse_boundary);
    let boundary = boundary.and_then(Result::ok).ok_or_else(|| {
        ApiError::bad_request("the multipart form has no boundary in its Content-Type")
    })?;
    let form = Multipart::new(body.into_data_stream(), boundary);
    let (found, is_found) = oneshot::channel();
    // The form is read by a task of its own, because the reader of a file outlives this function.
    tokio::spawn(first_file(form, found));
    match is_found.await {
        Ok(found) => found,
        Err(error) => Err(ApiError::fault("a form was dropped", &error)),
    }
}

/// Sends the first file of a form, or why there is none, and then the bytes of the file.
async fn first_file(
    mut form: Multipart<'static>,
    found: oneshot::Sender<Result<Received, ApiError>>,
) {
    let mut fields = Vec::new();
    loop {
        let mut part = match form.next_field().await {
            Ok(Some(part)) => part,
            Ok(None) => break,
            Err(error) => {
                // Who asked is gone when this fails.
                drop(found.send(Err(broken_form(&error))));
                return;
            }
        };
        if let Some(file_name) = part.file_name().map(str::to_owned) {
            let (sender, reader) = ChannelReader::new();
            let (packed, _) = Encoding::of_file_name(&file_name);
            let upload = Upload {
                file_name: Some(file_name),
                reader: Box::new(Limited::new(reader, UPLOAD_BODY_BYTES_MAX)),
                encoding: packed,
                bytes: None,
            };
            drop(found.send(Ok(Received::Upload(upload))));
            let pieces = futures_util::stream::poll_fn(move |context| {
                Pin::new(&mut part).poll_next(context)
            });
            let pieces = pieces.map(|piece| {
                piece.map_err(|error| {
                    let known = body::find(&error).cloned();
                    known.unwrap_or_else(|| ReadError::Broken(error.to_string()))
                })
            });
            pump(Box::pin(pieces), sender).await;
            return;
        }
        let name = part.name().unwrap_or_default().to_owned();
        let mut value = Vec::new();
        while let Ok(Some(piece)) = part.chunk().await {
            value.extend_from_slice(&piece);
            if value.len() > FORM_BYTES_MAX {
                break;
            }
        }
        fields.push((name, String::from_utf8_lossy(&value).into_owned()));
    }
    let is_enough = |(name, _): &(String, String)| name == "url" || name == "schema";
    let received = if fields.iter().any(is_enough) {
        Ok(Received::Form(Params::from_texts(fields)))
    } else {
        Err(ApiError::bad_request(
            "the multipart form has no file; send it as a part with a file name",
        ))
    };
    drop(found.send(received));
}

/// Sends what comes to a reader, until either ends.
async fn pump(
    mut pieces: Pin<Box<dyn Stream<Item = Result<bytes::Bytes, ReadError>> + Send + '_>>,
    sender: mpsc::Sender<Result<bytes::Bytes, ReadError>>,
) {
    while let Some(piece) = pieces.next().await {
        if sender.send(piece).await.is_err() {
            return;
        }
    }
}

/// Returns the unpacked bytes as a body again.
fn unpacked(
    pieces: Pin<Box<dyn Stream<Item = Result<bytes::Bytes, ReadError>> + Send>>,
    encoding: Encoding,
) -> Body {
    let (sender, packed) = ChannelReader::new();
    tokio::spawn(pump(pieces, sender));
    let (sender, mut unpacked) = mpsc::channel(1);
    tokio::task::spawn_blocking(move || {
        let mut reader = match encoding.unpack(packed) {
            Ok(reader) => reader,
            Err(error) => return drop(sender.blocking_send(Err(error))),
        };
        let mut buffer = vec![0; FORM_BYTES_MAX];
        loop {
            let piece = match reader.read(&mut buffer) {
                Ok(0) => return,
                Ok(read) => Ok(bytes::Bytes::copy_from_slice(
                    buffer.get(..read).unwrap_or_default(),
                )),
                Err(error) => Err(error),
            };
            let is_over = piece.is_err();
            if sender.blocking_send(piece).is_err() || is_over {
                return;
            }
        }
    });
    Body::from_stream(futures_util::stream::poll_fn(move |context| {
        unpacked.poll_recv(context)
    }))
}

fn broken_form(error: &(dyn std::error::Error + 'static)) -> ApiError {
    match body::find(error) {
        Some(known) => known.clone().into(),
        None => ApiError::bad_request(format!("the multipart form cannot be read: {error}")),
    }
}
