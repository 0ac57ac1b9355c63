//! What the engine said about endpoints, so that a build asks again only about those that changed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::existing::Existing;
use crate::layout::Layout;

/// What the engine had against a query, by its text.
pub(crate) type Answers = HashMap<String, Option<String>>;

/// The answers about the last project of each workspace, by its database.
#[derive(Debug, Clone, Default)]
pub(crate) struct Described {
    all: Arc<Mutex<HashMap<String, (Tables, Answers)>>>,
}

/// What answers depend on: which table each data source has, and what all tables were made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tables {
    layout: Layout,
    fingerprints: BTreeMap<String, String>,
}

impl Tables {
    pub(crate) fn of(layout: &Layout, existing: &Existing) -> Self {
        let fingerprint = |(name, table): (&String, &crate::existing::ExistingTable)| {
            (name.clone(), table.comment.clone())
        };
        Self {
            layout: layout.clone(),
            fingerprints: existing.iter().map(fingerprint).collect(),
        }
    }
}

impl Described {
    /// Takes the answers that were given when the tables were the same.
    pub(crate) fn take(&self, database: &str, tables: &Tables) -> Answers {
        let taken = self.all.lock().remove(database);
        taken
            .filter(|(then, _)| then == tables)
            .map_or_else(Answers::new, |(_, answers)| answers)
    }

    /// Keeps answers for the next time.
    pub(crate) fn keep(&self, database: &str, tables: Tables, answers: Answers) {
        let kept = (tables, answers);
        self.all.lock().insert(database.to_owned(), kept);
    }
}
