//! The files of a project, on their way into and out of the catalog.

use std::collections::BTreeMap;

use birdhouse_catalog::Resource;
use birdhouse_datafile::{Diagnostic, Project, SourceFile};

use crate::secrets::resolve_secrets;

/// Returns the files that resources were read from, in order of their paths.
pub fn files_of(resources: &[Resource]) -> Vec<SourceFile> {
    // A data source that a node creates has the file of its pipe.
    let files: BTreeMap<&str, &str> = resources
        .iter()
        .map(|resource| (resource.path.as_str(), resource.content.as_str()))
        .collect();
    let files = files.into_iter();
    files
        .map(|(path, content)| SourceFile::new(path, content))
        .collect()
}

/// Reads a project with the values of secrets, by name. What is wrong with it is the second result.
pub fn parse_project(
    files: Vec<SourceFile>,
    secrets: &BTreeMap<String, String>,
) -> (Project, Vec<Diagnostic>) {
    let (files, mut found) = resolve_secrets(files, secrets);
    let (project, mistakes) = Project::parse(files);
    found.extend(mistakes);
    (project, found)
}
