//! Nodes that read nodes, pipes that read pipes, and what happens when they go wrong.

use crate::{Fixture, pipe};

#[tokio::test(flavor = "multi_thread")]
async fn nodes_and_pipes_are_read_by_name() {
    let fixture = Fixture::new(vec![
        pipe(
            "chain",
            &[
                ("first", "SELECT a FROM t -- a comment at the end"),
                ("second", "WITH 10 AS k SELECT a * k AS a FROM first"),
                ("unused", "% SELECT {{ error('never rendered') }}"),
                (
                    "endpoint",
                    "SELECT a FROM (SELECT a FROM second UNION ALL SELECT a FROM first) ORDER BY a",
                ),
            ],
        ),
        // The node `t` hides the data source, and reads it.
        pipe(
            "shadow",
            &[
                ("t", "SELECT a + 100 AS a FROM t"),
                ("end", "SELECT max(a) AS a FROM t"),
            ],
        ),
        pipe(
            "outer",
            &[
                ("first", "SELECT 5 AS a"),
                ("end", "SELECT a FROM chain WHERE a NOT IN first ORDER BY a"),
            ],
        ),
        pipe(
            "window",
            &[(
                "end",
                "SELECT a, row_number() OVER (ORDER BY a DESC) AS r FROM t ORDER BY a",
            )],
        ),
    ])
    .await;
    let call = async |name: &str| fixture.endpoint(name, &[]).await;
    assert_eq!(call("chain").await.as_deref(), Ok("\"a\"\n0\n0\n1\n10\n"));
    assert_eq!(call("shadow").await.as_deref(), Ok("\"a\"\n101\n"));
    assert_eq!(
        call("outer").await.as_deref(),
        Ok("\"a\"\n0\n0\n1\n10\n"),
        "inner nodes are its own"
    );
    assert_eq!(
        call("window").await.as_deref(),
        Ok("\"a\",\"r\"\n0,2\n1,1\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_reach_every_node() {
    let fixture = Fixture::new(vec![
        pipe("inner", &[("n", "% SELECT a FROM t WHERE a = {{ UInt8(a, 0) }}")]),
        pipe("outer", &[("n", "% SELECT a, {{ String(label, 'none') }} AS label FROM inner")]),
        pipe("strict", &[("n", "% {% if not defined(a) %}{{ error('a is needed') }}{% end %} SELECT {{ UInt8(a) }} AS a")]),
    ])
    .await;
    let rows = fixture
        .endpoint("outer", &[("a", "1"), ("label", "it's; --")])
        .await;
    assert_eq!(rows.as_deref(), Ok("\"a\",\"label\"\n1,\"it's; --\"\n"));
    assert_eq!(
        fixture.endpoint("strict", &[]).await,
        Err("a is needed".to_owned())
    );
    let wrong = fixture
        .endpoint("outer", &[("a", "1; drop table t")])
        .await
        .unwrap_err();
    assert!(wrong.contains("Error validating"), "{wrong}");
}

#[tokio::test(flavor = "multi_thread")]
async fn circles_and_explosions_are_errors() {
    let mut nodes = vec![("n0".to_owned(), "SELECT 1 AS a".to_owned())];
    for i in 1..12 {
        let before = i - 1;
        nodes.push((
            format!("n{i}"),
            format!("SELECT x.a FROM n{before} AS x, n{before} AS y"),
        ));
    }
    let nodes: Vec<(&str, &str)> = nodes
        .iter()
        .map(|(n, s)| (n.as_str(), s.as_str()))
        .collect();
    let fixture = Fixture::new(vec![
        pipe(
            "circle",
            &[("a", "SELECT * FROM b"), ("b", "SELECT * FROM a")],
        ),
        pipe("ping", &[("n", "SELECT * FROM pong")]),
        pipe("pong", &[("n", "SELECT * FROM ping")]),
        pipe("fan", &nodes),
        pipe("lost", &[("n", "SELECT * FROM nowhere")]),
    ])
    .await;
    let error = async |name: &str| fixture.endpoint(name, &[]).await.unwrap_err();
    assert_eq!(
        error("circle").await,
        "[Error] the nodes circle.b → circle.a → circle.b read each other in a circle"
    );
    assert!(error("ping").await.contains("circle"));
    assert_eq!(error("lost").await, "Resource 'nowhere' not found");
    assert_eq!(error("nothing").await, "The pipe 'nothing' does not exist");
    // Each level doubles the work of the engine's planner.
    assert!(error("fan").await.contains("more than 200 node references"));
}
