//! What a text may read besides resources: each a query that shows what the caller may know.

pub(crate) mod organization;
pub(crate) mod schema;
