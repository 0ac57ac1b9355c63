use proptest::prelude::*;

use super::*;

fn words(text: &str) -> Vec<&str> {
    tokens(text)
        .unwrap()
        .iter()
        .map(|token| text.get(token.span.clone()).unwrap())
        .collect()
}

#[test]
fn comments_and_quotes_hide_structure() {
    assert_eq!(
        words("select ';' -- ;\n, `a;b` /* ; */ # ;\n #! ;\n from \"t\""),
        ["select", "';'", ",", "`a;b`", "from", "\"t\""]
    );
    assert_eq!(
        words("'it''s' 'a\\'b' `x``y`"),
        ["'it''s'", "'a\\'b'", "`x``y`"]
    );
    assert_eq!(
        words("$$ ; drop $$ $tag$ $$ $tag$ a$b"),
        ["$$ ; drop $$", "$tag$ $$ $tag$", "a", "$", "b"]
    );
    assert_eq!(words("\u{2018};'\u{2019} x"), ["\u{2018};'\u{2019}", "x"]);
}

#[test]
fn what_is_not_closed_is_named() {
    let what = |text: &str| tokens(text).unwrap_err().to_string();
    assert_eq!(what("select 'a"), "string is not closed");
    assert_eq!(what("select /* a"), "comment is not closed");
    assert_eq!(what("select `a"), "quoted identifier is not closed");
    assert_eq!(what("select $$ a"), "heredoc is not closed");
}

proptest! {
    #[test]
    fn tokens_are_in_order_and_inside_the_text(text in "[\\PC'`\"$/*#;\\-\\\\ ]{0,60}") {
        if let Ok(found) = tokens(&text) {
            let mut end = 0;
            for token in found {
                prop_assert!(token.span.start >= end && token.span.end > token.span.start);
                end = token.span.end;
                prop_assert!(text.get(token.span).is_some());
            }
        }
    }
}
