//! A server that is killed anywhere in a copy: all of it or nothing, and the job says which.

use std::path::Path;

use birdhouse_ingest::{COPY_KILL_POINTS, REPLACE_KILL_POINTS};
use birdhouse_journal::KILL_POINT_VARIABLE;
use serde_json::{Value, json};

use super::{PROJECT, sums};
use crate::harness::{Scratch, Server, project};
use crate::imports::ended;

/// Rows of a copy: chunks of 500 bytes make dozens of it.
const ROWS: i64 = 500;

/// Segments of the journal so small that a copy has many chunks.
const SMALL: &str = "4096";

fn start(scratch: &Scratch, folder: &Path, point: Option<&str>) -> Server {
    let server = Server::launch(scratch.root(), scratch.path("data"), |command| {
        command
            .args(["start".as_ref(), "--project".as_ref(), folder.as_os_str()])
            .args(["--journal-segment-bytes", SMALL]);
        if let Some(point) = point {
            command.env(KILL_POINT_VARIABLE, point);
        }
    });
    server.unwrap_or_else(|refused| panic!("not started: {refused:#?}"))
}

/// Asks for a copy of a server that dies of it.
fn killed_at(scratch: &Scratch, folder: &Path, point: &str, path: &str) -> Value {
    let server = start(scratch, folder, Some(point));
    let admin = server.admin();
    let worker = server.worker().unwrap();
    let answer = admin.post(path, "").expect(200).json();
    server.dies(worker);
    answer["job"].clone()
}

#[test]
fn a_kill_at_any_point_leaves_all_of_a_copy_or_nothing() {
    let scratch = Scratch::new();
    let text = PROJECT.replace("COPY_SCHEDULE * * * * * */1", "");
    let folder = project(&scratch, "project", &text);
    let server = start(&scratch, &folder, None);
    let admin = server.admin();
    let rows: Vec<String> = (0..ROWS)
        .map(|n| format!("{{\"kind\":\"kind number {}\",\"n\":{n}}}", n % 7))
        .collect();
    for rows in rows.chunks(20) {
        admin.append("events", rows.join("\n")).expect(200);
    }
    server.stop();
    let sum: i64 = (0..ROWS).sum();
    let (append, replace) = ("/v0/pipes/roll/copy", "/v0/pipes/roll/copy?_mode=replace");
    // Whether a copy that is killed there is completed.
    let appends = COPY_KILL_POINTS
        .into_iter()
        .flat_map(|point| match point {
            "copy.create" | "copy.gathered" => vec![(point.to_owned(), false)],
            // The first chunk, one in the middle.
            "copy.next" | "copy.chunk" => {
                vec![(point.to_owned(), true), (format!("{point}:7"), true)]
            }
            _ => vec![(point.to_owned(), true)],
        })
        .chain([
            ("flush.after_intent:3".to_owned(), true),
            ("flush.after_inserts:4".to_owned(), true),
            ("flush.after_outcome:2".to_owned(), true),
            ("journal.before_fsync:6".to_owned(), true),
            ("journal.after_fsync:5".to_owned(), true),
        ])
        .map(|(point, completes)| (point, append, completes));
    let replaces = REPLACE_KILL_POINTS.into_iter().map(|point| {
        let completes = matches!(point, "replace.note" | "replace.exchanged");
        (point.to_owned(), replace, completes)
    });
    let mut expected = [0; 4];
    for (point, path, completes) in appends.chain(replaces) {
        let job = killed_at(&scratch, &folder, &point, path);
        if completes {
            expected = match path == append {
                true => expected.map(|sum| sum),
                false => [0; 4],
            };
            let copied = [ROWS, sum, ROWS, sum];
            for (sum, copied) in expected.iter_mut().zip(copied) {
                *sum += copied;
            }
        }
        let server = start(&scratch, &folder, None);
        let admin = server.admin();
        let job = ended(&admin, &without_error(job));
        let status = if completes { "done" } else { "error" };
        assert_eq!(job["status"], status, "{point}: {job}");
        if !completes {
            let error = job["error"].as_str().unwrap();
            assert!(error.contains("nothing was copied"), "{point}: {error}");
        }
        assert_eq!(sums(&admin), expected, "{point}");
        let left = std::fs::read_dir(server.data().join("engine/data/metadata")).unwrap();
        let left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        let stray = left.iter().filter(|name| {
            let name = name.to_string_lossy();
            name.starts_with("copy_") || name.starts_with("replace_")
        });
        assert_eq!(stray.count(), 0, "{point}: {left:?}");
        server.stop();
    }
}

/// Returns a job without the key that clients take for a failure.
fn without_error(mut job: Value) -> Value {
    let fields = job.as_object_mut().unwrap();
    fields.remove("error");
    json!(fields)
}
