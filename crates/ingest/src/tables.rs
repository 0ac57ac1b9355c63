//! The tables and views of a workspace as the engine has them, and what an insert sets in motion.

use std::collections::{BTreeMap, BTreeSet};

use birdhouse_engine::{Engine, EngineError, Query};
use birdhouse_sql::lexer::{Token, TokenKind, tokens};
use birdhouse_sql::{quote_identifier, quote_string};
use serde::Deserialize;
use uuid::Uuid;

/// A table or view.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) uuid: String,
    pub(crate) engine: String,
    pub(crate) engine_full: String,
    pub(crate) comment: String,
    /// The statement that makes it, with all names qualified.
    pub(crate) create_table_query: String,
    /// The query of a view.
    pub(crate) as_select: String,
    /// The materialized views that an insert runs.
    pub(crate) dependencies_table: Vec<String>,
}

impl Table {
    /// Returns why rows that were inserted once may be missing now, when they may.
    pub(crate) fn forgets(&self) -> Option<&'static str> {
        if self.engine == "Null" {
            Some("it keeps no rows")
        } else if self.engine_full.contains(" TTL ") {
            Some("it keeps rows only for a time (TTL)")
        } else {
            None
        }
    }
}

/// Something of which only the name matters.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Named {
    pub(crate) name: String,
}

/// A materialized view between two tables.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Edge {
    pub(crate) source: String,
    pub(crate) view: String,
    pub(crate) target: String,
}

/// The tables of one database and the views between them.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) tables: BTreeMap<String, Table>,
    pub(crate) edges: Vec<Edge>,
}

impl Tables {
    /// Reads the tables of `database`.
    pub(crate) async fn read(engine: &Engine, database: &str) -> Result<Self, EngineError> {
        let sql = format!(
            "SELECT name, toString(uuid) AS uuid, engine, engine_full, comment, create_table_query, as_select, \
             dependencies_table FROM system.tables WHERE database = {}",
            quote_string(database)
        );
        let mut tables = BTreeMap::new();
        for table in rows::<Table>(engine, &sql).await? {
            tables.insert(table.name.clone(), table);
        }
        let mut edges = Vec::new();
        for source in tables.values() {
            for view in &source.dependencies_table {
                let target = tables.get(view).and_then(|view| target(view, database));
                edges.extend(target.map(|target| Edge {
                    source: source.name.clone(),
                    view: view.clone(),
                    target,
                }));
            }
        }
        edges.sort();
        Ok(Self { tables, edges })
    }

    /// Returns the table and everything that an insert into it writes to.
    pub(crate) fn downstream(&self, table: &str) -> BTreeSet<String> {
        self.closure(BTreeSet::from([table.to_owned()]), |edge| {
            (&edge.source, &edge.target)
        })
    }

    /// Returns the tables and everything from which an insert writes to one of them.
    pub(crate) fn upstream(&self, tables: BTreeSet<String>) -> BTreeSet<String> {
        self.closure(tables, |edge| (&edge.target, &edge.source))
    }

    fn closure(
        &self,
        mut found: BTreeSet<String>,
        step: fn(&Edge) -> (&String, &String),
    ) -> BTreeSet<String> {
        loop {
            let next = self.edges.iter().map(step).find_map(|(from, to)| {
                (found.contains(from) && !found.contains(to)).then(|| to.clone())
            });
            match next {
                Some(next) => found.insert(next),
                None => return found,
            };
        }
    }
}

/// Returns the name of the table that a view writes to: what stands behind `TO database.`.
fn target(view: &Table, database: &str) -> Option<String> {
    let text = &view.create_table_query;
    let tokens = tokens(text).ok()?;
    let to = tokens
        .iter()
        .position(|token| text.get(token.span.clone()) == Some("TO"))?;
    match tokens.get(to + 1..to + 4)? {
        [first, dot, name] if name_of(text, first)? == database => {
            (dot.kind == TokenKind::Symbol('.')).then(|| name_of(text, name))?
        }
        _ => None,
    }
}

/// Returns `text` with `from.name` written as `to.name` for each of `names`.
pub(crate) fn moved(text: &str, (from, to): (&str, &str), names: &BTreeSet<String>) -> String {
    let Ok(tokens) = tokens(text) else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for window in tokens.windows(3) {
        let [database, dot, name] = window else {
            continue;
        };
        let is_moved = dot.kind == TokenKind::Symbol('.')
            && name_of(text, database).is_some_and(|found| found == from)
            && name_of(text, name).is_some_and(|name| names.contains(&name));
        if is_moved {
            out.push_str(text.get(copied..database.span.start).unwrap_or_default());
            out.push_str(&quote_identifier(to));
            copied = database.span.end;
        }
    }
    out.push_str(text.get(copied..).unwrap_or_default());
    out
}

/// Returns the identifier that a token is.
fn name_of(text: &str, token: &Token) -> Option<String> {
    let written = text.get(token.span.clone())?;
    match token.kind {
        TokenKind::Word => Some(written.to_owned()),
        TokenKind::QuotedIdentifier => {
            let inner = written.get(1..written.len().checked_sub(1)?)?;
            Some(inner.replace("\\`", "`").replace("\\\\", "\\"))
        }
        _ => None,
    }
}

/// Returns `database.table`, quoted.
pub(crate) fn qualified(database: &str, table: &str) -> String {
    format!("{}.{}", quote_identifier(database), quote_identifier(table))
}

/// Returns the rows of a query of ours.
pub(crate) async fn rows<T: serde::de::DeserializeOwned>(
    engine: &Engine,
    sql: &str,
) -> Result<Vec<T>, EngineError> {
    let output = engine.query(Query::admin(sql, "JSONEachRow")).await?;
    let lines = output.body.split(|byte| *byte == b'\n');
    lines
        .filter(|line| !line.is_empty())
        .map(|line| {
            serde_json::from_slice(line).map_err(|error| EngineError::Protocol {
                reason: format!("a row of a system table cannot be read: {error}"),
            })
        })
        .collect()
}

/// Runs an `INSERT … SELECT` or another statement of ours in `database`, with a token of its own.
pub(crate) async fn run(engine: &Engine, database: &str, sql: String) -> Result<u64, EngineError> {
    let mut query = Query::admin(sql, "Null");
    query.database = Some(database.to_owned());
    // In one thread rows keep their order, which decides among versions of a row.
    query.limits.threads = 1;
    query.settings.push((
        "insert_deduplication_token".to_owned(),
        Uuid::now_v7().to_string(),
    ));
    Ok(engine.query(query).await?.summary.written_rows)
}

/// Returns our databases whose names are `prefix` and an id, by that id.
pub(crate) async fn databases(
    engine: &Engine,
    prefix: &str,
) -> Result<BTreeMap<Uuid, String>, EngineError> {
    let prefix_text = quote_string(prefix);
    let sql = format!("SELECT name FROM system.databases WHERE startsWith(name, {prefix_text})");
    let found = rows::<Named>(engine, &sql).await?.into_iter();
    let found = found.filter_map(|database| {
        let id = Uuid::parse_str(database.name.strip_prefix(prefix)?).ok()?;
        Some((id, database.name))
    });
    Ok(found.collect())
}

/// Drops a database of ours. What a crash leaves of it is dropped by the next start: a table that has
/// been exchanged is known by its uuid and not exchanged again.
pub(crate) async fn drop_database(engine: &Engine, name: &str) -> Result<(), EngineError> {
    let sql = format!("DROP DATABASE IF EXISTS {} SYNC", quote_identifier(name));
    engine.execute(&sql).await
}

/// Returns the number of rows of a query of ours.
pub(crate) async fn count(engine: &Engine, database: &str, sql: &str) -> Result<u64, EngineError> {
    let mut query = Query::admin(sql, "TSVRaw");
    query.database = Some(database.to_owned());
    let output = engine.query(query).await?;
    let text = String::from_utf8_lossy(&output.body);
    text.trim().parse().map_err(|error| EngineError::Protocol {
        reason: format!("'{}' is no count: {error}", text.trim()),
    })
}

#[cfg(test)]
mod tests;
