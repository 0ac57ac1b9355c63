-- Work that outlives its request. The details are sealed: they may hold URLs with credentials.
CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    error TEXT,
    details BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    updated_at INTEGER NOT NULL
) STRICT;

CREATE INDEX jobs_of_workspace ON jobs (workspace_id, created_at);
