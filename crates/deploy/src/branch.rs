//! Rows of a workspace in its branches: the tables link the files of the originals, nothing is copied.

use birdhouse_engine::Engine;
use birdhouse_sql::quote_string;

use crate::error::DeployError;
use crate::existing::admin_query;
use crate::live::Live;
use crate::view::qualified;

/// Which rows a branch gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BranchData {
    /// Of each table the partition that was changed last.
    LastPartition,
    /// All of them.
    AllPartitions,
}

/// What a data source of a branch has got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedData {
    /// The data source.
    pub datasource: String,
    /// Ids of its partitions, as the engine names them.
    pub partitions: Vec<String>,
}

/// Gives the data sources of a branch the rows that those of its main workspace have. Partitions that
/// the branch has are replaced, so that doing it again changes nothing. Views do not run: their targets
/// get rows of their own. Quarantines stay empty, and so do tables that are kept in memory.
///
/// Call it while no rows are stored in the main workspace, so that all tables are of one moment.
///
/// # Errors
/// When a table of the branch is not made like the original, or the engine is not available.
pub async fn link_data(
    engine: &Engine,
    (main_database, main): (&str, &Live),
    (branch_database, branch): (&str, &Live),
    data: BranchData,
) -> Result<Vec<LinkedData>, DeployError> {
    let mut linked = Vec::new();
    for (name, target) in &branch.datasources {
        let Some(source) = main.datasources.get(name) else {
            continue;
        };
        let partitions = partitions(engine, (main_database, &source.table), data).await?;
        for partition in &partitions {
            let replace = format!(
                "ALTER TABLE {} REPLACE PARTITION ID {} FROM {}",
                qualified(branch_database, &target.table),
                quote_string(partition),
                qualified(main_database, &source.table),
            );
            engine.execute(&replace).await?;
        }
        if !partitions.is_empty() {
            linked.push(LinkedData {
                datasource: name.clone(),
                partitions,
            });
        }
    }
    Ok(linked)
}

/// Returns the ids of a table's partitions, those changed last first.
async fn partitions(
    engine: &Engine,
    (database, table): (&str, &str),
    data: BranchData,
) -> Result<Vec<String>, DeployError> {
    let limit = match data {
        BranchData::LastPartition => "LIMIT 1",
        BranchData::AllPartitions => "",
    };
    let sql = format!(
        "SELECT partition_id FROM system.parts WHERE active AND database = {} AND table = {}
         GROUP BY partition_id ORDER BY max(modification_time) DESC, partition_id DESC {limit}",
        quote_string(database),
        quote_string(table)
    );
    // An id has letters, digits and '-' only.
    let output = admin_query(engine, None, &sql, "TSV").await?;
    let ids = String::from_utf8_lossy(&output);
    Ok(ids.lines().map(str::to_owned).collect())
}
