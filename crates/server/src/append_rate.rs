//! Rate limits of appends, off unless configured: requests and rows per second, per token and per
//! data source.
//!
//! Each has a bucket that holds the allowance of one second and fills up steadily. A request is let
//! in when there is anything in it and takes out what it has, if need be more than there is: so a
//! request of many rows is possible, and the ones after it wait for it.

use std::collections::HashMap;
use std::hash::Hash;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use birdhouse_catalog::TokenId;
use parking_lot::Mutex;

use crate::error::ApiError;
use crate::limits::RATES_MAX;

/// What is allowed in a second; nothing set means no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RateLimits {
    /// Requests with one token.
    pub token_requests: Option<NonZeroU32>,
    /// Rows with one token.
    pub token_rows: Option<NonZeroU32>,
    /// Requests to one data source.
    pub datasource_requests: Option<NonZeroU32>,
    /// Rows to one data source.
    pub datasource_rows: Option<NonZeroU32>,
}

/// A request that came too early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimited {
    /// What is allowed in a second.
    pub limit: u32,
    /// When the next request is let in.
    pub wait: Duration,
}

/// The limits at work.
#[derive(Debug)]
pub(crate) struct AppendRates {
    token_requests: Option<Limiter<TokenId>>,
    token_rows: Option<Limiter<TokenId>>,
    datasource_requests: Option<Limiter<String>>,
    datasource_rows: Option<Limiter<String>>,
}

/// Who appends where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Appender<'a> {
    /// The token's id.
    pub(crate) token: &'a TokenId,
    /// The data source's id.
    pub(crate) datasource: &'a String,
}

impl AppendRates {
    pub(crate) fn new(limits: RateLimits) -> Self {
        Self {
            token_requests: limits.token_requests.map(Limiter::new),
            token_rows: limits.token_rows.map(Limiter::new),
            datasource_requests: limits.datasource_requests.map(Limiter::new),
            datasource_rows: limits.datasource_rows.map(Limiter::new),
        }
    }

    /// Counts a request whose rows are not known yet.
    ///
    /// # Errors
    /// 429 when it comes too early. Then nothing is counted for it anywhere that refused it.
    pub(crate) fn count_request(&self, by: Appender<'_>) -> Result<(), ApiError> {
        let now = Instant::now();
        // So that a body which will be refused for its rows is not read.
        take(
            self.token_rows.as_ref(),
            by.token,
            0,
            now,
            "rows of this token",
        )?;
        take(
            self.datasource_rows.as_ref(),
            by.datasource,
            0,
            now,
            "rows of this data source",
        )?;
        take(
            self.token_requests.as_ref(),
            by.token,
            1,
            now,
            "requests of this token",
        )?;
        take(
            self.datasource_requests.as_ref(),
            by.datasource,
            1,
            now,
            "requests to this data source",
        )
    }

    /// Counts the rows of a request.
    ///
    /// # Errors
    /// 429 when they come too early.
    pub(crate) fn count_rows(&self, by: Appender<'_>, rows: u64) -> Result<(), ApiError> {
        let now = Instant::now();
        take(
            self.token_rows.as_ref(),
            by.token,
            rows,
            now,
            "rows of this token",
        )?;
        take(
            self.datasource_rows.as_ref(),
            by.datasource,
            rows,
            now,
            "rows of this data source",
        )
    }
}

fn take<K: Hash + Eq + Clone>(
    limiter: Option<&Limiter<K>>,
    key: &K,
    amount: u64,
    now: Instant,
    what: &str,
) -> Result<(), ApiError> {
    match limiter.map(|limiter| limiter.take(key, amount, now)) {
        None | Some(Ok(())) => Ok(()),
        Some(Err(limited)) => Err(ApiError::rate_limited(limited, what)),
    }
}

/// One limit for many keys.
#[derive(Debug)]
struct Limiter<K> {
    limit: NonZeroU32,
    buckets: Mutex<HashMap<K, Bucket>>,
}

/// What is left of an allowance, as of some time; below zero after a large request.
#[derive(Debug, Clone, Copy)]
struct Bucket {
    level: f64,
    at: Instant,
}

impl<K: Hash + Eq + Clone> Limiter<K> {
    fn new(limit: NonZeroU32) -> Self {
        Self {
            limit,
            buckets: Mutex::default(),
        }
    }

    /// Takes `amount`, or says when it may be taken.
    fn take(&self, key: &K, amount: u64, now: Instant) -> Result<(), RateLimited> {
        let per_second = f64::from(self.limit.get());
        let refilled = |bucket: &Bucket| {
            let passed = now.saturating_duration_since(bucket.at).as_secs_f64();
            (bucket.level + passed * per_second).min(per_second)
        };
        let mut buckets = self.buckets.lock();
        let level = buckets.get(key).map_or(per_second, refilled);
        if level < 1.0 {
            return Err(RateLimited {
                limit: self.limit.get(),
                wait: Duration::from_secs_f64((1.0 - level) / per_second),
            });
        }
        if amount == 0 {
            return Ok(());
        }
        if buckets.len() >= RATES_MAX && !buckets.contains_key(key) {
            // A full bucket is as good as none.
            buckets.retain(|_, bucket| refilled(bucket) < per_second);
        }
        let rows = u32::try_from(amount).map_or(f64::from(u32::MAX), f64::from);
        let bucket = Bucket {
            level: level - rows,
            at: now,
        };
        buckets.insert(key.clone(), bucket);
        Ok(())
    }
}

#[cfg(test)]
mod tests;
