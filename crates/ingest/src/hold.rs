//! Tables that nothing is inserted into for a while.
//!
//! An insert shares its table with others; whoever replaces, empties or rewrites the rows of tables
//! holds them for itself, and waits until the inserts that run have ended.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// The tables of all workspaces, each with who is at it.
#[derive(Debug, Default)]
pub struct Holds {
    locks: Mutex<HashMap<Table, Lock>>,
}

/// Names of a database and of a table in it.
type Table = (String, String);

type Lock = Arc<RwLock<()>>;

/// Keeps inserts out of tables until it is dropped.
#[derive(Debug)]
pub struct Hold {
    _tables: Vec<OwnedRwLockWriteGuard<()>>,
}

/// An insert that runs.
#[derive(Debug)]
pub struct Inserting {
    _table: OwnedRwLockReadGuard<()>,
}

impl Holds {
    /// Returns when no insert into any of these tables runs, and keeps it so.
    pub async fn hold(&self, database: &str, tables: &BTreeSet<String>) -> Hold {
        let mut held = Vec::with_capacity(tables.len());
        // All take the tables in the same order, so that nobody waits in a circle.
        for table in tables {
            held.push(self.lock(database, table).write_owned().await);
        }
        Hold { _tables: held }
    }

    /// Returns when the table is not held, and keeps it so.
    pub async fn insert(&self, database: &str, table: &str) -> Inserting {
        Inserting {
            _table: self.lock(database, table).read_owned().await,
        }
    }

    fn lock(&self, database: &str, table: &str) -> Lock {
        let mut locks = self.locks.lock();
        let key = (database.to_owned(), table.to_owned());
        Arc::clone(locks.entry(key).or_default())
    }
}
