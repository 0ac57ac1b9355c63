//! Reads test inputs.

use birdhouse_datafile::SourceFile;

/// Splits an input into files at lines `--- path`; without such a line it is one file.
pub(crate) fn files(name: &str, text: &str) -> Vec<SourceFile> {
    if !text.starts_with("--- ") {
        return vec![SourceFile::new(name, text)];
    }
    let mut files: Vec<(String, String)> = Vec::new();
    for line in text.split_inclusive('\n') {
        if let Some(path) = line.strip_prefix("--- ") {
            files.push((path.trim().to_owned(), String::new()));
        } else if let Some((_, text)) = files.last_mut() {
            text.push_str(line);
        }
    }
    files
        .into_iter()
        .map(|(path, text)| SourceFile::new(path, text))
        .collect()
}

/// Renders all diagnostics as a user sees them.
pub(crate) fn render(diagnostics: &[birdhouse_datafile::Diagnostic]) -> String {
    diagnostics
        .iter()
        .map(|diagnostic| diagnostic.render())
        .collect::<Vec<_>>()
        .join("\n")
}
