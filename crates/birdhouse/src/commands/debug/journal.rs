//! `birdhouse debug journal`: the segments of a journal, one line each, and what is wrong with them.

use std::process::ExitCode;

use anyhow::Context;
use birdhouse_journal::{Report, SegmentReport, inspect_records};

use crate::args::JournalArgs;
use crate::commands::say;

pub(super) fn journal(args: &JournalArgs) -> anyhow::Result<ExitCode> {
    let mut said = Ok(());
    let report = inspect_records(&args.directory, |location, payload| {
        if args.records && said.is_ok() {
            let meaning = birdhouse_ingest::describe_record(payload);
            said = say(format!("record {}: {meaning}", location.lsn));
        }
    })
    .with_context(|| format!("look at the journal in {}", args.directory.display()))?;
    said?;
    for line in lines(&report) {
        say(line)?;
    }
    Ok(if report.damage.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn lines(report: &Report) -> Vec<String> {
    let mut lines: Vec<_> = report.segments.iter().map(segment).collect();
    lines.push(format!("next record: {}", report.next_lsn));
    if let Some(torn) = &report.torn_tail {
        lines.push(format!("torn, cut off by the next start: {torn}"));
    }
    lines.extend(
        report
            .damage
            .iter()
            .map(|damage| format!("damaged: {damage}")),
    );
    let aside = report.put_aside.iter();
    lines.extend(aside.map(|path| format!("put aside as damaged: {}", path.display())));
    lines
}

fn segment(segment: &SegmentReport) -> String {
    let file = segment.file.display();
    let (records, bytes) = (segment.records, segment.record_bytes);
    let lsns = match (segment.lsns, &segment.header) {
        (Some((first, last)), _) => format!("{records} records, {first} to {last}, {bytes} bytes"),
        (None, Some(_)) => "no records".to_owned(),
        (None, None) => "no readable header".to_owned(),
    };
    format!("segment {file}: {lsns} of {}", segment.file_bytes)
}
