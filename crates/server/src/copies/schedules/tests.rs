//! When copies run, by a clock of the test.

use birdhouse_datafile::CopyMode;

use super::*;

fn at(text: &str) -> Timestamp {
    format!("2026-01-01T{text}Z").parse().unwrap()
}

fn scheduled(workspace: WorkspaceId, pipe: &str, cron: &str) -> Scheduled {
    let Some(Schedule::Cron(parsed)) = Schedule::parse(cron) else {
        panic!("{cron}");
    };
    let copy = LiveCopy {
        pipe_id: pipe.to_owned(),
        pipe: pipe.to_owned(),
        node: "n".to_owned(),
        target: "t".to_owned(),
        mode: CopyMode::Append,
        schedule: Schedule::Cron(parsed.clone()),
    };
    Scheduled {
        workspace,
        copy: Arc::new(copy),
        cron: parsed,
        last_run: None,
    }
}

/// A planner and what is scheduled.
struct Clock {
    planner: Planner,
    workspace: WorkspaceId,
    scheduled: Vec<Scheduled>,
}

impl Clock {
    fn new() -> Self {
        Self {
            planner: Planner::default(),
            workspace: WorkspaceId(uuid::Uuid::nil()),
            scheduled: Vec::new(),
        }
    }

    fn with(mut self, copies: &[(&str, &str)]) -> Self {
        let copies = copies.iter();
        let copies = copies.map(|(pipe, cron)| scheduled(self.workspace, pipe, cron));
        self.scheduled = copies.collect();
        self
    }

    /// Returns what is due when the clock is at `time`.
    fn tick(&mut self, time: &str) -> Vec<String> {
        let due = self
            .planner
            .due(at(time), self.scheduled.clone())
            .into_iter();
        due.map(|due| format!("{} {}", due.copy.pipe, due.at.strftime("%H:%M:%S")))
            .collect()
    }
}

#[test]
fn each_time_comes_once() {
    let mut clock = Clock::new().with(&[("often", "* * * * *"), ("rare", "*/2 * * * *")]);
    assert!(clock.tick("10:00:00").is_empty(), "not for times before");
    assert!(clock.tick("10:00:59").is_empty());
    assert_eq!(clock.tick("10:01:00"), ["often 10:01:00"]);
    assert!(clock.tick("10:01:00.9").is_empty(), "once");
    assert_eq!(
        clock.tick("10:02:00.3"),
        ["often 10:02:00", "rare 10:02:00"]
    );
    // The machine slept: the times in between are skipped.
    assert_eq!(clock.tick("10:07:30"), ["often 10:03:00", "rare 10:04:00"]);
    assert_eq!(clock.tick("10:08:00"), ["often 10:08:00", "rare 10:08:00"]);
}

#[test]
fn what_is_new_or_changed_begins_with_its_next_time() {
    let mut clock = Clock::new().with(&[("a", "0 * * * *")]);
    clock.tick("10:30:00");
    clock = clock.with(&[("a", "15 * * * *"), ("b", "* * * * *")]);
    assert!(
        clock.tick("11:00:00").is_empty(),
        "its old time does not count"
    );
    assert_eq!(clock.tick("11:01:00"), ["b 11:01:00"]);
    // Paused or removed, and back.
    clock = clock.with(&[("a", "15 * * * *")]);
    assert_eq!(clock.tick("11:15:00"), ["a 11:15:00"]);
    clock = clock.with(&[("a", "15 * * * *"), ("b", "* * * * *")]);
    assert!(clock.tick("11:16:00").is_empty());
    assert_eq!(clock.tick("11:17:01"), ["b 11:17:00"]);
}

#[test]
fn a_restart_repeats_no_time() {
    let mut clock = Clock::new().with(&[("a", "* * * * *")]);
    for copy in &mut clock.scheduled {
        // It ran for this minute, and the clock was put back since.
        copy.last_run = Some(at("10:05:00"));
    }
    assert!(clock.tick("10:03:30").is_empty());
    assert!(clock.tick("10:04:00").is_empty());
    assert!(clock.tick("10:05:30").is_empty());
    assert_eq!(clock.tick("10:06:00"), ["a 10:06:00"]);
}
