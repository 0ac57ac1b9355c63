//! Statements that are running, and how they are cancelled.
//!
//! The engine's own cancel call waits for the running fetch, so a statement is ended by
//! `KILL QUERY … ASYNC` on another connection. It is found by the `log_comment` of its session,
//! which is the session's name: the engine lets nobody choose the query id, and a comment per
//! request would cost a SET for each. The synchronous form of KILL hangs, because a finished query
//! stays listed until its connection runs the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use birdhouse_sql::quote_string;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::exception::{Exception, code};
use crate::limits::KILL_INTERVAL;
use crate::worker::pool::Pool;
use crate::worker::settings::Settings;

/// A statement in progress, shared by the request and the thread that runs it.
pub(super) struct Running {
    session: String,
    cancelled: AtomicBool,
    done: CancellationToken,
    /// Held while the statement is killed and while it is marked as done: a late KILL must not
    /// hit the next statement of the session.
    exclusive: Mutex<()>,
}

/// Marks the statement as done. Drop it before the session is given back.
pub(super) struct DoneOnDrop<'r>(&'r Running);

/// Cancels the statement when the request is dropped before the statement is done.
pub(super) struct CancelOnDrop {
    running: Arc<Running>,
    control: Arc<Pool>,
}

impl Running {
    /// Returns a statement that is about to run on the session of this name.
    pub(super) fn new(session: String) -> Arc<Self> {
        Arc::new(Self {
            session,
            cancelled: AtomicBool::new(false),
            done: CancellationToken::new(),
            exclusive: Mutex::new(()),
        })
    }

    /// Refuses to begin what nobody waits for any more.
    pub(super) fn check_not_cancelled(&self) -> Result<(), Exception> {
        if self.cancelled.load(Ordering::Acquire) {
            let text = "the client is gone";
            return Err(Exception::new(code::QUERY_WAS_CANCELLED, text));
        }
        Ok(())
    }

    pub(super) fn done_on_drop(&self) -> DoneOnDrop<'_> {
        DoneOnDrop(self)
    }

    pub(super) fn cancel_on_drop(self: &Arc<Self>, control: &Arc<Pool>) -> CancelOnDrop {
        CancelOnDrop {
            running: Arc::clone(self),
            control: Arc::clone(control),
        }
    }

    /// Kills the statement until it is done: it may not have reached the engine yet.
    async fn kill(self: &Arc<Self>, control: &Arc<Pool>) {
        let condition = format!("Settings['log_comment'] = {}", quote_string(&self.session));
        while !self.done.is_cancelled() && kill_where(control, &condition, Some(self)).await {
            // The time-out is the pause between attempts.
            drop(tokio::time::timeout(KILL_INTERVAL, self.done.cancelled()).await);
        }
    }
}

/// Kills every statement except KILL itself.
pub(super) async fn kill_all(control: &Arc<Pool>) {
    kill_where(control, "query NOT LIKE 'KILL%'", None).await;
}

/// Kills the statements that meet a condition, unless `running` is done; returns whether that
/// could be tried.
async fn kill_where(control: &Arc<Pool>, condition: &str, running: Option<&Arc<Running>>) -> bool {
    let Ok(mut lease) = control.acquire().await else {
        return false;
    };
    let sql = format!("KILL QUERY WHERE {condition} ASYNC");
    let running = running.cloned();
    let attempt = tokio::task::spawn_blocking(move || {
        let session = lease.session();
        session.prepare(None, &Settings::new())?;
        let _exclusive = running.as_ref().map(|running| running.exclusive.lock());
        if running.as_ref().is_some_and(|r| r.done.is_cancelled()) {
            return Ok(());
        }
        session.query(&sql, "Null", &[]).map(drop)
    });
    matches!(attempt.await, Ok(Ok(())))
}

impl Drop for DoneOnDrop<'_> {
    fn drop(&mut self) {
        let _exclusive = self.0.exclusive.lock();
        self.0.done.cancel();
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if self.running.done.is_cancelled() {
            return;
        }
        self.running.cancelled.store(true, Ordering::Release);
        let (running, control) = (Arc::clone(&self.running), Arc::clone(&self.control));
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn(async move { running.kill(&control).await });
        }
    }
}
