//! Jobs run, end, are cancelled, and are errors after a crash.

use std::time::Duration;

use tempfile::TempDir;
use tokio::sync::oneshot;

use super::*;
use crate::job::INTERRUPTED;

struct Fixture {
    jobs: Jobs,
    workspace: WorkspaceId,
    directory: TempDir,
}

impl Fixture {
    fn new() -> Self {
        Self::open(tempfile::tempdir().unwrap())
    }

    fn open(directory: TempDir) -> Self {
        let catalog = Arc::new(Catalog::open(directory.path(), None).unwrap());
        let workspace = catalog.view().workspaces()[0].workspace.id;
        let jobs = Jobs::open(catalog, Recorder::default(), |_| Fate::default()).unwrap();
        Self {
            jobs,
            workspace,
            directory,
        }
    }

    fn draft(&self, datasource: &str) -> Draft {
        Draft {
            workspace: self.workspace,
            kind: "import",
            is_cancellable: true,
            details: Details {
                datasource: datasource.to_owned(),
                url: Some("https://user:secret@host/file".to_owned()),
                ..Details::default()
            },
        }
    }

    async fn job(&self, id: JobId) -> Job {
        self.jobs.job(self.workspace, id).await.unwrap().unwrap()
    }

    async fn ended(&self, id: JobId) -> Job {
        let wait = async {
            loop {
                let job = self.job(id).await;
                if job.status.is_final() {
                    return job;
                }
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .unwrap()
    }
}

#[tokio::test]
async fn a_job_reports_and_ends() {
    let fixture = Fixture::new();
    let work = |context: JobContext| async move {
        context.add_block(
            Block {
                lines: 5,
                quarantine: 2,
                bytes: 60,
                seconds: 0.1,
            },
            50.0,
        );
        Ok(())
    };
    let job = fixture.jobs.submit(fixture.draft("a"), work).await.unwrap();
    assert_eq!(job.status, JobStatus::Waiting);
    let ended = fixture.ended(job.id).await;
    assert_eq!(
        (ended.status, ended.error.as_deref()),
        (JobStatus::Done, None)
    );
    assert_eq!((ended.details.rows, ended.details.quarantine_rows), (3, 2));
    assert_eq!(ended.details.blocks.len(), 1);
    assert!(ended.started_at.is_some());
    let listed = fixture
        .jobs
        .list(fixture.workspace, Vec::new())
        .await
        .unwrap();
    assert_eq!(listed, [ended]);
}

#[tokio::test]
async fn failures_and_panics_are_errors_with_a_text() {
    let fixture = Fixture::new();
    let failed = fixture
        .jobs
        .submit(fixture.draft("a"), |_| async { Err("no rows".to_owned()) });
    let failed = failed.await.unwrap();
    assert_eq!(
        fixture.ended(failed.id).await.error.as_deref(),
        Some("no rows")
    );
    let paniced = fixture
        .jobs
        .submit(fixture.draft("a"), |_| async { panic!("boom") });
    let paniced = paniced.await.unwrap();
    let ended = fixture.ended(paniced.id).await;
    assert_eq!(
        (ended.status, ended.error.as_deref()),
        (JobStatus::Error, Some("internal error"))
    );
}

#[tokio::test]
async fn running_and_waiting_jobs_are_cancelled() {
    let fixture = Fixture::new();
    let work = |context: JobContext| async move {
        context.cancelled().await;
        Err("cancelled".to_owned())
    };
    let running = fixture.jobs.submit(fixture.draft("a"), work).await.unwrap();
    let waiting = fixture
        .jobs
        .submit(fixture.draft("a"), |_| async { Ok(()) })
        .await
        .unwrap();
    let cancelled = fixture.jobs.cancel(&waiting).await.unwrap();
    assert_eq!(cancelled.status, JobStatus::Cancelled);
    let cancelled = fixture.jobs.cancel(&running).await.unwrap();
    assert_eq!(cancelled.status, JobStatus::Cancelling);
    let ended = fixture.ended(running.id).await;
    assert_eq!(
        (ended.status, ended.error.clone()),
        (JobStatus::Cancelled, None)
    );
    let refused = fixture.jobs.cancel(&ended).await.unwrap_err();
    assert!(matches!(
        refused,
        JobError::NotCancellable {
            status: JobStatus::Cancelled
        }
    ));
}

#[tokio::test]
async fn what_is_committed_is_not_cancelled() {
    let fixture = Fixture::new();
    let (committed, is_committed) = oneshot::channel();
    let (release, released) = oneshot::channel::<()>();
    let work = |context: JobContext| async move {
        committed.send(context.commit()).unwrap();
        released.await.unwrap();
        Ok(())
    };
    let job = fixture.jobs.submit(fixture.draft("a"), work).await.unwrap();
    assert!(is_committed.await.unwrap());
    fixture.jobs.cancel(&job).await.unwrap_err();
    release.send(()).unwrap();
    assert_eq!(fixture.ended(job.id).await.status, JobStatus::Done);
}

#[tokio::test]
async fn an_interrupted_job_is_an_error_at_the_next_start() {
    let fixture = Fixture::new();
    let endless = |_| async {
        std::future::pending::<()>().await;
        Ok(())
    };
    let job = fixture
        .jobs
        .submit(fixture.draft("a"), endless)
        .await
        .unwrap();
    let bytes = std::fs::read(fixture.directory.path().join("catalog.db-wal")).unwrap();
    assert!(
        !bytes.windows(11).any(|window| window == b"user:secret"),
        "details are sealed"
    );
    let Fixture {
        jobs, directory, ..
    } = fixture;
    drop(jobs);
    let fixture = Fixture::open(directory);
    let found = fixture.job(job.id).await;
    assert_eq!(found.status, JobStatus::Error);
    assert_eq!(found.error.as_deref(), Some(INTERRUPTED));
    assert_eq!(found.details, job.details);
}

#[tokio::test]
async fn too_many_waiting_jobs_are_refused() {
    let fixture = Fixture::new();
    let endless = |_| async {
        std::future::pending::<()>().await;
        Ok(())
    };
    for _ in 0..=WAITING_MAX {
        fixture
            .jobs
            .submit(fixture.draft("a"), endless)
            .await
            .unwrap();
    }
    let refused = fixture
        .jobs
        .submit(fixture.draft("a"), endless)
        .await
        .unwrap_err();
    assert!(matches!(refused, JobError::TooMany), "{refused:?}");
}

#[tokio::test]
async fn stopping_ends_jobs_in_order() {
    let fixture = Fixture::new();
    let work = |context: JobContext| async move {
        context.cancelled().await;
        Err("cancelled".to_owned())
    };
    let running = fixture.jobs.submit(fixture.draft("a"), work).await.unwrap();
    let waiting = fixture.jobs.submit(fixture.draft("a"), work).await.unwrap();
    fixture.jobs.stop().await;
    for id in [running.id, waiting.id] {
        let job = fixture.job(id).await;
        assert_eq!(
            (job.status, job.error.as_deref()),
            (JobStatus::Error, Some(STOPPED))
        );
    }
    fixture
        .jobs
        .submit(fixture.draft("a"), work)
        .await
        .unwrap_err();
}

fn copy(fixture: &Fixture, pipe: &str, stage: CopyStage) -> Draft {
    let mut draft = fixture.draft("a");
    draft.kind = "copy";
    draft.details.pipe_id = format!("t_{pipe}");
    draft.details.pipe = pipe.to_owned();
    draft.details.copy = stage;
    draft
}

#[tokio::test]
async fn a_pipe_has_one_job_of_a_kind_until_it_has_ended() {
    let fixture = Fixture::new();
    let draft = |pipe| copy(&fixture, pipe, CopyStage::Gathering);
    let (end, ends) = oneshot::channel::<()>();
    let first = fixture.jobs.submit(draft("a"), |_| async {
        ends.await.map_err(|error| error.to_string())
    });
    let first = first.await.unwrap();
    let done = |_| async { Ok(()) };
    let refused = fixture.jobs.submit(draft("a"), done).await.unwrap_err();
    let text = format!(
        "a copy of the pipe 'a' is waiting or running already: job {}; try again when it has ended",
        first.id
    );
    assert_eq!(refused.to_string(), text);
    // Another pipe waits for the data source only.
    let other = fixture.jobs.submit(draft("b"), done).await.unwrap();
    end.send(()).unwrap();
    assert_eq!(fixture.ended(first.id).await.status, JobStatus::Done);
    fixture.jobs.submit(draft("a"), done).await.unwrap();
    assert_eq!(fixture.ended(other.id).await.status, JobStatus::Done);
}

#[tokio::test]
async fn a_copy_that_was_appending_goes_on_after_a_stop() {
    let appending = CopyStage::Appending {
        from: 3,
        to: 5,
        rows: 9,
    };
    let fixture = Fixture::new();
    let (begun, begins) = oneshot::channel::<()>();
    let work = move |context: JobContext| async move {
        assert!(context.commit());
        context.update(|details| details.copy = appending);
        context.store().await.unwrap();
        begun.send(()).unwrap();
        while !context.inner.stopping.is_cancelled() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        Err("the journal is closed".to_owned())
    };
    let draft = copy(&fixture, "a", CopyStage::Gathering);
    let job = fixture.jobs.submit(draft, work).await.unwrap();
    begins.await.unwrap();
    fixture.jobs.stop().await;
    let Fixture {
        jobs, directory, ..
    } = fixture;
    drop(jobs);
    let catalog = Arc::new(Catalog::open(directory.path(), None).unwrap());
    let fate = |found: &Job| {
        assert_eq!(found.details.copy, appending);
        Fate::GoesOn
    };
    let jobs = Jobs::open(catalog, Recorder::default(), fate).unwrap();
    let unfinished = jobs.unfinished().await.unwrap();
    assert_eq!(unfinished.len(), 1);
    assert_eq!(unfinished[0].id, job.id);
    let fixture = Fixture {
        jobs,
        workspace: job.workspace,
        directory,
    };
    let [unfinished] = <[Job; 1]>::try_from(unfinished).unwrap();
    let work = move |context: JobContext| async move {
        assert_eq!(context.details().copy, appending);
        context.update(|details| details.copy = CopyStage::Copied);
        Ok(())
    };
    fixture.jobs.resume(unfinished, work).await.unwrap();
    assert!(fixture.jobs.unfinished().await.unwrap().is_empty());
    let ended = fixture.ended(job.id).await;
    assert_eq!((ended.status, ended.error), (JobStatus::Done, None));
}
