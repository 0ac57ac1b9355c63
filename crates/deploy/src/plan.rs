//! What a deployment has to make. Pure: everything known is given, nothing is asked.
//!
//! A data source needs a new table when its definition changes, when a view that writes to it
//! changes or is added, and when anything upstream of it gets a new table: otherwise rows would
//! reach it twice, once in the live world and once in the staged one. See [`Fill`] for how its
//! rows come there.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use birdhouse_datafile::{Backfill, Datasource, Diagnostic, EngineFamily, Span};

use crate::change::{Change, Copy};
use crate::codes;
use crate::view::View;

/// Reasons that one message lists.
const REASONS_MAX: usize = 5;

/// A data source of the new project, with what is known of the table it has now.
#[derive(Debug)]
pub(crate) struct TableState<'a> {
    /// The data source.
    pub(crate) datasource: &'a Datasource,
    /// Its table in the live deployment.
    pub(crate) old: Option<OldTable>,
    /// The columns of its `FORWARD_QUERY`, when it has one that fits.
    pub(crate) forward: Option<Vec<String>>,
    /// Whether the live deployment has another one, or none.
    pub(crate) is_forward_new: bool,
}

/// The table that a data source has in the live deployment.
#[derive(Debug)]
pub(crate) struct OldTable {
    /// Rows in it.
    pub(crate) rows: u64,
    /// How the definition differs.
    pub(crate) change: Change,
}

/// A view of the new project.
#[derive(Debug)]
pub(crate) struct ViewState {
    /// The view.
    pub(crate) view: View,
    /// The data source whose inserts run it; absent when nothing does.
    pub(crate) trigger: Option<String>,
    /// What there is of it.
    pub(crate) old: OldView,
}

/// What the live deployment has of a view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OldView {
    /// Nothing.
    None,
    /// A view of the same name and target with another query.
    Changed,
    /// The same; the name in the engine.
    Same(String),
}

/// How a new table gets its first rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fill {
    /// It begins empty.
    Empty,
    /// The files of the old table are linked; columns are added by these clauses.
    Carry(Vec<String>),
    /// Rows of the old table go through these expressions.
    Copy(Copy),
    /// Rows of the old table go through the data source's `FORWARD_QUERY`, which has these columns.
    Forward(Vec<String>),
    /// Its views run over what their sources hold.
    Views,
}

/// A view of the deployment.
#[derive(Debug, Clone)]
pub(crate) struct ViewPlan {
    /// The view.
    pub(crate) view: View,
    /// The data source whose inserts run it.
    pub(crate) trigger: Option<String>,
    /// The view in the engine that stays, when it stays.
    pub(crate) kept: Option<String>,
    /// Whether it runs over what its source holds.
    pub(crate) is_backfilled: bool,
}

/// What a deployment has to make.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// The data sources that get a new table, and how it is filled.
    pub(crate) made: BTreeMap<String, Fill>,
    /// All views, upstream first.
    pub(crate) views: Vec<ViewPlan>,
}

impl Plan {
    /// Returns true when nothing has to be made.
    pub(crate) fn is_empty(&self) -> bool {
        self.made.is_empty() && self.views.iter().all(|view| view.kept.is_some())
    }

    /// Plans a deployment; what cannot be done goes to `found`.
    ///
    pub(crate) fn new(
        tables: &[TableState<'_>],
        views: Vec<ViewState>,
        live: &LiveViews,
        terms: &Terms,
        found: &mut Vec<Diagnostic>,
    ) -> Self {
        let mut planner = Planner {
            tables: tables
                .iter()
                .map(|table| (table.datasource.name.as_str(), table))
                .collect(),
            views: &views,
            made: BTreeMap::new(),
            permission: terms.permission,
            found,
        };
        let refilled = terms.refilled.iter().cloned();
        planner
            .made
            .extend(refilled.map(|name| (name, Fill::Views)));
        planner.own_changes();
        planner.changed_views(&live.dropped);
        planner.downstream(live.has_namespace);
        planner.recomputed();
        let made = planner.made;
        let views = views
            .into_iter()
            .map(|state| ViewPlan::new(state, &made))
            .collect();
        Self { made, views }
    }
}

/// What a plan has to know of the views that are live.
#[derive(Debug, Default)]
pub(crate) struct LiveViews {
    /// Targets of views that the new project has no more.
    pub(crate) dropped: BTreeSet<String>,
    /// Whether they were made in a namespace.
    pub(crate) has_namespace: bool,
}

/// What becomes of rows that are there, besides what the project says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms {
    /// Whether rows and columns may be lost.
    pub permission: Permission,
    /// The pipe whose views see no row that is there, however new or changed they are.
    pub unfilled: Option<String>,
    /// The data source that its views fill anew, though nothing about it has changed.
    pub refilled: Option<String>,
}

impl From<Permission> for Terms {
    fn from(permission: Permission) -> Self {
        Self {
            permission,
            ..Self::default()
        }
    }
}

/// Whether rows and columns may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Permission {
    /// What would lose something is refused.
    #[default]
    KeepData,
    /// The caller has said that it may be lost.
    Destructive,
}

impl ViewPlan {
    fn new(state: ViewState, made: &BTreeMap<String, Fill>) -> Self {
        let fill = made.get(&state.view.target);
        let is_backfilled = state.view.backfill
            && match (&state.old, fill) {
                (_, Some(Fill::Views)) => true,
                (OldView::None, _) => true,
                (OldView::Changed | OldView::Same(_), _) => false,
            };
        Self {
            kept: match state.old {
                OldView::Same(name) if fill.is_none() => Some(name),
                _ => None,
            },
            view: state.view,
            trigger: state.trigger,
            is_backfilled,
        }
    }
}

struct Planner<'a, 'f> {
    tables: BTreeMap<&'a str, &'a TableState<'a>>,
    views: &'a [ViewState],
    made: BTreeMap<String, Fill>,
    permission: Permission,
    found: &'f mut Vec<Diagnostic>,
}

impl<'a> Planner<'a, '_> {
    /// Decides about data sources whose own definition is new or has changed.
    fn own_changes(&mut self) {
        let tables: Vec<&TableState<'_>> = self.tables.values().copied().collect();
        for table in tables {
            let name = table.datasource.name.to_string();
            let Some(old) = &table.old else {
                self.made.insert(name, Fill::Empty);
                continue;
            };
            let fill = match (&old.change, &table.forward) {
                (Change::Same, _) => continue,
                // A query that was there before need not know of what is added now.
                (Change::Carry { added }, forward) => match forward {
                    Some(columns) if table.is_forward_new => Fill::Forward(columns.clone()),
                    _ => Fill::Carry(added.clone()),
                },
                (Change::Rewrite { .. }, Some(columns)) => Fill::Forward(columns.clone()),
                (Change::Rewrite { reasons, copy }, None) => {
                    if self.is_target(&name) && self.may_be_recomputed(&name) {
                        Fill::Views
                    } else {
                        self.doubts(table.datasource, old.rows, reasons, copy);
                        Fill::Copy(copy.clone())
                    }
                }
            };
            self.made.insert(name, fill);
        }
    }

    /// Refuses a copy that may not be what is meant, or that leaves a column behind.
    fn doubts(&mut self, datasource: &Datasource, rows: u64, reasons: &[String], copy: &Copy) {
        if rows == 0 {
            return;
        }
        let name = &datasource.name;
        if datasource.engine.family == EngineFamily::Null {
            if self.permission == Permission::KeepData {
                self.found.push(
                    Diagnostic::error(
                        codes::DESTRUCTIVE,
                        format!(
                            "the deployment would lose the {rows} rows of {name}: its engine becomes Null"
                        ),
                        datasource.file.start(),
                    )
                    .with_hint("deploy with --allow-destructive-operations, or keep the engine"),
                );
            }
            return;
        }
        let forward = format!("FORWARD_QUERY >\n    {}", copy.as_forward_query());
        let place = datasource.file.start();
        if !copy.doubts.is_empty() {
            self.found.push(
                Diagnostic::error(
                    codes::INCOMPATIBLE,
                    format!(
                        "the {rows} rows of {name} do not fit the new schema: {}",
                        listed(reasons)
                    ),
                    place,
                )
                .with_hint(format!(
                    "say in {} how old rows become new ones, for example\n{forward}\n({})",
                    datasource.file.path(),
                    listed(&copy.doubts)
                )),
            );
        } else if !copy.dropped.is_empty() && self.permission == Permission::KeepData {
            self.found.push(
                Diagnostic::error(
                    codes::DESTRUCTIVE,
                    format!(
                        "the deployment would lose the column {} of the {rows} rows of {name}",
                        copy.dropped.join(", ")
                    ),
                    place,
                )
                .with_hint(format!(
                    "deploy with --allow-destructive-operations, or add\n{forward}"
                )),
            );
        }
    }

    /// Decides about the targets of views that are new or have changed.
    fn changed_views(&mut self, dropped_views: &BTreeSet<String>) {
        for state in self.views {
            let target = &state.view.target;
            let Some(table) = self.tables.get(target.as_str()) else {
                continue;
            };
            let is_new_target = table.old.is_none();
            if is_new_target || matches!(state.old, OldView::Same(_)) {
                continue;
            }
            // A view that replaces another one is a change of it.
            let is_change = state.old == OldView::Changed || dropped_views.contains(target);
            let keeps_rows = !is_change || !state.view.is_rebuilt || !state.view.backfill;
            match self.made.get(target) {
                Some(Fill::Forward(_) | Fill::Views) => {}
                Some(_) if keeps_rows => {}
                None if keeps_rows => {
                    self.carry(target);
                }
                _ => {
                    let forward = table.forward.clone();
                    let fill = forward.map_or(Fill::Views, Fill::Forward);
                    self.made.insert(target.clone(), fill);
                }
            }
        }
    }

    /// Gives a new table to everything downstream of what gets one.
    ///
    /// A view names the tables that it joins as they are in the namespace it was made in. New
    /// tables mean another namespace, and such views have to be made anew.
    fn downstream(&mut self, has_namespace: bool) {
        let mut is_changed = true;
        while is_changed {
            is_changed = false;
            for state in self.views {
                let view = &state.view;
                let joins = view.reads.len() > 1 || state.trigger.is_none();
                let is_reached = view.reads.iter().any(|read| self.made.contains_key(read))
                    || (has_namespace && joins && !self.made.is_empty());
                if is_reached && !self.made.contains_key(&view.target) {
                    self.carry(&view.target);
                    is_changed = true;
                }
            }
        }
    }

    /// Refuses to compute rows again that their source does not hold any more.
    fn recomputed(&mut self) {
        if self.permission == Permission::Destructive {
            return;
        }
        for state in self.views {
            let target = &state.view.target;
            let rows = self.rows(target);
            if rows == 0 || self.made.get(target) != Some(&Fill::Views) {
                continue;
            }
            if let Some((source, why)) = self.forgetful_source(state) {
                self.found.push(
                    Diagnostic::error(
                        codes::DESTRUCTIVE,
                        format!(
                            "the {rows} rows of {target} would be computed again from {source}, which {why}"
                        ),
                        state.view.span.clone(),
                    )
                    .with_hint(format!(
                        "keep them with `FORWARD_QUERY >` and `SELECT *` below it in the file of {target}, or with DEPLOYMENT_METHOD alter; or deploy with --allow-destructive-operations"
                    )),
                );
            }
        }
    }

    fn carry(&mut self, name: &str) {
        let family = self
            .tables
            .get(name)
            .map(|table| &table.datasource.engine.family);
        let fill = match family {
            Some(EngineFamily::Null) => Fill::Empty,
            Some(EngineFamily::Join { .. }) => Fill::Copy(Copy::of_all_columns(
                self.tables.get(name).map(|table| table.datasource),
            )),
            _ => Fill::Carry(Vec::new()),
        };
        self.made.insert(name.to_owned(), fill);
    }

    fn rows(&self, name: &str) -> u64 {
        let old = self.tables.get(name).and_then(|table| table.old.as_ref());
        old.map_or(0, |old| old.rows)
    }

    fn is_target(&self, name: &str) -> bool {
        self.views.iter().any(|state| state.view.target == name)
    }

    /// Returns true when all that a target holds can come from the sources of its views.
    fn may_be_recomputed(&self, target: &str) -> bool {
        let is_filled = self
            .tables
            .get(target)
            .is_none_or(|table| table.datasource.backfill == Backfill::Run);
        let mut views = self.views.iter().filter(|v| v.view.target == target);
        is_filled && views.all(|state| self.forgetful_source(state).is_none())
    }

    /// Returns the source of a view when it does not keep what the target holds, and why.
    fn forgetful_source(&self, state: &'a ViewState) -> Option<(&'a str, &'static str)> {
        let name = state.trigger.as_deref()?;
        let source = self.tables.get(name)?.datasource;
        let target = self.tables.get(state.view.target.as_str())?.datasource;
        let ttl = |datasource: &Datasource| {
            let ttl = datasource.engine.ttl.as_ref();
            ttl.map(|ttl| ttl.value.clone())
        };
        if source.engine.family == EngineFamily::Null {
            return Some((name, "keeps no rows"));
        }
        (ttl(source).is_some() && ttl(source) != ttl(target))
            .then_some((name, "forgets rows by its TTL"))
    }
}

/// Refuses to delete data sources without permission; `places` are where they were defined.
pub(crate) fn deleted(
    places: &[(String, u64, Span)],
    permission: Permission,
    found: &mut Vec<Diagnostic>,
) {
    if permission == Permission::Destructive {
        return;
    }
    for (name, rows, place) in places {
        found.push(
            Diagnostic::error(
                codes::DESTRUCTIVE,
                format!("the deployment would delete the data source {name} with its {rows} rows"),
                place.clone(),
            )
            .with_hint("put its file back, or deploy with --allow-destructive-operations"),
        );
    }
}

fn listed(reasons: &[String]) -> String {
    let shown: Vec<&str> = reasons
        .iter()
        .take(REASONS_MAX)
        .map(String::as_str)
        .collect();
    match reasons.len().checked_sub(REASONS_MAX) {
        None | Some(0) => shown.join("; "),
        Some(more) => format!("{}, and {more} more", shown.join("; ")),
    }
}
