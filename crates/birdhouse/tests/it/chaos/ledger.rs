//! What was sent and what became of it, and the comparison with the tables.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{Client, Random};

/// What a request holds, by which its rows are recognized.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) rows: u64,
    pub(super) amount: i64,
    pub(super) bad_rows: u64,
}

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Acknowledged,
    /// Its client gave up: it may be there or not, but as a whole.
    Abandoned,
}

/// All requests, by writer and number.
#[derive(Debug, Default)]
pub(super) struct Ledger(BTreeMap<(u32, u32), (Content, Fate)>);

/// A request, ready to be sent any number of times.
pub(super) struct Request {
    pub(super) content: Content,
    pub(super) body: String,
}

impl Request {
    /// Makes the request of this number: mostly small, sometimes thousands of rows, some bad.
    pub(super) fn make(random: &mut Random, writer: u32, number: u32) -> Self {
        let rows = *random.pick(&[1, 1, 1, 1, 2, 5, 20, 150, 2500]);
        let bad_rows = *random.pick(&[0, 0, 0, 1, 3]);
        let mut content = Content {
            rows,
            amount: 0,
            bad_rows,
        };
        let mut body = String::new();
        for row in 0..rows {
            let amount = random.range(-1000, 100_000);
            content.amount += amount;
            let (month, hour) = (random.range(1, 3), random.range(10, 15));
            let id = u64::from(writer) << 40 | u64::from(number) << 16 | row;
            body += &format!(
                "{{\"ts\":\"2026-0{month}-01 {hour}:00:00\",\"writer\":{writer},\"request\":{number},\"id\":{id},\"amount\":{amount},\"note\":\"row {row} of {rows}, and some text to make it longer\"}}\n"
            );
        }
        for _ in 0..bad_rows {
            body += &format!(
                "{{\"ts\":\"2026-01-01 00:00:00\",\"writer\":{writer},\"request\":{number},\"id\":0,\"amount\":\"many\",\"note\":\"\"}}\n"
            );
        }
        Self { content, body }
    }
}

impl Ledger {
    pub(super) fn record(&mut self, writer: u32, number: u32, content: Content, fate: Fate) {
        let before = self.0.insert((writer, number), (content, fate));
        assert_eq!(before, None, "request {number} of writer {writer} is new");
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Returns the rows of a writer that must be there, and those that may be.
    pub(super) fn rows_of(&self, writer: u32) -> (u64, u64) {
        let of_writer = self.0.range((writer, 0)..=(writer, u32::MAX));
        let mut counts = (0, 0);
        for (_, (content, fate)) in of_writer {
            match fate {
                Fate::Acknowledged => counts.0 += content.rows,
                Fate::Abandoned => counts.1 += content.rows,
            }
        }
        counts
    }

    /// Compares the landing table, both views and the quarantine with what was sent.
    #[track_caller]
    pub(super) fn check(&self, admin: &Client) {
        let writers: Vec<u32> = {
            let mut writers: Vec<u32> = self.0.keys().map(|(writer, _)| *writer).collect();
            writers.dedup();
            writers
        };
        for writer in &writers {
            self.check_writer(admin, *writer);
        }
        let known = writers.iter().map(u32::to_string).collect::<Vec<_>>();
        let strangers = format!(
            "SELECT count() FROM sales WHERE writer NOT IN ({})",
            known.join(", ")
        );
        assert_eq!(number(&admin.value(&strangers)), 0, "rows of nobody");
    }

    #[track_caller]
    fn check_writer(&self, admin: &Client, writer: u32) {
        let mut found = BTreeMap::new();
        let sql = format!(
            "SELECT request, count() AS rows, uniqExact(id) AS ids, sum(amount) AS amount FROM sales WHERE writer = {writer} GROUP BY request"
        );
        for row in admin.sql(&sql) {
            let (rows, ids) = (number(&row["rows"]), number(&row["ids"]));
            assert_eq!(rows, ids, "an id is there twice: {row} of writer {writer}");
            found.insert(number(&row["request"]), (rows, number(&row["amount"])));
        }
        let mut quarantined = BTreeMap::new();
        let sql = format!(
            "SELECT request, count() AS rows FROM sales_quarantine WHERE writer = '{writer}' GROUP BY request"
        );
        for row in admin.sql(&sql) {
            let request = row["request"].as_str().unwrap().parse::<i64>().unwrap();
            quarantined.insert(request, number(&row["rows"]));
        }
        let mut sums = (0, 0);
        for ((_, request), (content, fate)) in self.0.range((writer, 0)..=(writer, u32::MAX)) {
            let name = format!("request {request} of writer {writer}: {content:?}, {fate:?}");
            let request = i64::from(*request);
            let rows = found.remove(&request);
            let bad_rows = quarantined.remove(&request).unwrap_or(0);
            if *fate == Fate::Abandoned && rows.is_none() {
                assert_eq!(bad_rows, 0, "a part of it is there: {name}");
                continue;
            }
            let wanted = (content.rows.cast_signed(), content.amount);
            assert_eq!(rows, Some(wanted), "rows and amount of {name}");
            assert_eq!(
                bad_rows,
                content.bad_rows.cast_signed(),
                "bad rows of {name}"
            );
            sums = (sums.0 + wanted.0, sums.1 + wanted.1);
        }
        assert_eq!(found, BTreeMap::new(), "rows nobody sent as {writer}");
        assert_eq!(quarantined, BTreeMap::new(), "bad rows nobody sent");
        for (view, rows, amount) in [
            ("sales_hourly", "sold", "revenue"),
            ("sales_total", "rows", "total"),
        ] {
            let sql = format!(
                "SELECT sum({rows}) AS n, sum({amount}) AS a FROM {view} WHERE writer = {writer}"
            );
            let row = &admin.sql(&sql)[0];
            let shown = (number(&row["n"]), number(&row["a"]));
            assert_eq!(shown, sums, "{view} of writer {writer}");
        }
    }
}

#[track_caller]
pub(super) fn number(value: &Value) -> i64 {
    value
        .as_i64()
        .unwrap_or_else(|| panic!("{value} is no number"))
}
