//! The table of commands and results, in the output and in `docs/clients.md`.

use std::fs::{self, File};

use super::command::Seen;
use super::install::repository;

/// What a command that works does not show.
const TROUBLE: [&str; 4] = ["Traceback", "Error", "there is no route", "✗"];

/// The commands of one client.
pub(super) struct Report {
    section: &'static str,
    rows: Vec<String>,
    failures: Vec<String>,
}

/// What a command must do.
struct Expected<'e> {
    succeeds: bool,
    /// Texts that it shows.
    promised: &'e [&'e str],
    /// How the table says so.
    result: &'e str,
}

impl Report {
    /// Begins the table of a section of `docs/clients.md`.
    pub(super) fn new(section: &'static str) -> Self {
        Self {
            section,
            rows: Vec::new(),
            failures: Vec::new(),
        }
    }

    /// A command that succeeds, shows all of `promised`, and nothing of trouble.
    pub(super) fn works(&mut self, seen: Seen, promised: &[&str]) -> String {
        let trouble = TROUBLE.iter().find(|word| seen.text.contains(**word));
        let trouble = trouble.map(|word| format!("shows {word:?}"));
        let expected = Expected {
            succeeds: true,
            promised,
            result: "works",
        };
        self.add(seen, trouble, &expected)
    }

    /// A command that succeeds and shows what is wrong with its data; `what` goes into the table.
    pub(super) fn warns(&mut self, seen: Seen, promised: &[&str], what: &str) {
        let expected = Expected {
            succeeds: true,
            promised,
            result: what,
        };
        self.add(seen, None, &expected);
    }

    /// A command that must fail and say all of `promised`; `why` goes into the table.
    pub(super) fn refused(&mut self, seen: Seen, promised: &[&str], why: &str) -> String {
        let crashed = seen.text.contains("Traceback");
        let crashed = crashed.then(|| "crashes".to_owned());
        let expected = Expected {
            succeeds: false,
            promised,
            result: why,
        };
        self.add(seen, crashed, &expected)
    }

    /// A script that makes `count` calls and shows `works <call>` for each.
    pub(super) fn calls(&mut self, seen: &Seen, count: usize) {
        let works = seen
            .text
            .lines()
            .filter_map(|line| line.strip_prefix("works "));
        self.rows
            .extend(works.map(|call| format!("| `{call}` | works |")));
        if self.rows.len() != count || seen.code != 0 {
            let (code, made, text) = (seen.code, self.rows.len(), &seen.text);
            self.failures
                .push(format!("{made} of {count} calls, exit code {code}\n{text}"));
        }
    }

    /// Something that the last command must have done.
    pub(super) fn must(&mut self, holds: bool, what: &str) {
        if !holds {
            let after = self.rows.last().cloned().unwrap_or_default();
            self.failures.push(format!("{what}, after\n{after}"));
        }
    }

    fn add(&mut self, seen: Seen, trouble: Option<String>, expected: &Expected<'_>) -> String {
        let mut promised = expected.promised.iter();
        let missing = promised.find(|text| !seen.text.contains(**text));
        let trouble = trouble
            .or_else(|| missing.map(|text| format!("does not show {text:?}")))
            .or_else(|| {
                ((seen.code == 0) != expected.succeeds).then(|| format!("exit code {}", seen.code))
            });
        let command = seen.command.replace('|', "\\|");
        match trouble {
            None => self
                .rows
                .push(format!("| `{command}` | {} |", expected.result)),
            Some(trouble) => {
                self.rows
                    .push(format!("| `{command}` | **fails**: {trouble} |"));
                let text = &seen.text;
                self.failures.push(format!(
                    "{command}: {trouble}, exit code {}\n{text}",
                    seen.code
                ));
            }
        }
        seen.text
    }

    /// Prints the table; panics when a command failed or the document says otherwise.
    pub(super) fn finish(self) {
        let table = format!(
            "| command | result |\n| --- | --- |\n{}\n",
            self.rows.join("\n")
        );
        println!("{}\n\n{table}", self.section);
        assert!(
            self.failures.is_empty(),
            "{} do not do what they promise:\n\n{}",
            self.failures.len(),
            self.failures.join("\n----\n")
        );
        let path = repository().join("docs/clients.md");
        let file = File::open(&path).unwrap();
        // The tests of other clients may write at the same time.
        file.lock().unwrap();
        let document = fs::read_to_string(&path).unwrap();
        let begin = format!("<!-- {} -->\n", self.section);
        let (before, rest) = document.split_once(&begin).unwrap();
        let (kept, after) = rest.split_once("<!-- end -->").unwrap();
        if std::env::var_os("BIRDHOUSE_UPDATE_CLIENTS").is_some() {
            fs::write(&path, format!("{before}{begin}{table}<!-- end -->{after}")).unwrap();
        } else {
            assert_eq!(
                kept, table,
                "docs/clients.md differs; BIRDHOUSE_UPDATE_CLIENTS=1 writes it anew"
            );
        }
    }
}
