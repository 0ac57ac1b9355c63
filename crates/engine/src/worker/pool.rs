//! Pools of sessions, one per kind of work, so that one kind cannot starve another.
//!
//! A [`Lease`] returns its session when it is dropped, on whichever thread that happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::exception::{Exception, code};
use crate::limits::POOL_WAITING_MAX;
use crate::worker::session::{Profile, Session};

/// A bounded set of sessions of one profile.
pub(super) struct Pool {
    name: &'static str,
    profile: Arc<Profile>,
    size: u32,
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    idle: Mutex<Vec<Session>>,
    session_count: AtomicUsize,
}

/// A session on loan.
pub(super) struct Lease {
    pool: Arc<Pool>,
    session: Option<Session>,
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// Returns a pool; its name is part of the names of its sessions.
    pub(super) fn new(name: &'static str, profile: &Arc<Profile>, size: u32) -> Arc<Self> {
        Arc::new(Self {
            name,
            profile: Arc::clone(profile),
            size,
            permits: Arc::new(Semaphore::new(usize::try_from(size).unwrap_or(usize::MAX))),
            waiting: AtomicUsize::new(0),
            idle: Mutex::new(Vec::new()),
            session_count: AtomicUsize::new(0),
        })
    }

    /// Waits for a free session.
    pub(super) async fn acquire(self: &Arc<Self>) -> Result<Lease, Exception> {
        let _waiting = Waiting::enter(&self.waiting)?;
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|closed| {
                let text = format!("the engine worker is stopping: {closed}");
                Exception::new(code::TOO_MANY_SIMULTANEOUS_QUERIES, text)
            })?;
        let idle = self.idle.lock().pop();
        Ok(Lease {
            pool: Arc::clone(self),
            session: Some(idle.unwrap_or_else(|| self.new_session())),
            _permit: permit,
        })
    }

    fn new_session(&self) -> Session {
        let number = self.session_count.fetch_add(1, Ordering::Relaxed);
        Session::new(Arc::clone(&self.profile), format!("{}-{number}", self.name))
    }

    /// Waits until no session is on loan, then closes all; further requests are refused.
    pub(super) async fn close(&self) {
        let all = self.permits.acquire_many(self.size).await;
        self.permits.close();
        self.idle.lock().clear();
        drop(all);
    }
}

impl Lease {
    /// Returns the session, for use on a thread that may block.
    pub(super) fn session(&mut self) -> &mut Session {
        self.session.get_or_insert_with(|| self.pool.new_session())
    }

    /// Returns the name by which the statements of the session are found.
    pub(super) fn session_name(&mut self) -> String {
        self.session().name().to_owned()
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.pool.idle.lock().extend(self.session.take());
    }
}

/// One place in the queue of a pool.
struct Waiting<'p>(&'p AtomicUsize);

impl<'p> Waiting<'p> {
    fn enter(count: &'p AtomicUsize) -> Result<Self, Exception> {
        let place = Self(count);
        if count.fetch_add(1, Ordering::Relaxed) >= POOL_WAITING_MAX {
            drop(place);
            return Err(Exception::new(
                code::TOO_MANY_SIMULTANEOUS_QUERIES,
                format!("{POOL_WAITING_MAX} requests are waiting already"),
            ));
        }
        Ok(place)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
