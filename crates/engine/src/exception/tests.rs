use super::*;

#[track_caller]
fn check(text: &str, code: i32, name: &str, message: &str) {
    let expected = Exception {
        code,
        name: name.to_owned(),
        message: message.to_owned(),
    };
    assert_eq!(Exception::parse(text), expected);
}

#[test]
fn code_name_and_version_are_taken_off() {
    check(
        "Code: 60. DB::Exception: Unknown table 't' in scope SELECT 1. (UNKNOWN_TABLE)",
        60,
        "UNKNOWN_TABLE",
        "Unknown table 't' in scope SELECT 1",
    );
    check(
        "Code: 395. DB::Exception: boom (now): while executing f(x). (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) (version 26.7.2.1)",
        395,
        "FUNCTION_THROW_IF_VALUE_IS_NON_ZERO",
        "boom (now): while executing f(x)",
    );
}

#[test]
fn a_rethrown_exception_is_reported_once() {
    check(
        "Code: 164. DB::Exception: Code: 164. DB::Exception: Cannot modify it. (READONLY) (version 26.7.2.1). (READONLY)",
        164,
        "READONLY",
        "Cannot modify it",
    );
}

#[test]
fn text_of_another_shape_is_kept() {
    check("out of paper", code::UNKNOWN_EXCEPTION, "", "out of paper");
    check("", code::UNKNOWN_EXCEPTION, "", "");
    check("Code: x. y", code::UNKNOWN_EXCEPTION, "", "Code: x. y");
}

#[test]
fn own_text_reads_back() {
    let own = Exception::new(code::BAD_ARGUMENTS, "no token");
    assert_eq!(Exception::parse(&own.text()), own);
}
