//! A change that does not finish leaves nothing: after an error, and after the process is gone.

use std::process::Command;

use crate::{ResourceDraft, ResourceKind, Scope, TokenGrant};

use super::*;

const CRASH_DIR: &str = "BIRDHOUSE_TEST_CRASH_DIR";

fn draft(names: &[&str]) -> DeploymentDraft {
    DeploymentDraft {
        resources: names
            .iter()
            .map(|name| ResourceDraft {
                kind: ResourceKind::Pipe,
                name: (*name).to_owned(),
                path: format!("pipes/{name}.pipe"),
                content: "x".repeat(100_000),
            })
            .collect(),
        grants: vec![TokenGrant {
            token: "reader".to_owned(),
            scope: Scope::read_pipe(names[0]),
        }],
        ..DeploymentDraft::default()
    }
}

fn names(view: &CatalogView) -> Vec<String> {
    view.workspaces()[0]
        .resources
        .iter()
        .map(|resource| resource.name.clone())
        .collect()
}

#[test]
fn failed_change_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), None).unwrap();
    let workspace = catalog.view().workspaces()[0].workspace.id;
    catalog
        .commit_deployment(workspace, &draft(&["a"]))
        .unwrap();
    let before = catalog.view();

    let error = catalog
        .write(|transaction, now| {
            deployment::stage(transaction, (workspace, now), &draft(&["b"]))?;
            workspace::require(transaction, WorkspaceId::random())
        })
        .unwrap_err();
    assert!(error.to_string().starts_with("workspace "), "{error}");
    assert!(Arc::ptr_eq(&before, &catalog.view()));
    assert_eq!(names(&CatalogView::read(dir.path()).unwrap()), ["a"]);

    // The writer is still usable.
    catalog
        .commit_deployment(workspace, &draft(&["c"]))
        .unwrap();
    assert_eq!(names(&CatalogView::read(dir.path()).unwrap()), ["c"]);
}

/// Starts itself as a child process that dies between the last write and the commit.
#[test]
fn crash_in_a_commit_leaves_the_old_deployment() {
    if let Ok(dir) = std::env::var(CRASH_DIR) {
        die_in_a_commit(Path::new(&dir));
    }
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "catalog::tests::crash_in_a_commit_leaves_the_old_deployment",
        ])
        .env(CRASH_DIR, dir.path())
        .output()
        .unwrap()
        .status;
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(6),
        "the child must die by its own abort"
    );
    assert!(dir.path().join("catalog.db-wal").metadata().unwrap().len() > 10_000_000);

    let catalog = Catalog::open(dir.path(), None).unwrap();
    let view = catalog.view();
    assert_eq!(names(&view), ["a"]);
    let tokens = &view.workspaces()[0].tokens;
    let scopes: Vec<_> = tokens
        .iter()
        .flat_map(|token| token.scopes.iter().map(Scope::to_string))
        .collect();
    assert_eq!(scopes, ["ADMIN", "PIPES:READ:a"]);
    catalog
        .commit_deployment(view.workspaces()[0].workspace.id, &draft(&["b"]))
        .unwrap();
    assert_eq!(names(&catalog.view()), ["b"]);
}

fn die_in_a_commit(dir: &Path) {
    let catalog = Catalog::open(dir, None).unwrap();
    let workspace = catalog.view().workspaces()[0].workspace.id;
    catalog
        .commit_deployment(workspace, &draft(&["a"]))
        .unwrap();
    // Enough that SQLite's cache overflows and half the change is already in the file.
    let many: Vec<String> = (0..300).map(|number| format!("b{number}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    catalog
        .write(|transaction, now| {
            deployment::stage(transaction, (workspace, now), &draft(&many))?;
            CatalogView::load(transaction, Arc::clone(&catalog.vault))?;
            std::process::abort();
            #[expect(unreachable_code, reason = "gives the closure its type")]
            Ok(())
        })
        .unwrap();
}
