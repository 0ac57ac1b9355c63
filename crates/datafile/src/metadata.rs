//! What data sources and pipes have in common: names, descriptions, tokens, tags.

use std::fmt;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, FileKind, clip};
use crate::lexer::{Directive, unquote};
use crate::source::{SourceFile, Span, Spanned};

/// Name of a data source or a pipe: ASCII letters, digits and `_`, not starting with a digit.
///
/// A data source that another workspace shares has two such names with a dot between them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceName(String);

impl ResourceName {
    /// Checks a name.
    pub fn parse(text: &str) -> Option<Self> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        let is_valid = starts_well
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_valid.then(|| Self(text.to_owned()))
    }

    /// Returns the name that a data source shared by another workspace has here:
    /// `workspace.name`.
    pub(crate) fn shared(workspace: &str, name: &Self) -> Option<Self> {
        let workspace = Self::parse(workspace)?;
        Some(Self(format!("{workspace}.{name}")))
    }

    /// Returns the name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns the part of a path that names its resource: the file name without the extension.
pub(crate) fn file_stem(path: &str) -> &str {
    let name = path.rsplit('/').next().unwrap_or(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Returns the resource name of a file, or reports that its stem is no name.
pub(crate) fn resource_name(
    file: &SourceFile,
    kind: FileKind,
    out: &mut Vec<Diagnostic>,
) -> Option<ResourceName> {
    let stem = file_stem(file.path());
    let name = ResourceName::parse(stem);
    if name.is_none() {
        let message = format!("'{}' is not a valid {} name", clip(stem), kind.noun());
        out.push(
            Diagnostic::error(codes::INVALID_NAME, message, file.start()).with_hint(
                "the file name gives the name: use letters, digits and underscores, and start with no digit",
            ),
        );
    }
    name
}

/// What a token may do with a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TokenScope {
    /// Query it.
    Read,
    /// Send rows to it.
    Append,
}

impl TokenScope {
    /// Returns the word of the datafile.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "READ",
            Self::Append => "APPEND",
        }
    }
}

/// A `TOKEN` directive: the token of this name gets a scope on the resource of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenGrant {
    /// Name of the token, without quotes.
    pub name: Spanned<String>,
    /// What it may do.
    pub scope: TokenScope,
}

/// The entries of `TAGS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// Entries without `=`, for filtering.
    pub labels: Vec<String>,
    /// Entries with `=`, as key and value.
    pub operational: Vec<(String, String)>,
}

impl Tags {
    /// Adds the entries of a directive; labels accumulate, operational tags are replaced.
    pub(crate) fn add(&mut self, text: &str) {
        let mut operational = Vec::new();
        for entry in text
            .split(',')
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
        {
            match entry.split_once('=') {
                Some((key, value)) => {
                    operational.push((key.trim().to_owned(), value.trim().to_owned()));
                }
                None => self.labels.push(entry.to_owned()),
            }
        }
        if !operational.is_empty() {
            self.operational = operational;
        }
    }
}

/// Returns the text of a `DESCRIPTION`; it may be empty and keeps its quotes.
pub(crate) fn description(directive: &Directive) -> String {
    directive
        .quoted_value()
        .map(|text| text.value)
        .unwrap_or_default()
}

/// Reads a `TOKEN` directive.
pub(crate) fn token(
    directive: &Directive,
    kind: FileKind,
    dialect: Dialect,
    out: &mut Vec<Diagnostic>,
) -> Option<TokenGrant> {
    const USAGE: &str = "write: TOKEN \"token name\" READ";
    let mut report = |message: String, span: Span, hint: &str| {
        out.push(Diagnostic::error(codes::INVALID_TOKEN, message, span).with_hint(hint));
    };
    let [name, scope] = directive.words.as_slice() else {
        let message = match directive.words.len() {
            0 | 1 => "TOKEN takes two params: token name and permission e.g TOKEN \"read api token\" READ".to_owned(),
            count => format!(
                "Invalid number of arguments for TOKEN command: {count}. Expected 2 arguments: token name and permission"
            ),
        };
        report(
            message,
            directive.span(),
            "write: TOKEN \"token name\" READ; quote a name with blanks",
        );
        return None;
    };
    let word = unquote(scope.text());
    let name = Spanned::new(unquote(name.text()).to_owned(), name.clone());
    if name.value.is_empty() {
        report(
            "The token name is empty".to_owned(),
            name.span.clone(),
            USAGE,
        );
        return None;
    }
    match (word.to_ascii_uppercase().as_str(), kind) {
        ("READ", _) => Some(TokenGrant {
            name,
            scope: TokenScope::Read,
        }),
        ("APPEND", FileKind::Datasource) => Some(TokenGrant {
            name,
            scope: TokenScope::Append,
        }),
        ("APPEND", _) => {
            let message = format!(
                "Invalid permission APPEND for token {}. Only READ is allowed for pipes",
                name.value
            );
            report(
                message,
                scope.clone(),
                "put the APPEND permission into the file of the data source",
            );
            None
        }
        (_, _) if dialect == Dialect::Classic => {
            let message = format!(
                "the permission {} of token {} is not given",
                clip(word),
                name.value
            );
            out.push(
                Diagnostic::warning(codes::IGNORED_DIRECTIVE, message, scope.clone())
                    .with_hint("only READ and APPEND are given by files"),
            );
            None
        }
        _ => {
            let message = format!(
                "Invalid permission: {}. Only READ and APPEND are supported",
                clip(scope.text())
            );
            report(
                message,
                scope.clone(),
                "use READ to query, APPEND to send rows",
            );
            None
        }
    }
}

/// Returns the workspaces of a `SHARED_WITH` directive.
pub(crate) fn shared_with(
    directive: &Directive,
    out: &mut Vec<Diagnostic>,
) -> Vec<Spanned<String>> {
    let mut workspaces = Vec::new();
    if let Some(block) = &directive.block {
        let text = block.raw();
        let mut start = 0;
        for part in text.as_str().split(['\n', ',']) {
            let at = start + (part.len() - part.trim_start().len());
            let name = part.trim();
            start += part.len() + 1;
            if !name.is_empty() {
                workspaces.push(Spanned::new(
                    unquote(name).to_owned(),
                    text.span(at..at + name.len()),
                ));
            }
        }
    } else {
        for word in &directive.words {
            let names = unquote(word.text())
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty());
            workspaces.extend(names.map(|name| Spanned::new(name.to_owned(), word.clone())));
        }
    }
    if workspaces.is_empty() {
        let message = "SHARED_WITH requires at least one workspace name";
        out.push(Diagnostic::error(
            codes::MISSING_VALUE,
            message,
            directive.keyword.clone(),
        ));
    }
    workspaces
}
