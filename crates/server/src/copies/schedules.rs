//! Copies that run by their schedules.
//!
//! A time that passes while the server is down, while the copy is paused, or before it is live is
//! skipped. For each time a run is noted before it is asked for, so that no time has two.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use birdhouse_catalog::{ResourceId, Workspace, WorkspaceId, WorkspaceView};
use birdhouse_datafile::{Cron, Schedule};
use birdhouse_deploy::LiveCopy;
use birdhouse_telemetry::{DatasourceOperation, OperationType};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::CopyRun;
use crate::api::TEST_WORKSPACE;
use crate::app::{App, blocking};
use crate::error::ApiError;
use crate::params::Params;
use crate::request_id::new_request_id;

/// How often the clock is looked at.
const TICK: Duration = Duration::from_secs(1);

/// A copy, by its workspace and the id of its pipe.
type Key = (WorkspaceId, String);

/// A copy that runs by itself.
#[derive(Debug, Clone)]
struct Scheduled {
    workspace: WorkspaceId,
    copy: Arc<LiveCopy>,
    cron: Cron,
    /// The time for which it last ran.
    last_run: Option<Timestamp>,
}

/// A copy whose time has come.
#[derive(Debug, Clone)]
struct Due {
    workspace: WorkspaceId,
    copy: Arc<LiveCopy>,
    /// The time.
    at: Timestamp,
}

/// The next time of each copy.
#[derive(Debug, Default)]
struct Planner {
    next: HashMap<Key, (Cron, Option<Timestamp>)>,
}

impl Planner {
    /// Returns the copies whose time has come since the last call. `scheduled` are all that run by
    /// themselves now; what is new among them runs from its next time on.
    fn due(&mut self, now: Timestamp, scheduled: Vec<Scheduled>) -> Vec<Due> {
        let mut before = std::mem::take(&mut self.next);
        let mut due = Vec::new();
        for Scheduled {
            workspace,
            copy,
            cron,
            last_run,
        } in scheduled
        {
            let key = (workspace, copy.pipe_id.clone());
            let known = before.remove(&key).filter(|(known, _)| *known == cron);
            let next = match known {
                Some((_, next)) => next,
                // The clock may have been put back since it last ran.
                None => next_after(&cron, last_run.map_or(now, |last| last.max(now))),
            };
            let is_due = next.is_some_and(|next| next <= now);
            let following = match next.filter(|_| is_due) {
                Some(at) => {
                    due.push(Due {
                        workspace,
                        copy,
                        at,
                    });
                    next_after(&cron, now)
                }
                None => next,
            };
            self.next.insert(key, (cron, following));
        }
        due
    }
}

/// Branches and the workspaces of test runs run copies on demand only: nobody waits for what they copy.
fn has_schedules(view: &WorkspaceView) -> bool {
    let Workspace { main, name, .. } = &view.workspace;
    main.is_none() && !name.starts_with(TEST_WORKSPACE)
}

/// Schedules are in UTC.
fn next_after(cron: &Cron, after: Timestamp) -> Option<Timestamp> {
    let civil = after.to_zoned(TimeZone::UTC).datetime();
    let next = cron.next_after(civil)?.to_zoned(TimeZone::UTC).ok()?;
    Some(next.timestamp())
}

/// Runs copies by their schedules until `stop`.
pub async fn run_schedules(app: Arc<App>, stop: CancellationToken) {
    let mut planner = Planner::default();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for due in planner.due(Timestamp::now(), app.scheduled_copies()) {
            app.run_due(due).await;
        }
    }
}

impl App {
    /// Returns all copies of live deployments that run by themselves and are not paused.
    fn scheduled_copies(&self) -> Vec<Scheduled> {
        let view = self.catalog.view();
        let mut all = Vec::new();
        for workspace in view.workspaces().iter().filter(|view| has_schedules(view)) {
            let id = workspace.workspace.id;
            for copy in self.live(id).copies.values() {
                let Schedule::Cron(cron) = &copy.schedule else {
                    continue;
                };
                let pipe = ResourceId::parse(&copy.pipe_id);
                let state = pipe.and_then(|pipe| workspace.copies.get(&pipe).copied());
                let state = state.unwrap_or_default();
                if !state.is_paused {
                    all.push(Scheduled {
                        workspace: id,
                        copy: Arc::clone(copy),
                        cron: cron.clone(),
                        last_run: state.last_run,
                    });
                }
            }
        }
        all
    }

    async fn run_due(self: &Arc<Self>, due: Due) {
        let Due {
            workspace,
            copy,
            at,
        } = due;
        let run = CopyRun {
            workspace,
            pipe_id: copy.pipe_id.clone(),
            mode: copy.mode,
            params: Params::default(),
            request_id: new_request_id(),
            at,
        };
        let request_id = run.request_id.clone();
        let submitted = async {
            let catalog = Arc::clone(&self.catalog);
            if let Some(pipe) = ResourceId::parse(&copy.pipe_id) {
                blocking(move || catalog.set_last_copy_run(workspace, &pipe, at)).await?;
            }
            run.submit(self).await
        };
        if let Err(error) = submitted.await {
            tracing::warn!(pipe = copy.pipe, %at, error = error.message, "a scheduled copy does not run");
            self.record_skipped(workspace, &copy, (at, request_id), &error);
        }
    }

    /// Records a time of a schedule for which no job was made.
    fn record_skipped(
        &self,
        workspace: WorkspaceId,
        copy: &LiveCopy,
        (at, request_id): (Timestamp, String),
        error: &ApiError,
    ) {
        let view = self.catalog.view();
        let (Some(workspace), live) = (view.workspace(workspace), self.live(workspace)) else {
            return;
        };
        let target = live.datasource(&copy.target);
        let target_id = target.map_or_else(String::new, |target| target.id.clone());
        let recorder = self.recorder(&workspace.workspace);
        recorder.record_operation(DatasourceOperation {
            error: Some(error.message.clone()),
            rows: Some(0),
            operation_id: request_id.clone(),
            request_id,
            pipe_id: copy.pipe_id.clone(),
            pipe_name: copy.pipe.clone(),
            release: workspace.live.id.to_string(),
            ..DatasourceOperation::new(at, OperationType::Copy, target_id, copy.target.as_str())
        });
    }
}

#[cfg(test)]
mod tests;
