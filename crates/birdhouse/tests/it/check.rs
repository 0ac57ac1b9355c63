//! `birdhouse check`: the whole output for projects with mistakes, one snapshot per file of `check/`.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use crate::harness::{Finished, Scratch, example, project};

fn check(scratch: &Scratch, folder: &Path) -> Finished {
    Finished::run(scratch, &["check".as_ref(), folder.as_os_str()])
}

/// What the user sees, with the exit code.
fn shown(finished: &Finished) -> String {
    let Finished {
        code,
        stdout,
        stderr,
    } = finished;
    let stderr = if stderr.is_empty() {
        String::new()
    } else {
        format!("--- stderr\n{stderr}")
    };
    format!("exit code {code}\n{stdout}{stderr}")
}

#[test]
fn mistakes_are_reported_with_place_and_hint() {
    let scratch = Scratch::new();
    insta::glob!("check/*.txt", |path| {
        let text = fs::read_to_string(path).unwrap();
        let finished = check(&scratch, &project(&scratch, "project", &text));
        insta::assert_snapshot!(shown(&finished));
    });
}

#[test]
fn the_example_is_clean() {
    let scratch = Scratch::new();
    let finished = check(&scratch, &example());
    assert_eq!(
        shown(&finished),
        "exit code 0\n4 data sources, 4 pipes: 0 errors, 0 warnings\n"
    );
}

#[test]
fn odd_folders_are_reported() {
    let scratch = Scratch::new();
    let empty = project(&scratch, "empty", "");
    assert_eq!(
        shown(&check(&scratch, &empty)),
        "exit code 0\n0 data sources, 0 pipes: 0 errors, 0 warnings\n"
    );
    let missing = check(&scratch, &scratch.path("missing"));
    assert_eq!(missing.code, 1, "{missing:#?}");
    assert!(
        missing.stderr.contains("missing") && missing.stderr.starts_with("error: "),
        "{missing:#?}"
    );
    let binary = project(&scratch, "binary", "--- datasources/a.datasource\n");
    fs::write(
        binary.join("datasources/a.datasource"),
        b"SCHEMA >\n  `a` \xFF\xFE String\n",
    )
    .unwrap();
    let finished = check(&scratch, &binary);
    assert_eq!(finished.code, 1, "{finished:#?}");
    assert!(
        finished.stdout.contains("datasources/a.datasource:") && finished.stdout.contains("UTF-8"),
        "{finished:#?}"
    );
}

#[test]
fn without_the_engine_library_everything_else_is_checked() {
    let scratch = Scratch::new();
    let broken = project(
        &scratch,
        "project",
        "--- endpoints/top.pipe\nNODE top\nSQL >\n    SELECT paeg FROM (SELECT 1 AS page)\nTYPE endpoint\n",
    );
    // An empty cache, and no path given.
    let cache = scratch.path("cache");
    let without = [
        ("XDG_CACHE_HOME", Some(cache.as_os_str())),
        ("BIRDHOUSE_LIBCHDB", None),
    ];
    let finished = Finished::run_with(&scratch, &["check".as_ref(), broken.as_os_str()], &without);
    assert_eq!(finished.code, 0, "{finished:#?}");
    let note = "note: the SQL was not checked by the engine; get it with `make engine`";
    assert!(finished.stdout.contains(note), "{finished:#?}");
    // A server cannot do without, and a path that is given must be right.
    let data = scratch.path("data");
    let start = [
        OsStr::new("start"),
        OsStr::new("--project"),
        broken.as_os_str(),
        OsStr::new("--data"),
        data.as_os_str(),
        OsStr::new("--port"),
        OsStr::new("0"),
    ];
    let wrong_path = [("BIRDHOUSE_LIBCHDB", Some(OsStr::new("/no/such/libchdb.so")))];
    for (environment, words) in [
        (&without[..], "run `make engine`"),
        (&wrong_path[..], "/no/such/libchdb.so"),
    ] {
        let finished = Finished::run_with(&scratch, &start, environment);
        assert_eq!(finished.code, 1, "{finished:#?}");
        assert!(finished.stderr.contains(words), "{finished:#?}");
    }
}

#[test]
fn help_names_every_command_and_option() {
    let scratch = Scratch::new();
    let help = |arguments: &[&str]| {
        let arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        let finished = Finished::run(&scratch, &arguments);
        assert_eq!(finished.code, 0, "{finished:#?}");
        finished.stdout
    };
    insta::assert_snapshot!("help", help(&["--help"]));
    insta::assert_snapshot!("help_start", help(&["start", "--help"]));
    insta::assert_snapshot!("help_demo", help(&["demo", "--help"]));
    insta::assert_snapshot!("help_check", help(&["check", "--help"]));
    let version = format!("birdhouse {}\n", env!("CARGO_PKG_VERSION"));
    assert_eq!(help(&["version"]), version);
    assert_eq!(help(&["--version"]), version);
    let wrong = Finished::run(&scratch, &["strat".as_ref()]);
    assert_eq!(wrong.code, 2, "{wrong:#?}");
    assert!(wrong.stderr.contains("'start'"), "{wrong:#?}");
}
