//! What roles, the sandbox and the names of databases keep out.

use birdhouse_engine::{ErrorKind, Query};

use crate::support::{TestEngine, code, reader, refused};

const ACCESS_DENIED: i32 = 497;
const READONLY: i32 = 164;

/// Rule 7: readers see workspaces and service data sources and nothing else.
#[tokio::test]
async fn a_reader_is_limited_by_its_grants() {
    let test = TestEngine::start().await;
    for database in ["ws_a_tinybird", "other"] {
        test.execute(&format!("CREATE DATABASE {database}")).await;
    }
    for table in ["ws_a.t", "ws_a_tinybird.t", "other.t"] {
        test.execute(&format!(
            "CREATE TABLE {table} (a Int8) ENGINE = MergeTree ORDER BY a"
        ))
        .await;
    }
    assert_eq!(test.read("SELECT count() FROM t").await, "0");
    assert_eq!(test.read("SELECT count() FROM ws_a_tinybird.t").await, "0");
    for sql in [
        "SELECT * FROM other.t",
        "SELECT * FROM t WHERE a IN (SELECT a FROM other.t)",
        "SELECT * FROM remote('127.0.0.1', 'other', 't')",
        "SELECT * FROM loop('other', 't') LIMIT 1",
        "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
        "SELECT * FROM mysql('127.0.0.1:1', 'a', 'b', 'c', 'd')",
        "SELECT * FROM executable('id', 'CSV', 'a String')",
        "SELECT * FROM file('/etc/hostname', 'LineAsString', 'line String')",
        // A setting inside a subquery lifts `readonly`, but no grant.
        "SELECT * FROM (SELECT * FROM file('/etc/hostname', 'LineAsString', 'line String') SETTINGS readonly = 0)",
        "SELECT (SELECT count() FROM other.t SETTINGS readonly = 0)",
    ] {
        assert_eq!(
            refused(&test.engine, reader(sql)).await,
            ACCESS_DENIED,
            "{sql}"
        );
    }
    let in_other = Query::reader("SELECT 1", "other", "TSV");
    let error = test
        .engine
        .query(in_other)
        .await
        .expect_err("not a reader's database");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
}

/// A copier writes what a reader may read, into databases for copies and nowhere else.
#[tokio::test]
async fn a_copier_is_limited_by_its_grants() {
    let test = TestEngine::start().await;
    for database in ["copy_1", "other"] {
        test.execute(&format!("CREATE DATABASE {database}")).await;
    }
    for table in ["ws_a.t", "copy_1.t", "other.t"] {
        test.execute(&format!(
            "CREATE TABLE {table} (a Int8) ENGINE = MergeTree ORDER BY a"
        ))
        .await;
    }
    let copy = |sql: &str| test.engine.query(Query::copier(sql, "ws_a", "token"));
    let written = copy("INSERT INTO copy_1.t SELECT number FROM numbers(3)").await;
    assert_eq!(written.expect("written").summary.written_rows, 3);
    copy("INSERT INTO copy_1.t SELECT a FROM t")
        .await
        .expect("reads workspaces");
    for (sql, expected) in [
        ("INSERT INTO ws_a.t SELECT 1", ACCESS_DENIED),
        ("INSERT INTO other.t SELECT 1", ACCESS_DENIED),
        ("INSERT INTO copy_1.t SELECT a FROM other.t", ACCESS_DENIED),
        ("INSERT INTO copy_1.t SELECT a FROM copy_1.t", ACCESS_DENIED),
        ("INSERT INTO FUNCTION file('x.csv') SELECT 1", READONLY),
        ("INSERT INTO copy_1.t VALUES (1)", 36),
        ("DROP TABLE copy_1.t", READONLY),
        ("SELECT 1", READONLY),
        ("SET ROLE admin", READONLY),
    ] {
        assert_eq!(code(copy(sql).await.map(drop)), expected, "{sql}");
    }
    assert_eq!(test.admin("SELECT count() FROM copy_1.t").await, "3");
}

/// Rule 8: functions and clauses that no grant covers reach no file, not even for an admin.
#[tokio::test]
async fn the_sandbox_keeps_files_and_network_out_of_reach() {
    let test = TestEngine::start().await;
    assert!(test.engine.is_sandboxed(), "this kernel has no Landlock");
    let secret = test.directory.path().join("secret.txt");
    std::fs::write(&secret, "secret").expect("written");
    let secret = secret.display();
    for sql in [
        format!("SELECT file('{secret}')"),
        format!("SELECT arrayMap(file, ['{secret}'])"),
        format!("SELECT * FROM file('{secret}', 'LineAsString', 'line String')"),
        "SELECT file('/etc/passwd')".to_owned(),
    ] {
        let result = test.engine.query(Query::admin(&sql, "TSV")).await;
        assert!(result.is_err(), "{sql}: {result:?}");
    }
    let sql = format!("SELECT file('{secret}')");
    assert!(test.engine.query(reader(&sql)).await.is_err());
    let outside = test.directory.path().join("outside.csv");
    let sql = format!("SELECT 1 INTO OUTFILE '{}'", outside.display());
    assert!(test.engine.execute(&sql).await.is_err());
    assert!(!outside.exists());

    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("set");
    let address = listener.local_addr().expect("bound");
    let sql = format!(
        "SELECT * FROM url('http://{address}/', 'CSV', 'a Int8') SETTINGS http_max_tries = 1"
    );
    assert!(test.engine.query(Query::admin(&sql, "TSV")).await.is_err());
    let nobody = listener.accept().expect_err("nobody connected");
    assert_eq!(nobody.kind(), std::io::ErrorKind::WouldBlock);
}

/// Rule 12: the library's `default` database would read any file by its name.
#[tokio::test]
async fn the_default_database_reads_no_files_and_takes_no_tables() {
    let test = TestEngine::start().await;
    let mut query = reader("SELECT * FROM `/etc/hostname`");
    query.database = None;
    assert_eq!(refused(&test.engine, query.clone()).await, 60);
    query.sql = "SELECT * FROM default.`/etc/hostname`".into();
    assert!([60, ACCESS_DENIED].contains(&refused(&test.engine, query.clone()).await));
    query.database = Some("default".into());
    assert_eq!(refused(&test.engine, query).await, ACCESS_DENIED);
    let result = test
        .engine
        .execute("SELECT * FROM default.`/etc/hostname`")
        .await;
    assert!([60, ACCESS_DENIED].contains(&code(result)));
    let unqualified = "CREATE TABLE lost (a Int8) ENGINE = MergeTree ORDER BY a";
    assert_eq!(code(test.engine.execute(unqualified).await), ACCESS_DENIED);
    let engines =
        "SELECT name, engine FROM system.databases WHERE name IN ('default', 'ws_a') ORDER BY name";
    assert_eq!(
        test.admin(engines).await,
        "ws_a\tAtomic",
        "default is not visible"
    );
}
