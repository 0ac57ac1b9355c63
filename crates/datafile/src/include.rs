//! `INCLUDE file.incl KEY=value …` of Classic.
//!
//! The directive is replaced by the directives of the file, in whose text `$KEY` and `${KEY}` have
//! been replaced by the values. Names without a value stay as they are. A block of an included
//! file ends with the file. Paths are looked for beside the including file, then from the root of the
//! project, then by file name alone. In Forward the directive is an error.

use std::collections::HashMap;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, Grammar};
use crate::lexer::{self, Directive, Lexed, unquote};
use crate::source::{SourceFile, Span};

/// How deep includes may be nested.
const DEPTH_MAX: usize = 10;
/// How many includes are followed for one file, so that nesting cannot multiply.
const INCLUDES_MAX: usize = 200;

/// The files that can be included, by path.
#[derive(Debug, Default)]
pub(crate) struct Library {
    files: HashMap<String, SourceFile>,
}

impl Library {
    /// Creates a library of files.
    pub(crate) fn new(files: impl IntoIterator<Item = SourceFile>) -> Self {
        Self {
            files: files
                .into_iter()
                .map(|file| (file.path().to_owned(), file))
                .collect(),
        }
    }

    fn find(&self, from: &str, path: &str) -> Option<&SourceFile> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let beside = normalize(&format!("{folder}/{path}"));
        let found = self
            .files
            .get(&beside)
            .or_else(|| self.files.get(&normalize(path)));
        found.or_else(|| {
            let name = path.rsplit('/').next()?;
            let mut same_name = self
                .files
                .values()
                .filter(|file| file.path().rsplit('/').next() == Some(name));
            same_name.next().filter(|_| same_name.next().is_none())
        })
    }
}

/// Resolves `.` and `..` in a path of the project.
fn normalize(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    parts.join("/")
}

/// Replaces the includes of a file.
pub(crate) fn expand(
    lexed: Lexed,
    grammar: &Grammar,
    library: &Library,
    out: &mut Vec<Diagnostic>,
) -> Lexed {
    let Lexed {
        directives,
        comments_below,
    } = lexed;
    let mut expander = Expander {
        grammar,
        library,
        out,
        directives: Vec::new(),
        n_includes: 0,
    };
    expander.expand(directives, 0);
    Lexed {
        directives: expander.directives,
        comments_below,
    }
}

struct Expander<'a> {
    grammar: &'a Grammar,
    library: &'a Library,
    out: &'a mut Vec<Diagnostic>,
    directives: Vec<Directive>,
    n_includes: usize,
}

impl Expander<'_> {
    fn expand(&mut self, directives: Vec<Directive>, depth: usize) {
        for directive in directives {
            if directive.name() != "INCLUDE" {
                self.directives.push(directive);
                continue;
            }
            if let Some(file) = self.included(&directive, depth) {
                let lexed = lexer::lex(&file, self.grammar, self.out);
                self.expand(lexed.directives, depth + 1);
            }
        }
    }

    /// Returns the file of an include with its values put in.
    fn included(&mut self, directive: &Directive, depth: usize) -> Option<SourceFile> {
        let span = directive.span();
        if self.grammar.dialect == Dialect::Forward {
            self.error(
                "INCLUDE is not supported yet",
                span,
                "copy the lines of the included file here",
            );
            return None;
        }
        let Some((path, values)) = directive.words.split_first() else {
            self.error(
                "INCLUDE has no value",
                span,
                "write: INCLUDE includes/file.incl",
            );
            return None;
        };
        self.n_includes += 1;
        if depth >= DEPTH_MAX || self.n_includes > INCLUDES_MAX {
            let message = format!(
                "more than {INCLUDES_MAX} includes, or includes more than {DEPTH_MAX} levels deep"
            );
            self.error(&message, span, "does a file include itself?");
            return None;
        }
        let path = unquote(path.text());
        let Some(file) = self.library.find(span.file().path(), path) else {
            let message = format!("the included file '{path}' is not in the project");
            self.error(
                &message,
                span,
                "paths are relative to this file or to the root of the project",
            );
            return None;
        };
        let values: Vec<(&str, &str)> = values
            .iter()
            .filter_map(|word| unquote(word.text()).split_once('='))
            .map(|(key, value)| (key, unquote(value)))
            .collect();
        let text = substitute(file.text(), &values);
        Some(SourceFile::included(file.path().to_owned(), text, span))
    }

    fn error(&mut self, message: &str, span: Span, hint: &str) {
        self.out
            .push(Diagnostic::error(codes::INVALID_INCLUDE, message, span).with_hint(hint));
    }
}

/// Replaces `$KEY` and `${KEY}`.
fn substitute(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let (name, behind) = match after
            .strip_prefix('{')
            .and_then(|inner| inner.split_once('}'))
        {
            Some((name, behind)) => (name, behind),
            None => {
                let end = after
                    .find(|c: char| !(c.is_alphanumeric() || c == '_'))
                    .unwrap_or(after.len());
                after.split_at_checked(end).unwrap_or((after, ""))
            }
        };
        if let Some((_, value)) = values.iter().find(|(key, _)| *key == name) {
            out.push_str(value);
            rest = behind;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
