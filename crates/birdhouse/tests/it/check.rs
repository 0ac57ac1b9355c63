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

/// A project of everything that a folder may hold by accident: each file is reported for itself, and
/// the mistake of a file that is otherwise fine is found beside them.
#[test]
fn hostile_files_do_not_hide_the_others() {
    let scratch = Scratch::new();
    let node = "NODE n\nSQL >\n    SELECT 1\nTYPE endpoint\n";
    let root = project(
        &scratch,
        "project",
        &format!(
            "--- pipes/twice.pipe\n{node}--- other/twice.pipe\n{node}--- pipes/a b-c.pipe\n{node}\
             --- pipes/typo.pipe\n{node}TOKEN reader RAED\n"
        ),
    );
    let schema = "SCHEMA >\n    a Int32 `json:$.a`";
    let deep = format!("{}Int8{}", "Array(".repeat(20_000), ")".repeat(20_000));
    let tags = format!("%\n{}1{}", "{{ (".repeat(5_000), ") }}".repeat(5_000));
    let files: [(&str, Vec<u8>); 9] = [
        (
            "datasources/binary.datasource",
            (0..=255).cycle().take(100_000).collect(),
        ),
        ("datasources/empty.datasource", Vec::new()),
        (
            "datasources/latin1.datasource",
            b"DESCRIPTION caf\xe9\n".to_vec(),
        ),
        (
            "datasources/long.datasource",
            format!("{schema}\nENGINE {}\n", "x".repeat(10 << 20)).into(),
        ),
        (
            "datasources/deep.datasource",
            format!("SCHEMA >\n    a {deep}\n").into(),
        ),
        (
            "pipes/deep.pipe",
            format!("NODE n\nSQL >\n    {tags}\nTYPE endpoint\n").into(),
        ),
        (
            "datasources/dos.datasource",
            format!("\u{feff}{schema}\r\nENGINE Merge\r\n").into(),
        ),
        (
            "datasources/tabs.datasource",
            b"SCHEMA\t>\n\ta\tStrin\t`json:$.a`\n".to_vec(),
        ),
        (
            "connections/nul.connection",
            b"TYPE kafka\0\nKAFKA_KEYY a\n".to_vec(),
        ),
    ];
    for (path, bytes) in files {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    let finished = check(&scratch, &root);
    assert_eq!(finished.code, 1, "{}", finished.stderr);
    assert_eq!(finished.stderr, "");
    let shown = &finished.stdout;
    for words in [
        "datasources/binary.datasource:",
        "datasources/empty.datasource:1:1: error[datafile/missing-schema]",
        "datasources/latin1.datasource:1:16: error[datafile/not-utf8]",
        "datasources/long.datasource:3:8: error[datafile/invalid-engine]",
        "datasources/deep.datasource:2:",
        "datasources/dos.datasource:3:8: error[datafile/invalid-engine]: Engine Merge is not",
        "datasources/tabs.datasource:2:4: error[datafile/invalid-type]: Unknown data type family: Strin",
        "connections/nul.connection:2:1: error[datafile/unknown-directive]",
        "pipes/twice.pipe:1:1: error[datafile/duplicate-name]",
        "pipes/a b-c.pipe:1:1: error[datafile/invalid-name]",
        "pipes/typo.pipe:5:14: error[datafile/invalid-token]: Invalid permission: RAED",
    ] {
        let lines: Vec<&str> = shown
            .lines()
            .filter(|line| line.contains("error["))
            .collect();
        assert!(
            lines.iter().any(|line| line.starts_with(words)),
            "{words}\n{}",
            lines.join("\n")
        );
    }
    assert!(
        shown.lines().all(|line| line.chars().count() < 2_000),
        "a line is too long to read"
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
