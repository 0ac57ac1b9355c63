//! A table in pieces that one statement can read with bounded memory.

use birdhouse_engine::Engine;
use birdhouse_sql::quote_string;
use serde::Deserialize;

use crate::error::DeployError;
use crate::existing::admin_query;
use crate::limits::{CHUNK_PARTS, CHUNK_ROWS};

/// A part of a table.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Part {
    /// Its name, as in the virtual column `_part`.
    pub(super) name: String,
    /// Its rows.
    pub(super) rows: u64,
}

/// Returns the parts of a table, largest last.
pub(super) async fn parts(
    engine: &Engine,
    database: &str,
    table: &str,
) -> Result<Vec<Part>, DeployError> {
    let sql = format!(
        "SELECT name, rows FROM system.parts WHERE active AND database = {} AND table = {} ORDER BY rows",
        quote_string(database),
        quote_string(table)
    );
    let output = admin_query(engine, None, &sql, "JSONEachRow").await?;
    let lines = output.split(|byte| *byte == b'\n');
    let lines = lines.filter(|line| !line.is_empty());
    Ok(lines
        .map(serde_json::from_slice)
        .collect::<Result<_, _>>()?)
}

/// Some rows of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Chunk {
    /// The condition that selects them.
    pub(super) condition: String,
    /// How many they are.
    pub(super) rows: u64,
}

/// Returns chunks that hold every row of `parts` once, each about [`CHUNK_ROWS`] of them.
pub(super) fn chunks(parts: &[Part]) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut small: Vec<String> = Vec::new();
    let mut small_rows = 0;
    for part in parts.iter().filter(|part| part.rows > 0) {
        let name = quote_string(&part.name);
        if part.rows > CHUNK_ROWS {
            let mut start = 0;
            while start < part.rows {
                let end = start + CHUNK_ROWS;
                chunks.push(Chunk {
                    condition: format!(
                        "_part = {name} AND _part_offset >= {start} AND _part_offset < {end}"
                    ),
                    rows: end.min(part.rows) - start,
                });
                start = end;
            }
            continue;
        }
        if small_rows + part.rows > CHUNK_ROWS || small.len() >= CHUNK_PARTS {
            chunks.extend(one_of(&mut small, &mut small_rows));
        }
        small_rows += part.rows;
        small.push(name);
    }
    chunks.extend(one_of(&mut small, &mut small_rows));
    chunks
}

fn one_of(names: &mut Vec<String>, rows: &mut u64) -> Option<Chunk> {
    let (names, rows) = (std::mem::take(names), std::mem::take(rows));
    (!names.is_empty()).then(|| Chunk {
        condition: format!("_part IN ({})", names.join(", ")),
        rows,
    })
}

#[cfg(test)]
mod tests {
    use super::{Part, chunks};

    #[test]
    fn every_row_is_in_one_chunk() {
        let part = |name: &str, rows| Part {
            name: name.to_owned(),
            rows,
        };
        let parts = [
            part("none", 0),
            part("a", 400_000),
            part("b", 600_000),
            part("c", 1),
            part("d", 1_000_000),
            part("e", 2_000_001),
        ];
        let found = chunks(&parts);
        let found: Vec<(&str, u64)> = found
            .iter()
            .map(|chunk| (chunk.condition.as_str(), chunk.rows))
            .collect();
        assert_eq!(
            found,
            [
                ("_part IN ('a', 'b')", 1_000_000),
                ("_part IN ('c')", 1),
                (
                    "_part = 'e' AND _part_offset >= 0 AND _part_offset < 1000000",
                    1_000_000
                ),
                (
                    "_part = 'e' AND _part_offset >= 1000000 AND _part_offset < 2000000",
                    1_000_000
                ),
                (
                    "_part = 'e' AND _part_offset >= 2000000 AND _part_offset < 3000000",
                    1
                ),
                ("_part IN ('d')", 1_000_000),
            ]
        );
        assert!(chunks(&[]).is_empty());
    }
}
