-- A branch is a workspace that was made from another one and goes with it. Its name is kept behind
-- that of its main workspace and a slash, so that names stay unique.
ALTER TABLE workspaces ADD COLUMN main_id TEXT REFERENCES workspaces (id) ON DELETE CASCADE;
