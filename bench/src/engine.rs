//! The engine alone, over its worker's socket.

use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::connection::{Connection, request};
use crate::events::DATASOURCE;
use crate::server::Server;

/// Connections that the worker has for inserts.
pub(crate) const INSERT_CONNECTIONS: usize = 2;

/// The engine of a server.
pub(crate) struct Engine {
    socket: PathBuf,
    database: String,
}

impl Engine {
    pub(crate) async fn of(server: &Server) -> anyhow::Result<Self> {
        let socket = server.engine_socket()?;
        let database = admin(
            &socket,
            "SELECT name FROM system.databases WHERE match(name, '^ws_[0-9a-f]{32}$')",
        );
        let database = database.await?.trim().to_owned();
        Ok(Self { socket, database })
    }

    pub(crate) async fn connections(&self, count: usize) -> anyhow::Result<Vec<Connection>> {
        let mut all = Vec::with_capacity(count);
        for _ in 0..count {
            all.push(Connection::unix(&self.socket).await?);
        }
        Ok(all)
    }

    /// Returns the request that inserts rows under a token.
    pub(crate) fn insert(&self, format: &str, rows: &[u8], token: &str) -> Vec<u8> {
        let database = &self.database;
        let target = format!(
            "/?query=INSERT%20INTO%20{database}.{DATASOURCE}%20FORMAT%20{format}&insert_deduplication_token={token}"
        );
        request(&target, "none", rows)
    }
}

async fn admin(socket: &Path, sql: &str) -> anyhow::Result<String> {
    let request = request("/?role=admin&default_format=TSV", "none", sql.as_bytes());
    let mut connection = Connection::unix(socket).await?;
    let body = connection.exchange(&request).await?.ok()?;
    String::from_utf8(body).context("not UTF-8")
}
