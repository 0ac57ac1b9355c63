use super::*;

#[test]
fn nodes_are_declared_in_order_with_quoted_names() {
    let ctes = [
        Cte {
            name: "first node",
            sql: "SELECT 1 AS a -- one",
        },
        Cte {
            name: "endpoint",
            sql: "SELECT * FROM `first node`",
        },
    ];
    assert_eq!(
        assemble(&ctes, "SELECT * FROM `endpoint`"),
        "WITH `first node` AS (\nSELECT 1 AS a -- one\n),\n\
         `endpoint` AS (\nSELECT * FROM `first node`\n)\n\
         SELECT * FROM `endpoint`"
    );
    assert_eq!(
        assemble(&[], &select_all("SELECT 1")),
        "SELECT * FROM (\nSELECT 1\n)"
    );
}

#[test]
fn shared_names_become_one_identifier() {
    assert_eq!(
        join_name(
            "SELECT other.hits.a, 'other.hits', x.other.hits FROM other . `hits` -- other.hits",
            "other",
            "hits"
        ),
        "SELECT `other.hits`.a, 'other.hits', x.other.hits FROM `other.hits` -- other.hits"
    );
    assert_eq!(join_name("'open", "a", "b"), "'open");
}

#[test]
fn a_table_is_taken_from_another_database() {
    assert_eq!(
        move_name(
            "SELECT tinybird.log.a, 'tinybird.log' FROM `tinybird`.log AS tinybird -- tinybird.log\nWHERE x.tinybird.log",
            "tinybird",
            "log",
            "ws_a"
        ),
        "SELECT `ws_a`.`log`.a, 'tinybird.log' FROM `ws_a`.`log` AS tinybird -- tinybird.log\nWHERE x.tinybird.log"
    );
}
