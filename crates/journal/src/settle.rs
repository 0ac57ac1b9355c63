//! The end of a journal: what counts of the last segment, and which numbers come next.

use crate::damage::{Damage, Missing, TornTail};
use crate::decode::{Scan, Settled, scan};
use crate::error::OpenError;
use crate::format::{Lsn, RECORD_HEADER_BYTES};
use crate::found::Found;

/// What is known of the end of a journal.
pub(crate) struct Ends {
    /// The number after the last record that is known.
    pub(crate) end_lsn: Lsn,
    /// The number of the next record.
    pub(crate) next_lsn: Lsn,
    /// Where the records end in the last segment, in bytes; none when it has no header.
    pub(crate) last_end: Option<u64>,
    pub(crate) damage: Vec<Damage>,
    pub(crate) torn_tail: Option<TornTail>,
    /// What is to be written to the last segment before it is used: where, and what.
    pub(crate) repair: Option<(u64, Vec<u8>)>,
}

/// Reads the last segment that has a header, and the end of the journal from it. Changes nothing.
pub(crate) fn settle(found: &[Found], segment_bytes: u64) -> Result<Ends, OpenError> {
    let mut ends = Ends {
        end_lsn: Lsn(1),
        next_lsn: Lsn(1),
        last_end: None,
        damage: Vec::new(),
        torn_tail: None,
        repair: None,
    };
    let readable = found
        .iter()
        .enumerate()
        .rev()
        .find_map(|(index, found)| Some((index, found, found.header.as_ref()?)));
    let Some((index, last, header)) = readable else {
        // Without any header only the number of files says how far the numbers may have come.
        let used = found.last().map_or(0, |last| {
            let bytes = last.file_bytes.max(segment_bytes);
            (last.number + 1).saturating_mul(bytes / RECORD_HEADER_BYTES as u64)
        });
        ends.next_lsn = Lsn(used + 1);
        return Ok(ends);
    };
    let bytes = last.read()?;
    let scan = scan(&bytes, header);
    if index + 1 == found.len() {
        let settled = scan.settle_last(header);
        ends.end_lsn = settled.next_lsn;
        ends.last_end = Some(settled.end);
        ends.damage = damage_of_last(last, &settled);
        ends.repair = repair(bytes, &scan, &settled);
        ends.torn_tail = settled.torn.map(|torn| TornTail {
            file: last.path.clone(),
            offset: torn.bytes.start,
            bytes: torn.bytes.end - torn.bytes.start,
            whole_records: torn.records,
        });
    } else {
        // Its damage is found when it is read again.
        ends.end_lsn = scan.settle_sealed(header, header.first_lsn).next_lsn;
    }
    let lost: u64 = found
        .iter()
        .skip(index)
        .map(|found| found.lost_records_max(segment_bytes))
        .sum();
    ends.next_lsn = Lsn(ends.end_lsn.0 + lost);
    Ok(ends)
}

/// Returns what has to be written: the last commit as far as it is whole, and zeros over what is
/// torn.
fn repair(mut bytes: Vec<u8>, scan: &Scan, settled: &Settled) -> Option<(u64, Vec<u8>)> {
    let position = |offset: u64| usize::try_from(offset).ok();
    let torn = settled.torn.as_ref().map(|torn| torn.bytes.clone());
    let whole_from = scan.unproven_from(settled);
    let from = whole_from.or(torn.as_ref().map(|torn| torn.start))?;
    let to = torn.as_ref().map_or(settled.end, |torn| torn.end);
    if let Some(torn) = torn {
        bytes
            .get_mut(position(torn.start)?..position(torn.end)?)?
            .fill(0);
    }
    bytes.truncate(position(to)?);
    Some((from, bytes.split_off(position(from)?.min(bytes.len()))))
}

fn damage_of_last(last: &Found, settled: &Settled) -> Vec<Damage> {
    let mut damage: Vec<_> = settled
        .damage
        .iter()
        .map(|missing| Damage::records(&last.path, missing))
        .collect();
    if last.damaged {
        damage.push(Damage {
            file: last.path.clone(),
            offset: 0,
            bytes: last.file_bytes,
            missing: if last.is_cut() {
                Missing::From(settled.next_lsn)
            } else {
                Missing::Nothing
            },
        });
    }
    damage
}
