//! Names move to another database; nothing else of a text does.

use super::*;

fn moved_events(text: &str) -> String {
    let names = ["events", "odd name"].map(str::to_owned).into();
    moved(text, ("ws_1", "stage"), &names)
}

#[test]
fn only_the_named_tables_move() {
    let cases = [
        ("SELECT * FROM ws_1.events", "SELECT * FROM `stage`.events"),
        ("FROM ws_1.`events` AS e", "FROM `stage`.`events` AS e"),
        ("FROM ws_1.`odd name`", "FROM `stage`.`odd name`"),
        ("JOIN ws_1.dims AS d", "JOIN ws_1.dims AS d"),
        ("'ws_1.events' AS t", "'ws_1.events' AS t"),
        ("events.ws_1 + ws_1", "events.ws_1 + ws_1"),
    ];
    for (text, expected) in cases {
        assert_eq!(
            moved_events(text),
            expected.replace("`stage`", &quote_identifier("stage"))
        );
    }
}

fn tables(edges: &[(&str, &str)]) -> Tables {
    let edges = edges.iter().map(|(source, target)| Edge {
        source: (*source).to_owned(),
        view: format!("{source}_to_{target}"),
        target: (*target).to_owned(),
    });
    Tables {
        tables: BTreeMap::new(),
        edges: edges.collect(),
    }
}

#[test]
fn chains_are_followed_both_ways() {
    let tables = tables(&[("a", "b"), ("b", "c"), ("x", "c"), ("y", "x"), ("p", "q")]);
    let set = |names: &[&str]| {
        names
            .iter()
            .map(|n| (*n).to_owned())
            .collect::<BTreeSet<_>>()
    };
    assert_eq!(tables.downstream("a"), set(&["a", "b", "c"]));
    assert_eq!(
        tables.upstream(set(&["c"])),
        set(&["a", "b", "c", "x", "y"])
    );
}
