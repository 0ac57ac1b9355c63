//! Rows of data sources that are stuck, written to the end of the journal once more.
//!
//! The journal is trimmed up to the oldest record that is not stored. So a single row that no repair
//! comes for would keep everything that other data sources have stored behind it, until the journal
//! is full and nobody can append any more. Until they are trimmed, the rows take their space twice,
//! which may be more than the journal's limit by the share of stuck data sources. A record that is carried names those that it stands for:
//! a restart counts the rows once, wherever the process ended.

use std::collections::BTreeSet;
use std::sync::Arc;

use birdhouse_journal::{Location, Lsn, kill_point};
use tracing::{info, warn};

use super::batch::{Batch, Pending};
use super::record::{Carried, Rows, SourceName};
use super::source::Source;
use super::{AppendError, Shared, aside, flusher};
use crate::limits::{PENDING_RECORDS_MAX, STUCK_SHARE};

impl Shared {
    /// Fails when rows of data sources that are stuck, as this one is, hold their share of the journal.
    pub(super) fn check_share(&self, source: &Source) -> Result<(), AppendError> {
        let Some(failed) = source.stuck() else {
            return Ok(());
        };
        let sources = self.all_sources();
        let stuck = sources.iter().filter(|source| source.stuck().is_some());
        let (mut bytes, mut records) = (0, 0);
        for source in stuck {
            let backlog = source.backlog();
            bytes += backlog.bytes as u64;
            records += backlog.records as u64;
        }
        if bytes < self.config.journal_bytes_max / STUCK_SHARE
            && records < PENDING_RECORDS_MAX as u64 / STUCK_SHARE
        {
            return Ok(());
        }
        Err(AppendError::Stuck {
            datasource: source.name.datasource.clone(),
            reason: failed.reason,
        })
    }

    /// Carries the rows of stuck data sources while much can be trimmed by that.
    pub(super) async fn carry(self: &Arc<Self>) {
        let mut carried = BTreeSet::new();
        while let Some(source) = self.worth_carrying(&carried) {
            carried.insert(source.name.clone());
            let Some(mut queue) = source.take_queue() else {
                return;
            };
            let result = self
                .carry_all(&mut queue.batches, queue.pending.iter_mut())
                .await;
            source.put_queue(queue);
            match result {
                Ok(bytes) => {
                    info!(source = %source.name, bytes, "rows that wait were carried to the end of the journal");
                }
                Err(error) => {
                    warn!(source = %source.name, error, "rows that wait could not be carried");
                    return;
                }
            }
        }
    }

    /// Returns the data source that keeps the journal from being trimmed, when it is stuck and that
    /// costs more than it would to write its rows again.
    fn worth_carrying(&self, carried: &BTreeSet<SourceName>) -> Option<Arc<Source>> {
        let sources = self.all_sources();
        let waiting: u64 = sources.iter().map(|s| s.backlog().bytes as u64).sum();
        let stored = self.journal.status().bytes.saturating_sub(waiting);
        if stored < self.config.journal_bytes_max / STUCK_SHARE {
            return None;
        }
        let oldest = self.unstored.lock().records.first().copied();
        sources.into_iter().find(|source| {
            source.stuck().is_some() && source.oldest() == oldest && !carried.contains(&source.name)
        })
    }

    /// Returns how many bytes were written again. After an error the rest is where it was.
    async fn carry_all(
        &self,
        batches: &mut [Batch],
        pending: impl Iterator<Item = &mut Pending>,
    ) -> Result<usize, String> {
        let mut bytes = 0;
        for batch in batches {
            self.carry_batch(batch).await?;
            bytes += batch.bytes();
        }
        for record in pending {
            self.carry_record(record).await?;
            bytes += record.bytes;
        }
        Ok(bytes)
    }

    /// Joins a batch into one record, which has its token.
    async fn carry_batch(&self, batch: &mut Batch) -> Result<(), String> {
        flusher::load(self, batch).await?;
        let Some(first) = batch.records.first() else {
            return Ok(());
        };
        let (order, arrived) = (first.order, first.arrived);
        let mut rows = aside::joined(batch);
        if let Some(first) = &first.rows {
            rows.origin = first.origin.clone();
        }
        rows.carried = Some(Carried {
            order,
            replaces: batch.flush.records.clone(),
        });
        let record = Pending {
            location: self.write_again(&rows, &batch.flush.records).await?,
            order,
            rows: None,
            token: rows.token.clone(),
            count: batch.count(),
            bytes: rows.bytes(),
            requests: batch.requests(),
            arrived,
        };
        self.forget_rows(&batch.records);
        batch.flush.records = vec![record.location.lsn];
        batch.records = vec![record];
        batch.intent = None;
        Ok(())
    }

    async fn carry_record(&self, record: &mut Pending) -> Result<(), String> {
        let mut rows = match &record.rows {
            Some(rows) => Rows::clone(rows),
            None => {
                let read = self.read(vec![record.location]).await?;
                read.into_iter().next().ok_or("nothing was read")?
            }
        };
        let replaced = [record.location.lsn];
        // Keys go into a log of their own before their record is trimmed.
        rows.key = None;
        rows.carried = Some(Carried {
            order: record.order,
            replaces: replaced.to_vec(),
        });
        record.location = self.write_again(&rows, &replaced).await?;
        Ok(())
    }

    /// Appends a record that stands for others, which the journal need not keep any more then.
    async fn write_again(&self, rows: &Rows, replaced: &[Lsn]) -> Result<Location, String> {
        // Also beyond the journal's limit: it is by this that it gets smaller.
        let written = self.journal.append_control(rows.encode()).await;
        let location = written.map_err(|error| error.to_string())?;
        kill_point!("carry.after_record");
        let mut unstored = self.unstored.lock();
        unstored.records.insert(location.lsn);
        for lsn in replaced {
            unstored.records.remove(lsn);
        }
        Ok(location)
    }
}
