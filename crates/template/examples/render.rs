//! Reads the oracle's input contract from standard input, one JSON object a line, and prints the
//! output of each.

use std::io::{BufRead, Write, stdin, stdout};

use birdhouse_template::inspect::inspect;

fn main() -> std::io::Result<()> {
    let mut out = stdout().lock();
    for line in stdin().lock().lines() {
        let line = line?;
        if !line.trim().is_empty() {
            writeln!(out, "{}", inspect(&line, "2026-01-02 03:04:05"))?;
        }
    }
    Ok(())
}
