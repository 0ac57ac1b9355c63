//! Rows that are acknowledged and not in their tables yet.

use std::collections::BTreeMap;

use super::Deployer;
use super::prepare::World;
use crate::view::View;

impl Deployer {
    /// Counts rows that wait in the journal as rows of their tables, and of tables that would be empty
    /// without what views make of them: a plan for empty tables would lose them.
    pub(super) fn count_waiting(&self, world: &mut World) {
        let sources = self.ingestion.status().sources.into_iter();
        let sources = sources
            .filter(|source| source.pending_rows > 0 && source.name.database == world.database);
        let targets = world.targets();
        let mut waiting: Vec<(String, u64)> = sources
            .map(|source| (source.name.datasource, source.pending_rows))
            .collect();
        let is_filled = |world: &World, name: &str| {
            let table = world.existing.get(name);
            table.is_none_or(|table| table.rows > 0)
        };
        while let Some((name, rows)) = waiting.pop() {
            let Some(table) = world.existing.get_mut(&name) else {
                continue;
            };
            table.rows += rows;
            let views = table.views.iter().filter_map(|view| targets.get(view));
            let views: Vec<String> = views.cloned().collect();
            let empty = views.into_iter().filter(|name| !is_filled(world, name));
            let empty: Vec<_> = empty.map(|name| (name, rows)).collect();
            waiting.extend(empty);
        }
    }
}

impl World {
    /// Returns the tables that views of the engine write to, by view.
    fn targets(&self) -> BTreeMap<String, String> {
        let mut targets = BTreeMap::new();
        for pipe in &self.project.pipes {
            for (node, materialization) in pipe.materializations() {
                if let Some(view) = self.layout.views.get(&View::name_of(pipe, node)) {
                    let table = self.layout.table(&materialization.target.value);
                    targets.insert(view.clone(), table.to_owned());
                }
            }
        }
        targets
    }
}
