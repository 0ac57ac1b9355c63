//! The segments of the journal: no bytes make the decoder panic or find records where none are.
#![no_main]

use birdhouse_journal::decode_segment;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(segment) = decode_segment(bytes) else {
        return;
    };
    let mut end = 0;
    let mut before = None;
    for record in &segment.records {
        assert!(record.payload.start >= end, "records overlap");
        assert!(record.payload.start <= record.payload.end);
        assert!(record.payload.end <= bytes.len(), "a record ends behind the file");
        assert!(before.is_none_or(|before| before < record.lsn), "numbers go back");
        end = record.payload.end;
        before = Some(record.lsn);
    }
});
