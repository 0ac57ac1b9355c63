//! `birdhouse fmt`: what is written, what is only shown, what is left alone.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use crate::harness::{Finished, Scratch, project};

const PROJECT: &str = "\
--- datasources/visits.datasource
schema >
  page String `json:$.page`,
  at DateTime `json:$.at`
# sorted for the pages
ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"page, at\"
--- endpoints/fine.pipe
NODE n
SQL >
    SELECT 1 AS one

TYPE ENDPOINT
--- endpoints/broken.pipe
NODE n
SQL
SELECT 1
NONSENSE here
--- fixtures/left.pipe
node x
sql > select 1
";

fn fmt(scratch: &Scratch, arguments: &[&OsStr]) -> Finished {
    let arguments: Vec<&OsStr> = [OsStr::new("fmt")]
        .into_iter()
        .chain(arguments.iter().copied())
        .collect();
    Finished::run(scratch, &arguments)
}

/// What the user sees, with the exit code; paths of the test left out.
fn shown(finished: &Finished, folder: &Path) -> String {
    assert_eq!(finished.stderr, "");
    let stdout = finished
        .stdout
        .replace(&folder.display().to_string(), "[project]");
    format!("exit code {}\n{stdout}", finished.code)
}

#[test]
fn files_are_formatted_once_and_broken_ones_left_alone() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", PROJECT);
    let read = |path: &str| fs::read_to_string(folder.join(path)).unwrap();
    let broken = read("endpoints/broken.pipe");

    let first = fmt(&scratch, &[folder.as_os_str()]);
    insta::assert_snapshot!("first", shown(&first, &folder));
    insta::assert_snapshot!("formatted", read("datasources/visits.datasource"));
    assert_eq!(read("endpoints/broken.pipe"), broken);
    assert_eq!(read("fixtures/left.pipe"), "node x\nsql > select 1\n");

    fs::remove_file(folder.join("endpoints/broken.pipe")).unwrap();
    let second = fmt(&scratch, &[folder.as_os_str()]);
    assert_eq!(
        shown(&second, &folder),
        "exit code 0\n0 formatted, 2 unchanged\n"
    );
}

#[test]
fn check_and_diff_only_look() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", PROJECT);
    let visits = folder.join("datasources/visits.datasource");
    let fine = folder.join("endpoints/fine.pipe");
    let before = fs::read_to_string(&visits).unwrap();

    let check = fmt(&scratch, &["--check".as_ref(), visits.as_os_str()]);
    assert_eq!(
        shown(&check, &folder),
        "exit code 1\n[project]/datasources/visits.datasource\n1 to format, 0 unchanged\n"
    );
    let diff = fmt(&scratch, &["--diff".as_ref(), visits.as_os_str()]);
    insta::assert_snapshot!("diff", shown(&diff, &folder));
    assert_eq!(fs::read_to_string(&visits).unwrap(), before);

    for option in ["--check", "--diff"] {
        let clean = fmt(&scratch, &[option.as_ref(), fine.as_os_str()]);
        assert_eq!(
            shown(&clean, &folder),
            "exit code 0\n0 to format, 1 unchanged\n"
        );
    }
}

#[test]
fn what_is_no_datafile_is_refused() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", "--- notes.txt\nhello\n");
    for name in ["notes.txt", "missing.pipe"] {
        let path = folder.join(name);
        let finished = fmt(&scratch, &[path.as_os_str()]);
        assert_eq!(finished.code, 1, "{finished:?}");
        assert!(finished.stderr.contains(name), "{finished:?}");
    }
}
