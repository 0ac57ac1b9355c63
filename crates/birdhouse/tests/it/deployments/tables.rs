//! The tables that the engine has, as its own files say: no query is needed, and none can hide one.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::Server;

/// All databases of an engine and the tables in them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tables {
    /// The uuid of each table by database and name.
    all: BTreeMap<(String, String), String>,
    databases: BTreeSet<String>,
}

impl Tables {
    pub(super) fn of(server: &Server) -> Self {
        let data = server.data().join("engine/data");
        let mut tables = Self {
            all: BTreeMap::new(),
            databases: BTreeSet::new(),
        };
        for (database, uuid) in definitions(&data.join("metadata")) {
            let Some(uuid) = uuid else { continue };
            let folder = data.join("store").join(uuid.get(..3).unwrap()).join(&uuid);
            for (table, uuid) in definitions(&folder) {
                let key = (database.clone(), table);
                tables.all.insert(key, uuid.unwrap_or_default());
            }
            tables.databases.insert(database);
        }
        tables
    }

    /// Returns the uuid of each data source's table, whatever number a deployment gave it. Panics
    /// when a data source has two.
    pub(super) fn by_datasource(&self) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for ((database, table), uuid) in &self.all {
            let is_workspace = database.starts_with("ws_")
                && !database.contains("__d")
                && !database.ends_with("_tinybird");
            if is_workspace {
                let other = found.insert(base(table), uuid.clone());
                assert_eq!(other, None, "{table} is there twice");
            }
        }
        found
    }

    /// Returns the names of tables and views, each there once. Panics when there is a database besides
    /// the workspace's two and one namespace of the live deployment.
    #[track_caller]
    pub(super) fn without_strays(&self) -> BTreeSet<String> {
        let is_usual = |name: &&String| *name == "default" || !name.contains("__");
        let others: Vec<&String> = self.databases.iter().filter(|d| !is_usual(d)).collect();
        let is_namespace = |name: &str| !base(name).contains("__");
        assert!(
            others.len() <= 1 && others.iter().all(|name| is_namespace(name)),
            "{others:?}"
        );
        self.by_datasource().into_keys().collect()
    }
}

/// Returns a name without the numbers of deployments.
fn base(name: &str) -> String {
    let mut parts = name.split("__d");
    let mut base = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| !c.is_ascii_digit());
        let (number, rest) = part.split_at(end.unwrap_or(part.len()));
        if number.is_empty() {
            base += "__d";
        }
        base += rest;
    }
    base
}

/// Returns what the `.sql` files of a folder define, with the uuids in them.
fn definitions(folder: &Path) -> Vec<(String, Option<String>)> {
    let Ok(entries) = fs::read_dir(folder) else {
        return Vec::new();
    };
    let files = entries.map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|e| e == "sql"));
    files.filter_map(|path| definition(&path)).collect()
}

fn definition(path: &PathBuf) -> Option<(String, Option<String>)> {
    // It may be dropped meanwhile.
    let text = fs::read_to_string(path).ok()?;
    let name = path.file_stem()?.to_str()?;
    let uuid = text.split_once("UUID '");
    let uuid = uuid.and_then(|(_, rest)| rest.split_once('\''));
    Some((name.to_owned(), uuid.map(|(uuid, _)| uuid.to_owned())))
}
