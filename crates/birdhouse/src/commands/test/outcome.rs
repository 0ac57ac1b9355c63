//! What a call answered, compared with what the test expects.

use serde_json::Value;

use super::suite::Case;
use crate::commands::diff;

/// From this status on a test must name the status.
const FIRST_ERROR: u16 = 400;

/// The part of an answer that tests are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Actual {
    /// Status of the answer, when it is an error.
    pub(super) error_status: Option<u16>,
    /// The body as text; of an error, its message.
    pub(super) result: String,
}

impl Actual {
    pub(super) fn of(status: u16, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body).into_owned();
        if status < FIRST_ERROR {
            return Self {
                error_status: None,
                result: text,
            };
        }
        let message = match serde_json::from_str::<Value>(&text) {
            Ok(body) => match body.get("error") {
                Some(Value::String(message)) => message.clone(),
                Some(other) => other.to_string(),
                None => text,
            },
            Err(_) => text,
        };
        Self {
            error_status: Some(status),
            result: message,
        }
    }
}

/// Returns what differs, for people; nothing when the test passes.
pub(super) fn verdict(case: &Case, actual: &Actual) -> Option<String> {
    let mut shown = Vec::new();
    // A status below 400 is not looked at, neither is the status of a success.
    let wanted = case.status.filter(|status| *status >= FIRST_ERROR);
    match (wanted, actual.error_status) {
        (None, Some(status)) => shown.push(format!("the status is {status}, not a success")),
        (Some(wanted), None) => shown.push(format!("the call succeeds, expected is {wanted}")),
        (Some(wanted), Some(status)) if wanted != status => {
            shown.push(format!("the status is {status}, expected is {wanted}"));
        }
        _ => {}
    }
    if case.result != actual.result {
        let text = diff::unified(("expected", &case.result), ("answered", &actual.result));
        shown.push(text);
    }
    (!shown.is_empty()).then(|| shown.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn case(result: &str, status: Option<u16>) -> Case {
        Case {
            name: "t".to_owned(),
            parameters: String::new(),
            result: result.to_owned(),
            status,
            keys: Vec::new(),
        }
    }

    #[test]
    fn an_equal_answer_passes() {
        let ok = Actual::of(200, b"{\"a\":1}\n");
        assert_eq!(verdict(&case("{\"a\":1}\n", None), &ok), None);
        assert_eq!(verdict(&case("{\"a\":1}\n", Some(200)), &ok), None);
        let refused = Actual::of(400, br#"{"error": "no"}"#);
        assert_eq!(verdict(&case("no", Some(400)), &refused), None);
    }

    #[test]
    fn differences_are_shown_by_line() {
        let answered = Actual::of(200, b"{\"a\":1}\n{\"a\":3}\n");
        insta::assert_snapshot!(
            verdict(&case("{\"a\":1}\n{\"a\":2}\n", None), &answered).unwrap(),
            @r#"
        --- expected
        +++ answered
        @@ -1,2 +1,2 @@
         {"a":1}
        -{"a":2}
        +{"a":3}
        "#
        );
    }

    #[test]
    fn a_missing_newline_at_the_end_is_a_difference() {
        let answered = Actual::of(200, b"{}\n");
        let shown = verdict(&case("{}", None), &answered).unwrap();
        assert!(shown.contains("No newline at end of file"), "{shown}");
    }

    #[test]
    fn an_error_needs_its_status() {
        let refused = Actual::of(400, br#"{"error": "no"}"#);
        let shown = |status| verdict(&case("no", status), &refused).unwrap();
        assert_eq!(shown(None), "the status is 400, not a success");
        assert_eq!(shown(Some(404)), "the status is 400, expected is 404");
        let ok = Actual::of(200, b"no");
        assert_eq!(
            verdict(&case("no", Some(400)), &ok).unwrap(),
            "the call succeeds, expected is 400"
        );
    }

    #[test]
    fn an_odd_error_body_is_taken_as_it_is() {
        assert_eq!(Actual::of(500, b"oops").result, "oops");
        assert_eq!(Actual::of(418, br#"{"tea": 1}"#).result, r#"{"tea": 1}"#);
        assert_eq!(
            Actual::of(418, br#"{"error": {"a":1}}"#).result,
            r#"{"a":1}"#
        );
    }
}
