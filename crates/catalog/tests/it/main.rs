//! The catalog through its public interface, on a real directory.

#![cfg(test)]

mod access;
mod changes;
mod deployments;
mod files;
mod persistence;

use std::path::Path;

use birdhouse_catalog::{
    Catalog, DeploymentDraft, ResourceDraft, ResourceKind, SecretText, TokenGrant, WorkspaceId,
};

/// Opens the catalog of `dir` without an admin token of the operator.
fn open(dir: &Path) -> Catalog {
    Catalog::open(dir, None).unwrap()
}

fn workspace(catalog: &Catalog) -> WorkspaceId {
    catalog.view().workspaces()[0].workspace.id
}

/// Builds a draft from `(file name, content)` pairs and `(token, scope)` pairs.
fn draft(files: &[(&str, &str)], grants: &[(&str, &str)]) -> DeploymentDraft {
    DeploymentDraft {
        resources: files
            .iter()
            .map(|(file, content)| {
                let (name, extension) = file.split_once('.').unwrap();
                ResourceDraft {
                    kind: match extension {
                        "datasource" => ResourceKind::Datasource,
                        "pipe" => ResourceKind::Pipe,
                        _ => ResourceKind::Connection,
                    },
                    name: name.to_owned(),
                    path: (*file).to_owned(),
                    content: (*content).to_owned(),
                }
            })
            .collect(),
        grants: grants
            .iter()
            .map(|(token, scope)| TokenGrant {
                token: (*token).to_owned(),
                scope: scope.parse().unwrap(),
            })
            .collect(),
        ..DeploymentDraft::default()
    }
}

/// Lists the tokens as `name: scope, scope`.
fn tokens(catalog: &Catalog) -> Vec<String> {
    catalog.view().workspaces()[0]
        .tokens
        .iter()
        .map(|token| {
            let scopes: Vec<_> = token.scopes.iter().map(ToString::to_string).collect();
            format!("{}: {}", token.name, scopes.join(", "))
        })
        .collect()
}

fn value(catalog: &Catalog, token: &str) -> SecretText {
    let view = catalog.view();
    view.workspaces()[0].token(token).unwrap().value.clone()
}
