//! What was committed is there after a restart, with the identities it had.

use birdhouse_catalog::{
    CatalogError, CatalogView, DEFAULT_WORKSPACE, DeploymentId, ResourceKind, SECRETS_MAX,
    SecretText, WorkspaceId, content_hash,
};

use crate::{draft, open, workspace};

#[test]
fn first_start_creates_one_workspace() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(&dir.path().join("new/data"));
    let view = catalog.view();
    let [workspace] = view.workspaces() else {
        panic!("one workspace expected");
    };
    assert_eq!(workspace.workspace.name, DEFAULT_WORKSPACE);
    assert_eq!(
        workspace.workspace.database,
        format!("ws_{}", workspace.workspace.id.0.simple())
    );
    assert_eq!(workspace.live.id, DeploymentId(0));
    assert!(workspace.resources.is_empty());
    assert_eq!(workspace.tokens.len(), 1);
}

#[test]
fn everything_reads_back_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let project = draft(
        &[("events.datasource", "SCHEMA >"), ("top.pipe", "NODE é\n")],
        &[("reader", "PIPES:READ:top")],
    );
    catalog.commit_deployment(id, &project).unwrap();
    catalog
        .set_secret(id, "PASSWORD", &SecretText::new("hunter2"))
        .unwrap();
    let before = format!("{:?}", catalog.view().workspaces());
    let values = |view: &CatalogView| {
        let workspace = &view.workspaces()[0];
        let mut values: Vec<_> = workspace
            .tokens
            .iter()
            .map(|token| token.value.clone())
            .collect();
        values.extend(workspace.secrets.iter().map(|secret| secret.value.clone()));
        values
    };
    let values_before = values(&catalog.view());
    drop(catalog);

    let catalog = open(dir.path());
    assert_eq!(format!("{:?}", catalog.view().workspaces()), before);
    assert_eq!(values(&catalog.view()), values_before);
    // A second process may look while the first one runs.
    let reader = CatalogView::read(dir.path()).unwrap();
    assert_eq!(format!("{:?}", reader.workspaces()), before);
    assert_eq!(values(&reader), values_before);
}

#[test]
fn resources_that_stay_keep_their_identity() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let files = [("a.datasource", "1"), ("b.pipe", "1"), ("c.pipe", "1")];
    let first = catalog.commit_deployment(id, &draft(&files, &[])).unwrap();
    let old = catalog.view();
    let files = [("a.datasource", "1"), ("b.pipe", "2"), ("a.pipe", "new")];
    let second = catalog.commit_deployment(id, &draft(&files, &[])).unwrap();
    let new = catalog.view();

    assert_eq!((first.id, second.id), (DeploymentId(1), DeploymentId(2)));
    let (old, new) = (&old.workspaces()[0], &new.workspaces()[0]);
    let unchanged = new.resource(ResourceKind::Datasource, "a").unwrap();
    assert_eq!(Some(unchanged), old.resource(ResourceKind::Datasource, "a"));

    let changed = new.resource(ResourceKind::Pipe, "b").unwrap();
    let before = old.resource(ResourceKind::Pipe, "b").unwrap();
    assert_eq!(
        (&changed.id, changed.created_at),
        (&before.id, before.created_at)
    );
    assert_eq!(changed.updated_at, second.created_at);
    assert_eq!(changed.content_hash, content_hash("2"));

    let added = new.resource(ResourceKind::Pipe, "a").unwrap();
    assert_eq!(added.id.as_str().len(), 34);
    assert_ne!(added.id, unchanged.id);
    assert_eq!(new.resource(ResourceKind::Pipe, "c"), None);
    assert_eq!(new.resources.len(), 3);

    let statuses: Vec<_> = new
        .deployments
        .iter()
        .map(|deployment| format!("{} {}", deployment.id, deployment.status))
        .collect();
    assert_eq!(statuses, ["0 deleted", "1 deleted", "2 data_ready"]);
    assert_eq!(new.live, second);
}

#[test]
fn view_does_not_change_under_its_reader() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let before = catalog.view();
    catalog
        .commit_deployment(workspace(&catalog), &draft(&[("a.pipe", "1")], &[]))
        .unwrap();
    assert!(before.workspaces()[0].resources.is_empty());
    assert_eq!(catalog.view().workspaces()[0].resources.len(), 1);
}

#[test]
fn impossible_deployments_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let message = |id, files: &[(&str, &str)]| {
        let error = catalog
            .commit_deployment(id, &draft(files, &[]))
            .unwrap_err();
        error.to_string()
    };
    let id = workspace(&catalog);
    assert_eq!(
        message(id, &[("a.pipe", "1"), ("a.pipe", "2")]),
        "pipe a appears twice in the deployment"
    );
    let stranger = WorkspaceId(uuid::Uuid::nil());
    assert_eq!(
        message(stranger, &[]),
        "workspace 00000000-0000-0000-0000-000000000000 does not exist"
    );
    assert_eq!(catalog.view().workspaces()[0].live.id, DeploymentId(0));
}

#[test]
fn secrets_are_set_replaced_and_deleted() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    catalog.set_secret(id, "B", &SecretText::new("1")).unwrap();
    catalog.set_secret(id, "A", &SecretText::new("")).unwrap();
    let created_at = catalog.view().workspaces()[0]
        .secret("B")
        .unwrap()
        .created_at;
    catalog.set_secret(id, "B", &SecretText::new("2")).unwrap();

    let view = catalog.view();
    let secrets = &view.workspaces()[0].secrets;
    let names: Vec<_> = secrets.iter().map(|secret| secret.name.as_str()).collect();
    assert_eq!(names, ["A", "B"]);
    assert_eq!(secrets[1].value, SecretText::new("2"));
    assert_eq!(secrets[1].created_at, created_at);
    assert!(secrets[1].updated_at > created_at);

    assert!(catalog.delete_secret(id, "B").unwrap());
    assert!(!catalog.delete_secret(id, "B").unwrap());
    assert_eq!(catalog.view().workspaces()[0].secret("B"), None);
}

#[test]
fn secrets_have_limits() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let set = |name: &str, value: String| catalog.set_secret(id, name, &SecretText::new(value));
    for name in ["", "1a", "a-b", "a b", "é", &"a".repeat(129)] {
        let error = set(name, String::new()).unwrap_err();
        assert!(
            matches!(error, CatalogError::InvalidSecretName { .. }),
            "{name}: {error}"
        );
    }
    set("a", "x".repeat(8192)).unwrap();
    assert_eq!(
        set("a", "x".repeat(8193)).unwrap_err().to_string(),
        "value of secret a has 8193 bytes, the limit is 8192"
    );
    for number in 1..SECRETS_MAX {
        set(&format!("a{number}"), String::new()).unwrap();
    }
    assert_eq!(
        set("one_too_many", String::new()).unwrap_err().to_string(),
        "the workspace already has 100 secrets"
    );
    set("a", "replacing is no addition".to_owned()).unwrap();
    let count = catalog.view().workspaces()[0].secrets.len();
    assert_eq!(u32::try_from(count), Ok(SECRETS_MAX));
}
