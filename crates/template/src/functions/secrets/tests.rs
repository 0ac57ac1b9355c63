//! References to secrets.

use crate::context::Mode;
use crate::testing::{assert_outcomes, checked, run};

#[test]
fn a_secret_is_a_query_parameter() {
    let rendered = run(
        "{{tb_secret('api_key')}}{{tb_var('prefixed')}}",
        "{}",
        Mode::Render,
    )
    .unwrap();
    assert_eq!(rendered.sql, "{api_key: String}{prefixed: String}");
    assert_eq!(rendered.secrets, ["api_key", "prefixed"]);
}

#[test]
fn a_missing_secret_needs_a_default() {
    let missing = |name: &str| {
        format!(
            "Template Syntax Error: Cannot access secret '{name}'. Check the secret exists in the \
             Workspace and the token has the required scope."
        )
    };
    assert_outcomes(&[
        (
            "{{tb_secret('z', 'x')}}{{tb_secret('z', 5)}}{{tb_secret('z', '')}}",
            "'x'5''",
        ),
        ("{{tb_secret('z')}}", &missing("z")),
        (
            "{{tb_secret('tb_secret_prefixed')}}",
            &missing("tb_secret_prefixed"),
        ),
        ("{{tb_secret(x)}}", &missing("None")),
        (
            "{{tb_secret('api_key') + 'b'}}",
            "unsupported operand type(s) for +: 'Symbol' and 'str'",
        ),
    ]);
}

#[test]
fn check_mode_accepts_any_name() {
    assert_eq!(
        checked("{{tb_secret('z')}}{{tb_secret('z', 'd')}}"),
        "{z: String}'d'"
    );
    let rendered = run("{{tb_secret('z')}}", "{}", Mode::Check).unwrap();
    assert_eq!(
        rendered.secrets,
        ["z"],
        "the text refers to it all the same"
    );
}
