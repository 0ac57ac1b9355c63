//! JSON paths that match nothing in the rows of a fixture: most often a misspelt key.

use birdhouse_datafile::{Column, Datasource, Diagnostic, Segment};
use serde_json::Value;

use crate::codes;

/// Rows of a fixture that are looked at.
const ROWS_MAX: usize = 200;

/// Compares the JSON paths of a data source with the rows of its fixture, in NDJSON.
///
/// Lines that are not JSON are left to the append, which says what is wrong with them.
#[must_use]
pub fn check_fixture(datasource: &Datasource, rows: &str) -> Vec<Diagnostic> {
    let rows: Vec<Value> = rows
        .lines()
        .filter(|line| !line.trim().is_empty())
        .take(ROWS_MAX)
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    if rows.is_empty() {
        return Vec::new();
    }
    let columns = datasource.schema.columns.iter();
    columns
        .filter_map(|column| unmatched(column, &rows))
        .collect()
}

fn unmatched(column: &Column, rows: &[Value]) -> Option<Diagnostic> {
    let path = column.json_path.as_ref()?;
    let mut found: Vec<&Value> = rows.iter().collect();
    for segment in path.value.segments() {
        let next = step(&found, segment);
        if next.is_empty() {
            let near = match segment {
                Segment::Key(key) => closest(key, &found),
                Segment::Each | Segment::Index(_) => None,
            };
            return Some(
                Diagnostic::warning(
                    codes::FIXTURE,
                    format!(
                        "the JSON path {} of column '{}' matches nothing in the fixture",
                        path.value, column.name.value
                    ),
                    path.span.clone(),
                )
                .with_optional_hint(near.map(|near| format!("did you mean the key {near}?"))),
            );
        }
        found = next;
    }
    None
}

fn step<'v>(values: &[&'v Value], segment: &Segment) -> Vec<&'v Value> {
    let mut next = Vec::new();
    for value in values {
        match segment {
            Segment::Key(key) => next.extend(value.get(key)),
            Segment::Index(index) => next.extend(value.get(index)),
            // An empty array is a value of its own.
            Segment::Each => match value.as_array() {
                Some(items) if items.is_empty() => next.push(*value),
                Some(items) => next.extend(items),
                None => {}
            },
        }
    }
    next
}

fn closest<'v>(key: &str, values: &[&'v Value]) -> Option<&'v str> {
    let keys = values.iter().filter_map(|value| value.as_object());
    keys.flat_map(|object| object.keys())
        .map(|known| (strsim::damerau_levenshtein(key, known), known.as_str()))
        .filter(|(distance, known)| *distance <= known.len().min(key.len()).div_ceil(3))
        .min()
        .map(|(_, known)| known)
}

#[cfg(test)]
mod tests {
    use birdhouse_datafile::{Project, SourceFile};

    use super::check_fixture;

    #[test]
    fn paths_without_a_match_are_named() {
        let file = SourceFile::new(
            "datasources/hits.datasource",
            "SCHEMA >\n    a String `json:$.user.nmae`,\n    b Array(String) `json:$.tags[:]`,\n    \
             c Array(String) `json:$.items[:].sku`,\n    d String `json:$`,\n    e Nullable(String) `json:$.other`\n",
        );
        let (project, _) = Project::parse(vec![file]);
        let rows = "{\"user\":{\"name\":\"x\"},\"tags\":[],\"items\":[{\"id\":1}]}\nno json\n{\"other\":null}\n";
        let found: Vec<String> = check_fixture(&project.datasources[0], rows)
            .iter()
            .map(|diagnostic| {
                let hint = diagnostic.hint.as_deref().unwrap_or_default();
                format!("{}; {hint}", diagnostic.message)
            })
            .collect();
        assert_eq!(
            found,
            [
                "the JSON path $.user.nmae of column 'a' matches nothing in the fixture; did you mean the key name?",
                "the JSON path $.items[:].sku of column 'c' matches nothing in the fixture; ",
            ]
        );
        assert!(check_fixture(&project.datasources[0], "not json").is_empty());
    }
}
