//! Where a test can end the process as a crash would: see `birdhouse_journal::kill_point`.

/// All kill points of this crate, in the order of the life of rows.
pub const INGEST_KILL_POINTS: [&str; 10] = [
    "flush.after_intent",
    "flush.between_inserts",
    "flush.after_inserts",
    "flush.after_outcome",
    "carry.after_record",
    "trim.after_sync",
    "trim.before_removal",
    "set_aside.after_file",
    "set_aside.after_outcome",
    "put_back.after_append",
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::INGEST_KILL_POINTS;

    #[test]
    fn the_list_names_what_the_code_has() {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let files = fs::read_dir(sources.join("ingestion")).expect("sources");
        let files = files.map(|entry| entry.expect("an entry").path());
        let files = files.chain([sources.join("ingestion.rs")]);
        let mut found = BTreeSet::new();
        for path in files.filter(|path| path.is_file()) {
            let text = fs::read_to_string(path).expect("readable");
            for rest in text.split(concat!("kill_point", "!(\"")).skip(1) {
                let (name, _) = rest.split_once('"').expect("closed");
                assert!(found.insert(name.to_owned()), "{name} is there twice");
            }
        }
        let listed: BTreeSet<String> = INGEST_KILL_POINTS.map(str::to_owned).into();
        assert_eq!(found, listed);
    }
}
