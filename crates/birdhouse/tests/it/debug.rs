//! `birdhouse debug`: the contracts of the reference's inspectors, through the command, and a look
//! at a journal.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Command, Stdio};
use std::sync::Arc;

use birdhouse_journal::{DiskFiles, Journal, JournalConfig};
use serde_json::{Value, json};

use crate::harness::{Finished, Scratch, example, project};

/// Runs `birdhouse debug` with a standard input and returns its lines.
fn debug(arguments: &[&str], input: &[u8]) -> Vec<Value> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_birdhouse"))
        .arg("debug")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_owned();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

#[test]
fn recorded_templates_render_the_same() {
    let sample = include_str!("../../../template/tests/it/sample.jsonl");
    let rendered = debug(&["render"], sample.as_bytes());
    let cases: Vec<Value> = sample
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rendered.len(), cases.len());
    for (case, got) in cases.iter().zip(&rendered) {
        let wanted = &case["expected"];
        for field in ["sql", "params", "settings", "status"] {
            assert_eq!(got.get(field), wanted.get(field), "{case}");
        }
        assert_eq!(got.get("error").is_some(), wanted.get("error").is_some());
    }
}

#[test]
fn lines_that_make_no_sense_are_answered() {
    let lines = debug(&["render"], b"not json\n\n\xff\n{\"template\": \"{{\"}\n");
    assert_eq!(lines.len(), 3);
    for line in &lines {
        assert!(line["error"].is_string(), "{line}");
    }
    let input = "not json\n{\"content\": \"\", \"kind\": \"sql\", \"id\": 3}\n";
    let lines = debug(&["datafile", "--batch"], input.as_bytes());
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["ok"], json!(false));
    assert_eq!(
        lines[1],
        json!({"id": 3, "ok": false, "error": "'sql' is not a valid kind"})
    );
}

#[test]
fn a_batch_answers_each_file_with_its_id() {
    let good = json!({"id": "a", "kind": "pipe", "content": "NODE n\nSQL >\n    SELECT 1\n"});
    let bad = json!({"id": [1], "kind": "datasource", "content": "NONSENSE\n"});
    let lines = debug(
        &["datafile", "--batch"],
        format!("{good}\n{bad}\n").as_bytes(),
    );
    assert_eq!(lines[0]["id"], json!("a"));
    assert_eq!(lines[0]["ok"], json!(true));
    assert_eq!(lines[0]["nodes"][0]["sql"], json!("SELECT 1"));
    assert_eq!(lines[1]["id"], json!([1]));
    assert_eq!(lines[1]["ok"], json!(false));
    assert_eq!(lines[1]["line"], json!(1));
}

#[test]
fn a_file_is_shown_and_its_mistake_is_the_exit_code() {
    let scratch = Scratch::new();
    let run = |arguments: &[&std::ffi::OsStr]| {
        let all: Vec<&std::ffi::OsStr> = ["debug".as_ref(), "datafile".as_ref()]
            .into_iter()
            .chain(arguments.iter().copied())
            .collect();
        let finished = Finished::run(&scratch, &all);
        let shown: Value = serde_json::from_str(&finished.stdout).unwrap_or_default();
        (finished, shown)
    };
    let good = example().join("datasources/products.datasource");
    let (finished, shown) = run(&[good.as_os_str()]);
    assert_eq!((finished.code, &shown["ok"]), (0, &json!(true)));
    assert!(finished.stdout.lines().count() > 10, "{finished:?}");
    let (finished, _) = run(&[good.as_os_str(), "--compact".as_ref()]);
    assert_eq!(finished.stdout.lines().count(), 1);

    let folder = project(
        &scratch,
        "project",
        "--- one.txt\nNODE n\nSQL >\n    SELECT 1\n",
    );
    let file = folder.join("one.txt");
    let (finished, _) = run(&[file.as_os_str()]);
    assert_eq!(finished.code, 1);
    assert!(finished.stderr.contains("say what"), "{finished:?}");
    let (finished, _) = run(&[file.as_os_str(), "pipe".as_ref()]);
    assert_eq!(finished.code, 0);
    let (finished, shown) = run(&[file.as_os_str(), "datasource".as_ref()]);
    assert_eq!((finished.code, &shown["ok"]), (1, &json!(false)));
}

#[test]
fn a_journal_is_shown_with_its_damage() {
    let scratch = Scratch::new();
    let config = JournalConfig::new(scratch.path("journal"));
    let directory = config.directory.clone();
    let (journal, _) = Journal::open(config, Arc::new(DiskFiles)).unwrap();
    for n in 1..=3 {
        journal.append_unsynced(vec![vec![n; 10].into()]).unwrap();
    }
    journal.close_blocking();
    let show = |option: &str| {
        let arguments = ["debug".as_ref(), "journal".as_ref(), option.as_ref()];
        let directory = [directory.as_os_str()];
        let arguments = arguments.iter().chain(&directory).copied();
        Finished::run(&scratch, &arguments.collect::<Vec<_>>())
    };
    let shown = show("--records");
    assert_eq!(shown.code, 0, "{shown:?}");
    let file = directory.join("00000000000000000001.segment");
    let segment = format!(
        "segment {}: 3 records, 1 to 3, 30 bytes of 67108864",
        file.display()
    );
    let records = (1..=3).map(|n| format!("record {n}: unknown, written by a newer version"));
    let expected: Vec<_> = records
        .chain([segment, "next record: 4".to_owned()])
        .collect();
    assert_eq!(shown.stdout.lines().collect::<Vec<_>>(), expected);

    let segment = std::fs::File::options().write(true).open(&file).unwrap();
    segment.write_all_at(b"?", 0).unwrap();
    let shown = show("--");
    assert_eq!(shown.code, 1, "{shown:?}");
    let damage = format!(
        "damaged: {}: 67108864 bytes at 0 are damaged, no record is lost",
        file.display()
    );
    assert_eq!(shown.stdout.lines().last(), Some(damage.as_str()));
}
