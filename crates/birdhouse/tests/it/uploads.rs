//! Files into data sources: formats, ways to send them, compression.

use std::ffi::OsStr;
use std::io::Write;

use serde_json::{Value, json};

use crate::harness::{Answer, Client, Finished, Scratch, Server, project};

const PROJECT: &str = "
--- datasources/goods.datasource
SCHEMA >
    `id` UInt32 `json:$.id`,
    `name` String `json:$.name`,
    `price` Nullable(Float64) `json:$.price`

ENGINE \"MergeTree\"
ENGINE_SORTING_KEY \"id\"
";

const CSV: &str =
    "id,name,price\n1,\"Comma, quote \"\" and\nnew line\",1.5\n2,plain,\n3,Ünïcödé 🐦,0.25\n";

const NDJSON: &str = "{\"id\":1,\"name\":\"Comma, quote \\\" and\\nnew line\",\"price\":1.5}
{\"id\":2,\"name\":\"plain\",\"price\":null,\"unknown\":[1,{}]}

{\"id\":3,\"name\":\"Ünïcödé 🐦\",\"price\":0.25}";

fn expected() -> Vec<Value> {
    vec![
        json!({"id": 1, "name": "Comma, quote \" and\nnew line", "price": 1.5}),
        json!({"id": 2, "name": "plain", "price": null}),
        json!({"id": 3, "name": "Ünïcödé 🐦", "price": 0.25}),
    ]
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Counts the rows of the answer, checks its shape, and that exactly these rows are new.
#[track_caller]
fn uploaded(admin: &Client, what: &str, answer: Answer) {
    let body = answer.expect(200).json();
    assert_eq!(body["quarantine_rows"], 0, "{what}: {body}");
    assert_eq!(body["invalid_lines"], 0, "{what}");
    assert_eq!(body["error"], false, "{what}");
    assert_eq!(body["datasource"]["name"], "goods", "{what}");
    let id = body["datasource"]["id"].as_str().unwrap();
    assert!(id.starts_with("t_") && id.len() == 34, "{what}: {id}");
    assert!(!body["import_id"].as_str().unwrap().is_empty(), "{what}");
    assert_eq!(body["blocks"][0]["process_return"][0]["lines"], 3, "{what}");
    assert_eq!(body["block_log"], json!([]), "{what}");
    stored_once_more(admin, what);
}

/// Expects every row once more than the last time.
#[track_caller]
fn stored_once_more(admin: &Client, what: &str) {
    let times = admin
        .value("SELECT count() FROM goods WHERE id = 1")
        .as_u64()
        .unwrap();
    let rows =
        admin.sql("SELECT id, name, price, count() AS times FROM goods GROUP BY ALL ORDER BY id");
    let expected: Vec<Value> = expected()
        .into_iter()
        .map(|mut row| {
            row["times"] = json!(times);
            row
        })
        .collect();
    assert_eq!(rows, expected, "{what}");
}

#[test]
fn files_arrive_in_every_form() {
    let scratch = Scratch::new();
    let server = Server::start(&scratch, &project(&scratch, "project", PROJECT));
    let admin = server.admin();
    raw(&admin);
    multipart(&admin);
    compressed(&admin);
    let uploads = admin.value("SELECT count() FROM goods WHERE id = 1");
    assert_eq!(uploads, 19, "an upload was stored twice or not at all");
    bad_lines(&admin);
    server.stop();
}

fn raw(admin: &Client) {
    let path = "/v0/datasources?mode=append&name=goods";
    for (parameters, file) in [
        ("&format=csv", CSV),
        ("", CSV),
        ("&format=ndjson", NDJSON),
        (
            "&format=csv",
            &CSV.replace('\n', "\r\n").replace("and\r\n", "and\n"),
        ),
        (
            "&format=csv&dialect_delimiter=;",
            "id;name;price\n1;\"Comma, quote \"\" and\nnew line\";1.5\n2;plain;\n3;Ünïcödé 🐦;0.25",
        ),
        (
            "&format=csv",
            "name,price,id\n\"Comma, quote \"\" and\nnew line\",1.5,1\nplain,,2\nÜnïcödé 🐦,0.25,3\n",
        ),
        ("&format=csv", CSV.strip_prefix("id,name,price\n").unwrap()),
        ("&format=csv", &format!("\u{FEFF}{CSV}")),
        (
            "&format=ndjson&debug=blocks_block_log&branch_mode=None&cli_version=6.5.5",
            NDJSON,
        ),
    ] {
        uploaded(
            admin,
            parameters,
            admin.post(format!("{path}{parameters}"), file),
        );
    }
}

fn multipart(admin: &Client) {
    let form = |part: &str, file_name: &str, content: &str| {
        format!(
            "--frontier\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nnot the file\r\n\
             --frontier\r\nContent-Disposition: form-data; name=\"{part}\"; filename=\"{file_name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n{content}\r\n--frontier--\r\n"
        )
    };
    for (parameters, part, file_name, content) in [
        ("&format=csv", "csv", "csv", CSV),
        ("&format=ndjson", "ndjson", "ndjson", NDJSON),
        // SDKs call the part `csv` whatever it is; the parameter decides.
        ("&format=ndjson", "csv", "rows", NDJSON),
        ("", "upload", "rows.ndjson", NDJSON),
        ("", "upload", "rows.csv", CSV),
    ] {
        let answer = admin
            .call(
                "POST",
                format!("/v0/datasources?mode=append&name=goods{parameters}"),
            )
            .header("content-type", "multipart/form-data; boundary=frontier")
            .body(form(part, file_name, content))
            .send();
        uploaded(admin, &format!("{part} {file_name} {parameters}"), answer);
    }
}

fn compressed(admin: &Client) {
    let zstd = |bytes: &[u8]| zstd::encode_all(bytes, 3).unwrap();
    let send = |path: &str, encoding: &str, body: Vec<u8>| {
        admin
            .call("POST", path)
            .header("content-encoding", encoding)
            .body(body)
            .send()
    };
    let upload = "/v0/datasources?mode=append&name=goods&format=csv";
    uploaded(
        admin,
        "gzip file",
        send(upload, "gzip", gzip(CSV.as_bytes())),
    );
    uploaded(
        admin,
        "zstd file",
        send(upload, "zstd", zstd(CSV.as_bytes())),
    );
    let events = "/v0/events?name=goods&wait=true";
    for (encoding, body) in [
        ("gzip", gzip(NDJSON.as_bytes())),
        ("GZIP", gzip(NDJSON.as_bytes())),
        ("zstd", zstd(NDJSON.as_bytes())),
    ] {
        let answer = send(events, encoding, body).expect(200);
        assert_eq!(
            answer.json(),
            json!({"successful_rows": 3, "quarantined_rows": 0}),
            "{encoding}"
        );
        stored_once_more(admin, encoding);
    }
}

/// A file with bad lines is stored as far as it is good; the answer says how much is not.
fn bad_lines(admin: &Client) {
    let file = "id,name,price\n10,fine,1\nx,bad number,1\n11,too few\n12,also fine,2\n";
    let answer = admin
        .post("/v0/datasources?mode=append&name=goods&format=csv", file)
        .expect(200);
    let body = answer.json();
    assert_eq!(body["quarantine_rows"], 2, "{body}");
    assert_eq!(
        body["error"],
        "There was an error with file contents: 2 rows in quarantine."
    );
    assert_eq!(
        admin.value("SELECT groupArray(id) FROM (SELECT id FROM goods WHERE id >= 10 ORDER BY id)"),
        json!([10, 12])
    );
    let rows = admin.sql("SELECT id, name, c__error_column, c__import_id FROM goods_quarantine ORDER BY name NULLS LAST");
    assert_eq!(rows.len(), 2, "{rows:?}");
    assert_eq!(rows[0]["id"], "x", "the original text is kept");
    assert_eq!(rows[0]["c__error_column"], json!(["id"]));
    assert!(
        rows.iter()
            .all(|row| row["c__import_id"] == body["import_id"]),
        "{rows:?}"
    );
}

/// Rows that were refused are repaired by expressions and come in; what still does not fit stays.
#[test]
fn quarantined_rows_are_repaired_and_come_in() {
    let scratch = Scratch::new();
    let root = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &root);
    let admin = server.admin();
    let rows = "{\"id\":1,\"name\":\"a \\\\\\\"b, c\",\"price\":\"1,5\"}
{\"id\":\"two\",\"name\":\"x\",\"price\":2}
{\"id\":3,\"name\":\"good\",\"price\":3}";
    let answer = admin.append("goods", rows).expect(200).json();
    assert_eq!(answer["quarantined_rows"], 2);
    let quarantine = |arguments: &[&str]| {
        let data = server.data().to_str().unwrap().to_owned();
        let place = ["--data", &data, "--url", server.base()];
        let all = [&["quarantine"], arguments, &place].concat();
        let all: Vec<&OsStr> = all.into_iter().map(OsStr::new).collect();
        Finished::run(&scratch, &all)
    };
    let shown = quarantine(&["ls"]);
    assert_eq!(
        shown.stdout, "goods: 2 rows, in goods_quarantine\n",
        "{shown:?}"
    );
    let repair = "replace(price, ',', '.') AS price";
    let done = quarantine(&["reingest", "goods", "--repair", repair]);
    assert_eq!(
        done.stdout, "2 rows taken: 1 stored, 1 in quarantine again\n",
        "{done:?}"
    );
    let refused = quarantine(&["reingest", "goods", "--condition", "1) OR (1"]);
    assert_eq!(refused.code, 1, "{refused:?}");
    let path = "/v0/datasources/goods/quarantine/reingest";
    // A repair that loses rows must not lose them.
    let form = "repair=arrayJoin(emptyArrayString())+AS+id";
    let lost = admin.post(path, form).expect(400);
    assert!(lost.error().contains("nothing was changed"), "{lost:?}");
    let none = admin.post(path, "condition=id+%3D+'9'").expect(200).json();
    assert_eq!(none["selected_rows"], 0);
    let form = "condition=id+%3D+'two'&repair='2'+AS+id";
    let last = admin.post(path, form).expect(200).json();
    assert_eq!(
        (&last["successful_rows"], &last["quarantined_rows"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(
        admin.sql("SELECT id, name, price FROM goods ORDER BY id"),
        [
            json!({"id": 1, "name": "a \\\"b, c", "price": 1.5}),
            json!({"id": 2, "name": "x", "price": 2}),
            json!({"id": 3, "name": "good", "price": 3}),
        ]
    );
    assert_eq!(quarantine(&["ls"]).stdout, "no rows are in quarantine\n");
    server.anonymous().post(path, "").expect(403);
}
