//! The file `catalog.db`: how it is opened, and its format.
//!
//! The format version is SQLite's `user_version` and equals the number of migrations that were applied.
//! A migration is never edited once released; a change of the format is a new file at the end.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::CatalogError;
use crate::error::during;
use crate::vault::Vault;

const FILE_NAME: &str = "catalog.db";
const MIGRATIONS: [&str; 6] = [
    include_str!("schema/0001_initial.sql"),
    include_str!("schema/0002_accounts.sql"),
    include_str!("schema/0003_deployments.sql"),
    include_str!("schema/0004_jobs.sql"),
    include_str!("schema/0005_branches.sql"),
    include_str!("schema/0006_copies.sql"),
];
/// The newest format, that of this binary.
pub(crate) const FORMAT: i64 = 6;
/// Another process may hold the write lock for the time of a transaction.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Returns where the catalog of a data directory is.
pub(crate) fn path(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE_NAME)
}

/// Opens the file for reading and writing; an absent one is created. A newer format is refused before
/// anything is written.
pub(crate) fn open(path: &Path) -> Result<Connection, CatalogError> {
    let connection = connect(path, OpenFlags::default())?;
    version(&connection, path)?;
    connection
        .pragma_update(None, "journal_mode", "wal")
        .and_then(|()| connection.pragma_update(None, "synchronous", "full"))
        .and_then(|()| connection.pragma_update(None, "foreign_keys", true))
        .map_err(during("set up writing"))?;
    Ok(connection)
}

/// Opens the file for reading only, beside a process that writes; the format must be ours.
pub(crate) fn open_read_only(path: &Path) -> Result<Connection, CatalogError> {
    let missing = || CatalogError::Missing {
        path: path.to_owned(),
    };
    if !path.is_file() {
        return Err(missing());
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = connect(path, flags)?;
    match version(&connection, path)? {
        FORMAT => Ok(connection),
        // The file of a first start that did not finish.
        0 => Err(missing()),
        found => Err(CatalogError::OlderFormat {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        }),
    }
}

/// Returns the format of the file, 0 for an empty one.
pub(crate) fn version(db: &Connection, path: &Path) -> Result<i64, CatalogError> {
    let found = db
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(during("read the format"))?;
    if found > FORMAT {
        return Err(CatalogError::NewerFormat {
            path: path.to_owned(),
            found,
            supported: FORMAT,
        });
    }
    Ok(found)
}

/// Brings the file from format `found` to ours. The caller's transaction makes it all or nothing.
pub(crate) fn migrate(db: &Connection, found: i64, vault: &Vault) -> Result<(), CatalogError> {
    for (format, migration) in (1_i64..).zip(MIGRATIONS) {
        if format > found {
            db.execute_batch(migration)
                .and_then(|()| db.pragma_update(None, "user_version", format))
                .map_err(during("migrate the format"))?;
        }
    }
    if found == 0 {
        db.execute(
            "INSERT INTO key_check (digest) VALUES (?1)",
            [vault.check()],
        )
        .map_err(during("write the key check"))?;
    }
    Ok(())
}

/// Returns true when the file was made with this key.
pub(crate) fn knows_key(db: &Connection, vault: &Vault) -> Result<bool, CatalogError> {
    db.query_row("SELECT digest FROM key_check", [], |row| {
        row.get::<_, Vec<u8>>(0)
    })
    .map(|digest| digest == vault.check())
    .map_err(during("read the key check"))
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, CatalogError> {
    let connection = Connection::open_with_flags(path, flags).map_err(during("open the file"))?;
    connection
        .busy_timeout(BUSY_TIMEOUT)
        .map_err(during("set up waiting"))?;
    Ok(connection)
}
