-- The person this server belongs to: one row.
CREATE TABLE account (
    user_id TEXT NOT NULL,
    organization_id TEXT NOT NULL
) STRICT;

-- Their two tokens: 'user' manages workspaces, 'admin' also reads and writes the first one.
CREATE TABLE account_tokens (
    kind TEXT NOT NULL PRIMARY KEY CHECK (kind IN ('user', 'admin')),
    id TEXT NOT NULL UNIQUE,
    digest BLOB NOT NULL UNIQUE,
    value BLOB NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

ALTER TABLE tokens ADD COLUMN description TEXT NOT NULL DEFAULT '';

-- Id of the data source or pipe that a client made the token for.
ALTER TABLE tokens ADD COLUMN resource_id TEXT;

-- Databases of deleted workspaces that the engine may still hold.
CREATE TABLE dropped_databases (name TEXT NOT NULL PRIMARY KEY) STRICT;
