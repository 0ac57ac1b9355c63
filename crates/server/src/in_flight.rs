//! How many bytes of bodies all requests hold together, so that a flood does not become memory.
//!
//! A request reserves room before it holds bytes and gives it back when its [`Room`] is dropped,
//! which is when its rows are in the journal. Who finds no room waits a moment, in order, and is
//! then told to come again; bodies that stay in their socket cost nothing.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::ApiError;
use crate::limits::ROOM_WAIT_MAX;

/// The room that all bodies share.
#[derive(Debug)]
pub(crate) struct InFlight {
    /// One permit per byte.
    bytes: Arc<Semaphore>,
}

/// Room that a request has reserved.
#[derive(Debug)]
pub(crate) struct Room {
    permit: OwnedSemaphorePermit,
}

impl InFlight {
    /// Returns room for so many bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self {
            bytes: Arc::new(Semaphore::new(bytes_max)),
        }
    }

    /// Reserves room for `bytes`; waits for it for at most [`ROOM_WAIT_MAX`].
    ///
    /// # Errors
    /// 503 when there is none in that time.
    pub(crate) async fn reserve(&self, bytes: usize) -> Result<Room, ApiError> {
        let permit = acquire(&self.bytes, bytes).await?;
        Ok(Room { permit })
    }
}

impl Room {
    /// Reserves as much more, as [`InFlight::reserve`] does. What is reserved stays so meanwhile, hence
    /// the limit on waiting: two that wait for each other end.
    pub(crate) async fn grow(&mut self, bytes: usize) -> Result<(), ApiError> {
        let more = acquire(self.permit.semaphore(), bytes).await?;
        self.permit.merge(more);
        Ok(())
    }

    /// Gives back what is beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let beyond = self.permit.num_permits().saturating_sub(bytes);
        drop(self.permit.split(beyond));
    }

    /// Returns how many bytes are reserved.
    pub(crate) fn bytes(&self) -> usize {
        self.permit.num_permits()
    }
}

async fn acquire(all: &Arc<Semaphore>, bytes: usize) -> Result<OwnedSemaphorePermit, ApiError> {
    let busy = || {
        ApiError::unavailable(
            "the server holds as many bytes of requests as it may; send this one again later",
        )
    };
    let count = u32::try_from(bytes).map_err(|_too_many| busy())?;
    if let Ok(permit) = Arc::clone(all).try_acquire_many_owned(count) {
        return Ok(permit);
    }
    let acquired = tokio::time::timeout(ROOM_WAIT_MAX, Arc::clone(all).acquire_many_owned(count));
    match acquired.await {
        Ok(Ok(permit)) => Ok(permit),
        // It is never closed.
        Ok(Err(_)) | Err(_) => Err(busy()),
    }
}

#[cfg(test)]
mod tests;
