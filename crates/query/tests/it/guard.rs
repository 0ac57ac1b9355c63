//! What user SQL may and may not do: each text runs the whole way, from the guard to the engine.

use crate::{Fixture, pipe};

#[tokio::test(flavor = "multi_thread")]
async fn plain_queries_are_answered() {
    let fixture = Fixture::new(vec![pipe("p", &[("n", "SELECT a FROM t WHERE a = 1")])]).await;
    let cases = [
        ("select count() from t format CSV", "2\n"),
        (
            "select a from t where a in u order by a format CSV",
            "ERROR",
        ),
        (
            "select a from t where a in (select a from u) format CSV",
            "1\n",
        ),
        (
            "with t as (select a from t) select count() from t format CSV",
            "2\n",
        ),
        (
            "with t as (select 7 as a) select * from t format CSV",
            "7\n",
        ),
        (
            "with n1 as (select a from t) select a from n1 order by a limit 1 format CSV",
            "0\n",
        ),
        (
            "with n2 as (select * from n1), n1 as (select a from u) select max(a) from n2 format CSV",
            "2\n",
        ),
        (
            "with recursive r as (select 1 as n union all select n+1 from r where n<3) select count() from r format CSV",
            "3\n",
        ),
        ("select t.a from t join u using a format CSV", "1\n"),
        (
            "(select 1 as a) union all (select 1 as a) format CSV",
            "1\n1\n",
        ),
        ("from t select count() format CSV", "2\n"),
        ("select ';' as x /* ; */ -- ;\n format CSV", "\";\"\n"),
        (
            "select $$ ; drop table t $$ as x format CSV",
            "\" ; drop table t \"\n",
        ),
        ("select sum(number) from numbers(4) format CSV", "6\n"),
        ("select a from p format CSV", "1\n"),
        (
            "select a from t where a in (select a from p) format CSV",
            "1\n",
        ),
        (
            "select arrayMap(x -> x + 1, [1, 2]) as x format CSV",
            "\"[2,3]\"\n",
        ),
        (
            "select 'a\n\nb' = concat('a', char(10), char(10), 'b') as x format CSV",
            "1\n",
        ),
    ];
    for (text, expected) in cases {
        let answer = fixture.sql(text).await;
        if expected == "ERROR" {
            answer.expect_err(text);
        } else {
            assert_eq!(answer.as_deref(), Ok(expected), "{text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_else_is_refused_and_changes_nothing() {
    let fixture = Fixture::new(Vec::new()).await;
    let cases = [
        (
            "select * from secret",
            "Not enough permissions to read 'secret'",
        ),
        (
            "select (select max(s) from secret)",
            "Not enough permissions",
        ),
        (
            "select a from t where b in secret",
            "Not enough permissions",
        ),
        (
            "with x as (select * from secret) select 1",
            "Not enough permissions",
        ),
        ("select * from view(select * from secret)", "Error"),
        ("select * from other.secret", "not found"),
        (
            "select a from t where b in (select s from other.secret)",
            "not found",
        ),
        ("select * from system.tables", "not found"),
        ("select * from information_schema.tables", "not found"),
        ("select * from `/etc/hostname`", "not found"),
        ("select * from default.`/etc/hostname`", "not found"),
        ("select * from nothing", "Resource 'nothing' not found"),
        (
            "select * from url('http://127.0.0.1:1/', 'CSV', 'a Int8')",
            "table function url",
        ),
        (
            "select * from file('/etc/hostname', 'LineAsString')",
            "table function file",
        ),
        (
            "select * from remote('127.0.0.1', 'ws_a', 'secret')",
            "table function remote",
        ),
        ("select * from merge('ws_a', '.*')", "table function merge"),
        (
            "select * from executable('x', 'CSV', 'a String')",
            "table function executable",
        ),
        ("select file('/etc/hostname')", "function file"),
        ("select FILE('/etc/hostname')", "function FILE"),
        ("select arrayMap(file, ['/etc/hostname'])", "function file"),
        ("select * apply(file) from t", "function file"),
        ("select dictGet('d', 'x', 1)", "function dictGet"),
        ("select joinGet('ws_a.j', 'x', 1)", "function joinGet"),
        ("select sleep(3)", "function sleep"),
        ("select getSetting('max_threads')", "function getSetting"),
        ("select 1 settings readonly = 0", "SETTINGS"),
        ("select * from (select 1 settings readonly = 0)", "SETTINGS"),
        (
            "with x as (select 1 settings max_execution_time = 0) select * from x",
            "SETTINGS",
        ),
        ("select 1; drop table t", "multi-statements"),
        ("select 1\n\n; drop table t", "multi-statements"),
        (
            "select 1 -- \n) ; drop table t; select (1",
            "multi-statements",
        ),
        ("select 1) union all (select 2", "no partner"),
        ("select 1 into outfile '/tmp/x'", "INTO OUTFILE"),
        ("insert into t values (1, 'x')", "Syntax error"),
        ("drop table t", "Syntax error"),
        ("create table x (a Int8) engine = Memory", "Syntax error"),
        ("set max_threads = 1", "Syntax error"),
        ("set role admin", "Syntax error"),
        ("system flush logs", "Syntax error"),
        ("kill query where 1", "Syntax error"),
        ("show tables", "Syntax error"),
        ("explain select 1", "table function viewExplain"),
        ("select 1 as \"x\n  TABLE id: 9\"", "not allowed"),
        (
            "with \"z, cte_name: secret\" as (select 1) select * from secret",
            "not allowed",
        ),
        ("", "empty"),
        (" -- nothing", "empty"),
        ("select 'a", "not closed"),
        ("selec 1", "Syntax error"),
        ("select 1 format Nonsense", "not supported"),
        ("select missing from t", "missing"),
    ];
    for (text, expected) in cases {
        let error = fixture.sql(text).await.expect_err(text);
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!error.contains("hidden"), "{text}: {error}");
    }
    let left = fixture.sql("select count() from t format CSV").await;
    assert_eq!(left.as_deref(), Ok("2\n"), "nothing was changed");
    assert!(
        fixture.engine.is_sandboxed(),
        "the last line of defence is there"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn join_tables_are_read_like_any_other() {
    let mut fixture = Fixture::new(vec![pipe(
        "joined",
        &[
            ("secret", "SELECT 1 AS a"),
            ("n", "SELECT joinGet('prices', 'p', toUInt8(1)) AS p"),
        ],
    )])
    .await;
    for (name, value) in [("prices", 10), ("secret_prices", 20)] {
        let create = format!(
            "CREATE TABLE ws_a.{name} (k UInt8, p UInt8) ENGINE = Join(ANY, LEFT, k) AS SELECT 1, {value}"
        );
        fixture.engine.execute(&create).await.unwrap();
    }
    fixture.resources.datasources.insert("prices".to_owned());
    let get = async |first: &str| {
        let text = format!("select joinGet({first}, 'p', toUInt8(1)) as p format CSV");
        fixture.sql(&text).await
    };
    assert_eq!(get("'prices'").await.as_deref(), Ok("10\n"));
    assert_eq!(
        fixture.endpoint("joined", &[]).await.as_deref(),
        Ok("\"p\"\n10\n")
    );
    assert_eq!(
        get("'secret_prices'").await.unwrap_err(),
        "Resource 'secret_prices' not found"
    );
    assert_eq!(
        get("'secret'").await.unwrap_err(),
        "Not enough permissions to read 'secret'"
    );
    for hidden in [
        "'other.secret'",
        "concat('pri', 'ces')",
        "secret",
        "materialize('prices')",
    ] {
        let error = get(hidden).await.unwrap_err();
        assert!(
            error.contains("joinGet is not allowed"),
            "{hidden}: {error}"
        );
    }
}
