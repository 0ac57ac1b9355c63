//! The operations, by resource.

use super::Access::{Account, Open, Scopes, Token};
use super::{Access, Operation};

const ADMIN: Access = Scopes(&[]);
const DEPLOY: Access = Scopes(&["WORKSPACE:DEPLOY"]);
const READ_ALL: Access = Scopes(&["WORKSPACE:READ_ALL", "WORKSPACE:DEPLOY"]);
const TOKENS: Access = Scopes(&["TOKENS"]);
const APPEND: Access = Scopes(&["DATASOURCES:CREATE", "DATASOURCES:APPEND"]);
const REMOVE: Access = Scopes(&["DATASOURCES:CREATE"]);
const ANALYZE: Access = Scopes(&["DATASOURCES:CREATE", "WORKSPACE:DEPLOY"]);
const DROP: Access = Scopes(&["DATASOURCES:DROP", "WORKSPACE:DEPLOY"]);
const UPLOAD: Access = Scopes(&[
    "DATASOURCES:CREATE",
    "DATASOURCES:APPEND",
    "WORKSPACE:DEPLOY",
]);
const SEE: Access = Scopes(&[
    "WORKSPACE:READ_ALL",
    "WORKSPACE:DEPLOY",
    "DATASOURCES:CREATE",
    "DATASOURCES:READ",
]);
const CREATE_PIPE: Access = Scopes(&["PIPES:CREATE", "WORKSPACE:DEPLOY"]);
const DROP_PIPE: Access = Scopes(&["PIPES:DROP", "WORKSPACE:DEPLOY"]);
const RUN_PIPE: Access = Scopes(&["PIPES:CREATE"]);
const CALL_PIPE: Access = Scopes(&["WORKSPACE:READ_ALL", "PIPES:READ"]);
const SEE_PIPE: Access = Scopes(&[
    "WORKSPACE:READ_ALL",
    "WORKSPACE:DEPLOY",
    "PIPES:CREATE",
    "PIPES:READ",
]);

/// One operation a line.
macro_rules! operations {
    ($($method:ident $path:literal $access:ident $summary:literal)*) => {
        &[$(Operation { method: stringify!($method), path: $path, access: $access, summary: $summary }),*]
    };
}

pub(super) const OPERATIONS: &[Operation] = operations! {
    POST "/v0/events" APPEND "Append events, as NDJSON or with format=json; name is the data source, wait=true waits until they are stored"

    GET "/v0/datasources" Token "Data sources that the token may read; attrs names the fields"
    POST "/v0/datasources" UPLOAD "Create a data source, or append or replace rows from the body, a form or a url, by mode"
    GET "/v0/datasources/{name}" SEE "A data source, by name or id; with .datasource behind it, its file"
    PUT "/v0/datasources/{name}" ANALYZE "Change the description"
    DELETE "/v0/datasources/{name}" DROP "Remove a data source that nothing reads"
    POST "/v0/datasources/{name}/alter" ANALYZE "Change schema, TTL or indexes; with dry=true what would be done"
    POST "/v0/datasources/{name}/truncate" REMOVE "Remove all rows"
    POST "/v0/datasources/{name}/delete" REMOVE "Remove the rows of delete_condition, as a job; with dry_run=true their number"
    POST "/v0/datasources/{name}/quarantine/reingest" ADMIN "Append the rows of the quarantine again, repaired"
    POST "/v1/datasources/{name}/append" APPEND "Append the file of the body or of url, as a job"
    POST "/v1/datasources/{name}/replace" REMOVE "Replace rows with the file of the body or of url, as a job"
    POST "/v1/datasources/{name}/delete" REMOVE "Remove the rows of delete_condition at once; wait=false makes a job of it"
    POST "/v0/datasources/{name}/scheduling/runs" APPEND "Not supported: import from a connection"
    GET "/v0/datasources/{name}/scheduling/state" APPEND "Whether rows are imported from a connection: they are not"
    PUT "/v0/datasources/{name}/scheduling/state" APPEND "Pause imports, which do not run"
    POST "/v0/datasources/{name}/sample" APPEND "Not supported: import a sample from a connection"
    POST "/v0/datasources/{name}/start" APPEND "Not supported: import from a connection"
    POST "/v0/datasources/{name}/stop" APPEND "Stop imports, which do not run"
    POST "/v0/datasources/{name}/exchange" Token "Not supported"
    POST "/v0/datasources/exchange" Token "Not supported"
    POST "/v0/datasources/{name}/share" Token "Not supported"
    PUT "/v0/datasources/{name}/share" Token "Not supported"
    DELETE "/v0/datasources/{name}/share" Token "Not supported"
    POST "/v0/analyze" ANALYZE "Recommend a schema for the file of the body or of url"
    GET "/v0/dependencies" READ_ALL "What data sources fill through views"

    GET "/v0/jobs" Token "Jobs of the last 48 hours, newest first"
    GET "/v0/jobs/{id}" Token "A job, with debug=blocks its parts"
    POST "/v0/jobs/{id}/cancel" Token "Cancel a job"
    POST "/v0/jobs/{id}/retry" Token "Run a job again that failed or was cancelled"

    GET "/v0/pipes" Token "Pipes that the token may read; attrs and node_attrs name the fields"
    GET "/v1/pipes" Token "The same"
    POST "/v0/pipes" CREATE_PIPE "Create a pipe; with force=true change it"
    GET "/v0/pipes/{endpoint}" SEE_PIPE "A pipe; with .pipe behind it, its file; with .json, .csv, .ndjson, .parquet or .prometheus, the rows of its endpoint"
    POST "/v0/pipes/{endpoint}" CALL_PIPE "The rows of an endpoint, with parameters in the body"
    PUT "/v0/pipes/{endpoint}" CREATE_PIPE "Change name or description"
    DELETE "/v0/pipes/{endpoint}" DROP_PIPE "Remove a pipe that no other reads"
    GET "/v1/pipes/{endpoint}" SEE_PIPE "The same as /v0/pipes/{endpoint}"
    GET "/v0/pipes/openapi.json" Token "The endpoints that the token can call, as OpenAPI"
    GET "/v0/pipes/{endpoint}/openapi.json" CALL_PIPE "One endpoint as OpenAPI"
    GET "/v0/pipes/{pipe}/data" CALL_PIPE "The rows of an endpoint as JSON"
    GET "/v0/pipes/{pipe}/explain" SEE_PIPE "The statement of an endpoint and the engine's plan"
    POST "/v0/pipes/{pipe}/copy" RUN_PIPE "Run a copy, as a job"
    POST "/v0/pipes/{pipe}/copy/pause" RUN_PIPE "Pause the schedule of a copy"
    POST "/v0/pipes/{pipe}/copy/resume" RUN_PIPE "Resume it"
    POST "/v0/pipes/{pipe}/sink" SEE_PIPE "Not supported: run a sink"
    POST "/v0/pipes/{pipe}/nodes" CREATE_PIPE "Append a node"
    PUT "/v0/pipes/{pipe}/nodes/{node}" CREATE_PIPE "Change a node"
    DELETE "/v0/pipes/{pipe}/nodes/{node}" CREATE_PIPE "Remove a node"
    POST "/v0/pipes/{pipe}/nodes/{node}/{action}" CREATE_PIPE "Make a node an endpoint, a copy or a materialization"
    PUT "/v0/pipes/{pipe}/nodes/{node}/{action}" CREATE_PIPE "Change what a node is"
    DELETE "/v0/pipes/{pipe}/nodes/{node}/{action}" CREATE_PIPE "Make it a plain node again"
    GET "/v0/pipes/{pipe}/nodes/{node}/explain" SEE_PIPE "The statement of a node and the engine's plan"
    GET "/v0/pipes/{pipe}/nodes/{node}/analysis" CREATE_PIPE "The data source that the node could fill"
    POST "/v0/pipes/{pipe}/nodes/{node}/population" CREATE_PIPE "Fill the target of a materialization anew, as a job"
    GET "/examples/query.http" SEE_PIPE "The address of an endpoint"

    GET "/v0/sql" Token "Run SQL over what the token may read"
    POST "/v0/sql" Token "The same, with the text in the body"
    GET "/v0/sql_format" Token "A query as the engine prints it"
    POST "/v0/sql_format" Token "The same"
    POST "/v0/sql_tables" Token "The names that a query reads"
    POST "/v0/sql_replace" Token "A query with other names"
    POST "/v0/sql_copy" Token "Not supported: copy the result of a query"
    GET "/v0/tags" ADMIN "Tags with their resources"
    POST "/v0/tags" Token "Not supported"

    GET "/v0/connectors" DEPLOY "Connections as they are declared"
    POST "/v0/connectors" Token "Not supported: connections are deployed"
    GET "/v0/connectors/{name}" DEPLOY "The file of a connection"
    DELETE "/v0/connectors/{name}" Token "Not supported: connections are deployed"
    GET "/v0/connectors/{name}/preview" DEPLOY "Not supported: read from a connection"
    GET "/v0/integrations/{*path}" Token "Not supported: what wizards for connections ask"

    POST "/v1/build" DEPLOY "Make a project live at once, as development does"
    POST "/v1/deploy" DEPLOY "Deploy a project beside what is live; with check=true only check it"
    GET "/v1/deployments" DEPLOY "Deployments, oldest first"
    GET "/v1/deployments/{id}" DEPLOY "A deployment"
    DELETE "/v1/deployments/{id}" DEPLOY "Discard a deployment"
    POST "/v1/deployments/{id}/set-live" DEPLOY "Promote a deployment"

    GET "/v0/tokens" Token "Tokens, for those who manage them; else the caller's own"
    POST "/v0/tokens" TOKENS "Create a token; with expiration_time a signed one"
    GET "/v0/tokens/{id}" TOKENS "A token by id, name or value; everybody sees their own"
    PUT "/v0/tokens/{id}" TOKENS "Change name, description or scopes"
    DELETE "/v0/tokens/{id}" TOKENS "Remove a token"
    POST "/v0/tokens/{id}/refresh" TOKENS "Give a token a new value"
    GET "/v0/variables" ADMIN "Names of variables"
    POST "/v0/variables" ADMIN "Create a variable"
    GET "/v0/variables/{name}" ADMIN "A variable without its value"
    PUT "/v0/variables/{name}" ADMIN "Change the value of a variable"
    DELETE "/v0/variables/{name}" ADMIN "Remove a variable"

    GET "/v0/user/workspaces" Token "Workspaces that the token belongs to, each with a token"
    GET "/v1/user/workspaces" Token "The same"
    GET "/v0/workspace" Token "The workspace of the token"
    GET "/v1/workspace" Token "The same"
    POST "/v0/workspaces" Account "Create a workspace"
    POST "/v1/workspaces" Account "The same"
    GET "/v0/workspaces/{id}" Token "A workspace"
    GET "/v1/workspaces/{id}" Token "The same"
    DELETE "/v0/workspaces/{id}" Account "Delete a workspace with all its data"
    DELETE "/v1/workspaces/{id}" Account "The same"
    PUT "/v0/workspaces/{id}/users" Account "Not supported: there is one user"
    PUT "/v1/workspaces/{id}/users" Account "The same"
    GET "/v0/environments" Token "Branches of the workspace"
    GET "/v1/environments" Token "The same"
    POST "/v0/environments" ADMIN "Create a branch"
    POST "/v1/environments" ADMIN "The same"
    GET "/v0/environments/{name}" ADMIN "A branch"
    GET "/v1/environments/{name}" ADMIN "The same"
    DELETE "/v0/environments/{name}" ADMIN "Remove a branch with its data"
    DELETE "/v1/environments/{name}" ADMIN "The same"
    POST "/v0/environments/{name}/data" ADMIN "Bring rows of the main workspace into a branch"

    GET "/tokens" Open "The tokens of the account, for programs of this machine"
    GET "/v0/auth" Token "Whether the token is one"
    GET "/v0/regions" Open "There are none"
    GET "/v1/infra" Token "There are none"
    GET "/version" Open "The server's version"
    GET "/v0/health" Open "Whether the engine answers"
    GET "/health/liveness" Open "Whether the server answers"
    GET "/health/readiness" Open "Whether the engine answers as well"
    GET "/metrics" ADMIN "Counters for Prometheus"
    GET "/openapi.json" Token "This document"
    GET "/v0/ingestion" ADMIN "The journal, and data sources with rows that wait"
    POST "/v0/ingestion/put-back" ADMIN "Send rows again that were set aside"
    POST "/v0/ingestion/{datasource}/retry" ADMIN "Try rows that fail again at once"
    POST "/v0/ingestion/{datasource}/set-aside" ADMIN "Take the batch that fails out of the way"
};
