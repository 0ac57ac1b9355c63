//! A deployment is staged, becomes live, and goes; readers see one or the other.

use birdhouse_catalog::{
    Catalog, CatalogError, DEPLOYMENTS_KEPT_MAX, DeploymentDraft, DeploymentId, DeploymentStatus,
    ResourceKind, WorkspaceId,
};
use rusqlite::Connection;

use crate::{draft, open, tokens, workspace};

/// Lists the deployments as `id status`, the live one with a star.
fn deployments(catalog: &Catalog) -> Vec<String> {
    let view = catalog.view();
    let all = view.workspaces()[0].deployments.iter();
    all.map(|d| format!("{} {}{}", d.id, d.status, if d.live { " *" } else { "" }))
        .collect()
}

fn set(catalog: &Catalog, id: u32, status: DeploymentStatus) -> Result<(), CatalogError> {
    catalog.update_deployment(workspace(catalog), DeploymentId(id), status, None)
}

fn stage(catalog: &Catalog, project: &DeploymentDraft) -> Result<DeploymentId, CatalogError> {
    let staged = catalog.stage_deployment(workspace(catalog), project)?;
    Ok(staged.id)
}

#[test]
fn staging_is_invisible_until_it_is_promoted() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let old = [("a.datasource", "1"), ("b.pipe", "1")];
    catalog
        .commit_deployment(id, &draft(&old, &[("reader", "PIPES:READ:b")]))
        .unwrap();
    let new = draft(
        &[("a.datasource", "1"), ("b.pipe", "2"), ("c.pipe", "1")],
        &[("other", "PIPES:READ:c")],
    );
    let staged = stage(&catalog, &new).unwrap();
    assert_eq!(
        deployments(&catalog),
        ["0 deleted", "1 data_ready *", "2 calculating"]
    );
    let view = catalog.view();
    let seen = &view.workspaces()[0];
    assert_eq!(seen.live.id, DeploymentId(1));
    assert_eq!(seen.resources.len(), 2);
    assert_eq!(tokens(&catalog)[1..], ["reader: PIPES:READ:b"]);
    let staging = seen.staging.as_ref().unwrap();
    assert_eq!(
        (staging.deployment.id, staging.resources.len()),
        (staged, 3)
    );
    let live_id = &seen.resource(ResourceKind::Datasource, "a").unwrap().id;
    assert_eq!(&staging.resources[0].id, live_id);

    // Not before it is ready, and one at a time.
    let error = catalog.promote_deployment(id, staged).unwrap_err();
    assert_eq!(
        error.to_string(),
        "deployment 2 cannot become live: its status is calculating"
    );
    let error = stage(&catalog, &new).unwrap_err();
    assert!(
        matches!(error, CatalogError::DeploymentInProgress(DeploymentId(2))),
        "{error}"
    );

    set(&catalog, 2, DeploymentStatus::DataReady).unwrap();
    catalog.promote_deployment(id, staged).unwrap();
    let late = DeploymentDraft {
        base: Some(DeploymentId(1)),
        ..new
    };
    let error = stage(&catalog, &late).unwrap_err();
    assert_eq!(
        error.to_string(),
        "deployment 2 became live meanwhile; deploy again"
    );
    assert_eq!(
        deployments(&catalog),
        ["0 deleted", "1 deleting", "2 data_ready *"]
    );
    assert_eq!(tokens(&catalog)[1..], ["other: PIPES:READ:c"]);
    assert_eq!(catalog.view().workspaces()[0].resources.len(), 3);
    set(&catalog, 1, DeploymentStatus::Deleted).unwrap();
    let before = deployments(&catalog);
    drop(catalog);
    assert_eq!(deployments(&open(dir.path())), before);
}

#[test]
fn a_discarded_deployment_leaves_its_number_and_words() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let staged = stage(
        &catalog,
        &draft(&[("a.pipe", "1")], &[("t", "PIPES:READ:a")]),
    )
    .unwrap();
    let words = r#"{"errors":["no"]}"#;
    catalog
        .update_deployment(id, staged, DeploymentStatus::Deleting, Some(words))
        .unwrap();
    assert!(catalog.view().workspaces()[0].staging.is_none());
    set(&catalog, 1, DeploymentStatus::Deleted).unwrap();
    let view = catalog.view();
    let gone = view.workspaces()[0].deployment(staged).unwrap();
    assert_eq!(
        (gone.status, &*gone.details),
        (DeploymentStatus::Deleted, words)
    );
    let message = |result: Result<(), CatalogError>| result.unwrap_err().to_string();
    assert_eq!(
        message(set(&catalog, 1, DeploymentStatus::DataReady)),
        "deployment 1 does not exist"
    );
    assert_eq!(
        message(set(&catalog, 0, DeploymentStatus::Deleting)),
        "deployment 0 is live and cannot be deleted; make another one live first"
    );
    let error = catalog.promote_deployment(id, DeploymentId(9)).unwrap_err();
    assert_eq!(error.to_string(), "deployment 9 does not exist");
    let stranger = WorkspaceId(uuid::Uuid::nil());
    assert!(
        catalog
            .stage_deployment(stranger, &draft(&[], &[]))
            .is_err()
    );
}

#[test]
fn old_deployments_are_forgotten() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    for _ in 0..DEPLOYMENTS_KEPT_MAX + 5 {
        catalog
            .commit_deployment(workspace(&catalog), &draft(&[("a.pipe", "1")], &[]))
            .unwrap();
    }
    let view = catalog.view();
    let kept = &view.workspaces()[0].deployments;
    assert_eq!(kept.len(), DEPLOYMENTS_KEPT_MAX as usize + 1);
    assert_eq!(
        kept.last().unwrap().id,
        DeploymentId(DEPLOYMENTS_KEPT_MAX + 5)
    );
    assert_eq!(kept.first().unwrap().id, DeploymentId(5));
}

/// The file of the format before, with a live deployment, reads as before.
#[test]
fn catalogs_of_the_format_before_are_migrated() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    catalog
        .commit_deployment(
            workspace(&catalog),
            &draft(&[("a.pipe", "1")], &[("t", "PIPES:READ:a")]),
        )
        .unwrap();
    drop(catalog);
    Connection::open(dir.path().join("catalog.db"))
        .unwrap()
        .execute_batch(
            "ALTER TABLE workspaces DROP COLUMN main_id;
             DROP TABLE copies;
             DROP TABLE jobs;
             DROP TABLE deployment_grants;
             DROP INDEX one_live_deployment;
             DROP INDEX one_staging_deployment;
             UPDATE deployments SET status = 'live' WHERE live;
             ALTER TABLE deployments DROP COLUMN live;
             ALTER TABLE deployments DROP COLUMN updated_at;
             ALTER TABLE deployments DROP COLUMN details;
             CREATE UNIQUE INDEX one_live_deployment ON deployments (workspace_id) WHERE status = 'live';
             PRAGMA user_version = 2;",
        )
        .unwrap();
    let catalog = open(dir.path());
    assert_eq!(deployments(&catalog), ["0 deleted", "1 data_ready *"]);
    assert_eq!(tokens(&catalog)[1..], ["t: PIPES:READ:a"]);
    assert_eq!(catalog.view().workspaces()[0].resources.len(), 1);
    // Its grants were taken over: a promotion of the same project keeps the token.
    let grants: i64 = Connection::open(dir.path().join("catalog.db"))
        .unwrap()
        .query_row("SELECT count() FROM deployment_grants", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(grants, 1);
}
