-- Times are microseconds since 1970 in UTC; values are sealed as vault.rs describes.

-- One row: what the key of this catalog derives, so that another key is recognised.
CREATE TABLE key_check (digest BLOB NOT NULL) STRICT;

CREATE TABLE workspaces (
    id TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL UNIQUE,
    database TEXT NOT NULL UNIQUE,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE deployments (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    id INTEGER NOT NULL,
    status TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, id)
) STRICT;

CREATE UNIQUE INDEX one_live_deployment ON deployments (workspace_id) WHERE status = 'live';

CREATE TABLE resources (
    workspace_id TEXT NOT NULL,
    deployment_id INTEGER NOT NULL,
    id TEXT NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    path TEXT NOT NULL,
    content TEXT NOT NULL,
    content_hash TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, deployment_id, kind, name),
    FOREIGN KEY (workspace_id, deployment_id) REFERENCES deployments (workspace_id, id) ON DELETE CASCADE
) STRICT;

CREATE TABLE tokens (
    id TEXT NOT NULL UNIQUE,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    origin TEXT NOT NULL,
    digest BLOB NOT NULL UNIQUE,
    value BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    UNIQUE (workspace_id, name)
) STRICT;

-- A scope that a datafile gives goes away with its line; the token's own scopes stay.
CREATE TABLE token_scopes (
    token_id TEXT NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
    scope TEXT NOT NULL,
    source TEXT NOT NULL CHECK (source IN ('own', 'datafile')),
    UNIQUE (token_id, scope, source)
) STRICT;

CREATE TABLE secrets (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    value BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (workspace_id, name)
) STRICT;
