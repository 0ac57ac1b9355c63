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

/// How long a request that asked to wait for the engine waits; after that its rows are acknowledged
/// as being in the journal only.
pub const STORED_WAIT_MAX: Duration = ENGINE_WAIT_MAX;

/// Pause between two batches of a data source, from start to start, unless the second one is full.
/// The first after a pause goes at once.
pub const LINGER: Duration = Duration::from_millis(100);

/// The same when a client waits until its rows are stored.
pub const LINGER_WAITED_FOR: Duration = Duration::from_millis(5);

/// Rows of one batch, unless a single record has more. Half of what the engine inserts as a whole.
pub const BATCH_ROWS: u64 = 500_000;

/// Bytes of one batch, unless a single record has more.
pub const BATCH_BYTES: usize = 32 << 20;

/// Inserts that run at the same time, as the worker has connections for them.
pub const INSERTS_AT_ONCE: usize = 2;

/// Longest pause before a batch that failed is sent again.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_secs(30);

/// How often the engine may go away while it has the same rows, until they are taken for the cause.
pub const ENGINE_DEATHS_MAX: u32 = 5;

/// How often the log speaks of rows in the quarantine of one data source.
pub const NOTICE_PAUSE: Duration = Duration::from_secs(10);

/// When a client that was refused may try again.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Bytes of rows that wait in memory for the engine; the rest waits in the journal.
pub const PENDING_BYTES_MAX: usize = 128 << 20;

/// Bytes that a record takes in memory beside its row data: names, ids, lists of columns.
pub const PENDING_OVERHEAD_BYTES: usize = 1024;

/// Requests and chunks that wait for the engine. Each takes some 200 bytes of memory even when its
/// rows wait in the journal.
pub const PENDING_RECORDS_MAX: usize = 2_000_000;

/// Data sources whose rows cannot be stored may together hold one part in so many of the journal and of
/// the requests that wait. When what is stored takes as much and they keep it from being trimmed, their
/// rows are written again.
pub const STUCK_SHARE: u64 = 4;

/// Rows of one data source whose presence is looked at after an unclean stop, the newest ones.
pub const CHECKED_ROWS_MAX: u64 = 1_000_000;

/// Bytes of these rows.
pub const CHECKED_BYTES_MAX: usize = 256 << 20;

/// Time that the comparison of one data source may take in the engine.
pub const CHECK_TIME_MAX: Duration = Duration::from_secs(300);

/// How long the check after an unclean stop pauses before it looks again whether rows are stored.
pub const CHECK_PAUSE: Duration = Duration::from_millis(200);

/// Bytes of the journal after which appends are refused, unless configured.
pub const JOURNAL_BYTES_MAX: u64 = 8 << 30;

/// How often the engine's files are synced and the journal is trimmed, when anything was stored.
pub const SYNC_INTERVAL: Duration = Duration::from_secs(10);

/// How long an idempotency key is known.
pub const KEY_WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// How many idempotency keys are known.
pub const KEYS_MAX: usize = 1_000_000;

/// Bytes of the log of idempotency keys; an entry has 48.
pub const KEY_LOG_BYTES_MAX: u64 = 1 << 30;

/// How long whoever changes tables waits until the rows that were acknowledged before are stored.
pub const HOLD_WAIT_MAX: Duration = Duration::from_secs(60);

/// Bytes of a copy's rows after which they are appended: a record of the journal, and a batch.
pub const COPY_CHUNK_BYTES: u64 = 16 << 20;

/// Rows after which they are.
pub const COPY_CHUNK_ROWS: u64 = 250_000;
