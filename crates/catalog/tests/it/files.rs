//! The files on disk: who may read them, and what is said when they do not fit.

use std::error::Error;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use birdhouse_catalog::{Catalog, CatalogError, CatalogView};
use rusqlite::Connection;

use crate::open;

/// Returns what opening says, with the directory's path replaced by `DIR`. Reading must agree.
fn refusal(dir: &Path) -> String {
    let text = |error: &CatalogError| error.to_string().replace(dir.to_str().unwrap(), "DIR");
    let message = text(&Catalog::open(dir, None).unwrap_err());
    assert_eq!(text(&CatalogView::read(dir).unwrap_err()), message);
    message
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn key_file_is_its_owners_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let key = dir.path().join("key");
    assert_eq!(mode(&key), 0o600);
    assert_eq!(
        refusal_with_mode(dir.path(), 0o640),
        "key file DIR/key is open to other users (mode 0640); run `chmod 600` on it"
    );
    for open_mode in [0o604, 0o620, 0o777] {
        assert!(refusal_with_mode(dir.path(), open_mode).contains("chmod 600"));
    }
    for closed_mode in [0o400, 0o600, 0o700] {
        fs::set_permissions(&key, Permissions::from_mode(closed_mode)).unwrap();
        drop(open(dir.path()));
    }
}

fn refusal_with_mode(dir: &Path, mode: u32) -> String {
    fs::set_permissions(dir.join("key"), Permissions::from_mode(mode)).unwrap();
    refusal(dir)
}

#[test]
fn draft_of_a_key_that_a_crash_left_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    let draft = dir.path().join("key.new");
    fs::write(&draft, "birdhouse-key-1 0123").unwrap();
    fs::set_permissions(&draft, Permissions::from_mode(0o666)).unwrap();
    drop(open(dir.path()));
    assert_eq!(mode(&dir.path().join("key")), 0o600);
    assert!(!draft.exists());
}

#[test]
fn missing_key_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    fs::remove_file(dir.path().join("key")).unwrap();
    assert_eq!(
        refusal(dir.path()),
        "key file DIR/key is missing; the catalog beside it cannot be read without it"
    );
    assert!(!dir.path().join("key").exists());
}

#[test]
fn key_of_another_catalog_is_refused() {
    let (ours, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    drop((open(ours.path()), open(other.path())));
    fs::copy(other.path().join("key"), ours.path().join("key")).unwrap();
    assert_eq!(
        refusal(ours.path()),
        "key file DIR/key belongs to another catalog"
    );
}

#[test]
fn damaged_key_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let key = dir.path().join("key");
    let whole = fs::read(&key).unwrap();
    let mut longer = whole.clone();
    longer.extend_from_slice(b"00");
    let not_hex = whole.to_ascii_uppercase();
    for damaged in [&[][..], &whole[..20], b"\xff\xfe", &longer, &not_hex] {
        fs::write(&key, damaged).unwrap();
        assert_eq!(refusal(dir.path()), "key file DIR/key is damaged");
    }
}

#[test]
fn newer_format_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    drop(open(dir.path()));
    let path = dir.path().join("catalog.db");
    Connection::open(&path)
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    let before = fs::read(&path).unwrap();
    assert_eq!(
        refusal(dir.path()),
        "DIR/catalog.db has format 99, this binary knows formats up to 6; use a newer birdhouse"
    );
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn reading_creates_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let error = CatalogView::read(dir.path()).unwrap_err();
    assert!(matches!(error, CatalogError::Missing { .. }), "{error}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[test]
fn foreign_and_damaged_files_are_errors() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("catalog.db"), "not a database at all").unwrap();
    let error = Catalog::open(dir.path(), None).unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("file is not a database"), "{error}: {cause}");
}

#[test]
fn value_moved_to_another_token_does_not_open() {
    let dir = tempfile::tempdir().unwrap();
    let catalog = open(dir.path());
    let grants = [("a", "PIPES:READ:a"), ("b", "PIPES:READ:b")];
    catalog
        .commit_deployment(crate::workspace(&catalog), &crate::draft(&[], &grants))
        .unwrap();
    drop(catalog);
    Connection::open(dir.path().join("catalog.db"))
        .unwrap()
        .execute(
            "UPDATE tokens SET value = (SELECT value FROM tokens WHERE name = 'a') WHERE name = 'b'",
            [],
        )
        .unwrap();
    let message = refusal(dir.path());
    assert!(
        message.starts_with("cannot decrypt the value of token "),
        "{message}"
    );
}
