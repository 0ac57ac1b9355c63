//! Where `scripts/setup-tests` put the clients. A client that is not there fails its tests, unless
//! `BIRDHOUSE_SKIP_CLIENTS=1` says that they are not wanted.

use std::env;
use std::path::{Path, PathBuf};

/// For those who cannot reach the registries of the clients.
const SKIP: &str = "BIRDHOUSE_SKIP_CLIENTS";

/// Returns `bin` of the Python environment of that name; nothing when clients are to be skipped.
pub(super) fn python(name: &str) -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let environment = cache.join("birdhouse/clients").join(name);
    let requirements = format!("tests/clients/requirements/{name}.txt");
    is_wanted(name, &requirements, &environment.join("installed.txt"))
        .then(|| environment.join("bin"))
}

/// Returns true when the Node clients are there; false when clients are to be skipped.
pub(super) fn has_node_clients() -> bool {
    let folder = "tests/clients";
    let stamp = repository().join(folder).join("node_modules/.installed");
    is_wanted("npm", &format!("{folder}/package-lock.json"), &stamp)
}

pub(super) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Panics unless `stamp` says that what `list` names is installed, in these versions.
fn is_wanted(what: &str, list: &str, stamp: &Path) -> bool {
    if env::var_os(SKIP).is_some_and(|value| value == "1") {
        println!("SKIPPED: {SKIP}=1");
        return false;
    }
    let wanted = std::fs::read(repository().join(list)).unwrap();
    let installed = std::fs::read(stamp).unwrap_or_default();
    assert!(
        installed == wanted,
        "the {what} clients of {list} are not installed: run scripts/setup-tests, or set {SKIP}=1 to leave the official clients out"
    );
    true
}
