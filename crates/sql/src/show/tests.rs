use super::{Shown, read, replace_calls};

fn query(text: &str) -> Option<String> {
    match read(text, "own")? {
        Shown::Query(query) => Some(query),
        Shown::Columns(query) => Some(format!("columns of {query}")),
    }
}

#[test]
fn listings_become_queries() {
    for (text, expected) in [
        (
            "SHOW DATABASES",
            "SELECT name FROM system.databases WHERE 1 ORDER BY name",
        ),
        (
            "show tables",
            "SELECT name FROM system.tables WHERE database = 'own' ORDER BY name",
        ),
        (
            "SHOW TABLES FROM `other` NOT LIKE 'a\\'%' LIMIT 3",
            "SELECT name FROM system.tables WHERE database = 'other' AND name NOT LIKE 'a\\'%' ORDER BY name LIMIT 3",
        ),
        (
            "EXISTS TABLE \"db\".t",
            "SELECT toUInt8(count() > 0) AS result FROM system.tables WHERE database = 'db' AND name = 't'",
        ),
        (
            "EXISTS t",
            "SELECT toUInt8(count() > 0) AS result FROM system.tables WHERE database = 'own' AND name = 't'",
        ),
        (
            "EXISTS DATABASE db",
            "SELECT toUInt8(count() > 0) AS result FROM system.databases WHERE name = 'db'",
        ),
        ("DESC db.t", "columns of SELECT * FROM db.t"),
        (
            "DESCRIBE TABLE (SELECT 1 AS a)",
            "columns of SELECT * FROM (SELECT 1 AS a)",
        ),
    ] {
        assert_eq!(query(text).as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_is_not_known_is_left() {
    for text in [
        "SELECT 1",
        "SHOW",
        "SHOW CREATE TABLE t",
        "SHOW TABLES WHERE 1",
        "SHOW TABLES LIKE name",
        "SHOW TABLES NOT",
        "EXISTS TABLE t SETTINGS x = 1",
        "DESCRIBE t, u",
        "DESCRIBE url('http://a')",
    ] {
        assert_eq!(query(text), None, "{text}");
    }
}

#[test]
fn calls_are_replaced_outside_of_text() {
    let replaced = replace_calls(
        "SELECT currentDatabase(), 'currentDatabase()', DATABASE ( ), database, f(database())",
        &["currentdatabase", "database"],
        |call| format!("<{call}>"),
    );
    assert_eq!(
        replaced,
        "SELECT <currentDatabase()>, 'currentDatabase()', <DATABASE()>, database, f(<database()>)"
    );
}
