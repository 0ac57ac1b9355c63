//! What clients change: workspaces and tokens. A refused change leaves nothing behind.

use birdhouse_catalog::{
    ADMIN_TOKEN_NAME, Catalog, CatalogError, DEFAULT_WORKSPACE, Scope, Scopes, SecretText,
    TokenChange, TokenDraft, TokenOrigin, WORKSPACES_MAX,
};

use crate::{open, workspace};

fn draft(name: &str) -> TokenDraft {
    TokenDraft {
        name: name.to_owned(),
        description: "said".to_owned(),
        scopes: Scopes::new([Scope::read_pipe("top")]),
        origin: TokenOrigin::Custom,
        resource_id: None,
    }
}

fn names(catalog: &Catalog) -> Vec<String> {
    let view = catalog.view();
    let all = view.workspaces().iter();
    all.map(|view| view.workspace.name.clone()).collect()
}

#[test]
fn workspaces_come_and_go_with_what_is_in_them() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = catalog.create_workspace("mine").unwrap();
    assert_eq!(names(&catalog), [DEFAULT_WORKSPACE, "mine"]);
    catalog.create_token(id, &draft("reader")).unwrap();
    catalog
        .set_secret(id, "key", &SecretText::new("value"))
        .unwrap();
    let view = catalog.view();
    let mine = view.workspace(id).unwrap();
    let (database, admin) = (mine.workspace.database.clone(), mine.admin_token().unwrap());
    assert!(catalog.dropped_databases().unwrap().is_empty());
    catalog.delete_workspace(id).unwrap();
    assert_eq!(names(&catalog), [DEFAULT_WORKSPACE]);
    assert!(catalog.view().find_token(admin.value.expose()).is_none());
    // The engine is told to drop the database until it has.
    drop(catalog);
    let catalog = open(dir.path());
    assert_eq!(
        catalog.dropped_databases().unwrap(),
        std::slice::from_ref(&database)
    );
    catalog.forget_database(&database).unwrap();
    assert!(catalog.dropped_databases().unwrap().is_empty());
    let error = catalog.delete_workspace(id).unwrap_err();
    assert!(
        matches!(error, CatalogError::UnknownWorkspace(_)),
        "{error}"
    );
}

#[test]
fn branches_have_the_secrets_of_their_workspace_and_go_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let (main, other) = (workspace(&catalog), catalog.create_workspace("x").unwrap());
    let key = SecretText::new("value");
    catalog.set_secret(main, "key", &key).unwrap();
    // A name is free in each workspace.
    let branch = catalog.create_branch(main, "x").unwrap();
    catalog.create_branch(other, "x").unwrap();
    let taken = catalog.create_branch(main, "x").unwrap_err();
    assert!(matches!(taken, CatalogError::WorkspaceExists(_)), "{taken}");
    let wrong = catalog.create_branch(main, "a/b").unwrap_err();
    assert!(
        matches!(wrong, CatalogError::InvalidWorkspaceName { .. }),
        "{wrong}"
    );
    drop(catalog);
    let catalog = open(dir.path());
    assert_eq!(names(&catalog), [DEFAULT_WORKSPACE, "x", "x", "x"]);
    let view = catalog.view();
    let found = view.workspace(branch).unwrap();
    assert_eq!(found.workspace.main, Some(main));
    assert_eq!(found.secrets.first().unwrap().value, key);
    assert_ne!(
        found.admin_token().unwrap().value,
        view.workspace(main).unwrap().admin_token().unwrap().value
    );
    catalog.delete_workspace(other).unwrap();
    assert_eq!(names(&catalog), [DEFAULT_WORKSPACE, "x"]);
    assert_eq!(catalog.dropped_databases().unwrap().len(), 2);
}

#[test]
fn there_is_always_a_workspace() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let first = workspace(&catalog);
    catalog.delete_workspace(first).unwrap();
    assert_eq!(names(&catalog), [DEFAULT_WORKSPACE]);
    let next = workspace(&catalog);
    assert_ne!(next, first);
    // The account's admin token belongs to whatever workspace is the oldest.
    let view = catalog.view();
    let admin = &view.account().admin_token;
    let caller = view.find_token(admin.value.expose()).unwrap();
    assert_eq!(caller.workspace.workspace.id, next);
    assert!(caller.is_account() && caller.token.scopes.is_admin());
}

#[test]
fn names_and_numbers_of_workspaces_are_limited() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let refused = |name: &str| catalog.create_workspace(name).unwrap_err();
    for name in ["", "a b", "ä", "a;b", &"a".repeat(129)] {
        let error = refused(name);
        assert!(
            matches!(error, CatalogError::InvalidWorkspaceName { .. }),
            "{name}: {error}"
        );
    }
    assert!(matches!(
        refused(DEFAULT_WORKSPACE),
        CatalogError::WorkspaceExists(_)
    ));
    for n in 1..WORKSPACES_MAX {
        catalog.create_workspace(&format!("w{n}")).unwrap();
    }
    assert!(matches!(
        refused("more"),
        CatalogError::TooManyWorkspaces { .. }
    ));
    assert_eq!(names(&catalog).len(), WORKSPACES_MAX);
}

#[test]
fn the_account_stays_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let first = open(dir.path()).view().account().clone();
    let catalog = open(dir.path());
    assert_eq!(*catalog.view().account(), first);
    let given = SecretText::new("p.given");
    catalog.set_user_token(&given).unwrap();
    assert!(catalog.view().find_token("p.given").unwrap().is_account());
    let old = first.user_token.value.expose();
    assert!(catalog.view().find_token(old).is_none());
    // One value is one token.
    let taken = catalog.view().workspaces()[0]
        .admin_token()
        .unwrap()
        .value
        .clone();
    let error = catalog.set_user_token(&taken).unwrap_err();
    assert!(error.is_refusal(), "{error}");
    assert!(!error.to_string().contains(taken.expose()));
}

#[test]
fn tokens_change_one_thing_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let token = catalog.create_token(id, &draft("reader")).unwrap();
    let get = || {
        let view = catalog.view();
        let mut tokens = view.workspace(id).unwrap().tokens.iter();
        tokens.find(|known| known.id == token).unwrap().clone()
    };
    let before = get();
    assert_eq!(before.description, "said");
    let change = TokenChange {
        scopes: Some(Scopes::new([Scope::Tokens])),
        ..TokenChange::default()
    };
    catalog.update_token(id, token, &change).unwrap();
    let after = get();
    assert!(after.scopes.can_manage_tokens() && !after.scopes.can_read_pipe("top"));
    assert_eq!((&after.name, &after.value), (&before.name, &before.value));
    catalog.refresh_token(id, token).unwrap();
    assert!(catalog.view().find_token(before.value.expose()).is_none());
    assert!(catalog.view().find_token(get().value.expose()).is_some());
    let other = catalog.create_workspace("other").unwrap();
    for result in [
        catalog.refresh_token(other, token),
        catalog.delete_token(other, token),
        catalog.update_token(other, token, &change),
    ] {
        assert!(matches!(result, Err(CatalogError::UnknownToken(_))));
    }
    catalog.delete_token(id, token).unwrap();
    assert!(matches!(
        catalog.delete_token(id, token),
        Err(CatalogError::UnknownToken(_))
    ));
}

#[test]
fn tokens_that_cannot_be_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let refused = |draft: TokenDraft| catalog.create_token(id, &draft).unwrap_err().to_string();
    assert!(refused(draft("")).contains("1 to 256 characters"));
    assert!(refused(draft("a\nb")).contains("1 to 256 characters"));
    assert!(refused(draft(ADMIN_TOKEN_NAME)).contains("exists already"));
    let long = TokenDraft {
        description: "x".repeat(4097),
        ..draft("long")
    };
    assert!(refused(long).contains("4096 bytes"));
    let view = catalog.view();
    let admin = view.workspace(id).unwrap().admin_token().unwrap().id;
    assert!(catalog.delete_token(id, admin).unwrap_err().is_refusal());
    let change = TokenChange {
        name: Some("mine".to_owned()),
        ..TokenChange::default()
    };
    let error = catalog.update_token(id, admin, &change).unwrap_err();
    assert!(error.is_refusal(), "{error}");
    assert_eq!(catalog.view().workspace(id).unwrap().tokens.len(), 1);
}

#[test]
fn a_paused_copy_stays_paused_and_knows_its_last_run() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let pipe = birdhouse_catalog::ResourceId::parse("t_0123456789abcdef0123456789abcdef").unwrap();
    let at: jiff::Timestamp = "2026-01-01T10:00:00Z".parse().unwrap();
    catalog.set_copy_paused(id, &pipe, true).unwrap();
    catalog.set_last_copy_run(id, &pipe, at).unwrap();
    drop(catalog);
    let catalog = open(dir.path());
    let state = || catalog.view().workspace(id).unwrap().copies[&pipe];
    assert_eq!((state().is_paused, state().last_run), (true, Some(at)));
    catalog.set_copy_paused(id, &pipe, false).unwrap();
    assert_eq!((state().is_paused, state().last_run), (false, Some(at)));
}
