use crate::project::Project;

use super::*;

const PIPE: &str = "\
# what it is for

DESCRIPTION >
    Counts.

TOKEN \"reader\" READ

# the first
NODE first
SQL >
    SELECT 1 AS n

NODE second
DESCRIPTION >
    The second.

SQL >
    SELECT n FROM first

TYPE ENDPOINT
";

fn edit(text: &str) -> Edit {
    let file = SourceFile::new("pipes/p.pipe", text);
    Edit::of(&file, FileKind::Pipe, Dialect::Forward).unwrap()
}

fn parsed(path: &str, text: &str) -> Project {
    let (project, found) = Project::parse(vec![SourceFile::new(path, text)]);
    assert!(!has_errors(&found), "{found:?}\n{text}");
    project
}

#[test]
fn what_is_not_touched_stays() {
    assert_eq!(edit(PIPE).finish().unwrap(), PIPE);
}

#[test]
fn a_node_gets_another_query() {
    let mut edit = edit(PIPE);
    edit.set_in_node("first", "SQL", "SELECT 2 AS n\nFROM numbers(3)")
        .unwrap();
    let wanted = PIPE.replace(
        "    SELECT 1 AS n\n",
        "    SELECT 2 AS n\n    FROM numbers(3)\n",
    );
    assert_eq!(edit.finish().unwrap(), wanted);
}

#[test]
fn nodes_come_get_names_and_go() {
    let mut edit = edit(PIPE);
    edit.add_node("third").unwrap();
    edit.set_in_node("third", "SQL", "SELECT 3").unwrap();
    edit.rename_node("third", "last").unwrap();
    assert!(edit.add_node("first").is_err());
    assert!(edit.rename_node("last", "first").is_err());
    assert!(edit.set_in_node("third", "SQL", "SELECT 4").is_err());
    edit.remove_nodes(Some("second"));
    let project = parsed("p.pipe", &edit.finish().unwrap());
    let names: Vec<&str> = project.pipes[0]
        .nodes
        .iter()
        .map(|n| n.name.as_str())
        .collect();
    assert_eq!(names, ["first", "last"]);
}

#[test]
fn a_value_never_ends_its_directive() {
    let values = [
        "a\nTOKEN \"thief\" READ",
        "a\r\nTOKEN \"thief\" READ",
        "a\rTOKEN \"thief\" READ",
        "a\n\n  b\nNODE thief",
        "a\n# b\nTYPE endpoint",
    ];
    for value in values {
        let mut edit = edit(PIPE);
        edit.set("DESCRIPTION", value).unwrap();
        edit.set_in_node("first", "DESCRIPTION", value).unwrap();
        edit.set_in_node("first", "SQL", value).unwrap();
        let text = edit.finish().unwrap();
        let project = parsed("p.pipe", &text);
        let pipe = &project.pipes[0];
        assert_eq!((pipe.nodes.len(), pipe.tokens.len()), (2, 1), "{text}");
        assert!(pipe.nodes[0].sql.as_str().starts_with('a'), "{text}");
    }
    let mut edit = edit(PIPE);
    for value in ["x\nNODE y", "x\rNODE y", "'x # \"y"] {
        assert!(edit.add_node(value).is_err(), "{value:?}");
        let target = edit.set_in_node("first", "DATASOURCE", value);
        assert!(target.is_err(), "{value:?}");
    }
    assert!(edit.add_token("a\nTYPE", TokenScope::Read).is_err());
}

#[test]
fn a_token_line_is_there_once() {
    let mut edit = edit(PIPE);
    assert_eq!(edit.add_token("reader", TokenScope::Read), Ok(false));
    assert_eq!(edit.add_token("other", TokenScope::Read), Ok(true));
    assert_eq!(edit.add_token("other", TokenScope::Read), Ok(false));
    let project = parsed("p.pipe", &edit.finish().unwrap());
    assert_eq!(project.pipes[0].tokens.len(), 2);
}

#[test]
fn templates_keep_their_lines_in_place() {
    let sql = "%\n    SELECT 1\n      AS n";
    for _ in 0..3 {
        let mut edit = Edit::new(FileKind::Pipe, Dialect::Forward);
        edit.add_node("n").unwrap();
        edit.set_in_node("n", "SQL", sql).unwrap();
        let text = edit.finish().unwrap();
        assert_eq!(text, "NODE n\nSQL >\n    %\n    SELECT 1\n      AS n\n");
    }
}

#[test]
fn a_pipe_says_itself_that_it_publishes_nothing() {
    let mut edit = edit(PIPE);
    edit.make_standard("second");
    edit.settle_types();
    let text = edit.finish().unwrap();
    assert_eq!(text, PIPE.replace("TYPE ENDPOINT", "TYPE STANDARD"));
    // Alone in its project it would else be read as Classic.
    assert_eq!(parsed("p.pipe", &text).dialect, Dialect::Forward);
    assert_eq!(parsed("p.pipe", &text).pipes[0].endpoint(), None);
    let mut edit = self::edit(&text);
    edit.set_in_node("first", "TYPE", "endpoint").unwrap();
    edit.settle_types();
    assert!(!edit.finish().unwrap().contains("STANDARD"));
}

#[test]
fn in_classic_the_last_node_is_published_without_a_word() {
    let file = SourceFile::new("p.pipe", PIPE);
    let mut edit = Edit::of(&file, FileKind::Pipe, Dialect::Classic).unwrap();
    edit.settle_types();
    assert_eq!(
        edit.finish().unwrap(),
        PIPE.replace("\nTYPE ENDPOINT\n", "")
    );
}

#[test]
fn what_is_no_datafile_is_refused() {
    let file = SourceFile::new("p.pipe", "WHAT is this\n");
    assert!(Edit::of(&file, FileKind::Pipe, Dialect::Forward).is_err());
    let mut edit = Edit::new(FileKind::Datasource, Dialect::Forward);
    assert!(edit.set("NONSENSE", "1").is_err());
    edit.set("SCHEMA", "`id UInt64").unwrap();
    assert!(edit.finish().is_err());
}
