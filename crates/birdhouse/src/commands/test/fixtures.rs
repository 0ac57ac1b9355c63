//! Fixtures: rows of `fixtures/<data source>.ndjson`, `.csv` or `.sql` for empty data sources.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, bail};
use birdhouse_datafile::Project;
use birdhouse_deploy::Live;
use serde_json::Value;

use super::client::{Answer, Client};
use crate::commands::say;

/// The rows of a data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fixture {
    datasource: String,
    /// Path relative to the project.
    path: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ndjson,
    Csv,
    /// A query whose rows are used.
    Sql,
}

/// Kinds by extension; the first that exists counts.
const KINDS: [(&str, Kind); 3] = [
    ("ndjson", Kind::Ndjson),
    ("csv", Kind::Csv),
    ("sql", Kind::Sql),
];

/// Returns the fixtures of the project's data sources, in the project's order.
pub(super) fn find(root: &Path, project: &Project) -> Vec<Fixture> {
    let mut found = Vec::new();
    for datasource in &project.datasources {
        let name = datasource.name.as_str();
        let fixture = KINDS.iter().find_map(|(extension, kind)| {
            let path = format!("fixtures/{name}.{extension}");
            root.join(&path).is_file().then(|| Fixture {
                datasource: name.to_owned(),
                path,
                kind: *kind,
            })
        });
        found.extend(fixture);
    }
    found
}

/// Returns the fixtures in the order of loading: data sources that materialized views fill come
/// last, because a fixture is only for a data source that is still empty then.
pub(super) fn order<'f>(fixtures: &'f [Fixture], live: &Live) -> Vec<&'f Fixture> {
    let views = live.datasources.values().flat_map(|source| &source.views);
    let targets: BTreeSet<&str> = views.map(|view| view.target.as_str()).collect();
    let mut ordered: Vec<&Fixture> = fixtures.iter().collect();
    ordered.sort_by_key(|fixture| targets.contains(fixture.datasource.as_str()));
    ordered
}

impl Fixture {
    /// Appends the rows when the data source is empty.
    ///
    /// # Errors
    /// When the file cannot be read, its query fails, or the rows are refused as a whole.
    pub(super) async fn load(&self, root: &Path, client: &Client) -> anyhow::Result<()> {
        if !self.is_needed(client).await? {
            return Ok(());
        }
        let path = root.join(&self.path);
        let content = std::fs::read(&path).with_context(|| format!("read {}", path.display()))?;
        let (format, rows) = match self.kind {
            Kind::Ndjson => ("ndjson", content),
            Kind::Csv => ("csv", content),
            Kind::Sql => ("ndjson", self.query(content, client).await?),
        };
        if rows.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        let url = format!(
            "/v0/datasources?mode=append&name={}&format={format}",
            self.datasource
        );
        let answer = self.accepted(client.post(&url, rows).await?)?;
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        let refused = answer.get("quarantine_rows").and_then(Value::as_u64);
        match refused {
            Some(0) | None => Ok(()),
            Some(rows) => say(format!(
                "{}: {rows} rows do not fit and are in {}_quarantine",
                self.path, self.datasource
            )),
        }
    }

    /// Returns the rows of the query as NDJSON.
    async fn query(&self, sql: Vec<u8>, client: &Client) -> anyhow::Result<Vec<u8>> {
        let sql = String::from_utf8(sql).with_context(|| format!("{} is not UTF-8", self.path))?;
        let query = format!("{}\nFORMAT JSONEachRow", without_format(&sql));
        let answer = client.post("/v0/sql", query.into_bytes()).await?;
        self.accepted(answer)
    }

    async fn is_needed(&self, client: &Client) -> anyhow::Result<bool> {
        let query = format!("SELECT count() FROM {} FORMAT CSV", self.datasource);
        let answer = self.accepted(client.post("/v0/sql", query.into_bytes()).await?)?;
        Ok(answer.trim_ascii() == b"0")
    }

    /// Returns the body of a success.
    fn accepted(&self, answer: Answer) -> anyhow::Result<Vec<u8>> {
        if answer.status < 400 {
            return Ok(answer.body.into());
        }
        let body = String::from_utf8_lossy(&answer.body);
        bail!("{}: {body}", self.path)
    }
}

/// Returns the query without a `;` or a `FORMAT` of its own at the end.
fn without_format(sql: &str) -> &str {
    let sql = sql.trim_end().trim_end_matches(';').trim_end();
    let last_two = sql.rsplit_once(char::is_whitespace);
    let before = last_two.and_then(|(before, _)| {
        let before = before.trim_end();
        let word = before.len().checked_sub("format".len())?;
        let is_format = before
            .get(word..)
            .is_some_and(|w| w.eq_ignore_ascii_case("format"));
        let rest = before.get(..word).filter(|_| is_format)?;
        rest.ends_with(char::is_whitespace).then_some(rest)
    });
    before.map_or(sql, str::trim_end)
}

#[cfg(test)]
mod tests {
    use super::without_format;

    #[test]
    fn a_format_of_its_own_is_dropped() {
        for (sql, expected) in [
            ("SELECT 1", "SELECT 1"),
            ("SELECT 1;\n", "SELECT 1"),
            ("SELECT 1\nFORMAT JSON;\n", "SELECT 1"),
            ("SELECT 1 format CSV", "SELECT 1"),
            ("SELECT a_format x", "SELECT a_format x"),
            ("", ""),
        ] {
            assert_eq!(without_format(sql), expected);
        }
    }
}
