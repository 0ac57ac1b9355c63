//! `birdhouse test`: a project's own tests on a private server with its fixtures.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use crate::harness::{Finished, Scratch, example, project};

const PROJECT: &str = "\
--- datasources/visits.datasource
SCHEMA >
    `page` String `json:$.page`,
    `n` UInt32 `json:$.n`

ENGINE MergeTree
ENGINE_SORTING_KEY page
--- datasources/names.datasource
SCHEMA >
    `page` String,
    `name` String

ENGINE MergeTree
ENGINE_SORTING_KEY page
--- datasources/days.datasource
SCHEMA >
    `day` Date `json:$.day`

ENGINE MergeTree
ENGINE_SORTING_KEY day
--- datasources/totals.datasource
SCHEMA >
    `page` String `json:$.page`,
    `total` UInt64 `json:$.total`

ENGINE SummingMergeTree
ENGINE_SORTING_KEY page
--- materializations/to_totals.pipe
NODE n
SQL >
    SELECT page, toUInt64(n) AS total FROM visits

TYPE materialized
DATASOURCE totals
--- endpoints/top.pipe
TOKEN \"t\" READ

NODE joined
SQL >
    SELECT name, total FROM totals JOIN names USING page

NODE n
SQL >
    %
    {% if not defined(least) %}{{ error('least is missing') }}{% end %}
    SELECT name, sum(total) AS visits FROM joined GROUP BY name
    HAVING visits >= {{ Int32(least) }}
    ORDER BY name

TYPE endpoint
--- pipes/count_days.pipe
NODE n
SQL >
    %
    SELECT count() AS days FROM days WHERE day >= {{ Date(from_day, '2024-01-02') }}
--- fixtures/visits.ndjson
{\"page\":\"/a\",\"n\":3}
{\"page\":\"/b\",\"n\":1}
{\"page\":\"/c\",\"n\":\"many\"}
--- fixtures/totals.ndjson
{\"page\":\"/a\",\"total\":1000}
--- fixtures/names.csv
page,name
/a,First
/b,Second
--- fixtures/days.sql
SELECT toDate('2024-01-01') + number AS day
FROM numbers(3)
FORMAT JSON;
";

const PASSING: &str = "\
--- tests/top.yaml
# Fixtures of totals are not used, the view fills it.
- name: all
  parameters: least=1
  expected_result: |
    {\"name\":\"First\",\"visits\":3}
    {\"name\":\"Second\",\"visits\":1}
- name: with_url
  parameters: http://localhost/v0/pipes/top.ndjson?least=2
  expected_result: |
    {\"name\":\"First\",\"visits\":3}
- name: refused
  parameters:
  expected_http_status: 400
  expected_result: least is missing
--- tests/more/count_days.yml
- name: without_endpoint
  parameters: ''
  expected_result: |
    {\"days\":2}
";

const FAILING: &str = "\
--- tests/gone.yaml
- name: x
  expected_result: ''
--- tests/odd.yaml
- name: [
--- tests/top.yaml
# A comment that stays.

- name: other_rows # here as well
  parameters: least=2
  expected_result: |
    {\"name\":\"First\",\"visits\":4}

- name: fails_now
  parameters: least=x
  expected_result: ''
- name: works_now
  expected_http_status: 400
  parameters: least=9
  expected_result: something
- name: right
  parameters: least=9
  expected_result: ''
";

fn test(scratch: &Scratch, folder: &Path, options: &[&str]) -> Finished {
    let mut arguments = vec![OsStr::new("test"), folder.as_os_str()];
    arguments.extend(options.iter().map(OsStr::new));
    Finished::run(scratch, &arguments)
}

fn shown(finished: &Finished) -> String {
    assert_eq!(finished.stderr, "");
    format!("exit code {}\n{}", finished.code, finished.stdout)
}

#[test]
fn the_example_passes() {
    let scratch = Scratch::new();
    let finished = test(&scratch, &example(), &[]);
    assert_eq!(finished.code, 0, "{}", finished.stdout);
    assert!(finished.stdout.ends_with("10 passed\n"), "{finished:?}");
}

#[test]
fn all_kinds_of_fixtures_are_loaded() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", &format!("{PROJECT}{PASSING}"));
    insta::assert_snapshot!(shown(&test(&scratch, &folder, &[])));
    let left = fs::read_dir(scratch.path("tmp")).unwrap().count();
    assert_eq!(left, 0, "the private server left files");
}

#[test]
fn differences_are_shown_and_all_tests_run() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", &format!("{PROJECT}{FAILING}"));
    let before = fs::read_to_string(folder.join("tests/top.yaml")).unwrap();
    insta::assert_snapshot!(shown(&test(&scratch, &folder, &[])));
    assert_eq!(
        fs::read_to_string(folder.join("tests/top.yaml")).unwrap(),
        before
    );
}

#[test]
fn update_writes_what_is_answered_now() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", &format!("{PROJECT}{FAILING}"));
    fs::remove_file(folder.join("tests/odd.yaml")).unwrap();
    insta::assert_snapshot!("update", shown(&test(&scratch, &folder, &["--update"])));
    let file = folder.join("tests/top.yaml");
    insta::assert_snapshot!("updated_file", fs::read_to_string(&file).unwrap());
    let again = test(&scratch, &folder, &[]);
    assert_eq!(again.code, 0, "{}", again.stdout);
    assert!(again.stdout.ends_with("4 passed, 1 skipped\n"), "{again:?}");
}

#[test]
fn a_project_with_mistakes_is_not_tested() {
    let scratch = Scratch::new();
    let folder = project(&scratch, "project", "--- one.pipe\nNONSENSE\n");
    let finished = test(&scratch, &folder, &[]);
    assert_eq!(finished.code, 1);
    assert!(finished.stderr.contains("one.pipe:1:1"), "{finished:?}");

    let folder = project(&scratch, "empty", "--- notes.txt\n\n");
    assert_eq!(
        shown(&test(&scratch, &folder, &[])),
        "exit code 0\n0 passed\n"
    );
}
