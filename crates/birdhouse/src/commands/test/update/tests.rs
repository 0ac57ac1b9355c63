use super::*;

fn suite(text: &str) -> Suite {
    Suite {
        path: "tests/p.yaml".to_owned(),
        pipe: "p".to_owned(),
        text: text.to_owned(),
        cases: suite::cases(text).unwrap(),
    }
}

fn success(result: &str) -> Actual {
    Actual {
        error_status: None,
        result: result.to_owned(),
    }
}

fn error(status: u16, message: &str) -> Actual {
    Actual {
        error_status: Some(status),
        result: message.to_owned(),
    }
}

/// Rewrites the tests at those positions.
fn rewrite(text: &str, changes: &[(usize, Actual)]) -> String {
    let suite = suite(text);
    let changes: Vec<(&Case, Actual)> = changes
        .iter()
        .map(|(index, actual)| (&suite.cases[*index], actual.clone()))
        .collect();
    match rewritten(&suite, &changes) {
        Ok(text) => text,
        Err(error) => format!("{error:#}"),
    }
}

const FILE: &str = "\
# What this file is about

- name: one   # stays
  parameters: a=1
  # about the answer
  expected_result: |
    {\"old\":1}

    {\"old\":2}

# about the second
- name: two
  expected_http_status: 400
  expected_result: \"an
    old text\"
  parameters: ''
- name: three
  expected_result: x
";

#[test]
fn comments_and_other_fields_stay() {
    insta::assert_snapshot!(rewrite(
        FILE,
        &[
            (0, success("{\"new\":1}\n{\"new\":2}\n")),
            (1, success("")),
            (2, error(404, "no \"such\" thing: # here")),
        ],
    ));
}

#[test]
fn one_test_of_many_is_changed() {
    let changed = rewrite(FILE, &[(1, error(400, "an\nold text"))]);
    let kept = FILE.replace("\"an\n    old text\"", "\"an\\nold text\"");
    assert_eq!(changed, kept);
}

#[test]
fn odd_texts_come_back_as_they_were() {
    for text in [
        " leading blank\n",
        "\nleading line\n",
        "two ends\n\n",
        "tab\there\n",
        "carriage\r\nreturn\n",
        "bell \u{7}\n",
        "mark \u{feff} and \u{2028} and \u{85}\n",
        "- looks: like\n# yaml\n",
        "no end",
        "---\n...\n",
        "{\"a\":\"\\\\ \\\"\"}\n\n{\"b\":1}\n",
    ] {
        let changed = rewrite(FILE, &[(0, success(text))]);
        let read = suite::cases(&changed).unwrap_or_else(|e| panic!("{text:?}: {e}: {changed}"));
        assert_eq!(read[0].result, text);
    }
}

#[test]
fn line_ends_of_the_file_stay() {
    let file = FILE.replace('\n', "\r\n");
    let changed = rewrite(&file, &[(0, success("{\"new\":1}\n"))]);
    assert_eq!(
        changed.matches("\r\n").count(),
        changed.matches('\n').count()
    );
}

#[test]
fn files_that_cannot_be_edited_are_refused() {
    let flow = "[{name: x, expected_result: y}]\n";
    let first = "- expected_result: y\n  name: x\n";
    let shown = [flow, first].map(|text| rewrite(text, &[(0, success("z\n"))]));
    insta::assert_snapshot!(shown.join("\n"));
}
