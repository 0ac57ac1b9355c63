//! Lines of the engine's query tree → nodes with parents.

use super::TreeError;

/// One line: a node (`QUERY id: 3, is_subquery: 1`) or a section (`JOIN TREE`).
#[derive(Debug)]
pub(super) struct Node<'a> {
    pub(super) label: &'a str,
    attributes: &'a str,
    parent: Option<usize>,
    children: Vec<usize>,
}

impl<'a> Node<'a> {
    /// Returns the value of `name: value` among the attributes.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut from = 0;
        loop {
            let rest = self.attributes.get(from..)?;
            let (key, value) = rest.split_once(": ")?;
            let end = end_of_value(value);
            if key == name {
                return value.get(..end);
            }
            from += key.len() + 2 + end + 2;
        }
    }
}

/// Returns where a value ends: before the next `, key: `, or at the end.
fn end_of_value(value: &str) -> usize {
    for (i, _) in value.match_indices(", ") {
        let next = value.get(i + 2..).unwrap_or_default();
        let key_end = next
            .find(|c: char| !c.is_ascii_lowercase() && c != '_')
            .unwrap_or(next.len());
        if key_end > 0
            && next
                .get(key_end..)
                .is_some_and(|rest| rest.starts_with(": "))
        {
            return i;
        }
    }
    value.len()
}

/// All lines, in order; the first is the root.
#[derive(Debug)]
pub(super) struct Tree<'a> {
    pub(super) nodes: Vec<Node<'a>>,
}

impl<'a> Tree<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, TreeError> {
        let mut nodes: Vec<Node<'a>> = Vec::new();
        let mut open: Vec<(usize, usize)> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let content = line.trim_start_matches(' ');
            let indent = line.len() - content.len();
            let (label, attributes) = split(content).ok_or_else(|| TreeError {
                line: number + 1,
                text: line.trim().chars().take(200).collect(),
            })?;
            while open.last().is_some_and(|(depth, _)| *depth >= indent) {
                open.pop();
            }
            let index = nodes.len();
            let parent = open.last().map(|(_, parent)| *parent);
            if let Some(parent) = parent.and_then(|parent| nodes.get_mut(parent)) {
                parent.children.push(index);
            }
            nodes.push(Node {
                label,
                attributes,
                parent,
                children: Vec::new(),
            });
            open.push((indent, index));
        }
        Ok(Self { nodes })
    }

    pub(super) fn parent_index(&self, index: usize) -> Option<usize> {
        self.nodes.get(index)?.parent
    }

    pub(super) fn parent(&self, index: usize) -> Option<&Node<'a>> {
        self.nodes.get(self.parent_index(index)?)
    }

    pub(super) fn label(&self, index: usize) -> &'a str {
        self.nodes.get(index).map_or("", |node| node.label)
    }

    pub(super) fn position_in_parent(&self, index: usize) -> Option<usize> {
        self.parent(index)?
            .children
            .iter()
            .position(|child| *child == index)
    }

    /// Returns the common table expressions that the query at `index` declares, with their names.
    pub(super) fn declared(&self, index: usize) -> impl Iterator<Item = (usize, &'a str)> {
        self.children(index)
            .filter(|child| self.label(*child) == "WITH")
            .flat_map(|with| self.children(with))
            .flat_map(|list| self.children(list))
            .filter_map(|cte| Some((cte, self.nodes.get(cte)?.attribute("cte_name")?)))
    }

    /// Returns an argument of the function at `index`.
    pub(super) fn argument(&self, index: usize, position: usize) -> Option<&Node<'a>> {
        let arguments = self
            .children(index)
            .find(|child| self.label(*child) == "ARGUMENTS")?;
        let list = self.children(arguments).next()?;
        self.nodes.get(self.children(list).nth(position)?)
    }

    fn children(&self, index: usize) -> impl Iterator<Item = usize> {
        self.nodes
            .get(index)
            .map_or(&[][..], |node| &node.children)
            .iter()
            .copied()
    }
}

/// Splits a line into its label and its attributes; a section has no attributes.
fn split(content: &str) -> Option<(&str, &str)> {
    let label_end = content
        .find(|c: char| !c.is_ascii_uppercase() && c != '_' && c != ' ')
        .unwrap_or(content.len());
    let (label, rest) = content.split_at(label_end);
    let label = label.trim_end();
    if label.is_empty() {
        return None;
    }
    match rest.strip_prefix("id: ") {
        Some(id) => {
            let digits = id.find(|c: char| !c.is_ascii_digit()).unwrap_or(id.len());
            let attributes = id.get(digits..)?;
            if digits == 0 {
                return None;
            }
            match attributes.strip_prefix(", ") {
                Some(attributes) => Some((label, attributes)),
                None if attributes.is_empty() => Some((label, "")),
                None => None,
            }
        }
        None => section(label, content).map(|label| (label, "")),
    }
}

/// Returns the label of a section, which may be followed by text that the engine prints raw.
fn section<'a>(label: &'a str, content: &str) -> Option<&'a str> {
    /// Sections after which raw text may follow on the line.
    const WITH_TEXT: &[&str] = &["SETTINGS", "EXPRESSION", "REPLACEMENTS", "REPLACEMENT NAME"];
    if content.trim_end() == label {
        return Some(label);
    }
    WITH_TEXT
        .iter()
        .copied()
        .find(|known| content.starts_with(&format!("{known} ")))
}
