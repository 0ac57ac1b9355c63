//! Rows that are appended all the time, as a server would.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use birdhouse_deploy::Live;
use birdhouse_ingest::{DecodeOptions, Format, Ingestion, Operation, Origin};
use parking_lot::RwLock;
use tokio::task::JoinHandle;

/// A client that appends to `visits` until it is stopped.
pub(crate) struct Traffic {
    shared: Arc<Shared>,
    task: JoinHandle<Sent>,
}

struct Shared {
    ingestion: Ingestion,
    live: RwLock<Arc<Live>>,
    rows: AtomicU64,
    is_stopped: AtomicBool,
}

/// What was acknowledged.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sent {
    pub(crate) rows: u64,
    pub(crate) ids: u64,
    pub(crate) ms: u64,
    pub(crate) bad: u64,
}

const PAUSE: Duration = Duration::from_millis(3);
const LIMIT: Duration = Duration::from_secs(30);

impl Traffic {
    pub(crate) fn start(ingestion: Ingestion, live: Live) -> Self {
        let shared = Arc::new(Shared {
            ingestion,
            live: RwLock::new(Arc::new(live)),
            rows: AtomicU64::new(0),
            is_stopped: AtomicBool::new(false),
        });
        let task = tokio::spawn(Arc::clone(&shared).run());
        Self { shared, task }
    }

    /// Returns how many rows have been acknowledged.
    pub(crate) fn sent(&self) -> u64 {
        self.shared.rows.load(Ordering::SeqCst)
    }

    pub(crate) async fn at_least(&self, rows: u64) {
        let there = async {
            while self.sent() < rows {
                tokio::time::sleep(PAUSE).await;
            }
        };
        let in_time = tokio::time::timeout(LIMIT, there).await;
        in_time.expect("the traffic stands still");
    }

    /// Makes another deployment the one that rows are sent to; returns the one before.
    pub(crate) fn publish(&self, live: Live) -> Arc<Live> {
        std::mem::replace(&mut *self.shared.live.write(), Arc::new(live))
    }

    pub(crate) async fn stop(self) -> (Arc<Live>, Sent) {
        self.shared.is_stopped.store(true, Ordering::SeqCst);
        let sent = self.task.await.unwrap();
        let live = Arc::clone(&self.shared.live.read());
        (live, sent)
    }
}

impl Shared {
    async fn run(self: Arc<Self>) -> Sent {
        let mut sent = Sent::default();
        let mut id = 0;
        while !self.is_stopped.load(Ordering::SeqCst) {
            let mut body = String::new();
            for _ in 0..10 {
                id += 1;
                let (page, ms, month) = (id % 7, id % 50, id % 12 + 1);
                body.push_str(&format!(
                    "{{\"at\":\"2026-{month:02}-01 00:00:00\",\"page\":\"/{page}\",\"ms\":{ms},\"id\":{id},\"note\":\"n{page}\",\"ref\":\"r\"}}\n"
                ));
                sent.rows += 1;
                sent.ids += id;
                sent.ms += ms;
            }
            body.push_str(
                "{\"at\":\"never\",\"page\":\"/\",\"ms\":1,\"id\":1,\"note\":\"\",\"ref\":\"\"}\n",
            );
            sent.bad += 1;
            let live = Arc::clone(&self.live.read());
            let schema = live.datasource("visits").unwrap().schema.clone().unwrap();
            let options = DecodeOptions {
                format: Format::Ndjson,
                now: jiff::Timestamp::UNIX_EPOCH,
                import_id: None,
            };
            let decoded = birdhouse_ingest::decode(&schema, body.as_bytes(), &options).unwrap();
            assert_eq!((decoded.rows, decoded.quarantined_rows), (10, 1));
            let origin = Origin {
                operation: Operation::Events,
                request_id: String::new(),
                import_id: None,
                at: jiff::Timestamp::UNIX_EPOCH,
            };
            let appended = self.ingestion.append(&schema, decoded, origin, None).await;
            appended.expect("no append fails");
            self.rows.store(sent.rows, Ordering::SeqCst);
            drop(live);
            tokio::time::sleep(PAUSE).await;
        }
        sent
    }
}
