//! Statements that are running, and how they are cancelled.
//!
//! The engine's own cancel call waits for the running fetch, so a statement is ended by
//! `KILL QUERY … ASYNC` on another connection, found by its `log_comment`: the engine lets nobody
//! choose the query id. The synchronous form of KILL hangs, because a finished query stays listed
//! until its connection runs the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use birdhouse_sql::quote_string;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::exception::{Exception, code};
use crate::limits::KILL_INTERVAL;
use crate::worker::pool::Pool;
use crate::worker::settings::Settings;

/// A statement in progress, shared by the request and the thread that runs it.
pub(super) struct Running {
    log_comment: String,
    cancelled: AtomicBool,
    done: CancellationToken,
}

/// Marks the statement as done when the thread that runs it leaves.
pub(super) struct DoneOnDrop(Arc<Running>);

/// Cancels the statement when the request is dropped before the statement is done.
pub(super) struct CancelOnDrop {
    running: Arc<Running>,
    control: Arc<Pool>,
}

impl Running {
    pub(super) fn new(log_comment: String) -> Arc<Self> {
        Arc::new(Self {
            log_comment,
            cancelled: AtomicBool::new(false),
            done: CancellationToken::new(),
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

    pub(super) fn done_on_drop(self: &Arc<Self>) -> DoneOnDrop {
        DoneOnDrop(Arc::clone(self))
    }

    pub(super) fn cancel_on_drop(self: &Arc<Self>, control: &Arc<Pool>) -> CancelOnDrop {
        CancelOnDrop {
            running: Arc::clone(self),
            control: Arc::clone(control),
        }
    }

    /// Kills the statement until it is gone: it may not have reached the engine yet.
    async fn kill(&self, control: &Arc<Pool>) {
        let sql = format!(
            "KILL QUERY WHERE Settings['log_comment'] = {} ASYNC",
            quote_string(&self.log_comment)
        );
        while !self.done.is_cancelled() && kill(control, &sql).await {
            // The time-out is the pause between attempts.
            drop(tokio::time::timeout(KILL_INTERVAL, self.done.cancelled()).await);
        }
    }
}

/// Runs a KILL statement; returns whether it could be run.
pub(super) async fn kill(control: &Arc<Pool>, sql: &str) -> bool {
    let Ok(mut lease) = control.acquire().await else {
        return false;
    };
    let sql = sql.to_owned();
    let attempt = tokio::task::spawn_blocking(move || {
        let session = lease.session();
        session.prepare(None, &Settings::new())?;
        session.query(&sql, "Null", &[]).map(drop)
    });
    matches!(attempt.await, Ok(Ok(())))
}

impl Drop for DoneOnDrop {
    fn drop(&mut self) {
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
