//! Substitution and paths.

use super::{normalize, substitute};
use crate::codes;
use crate::grammar::Dialect;
use crate::project::Project;
use crate::source::SourceFile;

#[test]
fn replaces_known_names_only() {
    let values = [("A", "1"), ("LONG_NAME", "x y")];
    assert_eq!(
        substitute("$A ${A} $AB $LONG_NAME $ $$A ${B}", &values),
        "1 1 $AB x y $ $1 ${B}"
    );
    assert_eq!(substitute("${A", &values), "${A");
}

#[test]
fn resolves_paths_inside_of_the_project() {
    assert_eq!(normalize("a/../b/./c.incl"), "b/c.incl");
    assert_eq!(normalize("../../x"), "x");
}

#[test]
fn endless_includes_end() {
    let files = vec![
        SourceFile::new("a.datasource", "INCLUDE b.incl\nSCHEMA >\n    a Int32\n"),
        SourceFile::new("b.incl", "INCLUDE b.incl\nINCLUDE b.incl\n"),
    ];
    let (project, diagnostics) = Project::parse_as(files, Dialect::Classic);
    assert_eq!(project.datasources.len(), 1);
    assert!(
        !diagnostics.is_empty() && diagnostics.iter().all(|d| d.code == codes::INVALID_INCLUDE)
    );
}
