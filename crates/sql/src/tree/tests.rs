//! The lines are the engine's own (26.7), recorded by hand; `birdhouse-query` runs the whole
//! guard against the real engine.

use super::*;

fn names(set: &BTreeSet<String>) -> Vec<&str> {
    set.iter().map(String::as_str).collect()
}

fn counts(map: &BTreeMap<String, usize>) -> Vec<(&str, usize)> {
    map.iter()
        .map(|(name, count)| (name.as_str(), *count))
        .collect()
}

const CTES: &str = "\
QUERY id: 0
  JOIN TREE
    QUERY id: 3, is_subquery: 1
      WITH
        LIST id: 6, nodes: 2
          QUERY id: 7, is_subquery: 1, is_cte: 1, cte_name: n1
            PROJECTION
              LIST id: 8, nodes: 1
                FUNCTION id: 10, alias: x, y, function_name: toInt8, function_type: ordinary
                  ARGUMENTS
                    LIST id: 11, nodes: 1
                      CONSTANT id: 12, constant_value: UInt64_1, constant_value_type: UInt8
            JOIN TREE
              IDENTIFIER id: 13, identifier: n1
            WHERE
              FUNCTION id: 16, function_name: in, function_type: ordinary
                ARGUMENTS
                  LIST id: 17, nodes: 2
                    IDENTIFIER id: 18, identifier: a
                    IDENTIFIER id: 19, identifier: u
          QUERY id: 27, is_subquery: 1, is_cte: 1, cte_name: n2
            JOIN TREE
              JOIN id: 30, strictness: ALL, kind: INNER
                LEFT TABLE EXPRESSION
                  IDENTIFIER id: 31, identifier: n1
                RIGHT TABLE EXPRESSION
                  IDENTIFIER id: 32, identifier: d1.u
                JOIN EXPRESSION
                  LIST id: 33, nodes: 1
                    IDENTIFIER id: 34, identifier: a
      JOIN TREE
        IDENTIFIER id: 59, identifier: n2, final: 1
      ORDER BY
        LIST id: 41, nodes: 1
          SORT id: 42, sort_direction: ASCENDING, with_fill: 0
            EXPRESSION b
              IDENTIFIER id: 43, identifier: b
";

#[test]
fn own_expressions_are_not_tables_except_inside_their_definition() {
    let analysis = analyze(CTES).unwrap();
    assert_eq!(counts(&analysis.tables), [("d1.u", 1), ("n1", 1)]);
    assert_eq!(counts(&analysis.in_names), [("u", 1)]);
    assert_eq!(names(&analysis.functions), ["in", "toInt8"]);
    assert!(!analysis.has_settings);
}

#[test]
fn settings_and_functions_by_name_are_seen() {
    let analysis = analyze(
        "QUERY id: 0\n  PROJECTION\n    LIST id: 1, nodes: 1\n      \
         FUNCTION id: 2, function_name: arrayMap, function_type: ordinary\n        ARGUMENTS\n          \
         LIST id: 3, nodes: 1\n            IDENTIFIER id: 4, identifier: file\n  SETTINGS a=1 b=x, y: 2\n",
    )
    .unwrap();
    assert_eq!(names(&analysis.functions), ["arrayMap", "file"]);
    assert!(analysis.has_settings);
}

#[test]
fn an_unknown_line_is_an_error() {
    let error = analyze("QUERY id: 0\n  something new\n").unwrap_err();
    assert_eq!(error.line, 2);
    assert!(analyze("QUERY id: x\n").is_err());
    assert!(analyze("JOIN TREE with text\n").is_err());
}

#[test]
fn join_get_of_a_text_is_a_table() {
    let tree = |argument: &str| {
        format!(
            "QUERY id: 0\n  PROJECTION\n    LIST id: 1, nodes: 1\n      FUNCTION id: 2, function_name: joinGet, \
             function_type: ordinary\n        ARGUMENTS\n          LIST id: 3, nodes: 3\n            {argument}\n            \
             CONSTANT id: 5, constant_value: 'v', constant_value_type: String\n"
        )
    };
    let constant = "CONSTANT id: 4, constant_value: 'prices', constant_value_type: String";
    let analysis = analyze(&tree(constant)).unwrap();
    assert_eq!(analysis.join_tables, ["prices".to_owned()].into());
    assert!(analysis.functions.is_empty());
    for other in [
        "CONSTANT id: 4, constant_value: 'other.prices', constant_value_type: String",
        "CONSTANT id: 4, constant_value: 'a, constant_value_type: String', constant_value_type: String",
        "IDENTIFIER id: 4, identifier: prices",
        "FUNCTION id: 4, function_name: concat, function_type: ordinary",
    ] {
        let analysis = analyze(&tree(other)).unwrap();
        assert!(analysis.join_tables.is_empty(), "{other}");
        assert!(analysis.functions.contains("joinGet"), "{other}");
    }
}
