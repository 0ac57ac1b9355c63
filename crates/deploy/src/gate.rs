//! Keeps rows out of tables for the moment in which their views change.
//!
//! Whoever appends passes the gate for as long as the append runs. Whoever holds it waits for the
//! appends that run, and lets none in until the hold is dropped: a few milliseconds.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

/// The gate of all workspaces, by database. Share it in an `Arc`.
#[derive(Debug, Default)]
pub struct Gate {
    databases: Mutex<HashMap<String, Arc<RwLock<()>>>>,
    sweeping: tokio::sync::Mutex<()>,
}

/// The right to append, for as long as it lives.
#[derive(Debug)]
pub struct Pass(#[expect(dead_code, reason = "held, not read")] OwnedRwLockReadGuard<()>);

/// Keeps appends out for as long as it lives.
#[derive(Debug)]
pub struct Hold(#[expect(dead_code, reason = "held, not read")] OwnedRwLockWriteGuard<()>);

impl Gate {
    /// Returns when rows may be written to the tables of `database`.
    pub async fn pass(&self, database: &str) -> Pass {
        Pass(self.lock(database).read_owned().await)
    }

    /// Returns when nobody writes to the tables of `database`; nobody does until the hold is gone.
    pub async fn hold(&self, database: &str) -> Hold {
        Hold(self.lock(database).write_owned().await)
    }

    /// Returns when nobody else removes tables.
    pub(crate) async fn sweep(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.sweeping.lock().await
    }

    fn lock(&self, database: &str) -> Arc<RwLock<()>> {
        let mut databases = self.databases.lock();
        let lock = databases.entry(database.to_owned()).or_default();
        Arc::clone(lock)
    }
}
