//! Runs jobs and knows how far they are.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;

use birdhouse_catalog::{Catalog, CatalogError, JOBS_LISTED_MAX, JobId, JobStatus, WorkspaceId};
use birdhouse_telemetry::Recorder;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::SignedDuration;
use parking_lot::Mutex;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::details::{Block, CopyStage, Details};
use crate::job::{Draft, Fate, Job, JobError, now};
use crate::limits::{LISTED_HOURS, RUNNING_MAX, STOP_TIME_MAX, WAITING_MAX};
use crate::queue::{Next, Queue};

/// What a job that was running or waiting when the server was told to stop says.
const STOPPED: &str = "the server was stopped before the job ended; try again";

/// Runs jobs. Clones are cheap and share everything.
#[derive(Clone)]
pub struct Jobs {
    inner: Arc<Inner>,
}

struct Inner {
    catalog: Arc<Catalog>,
    recorder: Recorder,
    state: Mutex<State>,
    tracker: TaskTracker,
    stopping: CancellationToken,
}

struct State {
    queue: Queue<WorkspaceId, Waiting>,
    /// Jobs that have not ended.
    live: HashMap<JobId, Arc<LiveJob>>,
}

/// The work of a job that waits.
struct Waiting {
    job: Arc<LiveJob>,
    work: Work,
}

type Work = Box<dyn FnOnce(JobContext) -> BoxFuture<'static, Outcome> + Send>;

/// How the work of a job ends: well, or with what the client is told.
pub type Outcome = Result<(), String>;

/// A job that has not ended.
struct LiveJob {
    job: Mutex<Job>,
    cancelled: CancellationToken,
}

impl LiveJob {
    fn of(job: Job) -> Arc<Self> {
        Arc::new(Self {
            job: Mutex::new(job),
            cancelled: CancellationToken::new(),
        })
    }
}

impl State {
    /// Returns the job that keeps a new one away: of the same kind, for the same pipe.
    fn busy_with(&self, new: &Job) -> Option<JobId> {
        let of = |job: &Job| {
            let pipe = job.details.pipe_id.clone();
            (job.workspace, job.kind.clone(), pipe)
        };
        let wanted = Some(of(new)).filter(|_| !new.details.pipe_id.is_empty())?;
        let mut live = self.live.values().map(|live| live.job.lock());
        // One whose end is being stored is over.
        let busy = live.find(|job| !job.status.is_final() && of(job) == wanted);
        busy.map(|job| job.id)
    }
}

/// What the work of a job reports to.
#[derive(Clone)]
pub struct JobContext {
    job: Arc<LiveJob>,
    inner: Arc<Inner>,
}

impl JobContext {
    /// Returns the job's id.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.job.job.lock().id
    }

    /// Returns when the job was told to end.
    pub async fn cancelled(&self) {
        self.job.cancelled.cancelled().await;
    }

    /// Returns true when the job was told to end.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.job.cancelled.is_cancelled()
    }

    /// From here on the job cannot be told to end. Returns false when it was already.
    #[must_use]
    pub fn commit(&self) -> bool {
        let mut job = self.job.job.lock();
        job.is_cancellable = false;
        !self.is_cancelled()
    }

    /// Stores the job as it is now, so that the next process knows.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn store(&self) -> Result<(), JobError> {
        let job = self.job.job.lock().clone();
        self.inner.put(&job).await
    }

    /// Returns what is kept of the job.
    #[must_use]
    pub fn details(&self) -> Details {
        self.job.job.lock().details.clone()
    }

    /// Says how much is done, from 0 to 100.
    pub fn progress(&self, percentage: f64) {
        let mut job = self.job.job.lock();
        job.progress_percentage = percentage;
        job.updated_at = now();
    }

    /// Adds a part of the file, and says how much of it is done, from 0 to 100.
    pub fn add_block(&self, block: Block, percentage: f64) {
        let mut job = self.job.job.lock();
        job.details.add_block(block);
        job.progress_percentage = percentage;
        job.updated_at = now();
    }

    /// Changes what is kept of the job.
    pub fn update(&self, change: impl FnOnce(&mut Details)) {
        let mut job = self.job.job.lock();
        change(&mut job.details);
        job.updated_at = now();
    }
}

impl Jobs {
    /// Takes over from the last run; `fate` says what becomes of its jobs that had not ended.
    ///
    /// # Errors
    /// When the catalog fails.
    pub fn open(
        catalog: Arc<Catalog>,
        recorder: Recorder,
        fate: impl Fn(&Job) -> Fate,
    ) -> Result<Self, CatalogError> {
        for record in catalog.unfinished_jobs()? {
            let mut job = Job::from_record(record);
            (job.status, job.error) = match fate(&job) {
                Fate::Failed(error) => (JobStatus::Error, Some(error)),
                Fate::Done => (JobStatus::Done, None),
                Fate::GoesOn => continue,
            };
            job.updated_at = now();
            catalog.put_job(&job.to_record())?;
            record_state(&catalog, &recorder, &job);
        }
        Ok(Self {
            inner: Arc::new(Inner {
                catalog,
                recorder,
                state: Mutex::new(State {
                    queue: Queue::new(),
                    live: HashMap::new(),
                }),
                tracker: TaskTracker::new(),
                stopping: CancellationToken::new(),
            }),
        })
    }

    /// Stores a job and runs it when it is its turn. Returns at once.
    ///
    /// # Errors
    /// When too many jobs wait, the server stops, or the job cannot be stored.
    pub async fn submit<F>(
        &self,
        draft: Draft,
        work: impl FnOnce(JobContext) -> F + Send + 'static,
    ) -> Result<Job, JobError>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let now = now();
        let job = Job {
            id: JobId::next(),
            workspace: draft.workspace,
            kind: draft.kind.to_owned(),
            status: JobStatus::Waiting,
            is_cancellable: draft.is_cancellable,
            error: None,
            details: draft.details,
            progress_percentage: 0.0,
            created_at: now,
            started_at: None,
            updated_at: now,
        };
        let live = LiveJob::of(job.clone());
        {
            let mut state = self.inner.state.lock();
            if state.queue.waiting_count() >= WAITING_MAX {
                return Err(JobError::TooMany);
            }
            if let Some(id) = state.busy_with(&job) {
                return Err(JobError::PipeBusy {
                    kind: draft.kind,
                    pipe: job.details.pipe,
                    id,
                });
            }
            // From here on it keeps others of its pipe away.
            state.live.insert(job.id, Arc::clone(&live));
        }
        if let Err(error) = self.inner.store(&job).await {
            self.inner.state.lock().live.remove(&job.id);
            return Err(error);
        }
        self.start(live, work).await.map(|()| job)
    }

    /// Runs a job on that an earlier process did not end; `fate` said that it goes on.
    ///
    /// # Errors
    /// When the server stops.
    pub async fn resume<F>(
        &self,
        job: Job,
        work: impl FnOnce(JobContext) -> F + Send + 'static,
    ) -> Result<(), JobError>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let live = LiveJob::of(Job {
            status: JobStatus::Waiting,
            is_cancellable: false,
            ..job.clone()
        });
        {
            let mut state = self.inner.state.lock();
            state.live.insert(job.id, Arc::clone(&live));
        }
        self.start(live, work).await
    }

    /// Returns the jobs of the last run that are to be resumed, the oldest first.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn unfinished(&self) -> Result<Vec<Job>, JobError> {
        let catalog = Arc::clone(&self.inner.catalog);
        let records = spawn_blocking(move || catalog.unfinished_jobs()).await??;
        let state = self.inner.state.lock();
        let jobs = records.into_iter().map(Job::from_record);
        Ok(jobs
            .filter(|job| !state.live.contains_key(&job.id))
            .collect())
    }

    async fn start<F>(
        &self,
        live: Arc<LiveJob>,
        work: impl FnOnce(JobContext) -> F + Send + 'static,
    ) -> Result<(), JobError>
    where
        F: Future<Output = Outcome> + Send + 'static,
    {
        let (workspace, datasource) = {
            let job = live.job.lock();
            (job.workspace, job.details.datasource.clone())
        };
        let work: Work = Box::new(move |context| work(context).boxed());
        let waiting = Waiting { job: live, work };
        {
            let mut state = self.inner.state.lock();
            state.queue.push(workspace, datasource, waiting);
        }
        if self.inner.stopping.is_cancelled() {
            self.inner.fail_waiting().await;
            return Err(JobError::Stopping);
        }
        Inner::start_next(&self.inner);
        Ok(())
    }

    /// Returns a job of a workspace.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn job(&self, workspace: WorkspaceId, id: JobId) -> Result<Option<Job>, JobError> {
        let live = self.inner.state.lock().live.get(&id).map(Arc::clone);
        if let Some(live) = live {
            let job = live.job.lock().clone();
            return Ok((job.workspace == workspace).then_some(job));
        }
        let catalog = Arc::clone(&self.inner.catalog);
        let record = spawn_blocking(move || catalog.job(workspace, id)).await??;
        Ok(record.map(Job::from_record))
    }

    /// Writes to the log of jobs how far one is that runs elsewhere.
    pub fn record(&self, job: &Job) {
        record_state(&self.inner.catalog, &self.inner.recorder, job);
    }

    /// Returns the jobs of a workspace of the last 48 hours, newest first, at most 100; among them
    /// those that run `elsewhere`.
    ///
    /// # Errors
    /// When the catalog fails.
    pub async fn list(
        &self,
        workspace: WorkspaceId,
        elsewhere: Vec<Job>,
    ) -> Result<Vec<Job>, JobError> {
        let since = now() - SignedDuration::from_hours(LISTED_HOURS);
        let catalog = Arc::clone(&self.inner.catalog);
        let records = spawn_blocking(move || catalog.jobs(workspace, since)).await??;
        let live = self.inner.state.lock().live.clone();
        let jobs = records
            .into_iter()
            .map(|record| match live.get(&record.id) {
                Some(live) => live.job.lock().clone(),
                None => Job::from_record(record),
            });
        let elsewhere = elsewhere.into_iter();
        let elsewhere = elsewhere.filter(|job| job.created_at >= since);
        let mut jobs: Vec<Job> = jobs.chain(elsewhere).collect();
        jobs.sort_by_key(|job| Reverse(job.created_at));
        jobs.truncate(JOBS_LISTED_MAX);
        Ok(jobs)
    }

    /// Tells a job to end; one that waits has ended when this returns.
    ///
    /// # Errors
    /// When it has ended or can no longer be undone.
    pub async fn cancel(&self, job: &Job) -> Result<Job, JobError> {
        let waiting = {
            let mut state = self.inner.state.lock();
            state
                .queue
                .remove(|waiting| waiting.job.job.lock().id == job.id)
        };
        if let Some(waiting) = waiting {
            waiting.job.job.lock().status = JobStatus::Cancelled;
            return Ok(self.inner.end(&waiting.job).await);
        }
        let live = self.inner.state.lock().live.get(&job.id).map(Arc::clone);
        let refused = |status| Err(JobError::NotCancellable { status });
        let Some(live) = live else {
            return refused(job.status);
        };
        let mut running = live.job.lock();
        if !running.is_cancellable {
            return refused(running.status);
        }
        running.status = JobStatus::Cancelling;
        running.is_cancellable = false;
        running.updated_at = now();
        live.cancelled.cancel();
        Ok(running.clone())
    }

    /// Returns true when the server is being stopped.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.inner.stopping.is_cancelled()
    }

    /// Ends all jobs, those that run in order if they do so within a few seconds.
    pub async fn stop(&self) {
        self.inner.stopping.cancel();
        self.inner.fail_waiting().await;
        let running: Vec<_> = self
            .inner
            .state
            .lock()
            .live
            .values()
            .map(Arc::clone)
            .collect();
        for job in running {
            if job.job.lock().is_cancellable {
                job.cancelled.cancel();
            }
        }
        self.inner.tracker.close();
        if tokio::time::timeout(STOP_TIME_MAX, self.inner.tracker.wait())
            .await
            .is_err()
        {
            tracing::warn!("some jobs did not end in time; they are errors at the next start");
        }
    }
}

impl Inner {
    /// Starts jobs as long as there is a place for one.
    fn start_next(inner: &Arc<Self>) {
        if inner.stopping.is_cancelled() {
            return;
        }
        while let Some(next) = inner.next() {
            let task = Self::run(Arc::clone(inner), next);
            inner.tracker.spawn(task);
        }
    }

    fn next(&self) -> Option<Next<WorkspaceId, Waiting>> {
        self.state.lock().queue.next(RUNNING_MAX)
    }

    /// Runs a job to its end. Boxed, because it starts the next one.
    fn run(inner: Arc<Self>, next: Next<WorkspaceId, Waiting>) -> BoxFuture<'static, ()> {
        async move {
            let Waiting { job: live, work } = next.job;
            let started = {
                let mut job = live.job.lock();
                let now = now();
                job.status = JobStatus::Working;
                job.started_at = Some(now);
                job.updated_at = now;
                job.clone()
            };
            record_state(&inner.catalog, &inner.recorder, &started);
            let context = JobContext {
                job: Arc::clone(&live),
                inner: Arc::clone(&inner),
            };
            // A task of its own: a panic in it is an error of the job.
            let outcome = inner.tracker.spawn(work(context)).await;
            let outcome = outcome.unwrap_or_else(|error| {
                tracing::error!(%error, job = %started.id, "a job ended badly");
                Err("internal error".to_owned())
            });
            if outcome.is_err() && inner.leaves(&live) {
                inner.state.lock().queue.ended(&next.key);
                return;
            }
            {
                let mut job = live.job.lock();
                let stopped = inner.stopping.is_cancelled().then(|| STOPPED.to_owned());
                (job.status, job.error) = match outcome {
                    Ok(()) => (JobStatus::Done, None),
                    Err(_) if live.cancelled.is_cancelled() => match stopped {
                        Some(stopped) => (JobStatus::Error, Some(stopped)),
                        None => (JobStatus::Cancelled, None),
                    },
                    Err(error) => (JobStatus::Error, Some(error)),
                };
            }
            inner.end(&live).await;
            inner.state.lock().queue.ended(&next.key);
            Self::start_next(&inner);
        }
        .boxed()
    }

    /// Returns true for a job whose work was interrupted by the end of the server and goes on with the
    /// next one.
    fn leaves(&self, live: &LiveJob) -> bool {
        let stage = live.job.lock().details.copy;
        self.stopping.is_cancelled() && matches!(stage, CopyStage::Appending { .. })
    }

    /// Stores a job whose final status is set, and lets go of it.
    async fn end(&self, live: &LiveJob) -> Job {
        let ended = {
            let mut job = live.job.lock();
            job.updated_at = now();
            job.is_cancellable = false;
            if job.status == JobStatus::Done {
                job.progress_percentage = 100.0;
            }
            job.clone()
        };
        if let Err(error) = self.store(&ended).await {
            tracing::error!(%error, job = %ended.id, "the end of a job was not stored");
        }
        self.state.lock().live.remove(&ended.id);
        ended
    }

    async fn fail_waiting(&self) {
        let waiting = self.state.lock().queue.drain();
        for waiting in waiting {
            if self.leaves(&waiting.job) {
                continue;
            }
            {
                let mut job = waiting.job.job.lock();
                job.status = JobStatus::Error;
                job.error = Some(STOPPED.to_owned());
            }
            self.end(&waiting.job).await;
        }
    }

    async fn store(&self, job: &Job) -> Result<(), JobError> {
        record_state(&self.catalog, &self.recorder, job);
        self.put(job).await
    }

    async fn put(&self, job: &Job) -> Result<(), JobError> {
        let (catalog, record) = (Arc::clone(&self.catalog), job.to_record());
        Ok(spawn_blocking(move || catalog.put_job(&record)).await??)
    }
}

/// Records the state of a job in its workspace.
fn record_state(catalog: &Catalog, recorder: &Recorder, job: &Job) {
    // A workspace that was deleted meanwhile has no logs any more.
    if let Some(workspace) = catalog.view().workspace(job.workspace) {
        let database = &workspace.workspace.database;
        recorder.of(database).record_job(job.state());
    }
}

#[cfg(test)]
mod tests;
