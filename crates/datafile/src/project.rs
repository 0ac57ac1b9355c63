//! A project: all its files read together.
//!
//! The extension of a file is its kind; folders mean nothing, except that files under `fixtures/`,
//! `tests/` and hidden folders are not resources, and of `vendor/<workspace>/` only data sources
//! are: those that the workspace shares, called `workspace.name`. Data sources and pipes share one
//! namespace. Mistakes of all files are reported together, and a resource that can be named is
//! there even when its file has mistakes; use a project only when nothing is an error.
//!
//! # Dialect
//!
//! A project is Forward unless it shows signs of Classic (see [`detect_dialect`]): then includes
//! work, some removed directives are ignored instead of refused, and an untyped pipe publishes its
//! last node. Pipes that only feed other pipes are published too, as Classic does; nobody can call
//! them without a token.

mod checks;

use std::collections::{HashMap, HashSet};

use crate::codes;
use crate::connection::{self, Connection};
use crate::datasource::{self, Datasource};
use crate::diagnostic::{self, Diagnostic};
use crate::grammar::{Dialect, FileKind, Grammar};
use crate::include::{self, Library};
use crate::lexer;
use crate::metadata::{ResourceName, TokenScope};
use crate::pipe::{self, Pipe};
use crate::source::SourceFile;

/// All resources of a project.
#[derive(Debug, Clone)]
pub struct Project {
    /// Flavour of the language that the files were read with.
    pub dialect: Dialect,
    /// Data sources, ordered by path.
    pub datasources: Vec<Datasource>,
    /// Pipes, ordered by path.
    pub pipes: Vec<Pipe>,
    /// Connections, ordered by path.
    pub connections: Vec<Connection>,
    /// All files that were given, ordered by path, with their original text.
    pub files: Vec<SourceFile>,
}

/// A token of a project with everything it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectToken {
    /// Name.
    pub name: String,
    /// What it may do with which resource, without repetition, in the order of the files.
    pub grants: Vec<(TokenScope, ResourceName)>,
}

impl Project {
    /// Reads all files of a project and reports what is wrong, ordered by file and position.
    ///
    /// ```
    /// use birdhouse_datafile::{Project, SourceFile};
    ///
    /// let file = SourceFile::new("pipes/one.pipe", "NODE n\nSQL >\n    SELECT 1\nTYPE endpoint\n");
    /// let (project, diagnostics) = Project::parse(vec![file]);
    /// assert!(diagnostics.is_empty());
    /// assert_eq!(project.pipes[0].name.as_str(), "one");
    /// ```
    pub fn parse(files: Vec<SourceFile>) -> (Self, Vec<Diagnostic>) {
        let dialect = detect_dialect(&files);
        Self::parse_as(files, dialect)
    }

    /// Reads all files of a project in a given dialect.
    pub fn parse_as(mut files: Vec<SourceFile>, dialect: Dialect) -> (Self, Vec<Diagnostic>) {
        files.sort_by(|a, b| a.path().cmp(b.path()));
        let mut project = Self {
            dialect,
            datasources: Vec::new(),
            pipes: Vec::new(),
            connections: Vec::new(),
            files: Vec::new(),
        };
        let mut out = Vec::new();
        let library = Library::new(files.iter().cloned());
        for file in &files {
            if let Some(kind) = resource_kind(file.path()) {
                project.add(file, kind, &library, &mut out);
            } else if let Some(workspace) = sharing_workspace(file.path()) {
                project.add_shared(file, workspace, &mut out);
            }
        }
        project.files = files;
        if dialect == Dialect::Classic {
            project.drop_repeated(&mut out);
        }
        checks::check(&project, &mut out);
        diagnostic::sort(&mut out);
        (project, out)
    }

    fn add(
        &mut self,
        file: &SourceFile,
        kind: FileKind,
        library: &Library,
        out: &mut Vec<Diagnostic>,
    ) {
        let grammar = Grammar::new(kind, self.dialect);
        let lexed = lexer::lex(file, &grammar, out);
        let lexed = include::expand(lexed, &grammar, library, out);
        match kind {
            FileKind::Datasource => {
                self.datasources
                    .extend(datasource::build(file, &lexed, self.dialect, out));
            }
            FileKind::Pipe => self
                .pipes
                .extend(pipe::build(file, &lexed, self.dialect, out)),
            FileKind::Connection => {
                self.connections
                    .push(connection::build(file, &lexed, self.dialect, out));
            }
        }
    }

    /// Adds a data source of another workspace. Nobody gets a token for it here.
    fn add_shared(&mut self, file: &SourceFile, workspace: &str, out: &mut Vec<Diagnostic>) {
        let grammar = Grammar::new(FileKind::Datasource, self.dialect);
        let lexed = lexer::lex(file, &grammar, out);
        let datasource = datasource::build(file, &lexed, self.dialect, out);
        self.datasources.extend(datasource.and_then(|datasource| {
            Some(Datasource {
                name: ResourceName::shared(workspace, &datasource.name)?,
                tokens: Vec::new(),
                connector: None,
                ..datasource
            })
        }));
    }

    /// Drops files that define the same resource again.
    ///
    /// Old projects have such leftovers, because pushing one file replaced the other. We keep the
    /// first by path; in Forward they are an error.
    fn drop_repeated(&mut self, out: &mut Vec<Diagnostic>) {
        let mut seen: HashMap<(FileKind, ResourceName), SourceFile> = HashMap::new();
        let mut keep = |kind: FileKind, name: &ResourceName, file: &SourceFile| {
            let Some(first) = seen.get(&(kind, name.clone())) else {
                seen.insert((kind, name.clone()), file.clone());
                return true;
            };
            let message = format!(
                "this file is not used: there is already a {} named '{name}'",
                kind.noun()
            );
            out.push(
                Diagnostic::warning(codes::DUPLICATE_NAME, message, file.start())
                    .with_label(first.start(), "this one is used")
                    .with_hint("remove one of the files"),
            );
            false
        };
        self.datasources
            .retain(|d| keep(FileKind::Datasource, &d.name, &d.file));
        self.pipes
            .retain(|p| keep(FileKind::Pipe, &p.name, &p.file));
    }

    /// Makes all data sources keep their rows forever, for tests: the dates of fixtures grow old.
    pub fn keep_expired_rows(&mut self) {
        for datasource in &mut self.datasources {
            datasource.engine.ttl = None;
        }
    }

    /// Returns the data source of a name.
    pub fn datasource(&self, name: &str) -> Option<&Datasource> {
        self.datasources
            .iter()
            .find(|datasource| datasource.name.as_str() == name)
    }

    /// Returns the pipe of a name.
    pub fn pipe(&self, name: &str) -> Option<&Pipe> {
        self.pipes.iter().find(|pipe| pipe.name.as_str() == name)
    }

    /// Returns the tokens of all files; the same name in several files is one token.
    pub fn tokens(&self) -> Vec<ProjectToken> {
        let datasources = self
            .datasources
            .iter()
            .flat_map(|d| d.tokens.iter().map(move |grant| (grant, &d.name)));
        let pipes = self
            .pipes
            .iter()
            .flat_map(|p| p.tokens.iter().map(move |grant| (grant, &p.name)));
        let mut tokens: Vec<ProjectToken> = Vec::new();
        for (grant, resource) in datasources.chain(pipes) {
            let entry = (grant.scope, resource.clone());
            match tokens
                .iter_mut()
                .find(|token| token.name == grant.name.value)
            {
                Some(token) if token.grants.contains(&entry) => {}
                Some(token) => token.grants.push(entry),
                None => tokens.push(ProjectToken {
                    name: grant.name.value.clone(),
                    grants: vec![entry],
                }),
            }
        }
        tokens
    }
}

/// Returns the kind of resource that a file defines, from its path.
pub fn resource_kind(path: &str) -> Option<FileKind> {
    const OTHER_FOLDERS: &[&str] = &["fixtures", "tests", "vendor", "node_modules"];
    let (folders, _) = path.rsplit_once('/').unwrap_or(("", path));
    let is_other = path
        .split('/')
        .any(|part| part.starts_with('.') && part.len() > 1 && part != "..")
        || folders
            .split('/')
            .any(|folder| OTHER_FOLDERS.contains(&folder));
    if is_other {
        None
    } else {
        FileKind::of_path(path)
    }
}

/// Returns the workspace that shares the data source of a file under `vendor/`.
fn sharing_workspace(path: &str) -> Option<&str> {
    let (workspace, file) = path.strip_prefix("vendor/")?.split_once('/')?;
    (resource_kind(file) == Some(FileKind::Datasource)).then_some(workspace)
}

/// Tells the dialect of a project from its texts.
///
/// A line that only Forward has (`FORWARD_QUERY`, `BACKFILL`, `DEPLOYMENT_METHOD`) decides for
/// Forward. Otherwise a line that only Classic has (`INCLUDE`, `VERSION`, `MAINTAINER`, `INDICES`,
/// `IMPORT_STRATEGY`, `IMPORT_SERVICE`, `ENGINE` in a pipe, …) decides for Classic, and so does
/// a project with untyped pipes in which no node says `TYPE endpoint`: read as Forward it would
/// publish nothing. Only unindented lines in upper case count, which is how directives are written.
pub fn detect_dialect(files: &[SourceFile]) -> Dialect {
    const FORWARD_ONLY: &[&str] = &["FORWARD_QUERY", "BACKFILL", "DEPLOYMENT_METHOD"];
    const CLASSIC_ONLY: &[&str] = &[
        "INCLUDE",
        "VERSION",
        "MAINTAINER",
        "INDICES",
        "IMPORT_STRATEGY",
        "IMPORT_SERVICE",
        "KAFKA_KEY_AVRO_DESERIALIZATION",
        "ENGINE_JOIN_STRICTNESS",
    ];
    let mut shows_classic = false;
    let mut has_untyped_pipe = false;
    let mut has_endpoint = false;
    for file in files {
        let Some(kind @ (FileKind::Datasource | FileKind::Pipe)) = resource_kind(file.path())
        else {
            continue;
        };
        let mut first_words = HashSet::new();
        let mut is_typed = false;
        for range in file.lines() {
            let line = file.slice(range);
            let mut words = line.split_whitespace();
            let Some(first) = words.next() else { continue };
            if first.eq_ignore_ascii_case("TYPE") {
                is_typed = true;
                has_endpoint |= words
                    .next()
                    .is_some_and(|word| word.eq_ignore_ascii_case("endpoint"));
            } else if !line.starts_with(char::is_whitespace) && words.next().is_some() {
                first_words.insert(first);
            }
        }
        if FORWARD_ONLY.iter().any(|word| first_words.contains(word)) {
            return Dialect::Forward;
        }
        shows_classic |= CLASSIC_ONLY.iter().any(|word| first_words.contains(word));
        if kind == FileKind::Pipe {
            shows_classic |= first_words.contains("ENGINE");
            has_untyped_pipe |= !is_typed;
        }
    }
    if shows_classic || (has_untyped_pipe && !has_endpoint) {
        Dialect::Classic
    } else {
        Dialect::Forward
    }
}
