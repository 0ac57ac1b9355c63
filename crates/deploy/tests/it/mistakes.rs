//! What the engine's side of a deployment says about mistakes, word for word.

use crate::support::{Workspace, files, shown};

async fn refused(project: &str) -> String {
    match Workspace::new().await.deploy(files(project)).await {
        Ok(_) => panic!("the project was deployed"),
        Err(found) => shown(&found),
    }
}

async fn warned(project: &str) -> String {
    match Workspace::new().await.deploy(files(project)).await {
        Ok((_, found)) => shown(&found),
        Err(found) => panic!("{}", shown(&found)),
    }
}

const EVENTS: &str = "--- datasources/events.datasource
SCHEMA >
    at DateTime `json:$.at`,
    name String `json:$.name`

ENGINE MergeTree
ENGINE_SORTING_KEY at
";

#[tokio::test(flavor = "multi_thread")]
async fn tables_that_the_engine_refuses() {
    insta::assert_snapshot!(
        refused(
            "--- datasources/bad_default.datasource
SCHEMA >
    a Int32 DEFAULT 'many'

ENGINE MergeTree
--- datasources/bad_key.datasource
SCHEMA >
    a Int32

ENGINE MergeTree
ENGINE_SORTING_KEY a
ENGINE_TTL b + INTERVAL 1 DAY
"
        )
        .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_that_rows_cannot_fill() {
    insta::assert_snapshot!(
        refused(
            "--- datasources/odd.datasource
SCHEMA >
    a Variant(String, UInt64) `json:$.a`,
    b Point
"
        )
        .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn implicit_targets_that_cannot_be() {
    insta::assert_snapshot!(
        refused(&format!(
            "{EVENTS}--- pipes/by_name.pipe
NODE counted
SQL >
    SELECT nane, count() AS n FROM events GROUP BY nane
TYPE materialized
DATASOURCE names
ENGINE SummingMergeTree
ENGINE_SORTING_KEY name
--- pipes/by_day.pipe
NODE counted
SQL >
    SELECT toDate(at) AS day, count() AS n FROM events GROUP BY day
TYPE materialized
DATASOURCE days
ENGINE SummingMergeTree
ENGINE_SORTING_KEY date
"
        ))
        .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_the_engine_does_not_know() {
    insta::assert_snapshot!(
        refused(&format!(
            "{EVENTS}--- pipes/names.pipe
NODE parsed
SQL >
    SELECT at,
        lower(nane) AS name
    FROM events

NODE endpoint
SQL >
    SELECT name FROM parsed
TYPE endpoint
--- pipes/copy_of.pipe
NODE copied
SQL >
    SELECT at, length(nothing_like_it) AS n FROM events
TYPE materialized
DATASOURCE sizes
--- datasources/sizes.datasource
SCHEMA >
    at DateTime,
    n UInt64
"
        ))
        .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_are_shown_as_paths() {
    insta::assert_snapshot!(
        refused(
            "--- pipes/a.pipe
NODE n
SQL >
    SELECT * FROM b
TYPE materialized
DATASOURCE t
--- pipes/b.pipe
NODE n
SQL >
    SELECT * FROM c
--- pipes/c.pipe
NODE n
SQL >
    SELECT * FROM b
--- datasources/t.datasource
SCHEMA >
    a Int8
"
        )
        .await
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_reported_once() {
    insta::assert_snapshot!(
        warned(&format!(
            "{EVENTS}--- pipes/old.pipe
NODE old
SQL >
    SELECT at, name FROM v0_0_1.events
TYPE materialized
DATASOURCE events
--- pipes/copied.pipe
NODE copied
SQL >
    SELECT at, name FROM events
TYPE copy
TARGET_DATASOURCE events
"
        ))
        .await
    );
}
