use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn escapes_and_repeats() {
    let params = Params::from_urlencoded("a=1%202&b=x+y&a=3&flag&bad=%zz%4&token=p.x&token=p.y");
    assert_eq!(params.text("a"), Some("1 2"));
    assert_eq!(params.text("b"), Some("x y"));
    assert_eq!(params.text("flag"), Some(""));
    assert_eq!(params.text("bad"), Some("%zz%4"));
    assert_eq!(params.text("token"), Some("p.x"), "the first one counts");
    assert!(params.for_log().iter().all(|(name, _)| name != "token"));
}

#[test]
fn the_body_wins() {
    let query = Params::from_urlencoded("a=1&b=2");
    let body = json!({"a": 7}).as_object().unwrap().clone();
    let merged = query.overridden_by(Params::from_json(body));
    assert_eq!(
        merged,
        Params(vec![("b".into(), json!("2")), ("a".into(), json!(7))])
    );
}

#[test]
fn a_body_is_what_it_looks_like() {
    let read = |body: &str| Params::from_body(&HeaderMap::new(), body.as_bytes());
    assert_eq!(read("a=1&q=select+1").unwrap().text("q"), Some("select 1"));
    assert_eq!(
        read("{\"q\": \"select 1\"}").unwrap().text("q"),
        Some("select 1")
    );
    assert_eq!(
        read("SELECT a FROM _ WHERE b=1").unwrap().text("q"),
        Some("SELECT a FROM _ WHERE b=1")
    );
    assert_eq!(read(" \n").unwrap(), Params::default());
    assert!(
        read("{\"q\"")
            .unwrap_err()
            .message
            .contains("not valid JSON")
    );
    assert!(
        Params::from_body(&HeaderMap::new(), b"\xff")
            .unwrap_err()
            .message
            .contains("UTF-8")
    );
}

proptest! {
    #[test]
    fn any_value_survives_encoding(value in "\\PC{0,40}") {
        let encoded: String = value.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let params = Params::from_urlencoded(&format!("x={encoded}"));
        prop_assert_eq!(params.text("x"), Some(value.as_str()));
    }
}
