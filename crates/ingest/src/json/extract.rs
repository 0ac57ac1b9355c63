//! Reads the values of all columns from a row's text in one pass.
//!
//! The keys of all JSONPaths form a tree. While the scanner checks the row it walks that tree
//! along; a value that no path names is only checked. What follows the keys in a path (`[:]`,
//! `[0]`) is applied when the column is converted. Of repeated keys the last one counts.

use std::collections::HashMap;

use super::{Json, JsonError, JsonString, Scanner};

/// The value found for each column of one row.
pub(crate) type Slots<'a> = Vec<Option<Json<'a>>>;

/// Children of a node up to which comparing one by one beats hashing.
const LINEAR_SEARCH_MAX: usize = 16;

/// The tree of keys.
#[derive(Debug, Default)]
pub(crate) struct Extractor {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    /// Columns whose keys end here.
    columns: Vec<usize>,
    children: Vec<(String, Node)>,
    /// Key → position in `children`, when there are many.
    positions: HashMap<String, usize>,
}

impl Extractor {
    /// Builds the tree from the keys that lead to each column.
    pub(crate) fn new<'k, K: Iterator<Item = &'k str>>(
        paths: impl IntoIterator<Item = (usize, K)>,
    ) -> Self {
        let mut root = Node::default();
        for (column, keys) in paths {
            let mut node = &mut root;
            for key in keys {
                let position = node.child(key);
                let position = position.unwrap_or_else(|| node.add(key));
                let Some((_, child)) = node.children.get_mut(position) else {
                    break;
                };
                node = child;
            }
            node.columns.push(column);
        }
        Self { root }
    }

    /// Reads a text that is exactly one JSON value. When it is an object, `slots` holds the
    /// columns' values afterwards; otherwise they are empty.
    pub(crate) fn read<'a>(
        &self,
        text: &'a str,
        slots: &mut Slots<'a>,
    ) -> Result<Json<'a>, JsonError> {
        slots.fill(None);
        let mut scanner = Scanner::new(text);
        let value = self.root.visit(&mut scanner, slots, 0)?;
        scanner.end()?;
        Ok(value)
    }
}

impl Node {
    fn child(&self, key: &str) -> Option<usize> {
        if self.positions.is_empty() {
            self.children.iter().position(|(name, _)| name == key)
        } else {
            self.positions.get(key).copied()
        }
    }

    fn add(&mut self, key: &str) -> usize {
        self.children.push((key.to_owned(), Self::default()));
        if self.children.len() > LINEAR_SEARCH_MAX {
            self.positions = (self.children.iter().enumerate())
                .map(|(position, (name, _))| (name.clone(), position))
                .collect();
        }
        self.children.len() - 1
    }

    /// Reads one value and stores it, and what is inside of it, for the columns that want it.
    fn visit<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        slots: &mut Slots<'a>,
        depth: usize,
    ) -> Result<Json<'a>, JsonError> {
        let is_object = scanner.skip_blanks() == Some(b'{');
        let value = if is_object && !self.children.is_empty() {
            self.visit_fields(scanner, slots, depth)?
        } else {
            scanner.value_at_depth(depth)?
        };
        for &column in &self.columns {
            if let Some(slot) = slots.get_mut(column) {
                *slot = Some(value);
            }
        }
        Ok(value)
    }

    fn visit_fields<'a>(
        &self,
        scanner: &mut Scanner<'a>,
        slots: &mut Slots<'a>,
        depth: usize,
    ) -> Result<Json<'a>, JsonError> {
        let start = scanner.position();
        scanner.open(depth)?;
        if scanner.skip_blanks() == Some(b'}') {
            scanner.step();
            return Ok(Json::Object(scanner.since(start)));
        }
        // Senders keep the order of keys, so the next key is usually the next child.
        let mut expected = 0;
        loop {
            let key = scanner.expect_key()?;
            if let Some((position, child)) = self.find(key, expected) {
                expected = position + 1;
                child.visit(scanner, slots, depth + 1)?;
            } else {
                scanner.value_at_depth(depth + 1)?;
            }
            if !scanner.object_continues()? {
                return Ok(Json::Object(scanner.since(start)));
            }
        }
    }

    fn find(&self, key: JsonString<'_>, expected: usize) -> Option<(usize, &Self)> {
        if key.escaped {
            let position = self.child(&key.decode())?;
            return Some((position, &self.children.get(position)?.1));
        }
        if let Some((name, child)) = self.children.get(expected)
            && name == key.raw
        {
            return Some((expected, child));
        }
        let position = self.child(key.raw)?;
        Some((position, &self.children.get(position)?.1))
    }
}
