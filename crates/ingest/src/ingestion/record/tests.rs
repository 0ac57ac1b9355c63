//! What is written reads back equal, and nothing else is read.

use birdhouse_journal::Lsn;
use bytes::Bytes;
use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::ingestion::keys::Key;
use crate::native::Block;

fn joined(record: &Record) -> Bytes {
    record.encode().concat().into()
}

fn block() -> impl Strategy<Value = Block> {
    let columns = prop::collection::vec("[a-zé]{1,6}", 1..4);
    let data = prop::collection::vec(any::<u8>(), 0..40);
    (columns, 1..9_usize, data)
        .prop_map(|(columns, rows, data)| Block::from_parts(columns.into(), rows, data.into()))
}

fn source() -> impl Strategy<Value = SourceName> {
    ("ws_[0-9a-f]{4}", "[a-z_]{1,8}").prop_map(|(d, s)| SourceName::new(d, s))
}

fn record() -> impl Strategy<Value = Record> {
    let blocks = || prop::collection::vec(block(), 0..3);
    let key = prop::option::of(any::<[u8; 24]>().prop_map(|bytes| Key::decode(&bytes).unwrap()));
    let at = any::<u32>().prop_map(|n| Timestamp::from_microsecond(i64::from(n) << 20).unwrap());
    let origin = (
        prop::sample::select(vec![Operation::Events, Operation::Import, Operation::Copy]),
        "[A-Z0-9]{0,26}",
        prop::option::of("[a-z0-9]{1,8}"),
        at,
    )
        .prop_map(|(operation, request_id, import_id, at)| Origin {
            operation,
            request_id,
            import_id,
            at,
        });
    let token = prop::option::of("bh-[0-9a-f]{4}");
    let lsn = || any::<u64>().prop_map(Lsn);
    let carried = (lsn(), prop::collection::vec(lsn(), 0..4));
    let carried = carried.prop_map(|(order, replaces)| Carried { order, replaces });
    let rows = (
        source(),
        origin,
        key,
        token,
        any::<[u32; 2]>(),
        blocks(),
        blocks(),
        prop::option::of(carried),
    )
        .prop_map(
            |(source, origin, key, token, [rows, bad], blocks, quarantine_blocks, carried)| {
                Record::Rows(Rows {
                    source,
                    origin,
                    key,
                    token,
                    rows: rows.into(),
                    quarantined_rows: bad.into(),
                    blocks,
                    quarantine_blocks,
                    carried,
                })
            },
        );
    let flush = (
        source(),
        "bh-[0-9a-f]{8}",
        prop::collection::vec(lsn(), 0..9),
    )
        .prop_map(|(source, token, records)| {
            Record::Flush(Flush {
                source,
                token,
                records,
            })
        });
    let records = prop::collection::vec(lsn(), 0..9);
    let flushed =
        (lsn(), any::<bool>(), records).prop_map(|(flush, is_aside, records)| Record::Flushed {
            flush,
            records,
            outcome: if is_aside {
                Outcome::SetAside
            } else {
                Outcome::Stored
            },
        });
    let synced =
        (lsn(), "[0-9a-f-]{0,36}").prop_map(|(before, boot_id)| Record::Synced { before, boot_id });
    let opened = "[0-9a-f-]{0,36}".prop_map(|boot_id| Record::Opened {
        boot_id,
        at: Timestamp::from_microsecond(1_700_000_000_000_000).unwrap(),
    });
    prop_oneof![rows, flush, flushed, synced, opened, Just(Record::Closed)]
}

proptest! {
    #[test]
    fn records_read_back_equal(record in record()) {
        prop_assert_eq!(Record::decode(&joined(&record)), Some(record));
    }

    /// A record that is cut off or goes on is none, and nothing panics.
    #[test]
    fn other_lengths_are_refused(record in record(), cut in any::<prop::sample::Index>()) {
        let bytes = joined(&record);
        let cut = cut.index(bytes.len());
        prop_assert_eq!(Record::decode(&bytes.slice(..cut)), None);
        let longer: Bytes = [&bytes[..], &[0]].concat().into();
        prop_assert_eq!(Record::decode(&longer), None);
    }

    #[test]
    fn any_bytes_are_read_without_harm(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        Record::decode(&bytes.into());
    }
}

#[test]
fn following_records_take_a_byte_each() {
    let flush = |records: Vec<Lsn>| {
        let flush = Flush {
            source: SourceName::new("d", "s"),
            token: String::new(),
            records,
        };
        joined(&Record::Flush(flush)).len()
    };
    let start = 1 << 40;
    let one = flush(vec![Lsn(start)]);
    assert_eq!(flush((start..start + 100).map(Lsn).collect()), one + 99);
}
