//! Request bodies: as bytes in one piece, or as a reader for a thread; decompressed, and with limits
//! on what is sent, on what it unpacks to, and on the time between two pieces of it.

use std::io::{self, Cursor, Read};
use std::ops::Deref;

use axum::body::{Body, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use futures_util::Stream;
use http_body_util::BodyExt;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::error::ApiError;
use crate::in_flight::{InFlight, Room};
use crate::limits::{BODY_PAUSE_MAX, BODY_PIECES_WAITING_MAX, BODY_TIME_MAX};

/// Why a body could not be read to its end.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ReadError {
    /// More than allowed, as sent or unpacked.
    #[error("the body is larger than {limit_bytes} bytes; send it in smaller parts")]
    TooLarge { limit_bytes: u64 },
    /// The client stopped sending.
    #[error("no byte of the body came for {} s", BODY_PAUSE_MAX.as_secs())]
    Slow,
    /// The client sends, but too slowly.
    #[error("the body was not complete after {} s", BODY_TIME_MAX.as_secs())]
    Endless,
    /// The connection broke.
    #[error("the body could not be read: {0}")]
    Broken(String),
    /// The bytes are not what `Content-Encoding` says.
    #[error("the body is not valid {name}: {problem}")]
    Encoding { name: &'static str, problem: String },
    /// The server has no room.
    #[error("{0}")]
    NoRoom(&'static str),
}

impl From<ReadError> for io::Error {
    fn from(error: ReadError) -> Self {
        Self::other(error)
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> Self {
        let status = match error {
            ReadError::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            ReadError::Slow | ReadError::Endless => StatusCode::REQUEST_TIMEOUT,
            ReadError::NoRoom(_) => StatusCode::SERVICE_UNAVAILABLE,
            ReadError::Broken(_) | ReadError::Encoding { .. } => StatusCode::BAD_REQUEST,
        };
        Self::new(status, error.to_string())
    }
}

/// Returns what a reader's error means to the client.
pub(crate) fn api_error(error: &io::Error) -> ApiError {
    match find(error) {
        Some(known) => known.clone().into(),
        None if error.kind() == io::ErrorKind::FileTooLarge => {
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, error.to_string())
        }
        None => ReadError::Broken(error.to_string()).into(),
    }
}

/// Returns our own error among an error and its causes.
pub(crate) fn find<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e ReadError> {
    let mut next = Some(error);
    while let Some(error) = next {
        let inner = error
            .downcast_ref::<io::Error>()
            .and_then(io::Error::get_ref);
        let inner = inner.and_then(|inner| inner.downcast_ref());
        if let Some(found) = inner.or_else(|| error.downcast_ref()) {
            return Some(found);
        }
        next = error.source();
    }
    None
}

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

/// Reads the whole body, within the room that all requests share, and undoes its
/// `Content-Encoding`.
///
/// # Errors
/// 413 above `limit` bytes, before or after decompression; 408 when the client stops sending or takes
/// longer than [`BODY_TIME_MAX`]; 400 when the body cannot be read or decompressed, or the encoding is
/// not known; 503 when the server holds too many bytes already.
pub(crate) async fn read(
    body: Body,
    headers: &HeaderMap,
    limit: usize,
    in_flight: &InFlight,
) -> Result<Held, ApiError> {
    let encoding = Encoding::of(headers)?;
    let received = receive(body, limit, in_flight);
    let (raw, mut room) = timeout(BODY_TIME_MAX, received)
        .await
        .unwrap_or_else(|_| Err(ReadError::Endless.into()))?;
    let Some(encoding) = encoding else {
        return Ok(Held {
            bytes: raw,
            _room: room,
        });
    };
    room.grow(limit).await?;
    let work = move || {
        let mut out = Vec::new();
        let mut unpacked = Limited::new(encoding.unpack(Cursor::new(raw))?, limit as u64);
        unpacked.read_to_end(&mut out)?;
        Ok::<_, io::Error>(Bytes::from(out))
    };
    // Off the threads that answer requests.
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => {
            let bytes = result.map_err(|error| api_error(&error))?;
            room.shrink_to(bytes.len());
            Ok(Held { bytes, _room: room })
        }
        Err(error) => Err(ApiError::fault("decompressing ended badly", &error)),
    }
}

/// Reads a body as it comes.
async fn receive(
    mut body: Body,
    limit: usize,
    in_flight: &InFlight,
) -> Result<(Bytes, Room), ApiError> {
    let least = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if least > limit {
        return Err(ApiError::body_too_large(limit));
    }
    // The whole of it when its length is known.
    let mut room = in_flight.reserve(least).await?;
    let mut pieces: Vec<Bytes> = Vec::new();
    let mut length = 0;
    while let Some(piece) = next_piece(&mut body).await {
        let piece = piece?;
        length += piece.len();
        if length > limit {
            return Err(ApiError::body_too_large(limit));
        }
        if length > room.bytes() {
            room.grow(length - room.bytes()).await?;
        }
        pieces.push(piece);
    }
    // Most bodies come as one piece, which is not copied.
    let whole = match pieces.len() {
        0 | 1 => pieces.pop().unwrap_or_default(),
        _ => pieces.concat().into(),
    };
    Ok((whole, room))
}

/// Returns the next bytes of a body, or an error when none come for too long.
async fn next_piece(body: &mut Body) -> Option<Result<Bytes, ReadError>> {
    loop {
        let frame = match timeout(BODY_PAUSE_MAX, body.frame()).await {
            Err(_) => return Some(Err(ReadError::Slow)),
            Ok(frame) => frame?,
        };
        match frame.map(hyper::body::Frame::into_data) {
            Err(error) => {
                let known = find(&error).cloned();
                return Some(Err(known.unwrap_or(ReadError::Broken(error.to_string()))));
            }
            Ok(Ok(data)) => return Some(Ok(data)),
            // Trailers.
            Ok(Err(_)) => {}
        }
    }
}

/// Returns the body as a stream that ends with an error when the client stops sending.
pub(crate) fn pieces(body: Body) -> impl Stream<Item = Result<Bytes, ReadError>> + Send {
    futures_util::stream::unfold(body, |mut body| async {
        let piece = next_piece(&mut body).await?;
        Some((piece, body))
    })
}

/// Gives what arrives on the event loop to a thread that reads it.
pub(crate) struct ChannelReader {
    pieces: mpsc::Receiver<Result<Bytes, ReadError>>,
    current: Bytes,
}

impl ChannelReader {
    /// Returns a reader and where its bytes are to be sent.
    pub(crate) fn new() -> (mpsc::Sender<Result<Bytes, ReadError>>, Self) {
        let (sender, pieces) = mpsc::channel(BODY_PIECES_WAITING_MAX);
        let reader = Self {
            pieces,
            current: Bytes::new(),
        };
        (sender, reader)
    }

    /// Waits for bytes, on the event loop; false at the end.
    pub(crate) async fn wait(&mut self) -> Result<bool, ReadError> {
        while self.current.is_empty() {
            match self.pieces.recv().await {
                Some(piece) => self.current = piece?,
                None => return Ok(false),
            }
        }
        Ok(true)
    }

    /// Takes the bytes that came last.
    pub(crate) fn take_current(&mut self) -> Bytes {
        std::mem::take(&mut self.current)
    }
}

impl Read for ChannelReader {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        while self.current.is_empty() {
            match self.pieces.blocking_recv() {
                Some(piece) => self.current = piece?,
                None => return Ok(0),
            }
        }
        let len = out.len().min(self.current.len());
        let now = self.current.split_to(len);
        if let Some(out) = out.get_mut(..len) {
            out.copy_from_slice(&now);
        }
        Ok(len)
    }
}

/// A reader that fails beyond a number of bytes.
pub(crate) struct Limited<R> {
    reader: R,
    left: u64,
    limit_bytes: u64,
}

impl<R> Limited<R> {
    pub(crate) fn new(reader: R, limit_bytes: u64) -> Self {
        Self {
            reader,
            left: limit_bytes,
            limit_bytes,
        }
    }
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(out)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            let limit_bytes = self.limit_bytes;
            return Err(ReadError::TooLarge { limit_bytes }.into());
        };
        self.left = left;
        Ok(read)
    }
}

/// How bytes are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Encoding {
    Gzip,
    Zstd,
    Deflate,
    Brotli,
}

impl Encoding {
    /// Returns what the header `Content-Encoding` says.
    ///
    /// # Errors
    /// 400 for one that is not known.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Option<Self>, ApiError> {
        let header = headers.get(header::CONTENT_ENCODING);
        let name = header
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        match name.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => Ok(None),
            "gzip" | "x-gzip" => Ok(Some(Self::Gzip)),
            "zstd" => Ok(Some(Self::Zstd)),
            "deflate" => Ok(Some(Self::Deflate)),
            "br" => Ok(Some(Self::Brotli)),
            other => Err(ApiError::bad_request(format!(
                "the Content-Encoding '{other}' is not supported; use gzip, zstd, deflate, br or none"
            ))),
        }
    }

    /// Returns what the extension of a file says, and the name without it.
    pub(crate) fn of_file_name(name: &str) -> (Option<Self>, &str) {
        match name.rsplit_once('.') {
            Some((stem, "gz")) => (Some(Self::Gzip), stem),
            Some((stem, "zst")) => (Some(Self::Zstd), stem),
            Some((stem, "br")) => (Some(Self::Brotli), stem),
            _ => (None, name),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
        }
    }

    /// Returns a reader of the unpacked bytes.
    ///
    /// # Errors
    /// When the first bytes cannot be read.
    pub(crate) fn unpack(self, packed: impl Read + Send + 'static) -> io::Result<Unpacked> {
        let reader: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(flate2::read::MultiGzDecoder::new(packed)),
            Self::Zstd => Box::new(zstd::stream::read::Decoder::new(packed)?),
            Self::Deflate => deflate(packed)?,
            Self::Brotli => Box::new(brotli_decompressor::Decompressor::new(packed, PACKED_BYTES)),
        };
        Ok(Unpacked {
            reader,
            encoding: self,
        })
    }
}

/// Bytes that the brotli decoder reads at once.
const PACKED_BYTES: usize = 64 << 10;

/// Returns a reader of `deflate`: zlib as the standard says, or bare as some clients send it.
fn deflate(mut packed: impl Read + Send + 'static) -> io::Result<Box<dyn Read + Send>> {
    let mut head = [0; 2];
    let mut len = 0;
    while let Some(free) = head.get_mut(len..).filter(|free| !free.is_empty()) {
        match packed.read(free)? {
            0 => break,
            read => len += read,
        }
    }
    let is_zlib = u16::from_be_bytes(head).is_multiple_of(31) && head[0] & 0x0F == 8;
    let head = head.get(..len).unwrap_or_default().to_vec();
    let packed = Cursor::new(head).chain(packed);
    Ok(match is_zlib {
        true => Box::new(flate2::read::ZlibDecoder::new(packed)),
        false => Box::new(flate2::read::DeflateDecoder::new(packed)),
    })
}

/// Unpacked bytes, whose errors say what they should have been.
pub(crate) struct Unpacked {
    reader: Box<dyn Read + Send>,
    encoding: Encoding,
}

impl Read for Unpacked {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out).map_err(|error| match find(&error) {
            Some(_) => error,
            None if error.kind() == io::ErrorKind::Interrupted => error,
            None => ReadError::Encoding {
                name: self.encoding.name(),
                problem: error.to_string(),
            }
            .into(),
        })
    }
}

#[cfg(test)]
mod tests;
