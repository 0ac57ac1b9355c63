//! Records as texts for people who look into a journal.

use bytes::Bytes;

use super::{Carried, Outcome, Record};

/// Says in a line what a record of the journal means, without any value of its rows.
#[must_use]
pub fn describe_record(record: &Bytes) -> String {
    match Record::decode(record) {
        None => "unknown, written by a newer version".to_owned(),
        Some(Record::Rows(rows)) => format!(
            "{}{} rows and {} for quarantine of {}, {} bytes, request {}",
            carried(rows.carried.as_ref()),
            rows.rows,
            rows.quarantined_rows,
            rows.source,
            rows.bytes(),
            rows.origin.request_id
        ),
        Some(Record::Flush(flush)) => {
            let range = match (flush.records.iter().min(), flush.records.iter().max()) {
                (Some(first), Some(last)) => format!("{first} to {last}"),
                _ => "nothing".to_owned(),
            };
            format!(
                "flush {} of {} records, {range}, into {}",
                flush.token,
                flush.records.len(),
                flush.source
            )
        }
        Some(Record::Flushed { flush, outcome, .. }) => {
            let outcome = match outcome {
                Outcome::Stored => "stored",
                Outcome::SetAside => "set aside",
                Outcome::Dropped => "dropped with its workspace",
            };
            format!("flush of record {flush} {outcome}")
        }
        Some(Record::Synced { before, .. }) => format!("engine synced, outcomes below {before}"),
        Some(Record::Opened { boot_id, at }) => format!("opened at {at} on boot {boot_id}"),
        Some(Record::Closed) => "closed in order".to_owned(),
    }
}

fn carried(carried: Option<&Carried>) -> String {
    let text = |carried: &Carried| {
        format!(
            "written again in the place of {} records from {} on: ",
            carried.replaces.len(),
            carried.order
        )
    };
    carried.map_or_else(String::new, text)
}
