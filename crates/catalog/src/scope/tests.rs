//! The wire form of scopes and the answers of [`Scopes`].

use proptest::prelude::*;

use super::*;

fn scopes(texts: &[&str]) -> Scopes {
    Scopes::new(texts.iter().map(|text| text.parse().unwrap()))
}

#[test]
fn every_type_reads_back_from_its_wire_form() {
    for (type_name, shape) in TYPES {
        let text = match shape {
            Shape::Workspace(_) => type_name.to_owned(),
            Shape::Resource(_) => format!("{type_name}:events"),
            Shape::Rows(_) => format!("{type_name}:events:org = 'a:b'"),
        };
        let scope: Scope = text.parse().unwrap();
        assert_eq!(scope.to_string(), text);
        assert_eq!(scope.type_name(), type_name);
    }
}

#[test]
fn parts_of_a_scope() {
    let scope: Scope = "DATASOURCES:READ:events:org = 'a:b'".parse().unwrap();
    assert_eq!(scope.type_name(), "DATASOURCES:READ");
    assert_eq!(scope.resource(), Some("events"));
    assert_eq!(scope.filter(), Some("org = 'a:b'"));
}

#[test]
fn broken_scopes_say_what_is_wrong() {
    let message = |text: &str| text.parse::<Scope>().unwrap_err().to_string();
    assert_eq!(message(""), "unknown scope \"\"");
    assert_eq!(message("admin"), "unknown scope \"admin\"");
    assert_eq!(message("ADMINS"), "unknown scope \"ADMINS\"");
    assert_eq!(message("PIPES:READS:x"), "unknown scope \"PIPES:READS:x\"");
    assert_eq!(message("ADMIN:x"), "scope ADMIN takes no resource");
    assert_eq!(
        message("PIPES:READ"),
        "scope PIPES:READ needs the name of a resource: PIPES:READ:<name>"
    );
    assert_eq!(
        message("PIPES:READ::a = 1"),
        "scope PIPES:READ needs the name of a resource: PIPES:READ:<name>"
    );
    assert_eq!(
        message("DATASOURCES:APPEND:x:y"),
        "scope DATASOURCES:APPEND takes no filter"
    );
}

#[test]
fn append_scope_allows_nothing_else() {
    let scopes = scopes(&["DATASOURCES:APPEND:events"]);
    assert!(scopes.can_append("events"));
    assert!(!scopes.can_append("events2"));
    assert!(!scopes.can_append("events_quarantine"));
    assert!(!scopes.can_read_datasource("events"));
    assert!(!scopes.can_read_datasource("events_quarantine"));
    assert!(!scopes.can_read_pipe("events"));
    assert!(!scopes.is_admin() && !scopes.can_manage_tokens() && !scopes.can_deploy());
}

#[test]
fn read_scopes_are_for_their_kind_of_resource() {
    let pipe = scopes(&["PIPES:READ:top"]);
    assert!(pipe.can_read_pipe("top"));
    assert!(!pipe.can_read_datasource("top") && !pipe.can_append("top"));

    let datasource = scopes(&["DATASOURCES:READ:events"]);
    assert!(datasource.can_read_datasource("events"));
    assert!(datasource.can_read_datasource("events_quarantine"));
    assert!(!datasource.can_read_datasource("events_quarantine_quarantine"));
    assert!(!datasource.can_read_pipe("events") && !datasource.can_append("events"));
}

#[test]
fn quarantine_scope_does_not_open_the_data_source() {
    let scopes = scopes(&["DATASOURCES:READ:events_quarantine"]);
    assert!(scopes.can_read_datasource("events_quarantine"));
    assert!(!scopes.can_read_datasource("events"));
}

#[test]
fn filtered_scope_does_not_give_all_rows() {
    let scopes = scopes(&["DATASOURCES:READ:events:a = 1", "PIPES:READ:top:a = 1"]);
    assert!(!scopes.can_read_datasource("events"));
    assert!(!scopes.can_read_datasource("events_quarantine"));
    assert!(!scopes.can_read_pipe("top"));
}

#[test]
fn wide_scopes() {
    let none = Scopes::default();
    assert!(!none.is_admin() && !none.can_append("x") && !none.can_read_pipe("x"));

    for admin in ["ADMIN", "ADMIN_USER"] {
        let admin = scopes(&[admin]);
        assert!(admin.is_admin() && admin.can_manage_tokens() && admin.can_deploy());
        assert!(admin.can_read_all() && admin.can_append("x") && admin.can_read_pipe("x"));
        assert!(admin.can_read_datasource("x_quarantine"));
    }

    let reader = scopes(&["WORKSPACE:READ_ALL"]);
    assert!(reader.can_read_pipe("x") && reader.can_read_datasource("x"));
    assert!(reader.can_read_all());
    assert!(!reader.can_append("x") && !reader.is_admin() && !reader.can_deploy());

    assert!(scopes(&["TOKENS"]).can_manage_tokens());
    assert!(!scopes(&["TOKENS"]).can_read_datasource("x"));
    assert!(scopes(&["WORKSPACE:DEPLOY"]).can_deploy());
    assert!(scopes(&["DATASOURCES:CREATE"]).can_append("x"));
    assert!(!scopes(&["DATASOURCES:CREATE"]).can_read_datasource("x"));
}

#[test]
fn repeated_scopes_are_kept_once() {
    let scopes = scopes(&["PIPES:READ:a", "ADMIN", "PIPES:READ:a"]);
    assert_eq!(
        scopes.iter().map(Scope::to_string).collect::<Vec<_>>(),
        ["PIPES:READ:a", "ADMIN"]
    );
}

proptest! {
    #[test]
    fn parsing_never_panics_and_reads_back(text in "([A-Z_]{0,12}|DATASOURCES|PIPES)(:[a-zA-Z:= ']{0,8}){0,3}") {
        if let Ok(scope) = text.parse::<Scope>() {
            prop_assert_eq!(scope.to_string().parse::<Scope>(), Ok(scope));
        }
    }
}
