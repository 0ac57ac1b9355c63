//! Limits of jobs.

use std::time::Duration;

/// Jobs that run at the same time. Each keeps about one processor busy.
pub(crate) const RUNNING_MAX: usize = 2;

/// Jobs of all workspaces that wait.
pub(crate) const WAITING_MAX: usize = 100;

/// Blocks of one job that are told apart; what follows is counted in the last one.
pub(crate) const BLOCKS_MAX: usize = 1000;

/// How long running jobs may take to end when the server stops.
pub(crate) const STOP_TIME_MAX: Duration = Duration::from_secs(8);

/// How long ago a job may have been asked for to be listed, in hours, as in the reference product.
pub(crate) const LISTED_HOURS: i64 = 48;
