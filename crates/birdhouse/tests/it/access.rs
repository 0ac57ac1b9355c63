//! Every operation of the server, with no token, with a foreign workspace's, and with each scope:
//! refused or allowed as the table says.
//!
//! Allowed means that the answer is not 403; what it is instead is the business of other tests, so
//! most lines ask for something that does not exist or leave something out. Names here are odd words,
//! so that they are found in an answer that must not show them.

mod table;

use std::collections::BTreeSet;

use self::table::Rule::{self, Account, Admin, AnyToken, Open, Organization, Scopes};
use self::table::{Line, MANAGEMENT, RESOURCES};
use crate::harness::{ADMIN_TOKEN, Answer, Client, Scratch, Server, encode, project};

/// The routes; a route without a line in the table fails the test.
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

impl Rule {
    /// Returns true when a token with this scope may.
    fn allows(self, scope: &str) -> bool {
        match self {
            Open | AnyToken => true,
            Account => false,
            Organization => scope == "ORG_DATASOURCES:READ",
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
    let all = ROUTES.iter().flat_map(|file| file.split(".route(").skip(1));
    let routes = all.map(|rest| {
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
        let allowed = matches!(rule, Open | AnyToken | Account | Organization);
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
        // Errors repeat what was asked for, and so does the log of the caller's own requests.
        let is_echo = !is_success || line.3.contains("tinybird.");
        assert!(
            is_echo || !answer.text().contains(hidden),
            "{what} shows {hidden}: {}",
            answer.text()
        );
    }
}
