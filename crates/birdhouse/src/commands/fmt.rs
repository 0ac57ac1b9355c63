//! `birdhouse fmt`: datafiles in their canonical form.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use birdhouse_datafile::{
    Diagnostic, Dialect, FileKind, SourceFile, detect_dialect, resource_kind,
};

use super::{diff, say};
use crate::args::FmtArgs;
use crate::project;

/// A file to format.
struct Target {
    path: PathBuf,
    file: SourceFile,
    kind: FileKind,
    /// Flavour of the project that the file belongs to.
    dialect: Dialect,
}

/// How many files ended how.
#[derive(Default)]
struct Counts {
    changed: usize,
    unchanged: usize,
    broken: usize,
}

/// Runs the command; the exit code is 1 when a file has mistakes, and with `--check` or `--diff`
/// when one would change.
pub(crate) fn fmt(args: &FmtArgs) -> anyhow::Result<ExitCode> {
    let mut counts = Counts::default();
    for path in &args.paths {
        let (targets, unreadable) = targets(path)?;
        for diagnostic in unreadable {
            counts.broken += 1;
            say(diagnostic.render())?;
        }
        for target in targets {
            format(&target, args, &mut counts)?;
        }
    }
    let only_looks = args.check || args.diff;
    let (changed, unchanged) = (counts.changed, counts.unchanged);
    let verb = if only_looks { "to format" } else { "formatted" };
    let mut summary = format!("{changed} {verb}, {unchanged} unchanged");
    if counts.broken > 0 {
        summary += &format!(", {} with mistakes", counts.broken);
    }
    say(summary)?;
    let failed = counts.broken > 0 || (only_looks && changed > 0);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Formats one file, or shows what would change.
fn format(target: &Target, args: &FmtArgs, counts: &mut Counts) -> anyhow::Result<()> {
    let formatted = match birdhouse_datafile::format(&target.file, target.kind, target.dialect) {
        Ok(formatted) => formatted,
        Err(diagnostics) => {
            counts.broken += 1;
            return diagnostics.iter().try_for_each(|d| say(d.render()));
        }
    };
    if formatted == target.file.text() {
        counts.unchanged += 1;
        return Ok(());
    }
    counts.changed += 1;
    let shown = target.path.display().to_string();
    if args.diff {
        let after = format!("{shown} (formatted)");
        let text = diff::unified((&shown, target.file.text()), (&after, &formatted));
        return say(text.trim_end_matches('\n'));
    }
    if !args.check {
        std::fs::write(&target.path, formatted).with_context(|| format!("write {shown}"))?;
    }
    say(shown)
}

/// Returns the datafiles at `path`, a directory or a file, and what could not be read as text.
fn targets(path: &Path) -> anyhow::Result<(Vec<Target>, Vec<Diagnostic>)> {
    if path.is_dir() {
        return folder(path);
    }
    let shown = path.display().to_string();
    let kind = FileKind::of_path(&shown).with_context(|| {
        format!("{shown} is not a datafile: it must end with .datasource, .pipe or .connection")
    })?;
    let bytes = std::fs::read(path).with_context(|| format!("read {shown}"))?;
    Ok(match SourceFile::from_bytes(shown, &bytes) {
        Ok(file) => {
            let target = Target {
                path: path.to_owned(),
                dialect: detect_dialect(std::slice::from_ref(&file)),
                file,
                kind,
            };
            (vec![target], Vec::new())
        }
        Err(diagnostic) => (Vec::new(), vec![*diagnostic]),
    })
}

fn folder(root: &Path) -> anyhow::Result<(Vec<Target>, Vec<Diagnostic>)> {
    let (files, unreadable) = project::read(root)?;
    let dialect = detect_dialect(&files);
    let targets = files.into_iter().filter_map(|file| {
        Some(Target {
            path: below(root, file.path()),
            kind: resource_kind(file.path())?,
            file,
            dialect,
        })
    });
    Ok((targets.collect(), unreadable))
}

/// Returns the path of a file of a project, without `./` when the project is here.
fn below(root: &Path, name: &str) -> PathBuf {
    if root == Path::new(".") {
        PathBuf::from(name)
    } else {
        root.join(name)
    }
}
