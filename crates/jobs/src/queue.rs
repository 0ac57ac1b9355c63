//! Which job is next: workspaces take turns, and a data source has one job at a time.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

/// Jobs that wait and jobs that run; `W` is a workspace, `J` a job.
#[derive(Debug)]
pub(crate) struct Queue<W, J> {
    waiting: Vec<Entry<W, J>>,
    running: HashSet<(W, String)>,
    /// When each workspace was last served, as a number that counts up.
    served: HashMap<W, u64>,
    turn: u64,
}

#[derive(Debug)]
struct Entry<W, J> {
    workspace: W,
    /// What it works on.
    datasource: String,
    job: J,
}

/// A job that may run now. Give it back by [`Queue::ended`].
#[derive(Debug)]
pub(crate) struct Next<W, J> {
    pub(crate) job: J,
    pub(crate) key: (W, String),
}

impl<W: Copy + Eq + Hash, J> Queue<W, J> {
    pub(crate) fn new() -> Self {
        Self {
            waiting: Vec::new(),
            running: HashSet::new(),
            served: HashMap::new(),
            turn: 0,
        }
    }

    pub(crate) fn waiting_count(&self) -> usize {
        self.waiting.len()
    }

    pub(crate) fn push(&mut self, workspace: W, datasource: String, job: J) {
        self.waiting.push(Entry {
            workspace,
            datasource,
            job,
        });
    }

    /// Returns the oldest job of the workspace that was served the longest time ago, of those whose
    /// data source is free, unless `running_max` run already.
    pub(crate) fn next(&mut self, running_max: usize) -> Option<Next<W, J>> {
        if self.running.len() >= running_max {
            return None;
        }
        let (mut keys, mut best) = (HashSet::new(), None);
        for (at, entry) in self.waiting.iter().enumerate() {
            let key = (entry.workspace, entry.datasource.clone());
            // An older job on the same data source comes first.
            if self.running.contains(&key) || !keys.insert(key) {
                continue;
            }
            let served = self.served.get(&entry.workspace).copied().unwrap_or(0);
            if best.is_none_or(|(_, least)| served < least) {
                best = Some((at, served));
            }
        }
        let (at, _) = best?;
        let entry = self.waiting.remove(at);
        self.turn += 1;
        self.served.insert(entry.workspace, self.turn);
        let key = (entry.workspace, entry.datasource);
        self.running.insert(key.clone());
        Some(Next {
            job: entry.job,
            key,
        })
    }

    /// Frees the place and the data source of a job that has ended.
    pub(crate) fn ended(&mut self, key: &(W, String)) {
        self.running.remove(key);
    }

    /// Takes a waiting job out.
    pub(crate) fn remove(&mut self, is_it: impl Fn(&J) -> bool) -> Option<J> {
        let at = self.waiting.iter().position(|entry| is_it(&entry.job))?;
        Some(self.waiting.remove(at).job)
    }

    /// Takes all waiting jobs out.
    pub(crate) fn drain(&mut self) -> Vec<J> {
        self.waiting.drain(..).map(|entry| entry.job).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(jobs: &[(u8, &str, &str)]) -> String {
        let mut queue = Queue::new();
        for (workspace, datasource, job) in jobs {
            queue.push(*workspace, (*datasource).to_owned(), (*job).to_owned());
        }
        let mut order = Vec::new();
        while let Some(next) = queue.next(1) {
            queue.ended(&next.key);
            order.push(next.job);
        }
        order.join(" ")
    }

    #[test]
    fn workspaces_take_turns() {
        let jobs = [
            (1, "a", "1a"),
            (1, "b", "1b"),
            (1, "c", "1c"),
            (2, "a", "2a"),
            (2, "b", "2b"),
        ];
        assert_eq!(order(&jobs), "1a 2a 1b 2b 1c");
    }

    #[test]
    fn a_data_source_has_one_job_at_a_time_in_order() {
        let mut queue = Queue::new();
        for (datasource, job) in [("a", 1), ("a", 2), ("b", 3), ("c", 4)] {
            queue.push('w', datasource.to_owned(), job);
        }
        let first = queue.next(2).expect("first");
        let second = queue.next(2).expect("second");
        assert_eq!((first.job, second.job), (1, 3));
        assert!(queue.next(2).is_none(), "two run");
        queue.ended(&second.key);
        assert_eq!(queue.next(2).expect("third").job, 4);
        queue.ended(&first.key);
        assert_eq!(queue.next(2).expect("last").job, 2);
        assert_eq!(queue.waiting_count(), 0);
    }
}
