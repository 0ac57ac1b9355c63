//! Both dialects of the datafile parser, and the formatter: doing it twice changes nothing, and what
//! a file means stays.
//!
//! The input is one text, read as a file of each kind, or several with a line `--- path` before each.
#![no_main]

use birdhouse_datafile::{Dialect, FileKind, Project, SourceFile, format, inspect};
use libfuzzer_sys::fuzz_target;

const PATHS: [&str; 4] = ["a.datasource", "b.pipe", "c.connection", "d.incl"];

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        if let Err(diagnostic) = SourceFile::from_bytes("a.pipe", bytes) {
            diagnostic.render();
        }
        return;
    };
    let files: Vec<SourceFile> = match text.strip_prefix("--- ") {
        Some(parts) => parts
            .split("\n--- ")
            .filter_map(|part| part.split_once('\n'))
            .map(|(path, text)| SourceFile::new(path.trim(), text))
            .collect(),
        None => PATHS.map(|path| SourceFile::new(path, text)).to_vec(),
    };
    for dialect in [Dialect::Forward, Dialect::Classic] {
        let (_, diagnostics) = Project::parse_as(files.clone(), dialect);
        for diagnostic in diagnostics {
            assert!(!diagnostic.render().is_empty());
        }
        for file in &files {
            if let Some(kind) = FileKind::of_path(file.path()) {
                formatted(file, kind, dialect);
            }
        }
    }
});

fn formatted(file: &SourceFile, kind: FileKind, dialect: Dialect) {
    let Ok(once) = format(file, kind, dialect) else {
        return;
    };
    let again = SourceFile::new(file.path(), once.clone());
    assert_eq!(format(&again, kind, dialect).as_ref(), Ok(&once), "formatting twice changes it");
    // A file is inspected as one of Forward.
    let (before, after) = (inspect(file, kind), inspect(&again, kind));
    if dialect == Dialect::Forward && before["ok"] == true {
        assert_eq!(after["ok"], true, "formatting breaks it:\n{once}\n{after}");
        for field in ["description", "tokens", "tags", "shared_with"] {
            assert_eq!(before[field], after[field], "formatting changes it:\n{once}");
        }
        let nodes = |value: &serde_json::Value| value["nodes"].as_array().map(Vec::len);
        assert_eq!(nodes(&before), nodes(&after), "formatting changes it:\n{once}");
    }
}
