//! Every operation of the server, with no token, with a foreign workspace's, and with each scope:
//! refused or allowed as the table says.
//!
//! Allowed means that the answer is not 403; what it is instead is the business of other tests, so
//! most lines ask for something that does not exist or leave something out. Names here are odd words,
//! so that they are found in an answer that must not show them.

use std::collections::BTreeSet;

use crate::harness::{ADMIN_TOKEN, Answer, Client, Scratch, Server, encode, project};

/// The routes; a route without a line in the table fails the test.
const ROUTES: &str = include_str!("../../../server/src/api.rs");

const PROJECT: &str = "\
--- datasources/quokkas.datasource
SCHEMA >
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- endpoints/wombats.pipe
NODE burrow
SQL >
    SELECT sum(n) AS n FROM quokkas
TYPE endpoint
--- connections/lake.connection
TYPE s3
S3_REGION eu-west-1
";

/// Who may.
#[derive(Clone, Copy)]
enum Rule {
    /// Anybody, without a token. The list of these may only shrink.
    Open,
    /// Every token, for what it sees itself.
    AnyToken,
    /// The owner of the server.
    Account,
    /// `ADMIN`.
    Admin,
    /// `ADMIN`, or one of these scopes.
    Scopes(&'static [&'static str]),
}

use Rule::{Account, Admin, AnyToken, Open, Scopes};

/// Every scope that a token of the test has, one each.
const SCOPES: [&str; 12] = [
    "ADMIN",
    "TOKENS",
    "WORKSPACE:READ_ALL",
    "WORKSPACE:DEPLOY",
    "ORG_DATASOURCES:READ",
    "DATASOURCES:CREATE",
    "DATASOURCES:APPEND:quokkas",
    "DATASOURCES:READ:quokkas",
    "DATASOURCES:DROP:quokkas",
    "PIPES:CREATE",
    "PIPES:READ:wombats",
    "PIPES:DROP:wombats",
];

const APPEND: Rule = Scopes(&["DATASOURCES:CREATE", "DATASOURCES:APPEND"]);
const SEE_DATASOURCE: Rule = Scopes(&[
    "WORKSPACE:READ_ALL",
    "WORKSPACE:DEPLOY",
    "DATASOURCES:CREATE",
    "DATASOURCES:READ",
]);
const READ_DATASOURCE: Rule = Scopes(&["WORKSPACE:READ_ALL", "DATASOURCES:READ"]);
const SEE_PIPE: Rule = Scopes(&[
    "WORKSPACE:READ_ALL",
    "WORKSPACE:DEPLOY",
    "PIPES:CREATE",
    "PIPES:READ",
]);
const CALL_PIPE: Rule = Scopes(&["WORKSPACE:READ_ALL", "PIPES:READ"]);
const MANAGE_TOKENS: Rule = Scopes(&["TOKENS"]);
const DEPLOY: Rule = Scopes(&["WORKSPACE:DEPLOY"]);
const READ_ALL: Rule = Scopes(&["WORKSPACE:READ_ALL", "WORKSPACE:DEPLOY"]);

/// An operation: its route as `api.rs` writes it, its method, a path, a body, and who may.
type Line = (&'static str, &'static str, &'static str, &'static str, Rule);

const RESOURCES: &[Line] = &[
    (
        "/v0/events",
        "POST",
        "/v0/events?name=quokkas",
        "{\"n\":1}",
        APPEND,
    ),
    (
        "/v0/datasources",
        "POST",
        "/v0/datasources?name=quokkas&mode=append&format=ndjson",
        "{\"n\":1}",
        APPEND,
    ),
    ("/v0/datasources", "GET", "/v0/datasources", "", AnyToken),
    (
        "/v0/datasources/{name}",
        "GET",
        "/v0/datasources/quokkas",
        "",
        SEE_DATASOURCE,
    ),
    (
        "/v0/datasources/{name}",
        "GET",
        "/v0/datasources/quokkas.datasource",
        "",
        SEE_DATASOURCE,
    ),
    (
        "/v0/datasources/{name}",
        "GET",
        "/v0/datasources/quokkas?format=datasource",
        "",
        SEE_DATASOURCE,
    ),
    (
        "/v0/datasources/{name}",
        "PUT",
        "/v0/datasources/quokkas",
        "",
        AnyToken,
    ),
    (
        "/v0/datasources/{name}",
        "DELETE",
        "/v0/datasources/quokkas",
        "",
        AnyToken,
    ),
    (
        "/v0/datasources/{name}/alter",
        "POST",
        "/v0/datasources/quokkas/alter",
        "",
        AnyToken,
    ),
    (
        "/v0/datasources/{name}/exchange",
        "POST",
        "/v0/datasources/quokkas/exchange",
        "",
        AnyToken,
    ),
    (
        "/v0/datasources/{name}/share",
        "POST",
        "/v0/datasources/quokkas/share",
        "",
        AnyToken,
    ),
    (
        "/v0/datasources/exchange",
        "POST",
        "/v0/datasources/exchange",
        "",
        AnyToken,
    ),
    ("/v0/pipes", "GET", "/v0/pipes", "", AnyToken),
    ("/v0/pipes", "POST", "/v0/pipes", "", AnyToken),
    ("/v1/pipes", "GET", "/v1/pipes", "", AnyToken),
    (
        "/v0/pipes/{endpoint}",
        "GET",
        "/v0/pipes/wombats.json",
        "",
        CALL_PIPE,
    ),
    (
        "/v0/pipes/{endpoint}",
        "POST",
        "/v0/pipes/wombats.json",
        "a=1",
        CALL_PIPE,
    ),
    (
        "/v0/pipes/{endpoint}",
        "GET",
        "/v0/pipes/wombats.json?q=SELECT+*+FROM+_",
        "",
        CALL_PIPE,
    ),
    (
        "/v0/pipes/{endpoint}",
        "GET",
        "/v0/pipes/wombats",
        "",
        SEE_PIPE,
    ),
    (
        "/v0/pipes/{endpoint}",
        "GET",
        "/v0/pipes/wombats.pipe",
        "",
        SEE_PIPE,
    ),
    (
        "/v0/pipes/{endpoint}",
        "PUT",
        "/v0/pipes/wombats",
        "",
        AnyToken,
    ),
    (
        "/v0/pipes/{endpoint}",
        "DELETE",
        "/v0/pipes/wombats",
        "",
        AnyToken,
    ),
    (
        "/v1/pipes/{endpoint}",
        "GET",
        "/v1/pipes/wombats.pipe",
        "",
        SEE_PIPE,
    ),
    (
        "/v0/pipes/openapi.json",
        "GET",
        "/v0/pipes/openapi.json",
        "",
        AnyToken,
    ),
    (
        "/v0/pipes/{endpoint}/openapi.json",
        "GET",
        "/v0/pipes/wombats/openapi.json",
        "",
        CALL_PIPE,
    ),
    (
        "/v0/pipes/{pipe}/data",
        "GET",
        "/v0/pipes/wombats/data",
        "",
        CALL_PIPE,
    ),
    (
        "/v0/pipes/{pipe}/explain",
        "GET",
        "/v0/pipes/wombats/explain",
        "",
        SEE_PIPE,
    ),
    (
        "/v0/pipes/{pipe}/nodes",
        "POST",
        "/v0/pipes/wombats/nodes",
        "",
        AnyToken,
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}",
        "PUT",
        "/v0/pipes/wombats/nodes/burrow",
        "",
        AnyToken,
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}/{action}",
        "POST",
        "/v0/pipes/wombats/nodes/burrow/endpoint",
        "",
        AnyToken,
    ),
    (
        "/v0/pipes/{pipe}/nodes/{node}/explain",
        "GET",
        "/v0/pipes/wombats/nodes/burrow/explain",
        "",
        SEE_PIPE,
    ),
    (
        "/examples/query.http",
        "GET",
        "/examples/query.http?pipe=wombats",
        "",
        SEE_PIPE,
    ),
    ("/v0/connectors", "GET", "/v0/connectors", "", DEPLOY),
    (
        "/v0/connectors/{name}",
        "GET",
        "/v0/connectors/lake.connection",
        "",
        DEPLOY,
    ),
    ("/v0/dependencies", "GET", "/v0/dependencies", "", READ_ALL),
    ("/v0/tags", "GET", "/v0/tags", "", Admin),
    ("/v0/tags", "POST", "/v0/tags", "", AnyToken),
    (
        "/v0/sql",
        "GET",
        "/v0/sql?q=SELECT+*+FROM+quokkas",
        "",
        READ_DATASOURCE,
    ),
    (
        "/v0/sql",
        "POST",
        "/v0/sql",
        "SELECT * FROM quokkas_quarantine",
        READ_DATASOURCE,
    ),
    (
        "/v0/sql",
        "POST",
        "/v0/sql",
        "SELECT * FROM wombats",
        CALL_PIPE,
    ),
    (
        "/v0/sql",
        "POST",
        "/v0/sql?pipeline=wombats",
        "SELECT * FROM burrow",
        Scopes(&["WORKSPACE:READ_ALL"]),
    ),
    (
        "/v0/sql",
        "POST",
        "/v0/sql",
        "SELECT * FROM tinybird.pipe_stats_rt",
        Admin,
    ),
    (
        "/v0/sql_format",
        "GET",
        "/v0/sql_format?q=SELECT+1",
        "",
        AnyToken,
    ),
    (
        "/v0/sql_tables",
        "POST",
        "/v0/sql_tables",
        "q=SELECT+1",
        AnyToken,
    ),
    (
        "/v0/sql_replace",
        "POST",
        "/v0/sql_replace",
        "q=SELECT+1",
        AnyToken,
    ),
];

const MANAGEMENT: &[Line] = &[
    ("/tokens", "GET", "/tokens", "", Open),
    ("/version", "GET", "/version", "", Open),
    ("/v0/health", "GET", "/v0/health", "", Open),
    ("/health/liveness", "GET", "/health/liveness", "", Open),
    ("/health/readiness", "GET", "/health/readiness", "", Open),
    ("/v0/regions", "GET", "/v0/regions", "", Open),
    ("/v0/auth", "GET", "/v0/auth", "", AnyToken),
    ("/v0/environments", "GET", "/v0/environments", "", AnyToken),
    (
        "/v0/environments",
        "POST",
        "/v0/environments?name=x",
        "",
        AnyToken,
    ),
    ("/v1/environments", "GET", "/v1/environments", "", AnyToken),
    (
        "/v0/environments/{name}",
        "GET",
        "/v0/environments/x",
        "",
        AnyToken,
    ),
    (
        "/v1/environments/{name}",
        "DELETE",
        "/v1/environments/x",
        "",
        AnyToken,
    ),
    (
        "/v0/user/workspaces",
        "GET",
        "/v0/user/workspaces",
        "",
        AnyToken,
    ),
    (
        "/v1/user/workspaces",
        "GET",
        "/v1/user/workspaces",
        "",
        AnyToken,
    ),
    ("/v0/workspace", "GET", "/v0/workspace", "", AnyToken),
    ("/v1/workspace", "GET", "/v1/workspace", "", AnyToken),
    ("/v0/workspaces", "POST", "/v0/workspaces", "", Account),
    ("/v1/workspaces", "POST", "/v1/workspaces", "", Account),
    (
        "/v0/workspaces/{id}",
        "GET",
        "/v0/workspaces/none",
        "",
        AnyToken,
    ),
    (
        "/v1/workspaces/{id}",
        "DELETE",
        "/v1/workspaces/none",
        "",
        Account,
    ),
    (
        "/v0/workspaces/{id}/users",
        "PUT",
        "/v0/workspaces/none/users/",
        "",
        Account,
    ),
    (
        "/v1/workspaces/{id}/users",
        "PUT",
        "/v1/workspaces/none/users",
        "",
        Account,
    ),
    ("/v0/tokens", "GET", "/v0/tokens", "", AnyToken),
    ("/v0/tokens", "POST", "/v0/tokens", "", MANAGE_TOKENS),
    (
        "/v0/tokens",
        "POST",
        "/v0/tokens?expiration_time=2000000000",
        "",
        MANAGE_TOKENS,
    ),
    (
        "/v0/tokens/{id}",
        "GET",
        "/v0/tokens/none",
        "",
        MANAGE_TOKENS,
    ),
    (
        "/v0/tokens/{id}",
        "PUT",
        "/v0/tokens/none",
        "",
        MANAGE_TOKENS,
    ),
    (
        "/v0/tokens/{id}",
        "DELETE",
        "/v0/tokens/none",
        "",
        MANAGE_TOKENS,
    ),
    (
        "/v0/tokens/{id}/refresh",
        "POST",
        "/v0/tokens/none/refresh",
        "",
        MANAGE_TOKENS,
    ),
    ("/v0/variables", "GET", "/v0/variables", "", Admin),
    ("/v0/variables", "POST", "/v0/variables", "", Admin),
    (
        "/v0/variables/{name}",
        "GET",
        "/v0/variables/none",
        "",
        Admin,
    ),
    (
        "/v0/variables/{name}",
        "PUT",
        "/v0/variables/none",
        "value=x",
        Admin,
    ),
    (
        "/v0/variables/{name}",
        "DELETE",
        "/v0/variables/none",
        "",
        Admin,
    ),
    ("/v0/ingestion", "GET", "/v0/ingestion", "", Admin),
    (
        "/v0/ingestion/put-back",
        "POST",
        "/v0/ingestion/put-back",
        "",
        Admin,
    ),
    (
        "/v0/ingestion/{datasource}/retry",
        "POST",
        "/v0/ingestion/none/retry",
        "",
        Admin,
    ),
    (
        "/v0/ingestion/{datasource}/set-aside",
        "POST",
        "/v0/ingestion/none/set-aside",
        "",
        Admin,
    ),
    ("/metrics", "GET", "/metrics", "", Admin),
];

impl Rule {
    /// Returns true when a token with this scope may.
    fn allows(self, scope: &str) -> bool {
        match self {
            Open | AnyToken => true,
            Account => false,
            _ if scope == "ADMIN" => true,
            Admin => false,
            Scopes(scopes) => scopes.iter().any(|allowed| {
                scope == *allowed
                    || scope
                        .strip_prefix(allowed)
                        .is_some_and(|rest| rest.starts_with(':'))
            }),
        }
    }
}

fn send(client: &Client, (_, method, path, body, _): &Line) -> Answer {
    client.call(method, *path).body(*body).send()
}

#[track_caller]
fn check(line: &Line, who: &str, answer: &Answer, allowed: bool) {
    let what = format!("{} {} {:?} with {who}", line.1, line.2, line.3);
    let text = answer.text();
    assert_eq!(
        answer.status != 403,
        allowed,
        "{what}: {} {text}",
        answer.status
    );
    assert!(answer.status < 500, "{what}: {} {text}", answer.status);
}

#[test]
fn every_route_is_in_the_table() {
    let routes = ROUTES.split(".route(").skip(1).map(|rest| {
        let rest = rest.trim_start().strip_prefix('"').unwrap();
        rest.split('"').next().unwrap()
    });
    let routes: BTreeSet<&str> = routes.collect();
    let lines = RESOURCES.iter().chain(MANAGEMENT);
    let table: BTreeSet<&str> = lines.map(|line| line.0).collect();
    assert_eq!(table, routes);
}

#[test]
fn every_operation_is_refused_or_allowed_as_stated() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    let tokens: Vec<(&str, Client)> = SCOPES
        .into_iter()
        .map(|scope| {
            let path = format!("/v0/tokens?name={0}&scope={0}", encode(scope));
            let token = admin.call("POST", path).send().expect(200).json();
            (scope, server.client(token["token"].as_str().unwrap()))
        })
        .collect();
    let account = server.client(&server.local_token("user_token"));
    let foreign = account
        .post("/v1/workspaces", "name=other")
        .expect(200)
        .json();
    let foreign = server.client(foreign["token"].as_str().unwrap());
    let account_admin = server.client(&server.local_token("admin_token"));
    for line in RESOURCES.iter().chain(MANAGEMENT) {
        let rule = line.4;
        let is_open = matches!(rule, Open);
        for who in [server.anonymous(), server.client("p.wrong")] {
            let answer = send(&who, line);
            check(line, "no token", &answer, is_open);
            if !is_open {
                answer.error();
            }
        }
        for (scope, client) in &tokens {
            check(line, scope, &send(client, line), rule.allows(scope));
        }
        check(
            line,
            "the account's admin token",
            &send(&account_admin, line),
            true,
        );
        // The user token manages workspaces and sees nothing inside of them.
        let allowed = matches!(rule, Open | AnyToken | Account);
        let answer = send(&account, line);
        let not_seen = answer.status == 404;
        check(line, "the user token", &answer, allowed || not_seen);
        if !is_open {
            shows_nothing(line, &send(&foreign, line));
        }
    }
}

/// An admin of another workspace may do what admins do, but there is nothing of this one for them.
fn shows_nothing(line: &Line, answer: &Answer) {
    let what = format!("{} {} {:?}", line.1, line.2, line.3);
    let is_success = answer.status < 300;
    let asks_by_name = ["quokkas", "wombats", "lake"]
        .iter()
        .any(|name| (line.2.contains(name) || line.3.contains(name)) && !line.2.contains("sql_"));
    assert!(!(is_success && asks_by_name), "{what}: {}", answer.text());
    for hidden in [ADMIN_TOKEN, "quokka", "wombat", "Tinybird_Local_Testing"] {
        let is_echo = !is_success;
        assert!(
            is_echo || !answer.text().contains(hidden),
            "{what} shows {hidden}: {}",
            answer.text()
        );
    }
}
