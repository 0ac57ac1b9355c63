//! Data sources without a file: targets that a materialized node of Classic creates itself.
//!
//! The node says the engine, and its query the columns. Only the engine knows those, so the data
//! source begins without columns and gets them later.

use birdhouse_sql::DataType;

use super::{Backfill, Datasource};
use crate::metadata::{ResourceName, Tags};
use crate::pipe::{Materialization, Node, Pipe};
use crate::schema::{Column, Schema};
use crate::settings::Settings;
use crate::source::Spanned;

impl Datasource {
    /// Returns the data source that a node of `pipe` creates, still without columns; nothing when
    /// the node leaves that to a file, or when the name is none.
    pub fn implicit(pipe: &Pipe, materialization: &Materialization) -> Option<Self> {
        let engine = materialization.engine.as_deref()?;
        Some(Self {
            name: ResourceName::parse(&materialization.target.value)?,
            file: pipe.file.clone(),
            description: None,
            tokens: Vec::new(),
            tags: Tags::default(),
            schema: Schema {
                columns: Vec::new(),
                span: None,
                is_complete: true,
            },
            indexes: Vec::new(),
            engine: engine.clone(),
            shared_with: Vec::new(),
            forward_query: None,
            backfill: Backfill::Run,
            connector: None,
            unused: Settings::default(),
        })
    }

    /// Gives the data source the columns of the query of `node`.
    pub fn set_columns(&mut self, node: &Node, columns: Vec<(String, DataType)>) {
        let span = &node.name.span;
        let column = |(name, data_type): (String, DataType)| Column {
            name: Spanned::new(name, span.clone()),
            type_text: Some(Spanned::new(data_type.to_string(), span.clone())),
            data_type: Some(data_type),
            json_path: None,
            default: None,
            codec: None,
            span: span.clone(),
        };
        self.schema.columns = columns.into_iter().map(column).collect();
    }
}
