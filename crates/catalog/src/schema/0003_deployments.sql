-- A deployment is staged before it becomes live. What it holds and made is known until it is deleted.

DROP INDEX one_live_deployment;
ALTER TABLE deployments ADD COLUMN live INTEGER NOT NULL DEFAULT 0;
ALTER TABLE deployments ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
-- What the deployment made and has to say, in a form that the catalog does not look into.
ALTER TABLE deployments ADD COLUMN details TEXT NOT NULL DEFAULT '';
UPDATE deployments SET live = (status = 'live'), updated_at = created_at;
UPDATE deployments SET status = 'data_ready' WHERE status = 'live';
CREATE UNIQUE INDEX one_live_deployment ON deployments (workspace_id) WHERE live;
CREATE UNIQUE INDEX one_staging_deployment ON deployments (workspace_id)
    WHERE NOT live AND status NOT IN ('deleting', 'deleted');

-- The TOKEN lines of a deployment's datafiles; those of the live one are in token_scopes as well.
CREATE TABLE deployment_grants (
    workspace_id TEXT NOT NULL,
    deployment_id INTEGER NOT NULL,
    token TEXT NOT NULL,
    scope TEXT NOT NULL,
    FOREIGN KEY (workspace_id, deployment_id) REFERENCES deployments (workspace_id, id) ON DELETE CASCADE
) STRICT;

INSERT INTO deployment_grants (workspace_id, deployment_id, token, scope)
    SELECT d.workspace_id, d.id, t.name, s.scope
    FROM deployments AS d
    JOIN tokens AS t ON t.workspace_id = d.workspace_id
    JOIN token_scopes AS s ON s.token_id = t.id
    WHERE d.live AND s.source = 'datafile';
