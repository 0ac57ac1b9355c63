//! What a caller's token restricts holds however a text reads.

use std::collections::BTreeMap;

use birdhouse_query::{Call, Format, OutputSettings, Restrictions};
use birdhouse_template::{Context, Parameters};

use crate::{Fixture, pipe};

impl Fixture {
    /// Runs a text, or with a pipe its endpoint and the text as `q`; returns CSV or the error.
    async fn restricted(
        &self,
        restrictions: &Restrictions,
        endpoint: Option<&str>,
        text: Option<&str>,
    ) -> Result<String, String> {
        let call = Call {
            resources: &self.resources,
            parameters: &[("who", "anybody")].into_iter().collect(),
            context: &Context::default(),
            secret: &|_| None,
            may_use_secrets: true,
            access: &|_| true,
            restrictions,
            output: OutputSettings::default(),
            request_id: "test",
        };
        let csv = Format::from_extension("csv").unwrap();
        let answer = match endpoint {
            Some(pipe) => self.queries.endpoint(&call, pipe, text, csv).await,
            None => {
                let text = format!("{}\nFORMAT CSV", text.unwrap_or_default());
                self.queries.sql(&call, &text, None, &|_| None).await
            }
        };
        let answer = answer.map_err(|error| error.to_string())?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }
}

fn one(name: &str, filter: &str) -> BTreeMap<String, String> {
    [(name.to_owned(), filter.to_owned())].into()
}

/// `t` has the rows a = 0 and a = 1; only the second one may be seen.
#[tokio::test]
async fn a_condition_on_a_data_source_holds_at_every_depth() {
    let fixture = Fixture::new(vec![
        pipe("p", &[("n", "SELECT a FROM t"), ("out", "SELECT * FROM n")]),
        // A node with the name of the data source that it reads.
        pipe(
            "same",
            &[("t", "SELECT a FROM t"), ("out", "SELECT * FROM t")],
        ),
        pipe(
            "outer",
            &[("x", "SELECT p.a AS a FROM p JOIN same USING a")],
        ),
    ])
    .await;
    let only_one = Restrictions {
        datasources: one("t", "a = 1"),
        ..Restrictions::default()
    };
    for (text, rows) in [
        ("SELECT a FROM t", "1\n"),
        ("SELECT a FROM t AS other", "1\n"),
        ("SELECT count() FROM t", "1\n"),
        ("SELECT count() FROM (SELECT * FROM t)", "1\n"),
        ("SELECT min(a), max(a) FROM t", "1,1\n"),
        ("SELECT uniq(b) FROM t PREWHERE a < 5", "1\n"),
        ("WITH c AS (SELECT a FROM t) SELECT * FROM c", "1\n"),
        (
            "SELECT number FROM numbers(2) WHERE number IN (SELECT a FROM t)",
            "1\n",
        ),
        ("SELECT number FROM numbers(2) WHERE number IN t", ""),
        ("SELECT a FROM t UNION ALL SELECT a FROM t", "1\n1\n"),
        ("SELECT t.a FROM t JOIN u ON t.a = u.a", "1\n"),
        (
            "SELECT u.a FROM u LEFT JOIN t ON t.a = u.a WHERE t.b != '' ORDER BY 1",
            "1\n",
        ),
        ("SELECT (SELECT sum(a + 1) FROM t)", "2\n"),
        ("SELECT a FROM p", "1\n"),
        ("SELECT a FROM same", "1\n"),
        ("SELECT a FROM outer", "1\n"),
        ("SELECT count() FROM outer", "1\n"),
    ] {
        let found = fixture.restricted(&only_one, None, Some(text)).await;
        match found {
            Ok(found) => assert_eq!(found, rows, "{text}"),
            // The right side of IN must have as many columns as the left one.
            Err(error) => assert!(rows.is_empty(), "{text}: {error}"),
        }
    }
    // `q` is a text of the caller's; the endpoint itself reads with the rights of its author.
    let q = |text| fixture.restricted(&only_one, Some("p"), text);
    assert_eq!(
        q(Some("SELECT count() FROM _")).await.unwrap(),
        "\"count()\"\n1\n"
    );
    assert_eq!(q(Some("SELECT a FROM t")).await.unwrap(), "\"a\"\n1\n");
    assert_eq!(q(None).await.unwrap(), "\"a\"\n0\n1\n");
}

#[tokio::test]
async fn a_condition_on_a_pipe_holds_for_its_result() {
    let fixture = Fixture::new(vec![
        pipe("p", &[("out", "SELECT a FROM t ORDER BY a")]),
        pipe("outer", &[("x", "SELECT * FROM p")]),
    ])
    .await;
    let only_one = Restrictions {
        pipes: one("p", "a = 1"),
        ..Restrictions::default()
    };
    for text in [
        "SELECT a FROM p",
        "SELECT count() FROM p",
        "SELECT a FROM outer",
    ] {
        let found = fixture.restricted(&only_one, None, Some(text)).await;
        assert_eq!(found.unwrap(), "1\n", "{text}");
    }
    let call = |text| fixture.restricted(&only_one, Some("p"), text);
    assert_eq!(call(None).await.unwrap(), "\"a\"\n1\n");
    assert_eq!(call(Some("SELECT a FROM _")).await.unwrap(), "\"a\"\n1\n");
}

#[tokio::test]
async fn fixed_parameters_win_wherever_the_pipe_is_read() {
    let fixture = Fixture::new(vec![
        pipe("p", &[("out", "%\nSELECT {{String(who)}} AS who")]),
        pipe("free", &[("out", "%\nSELECT {{String(who)}} AS who")]),
        pipe("outer", &[("x", "SELECT * FROM p")]),
    ])
    .await;
    let fixed: Parameters = [("who", "acme")].into_iter().collect();
    let acme = Restrictions {
        parameters: [("p".to_owned(), fixed)].into(),
        ..Restrictions::default()
    };
    for (text, who) in [
        ("SELECT * FROM p", "\"acme\"\n"),
        ("SELECT * FROM outer", "\"acme\"\n"),
        ("SELECT * FROM free", "\"anybody\"\n"),
    ] {
        let found = fixture.restricted(&acme, None, Some(text)).await;
        assert_eq!(found.unwrap(), who, "{text}");
    }
    for q in [None, Some("SELECT * FROM _")] {
        let found = fixture.restricted(&acme, Some("p"), q).await;
        assert_eq!(found.unwrap(), "\"who\"\n\"acme\"\n");
    }
}

#[tokio::test]
async fn a_condition_is_an_expression_and_nothing_else() {
    let fixture = Fixture::new(Vec::new()).await;
    for (filter, reason) in [
        ("a IN (SELECT a FROM u)", "it reads other tables"),
        ("a = 1 SETTINGS max_threads = 1", ""),
        ("a = 1; SELECT 1", ""),
        ("a = ", ""),
        ("sleep(1)", "the function sleep is not allowed"),
        ("no_such_column = 1", "no_such_column"),
    ] {
        let restrictions = Restrictions {
            datasources: one("t", filter),
            ..Restrictions::default()
        };
        let error = fixture
            .restricted(&restrictions, None, Some("SELECT a FROM t"))
            .await
            .expect_err(filter);
        assert!(error.contains(reason), "{filter}: {error}");
    }
}
