//! Scopes: what a token allows, and the questions asked about them.
//!
//! The wire form is `TYPE[:RESOURCE[:FILTER]]`, such as `DATASOURCES:APPEND:events`. A filter is an
//! SQL condition over the rows that may be read.

use std::fmt;
use std::str::FromStr;

/// Data sources end with this when they hold the rejected rows of another.
const QUARANTINE_SUFFIX: &str = "_quarantine";

/// One thing that a token allows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `ADMIN`: everything in the workspace.
    Admin,
    /// `ADMIN_USER`: everything, for a member of the workspace.
    AdminUser,
    /// `TOKENS`: manage tokens.
    Tokens,
    /// `WORKSPACE:READ_ALL`: read every data source and pipe.
    WorkspaceReadAll,
    /// `WORKSPACE:DEPLOY`: build and deploy.
    WorkspaceDeploy,
    /// `ORG_DATASOURCES:READ`: query `organization.*`.
    OrgDatasourcesRead,
    /// `DATASOURCES:CREATE`: create data sources and append to any.
    DatasourcesCreate,
    /// `DATASOURCES:APPEND:<data source>`.
    DatasourcesAppend(String),
    /// `DATASOURCES:DROP:<data source>`.
    DatasourcesDrop(String),
    /// `DATASOURCES:READ:<data source>[:<filter>]`.
    DatasourcesRead {
        /// Name of the data source.
        datasource: String,
        /// Condition on the rows that may be read; all when absent.
        filter: Option<String>,
    },
    /// `PIPES:CREATE`: create pipes.
    PipesCreate,
    /// `PIPES:DROP:<pipe>`.
    PipesDrop(String),
    /// `PIPES:READ:<pipe>[:<filter>]`: call the endpoint, and query the pipe by SQL.
    PipesRead {
        /// Name of the pipe.
        pipe: String,
        /// Condition on the rows that may be read; all when absent.
        filter: Option<String>,
    },
}

/// Why a text is not a scope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseScopeError {
    /// No scope begins like this.
    #[error("unknown scope {0:?}")]
    Unknown(String),
    /// The scope needs the name of a resource.
    #[error("scope {0} needs the name of a resource: {0}:<name>")]
    ResourceMissing(&'static str),
    /// The scope is about the whole workspace.
    #[error("scope {0} takes no resource")]
    ResourceUnexpected(&'static str),
    /// The scope is not about rows.
    #[error("scope {0} takes no filter")]
    FilterUnexpected(&'static str),
}

/// The scopes of a token, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes(Vec<Scope>);

/// How a type of scope is followed by a resource and a filter.
enum Shape {
    Workspace(Scope),
    Resource(fn(String) -> Scope),
    Rows(fn(String, Option<String>) -> Scope),
}

/// Every type of scope. No type is the beginning of another one up to a colon.
const TYPES: [(&str, Shape); 13] = [
    ("ADMIN", Shape::Workspace(Scope::Admin)),
    ("ADMIN_USER", Shape::Workspace(Scope::AdminUser)),
    ("TOKENS", Shape::Workspace(Scope::Tokens)),
    (
        "WORKSPACE:READ_ALL",
        Shape::Workspace(Scope::WorkspaceReadAll),
    ),
    ("WORKSPACE:DEPLOY", Shape::Workspace(Scope::WorkspaceDeploy)),
    (
        "ORG_DATASOURCES:READ",
        Shape::Workspace(Scope::OrgDatasourcesRead),
    ),
    (
        "DATASOURCES:CREATE",
        Shape::Workspace(Scope::DatasourcesCreate),
    ),
    (
        "DATASOURCES:APPEND",
        Shape::Resource(Scope::DatasourcesAppend),
    ),
    ("DATASOURCES:DROP", Shape::Resource(Scope::DatasourcesDrop)),
    (
        "DATASOURCES:READ",
        Shape::Rows(|datasource, filter| Scope::DatasourcesRead { datasource, filter }),
    ),
    ("PIPES:CREATE", Shape::Workspace(Scope::PipesCreate)),
    ("PIPES:DROP", Shape::Resource(Scope::PipesDrop)),
    (
        "PIPES:READ",
        Shape::Rows(|pipe, filter| Scope::PipesRead { pipe, filter }),
    ),
];

impl Scope {
    /// Returns the scope to append to a data source.
    #[must_use]
    pub fn append(datasource: impl Into<String>) -> Self {
        Self::DatasourcesAppend(datasource.into())
    }

    /// Returns the scope to read all rows of a data source.
    #[must_use]
    pub fn read_datasource(datasource: impl Into<String>) -> Self {
        Self::DatasourcesRead {
            datasource: datasource.into(),
            filter: None,
        }
    }

    /// Returns the scope to read all rows of a pipe.
    #[must_use]
    pub fn read_pipe(pipe: impl Into<String>) -> Self {
        Self::PipesRead {
            pipe: pipe.into(),
            filter: None,
        }
    }

    /// Returns the first part of the wire form, such as `DATASOURCES:APPEND`.
    #[must_use]
    pub fn type_name(&self) -> &'static str {
        match self {
            Self::Admin => "ADMIN",
            Self::AdminUser => "ADMIN_USER",
            Self::Tokens => "TOKENS",
            Self::WorkspaceReadAll => "WORKSPACE:READ_ALL",
            Self::WorkspaceDeploy => "WORKSPACE:DEPLOY",
            Self::OrgDatasourcesRead => "ORG_DATASOURCES:READ",
            Self::DatasourcesCreate => "DATASOURCES:CREATE",
            Self::DatasourcesAppend(_) => "DATASOURCES:APPEND",
            Self::DatasourcesDrop(_) => "DATASOURCES:DROP",
            Self::DatasourcesRead { .. } => "DATASOURCES:READ",
            Self::PipesCreate => "PIPES:CREATE",
            Self::PipesDrop(_) => "PIPES:DROP",
            Self::PipesRead { .. } => "PIPES:READ",
        }
    }

    /// Returns the name of the data source or pipe that the scope is about, if it is about one.
    #[must_use]
    pub fn resource(&self) -> Option<&str> {
        match self {
            Self::DatasourcesAppend(name)
            | Self::DatasourcesDrop(name)
            | Self::DatasourcesRead {
                datasource: name, ..
            }
            | Self::PipesDrop(name)
            | Self::PipesRead { pipe: name, .. } => Some(name),
            _ => None,
        }
    }

    /// Returns the condition on the rows that may be read, if there is one.
    #[must_use]
    pub fn filter(&self) -> Option<&str> {
        match self {
            Self::DatasourcesRead { filter, .. } | Self::PipesRead { filter, .. } => {
                filter.as_deref()
            }
            _ => None,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.type_name())?;
        for part in [self.resource(), self.filter()].into_iter().flatten() {
            write!(f, ":{part}")?;
        }
        Ok(())
    }
}

impl FromStr for Scope {
    type Err = ParseScopeError;

    fn from_str(text: &str) -> Result<Self, ParseScopeError> {
        for (type_name, shape) in TYPES {
            let rest = match text.strip_prefix(type_name) {
                Some("") => "",
                Some(rest) => match rest.strip_prefix(':') {
                    Some(rest) => rest,
                    None => continue,
                },
                None => continue,
            };
            let (resource, filter) = rest.split_once(':').unwrap_or((rest, ""));
            return shape.scope(type_name, resource, filter);
        }
        Err(ParseScopeError::Unknown(text.to_owned()))
    }
}

impl Shape {
    fn scope(
        self,
        type_name: &'static str,
        resource: &str,
        filter: &str,
    ) -> Result<Scope, ParseScopeError> {
        let named = !resource.is_empty();
        match self {
            Self::Workspace(_) if named || !filter.is_empty() => {
                Err(ParseScopeError::ResourceUnexpected(type_name))
            }
            Self::Workspace(scope) => Ok(scope),
            Self::Resource(_) | Self::Rows(_) if !named => {
                Err(ParseScopeError::ResourceMissing(type_name))
            }
            Self::Resource(_) if !filter.is_empty() => {
                Err(ParseScopeError::FilterUnexpected(type_name))
            }
            Self::Resource(scope) => Ok(scope(resource.to_owned())),
            Self::Rows(scope) => {
                let filter = (!filter.is_empty()).then(|| filter.to_owned());
                Ok(scope(resource.to_owned(), filter))
            }
        }
    }
}

impl Scopes {
    /// Returns the scopes in their order, without repetitions.
    #[must_use]
    pub fn new(scopes: impl IntoIterator<Item = Scope>) -> Self {
        let mut unique = Vec::new();
        for scope in scopes {
            if !unique.contains(&scope) {
                unique.push(scope);
            }
        }
        Self(unique)
    }

    /// Returns each scope.
    pub fn iter(&self) -> impl Iterator<Item = &Scope> {
        self.0.iter()
    }

    /// Returns true when everything in the workspace is allowed, service data sources included.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.has(|scope| matches!(scope, Scope::Admin | Scope::AdminUser))
    }

    /// Returns true when tokens may be listed and changed.
    #[must_use]
    pub fn can_manage_tokens(&self) -> bool {
        self.is_admin() || self.has(|scope| *scope == Scope::Tokens)
    }

    /// Returns true when a project may be checked and deployed.
    #[must_use]
    pub fn can_deploy(&self) -> bool {
        self.is_admin() || self.has(|scope| *scope == Scope::WorkspaceDeploy)
    }

    /// Returns true when rows may be appended to the data source.
    #[must_use]
    pub fn can_append(&self, datasource: &str) -> bool {
        self.is_admin()
            || self.has(|scope| match scope {
                Scope::DatasourcesCreate => true,
                Scope::DatasourcesAppend(name) => name == datasource,
                _ => false,
            })
    }

    /// Returns true when copies may be run, paused and resumed.
    #[must_use]
    pub fn can_run_copies(&self) -> bool {
        self.is_admin() || self.has(|scope| *scope == Scope::PipesCreate)
    }

    /// Returns true when rows of any data source may be replaced and removed.
    #[must_use]
    pub fn can_remove_rows(&self) -> bool {
        self.is_admin() || self.has(|scope| *scope == Scope::DatasourcesCreate)
    }

    /// Returns true when all rows of the data source may be read; of its quarantine as well.
    ///
    /// A scope with a filter does not count: it allows some rows only, and whoever runs the query must
    /// apply its filter.
    #[must_use]
    pub fn can_read_datasource(&self, datasource: &str) -> bool {
        let source = datasource.strip_suffix(QUARANTINE_SUFFIX);
        self.can_read_all()
            || self.has(|scope| match scope {
                Scope::DatasourcesRead {
                    datasource: name,
                    filter: None,
                } => name == datasource || Some(name.as_str()) == source,
                _ => false,
            })
    }

    /// Returns true when the pipe's endpoint may be called and its rows read; a scope with a filter
    /// does not count, as in [`Scopes::can_read_datasource`].
    #[must_use]
    pub fn can_read_pipe(&self, pipe: &str) -> bool {
        self.can_read_all()
            || self.has(|scope| match scope {
                Scope::PipesRead {
                    pipe: name,
                    filter: None,
                } => name == pipe,
                _ => false,
            })
    }

    /// Returns true when every data source and pipe of the workspace may be read.
    #[must_use]
    pub fn can_read_all(&self) -> bool {
        self.is_admin() || self.has(|scope| *scope == Scope::WorkspaceReadAll)
    }

    fn has(&self, is_wanted: impl Fn(&Scope) -> bool) -> bool {
        self.0.iter().any(is_wanted)
    }
}

#[cfg(test)]
mod tests;
