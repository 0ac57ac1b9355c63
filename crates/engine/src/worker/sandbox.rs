//! The sandbox: after [`enter`], this process reaches the engine's own directory, the library and
//! a few read-only places of the system, and no TCP network.
//!
//! Needed because the engine reads and writes files by SQL in ways that no grant covers: the
//! function `file()` and `INTO OUTFILE`. Landlock applies to the calling thread and to threads it
//! starts, so this comes before everything else. Where the kernel has no Landlock the worker runs
//! without and says so.

use std::path::Path;

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset,
    RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus,
};
use serde::{Deserialize, Serialize};

/// How much of the sandbox the kernel provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Sandbox {
    /// All of it.
    Full,
    /// Files are fenced, but the kernel is too old for some rights.
    Partial,
    /// None: grants and the guard are the only protection.
    None,
}

impl Sandbox {
    /// Returns whether files outside the engine's directory are out of reach.
    pub(crate) fn is_effective(self) -> bool {
        self != Self::None
    }
}

/// What the worker needs besides the system's read-only places.
pub(super) struct Places<'a> {
    /// The engine's files: read and write.
    pub(super) data: &'a Path,
    /// The engine's configuration: read.
    pub(super) config: &'a Path,
    /// The library: read and map.
    pub(super) library: &'a Path,
}

/// The version of Landlock whose rights are named; an older kernel enforces what it knows.
const RIGHTS: ABI = ABI::V5;

/// Directories that the library and the C runtime read.
const READABLE: &[&str] = &[
    "/proc",
    "/sys",
    "/dev",
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/share/zoneinfo",
];

/// Files that the C runtime reads.
const READABLE_FILES: &[&str] = &["/etc/localtime", "/etc/timezone", "/etc/ld.so.cache"];

/// Fences this thread and all threads that it will start.
pub(super) fn enter(places: &Places<'_>) -> Result<Sandbox, RulesetError> {
    let read = AccessFs::from_read(RIGHTS);
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(RIGHTS))?
        .handle_access(AccessNet::from_all(RIGHTS))?
        .create()?;
    let places = [
        (places.data, AccessFs::from_all(RIGHTS)),
        (places.config, read),
        (places.library, read & AccessFs::from_file(RIGHTS)),
    ];
    let system = READABLE.iter().map(|path| (Path::new(path), read));
    let files = READABLE_FILES
        .iter()
        .map(|path| (Path::new(path), AccessFs::ReadFile.into()));
    for (path, rights) in places.into_iter().chain(system).chain(files) {
        // What does not exist needs no rule.
        if let Ok(place) = PathFd::new(path) {
            rules = rules.add_rule(PathBeneath::new(place, rights))?;
        }
    }
    Ok(match rules.restrict_self()?.ruleset {
        RulesetStatus::FullyEnforced => Sandbox::Full,
        RulesetStatus::PartiallyEnforced => Sandbox::Partial,
        RulesetStatus::NotEnforced => Sandbox::None,
    })
}
