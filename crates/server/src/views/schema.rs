//! `system.…` and `information_schema.…` as the caller of the ClickHouse interface sees them: one
//! database with the data sources and endpoints that the token may read.

use std::fmt::Write;

use birdhouse_ingest::QUARANTINE_SUFFIX;
use birdhouse_query::Call;
use birdhouse_sql::quote_string;

use crate::context::RequestContext;

/// Returns the query that stands for a table of the engine's own databases; nothing for one that is
/// not shown.
pub(crate) fn find(ctx: &RequestContext, call: &Call<'_>, name: &str) -> Option<String> {
    let schema = Schema { ctx, call };
    let (database, table) = name.split_once('.')?;
    let is_standard = database.eq_ignore_ascii_case("information_schema");
    match (database, table.to_ascii_lowercase().as_str()) {
        ("system", "databases") => Some(schema.databases()),
        ("system", "tables") => Some(schema.tables()),
        ("system", "columns") => Some(schema.columns()),
        ("system", "settings") => Some(SETTINGS.to_owned()),
        (_, "schemata") if is_standard => Some(format!(
            "SELECT name AS catalog_name, name AS schema_name, 'default' AS schema_owner FROM ({})",
            schema.databases()
        )),
        (_, "tables") if is_standard => Some(format!(
            "SELECT database AS table_catalog, database AS table_schema, name AS table_name, \
             if(engine = 'View', 'VIEW', 'BASE TABLE') AS table_type, total_rows AS table_rows, \
             comment AS table_comment FROM ({})",
            schema.tables()
        )),
        (_, "columns") if is_standard => Some(format!(
            "SELECT database AS table_catalog, database AS table_schema, table AS table_name, \
             name AS column_name, position AS ordinal_position, default_expression AS column_default, \
             type LIKE 'Nullable(%' AS is_nullable, type AS data_type, \
             comment AS column_comment FROM ({})",
            schema.columns()
        )),
        _ => None,
    }
}

/// All that a client may know about settings: which there are, and that they cannot be changed.
const SETTINGS: &str = "SELECT name, value, changed, description, min, max, toUInt8(1) AS readonly, \
                        type FROM system.settings WHERE name != 'additional_table_filters'";

struct Schema<'c> {
    ctx: &'c RequestContext,
    call: &'c Call<'c>,
}

impl Schema<'_> {
    fn database(&self) -> String {
        quote_string(&self.ctx.workspace().workspace.name)
    }

    fn databases(&self) -> String {
        format!(
            "SELECT {0} AS name, 'Atomic' AS engine, '' AS data_path, '' AS metadata_path, \
             toUUID('00000000-0000-0000-0000-000000000000') AS uuid, '' AS comment",
            self.database()
        )
    }

    /// Returns the tables that the caller may read as rows of a name, the engine's own name for it, and
    /// whether the caller may know how many rows it has.
    fn readable(&self) -> String {
        let mut rows = Vec::new();
        for (name, datasource) in &self.ctx.live.datasources {
            for suffix in ["", QUARANTINE_SUFFIX] {
                let shown = format!("{name}{suffix}");
                if !(self.call.access)(&shown) {
                    continue;
                }
                let is_whole = !self.call.restrictions.datasources.contains_key(&shown);
                rows.push(format!(
                    "({}, {}, {})",
                    quote_string(&shown),
                    quote_string(&format!("{}{suffix}", datasource.table)),
                    u8::from(is_whole)
                ));
            }
        }
        array_join(&rows, "[('', '', 0)]", "known")
    }

    fn tables(&self) -> String {
        let mut query = format!(
            "SELECT {database} AS database, known.1 AS name, t.engine AS engine, \
             toUInt8(0) AS is_temporary, '' AS create_table_query, '' AS engine_full, \
             t.partition_key AS partition_key, t.sorting_key AS sorting_key, \
             t.primary_key AS primary_key, t.sampling_key AS sampling_key, \
             if(known.3 = 1, t.total_rows, NULL) AS total_rows, \
             if(known.3 = 1, t.total_bytes, NULL) AS total_bytes, \
             t.metadata_modification_time AS metadata_modification_time, '' AS comment \
             FROM ({readable}) AS k INNER JOIN system.tables AS t ON t.name = known.2 \
             WHERE t.database = {own}",
            database = self.database(),
            readable = self.readable(),
            own = quote_string(&self.ctx.workspace().workspace.database),
        );
        let pipes = self.ctx.live.resources.pipes.values();
        let pipes: Vec<String> = pipes
            .filter(|pipe| pipe.endpoint.is_some() && (self.call.access)(&pipe.name))
            .map(|pipe| quote_string(&pipe.name))
            .collect();
        if !pipes.is_empty() {
            // Writing to a String cannot fail.
            write!(
                query,
                " UNION ALL SELECT {}, arrayJoin([{}]), 'View', 0, '', '', '', '', '', '', NULL, NULL, \
                 toDateTime(0), ''",
                self.database(),
                pipes.join(", ")
            )
            .ok();
        }
        query
    }

    fn columns(&self) -> String {
        format!(
            "SELECT {database} AS database, known.1 AS table, c.name AS name, c.type AS type, \
             c.position AS position, c.default_kind AS default_kind, \
             c.default_expression AS default_expression, c.comment AS comment, \
             c.is_in_partition_key AS is_in_partition_key, \
             c.is_in_sorting_key AS is_in_sorting_key, \
             c.is_in_primary_key AS is_in_primary_key, \
             c.compression_codec AS compression_codec, \
             c.numeric_precision AS numeric_precision, c.numeric_scale AS numeric_scale, \
             c.datetime_precision AS datetime_precision \
             FROM ({readable}) AS k INNER JOIN system.columns AS c ON c.table = known.2 \
             WHERE c.database = {own}",
            database = self.database(),
            readable = self.readable(),
            own = quote_string(&self.ctx.workspace().workspace.database),
        )
    }
}

/// Returns a query for rows; `none` stands for no rows.
fn array_join(rows: &[String], none: &str, name: &str) -> String {
    let (rows, condition) = match rows.is_empty() {
        true => (none.to_owned(), " WHERE 0"),
        false => (format!("[{}]", rows.join(", ")), ""),
    };
    format!("SELECT arrayJoin({rows}) AS {name}{condition}")
}
