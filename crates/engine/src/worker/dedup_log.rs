//! Repair of deduplication logs after an unclean stop, before the engine opens its files.
//!
//! The engine logs the token of a block before it renames the block's part into place. A kill in
//! between leaves an orphan: a token whose part does not exist. The engine would then acknowledge
//! the replay of that batch without storing it. The repair logs a removal for every orphan; the
//! price of a wrong guess is that a very old token would be accepted again.
//!
//! Layout, per table in `data/store/abc/abc…/`: part directories `partition_lo_hi_level[_mutation]`
//! and `deduplication_logs/deduplication_log_N.txt` with lines
//! `1 <TAB> part <TAB> token` (added) and `2 <TAB> part <TAB> token` (removed).

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// What a repair changed.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Repair {
    /// Tokens without a part that were removed.
    pub(super) orphans: usize,
    /// Unfinished lines that were cut off.
    pub(super) torn_lines: usize,
}

/// Repairs the logs of all tables under the engine's data directory.
pub(super) fn repair(data: &Path) -> io::Result<Repair> {
    let mut total = Repair::default();
    for group in directories(&data.join("store"))? {
        for table in directories(&group)? {
            let logs = table.join("deduplication_logs");
            if logs.is_dir() {
                let one = repair_table(&table, &logs)?;
                total.orphans += one.orphans;
                total.torn_lines += one.torn_lines;
            }
        }
    }
    Ok(total)
}

fn repair_table(table: &Path, logs: &Path) -> io::Result<Repair> {
    let files = log_files(logs)?;
    let Some(last) = files.last() else {
        return Ok(Repair::default());
    };
    let torn_lines = usize::from(cut_torn_line(last)?);
    let mut live = BTreeMap::new();
    for file in &files {
        replay(&fs::read_to_string(file)?, &mut live);
    }
    let parts: Vec<Part> = directories(table)?
        .iter()
        .filter_map(|path| Part::parse(path.file_name()?.to_str()?))
        .collect();
    let mut removals = String::new();
    let mut orphans = 0;
    for (token, name) in live {
        let covered =
            Part::parse(&name).is_none_or(|wanted| parts.iter().any(|part| part.covers(&wanted)));
        if !covered {
            orphans += 1;
            removals.push_str(&format!("2\t{name}\t{token}\n"));
        }
    }
    if orphans > 0 {
        let mut log = OpenOptions::new().append(true).open(last)?;
        log.write_all(removals.as_bytes())?;
        log.sync_all()?;
    }
    Ok(Repair {
        orphans,
        torn_lines,
    })
}

/// Applies the lines of one log to the tokens that are remembered.
fn replay(text: &str, live: &mut BTreeMap<String, String>) {
    for line in text.lines() {
        let mut fields = line.splitn(3, '\t');
        let (Some(operation), Some(part), Some(token)) =
            (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        match operation {
            "1" => {
                live.insert(token.to_owned(), part.to_owned());
            }
            "2" => {
                live.remove(token);
            }
            _ => {}
        }
    }
}

/// Cuts an unfinished last line off: the engine would refuse the whole table because of it.
fn cut_torn_line(file: &Path) -> io::Result<bool> {
    let bytes = fs::read(file)?;
    let whole = bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |end| end + 1);
    if whole == bytes.len() {
        return Ok(false);
    }
    let log = OpenOptions::new().write(true).open(file)?;
    log.set_len(u64::try_from(whole).map_err(io::Error::other)?)?;
    log.sync_all()?;
    Ok(true)
}

/// Returns the log files of a table, oldest first.
fn log_files(logs: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(logs)? {
        let path = entry?.path();
        let number = path
            .file_name()
            .and_then(|name| name.to_str())
            .and_then(|name| name.strip_prefix("deduplication_log_"))
            .and_then(|name| name.strip_suffix(".txt"))
            .and_then(|number| number.parse::<u64>().ok());
        files.extend(number.map(|number| (number, path)));
    }
    Ok(files.into_values().collect())
}

/// Returns the directories in a directory; none when it does not exist.
fn directories(path: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(path) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// A range of blocks of a partition, from the name of a part.
#[derive(Debug, PartialEq, Eq)]
struct Part {
    partition: String,
    low: u64,
    high: u64,
}

impl Part {
    /// Reads `partition_low_high_level` or `…_level_mutation`. Ids of partitions have no
    /// underscore; names of unfinished parts (`tmp_insert_…`) have more and are no parts.
    fn parse(name: &str) -> Option<Self> {
        let fields: Vec<&str> = name.split('_').collect();
        let ([partition, low, high, _level] | [partition, low, high, _level, _]) =
            fields.as_slice()
        else {
            return None;
        };
        Some(Self {
            partition: (*partition).to_owned(),
            low: low.parse().ok()?,
            high: high.parse().ok()?,
        })
    }

    fn covers(&self, other: &Self) -> bool {
        self.partition == other.partition && self.low <= other.low && other.high <= self.high
    }
}

#[cfg(test)]
mod tests;
