//! Secrets in the text of datasource and connection files, before it is parsed.

use std::collections::BTreeMap;

use birdhouse_catalog::WorkspaceView;
use birdhouse_datafile::{Diagnostic, FileKind, SourceFile, resource_kind};
use birdhouse_template::{TemplateError, resolve_file, uses_tags};

use crate::codes;

/// Runs the tags in datasource and connection files, with the values of the workspace's secrets.
///
/// A file keeps what the user wrote beside the text that is parsed. One whose tags cannot be run
/// is reported and stays as it is. Pipes are not touched: secrets in SQL are query parameters.
pub(crate) fn resolve_secrets(
    files: Vec<SourceFile>,
    secrets: &BTreeMap<String, String>,
) -> (Vec<SourceFile>, Vec<Diagnostic>) {
    let mut found = Vec::new();
    let resolve = |file: SourceFile| {
        let kind = resource_kind(file.path());
        let has_tags = matches!(kind, Some(FileKind::Datasource | FileKind::Connection))
            && uses_tags(file.text());
        if !has_tags {
            return file;
        }
        let name = file.path().rsplit('/').next().unwrap_or_default();
        match resolve_file(file.text(), name, secrets) {
            Ok(resolved) => {
                let used = resolved.secrets.iter();
                let values = used.filter_map(|name| secrets.get(name).cloned());
                file.with_secrets(resolved.text, values.collect())
            }
            Err(error) => {
                found.push(diagnostic(&file, &error));
                file
            }
        }
    };
    let files = files.into_iter().map(resolve).collect();
    (files, found)
}

/// Returns the values of all secrets of a workspace, by name.
pub fn secret_values(workspace: &WorkspaceView) -> BTreeMap<String, String> {
    let pairs = workspace.secrets.iter();
    pairs
        .map(|secret| (secret.name.clone(), secret.value.expose().to_owned()))
        .collect()
}

fn diagnostic(file: &SourceFile, error: &TemplateError) -> Diagnostic {
    let line = error.line.map(|line| file.line_range(line));
    let place = line.map_or_else(|| file.start(), |range| file.span(range));
    Diagnostic::error(codes::TEMPLATE, error.message.clone(), place)
        .with_hint("secrets come from .env, or are set in the workspace; a default is the second argument of tb_secret")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use birdhouse_datafile::{Project, SourceFile};

    use super::resolve_secrets;

    fn resolved(path: &str, text: &str) -> (Project, String) {
        let pairs = [
            ("topic", "hunter2-topic"),
            ("engine", "hunter2"),
            ("type", "Hunter2("),
        ];
        let secrets: BTreeMap<String, String> = pairs
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        let (files, mut found) = resolve_secrets(vec![SourceFile::new(path, text)], &secrets);
        let (project, diagnostics) = Project::parse(files);
        found.extend(diagnostics);
        let shown: String = found.iter().map(|diagnostic| diagnostic.render()).collect();
        (project, shown)
    }

    #[test]
    fn values_are_parsed_and_not_kept() {
        let text = "TYPE kafka\nKAFKA_BOOTSTRAP_SERVERS {{ tb_secret('topic') }}:9092\n\
                    KAFKA_KEY {{ tb_secret('none', 'key') }}\n";
        let (project, shown) = resolved("connections/k.connection", text);
        assert_eq!(shown, "");
        let connection = &project.connections[0];
        let value = |name| connection.settings.get(name).unwrap().value.as_str();
        assert_eq!(value("KAFKA_BOOTSTRAP_SERVERS"), "hunter2-topic:9092");
        assert_eq!(value("KAFKA_KEY"), "key");
        assert_eq!(connection.file.written(), text);
    }

    #[test]
    fn mistakes_show_no_value() {
        let (_, shown) = resolved(
            "datasources/d.datasource",
            "SCHEMA >\n    a {{ tb_secret('type') }},\n    b Strin\nENGINE {{ tb_secret('engine') }}\n",
        );
        assert!(shown.contains("Engine *** is not supported"), "{shown}");
        assert!(shown.contains("Unknown data type family: Strin"), "{shown}");
        assert!(!shown.to_lowercase().contains("hunter"), "{shown}");
    }

    #[test]
    fn tags_that_fail_are_reported_in_their_line() {
        let (_, shown) = resolved(
            "datasources/d.datasource",
            "SCHEMA >\n    a Int32\nENGINE {{ tb_secret('missing') }}\n",
        );
        let wanted = "datasources/d.datasource:3:1: error[template/invalid]: Template Syntax Error: \
                      Cannot access secret 'missing'. Check the secret exists in the Workspace and \
                      the token has the required scope.\n  3 | ENGINE {{ tb_secret('missing') }}\n";
        assert!(shown.contains(wanted), "{shown}");
        let text =
            "NODE n\nSQL >\n    SELECT 1\nTYPE endpoint\nDESCRIPTION {{ tb_secret('no') }}\n";
        let (_, shown) = resolved("pipes/p.pipe", text);
        assert_eq!(shown, "", "pipes are left alone");
    }
}
