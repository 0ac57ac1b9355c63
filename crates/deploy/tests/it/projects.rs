//! Every folder of `tests/projects`: deploy, append `fixtures/`, call what `tests/*.yaml` calls.

use std::fs;
use std::path::{Path, PathBuf};

use birdhouse_datafile::SourceFile;

use crate::support::{Workspace, shown};

#[tokio::test(flavor = "multi_thread")]
async fn classic_library() {
    check("classic_library", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn clauses() {
    check("clauses", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn column_types() {
    check("column_types", &[("readings", 2)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn copies() {
    check("copies", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn declared() {
    check("declared", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters() {
    check("parameters", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shared() {
    check("shared", &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn view_chains() {
    check("view_chains", &[]).await;
}

#[test]
fn every_project_has_a_test() {
    let this = include_str!("projects.rs");
    for project in sorted(&root()) {
        let name = project.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(this.contains(&format!("check(\"{name}\"")), "{name}");
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/projects")
}

/// Runs a project's tests; `quarantined` says how many rows of which fixture are bad.
async fn check(name: &str, quarantined: &[(&str, u64)]) {
    let root = root().join(name);
    let workspace = Workspace::new().await;
    let live = match workspace.deploy(datafiles(&root)).await {
        Ok((live, _)) => live,
        Err(found) => panic!("{}", shown(&found)),
    };
    for fixture in sorted(&root.join("fixtures")) {
        let (stem, extension) = names(&fixture);
        let body = fs::read(&fixture).unwrap();
        let bad = workspace.append(&live, &stem, &extension, &body).await;
        let expected = quarantined.iter().find(|(fixture, _)| *fixture == stem);
        assert_eq!(bad, expected.map_or(0, |(_, rows)| *rows), "{stem}");
    }
    let mut n_cases = 0;
    for file in sorted(&root.join("tests")) {
        let (pipe, _) = names(&file);
        for case in cases(&fs::read_to_string(&file).unwrap()) {
            let answer = workspace.call(&live, &pipe, &case.parameters).await;
            assert_eq!(
                answer.is_err(),
                case.fails,
                "{pipe} {}: {answer:?}",
                case.name
            );
            let text = answer.unwrap_or_else(|error| error);
            assert_eq!(text.trim(), case.expected.trim(), "{pipe} {}", case.name);
            n_cases += 1;
        }
    }
    assert!(n_cases > 0, "{name} has no tests");
}

fn datafiles(root: &Path) -> Vec<SourceFile> {
    let mut files = Vec::new();
    let mut paths = sorted(root);
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(sorted(&path));
        } else {
            let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
            files.push(SourceFile::new(
                relative,
                fs::read_to_string(&path).unwrap(),
            ));
        }
    }
    files
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
}

fn names(path: &Path) -> (String, String) {
    let text = |part: Option<&std::ffi::OsStr>| part.unwrap().to_str().unwrap().to_owned();
    (text(path.file_stem()), text(path.extension()))
}

/// One call of a test file.
struct Case {
    name: String,
    parameters: String,
    fails: bool,
    expected: String,
}

/// Reads the regular YAML of our own tests: one line per field, the result as an indented block.
fn cases(text: &str) -> Vec<Case> {
    let value = |case: &str, field: &str| {
        case.lines()
            .find_map(|line| line.trim_start().strip_prefix(field))
            .map(|value| value.trim().trim_matches('\'').to_owned())
    };
    format!("\n{text}")
        .split("\n- name: ")
        .skip(1)
        .map(|case| Case {
            name: case.lines().next().unwrap().to_owned(),
            parameters: value(case, "parameters:").unwrap(),
            fails: value(case, "expected_http_status:").is_some(),
            expected: case
                .split_once("expected_result: |")
                .unwrap()
                .1
                .lines()
                .skip(1)
                .map(|line| format!("{}\n", line.trim_start()))
                .collect(),
        })
        .collect()
}
