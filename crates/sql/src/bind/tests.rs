use super::*;

fn bound(text: &str) -> Result<String, BindError> {
    bind(text, |name| match name {
        "n" => Some("5"),
        "s" => Some("it's"),
        "t" => Some("events`; x"),
        "nothing" => Some("\\N"),
        _ => None,
    })
}

#[test]
fn values_stand_where_their_parameters_stood() {
    for (text, expected) in [
        (
            "SELECT {n:UInt8}+{ n : UInt8 }",
            "SELECT CAST('5', 'UInt8')+CAST('5', 'UInt8')",
        ),
        (
            "SELECT {s:String} -- {s:String}",
            "SELECT CAST('it\\'s', 'String') -- {s:String}",
        ),
        (
            "SELECT {n:Array(Nullable(String))}",
            "SELECT CAST('5', 'Array(Nullable(String))')",
        ),
        (
            "SELECT * FROM {t:Identifier}",
            "SELECT * FROM `events\\`; x`",
        ),
        ("SELECT {nothing:Nullable(String)}", "SELECT NULL"),
        (
            "SELECT '{n:UInt8}', {'a': 1}, `{n:UInt8}`",
            "SELECT '{n:UInt8}', {'a': 1}, `{n:UInt8}`",
        ),
    ] {
        assert_eq!(bound(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_parameter_without_a_value_is_named() {
    let error = bound("SELECT {other:String}").expect_err("refused");
    assert_eq!(
        error.to_string(),
        "the parameter {other} has no value; send it as param_other"
    );
    assert!(bound("SELECT 'open").is_err());
}
