//! Limits of one request.

use std::time::Duration;

/// Body of `/v0/events`, before and after decompression: 10 MB, as published for the reference.
pub(crate) const EVENTS_BODY_BYTES_MAX: usize = 10 << 20;

/// A file as sent to `/v0/datasources` and its relatives: 500 MB, as published for the reference's
/// multipart uploads. It is streamed, not held in memory.
pub(crate) const UPLOAD_BODY_BYTES_MAX: u64 = 500 << 20;

/// What such a file may unpack to, and what may be read from a URL: 10 GB, as published for the
/// reference. Against files that are made to unpack without end.
pub(crate) const FILE_BYTES_MAX: u64 = 10 << 30;

/// A Parquet file, which has to be on disk as a whole: 1 GB, as published for the reference.
pub(crate) const PARQUET_BYTES_MAX: u64 = 1 << 30;

/// Files that wait on disk to be imported, all together.
pub(crate) const SPOOL_BYTES_MAX: u64 = 20 << 30;

/// Uploads that are stored while their client waits, at the same time; more wait.
pub(crate) const UPLOADS_MAX: usize = 4;

/// Chunks of a file that are in the journal and not yet in their table.
pub(crate) const CHUNKS_UNSTORED_MAX: usize = 4;

/// How often what a copy has gathered is read when that fails although the engine is there.
pub(crate) const COPY_READS_MAX: u32 = 10;

/// How long an import waits for room in the journal, and how often it looks.
pub(crate) const JOURNAL_WAIT_MAX: Duration = Duration::from_secs(300);
pub(crate) const JOURNAL_PAUSE: Duration = Duration::from_millis(200);

/// A form with parameters.
pub(crate) const FORM_BYTES_MAX: usize = 64 << 10;

/// Time between two pieces of a body. A client that sends nothing for so long is cut off.
pub(crate) const BODY_PAUSE_MAX: Duration = Duration::from_secs(15);

/// Pieces of a body that wait to be read, each of some 16 kB.
pub(crate) const BODY_PIECES_WAITING_MAX: usize = 16;

/// Redirects of a URL that are followed.
pub(crate) const URL_REDIRECTS_MAX: u32 = 5;

/// Time to look up the host of a URL, to connect to it, and between two reads from it.
pub(crate) const URL_PAUSE_MAX: Duration = Duration::from_secs(30);

/// Time to read a URL to its end.
pub(crate) const URL_TIME_MAX: Duration = Duration::from_secs(3600);

/// What `/v0/analyze` looks at of a file: 1 MB, as much as the clients send.
pub(crate) const ANALYZE_BYTES_MAX: usize = 1 << 20;

/// What is read of a body that nobody wants any more.
pub(crate) const DISCARDED_BODY_BYTES_MAX: usize = 32 << 20;

/// How long that may take.
pub(crate) const DISCARDED_BODY_TIME_MAX: Duration = Duration::from_secs(5);

/// Bytes of bodies that all requests hold together, as sent and decompressed. Beyond it requests wait
/// for [`ROOM_WAIT_MAX`] and get 503 then. Several of the largest uploads; what small requests hold
/// does not come near it.
pub(crate) const BODIES_BYTES_MAX: usize = 384 << 20;

/// How long a request waits for room.
pub(crate) const ROOM_WAIT_MAX: Duration = Duration::from_secs(3);

/// How long a whole body may take.
pub(crate) const BODY_TIME_MAX: Duration = Duration::from_secs(600);

/// Body of a query: SQL text or endpoint parameters.
pub(crate) const QUERY_BODY_BYTES_MAX: usize = 1 << 20;

/// Query string of a request.
pub(crate) const URL_BYTES_MAX: usize = 64 << 10;

/// Names of signed tokens whose requests are counted at the same time.
pub(crate) const RATES_MAX: usize = 10_000;

/// Body of a request that manages something: tokens, variables, workspaces.
pub(crate) const FORM_BODY_BYTES_MAX: usize = 1 << 20;

/// Seconds after which a client is asked to try again when the engine is away.
pub(crate) const RETRY_AFTER_SECONDS: u32 = 1;

/// Bodies up to this size are decoded where they are read: that takes less than a millisecond.
pub(crate) const DECODED_INLINE_BYTES_MAX: usize = 64 << 10;

/// Larger bodies that are decoded at the same time: each may take up to 512 MiB for a moment.
pub(crate) const DECODES_AT_ONCE: usize = 2;

/// Characters of the header `Idempotency-Key`.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// How long requests may go on using a deployment that is no longer live: longer than any of them
/// takes.
pub(crate) const OLD_REQUESTS_MAX: Duration = Duration::from_secs(60);

/// Body of a build or a deployment: the files of a project, without its fixtures.
pub(crate) const PROJECT_BODY_BYTES_MAX: usize = 50 << 20;

/// Files of a project.
pub(crate) const PROJECT_FILES_MAX: usize = 5_000;

/// Bytes of a file's path in a project.
pub(crate) const PROJECT_PATH_BYTES_MAX: usize = 1_024;

/// How often it is noted how much each data source holds.
pub(crate) const STORAGE_SAMPLE_PERIOD: Duration = Duration::from_secs(60);

/// How often a change of the project begins again because another deployment was made live meanwhile.
pub(crate) const CHANGE_ATTEMPTS_MAX: usize = 5;
