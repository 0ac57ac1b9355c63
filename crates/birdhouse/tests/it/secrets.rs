//! Secrets: in files they become text, in SQL query parameters; their values are nowhere to be seen.

use std::fs;
use std::path::Path;

use crate::harness::{Finished, Scratch, Server, encode, project};

/// Values that occur nowhere else.
const REGION: &str = "hunter2-region";
const BROKER: &str = "hunter2-broker";

const PROJECT: &str = r#"--- .env
REGION=hunter2-region
BROKER="hunter2-broker"
--- connections/stream.connection
TYPE kafka
KAFKA_BOOTSTRAP_SERVERS {{ tb_secret("BROKER") }}:9092
KAFKA_KEY {{ tb_secret("KEY", "none") }}
--- datasources/visits.datasource
SCHEMA >
    id Int32 `json:$.id`,
    region String `json:$.region` DEFAULT '{{ tb_secret("REGION") }}'
{% if tb_secret("SORTED", "no") == "no" %}ENGINE MergeTree
ENGINE_SORTING_KEY id{% end %}
--- endpoints/here.pipe
TOKEN reader READ
NODE here
SQL >
    %
    SELECT count() AS n FROM visits WHERE region = {{ tb_secret("REGION") }}
TYPE endpoint
"#;

#[test]
fn secrets_work_and_are_shown_to_nobody() {
    let scratch = Scratch::new();
    let root = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &root);
    let admin = server.admin();
    admin
        .append("visits", "{\"id\": 1}\n{\"id\": 2, \"region\": \"x\"}\n")
        .expect(200);
    assert_eq!(
        admin.value("SELECT region FROM visits WHERE id = 1"),
        REGION
    );
    let count = server
        .named("reader")
        .endpoint("here", "json", &[])
        .expect(200)
        .json();
    assert_eq!(count["data"][0]["n"], 1);
    // A text of one's own may use secrets when the token may see them.
    let own = "% SELECT {{ tb_secret('REGION') }} AS r, {{ tb_secret('NONE', 'd') }} AS d";
    assert_eq!(admin.sql(own)[0]["r"], REGION);
    let refused = server
        .named("reader")
        .get(format!("/v0/sql?q={}", encode(own)));
    assert_eq!(refused.status, 400, "{}", refused.text());
    assert!(
        refused.error().contains("Cannot access secret 'REGION'"),
        "{}",
        refused.text()
    );
    server.stop();
    assert!(!contains(&scratch.path("data").join("catalog.db"), REGION));
    // What is stored is loaded again with the secrets of the workspace.
    fs::remove_file(root.join(".env")).unwrap();
    let server = Server::start(&scratch, &root);
    let admin = server.admin();
    admin.append("visits", "{\"id\": 3}\n").expect(200);
    assert_eq!(
        admin.value("SELECT region FROM visits WHERE id = 3"),
        REGION
    );
    server.stop();
}

#[test]
fn mistakes_in_files_with_secrets_do_not_show_them() {
    let scratch = Scratch::new();
    let broken = PROJECT
        .replace("ENGINE MergeTree", "ENGINE {{ tb_secret('BROKER') }}")
        .replace(
            "{{ tb_secret(\"KEY\", \"none\") }}",
            "{{ tb_secret('KEY') }}",
        );
    // A secret of a pipe is missed when everything else is fine.
    let pipe = project(
        &scratch,
        "pipe",
        &PROJECT
            .replace("REGION=", "OTHER=")
            .replace("(\"REGION\") }}'", "(\"REGION\", \"d\") }}'"),
    );
    let finished = Finished::run(&scratch, &["check".as_ref(), pipe.as_os_str()]);
    let missing = "endpoints/here.pipe:5:5: error[template/invalid]: Template Syntax Error: Cannot access secret 'REGION'.";
    assert!(
        finished.code == 1 && finished.stdout.contains(missing),
        "{finished:#?}"
    );
    let root = project(&scratch, "broken", &broken);
    let finished = Finished::run(&scratch, &["check".as_ref(), root.as_os_str()]);
    assert_eq!(finished.code, 1, "{finished:#?}");
    let shown = &finished.stdout;
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("Engine *** is not supported"), "{shown}");
    let missing = "connections/stream.connection:3:1: error[template/invalid]: Template Syntax \
                   Error: Cannot access secret 'KEY'. Check the secret exists in the Workspace and \
                   the token has the required scope.";
    assert!(shown.contains(missing), "{shown}");
    assert!(!shown.contains(BROKER));
}

fn contains(path: &Path, text: &str) -> bool {
    let bytes = fs::read(path).unwrap();
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}
