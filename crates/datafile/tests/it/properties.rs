//! What holds for any text.

use birdhouse_datafile::{Dialect, Project, SourceFile};
use proptest::prelude::*;

use crate::support;

const PATHS: [&str; 3] = ["a.datasource", "b.pipe", "c.connection"];

/// Texts made of the pieces that matter to the parsers, in any order.
pub(crate) fn fragments() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "SCHEMA",
        "SQL",
        "NODE",
        "TYPE",
        "ENGINE",
        "INDEXES",
        "TOKEN",
        "TAGS",
        "DESCRIPTION",
        "INCLUDE",
        "SHARED_WITH",
        "FORWARD_QUERY",
        "ENGINE_SORTING_KEY",
        "ENGINE_VER",
        "KAFKA_TOPIC",
        "COPY_SCHEDULE",
        "DATASOURCE",
        "EXPORT_BUCKET_URI",
        "copy",
        "materialized",
        "endpoint",
        "sink",
        ">",
        "\n",
        "\n",
        "\n  ",
        "\r\n",
        "\t",
        " ",
        " ",
        "'",
        "\"",
        "`",
        "#",
        "--",
        "%",
        "{{",
        "}}",
        "(",
        ")",
        "[",
        "]",
        ",",
        "a",
        "b",
        "Int32",
        "Nullable(String)",
        "DateTime64",
        "DEFAULT",
        "CODEC",
        "`json:$.a`",
        "`json:$.é[:]`",
        "\\",
        "CODEC(ZSTD(1))",
        "READ",
        "APPEND",
        "ReplacingMergeTree",
        "minmax",
        "GRANULARITY",
        "1",
        "é",
        "🔥",
        "\u{feff}",
        "\0",
        "$",
        ".",
        "=",
        "@on-demand",
        "* * * * *",
    ]);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

fn check_all(text: &str) {
    for dialect in [Dialect::Forward, Dialect::Classic] {
        let files = PATHS.map(|path| SourceFile::new(path, text)).to_vec();
        let (_, diagnostics) = Project::parse_as(files, dialect);
        for diagnostic in &diagnostics {
            let location = diagnostic.span.location();
            assert!(location.line >= 1 && location.column >= 1);
        }
        assert!(support::render(&diagnostics).is_empty() == diagnostics.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_gives_diagnostics(text in any::<String>()) {
        check_all(&text);
    }

    #[test]
    fn any_mixture_gives_diagnostics(text in fragments()) {
        check_all(&text);
    }

    #[test]
    fn any_bytes_give_a_file_or_a_diagnostic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        match SourceFile::from_bytes("a.pipe", &bytes) {
            Ok(file) => prop_assert_eq!(file.text().as_bytes(), &bytes[..]),
            Err(diagnostic) => prop_assert!(diagnostic.render().contains("not UTF-8")),
        }
    }
}
