//! The ClickHouse interface: who may read what, in the dialect of ClickHouse.

use crate::harness::{ADMIN_TOKEN, Answer, Client, Scratch, Server, encode, example, project};

/// Sends a query with the token as the password.
fn query(client: &Client, token: &str, sql: &str, options: &str) -> Answer {
    let call = client.call("GET", format!("/?query={}{options}", encode(sql)));
    call.header("x-clickhouse-key", token)
        .header("x-clickhouse-user", "Tinybird_Local_Testing")
        .send()
}

/// Returns status and code of an error, and checks that the body says the code as well.
fn refusal(answer: &Answer) -> (u16, i32) {
    let code = answer.header("x-clickhouse-exception-code").unwrap();
    let text = answer.text();
    assert!(
        text.starts_with(&format!("Code: {code}. DB::Exception: ")),
        "{text}"
    );
    (answer.status, code.parse().unwrap())
}

#[test]
fn the_token_is_the_password_wherever_it_stands() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let ch = server.clickhouse();
    assert_eq!(ch.get("/ping").expect(200).text(), "Ok.\n");
    assert_eq!(ch.get("/").expect(200).text(), "Ok.\n");
    let one = encode("SELECT 1");
    let basic = "Basic YW55Ym9keTphZG1pbi10b2tlbi1vZi10aGUtdGVzdHM=";
    for (headers, query) in [
        (&[("x-clickhouse-key", ADMIN_TOKEN)][..], ""),
        (&[("authorization", basic)], ""),
        (&[("authorization", "Bearer admin-token-of-the-tests")], ""),
        (&[], "&user=anybody&password=admin-token-of-the-tests"),
    ] {
        let mut call = ch.call("GET", format!("/?query={one}{query}"));
        for (name, value) in headers {
            call = call.header(name, *value);
        }
        let answer = call.send().expect(200);
        assert_eq!(answer.text(), "1\n");
        let summary = answer.header("x-clickhouse-summary").unwrap();
        assert!(summary.contains("\"result_rows\":\"1\""), "{summary}");
    }
    for password in ["", "&password=", "&password=wrong"] {
        let answer = ch.get(format!("/?query={one}{password}"));
        assert_eq!(refusal(&answer), (403, 516), "{password}");
    }
    // The value is not kept where calls are recorded.
    let log = server.admin();
    crate::harness::wait_until(
        "calls are in the log",
        std::time::Duration::from_secs(10),
        || {
            let rows = log
                .query("SELECT * FROM tinybird.pipe_stats_rt FORMAT JSONEachRow")
                .ok()
                .text();
            assert!(!rows.contains(ADMIN_TOKEN), "{rows}");
            match rows.contains("SELECT 1") {
                true => Ok(()),
                false => Err(rows),
            }
        },
    );
}

#[test]
fn queries_bodies_parameters_and_formats() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let ch = server.clickhouse();
    let ask = |sql: &str, options: &str| query(&ch, ADMIN_TOKEN, sql, options);
    assert_eq!(
        ask("SELECT count() FROM products", "").expect(200).text(),
        "0\n"
    );
    let body = ch.call("POST", "/").header("x-clickhouse-key", ADMIN_TOKEN);
    assert_eq!(
        body.body("SELECT 1, 'a'").send().expect(200).text(),
        "1\ta\n"
    );
    let both = ch
        .call("POST", "/?query=SELECT+1,")
        .header("x-clickhouse-key", ADMIN_TOKEN);
    assert_eq!(both.body("2").send().expect(200).text(), "1\t2\n");
    assert_eq!(
        ask(
            "SELECT {a:UInt8} + 1, {b:String}",
            "&param_a=4&param_b=it's"
        )
        .text(),
        "5\tit\\'s\n"
    );
    assert_eq!(
        ask("SELECT count() FROM {t:Identifier}", "&param_t=products").text(),
        "0\n"
    );
    assert_eq!(refusal(&ask("SELECT {a:UInt8}", "")), (400, 36));
    assert_eq!(
        ask("SELECT 1 AS x", "&default_format=JSONEachRow").text(),
        "{\"x\":1}\n"
    );
    assert_eq!(
        ask("SELECT 1 AS x FORMAT CSVWithNames", "").text(),
        "\"x\"\n1\n"
    );
    assert_eq!(ask("SELECT toUInt8(7) FORMAT RowBinary", "").body, [7]);
    ask("SELECT 1", "&database=Tinybird_Local_Testing").expect(200);
    assert_eq!(refusal(&ask("SELECT 1", "&database=other")), (404, 81));
    for (sql, expected) in [
        ("SELEC 1", (400, 62)),
        ("SELECT 1; SELECT 2", (400, 62)),
        ("INSERT INTO products VALUES ('a')", (400, 62)),
        ("DROP TABLE products", (400, 62)),
        ("SELECT * FROM none", (404, 60)),
        ("SELECT * FROM system.users", (404, 60)),
        ("SELECT * FROM system.parts", (404, 60)),
        ("SHOW CREATE TABLE products", (400, 62)),
        ("DESCRIBE nothing", (404, 60)),
        ("DESCRIBE url('http://127.0.0.1/', CSV)", (400, 62)),
        ("SELECT nothing FROM products", (400, 47)),
        ("SELECT 1 FORMAT Foo", (400, 73)),
        ("SELECT sleep(1)", (400, 497)),
        ("SELECT * FROM url('http://127.0.0.1/', CSV)", (400, 497)),
        ("SELECT 1 SETTINGS readonly = 0", (400, 497)),
    ] {
        assert_eq!(refusal(&ask(sql, "")), expected, "{sql}");
    }
    assert_eq!(ch.get("/none").status, 404);
}

#[test]
fn a_token_reads_what_it_may_and_nothing_else() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let ch = server.clickhouse();
    let (read, append) = (
        server.token("app_read_token"),
        server.token("app_append_token"),
    );
    let all = server.admin();
    let path = "/v0/tokens?name=all&scope=WORKSPACE:READ_ALL";
    let all = all.call("POST", path).send().expect(200).json();
    let all = all["token"].as_str().unwrap();
    let allowed = |token: &str, sql: &str| {
        let answer = query(&ch, token, sql, "");
        match answer.status {
            200 => true,
            _ => {
                assert_eq!(refusal(&answer), (403, 497), "{sql}");
                false
            }
        }
    };
    for (sql, expected) in [
        (
            "SELECT count() FROM api_product_grid",
            [true, true, true, false],
        ),
        ("SELECT count() FROM products", [true, true, false, false]),
        (
            "SELECT count() FROM (SELECT * FROM api_product_grid, products)",
            [true, true, false, false],
        ),
        (
            "SELECT count() FROM tinybird.pipe_stats_rt",
            [true, false, false, false],
        ),
    ] {
        let found = [ADMIN_TOKEN, all, &read, &append].map(|token| allowed(token, sql));
        assert_eq!(found, expected, "{sql}");
    }
}

const SHARED: &str = "\
--- datasources/quokkas.datasource
TOKEN keeper READ
SCHEMA >
    `n` Int32 `json:$.n`,
    `name` Nullable(String) `json:$.name`
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- datasources/secrets.datasource
SCHEMA >
    `n` Int32 `json:$.n`
ENGINE MergeTree
ENGINE_SORTING_KEY n
--- endpoints/wombats.pipe
TOKEN keeper READ
NODE burrow
SQL >
    SELECT n, toString(n) AS text FROM quokkas
TYPE endpoint
--- endpoints/hidden.pipe
NODE burrow
SQL >
    SELECT n FROM secrets
TYPE endpoint
";

#[test]
fn tools_see_the_tables_that_the_token_may_read() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", SHARED));
    let rows = "/v0/events?name=quokkas&wait=true";
    server
        .admin()
        .post(rows, "{\"n\":1}\n{\"n\":2}\n")
        .expect(200);
    let ch = server.clickhouse();
    let keeper = server.token("keeper");
    let ask = |token: &str, sql: &str| query(&ch, token, sql, "").expect(200).text();
    let seen = ask(&keeper, "SHOW TABLES LIKE '%s'");
    assert_eq!(seen, "quokkas\nwombats\n");
    let all = ask(ADMIN_TOKEN, "SHOW TABLES NOT LIKE '%quarantine'");
    assert_eq!(all, "hidden\nquokkas\nsecrets\nwombats\n");
    assert_eq!(ask(&keeper, "SHOW DATABASES"), "Tinybird_Local_Testing\n");
    assert_eq!(
        ask(&keeper, "SELECT currentDatabase(), DATABASE()"),
        "Tinybird_Local_Testing\tTinybird_Local_Testing\n"
    );
    for (table, is_there) in [("quokkas", "1\n"), ("secrets", "0\n"), ("none", "0\n")] {
        assert_eq!(ask(&keeper, &format!("EXISTS TABLE {table}")), is_there);
    }
    assert_eq!(
        ask(&keeper, "DESCRIBE TABLE wombats FORMAT CSV"),
        "\"n\",\"Int32\",\"\",\"\",\"\",\"\",\"\"\n\"text\",\"String\",\"\",\"\",\"\",\"\",\"\"\n"
    );
    let hidden = query(&ch, &keeper, "DESCRIBE secrets", "");
    assert_eq!(refusal(&hidden), (403, 497));
    assert_eq!(
        ask(
            &keeper,
            "SELECT name, engine, total_rows FROM system.tables WHERE name NOT LIKE '%quarantine' ORDER BY name"
        ),
        "quokkas\tMergeTree\t2\nwombats\tView\t\\N\n"
    );
    assert_eq!(
        ask(
            &keeper,
            "SELECT t.name, c.name, c.type FROM system.tables t JOIN system.columns c ON c.table = t.name WHERE c.table = 'quokkas'"
        ),
        "quokkas\tn\tInt32\nquokkas\tname\tNullable(String)\n"
    );
    assert_eq!(
        ask(
            &keeper,
            "SELECT table_name, column_name, is_nullable FROM INFORMATION_SCHEMA.COLUMNS WHERE table_name NOT LIKE '%quarantine'"
        ),
        "quokkas\tn\t0\nquokkas\tname\t1\n"
    );
    for name in ["Tinybird_Local_Testing.quokkas", "`default`.\"quokkas\""] {
        let sql = format!("SELECT max({name}.n) FROM {name}");
        assert_eq!(ask(&keeper, &sql), "2\n", "{name}");
    }
    some_rows_only(&server, &ask);
}

/// A token that may see some rows does not learn how many there are.
fn some_rows_only(server: &Server, ask: &dyn Fn(&str, &str) -> String) {
    let scope = encode("DATASOURCES:READ:quokkas:n = 1");
    let path = format!("/v0/tokens?name=one&scope={scope}");
    let token = server.admin().call("POST", path).send().expect(200).json();
    let token = token["token"].as_str().unwrap();
    assert_eq!(ask(token, "SELECT n FROM quokkas"), "1\n");
    let counts = "SELECT name, total_rows, total_bytes FROM system.tables";
    assert_eq!(ask(token, counts), "quokkas\t\\N\t\\N\n");
    let settings = "SELECT count() FROM system.settings WHERE value LIKE '%quokkas%'";
    assert_eq!(ask(token, settings), "0\n");
}

#[test]
fn answers_are_compressed_when_asked_for() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &example());
    let ch = server.clickhouse();
    let ask = |options: &str, accepted: &str| {
        let sql = encode("SELECT repeat('a', 10000)");
        let call = ch.call("GET", format!("/?query={sql}{options}"));
        let call = call.header("x-clickhouse-key", ADMIN_TOKEN);
        call.header("accept-encoding", accepted).send().expect(200)
    };
    let expected = format!("{}\n", "a".repeat(10_000));
    let gzip = ask("&enable_http_compression=1", "gzip, deflate");
    assert_eq!(gzip.header("content-encoding").as_deref(), Some("gzip"));
    let mut text = String::new();
    let mut decoder = flate2::read::GzDecoder::new(gzip.body.as_slice());
    std::io::Read::read_to_string(&mut decoder, &mut text).unwrap();
    assert_eq!(text, expected);
    let zstd = ask("&enable_http_compression=1", "lz4,zstd");
    assert_eq!(zstd.header("content-encoding").as_deref(), Some("zstd"));
    assert_eq!(
        zstd::decode_all(zstd.body.as_slice()).unwrap(),
        expected.as_bytes()
    );
    for (options, accepted) in [("", "gzip"), ("&enable_http_compression=1", "lz4")] {
        let plain = ask(options, accepted);
        assert_eq!(plain.header("content-encoding"), None);
        assert_eq!(plain.text(), expected);
    }
}
