//! Jobs: work that outlives the request that asked for it.
//!
//! [`Jobs`] runs a few at a time, in turns between workspaces, and never two on the same data source;
//! each is kept in the catalog, so that one that a crash interrupted is an error afterwards, not a
//! mystery, and work that must come to its end goes on. What a job does is the caller's: a future that reports through a [`JobContext`].

mod details;
mod job;
mod jobs;
mod limits;
mod queue;

pub use birdhouse_catalog::{JobId, JobStatus};
pub use details::{Block, CopyStage, Details};
pub use job::{Draft, Fate, Job, JobError};
pub use jobs::{JobContext, Jobs, Outcome};
