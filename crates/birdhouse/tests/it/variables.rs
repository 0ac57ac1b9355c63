//! Variables: values go in, serve templates, and never come out.

use serde_json::Value;

use crate::harness::{Scratch, Server, project};

const PROJECT: &str = "\
--- endpoints/reveal.pipe
TOKEN reader READ
NODE n
SQL >
    %
    SELECT {{tb_secret('api_key', 'unset')}} AS key
TYPE endpoint
";

const VALUE: &str = "correct horse battery staple";

#[test]
fn variables_are_kept_and_never_shown() {
    let scratch = Scratch::new();
    let root = project(&scratch, "project", PROJECT);
    let server = Server::start(&scratch, &root);
    let admin = server.admin();
    admin.get("/v0/variables/api_key").expect(404).error();
    admin
        .put("/v0/variables/api_key", "value=x")
        .expect(404)
        .error();
    let body = format!("name=api_key&value={}&type=secret", VALUE.replace(' ', "+"));
    let created = admin.post("/v0/variables", body.as_str()).expect(200);
    assert!(!created.text().contains(VALUE));
    admin
        .post("/v0/variables", body.as_str())
        .expect(400)
        .error();
    let shown = admin.get("/v0/variables").expect(200);
    assert!(!shown.text().contains("horse"));
    let variable = &shown.json()["variables"][0];
    assert_eq!(variable["name"], "api_key");
    assert_eq!(variable["type"], "secret");
    // Listings cut off seven characters: the point and six digits.
    let at = variable["created_at"].as_str().unwrap();
    assert_eq!(at.rsplit_once('.').unwrap().1.len(), 6, "{at}");
    let key = |server: &Server| {
        let rows = server
            .named("reader")
            .endpoint("reveal", "json", &[])
            .ok()
            .rows();
        rows[0]["key"].clone()
    };
    assert_eq!(key(&server), VALUE);
    let json = r#"{"value": "another one"}"#;
    admin.put("/v0/variables/api_key", json).expect(200);
    assert_eq!(key(&server), "another one");
    server.kill();
    let server = Server::start_empty(&scratch);
    assert_eq!(key(&server), "another one");
    let admin = server.admin();
    assert_eq!(
        admin.delete("/v0/variables/api_key").expect(200).json()["ok"],
        true
    );
    admin.delete("/v0/variables/api_key").expect(404).error();
    assert_eq!(
        admin.get("/v0/variables").json()["variables"],
        Value::Array(Vec::new())
    );
}

#[test]
fn limits_are_said() {
    let scratch = Scratch::new();
    let server = Server::start_empty(&scratch);
    let admin = server.admin();
    let long = format!("name=big&value={}", "x".repeat(8 * 1024 + 1));
    for (body, reason) in [
        ("value=x", "'name' is missing"),
        ("name=x", "'value' is missing"),
        ("name=1x&value=x", "not begin with a digit"),
        ("name=a-b&value=x", "letters, digits"),
        ("name=a&value=x&type=text", "only 'secret'"),
        (long.as_str(), "8192"),
        ("{\"name\": ", "not valid JSON"),
    ] {
        let error = admin.post("/v0/variables", body).expect(400).error();
        assert!(error.contains(reason), "{reason}: {error}");
    }
    for n in 0..100 {
        admin
            .post("/v0/variables", format!("name=v{n}&value=x"))
            .expect(200);
    }
    let error = admin
        .post("/v0/variables", "name=more&value=x")
        .expect(400)
        .error();
    assert!(error.contains("100"), "{error}");
}
