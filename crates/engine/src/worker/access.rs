//! Who may do what inside the engine: the configuration files that define its roles.
//!
//! All connections are the user `default`; what they may do depends on the role they set. Roles
//! are fixed for the life of a worker, so grants name databases by a pattern. No role may use the
//! database `default`: the engine creates it with a part that reads any file by its name.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::supervisor::Durability;

/// Prefix of the names of workspace databases; readers may select from all of them.
pub const DATABASE_PREFIX: &str = "ws_";

/// Prefix of the names of databases that copiers may write to.
pub const COPY_DATABASE_PREFIX: &str = "copy_";

/// Under this name queries read the service data sources of their workspace. It is no database: each
/// workspace has its own, see [`service_database`].
pub const SERVICE_DATABASE: &str = "tinybird";

/// Blocks whose tokens a table remembers, unless its DDL says otherwise. Covers the replay of the
/// last few batches many times over.
const DEDUPLICATION_WINDOW: u32 = 1000;

/// What makes parts survive a loss of power: they are synced when they are inserted and when they are
/// merged, and what was merged away stays for a while. By default the library deletes it at once.
const POWER: &[(&str, &str)] = &[
    ("fsync_after_insert", "1"),
    ("fsync_part_directory", "1"),
    ("min_rows_to_fsync_after_merge", "1"),
    ("old_parts_lifetime", "480"),
];

/// Statements that open a connection of each role.
pub(super) const ADMIN_SETUP: &[&str] = &["SET ROLE admin"];
/// Readers also get `readonly = 2`: they may change settings, of which requests bring only allowed
/// ones, and write nothing.
pub(super) const READER_SETUP: &[&str] = &["SET ROLE reader", "SET readonly = 2"];

/// Copiers cannot be `readonly`; a request of theirs is one `INSERT … SELECT` or refused.
pub(super) const COPIER_SETUP: &[&str] = &["SET ROLE copier"];

/// Replaces the engine's `default` database, which reads files by name, by an empty ordinary one.
/// It cannot just be dropped: every new connection starts in it.
pub(super) const STARTUP: &[&str] = &[
    "SET ROLE startup",
    "DROP DATABASE IF EXISTS default",
    "CREATE DATABASE default ENGINE = Atomic",
];

/// Writes the engine's configuration into `directory` and returns the path of its main file.
pub(super) fn write(directory: &Path, durability: Durability) -> io::Result<PathBuf> {
    fs::create_dir_all(directory)?;
    let users = directory.join("users.xml");
    let config = directory.join("config.xml");
    fs::write(&users, users_xml())?;
    fs::write(&config, config_xml(&users, durability))?;
    Ok(config)
}

/// Returns the database with the service data sources of the workspace whose data is in `database`.
#[must_use]
pub fn service_database(database: &str) -> String {
    format!("{database}_{SERVICE_DATABASE}")
}

fn config_xml(users: &Path, durability: Durability) -> String {
    let users = escape(&users.to_string_lossy());
    let synced: String = match durability {
        Durability::Process => String::new(),
        Durability::Power => (POWER.iter())
            .map(|(name, value)| format!("    <{name}>{value}</{name}>\n"))
            .collect(),
    };
    format!(
        "<clickhouse>
  <user_directories><users_xml><path>{users}</path></users_xml></user_directories>
  <merge_tree>
    <non_replicated_deduplication_window>{DEDUPLICATION_WINDOW}</non_replicated_deduplication_window>
{synced}  </merge_tree>
</clickhouse>
"
    )
}

fn users_xml() -> String {
    format!(
        "<clickhouse>
  <profiles><default/></profiles>
  <quotas><default/></quotas>
  <roles>
    <startup><grants>
      <query>GRANT ALL ON default.*</query>
    </grants></startup>
    <admin><grants>
      <query>GRANT ALL ON *.* WITH GRANT OPTION</query>
      <query>REVOKE ALL ON default.*</query>
    </grants></admin>
    <reader><grants>
      <query>GRANT SELECT ON {DATABASE_PREFIX}*.*</query>
    </grants></reader>
    <copier><grants>
      <query>GRANT SELECT ON {DATABASE_PREFIX}*.*</query>
      <query>GRANT INSERT ON {COPY_DATABASE_PREFIX}*.*</query>
    </grants></copier>
  </roles>
  <users>
    <default>
      <password/>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>default</quota>
      <grants><query>GRANT startup, admin, reader, copier</query></grants>
    </default>
  </users>
</clickhouse>
"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}
