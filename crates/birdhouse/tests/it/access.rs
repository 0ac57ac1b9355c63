//! Every operation of the server's own document, `/openapi.json`, with no token, with a foreign
//! workspace's, and with each scope: refused or allowed as it says. What the document leaves out is no
//! operation: every other method of its paths is refused, and the router has no other path.
//!
//! Allowed means that the answer is not 403; what it is instead is the business of other tests, so
//! most requests ask for something that does not exist or leave something out. Names here are odd words,
//! so that they are found in an answer that must not show them.

mod table;

use std::collections::BTreeSet;

use serde_json::Value;

use self::table::{BY_CONTENT, REQUESTS};
use crate::harness::{ADMIN_TOKEN, Answer, Client, Scratch, Server, encode, project};

/// The routes, which must be those of the document.
const ROUTES: [&str; 4] = [
    include_str!("../../../server/src/api.rs"),
    include_str!("../../../server/src/api/copies.rs"),
    include_str!("../../../server/src/api/datasources.rs"),
    include_str!("../../../server/src/api/declared.rs"),
];

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
--- endpoints/koalas.pipe
NODE tree
SQL >
    SELECT n FROM wombats
TYPE endpoint
--- connections/lake.connection
TYPE s3
S3_REGION eu-west-1
";

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

/// The methods that operations may have.
const METHODS: [&str; 4] = ["GET", "POST", "PUT", "DELETE"];

/// Who may.
#[derive(Clone)]
struct Rule {
    is_open: bool,
    /// The scopes of which one is needed; nothing when any token will do. `account` is the owner.
    scopes: Option<Vec<String>>,
}

impl Rule {
    fn of(operation: &Value) -> Self {
        let scopes = operation["x-scopes"].as_array();
        let text = |scope: &Value| scope.as_str().unwrap().to_owned();
        Self {
            is_open: operation["security"] == Value::Array(Vec::new()),
            scopes: scopes.map(|scopes| scopes.iter().map(text).collect()),
        }
    }

    /// Returns true when a token with this scope may.
    fn allows(&self, scope: &str) -> bool {
        self.scopes.as_ref().is_none_or(|scopes| {
            scopes.iter().any(|allowed| {
                let rest = scope.strip_prefix(allowed.as_str());
                rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
            })
        })
    }

    /// Returns true when the account's user token may, which sees nothing inside of workspaces.
    fn allows_account(&self) -> bool {
        self.allows("account") || self.allows("ORG_DATASOURCES:READ")
    }
}

/// An operation as it is asked for.
struct Request {
    method: String,
    path: String,
    body: &'static str,
    rule: Rule,
}

/// Returns the requests for all operations of the document.
fn requests(document: &Value) -> Vec<Request> {
    let mut requests = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for (method, operation) in operations.as_object().unwrap() {
            let method = method.to_ascii_uppercase();
            let rule = Rule::of(operation);
            let is_of_it = |of: &str, by: &str| of == path && by == method;
            let mut add = |path: &str, body, rule| {
                requests.push(Request {
                    method: method.clone(),
                    path: path.to_owned(),
                    body,
                    rule,
                });
            };
            let before = REQUESTS.iter().filter(|(of, by, ..)| is_of_it(of, by));
            let own: Vec<_> = before.collect();
            for (.., path, body) in &own {
                add(path, body, rule.clone());
            }
            let by_content: Vec<_> = BY_CONTENT
                .iter()
                .filter(|((of, by, ..), _)| is_of_it(of, by))
                .collect();
            for ((.., path, body), scopes) in &by_content {
                let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
                let rule = Rule {
                    is_open: false,
                    scopes: Some(scopes),
                };
                add(path, body, rule);
            }
            if own.is_empty() && by_content.is_empty() {
                add(&filled(path), "", rule);
            }
        }
    }
    requests
}

/// Returns a path with names of the project in place of its parameters.
fn filled(path: &str) -> String {
    let mut before = "";
    let segments = path.split('/').map(|segment| {
        let name = match (segment.starts_with('{'), before) {
            (false, _) => segment,
            (true, "datasources") => "quokkas",
            (true, "pipes") => "wombats",
            (true, "connectors") => "lake",
            (true, _) => "none",
        };
        before = segment;
        name
    });
    segments.collect::<Vec<_>>().join("/")
}

fn send(client: &Client, request: &Request) -> Answer {
    let method = METHODS.into_iter().find(|method| *method == request.method);
    let call = client.call(method.unwrap(), request.path.as_str());
    call.body(request.body).send()
}

#[track_caller]
fn check(request: &Request, who: &str, answer: &Answer, allowed: bool) {
    let Request {
        method, path, body, ..
    } = request;
    let what = format!("{method} {path} {body:?} with {who}");
    let text = answer.text();
    assert_eq!(
        answer.status != 403,
        allowed,
        "{what}: {} {text}",
        answer.status
    );
    assert!(answer.status < 500, "{what}: {} {text}", answer.status);
    assert_ne!(answer.status, 405, "{what}: {text}");
}

#[test]
fn the_document_has_every_route_and_no_other_method() {
    let all = ROUTES.iter().flat_map(|file| file.split(".route(").skip(1));
    let routes = all.map(|rest| {
        let rest = rest.trim_start().strip_prefix('"').unwrap();
        rest.split('"').next().unwrap().replace("{*", "{")
    });
    let routes: BTreeSet<String> = routes.collect();
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    let document = admin.get("/openapi.json").expect(200).json();
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths.keys().cloned().collect();
    assert_eq!(described, routes);
    for (path, operations) in paths {
        for method in METHODS {
            if operations[method.to_ascii_lowercase()].is_null() {
                let answer = admin.call(method, filled(path)).send();
                assert_eq!(answer.status, 405, "{method} {path}: {}", answer.text());
            }
        }
    }
    let is_known = |of: &str, by: &str| !paths[of][by.to_ascii_lowercase()].is_null();
    let lines = REQUESTS
        .iter()
        .chain(BY_CONTENT.iter().map(|(line, _)| line));
    for (of, by, ..) in lines {
        assert!(is_known(of, by), "there is no {by} {of}");
    }
}

#[test]
fn every_operation_is_refused_or_allowed_as_stated() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    // One scope is for the owner of the server to give.
    let owner = server.client(&server.local_token("admin_token"));
    let tokens: Vec<(&str, Client)> = SCOPES
        .into_iter()
        .map(|scope| {
            let path = format!("/v0/tokens?name={0}&scope={0}", encode(scope));
            let token = owner.call("POST", path).send().expect(200).json();
            (scope, server.client(token["token"].as_str().unwrap()))
        })
        .collect();
    let account = server.client(&server.local_token("user_token"));
    let foreign = account
        .post("/v1/workspaces", "name=other")
        .expect(200)
        .json();
    let foreign = server.client(foreign["token"].as_str().unwrap());
    let document = owner.get("/openapi.json").expect(200).json();
    for request in &requests(&document) {
        let rule = &request.rule;
        for who in [server.anonymous(), server.client("p.wrong")] {
            let answer = send(&who, request);
            check(request, "no token", &answer, rule.is_open);
            if !rule.is_open {
                answer.error();
            }
        }
        for (scope, client) in &tokens {
            check(request, scope, &send(client, request), rule.allows(scope));
        }
        check(
            request,
            "the account's admin token",
            &send(&owner, request),
            true,
        );
        // The user token manages workspaces and sees nothing inside of them.
        let answer = send(&account, request);
        let not_seen = answer.status == 404;
        let allowed = rule.allows_account() || not_seen;
        check(request, "the user token", &answer, allowed);
        if !rule.is_open {
            shows_nothing(request, &send(&foreign, request));
        }
    }
}

/// An admin of another workspace may do what admins do, but there is nothing of this one for them.
fn shows_nothing(request: &Request, answer: &Answer) {
    let Request {
        method, path, body, ..
    } = request;
    let what = format!("{method} {path} {body:?}");
    let is_success = answer.status < 300;
    let asks_by_name = ["quokkas", "wombats", "lake"]
        .iter()
        .any(|name| (path.contains(name) || body.contains(name)) && !path.contains("sql_"));
    assert!(!(is_success && asks_by_name), "{what}: {}", answer.text());
    for hidden in [ADMIN_TOKEN, "quokka", "wombat", "Tinybird_Local_Testing"] {
        // Errors repeat what was asked for, and so does the log of the caller's own requests.
        let is_echo = !is_success || body.contains("tinybird.");
        assert!(
            is_echo || !answer.text().contains(hidden),
            "{what} shows {hidden}: {}",
            answer.text()
        );
    }
}
