//! One snapshot per file in `tests/inputs`: what a user sees, and what was understood.

use birdhouse_datafile::{NodeKind, Project, has_errors};

use crate::support;

#[test]
fn inputs() {
    insta::glob!("../inputs", "**/*.*", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let (project, diagnostics) = Project::parse(support::files(name, &text));
        let folder = path
            .parent()
            .unwrap()
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        assert_eq!(
            has_errors(&diagnostics),
            folder == "broken",
            "{}",
            support::render(&diagnostics)
        );
        assert_eq!(
            diagnostics.is_empty(),
            folder == "valid",
            "{}",
            support::render(&diagnostics)
        );
        insta::with_settings!({ omit_expression => true, prepend_module_to_snapshot => false }, {
            insta::assert_snapshot!(format!("{}{}", support::render(&diagnostics), outline(&project)));
        });
    });
}

/// A short form of everything that was understood.
fn outline(project: &Project) -> String {
    let mut out = vec![format!("\n{:?} project", project.dialect)];
    for datasource in &project.datasources {
        out.push(format!("data source {}", datasource.name));
        for column in &datasource.schema.columns {
            let path = column
                .json_path
                .as_ref()
                .map(|path| format!("  <- {}", path.value));
            out.push(format!(
                "  {}{}",
                column.definition(),
                path.unwrap_or_default()
            ));
        }
        for index in &datasource.indexes {
            out.push(format!("  {}", index.definition()));
        }
        out.push(format!("  {}", datasource.engine.to_sql(&[])));
    }
    for pipe in &project.pipes {
        let endpoint = pipe
            .endpoint()
            .map(|(node, why)| format!(", endpoint {} ({why:?})", node.name.value));
        out.push(format!(
            "pipe {}{}",
            pipe.name,
            endpoint.unwrap_or_default()
        ));
        for node in &pipe.nodes {
            let kind = match &node.kind {
                NodeKind::Standard => "standard".to_owned(),
                NodeKind::Endpoint => "endpoint".to_owned(),
                NodeKind::Stream => "stream".to_owned(),
                NodeKind::Materialized(view) => {
                    format!(
                        "materialized into {} ({:?})",
                        view.target.value, view.deployment_method
                    )
                }
                NodeKind::Copy(copy) => {
                    format!(
                        "copy into {} ({:?}, {:?})",
                        copy.target.value, copy.mode, copy.schedule
                    )
                }
                NodeKind::Sink(sink) => format!("sink to {} ({:?})", sink.connection, sink.target),
            };
            out.push(format!("  node {}: {kind}", node.name.value));
            for line in node.sql.as_str().lines() {
                out.push(format!("    | {line}"));
            }
        }
    }
    for connection in &project.connections {
        out.push(format!("connection {}", connection.name));
    }
    for token in project.tokens() {
        let grants = token
            .grants
            .iter()
            .map(|(scope, name)| format!("{} {name}", scope.word()));
        out.push(format!(
            "token {}: {}",
            token.name,
            grants.collect::<Vec<_>>().join(", ")
        ));
    }
    out.join("\n")
}
