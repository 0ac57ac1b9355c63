//! What endpoints take and give, described by the real engine.

use birdhouse_query::{Call, Description, OutputSettings, describe};
use birdhouse_template::{Context, Parameters};

use crate::{Fixture, pipe};

/// Describes an endpoint; shows its parameters, each with `!` when it is required, and its columns.
async fn described(fixture: &Fixture, name: &str) -> String {
    let call = Call {
        resources: &fixture.resources,
        parameters: &Parameters::new(),
        context: &Context::default(),
        secret: &|_| None,
        may_use_secrets: true,
        access: &|_| false,
        restrictions: &birdhouse_query::Restrictions::default(),
        output: OutputSettings::default(),
        request_id: "test",
    };
    let pipe = fixture.resources.pipe(name).unwrap();
    let description = describe(&fixture.engine, fixture.queries.guard(), &call, pipe).await;
    let Description {
        parameters,
        columns,
    } = match description {
        Ok(description) => description,
        Err(error) => return error.to_string(),
    };
    let parameters: Vec<String> = parameters
        .iter()
        .map(|p| format!("{}{}", p.name, if p.is_required { "!" } else { "" }))
        .collect();
    let columns = columns.map_or("unknown".to_owned(), |columns| {
        let shown = columns
            .iter()
            .map(|(name, written)| format!("{name} {written}"));
        shown.collect::<Vec<_>>().join(", ")
    });
    format!("{} → {columns}", parameters.join(" "))
}

#[tokio::test]
async fn parameters_of_all_reachable_nodes_are_merged() {
    let fixture = Fixture::new(vec![
        pipe(
            "main",
            &[
                ("unused", "% SELECT {{ Int8(never) }}"),
                ("big", "% SELECT a, b FROM t WHERE a > {{ Int8(least, 0) }}"),
                ("small", "% SELECT a, b FROM t WHERE a < {{ Int8(most, 5) }}"),
                (
                    "end",
                    "% SELECT a, b, {{ Int8(n, 1) }} AS n FROM {% if defined(small) %} small {% else %} big {% end %} JOIN other USING a",
                ),
            ],
        ),
        pipe(
            "other",
            &[("end", "% SELECT a, c FROM u LIMIT {{ UInt8(limit, 9) }}")],
        ),
    ])
    .await;
    assert_eq!(
        described(&fixture, "main").await,
        "least most n small limit → a UInt8, b String, n Int8"
    );
}

#[tokio::test]
async fn an_endpoint_that_needs_parameters_has_no_columns() {
    let fixture = Fixture::new(vec![
        pipe(
            "needs",
            &[(
                "end",
                "% SELECT a FROM t WHERE a = {{ Int8(wanted) }} {% if defined(b) %} AND b = {{ String(b) }} {% end %}",
            )],
        ),
        pipe("plain", &[("end", "SELECT sum(a) AS total, toDate('2024-01-01') AS day FROM t")]),
        pipe("wrong", &[("end", "% SELECT nothing FROM t {{ Int8(x, 1) }}")]),
    ])
    .await;
    assert_eq!(described(&fixture, "needs").await, "wanted! b → unknown");
    assert_eq!(
        described(&fixture, "plain").await,
        " → total UInt64, day Date"
    );
    assert_eq!(described(&fixture, "wrong").await, "x → unknown");
}

#[tokio::test]
async fn a_pipe_without_endpoint_is_refused() {
    let mut untyped = pipe("untyped", &[("end", "SELECT 1")]);
    untyped.endpoint = None;
    let fixture = Fixture::new(vec![untyped]).await;
    assert_eq!(
        described(&fixture, "untyped").await,
        "The pipe 'untyped' does not have an endpoint yet"
    );
}
