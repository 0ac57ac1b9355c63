//! Limits of one request.

use std::time::Duration;

/// Body of `/v0/events`, before and after decompression: 10 MB, as published for the reference.
pub(crate) const EVENTS_BODY_BYTES_MAX: usize = 10 << 20;

/// Body of an upload to `/v0/datasources`, held in memory.
pub(crate) const UPLOAD_BODY_BYTES_MAX: usize = 100 << 20;

/// What is read of a body that nobody wants any more.
pub(crate) const DISCARDED_BODY_BYTES_MAX: usize = 32 << 20;

/// How long that may take.
pub(crate) const DISCARDED_BODY_TIME_MAX: Duration = Duration::from_secs(5);

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

/// Characters of the header `Idempotency-Key`.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
