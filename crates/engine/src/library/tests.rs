use std::fs;

use super::*;

#[test]
fn lock_file_is_valid_and_names_this_platform() {
    let lock: serde_json::Value = serde_json::from_str(LOCK).expect("valid lock file");
    assert!(lock["packages"][platform()].is_object(), "{}", platform());
}

#[test]
fn missing_library_names_the_command() {
    let cache = tempfile::tempdir().expect("directory");
    let error = find(|name| (name == "XDG_CACHE_HOME").then(|| cache.path().to_owned()))
        .expect_err("nothing there");
    assert!(error.to_string().contains("`make engine`"), "{error}");
}

#[test]
fn variable_wins_over_the_cache() {
    let directory = tempfile::tempdir().expect("directory");
    let own = directory.path().join("own.so");
    let error = find(|name| (name == VARIABLE).then(|| own.clone())).expect_err("no such file");
    assert!(error.to_string().contains("BIRDHOUSE_LIBCHDB"), "{error}");
    fs::write(&own, "").expect("write");
    let found = find(|name| (name == VARIABLE).then(|| own.clone())).expect("found");
    assert_eq!(found, own);
}

#[test]
fn cache_is_found_by_version_and_platform() {
    let home = tempfile::tempdir().expect("directory");
    let lock: Lock = serde_json::from_str(LOCK).expect("valid lock file");
    let directory = home
        .path()
        .join(".cache/birdhouse/engine")
        .join(&lock.version)
        .join(platform());
    fs::create_dir_all(&directory).expect("create");
    fs::write(directory.join(&lock.library), "").expect("write");
    let found = find(|name| (name == "HOME").then(|| home.path().to_owned())).expect("found");
    assert_eq!(found, directory.join(lock.library));
}
