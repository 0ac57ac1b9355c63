//! What a statement reads, from the engine's `EXPLAIN QUERY TREE run_passes=0`.
//!
//! The engine prints its unresolved query tree, two blanks per level, one node or section a line:
//!
//! ```text
//! QUERY id: 0
//!   JOIN TREE
//!     IDENTIFIER id: 1, identifier: products
//! ```
//!
//! Nothing has been read or executed for it and tables need not exist. The parser is strict: a
//! line of a shape not seen before is an error, so that a newer engine cannot slip something past
//! it. Identifiers are printed raw, which is why `statement` refuses odd ones first.

use std::collections::{BTreeMap, BTreeSet};

use crate::functions;

mod parser;
#[cfg(test)]
mod tests;

use parser::{Node, Tree};

/// The settings of the `EXPLAIN` whose output [`analyze`] reads, to be followed by a query.
pub const EXPLAIN: &str = "EXPLAIN QUERY TREE run_passes = 0 ";

/// Sections whose direct `IDENTIFIER` children are tables.
const TABLE_SECTIONS: &[&str] = &[
    "JOIN TREE",
    "LEFT TABLE EXPRESSION",
    "RIGHT TABLE EXPRESSION",
    "TABLE EXPRESSION",
];

/// Functions whose second argument may be the name of a table.
const IN_FUNCTIONS: &[&str] = &[
    "in",
    "notIn",
    "globalIn",
    "globalNotIn",
    "nullIn",
    "notNullIn",
    "globalNullIn",
    "globalNotNullIn",
    "inIgnoreSet",
    "notInIgnoreSet",
    "globalInIgnoreSet",
    "globalNotInIgnoreSet",
    "nullInIgnoreSet",
    "notNullInIgnoreSet",
    "globalNullInIgnoreSet",
    "globalNotNullInIgnoreSet",
];

/// Functions whose first argument names a table of the engine Join.
const JOIN_FUNCTIONS: &[&str] = &["joinGet", "joinGetOrNull"];

/// What one statement reads and calls, as written by its author: names are not resolved, except
/// that the statement's own common table expressions are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Analysis {
    /// Names in the position of a table (`products`, `tinybird.pipe_stats_rt`), each with how often
    /// it stands there.
    pub tables: BTreeMap<String, usize>,
    /// Names on the right of `IN`, counted the same way: a table, or a column or alias.
    pub in_names: BTreeMap<String, usize>,
    /// Names that `joinGet` reads from, given as text: tables, never nodes.
    pub join_tables: BTreeSet<String>,
    /// Table functions.
    pub table_functions: BTreeSet<String>,
    /// Functions, and refused functions that are passed by name.
    pub functions: BTreeSet<String>,
    /// True when some part of the statement has a `SETTINGS` clause.
    pub has_settings: bool,
}

/// Why the engine's answer could not be understood.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the engine's query tree is of an unknown shape: {text}")]
pub struct TreeError {
    /// Line of the engine's answer, from 1.
    pub line: usize,
    /// The line.
    pub text: String,
}

/// Reads the engine's answer to [`EXPLAIN`] in format `TSVRaw`.
///
/// # Errors
/// When a line has a shape that is not known.
pub fn analyze(explained: &str) -> Result<Analysis, TreeError> {
    let tree = Tree::parse(explained)?;
    let mut analysis = Analysis::default();
    for (index, node) in tree.nodes.iter().enumerate() {
        match node.label {
            "SETTINGS" => analysis.has_settings = true,
            "TABLE_FUNCTION" => add(&mut analysis.table_functions, node, "table_function_name"),
            "FUNCTION" => match join_table(&tree, index, node) {
                Some(table) => drop(analysis.join_tables.insert(table.to_owned())),
                None => add(&mut analysis.functions, node, "function_name"),
            },
            "IDENTIFIER" => add_identifier(&mut analysis, &tree, index, node),
            _ => {}
        }
    }
    // What a query without FROM reads.
    analysis.tables.remove("system.one");
    Ok(analysis)
}

fn add(names: &mut BTreeSet<String>, node: &Node<'_>, attribute: &str) {
    names.insert(node.attribute(attribute).unwrap_or_default().to_owned());
}

/// Returns the table that `joinGet('table', …)` reads.
///
/// Anything but a plain word as text is left to be refused with the function.
fn join_table<'a>(tree: &Tree<'a>, index: usize, node: &Node<'a>) -> Option<&'a str> {
    let function = node.attribute("function_name")?;
    if !JOIN_FUNCTIONS.contains(&function) {
        return None;
    }
    let first = tree.argument(index, 0)?;
    let is_text =
        first.label == "CONSTANT" && first.attribute("constant_value_type") == Some("String");
    let name = first
        .attribute("constant_value")
        .filter(|_| is_text)?
        .strip_prefix('\'')?
        .strip_suffix('\'')?;
    let is_word = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_word.then_some(name)
}

fn add_identifier(analysis: &mut Analysis, tree: &Tree<'_>, index: usize, node: &Node<'_>) {
    let name = node.attribute("identifier").unwrap_or_default();
    let is_table = tree
        .parent(index)
        .is_some_and(|parent| TABLE_SECTIONS.contains(&parent.label));
    if is_table {
        if !is_own_cte(tree, index, name) {
            *analysis.tables.entry(name.to_owned()).or_default() += 1;
        }
    } else if is_in_set(tree, index) {
        if !is_own_cte(tree, index, name) {
            *analysis.in_names.entry(name.to_owned()).or_default() += 1;
        }
    } else if functions::is_refused(name) && is_argument(tree, index) {
        // A function passed by name: arrayMap(file, …).
        analysis.functions.insert(name.to_owned());
    }
}

/// Returns true for the second argument of an `IN`.
fn is_in_set(tree: &Tree<'_>, index: usize) -> bool {
    let Some(function) = enclosing_function(tree, index) else {
        return false;
    };
    IN_FUNCTIONS.contains(&function.attribute("function_name").unwrap_or_default())
        && tree.position_in_parent(index) == Some(1)
}

/// Returns true for anything below a function's or a transformer's arguments.
fn is_argument(tree: &Tree<'_>, index: usize) -> bool {
    enclosing_function(tree, index).is_some()
}

/// Returns the function of which the node is a direct argument.
fn enclosing_function<'t, 'a>(tree: &'t Tree<'a>, index: usize) -> Option<&'t Node<'a>> {
    let list = tree
        .parent_index(index)
        .filter(|i| tree.label(*i) == "LIST")?;
    let arguments = tree
        .parent_index(list)
        .filter(|i| tree.label(*i) == "ARGUMENTS")?;
    tree.parent(arguments)
        .filter(|node| node.label == "FUNCTION")
}

/// Returns true when an enclosing query declares `name` in its `WITH`.
///
/// Inside its own definition a name is not the expression that is being defined (`WITH t AS
/// (SELECT a FROM t)` reads the table `t`), unless the expression is recursive.
fn is_own_cte(tree: &Tree<'_>, index: usize, name: &str) -> bool {
    let mut inside = Vec::new();
    let mut at = Some(index);
    while let Some(current) = at {
        let Some(node) = tree.nodes.get(current) else {
            break;
        };
        let is_cte = node.attribute("is_cte") == Some("1");
        if is_cte && node.attribute("is_recursive_cte") != Some("1") {
            inside.push(current);
        }
        if tree
            .declared(current)
            .any(|(declared, declared_name)| declared_name == name && !inside.contains(&declared))
        {
            return true;
        }
        at = tree.parent_index(current);
    }
    false
}
