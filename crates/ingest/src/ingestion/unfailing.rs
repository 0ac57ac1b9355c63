//! A future that comes to its end whether or not anybody waits for it.
//!
//! It runs where it is awaited, without a task of its own. Only when it is dropped before its end
//! does it become a task.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;
use tokio_util::task::task_tracker::TaskTrackerToken;

/// See the module.
pub(super) struct Unfailing<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Nothing once it has ended.
    future: Option<Pin<Box<F>>>,
    tasks: TaskTracker,
    /// Whoever waits for the tasks waits for this, too.
    _running: TaskTrackerToken,
}

impl<F> Unfailing<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    /// Makes `future` one that comes to its end, among these tasks.
    pub(super) fn new(future: F, tasks: TaskTracker) -> Self {
        Self {
            future: Some(Box::pin(future)),
            _running: tasks.token(),
            tasks,
        }
    }
}

impl<F> Future for Unfailing<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        let polled = future.as_mut().poll(context);
        if polled.is_ready() {
            self.future = None;
        }
        polled
    }
}

impl<F> Drop for Unfailing<F>
where
    F: Future<Output: Send> + Send + 'static,
{
    fn drop(&mut self) {
        let Some(future) = self.future.take() else {
            return;
        };
        // One that panicked must not be polled again.
        if !std::thread::panicking()
            && let Ok(runtime) = Handle::try_current()
        {
            self.tasks.spawn_on(future, &runtime);
        }
    }
}

#[cfg(test)]
mod tests;
