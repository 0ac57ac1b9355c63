use super::*;

#[track_caller]
fn parsed(text: &str) -> (&str, Option<&str>) {
    let statement = Statement::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    (statement.body, statement.format)
}

#[track_caller]
fn refused(text: &str) -> String {
    Statement::parse(text).unwrap_err().to_string()
}

#[test]
fn body_and_format_are_told_apart() {
    assert_eq!(parsed(" select 1 ; \n-- end\n"), ("select 1", None));
    assert_eq!(parsed("select 1 FORMAT JSON;"), ("select 1", Some("JSON")));
    assert_eq!(
        parsed("select 1 format CSVWithNames"),
        ("select 1", Some("CSVWithNames"))
    );
    assert_eq!(
        parsed("select format from t"),
        ("select format from t", None)
    );
    assert_eq!(parsed("select ';' -- ;"), ("select ';'", None));
    assert_eq!(
        parsed("select $$ ; drop table t $$"),
        ("select $$ ; drop table t $$", None)
    );
}

#[test]
fn a_second_statement_is_refused() {
    assert_eq!(
        refused("select 1; drop table t"),
        "multi-statements are not allowed"
    );
    assert_eq!(
        refused("select 1 -- \n) ; drop table t; select (1"),
        "multi-statements are not allowed"
    );
    assert_eq!(
        refused("select 1\n\n;; drop table t"),
        "multi-statements are not allowed"
    );
}

#[test]
fn leaving_the_parentheses_is_refused() {
    assert_eq!(refused("select 1) union all (select 2"), ") has no partner");
    assert_eq!(refused("select (1"), "( has no partner");
    assert_eq!(refused("select [1)"), ") has no partner");
}

#[test]
fn forged_identifiers_are_refused() {
    assert!(refused("select 1 as \"x\n  TABLE id: 9\"").contains("not allowed"));
    assert!(refused("with \"z, cte_name: secret\" as (select 1) select 1").contains("not allowed"));
    assert!(refused("select 1 as `a\\nb`").contains("not allowed"));
}

#[test]
fn outfile_and_nothing_are_refused() {
    assert_eq!(
        refused("select 1 INTO /* */ OUTFILE 'x'"),
        "INTO OUTFILE is not allowed"
    );
    assert_eq!(refused(" -- nothing\n ;"), "the query is empty");
}
