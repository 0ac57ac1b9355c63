//! Limits of this crate, with their units and reasons.
//!
//! The size of a whole body is the caller's limit; these bound what one body can make us do.

use std::time::Duration;

/// Columns of one data source.
pub const COLUMNS_MAX: usize = 4096;

/// Bytes of one row as sent; a longer one is quarantined with only its beginning.
pub const ROW_BYTES_MAX: usize = 10 << 20;

/// Bytes that are kept of a row longer than [`ROW_BYTES_MAX`].
pub const OVERSIZED_ROW_KEPT_BYTES: usize = 1024;

/// Levels of arrays and objects in one JSON value. The scanner recurses once per level.
pub const JSON_DEPTH_MAX: usize = 128;

/// Levels of `Array`, `Map` and `Tuple` in a column's type.
pub const TYPE_DEPTH_MAX: usize = 16;

/// Rows of one block. The engine inserts a block of up to 1,048,449 rows as a whole or not at all.
pub const BLOCK_ROWS_MAX: usize = 1_000_000;

/// Bytes after which a block is closed. The engine splits at 256 MB of its own representation,
/// which is larger than ours for strings.
pub const BLOCK_BYTES_MAX: usize = 64 << 20;

/// Different sets of omitted columns in one body; each one is an insert of its own.
pub const OMITTED_SETS_MAX: usize = 1024;

/// Bytes after which rows of a stream are decoded and stored. One insert costs about 2 ms beside its
/// rows, 4 MB of JSON take about 20 ms.
pub const CHUNK_BYTES: usize = 4 << 20;

/// Rows after which they are, however short: in quarantine a row has a hundred bytes and more.
pub const CHUNK_ROWS: usize = 100_000;

/// Bytes from which the dialect of delimited text is guessed.
pub const CSV_SAMPLE_BYTES: usize = 64 << 10;

/// Bytes of one JSON document, which cannot be cut.
pub const JSON_DOCUMENT_BYTES_MAX: usize = 64 << 20;

/// Decoded chunks of a stream that wait to be stored.
pub const CHUNKS_WAITING_MAX: usize = 1;

/// Characters of a value that an error text repeats.
pub const EXCERPT_CHARS_MAX: usize = 100;

/// Bytes of all blocks decoded from one body. A body of tiny rows grows a hundredfold when all of
/// them go to quarantine, so the limit on the body alone does not bound memory.
pub const DECODED_BYTES_MAX: usize = 512 << 20;

/// How long an append waits for an engine that is not available. A restart takes less than a
/// second; most clients give up after thirty.
pub const ENGINE_WAIT_MAX: Duration = Duration::from_secs(15);

/// Pause before a block is sent again.
pub const RETRY_PAUSE: Duration = Duration::from_millis(50);
