//! `FORWARD_QUERY`: a `SELECT` without `FROM` that makes rows of the new schema of old ones.

use std::collections::BTreeMap;

use birdhouse_datafile::{Datasource, Diagnostic, Project, Span};
use birdhouse_engine::EngineError;
use birdhouse_query::QueryError;
use birdhouse_sql::{DataType, Statement};

use super::Scratch;
use crate::change::widens;
use crate::codes;
use crate::error::DeployError;
use crate::existing::{Described, describe};
use crate::table::Table;
use crate::view::qualified;

/// What a `FORWARD_QUERY` gives.
#[derive(Debug)]
pub(crate) enum Forward {
    /// These columns, which fit.
    Fits(Vec<String>),
    /// Something that does not fit.
    Misfit(Vec<Diagnostic>),
}

impl Scratch<'_> {
    /// Tries out the forward queries of data sources that there are already.
    pub(super) async fn forwards(
        &self,
        project: &Project,
        found: &mut Vec<Diagnostic>,
    ) -> Result<BTreeMap<String, Forward>, DeployError> {
        let mut forwards = BTreeMap::new();
        for datasource in &project.datasources {
            let name = datasource.name.as_str();
            let old = self.old.iter().find(|old| old.name.as_str() == name);
            if let (Some(old), Some(query)) = (old, &datasource.forward_query) {
                let place = query.span(0..query.as_str().trim_end().len());
                let forward = self
                    .forward(old, datasource, (query.as_str(), &place))
                    .await?;
                forwards.insert(name.to_owned(), forward);
            } else if let Some(query) = &datasource.forward_query {
                // There are no columns to run it over, but what may never run is said at once.
                let place = query.span(0..query.as_str().trim_end().len());
                found.extend(self.guard(query.as_str(), &place).await?);
            }
        }
        Ok(forwards)
    }

    async fn forward(
        &self,
        old: &Datasource,
        new: &Datasource,
        (query, place): (&str, &Span),
    ) -> Result<Forward, DeployError> {
        let refused = self.guard(query, place).await?;
        if !refused.is_empty() {
            return Ok(Forward::Misfit(refused));
        }
        let engine = &self.deployer.engine;
        let table = format!("old.{}", old.name);
        let create = Table::of(old).create_as(&self.database, &table);
        engine.execute(&create).await?;
        let query = query.trim().trim_end_matches(';');
        let sql = format!("{query}\nFROM {}", qualified(&self.database, &table));
        let given = match describe(engine, &self.database, &sql).await {
            Err(DeployError::Engine(EngineError::Exception { message, .. })) => {
                let message = message.split(" in scope ").next().unwrap_or_default();
                return Ok(Forward::Misfit(vec![
                    Diagnostic::error(codes::FORWARD, message.to_owned(), place.clone())
                        .with_hint("write SELECT and one expression per column of the new schema, without FROM and WHERE"),
                ]));
            }
            given => given?,
        };
        let problems = compare(new, &given, place);
        Ok(if problems.is_empty() {
            Forward::Fits(given.into_iter().map(|column| column.name).collect())
        } else {
            Forward::Misfit(problems)
        })
    }

    /// Returns what is wrong with the text of a forward query, whatever it runs over.
    async fn guard(&self, query: &str, place: &Span) -> Result<Vec<Diagnostic>, DeployError> {
        let refused =
            |message: String| vec![Diagnostic::error(codes::FORWARD, message, place.clone())];
        let statement = match Statement::parse(query) {
            Ok(statement) => statement,
            Err(error) => return Ok(refused(error.to_string())),
        };
        match self
            .deployer
            .guard
            .analyze(&statement, "FORWARD_QUERY", &[])
            .await
        {
            Ok(analysis) => {
                let mut read = analysis.tables.keys().filter(|name| *name != "system.one");
                Ok(read.next().map_or_else(Vec::new, |name| {
                    refused(format!(
                        "FORWARD_QUERY reads {name}; it has no FROM, its expressions are over the columns of the data source"
                    ))
                }))
            }
            Err(QueryError::Engine { source })
                if !matches!(source, EngineError::Exception { .. }) =>
            {
                Err(source.into())
            }
            Err(error) => Ok(refused(error.to_string())),
        }
    }
}

/// Compares what a forward query gives with the columns of the data source.
fn compare(new: &Datasource, given: &[Described], place: &Span) -> Vec<Diagnostic> {
    let mut problems = Vec::new();
    let mut problem = |message: String, hint: String| {
        problems.push(Diagnostic::error(codes::FORWARD, message, place.clone()).with_hint(hint));
    };
    for column in &new.schema.columns {
        let name = &column.name.value;
        let Some(found) = given.iter().find(|given| given.name == *name) else {
            if column.default.is_none() {
                problem(
                    format!("FORWARD_QUERY does not give the column {name}"),
                    format!("add an expression for it: … AS {name}"),
                );
            }
            continue;
        };
        let (Some(wanted), Ok(found)) = (&column.data_type, DataType::parse(&found.data_type))
        else {
            continue;
        };
        if !widens(&found, wanted) {
            problem(
                format!("FORWARD_QUERY gives {found} for the column {name}, which is {wanted}"),
                format!("convert it: CAST(…, '{wanted}') AS {name}"),
            );
        }
    }
    let known = Table::columns(new);
    for column in given.iter().filter(|given| !known.contains(&given.name)) {
        problem(
            format!(
                "FORWARD_QUERY gives {}, which is not a column of {}",
                column.name, new.name
            ),
            "give its expression the name of a column, with AS".to_owned(),
        );
    }
    problems
}
