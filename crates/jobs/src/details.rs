//! What is kept of a job beside its state, as JSON in the catalog.

use serde::{Deserialize, Serialize};

use crate::limits::BLOCKS_MAX;

/// What a job is about, and what it has done so far.
///
/// Fields may be added; they need a default, because older jobs do not have them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Details {
    /// Id of the request that asked for it.
    pub request_id: String,
    /// Id of the data source that it works on.
    pub datasource_id: String,
    /// Name of that data source.
    pub datasource: String,
    /// Id of the pipe that it runs.
    pub pipe_id: String,
    /// Name of that pipe.
    pub pipe: String,
    /// How rows are brought in: `append` or `replace`.
    pub mode: Option<String>,
    /// Parameters of the request, its token left out.
    pub parameters: Vec<(String, String)>,
    /// The address that an import reads.
    pub url: Option<String>,
    /// Good rows stored.
    pub rows: u64,
    /// Bad rows, in quarantine.
    pub quarantine_rows: u64,
    /// Bytes read.
    pub bytes: u64,
    /// Rows of the file that did not match the condition of a replacement.
    pub ignored_rows: u64,
    /// How far a copy is.
    pub copy: CopyStage,
    /// Rows that were removed.
    pub rows_affected: Option<u64>,
    /// The deployment that is made.
    pub deployment_id: Option<String>,
    /// Parts of the file.
    pub blocks: Vec<Block>,
    /// Data sources that a branch got rows of, each with the ids of their partitions.
    pub partitions: Vec<(String, Vec<String>)>,
}

/// How far a copy is, which decides what becomes of it after a crash.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CopyStage {
    /// Its rows are gathered aside; without an end nothing was copied.
    #[default]
    Gathering,
    /// Its rows are being appended: those before `from` are, those up to `to` may be.
    Appending {
        /// The first row that is not known to be appended.
        from: u64,
        /// The row behind the last one that may be appended.
        to: u64,
        /// All rows.
        rows: u64,
    },
    /// Its rows may have taken the place of others.
    Replacing,
    /// All its rows are where they belong.
    Copied,
}

/// A part of a file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// Good and bad rows.
    pub lines: u64,
    /// Bad rows.
    pub quarantine: u64,
    /// Bytes read.
    pub bytes: u64,
    /// How long it took, in seconds.
    pub seconds: f64,
}

impl Details {
    /// Adds a block and its numbers to the sums.
    pub fn add_block(&mut self, block: Block) {
        self.rows += block.lines.saturating_sub(block.quarantine);
        self.quarantine_rows += block.quarantine;
        self.bytes += block.bytes;
        let is_full = self.blocks.len() >= BLOCKS_MAX;
        match self.blocks.last_mut() {
            Some(last) if is_full => {
                last.lines += block.lines;
                last.quarantine += block.quarantine;
                last.bytes += block.bytes;
                last.seconds += block.seconds;
            }
            _ => self.blocks.push(block),
        }
    }
}
