//! The part of a workspace that queries see: names that can be read, and pipes ready to render.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use birdhouse_template::{Template, TemplateError, template_text};

use crate::error::QueryError;

/// A snapshot of what can be queried. Replaced as a whole when a deployment is promoted.
#[derive(Clone, Debug, Default)]
pub struct Resources {
    /// The engine's database in which data sources have their own names.
    pub database: String,
    /// The engine's database of the workspace's service data sources.
    pub service_database: String,
    /// Data sources and their quarantine tables, by name.
    pub datasources: BTreeSet<String>,
    /// Service data sources, without the database's name.
    pub services: BTreeSet<String>,
    /// Pipes, by name.
    pub pipes: BTreeMap<String, Arc<Pipe>>,
}

/// A pipe that is ready to be called.
#[derive(Debug)]
pub struct Pipe {
    /// Stable id, `t_` and 32 hex digits.
    pub id: String,
    /// The pipe's name.
    pub name: String,
    /// Its nodes in file order.
    pub nodes: Vec<Node>,
    /// Name of the node that is published.
    pub endpoint: Option<String>,
    /// Name of the node that others read by the pipe's name: the endpoint, else the last one.
    pub output: Option<String>,
}

/// A node of a pipe.
#[derive(Debug)]
pub struct Node {
    /// The node's name, unique in its pipe.
    pub name: String,
    /// What it says.
    pub body: Body,
}

/// The SQL of a node.
#[derive(Debug, Clone)]
pub enum Body {
    /// SQL as it is.
    Plain(Arc<str>),
    /// A template, compiled.
    Template(Arc<Template>),
}

impl Body {
    /// Reads the SQL of the node `name`: a template when it begins with `%`.
    ///
    /// # Errors
    /// When the template cannot be compiled.
    pub fn parse(sql: &str, name: &str) -> Result<Self, TemplateError> {
        match template_text(sql) {
            Some(text) => Ok(Self::Template(Arc::new(Template::compile(
                text,
                Some(name),
            )?))),
            None => Ok(Self::Plain(sql.trim().into())),
        }
    }
}

impl Pipe {
    /// Returns the node of that name.
    #[must_use]
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.nodes.iter().find(|node| node.name == name)
    }
}

impl Resources {
    /// Returns the pipe of that name or id.
    ///
    /// # Errors
    /// [`QueryError::PipeNotFound`].
    pub fn pipe(&self, name_or_id: &str) -> Result<&Arc<Pipe>, QueryError> {
        self.pipes
            .get(name_or_id)
            .or_else(|| self.pipes.values().find(|pipe| pipe.id == name_or_id))
            .ok_or_else(|| QueryError::PipeNotFound {
                pipe: name_or_id.to_owned(),
            })
    }
}
