use super::*;

#[test]
fn all_fields_are_read() {
    let text = "# Why\n- name: one\n  description: d\n  parameters: a=1&b=2\n  expected_result: |\n    {\"a\":1}\n    {\"a\":2}\n\n- name: two\n  parameters:\n  expected_http_status: 400\n  expected_result: \"no\"\n";
    let cases = cases(text).unwrap();
    let [one, two] = &cases[..] else {
        panic!("{cases:?}");
    };
    assert_eq!((one.name.as_str(), one.status), ("one", None));
    assert_eq!(one.parameters, "a=1&b=2");
    assert_eq!(one.result, "{\"a\":1}\n{\"a\":2}\n");
    assert_eq!(one.key("name").map(|p| (p.line, p.column)), Some((2, 2)));
    assert_eq!(two.parameters, "");
    assert_eq!((two.result.as_str(), two.status), ("no", Some(400)));
}

#[test]
fn files_without_tests_are_empty() {
    for text in ["", "# nothing\n", "---\n", "[]\n"] {
        assert_eq!(cases(text).unwrap(), Vec::new(), "{text:?}");
    }
}

#[test]
fn mistakes_have_a_place() {
    let of = |text: &str| cases(text).unwrap_err().to_string();
    let shown = [
        of("name: x\n"),
        of("- 1\n"),
        of("- name: x\n"),
        of("- expected_result: x\n"),
        of("- name: x\n  expected_result: {\"a\": 1}\n"),
        of("- name: x\n  expected_result: ''\n  expected_http_status: many\n"),
        of("- name: &a x\n  expected_result: *a\n"),
        of("- name: \"x\n"),
        of(&"[".repeat(100)),
    ];
    insta::assert_snapshot!(shown.join("\n"));
}
