//! What has to be done to the tables and views that are there, and what cannot be done.
//!
//! Tables with rows are never changed or dropped here. A view whose target holds rows is neither
//! changed nor added when its source holds rows as well: the target would hold rows of another
//! query, or some twice. A view that carries the mark of an interrupted filling makes its target
//! start over; the target was empty before, or the filling would not have begun.

use std::collections::BTreeSet;

use birdhouse_datafile::{Datasource, Diagnostic, Project};
use birdhouse_ingest::QUARANTINE_SUFFIX;

use crate::codes;
use crate::existing::{Existing, ExistingTable};
use crate::table::Table;
use crate::view::{View, qualified};

/// Differences that one message lists.
const DIFFERENCES_MAX: usize = 5;

/// The steps of a deployment, in the order of the fields.
#[derive(Debug, Default)]
pub(super) struct Plan {
    drop_views: Vec<String>,
    truncate_tables: Vec<String>,
    drop_tables: Vec<String>,
    pub(super) create_tables: Vec<Table>,
    /// All views of the project, upstream first.
    pub(super) views: Vec<View>,
    /// Names of the views that are to be created.
    create_views: BTreeSet<String>,
}

impl Plan {
    /// Compares the project with what exists; what cannot be done goes to `found`.
    pub(super) fn new(
        project: &Project,
        views: Vec<View>,
        existing: &Existing,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut plan = Self {
            views,
            ..Self::default()
        };
        plan.interrupted(existing);
        for datasource in project.datasources.iter() {
            plan.table(Table::of(datasource), datasource, existing, found);
            plan.table(
                Table::quarantine_of(datasource),
                datasource,
                existing,
                found,
            );
        }
        plan.views(existing, found);
        left_behind(project, existing, found);
        plan
    }

    /// Returns the statements that make room, in order.
    pub(super) fn removals(&self, database: &str) -> Vec<String> {
        let statement = |verb: &'static str| {
            move |name: &String| format!("{verb} TABLE {}", qualified(database, name))
        };
        let views = self.drop_views.iter().map(statement("DROP"));
        let truncated = self.truncate_tables.iter().map(statement("TRUNCATE"));
        let tables = self.drop_tables.iter().map(statement("DROP"));
        views.chain(truncated).chain(tables).collect()
    }

    /// Returns the views to create, upstream first.
    pub(super) fn new_views(&self) -> impl Iterator<Item = &View> {
        self.views
            .iter()
            .filter(|view| self.create_views.contains(&view.name))
    }

    /// Finds targets whose filling was interrupted.
    fn interrupted(&mut self, existing: &Existing) {
        let is_filling = |view: &&View| {
            existing
                .get(&view.name)
                .is_some_and(|table| View::is_filling(&table.comment))
        };
        let targets: BTreeSet<String> = self
            .views
            .iter()
            .filter(is_filling)
            .map(|view| view.target.clone())
            .collect();
        self.truncate_tables = targets
            .into_iter()
            .filter(|target| existing.contains_key(target))
            .collect();
    }

    fn table(
        &mut self,
        table: Table,
        datasource: &Datasource,
        existing: &Existing,
        found: &mut Vec<Diagnostic>,
    ) {
        let Some(old) = existing.get(&table.name) else {
            self.create_tables.push(table);
            return;
        };
        if old.comment == table.fingerprint() {
            return;
        }
        let is_emptied = self.truncate_tables.contains(&table.name);
        if old.rows == 0 || is_emptied {
            self.drop_tables.push(table.name.clone());
            self.create_tables.push(table);
            return;
        }
        found.push(
            Diagnostic::error(
                codes::INCOMPATIBLE,
                format!(
                    "the table {} holds {} rows and does not fit: {}",
                    table.name,
                    old.rows,
                    differences(datasource, old)
                ),
                datasource.file.start(),
            )
            .with_hint(
                "undo the change, or start with another --data directory and load the rows again",
            ),
        );
    }

    fn views(&mut self, existing: &Existing, found: &mut Vec<Diagnostic>) {
        let rows = |name: &String| existing.get(name).map_or(0, |table| table.rows);
        for old in existing.values().filter(|table| table.is_view()) {
            let wanted = self.views.iter().find(|view| view.name == old.name);
            let is_kept = wanted.is_some_and(|view| {
                old.comment == view.fingerprint() && !self.truncate_tables.contains(&view.target)
            });
            if !is_kept {
                self.drop_views.push(old.name.clone());
            }
        }
        self.drop_views.sort();
        for view in &self.views {
            let old = existing.get(&view.name);
            if old.is_some() && !self.drop_views.contains(&view.name) {
                continue;
            }
            let target_rows = if self.truncate_tables.contains(&view.target) {
                0
            } else {
                rows(&view.target)
            };
            let is_changed = old.is_some_and(|old| !View::is_filling(&old.comment));
            let source_rows: u64 = view.reads.iter().map(&rows).sum();
            if target_rows > 0 && (is_changed || source_rows > 0) {
                let what = if is_changed { "has changed" } else { "is new" };
                found.push(
                    Diagnostic::error(
                        codes::INCOMPATIBLE,
                        format!(
                            "the materialization {} {what}, but its target {} holds {target_rows} rows already",
                            view.pipe, view.target
                        ),
                        view.span.clone(),
                    )
                    .with_hint("let it write to a new data source, which is filled from what its source holds"),
                );
            }
            self.create_views.insert(view.name.clone());
        }
    }
}

/// Tables that no data source of the project has any more keep their rows, and nobody sees them.
fn left_behind(project: &Project, existing: &Existing, found: &mut Vec<Diagnostic>) {
    let Some(place) = project.datasources.iter().map(|d| d.file.start()).next() else {
        return;
    };
    let mut names: Vec<&ExistingTable> = existing
        .values()
        .filter(|table| !table.is_view() && table.rows > 0)
        .filter(|table| {
            let name = table.name.trim_end_matches(QUARANTINE_SUFFIX);
            project.datasource(name).is_none() && project.datasource(&table.name).is_none()
        })
        .collect();
    names.sort_by(|a, b| a.name.cmp(&b.name));
    for table in names {
        found.push(
            Diagnostic::warning(
                codes::LEFT_BEHIND,
                format!(
                    "{} is no longer in the project; its {} rows are kept and cannot be read",
                    table.name, table.rows
                ),
                place.clone(),
            )
            .with_hint("put its file back to read them again"),
        );
    }
}

/// Says in which way a data source differs from its table.
fn differences(datasource: &Datasource, old: &ExistingTable) -> String {
    let mut all = Vec::new();
    for column in &datasource.schema.columns {
        let name = &column.name.value;
        let data_type = column.data_type.as_ref().map(ToString::to_string);
        match old.columns.iter().find(|(old_name, _)| old_name == name) {
            None => all.push(format!("column {name} is new")),
            Some((_, old_type)) if data_type.as_ref().is_some_and(|new| new != old_type) => {
                all.push(format!(
                    "column {name} was {old_type} and is {}",
                    data_type.unwrap_or_default()
                ));
            }
            Some(_) => {}
        }
    }
    let implicit = datasource.implicit_columns();
    for (name, _) in &old.columns {
        let is_there = datasource.schema.column(name).is_some()
            || implicit.iter().any(|(implicit, _)| implicit == name)
            || old.name != datasource.name.as_str();
        if !is_there {
            all.push(format!("column {name} is gone"));
        }
    }
    let engine = &datasource.engine;
    let keys = [
        ("sorting key", &engine.sorting_key, &old.sorting_key),
        ("partition key", &engine.partition_key, &old.partition_key),
    ];
    for (what, new, old) in keys {
        let new = new.as_ref().map_or("", |key| key.value.as_str());
        let (new, old) = (bare(new), bare(old));
        if squeezed(new) != squeezed(old) && !(new == "tuple()" && old.is_empty()) {
            all.push(format!("the {what} was ({old}) and is ({new})"));
        }
    }
    if engine.family.name() != old.engine {
        all.push(format!(
            "the engine was {} and is {}",
            old.engine,
            engine.family.name()
        ));
    }
    match all.len() {
        0 => "its defaults, codecs, indexes, TTL or settings have changed".to_owned(),
        n if n > DIFFERENCES_MAX => {
            all.truncate(DIFFERENCES_MAX);
            format!("{}, and {} more", all.join("; "), n - DIFFERENCES_MAX)
        }
        _ => all.join("; "),
    }
}

/// Returns the text without blanks and backticks, which do not change a key.
fn squeezed(text: &str) -> String {
    text.chars()
        .filter(|c| !c.is_whitespace() && *c != '`')
        .collect()
}

/// Returns a key without parentheses around the whole, of which the engine prints one more pair.
fn bare(key: &str) -> &str {
    let key = key.trim();
    let Some(inner) = key
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
    else {
        return key;
    };
    let mut depth = 0_usize;
    let is_whole = inner.chars().all(|c| match c {
        '(' => {
            depth += 1;
            true
        }
        ')' => depth.checked_sub(1).map(|less| depth = less).is_some(),
        _ => true,
    });
    if is_whole { bare(inner) } else { key }
}
