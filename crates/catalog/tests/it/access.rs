//! Tokens: how they come and go, how they are found, and that their values stay hidden.

use birdhouse_catalog::{ADMIN_TOKEN_NAME, Catalog, CatalogError, SecretText, TokenOrigin};

use crate::{draft, open, tokens, value, workspace};

#[test]
fn admin_token_looks_like_the_clients_expect() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let admin = value(&catalog, ADMIN_TOKEN_NAME);
    assert!(admin.expose().starts_with("p.ey"), "{}", admin.expose());
    assert_eq!(admin.expose().split('.').count(), 3);
    assert!(
        admin
            .expose()
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
    );
    let caller = catalog.view().find_token(admin.expose()).unwrap();
    assert!(caller.token.scopes.is_admin());
    assert_eq!(caller.workspace.workspace.id, workspace(&catalog));
}

#[test]
fn only_the_whole_value_is_found() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let view = catalog.view();
    let admin = value(&catalog, ADMIN_TOKEN_NAME);
    let id = view.workspaces()[0].tokens[0].id.to_string();
    let mut cut = admin.expose().to_owned();
    cut.pop();
    let longer = format!("{}x", admin.expose());
    for wrong in [
        "",
        ADMIN_TOKEN_NAME,
        &id,
        &cut,
        &longer,
        &"x".repeat(1 << 20),
    ] {
        assert!(view.find_token(wrong).is_none(), "{wrong:.80}");
    }
}

#[test]
fn operator_chooses_the_admin_token() {
    let dir = tempfile::tempdir().unwrap();
    let admin = |catalog: &Catalog| value(catalog, ADMIN_TOKEN_NAME).expose().to_owned();
    let open_with = |token: &str| Catalog::open(dir.path(), Some(&SecretText::new(token)));

    let id = {
        let catalog = open_with("first-choice").unwrap();
        assert_eq!(admin(&catalog), "first-choice");
        catalog.view().workspaces()[0].tokens[0].id
    };
    let catalog = open_with("second-choice").unwrap();
    assert_eq!(admin(&catalog), "second-choice");
    assert!(catalog.view().find_token("first-choice").is_none());
    assert_eq!(
        catalog.view().find_token("second-choice").unwrap().token.id,
        id
    );
    drop(catalog);
    assert_eq!(admin(&open_with("second-choice").unwrap()), "second-choice");
    assert_eq!(admin(&open(dir.path())), "second-choice");
}

#[test]
fn unusable_admin_tokens_are_refused_without_being_shown() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    catalog
        .commit_deployment(
            workspace(&catalog),
            &draft(&[], &[("reader", "PIPES:READ:a")]),
        )
        .unwrap();
    let reader = value(&catalog, "reader");
    let before = value(&catalog, ADMIN_TOKEN_NAME);
    drop(catalog);

    let long = "q".repeat(1025);
    for unusable in ["", "with space", "line\nbreak", "é-accent", long.as_str()] {
        let error = Catalog::open(dir.path(), Some(&SecretText::new(unusable))).unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(
            matches!(error, CatalogError::InvalidAdminToken { .. }),
            "{shown}"
        );
        assert!(unusable.is_empty() || !shown.contains(unusable), "{shown}");
    }
    let error = Catalog::open(dir.path(), Some(&reader)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the admin token has the same value as token \"reader\""
    );
    assert!(!format!("{error:?}").contains(reader.expose()));
    assert_eq!(value(&open(dir.path()), ADMIN_TOKEN_NAME), before);
}

#[test]
fn tokens_follow_the_datafiles() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let deploy = |grants: &[(&str, &str)]| {
        catalog.commit_deployment(id, &draft(&[], grants)).unwrap();
        tokens(&catalog)
    };
    assert_eq!(
        deploy(&[
            ("reader", "PIPES:READ:a"),
            ("writer", "DATASOURCES:APPEND:e"),
            ("reader", "PIPES:READ:b"),
            ("reader", "PIPES:READ:a"),
        ]),
        [
            "workspace admin token: ADMIN",
            "reader: PIPES:READ:a, PIPES:READ:b",
            "writer: DATASOURCES:APPEND:e",
        ]
    );
    let reader = catalog.view().workspaces()[0]
        .token("reader")
        .unwrap()
        .clone();
    assert_eq!(reader.origin, TokenOrigin::Datafile);
    let writer = value(&catalog, "writer");

    assert_eq!(
        deploy(&[("reader", "PIPES:READ:b"), ("reader", "DATASOURCES:READ:e")]),
        [
            "workspace admin token: ADMIN",
            "reader: PIPES:READ:b, DATASOURCES:READ:e",
        ]
    );
    let same = catalog.view().find_token(reader.value.expose()).unwrap();
    assert_eq!(same.token.id, reader.id);
    assert!(catalog.view().find_token(writer.expose()).is_none());

    // A token that comes back is a new one: whoever kept the old value stays out.
    deploy(&[("writer", "DATASOURCES:APPEND:e")]);
    assert_ne!(value(&catalog, "writer"), writer);
}

#[test]
fn datafiles_do_not_weaken_or_delete_the_admin_token() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let id = workspace(&catalog);
    let admin = value(&catalog, ADMIN_TOKEN_NAME);
    let grants = [(ADMIN_TOKEN_NAME, "PIPES:READ:a")];
    catalog.commit_deployment(id, &draft(&[], &grants)).unwrap();
    assert_eq!(
        tokens(&catalog),
        ["workspace admin token: ADMIN, PIPES:READ:a"]
    );
    catalog.commit_deployment(id, &draft(&[], &[])).unwrap();
    assert_eq!(tokens(&catalog), ["workspace admin token: ADMIN"]);
    assert_eq!(value(&catalog, ADMIN_TOKEN_NAME), admin);
}

#[test]
fn no_value_is_shown_or_stored_in_the_clear() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = Catalog::open(dir.path(), Some(&SecretText::new("operators-choice"))).unwrap();
    let id = workspace(&catalog);
    catalog
        .commit_deployment(id, &draft(&[], &[("reader", "PIPES:READ:a")]))
        .unwrap();
    catalog
        .set_secret(id, "PASSWORD", &SecretText::new("correct-horse"))
        .unwrap();
    let reader = value(&catalog, "reader");
    let view = catalog.view();
    let caller = view.find_token(reader.expose()).unwrap();
    let shown = format!("{catalog:?} {view:?} {caller:?} {:?}", caller.token.value);

    let mut stored = Vec::new();
    for entry in std::fs::read_dir(dir.path()).unwrap() {
        stored.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let stored = String::from_utf8_lossy(&stored);
    assert!(stored.contains("PASSWORD"), "names are not hidden");
    for hidden in ["operators-choice", "correct-horse", reader.expose()] {
        assert!(!shown.contains(hidden));
        assert!(!stored.contains(hidden));
    }
}
