//! Times the reading of a project of 200 files, without the engine.
//!
//! Prints the fastest of a few rounds, which is what the code needs when nothing else runs.

use std::time::{Duration, Instant};

use birdhouse_datafile::{Project, SourceFile};

const FILES: usize = 200;
const ROUNDS: usize = 20;

/// A data source of 30 columns, or a pipe of four nodes; the sizes of those in public projects.
fn file(number: usize) -> SourceFile {
    if number.is_multiple_of(4) {
        let columns: Vec<String> = (0..30)
            .map(|n| {
                format!(
                    "    `column_{n}` LowCardinality(String) `json:$.data.column_{n}` DEFAULT ''"
                )
            })
            .collect();
        let text = format!(
            "DESCRIPTION >\n    Events of the shop\n\nTOKEN \"append\" APPEND\n\nSCHEMA >\n{}\n\nENGINE \"MergeTree\"\n\
             ENGINE_PARTITION_KEY \"\"\nENGINE_SORTING_KEY \"column_0, column_1\"\n",
            columns.join(",\n")
        );
        return SourceFile::new(format!("datasources/events_{number}.datasource"), text);
    }
    let mut text = "TOKEN \"read\" READ\n".to_owned();
    for node in 0..4 {
        text.push_str(&format!(
            "\nNODE node_{node}\nSQL >\n    %\n    SELECT column_0, count() AS c\n    FROM events_0\n    \
             {{% if defined(day) %}}WHERE column_1 = {{{{String(day, '2026-01-01')}}}}{{% end %}}\n    \
             GROUP BY column_0\n    ORDER BY c DESC\n"
        ));
    }
    text.push_str("TYPE endpoint\n");
    SourceFile::new(format!("endpoints/top_{number}.pipe"), text)
}

fn main() {
    let files: Vec<SourceFile> = (0..FILES).map(file).collect();
    let bytes: usize = files.iter().map(|file| file.text().len()).sum();
    let mut best = Duration::MAX;
    let mut mistakes = 0;
    for _ in 0..ROUNDS {
        let files = files.clone();
        let start = Instant::now();
        let (_, diagnostics) = Project::parse(files);
        best = best.min(start.elapsed());
        mistakes = diagnostics.len();
    }
    #[expect(clippy::print_stdout, reason = "the result of a benchmark")]
    {
        println!("load {FILES} files of {bytes} bytes: {best:?} ({mistakes} diagnostics)");
    }
}
