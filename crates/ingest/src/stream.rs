//! A file on its way in: read, cut and decoded on a thread of its own, a chunk at a time.

use std::io::{self, Read};
use std::sync::Arc;

use birdhouse_engine::ErrorKind;
use tokio::sync::mpsc::{self, Receiver, Sender};

use crate::decode::{DecodeOptions, Decoded, Decoder};
use crate::error::DecodeError;
use crate::frame::Chunks;
use crate::limits::CHUNKS_WAITING_MAX;
use crate::schema::Schema;

/// Rows of one chunk of a file.
#[derive(Debug)]
pub struct Piece {
    /// The rows.
    pub decoded: Decoded,
    /// Bytes of the file that they stood in.
    pub input_bytes: u64,
}

/// Why a file could not be read to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StreamError {
    /// The rows make no sense.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The bytes did not come. The caller's reader knows more.
    #[error("read the file")]
    Read(#[from] io::Error),
}

impl StreamError {
    /// Returns what kind of failure this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Decode(error) => error.kind(),
            Self::Read(error) if error.kind() == io::ErrorKind::FileTooLarge => ErrorKind::TooLarge,
            Self::Read(_) => ErrorKind::InvalidInput,
        }
    }
}

/// Decodes what `reader` gives, in pieces, each when the one before was taken.
///
/// Ends early when the receiver is dropped. Memory is bounded by two chunks and their rows.
pub fn decode_stream(
    reader: impl Read + Send + 'static,
    schema: Arc<Schema>,
    options: DecodeOptions,
) -> Receiver<Result<Piece, StreamError>> {
    let (sender, receiver) = mpsc::channel(CHUNKS_WAITING_MAX);
    tokio::task::spawn_blocking(move || {
        if let Err(error) = decode_into(reader, &schema, options, &sender) {
            // Nobody is there any more to be told.
            drop(sender.blocking_send(Err(error)));
        }
    });
    receiver
}

fn decode_into(
    reader: impl Read,
    schema: &Schema,
    options: DecodeOptions,
    sender: &Sender<Result<Piece, StreamError>>,
) -> Result<(), StreamError> {
    let mut chunks = Chunks::open(reader, &options.format)?;
    let format = chunks.format().clone();
    let mut decoder = Decoder::new(DecodeOptions { format, ..options });
    while let Some(chunk) = chunks.next_chunk()? {
        let piece = Piece {
            decoded: decoder.decode(schema, &chunk.data, chunk.is_last)?,
            input_bytes: chunk.data.len() as u64,
        };
        if sender.blocking_send(Ok(piece)).is_err() {
            break;
        }
    }
    Ok(())
}
