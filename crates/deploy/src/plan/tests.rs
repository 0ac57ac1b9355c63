use std::collections::BTreeSet;

use birdhouse_datafile::{Diagnostic, Project, SourceFile};

use super::*;
use crate::change::compare;

/// A chain: `landing` → `daily` → `totals`, and `other` beside it.
const PROJECT: &[(&str, &str)] = &[
    (
        "landing",
        "SCHEMA >\n    a UInt16,\n    b String\n\nENGINE MergeTree\nENGINE_SORTING_KEY a\n",
    ),
    (
        "daily",
        "SCHEMA >\n    b String,\n    n UInt64\n\nENGINE SummingMergeTree\nENGINE_SORTING_KEY b\n",
    ),
    (
        "totals",
        "SCHEMA >\n    n UInt64\n\nENGINE SummingMergeTree\nENGINE_SORTING_KEY tuple()\n",
    ),
    ("other", "SCHEMA >\n    a UInt16\n"),
];

/// Which changes there are: texts of a data source that are replaced, and views with their state.
struct Case<'a> {
    replaced: &'a [(&'a str, &'a str, &'a str)],
    views: &'a [(&'a str, &'a str, OldView)],
    forward: Option<&'a str>,
    dropped: &'a [&'a str],
    rows: u64,
    permission: Permission,
    refilled: Option<&'a str>,
}

impl Default for Case<'_> {
    fn default() -> Self {
        Self {
            replaced: &[],
            views: &[],
            forward: None,
            dropped: &[],
            rows: 10,
            permission: Permission::KeepData,
            refilled: None,
        }
    }
}

fn project(replaced: &[(&str, &str, &str)]) -> Project {
    let files = PROJECT.iter().map(|(name, text)| {
        let mut text = (*text).to_owned();
        for (of, old, new) in replaced {
            if of == name {
                assert!(text.contains(old), "{old}");
                text = text.replace(old, new);
            }
        }
        SourceFile::new(format!("datasources/{name}.datasource"), text)
    });
    let (project, found) = Project::parse(files.collect());
    assert!(!birdhouse_datafile::has_errors(&found), "{found:?}");
    project
}

fn same(name: &str) -> OldView {
    OldView::Same(name.to_owned())
}

/// Returns what is made and how, the views that are made (with `+` when they are backfilled), and
/// what is refused.
fn plan(case: &Case<'_>) -> (Vec<String>, Vec<String>, Vec<String>) {
    let (before, after) = (project(&[]), project(case.replaced));
    let tables: Vec<TableState<'_>> = after
        .datasources
        .iter()
        .map(|datasource| {
            let name = datasource.name.as_str();
            let old = before.datasource(name).unwrap();
            let is_same = old.file.text() == datasource.file.text();
            TableState {
                datasource,
                old: Some(OldTable {
                    rows: case.rows,
                    change: if is_same {
                        Change::Same
                    } else {
                        compare(old, datasource)
                    },
                }),
                forward: (case.forward == Some(name)).then(|| vec!["a".to_owned()]),
                is_forward_new: case.forward == Some(name),
            }
        })
        .collect();
    let chain = [
        ("landing", "daily", same("v1")),
        ("daily", "totals", same("v2")),
    ];
    let views = if case.views.is_empty() {
        &chain[..]
    } else {
        case.views
    };
    let views = views
        .iter()
        .enumerate()
        .map(|(number, (source, target, old))| ViewState {
            view: View {
                name: format!("{source}>{target}"),
                pipe: format!("pipe{number}"),
                node: "n".to_owned(),
                target: (*target).to_owned(),
                backfill: true,
                is_rebuilt: true,
                span: after.datasources[0].file.start(),
                sql: "SELECT 1".to_owned(),
                reads: BTreeSet::from([(*source).to_owned()]),
            },
            trigger: Some((*source).to_owned()),
            old: old.clone(),
        });
    let live = LiveViews {
        dropped: case.dropped.iter().map(|name| (*name).to_owned()).collect(),
        has_namespace: false,
    };
    let mut found: Vec<Diagnostic> = Vec::new();
    let terms = Terms {
        refilled: case.refilled.map(str::to_owned),
        ..case.permission.into()
    };
    let plan = Plan::new(&tables, views.collect(), &live, &terms, &mut found);
    let made = plan.made.iter().map(|(name, fill)| {
        let how = match fill {
            Fill::Empty => "empty",
            Fill::Carry(added) if added.is_empty() => "carry",
            Fill::Carry(_) => "carry and add",
            Fill::Copy(_) => "copy",
            Fill::Forward(_) => "forward",
            Fill::Views => "views",
        };
        format!("{name}: {how}")
    });
    let views = plan.views.iter().filter(|view| view.kept.is_none());
    let views = views.map(|view| {
        let mark = if view.is_backfilled { " +" } else { "" };
        format!("{}{mark}", view.view.name)
    });
    let found = found.iter().map(|d| d.message.clone());
    (made.collect(), views.collect(), found.collect())
}

#[track_caller]
fn check(case: &Case<'_>, made: &[&str], views: &[&str]) {
    let (actual_made, actual_views, found) = plan(case);
    assert_eq!(actual_made, made);
    assert_eq!(actual_views, views);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn nothing_changes() {
    check(&Case::default(), &[], &[]);
}

#[test]
fn a_target_is_filled_anew_and_what_is_behind_it_keeps_its_rows() {
    let case = Case {
        refilled: Some("daily"),
        ..Case::default()
    };
    let made = ["daily: views", "totals: carry"];
    check(&case, &made, &["landing>daily +", "daily>totals"]);
}

#[test]
fn a_changed_source_takes_all_behind_it_along() {
    let replaced = &[("landing", "a UInt16", "a UInt32")];
    let made = ["daily: carry", "landing: copy", "totals: carry"];
    let views = ["landing>daily", "daily>totals"];
    check(
        &Case {
            replaced,
            ..Case::default()
        },
        &made,
        &views,
    );
    let replaced = &[("landing", "    b String", "    b String,\n    c Int8")];
    let made = ["daily: carry", "landing: carry and add", "totals: carry"];
    check(
        &Case {
            replaced,
            ..Case::default()
        },
        &made,
        &views,
    );
    let replaced = &[("other", "a UInt16", "a UInt32")];
    check(
        &Case {
            replaced,
            ..Case::default()
        },
        &["other: copy"],
        &[],
    );
}

#[test]
fn a_changed_view_is_computed_again() {
    let views = &[
        ("landing", "daily", OldView::Changed),
        ("daily", "totals", same("v2")),
    ];
    check(
        &Case {
            views,
            ..Case::default()
        },
        &["daily: views", "totals: carry"],
        &["landing>daily +", "daily>totals"],
    );
    // A forward query keeps the rows instead.
    check(
        &Case {
            views,
            forward: Some("daily"),
            ..Case::default()
        },
        &["daily: forward", "totals: carry"],
        &["landing>daily", "daily>totals"],
    );
    let views = &[
        ("landing", "daily", same("v1")),
        ("daily", "totals", OldView::Changed),
    ];
    check(
        &Case {
            views,
            ..Case::default()
        },
        &["totals: views"],
        &["daily>totals +"],
    );
}

#[test]
fn a_new_view_adds_to_what_is_there_unless_it_replaces_another() {
    let views = &[
        ("landing", "daily", same("v1")),
        ("daily", "totals", same("v2")),
        ("other", "totals", OldView::None),
    ];
    check(
        &Case {
            views,
            ..Case::default()
        },
        &["totals: carry"],
        &["daily>totals", "other>totals +"],
    );
    let views = &[
        ("landing", "daily", same("v1")),
        ("other", "totals", OldView::None),
    ];
    check(
        &Case {
            views,
            dropped: &["totals"],
            ..Case::default()
        },
        &["totals: views"],
        &["other>totals +"],
    );
}

#[test]
fn a_changed_target_is_computed_again_when_its_source_has_all() {
    let replaced = &[("daily", "n UInt64", "n UInt128")];
    check(
        &Case {
            replaced,
            ..Case::default()
        },
        &["daily: views", "totals: carry"],
        &["landing>daily +", "daily>totals"],
    );
    let replaced = &[
        ("daily", "n UInt64", "n UInt128"),
        (
            "landing",
            "ENGINE MergeTree\nENGINE_SORTING_KEY a\n",
            "ENGINE Null\n",
        ),
    ];
    let (made, _, found) = plan(&Case {
        replaced,
        ..Case::default()
    });
    assert_eq!(made, ["daily: copy", "landing: copy", "totals: carry"]);
    assert_eq!(
        found,
        ["the deployment would lose the 10 rows of landing: its engine becomes Null"]
    );
}

#[test]
fn what_would_lose_rows_needs_a_permission() {
    let refused = |case: &Case<'_>| plan(case).2;
    let dropped = &[("landing", "    a UInt16,\n    b String\n", "    a UInt16\n")];
    let case = Case {
        replaced: dropped,
        ..Case::default()
    };
    assert_eq!(
        refused(&case),
        ["the deployment would lose the column b of the 10 rows of landing"]
    );
    assert!(
        refused(&Case {
            permission: Permission::Destructive,
            ..case
        })
        .is_empty()
    );
    assert!(
        refused(&Case {
            replaced: dropped,
            rows: 0,
            ..Case::default()
        })
        .is_empty()
    );
    assert!(
        refused(&Case {
            replaced: dropped,
            forward: Some("landing"),
            ..Case::default()
        })
        .is_empty()
    );

    let narrower = &[("landing", "a UInt16", "a UInt8")];
    let case = Case {
        replaced: narrower,
        permission: Permission::Destructive,
        ..Case::default()
    };
    assert_eq!(
        refused(&case),
        ["the 10 rows of landing do not fit the new schema: column a was UInt16 and is UInt8"],
        "a permission to lose is no word on how"
    );

    // The source forgets rows that the target holds.
    let forgets = &[(
        "landing",
        "_SORTING_KEY a\n",
        "_SORTING_KEY a\nENGINE_TTL toDate(a) + INTERVAL 1 DAY\n",
    )];
    let views = &[("landing", "daily", OldView::Changed)];
    let case = Case {
        replaced: forgets,
        views,
        ..Case::default()
    };
    assert_eq!(
        refused(&case),
        [
            "the 10 rows of daily would be computed again from landing, which forgets rows by its TTL"
        ]
    );
    assert!(
        refused(&Case {
            permission: Permission::Destructive,
            ..case
        })
        .is_empty()
    );
}

#[test]
fn deleted_data_sources_are_named() {
    let place = project(&[]).datasources[0].file.start();
    let places = [("old".to_owned(), 3, place)];
    let mut found = Vec::new();
    deleted(&places, Permission::Destructive, &mut found);
    assert!(found.is_empty());
    deleted(&places, Permission::KeepData, &mut found);
    assert_eq!(
        found[0].message,
        "the deployment would delete the data source old with its 3 rows"
    );
    assert!(
        found[0]
            .hint
            .as_ref()
            .unwrap()
            .contains("--allow-destructive-operations")
    );
}
