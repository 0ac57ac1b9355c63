//! Words, blocks, and the way from a block back to the file.

use super::{Directive, Lexed, lex};
use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, FileKind, Grammar};
use crate::lexer::words::{SplitError, split_words};
use crate::source::SourceFile;

fn lex_pipe(text: &str) -> (Lexed, Vec<Diagnostic>) {
    let mut out = Vec::new();
    let grammar = Grammar::new(FileKind::Pipe, Dialect::Forward);
    let lexed = lex(&SourceFile::new("a.pipe", text), &grammar, &mut out);
    (lexed, out)
}

fn only(text: &str) -> Directive {
    let (lexed, out) = lex_pipe(text);
    assert!(out.is_empty(), "{out:?}");
    assert_eq!(lexed.directives.len(), 1);
    lexed.directives.into_iter().next().unwrap()
}

fn words(line: &str) -> Vec<&str> {
    split_words(line)
        .unwrap()
        .words
        .into_iter()
        .map(|word| line.get(word).unwrap())
        .collect()
}

#[test]
fn quotes_open_only_at_the_start_of_a_word() {
    assert_eq!(words("a  b\tc"), ["a", "b", "c"]);
    assert_eq!(words("'x y'z"), ["'x y'", "z"]);
    assert_eq!(words("it's \"a # b\" d"), ["it's", "\"a # b\"", "d"]);
    assert_eq!(words("a#b c"), ["a"]);
    assert_eq!(
        words("f(\"k\", \"d\") }}"),
        ["f(\"k\",", "\"d\"", ")", "}}"]
    );
    assert_eq!(split_words("a 'b"), Err(SplitError::UnclosedQuote(2)));
}

#[test]
fn values_lose_one_pair_of_quotes_and_inner_blanks() {
    let value = |text: &str| only(text).value().map(|value| value.value);
    assert_eq!(value("TYPE  'a   b'"), Some("a   b".to_owned()));
    assert_eq!(value("TYPE a   b # c"), Some("a b".to_owned()));
    assert_eq!(value("TYPE 'a' b"), Some("'a' b".to_owned()));
    assert_eq!(value("TYPE ''"), Some(String::new()));
    assert_eq!(value("TYPE"), None);
}

#[test]
fn a_block_ends_at_an_unindented_directive() {
    let (lexed, _) = lex_pipe("SQL > ignored\nSELECT 1\n TYPE x\nNODES b\ntype endpoint\n");
    let names: Vec<&str> = lexed.directives.iter().map(Directive::name).collect();
    assert_eq!(names, ["SQL", "TYPE"]);
    let sql = lexed.directives[0].block.as_ref().unwrap().sql();
    assert_eq!(sql.as_str(), "SELECT 1\n TYPE x\nNODES b");
}

#[test]
fn sql_loses_its_indentation_templates_do_not() {
    let sql = |text: &str| only(text).block.unwrap().sql().as_str().to_owned();
    assert_eq!(
        sql("SQL >\n    select 1  \n\n  # c\n      from b  \n"),
        "select 1  \n  from b"
    );
    assert_eq!(
        sql("SQL >\n  %  \n\n    select 1  \n# c\n"),
        "%  \n    select 1"
    );
    assert_eq!(sql("SQL >\n\tselect 1\n  from b"), "\tselect 1\n  from b");
}

#[test]
fn places_in_a_block_are_places_in_the_file() {
    let text = "NODE n\r\nSQL >\r\n    SELECT é,\r\n  # dropped\r\n\r\n      wrong\r\n";
    for template in [text.to_owned(), text.replace("    SELECT", "    % SELECT")] {
        let (lexed, _) = lex_pipe(&template);
        let sql = lexed.directives[1].block.as_ref().unwrap().sql();
        for word in ["SELECT", "é", "wrong"] {
            let at = sql.as_str().find(word).unwrap();
            let span = sql.span(at..at + word.len());
            assert_eq!(span.text(), word);
            assert_eq!(span.range().start, template.find(word).unwrap());
        }
        let end = sql.as_str().len();
        assert_eq!(sql.span(end..end).location().line, 6);
    }
}

#[test]
fn comments_stay_beside_their_directive() {
    let (lexed, _) =
        lex_pipe("# one\nNODE a # two\nSQL >\n  select 1\n  # in\n# three\nTYPE x\n# four");
    let above = |index: usize| -> Vec<String> {
        lexed.directives[index]
            .comments_above
            .iter()
            .map(|span| span.text().to_owned())
            .collect()
    };
    assert_eq!(above(0), ["# one"]);
    assert_eq!(
        lexed.directives[0].comment.as_ref().unwrap().text(),
        "# two"
    );
    assert_eq!(above(2), ["# three"]);
    assert_eq!(lexed.comments_below[0].text(), "# four");
}

#[test]
fn a_file_of_another_kind_does_not_give_an_error_per_line() {
    let (_, out) = lex_pipe(&"some text\n".repeat(10_000));
    assert_eq!(out.len(), super::UNKNOWN_LINES_MAX + 1);
}

#[test]
fn in_classic_from_ends_no_block() {
    let mut out = Vec::new();
    let grammar = Grammar::new(FileKind::Pipe, Dialect::Classic);
    let lexed = lex(
        &SourceFile::new("a.pipe", "SQL >\nselect 1\nfrom t\nENGINE x\n"),
        &grammar,
        &mut out,
    );
    let names: Vec<&str> = lexed.directives.iter().map(Directive::name).collect();
    assert_eq!(names, ["SQL", "ENGINE"]);
}
