-- What is known of the schedule of a copy, by its pipe, whose id stays through deployments.
CREATE TABLE copies (
    workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
    pipe_id TEXT NOT NULL,
    paused INTEGER NOT NULL DEFAULT 0,
    last_run INTEGER,
    PRIMARY KEY (workspace_id, pipe_id)
) STRICT;
