//! Requests per second of signed tokens, which their claims limit.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use birdhouse_catalog::{Caller, WorkspaceId};
use parking_lot::Mutex;

use crate::limits::RATES_MAX;

/// Where a limit stands after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rate {
    /// Requests per second.
    pub(crate) limit: u32,
    /// Requests that are left in this second.
    pub(crate) remaining: u32,
    /// Whether the request was one too many.
    pub(crate) is_over: bool,
}

/// Counts the requests of each name of signed tokens, second by second.
#[derive(Debug, Default)]
pub(crate) struct Rates(Mutex<HashMap<(WorkspaceId, String), Second>>);

#[derive(Debug, Clone, Copy)]
struct Second {
    began: Instant,
    requests: u32,
}

const SECOND: Duration = Duration::from_secs(1);

impl Rates {
    /// Counts a request and returns where its limit stands, when it has one.
    pub(crate) fn count(&self, caller: &Caller) -> Option<Rate> {
        let limit = caller.signed.as_ref()?.rps?;
        let key = (caller.workspace.workspace.id, caller.token.name.clone());
        Some(self.count_at(key, limit, Instant::now()))
    }

    fn count_at(&self, key: (WorkspaceId, String), limit: u32, now: Instant) -> Rate {
        let mut seconds = self.0.lock();
        if seconds.len() >= RATES_MAX {
            seconds.retain(|_, second| now.duration_since(second.began) < SECOND);
        }
        let fresh = Second {
            began: now,
            requests: 0,
        };
        let second = seconds.entry(key).or_insert(fresh);
        if now.duration_since(second.began) >= SECOND {
            *second = fresh;
        }
        let is_over = second.requests >= limit;
        if !is_over {
            second.requests += 1;
        }
        Rate {
            limit,
            remaining: limit - second.requests.min(limit),
            is_over,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_has_so_many_requests_and_the_next_one_as_many_again() {
        let rates = Rates::default();
        let key = || (WorkspaceId(uuid::Uuid::nil()), "frontend".to_owned());
        let began = Instant::now();
        let count = |millis| rates.count_at(key(), 2, began + Duration::from_millis(millis));
        let remaining: Vec<u32> = [0, 10].map(|at| count(at).remaining).into();
        assert_eq!(remaining, [1, 0]);
        assert!(count(999).is_over);
        assert!(!count(1000).is_over);
        let other = (WorkspaceId(uuid::Uuid::nil()), "backend".to_owned());
        assert!(!rates.count_at(other, 1, began).is_over);
    }
}
