//! Requests for the operations of the document: where a path, a query or a body matters, and where some
//! requests of an operation take other scopes than the rest.

/// A request: the path of the operation as the document has it, the method, and the path and the body
/// that are sent.
pub(super) type Line = (&'static str, &'static str, &'static str, &'static str);

/// Requests that take what the document says. Operations that are not here are asked for without a
/// query and a body.
pub(super) const REQUESTS: &[Line] = &[
    ("/v0/events", "POST", "/v0/events?name=quokkas", "{\"n\":1}"),
    (
        "/v0/datasources/{name}",
        "GET",
        "/v0/datasources/quokkas.datasource",
        "",
    ),
    (
        "/v0/datasources/{name}",
        "GET",
        "/v0/datasources/quokkas?format=datasource",
        "",
    ),
    (
        "/v1/datasources/{name}/append",
        "POST",
        "/v1/datasources/quokkas/append?format=ndjson",
        "{\"n\":1}",
    ),
    (
        "/v1/datasources/{name}/replace",
        "POST",
        "/v1/datasources/quokkas/replace?format=ndjson",
        "{\"n\":1}",
    ),
    (
        "/v0/datasources/{name}/delete",
        "POST",
        "/v0/datasources/quokkas/delete",
        "delete_condition=n%3D7",
    ),
    (
        "/v1/datasources/{name}/delete",
        "POST",
        "/v1/datasources/quokkas/delete",
        "delete_condition=n%3D7",
    ),
    ("/v0/analyze", "POST", "/v0/analyze", "{\"n\":1}"),
    (
        "/v0/jobs/{id}",
        "GET",
        "/v0/jobs/0198f0d0-0000-7000-8000-000000000000",
        "",
    ),
    (
        "/v0/jobs/{id}/cancel",
        "POST",
        "/v0/jobs/0198f0d0-0000-7000-8000-000000000000/cancel",
        "",
    ),
    (
        "/v0/jobs/{id}/retry",
        "POST",
        "/v0/jobs/0198f0d0-0000-7000-8000-000000000000/retry",
        "",
    ),
    (
        "/v0/pipes/{endpoint}",
        "POST",
        "/v0/pipes/wombats.json",
        "a=1",
    ),
    ("/v0/pipes/{endpoint}", "GET", "/v0/pipes/wombats.pipe", ""),
    ("/v1/pipes/{endpoint}", "GET", "/v1/pipes/wombats.pipe", ""),
    (
        "/v0/pipes/{pipe}/nodes/{node}",
        "PUT",
        "/v0/pipes/wombats/nodes/burrow",
        "",
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}/{action}",
        "POST",
        "/v0/pipes/wombats/nodes/burrow/nothing",
        "",
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}",
        "DELETE",
        "/v0/pipes/wombats/nodes/burrow",
        "",
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}/analysis",
        "GET",
        "/v0/pipes/wombats/nodes/burrow/analysis",
        "",
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}/population",
        "POST",
        "/v0/pipes/wombats/nodes/burrow/population",
        "",
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}/explain",
        "GET",
        "/v0/pipes/wombats/nodes/burrow/explain",
        "",
    ),
    (
        "/examples/query.http",
        "GET",
        "/examples/query.http?pipe=wombats",
        "",
    ),
    (
        "/v0/connectors/{name}",
        "GET",
        "/v0/connectors/lake.connection",
        "",
    ),
    (
        "/v0/datasources/{name}/scheduling/state",
        "PUT",
        "/v0/datasources/quokkas/scheduling/state",
        "state=paused",
    ),
    ("/v0/sql_copy", "POST", "/v0/sql_copy", "SELECT 1"),
    (
        "/v0/integrations/{path}",
        "GET",
        "/v0/integrations/s3/settings",
        "",
    ),
    ("/v0/sql_format", "GET", "/v0/sql_format?q=SELECT+1", ""),
    ("/v0/sql_tables", "POST", "/v0/sql_tables", "q=SELECT+1"),
    ("/v0/sql_replace", "POST", "/v0/sql_replace", "q=SELECT+1"),
    ("/v1/deployments/{id}", "GET", "/v1/deployments/99", ""),
    ("/v1/deployments/{id}", "DELETE", "/v1/deployments/99", ""),
    (
        "/v1/deployments/{id}/set-live",
        "POST",
        "/v1/deployments/99/set-live",
        "",
    ),
    ("/v0/environments", "POST", "/v0/environments?data=x", ""),
    ("/v0/environments/{name}", "GET", "/v0/environments/x", ""),
    (
        "/v1/environments/{name}",
        "DELETE",
        "/v1/environments/x",
        "",
    ),
    (
        "/v0/environments/{name}/data",
        "POST",
        "/v0/environments/x/data",
        "",
    ),
    (
        "/v0/workspaces/{id}/users",
        "PUT",
        "/v0/workspaces/none/users/",
        "",
    ),
    (
        "/v0/tokens",
        "POST",
        "/v0/tokens?expiration_time=2000000000",
        "",
    ),
    (
        "/v0/variables/{name}",
        "PUT",
        "/v0/variables/none",
        "value=x",
    ),
];

const APPEND: &[&str] = &["ADMIN", "DATASOURCES:CREATE", "DATASOURCES:APPEND"];
const CREATE_DATASOURCE: &[&str] = &["ADMIN", "DATASOURCES:CREATE", "WORKSPACE:DEPLOY"];
const READ_DATASOURCE: &[&str] = &["ADMIN", "WORKSPACE:READ_ALL", "DATASOURCES:READ"];
const CALL_PIPE: &[&str] = &["ADMIN", "WORKSPACE:READ_ALL", "PIPES:READ"];

/// Requests that take other scopes, because of what they read or make, and which.
pub(super) const BY_CONTENT: &[(Line, &[&str])] = &[
    (
        (
            "/v0/datasources",
            "POST",
            "/v0/datasources?name=quokkas&mode=append&format=ndjson",
            "{\"n\":1}",
        ),
        APPEND,
    ),
    (
        (
            "/v0/datasources",
            "POST",
            "/v0/datasources?name=quokkas",
            "",
        ),
        CREATE_DATASOURCE,
    ),
    (
        ("/v0/pipes/{endpoint}", "GET", "/v0/pipes/wombats.json", ""),
        CALL_PIPE,
    ),
    (
        (
            "/v0/pipes/{endpoint}",
            "GET",
            "/v0/pipes/wombats.json?q=SELECT+*+FROM+_",
            "",
        ),
        CALL_PIPE,
    ),
    (
        ("/v0/sql", "GET", "/v0/sql?q=SELECT+*+FROM+quokkas", ""),
        READ_DATASOURCE,
    ),
    (
        (
            "/v0/sql",
            "POST",
            "/v0/sql",
            "SELECT * FROM quokkas_quarantine",
        ),
        READ_DATASOURCE,
    ),
    (
        ("/v0/sql", "POST", "/v0/sql", "SELECT * FROM wombats"),
        CALL_PIPE,
    ),
    (
        (
            "/v0/sql",
            "POST",
            "/v0/sql?pipeline=wombats",
            "SELECT * FROM burrow",
        ),
        &["ADMIN", "WORKSPACE:READ_ALL"],
    ),
    (
        (
            "/v0/sql",
            "POST",
            "/v0/sql",
            "SELECT * FROM tinybird.pipe_stats_rt",
        ),
        &["ADMIN"],
    ),
    (
        (
            "/v0/sql",
            "POST",
            "/v0/sql",
            "SELECT * FROM organization.pipe_stats_rt",
        ),
        &["ORG_DATASOURCES:READ"],
    ),
];
