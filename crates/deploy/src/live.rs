//! What requests see of a deployment.

use std::collections::BTreeMap;
use std::sync::Arc;

use birdhouse_ingest::Schema;
use birdhouse_query::Resources;

/// A live deployment, ready for queries and appends. Replaced as a whole.
#[derive(Debug, Default)]
pub struct Live {
    /// What can be queried.
    pub resources: Resources,
    /// Data sources by name.
    pub datasources: BTreeMap<String, Arc<LiveDatasource>>,
}

/// A data source that is deployed.
#[derive(Debug)]
pub struct LiveDatasource {
    /// Stable id, `t_` and 32 hex digits.
    pub id: String,
    /// Its name, which is also its table's.
    pub name: String,
    /// What rows must look like; absent when rows come from materialized views only.
    pub schema: Option<Arc<Schema>>,
    /// The materialized views that run on an insert, directly or through another view, in order.
    pub views: Vec<LiveView>,
}

/// A materialized view behind a data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveView {
    /// Id of its pipe.
    pub pipe_id: String,
    /// Name of its pipe.
    pub pipe: String,
    /// Id of the data source it writes to.
    pub target_id: String,
    /// Name of the data source it writes to.
    pub target: String,
}

impl Live {
    /// Returns the data source of that name or id.
    #[must_use]
    pub fn datasource(&self, name_or_id: &str) -> Option<&Arc<LiveDatasource>> {
        self.datasources.get(name_or_id).or_else(|| {
            self.datasources
                .values()
                .find(|datasource| datasource.id == name_or_id)
        })
    }
}
