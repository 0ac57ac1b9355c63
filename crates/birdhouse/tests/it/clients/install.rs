//! Where `scripts/setup-tests` put the clients.

use std::env;
use std::path::{Path, PathBuf};

/// Returns `bin` of the Python environment of that name; prints why when there is none.
pub(super) fn python(name: &str) -> Option<PathBuf> {
    let cache = env::var_os("XDG_CACHE_HOME").map_or_else(
        || PathBuf::from(env::var_os("HOME").unwrap()).join(".cache"),
        PathBuf::from,
    );
    let environment = cache.join("birdhouse/clients").join(name);
    installed(name, &environment.join("installed.txt")).then(|| environment.join("bin"))
}

/// Returns whether the Node clients are installed; prints why not.
pub(super) fn has_node_clients() -> bool {
    let folder = repository().join("tests/clients");
    installed("npm packages", &folder.join("node_modules/.installed"))
}

pub(super) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn installed(what: &str, stamp: &Path) -> bool {
    let is_there = stamp.is_file();
    if !is_there {
        println!("SKIPPED: {what} is not installed, see scripts/setup-tests");
    }
    is_there
}
