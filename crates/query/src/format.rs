//! Output formats: names that clients use ↔ the engine's formats and content types.

use crate::error::QueryError;

/// An output format of endpoints and of `/v0/sql`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// The engine's name.
    pub engine: &'static str,
    /// The `Content-Type` of the answer.
    pub content_type: &'static str,
}

const JSON: &str = "application/json; charset=utf-8";
const CSV: &str = "text/csv; charset=utf-8";
const NDJSON: &str = "application/x-ndjson; charset=utf-8";
const TSV: &str = "text/tab-separated-values; charset=utf-8";
const PARQUET: &str = "application/vnd.apache.parquet";
const PROMETHEUS: &str = "text/plain; version=0.0.4";
const TEXT: &str = "text/plain; charset=utf-8";

/// Extensions of `/v0/pipes/<pipe>.<extension>`.
const EXTENSIONS: &[(&str, Format)] = &[
    (
        "json",
        Format {
            engine: "JSON",
            content_type: JSON,
        },
    ),
    (
        "csv",
        Format {
            engine: "CSVWithNames",
            content_type: CSV,
        },
    ),
    (
        "csvwithnames",
        Format {
            engine: "CSVWithNames",
            content_type: CSV,
        },
    ),
    (
        "ndjson",
        Format {
            engine: "JSONEachRow",
            content_type: NDJSON,
        },
    ),
    (
        "parquet",
        Format {
            engine: "Parquet",
            content_type: PARQUET,
        },
    ),
    (
        "prometheus",
        Format {
            engine: "Prometheus",
            content_type: PROMETHEUS,
        },
    ),
];

/// Names after `FORMAT` in `/v0/sql`.
const NAMES: &[Format] = &[
    Format {
        engine: "JSON",
        content_type: JSON,
    },
    Format {
        engine: "JSONEachRow",
        content_type: NDJSON,
    },
    Format {
        engine: "CSV",
        content_type: CSV,
    },
    Format {
        engine: "CSVWithNames",
        content_type: CSV,
    },
    Format {
        engine: "TSV",
        content_type: TSV,
    },
    Format {
        engine: "TSVWithNames",
        content_type: TSV,
    },
    Format {
        engine: "PrettyCompact",
        content_type: TEXT,
    },
    Format {
        engine: "Parquet",
        content_type: PARQUET,
    },
    Format {
        engine: "Prometheus",
        content_type: PROMETHEUS,
    },
];

impl Format {
    /// The format of `/v0/sql` without `FORMAT`.
    pub const JSON: Self = Self {
        engine: "JSON",
        content_type: JSON,
    };

    /// The format of the engine's plans.
    pub(crate) const PLAN: Self = Self {
        engine: "TSVRaw",
        content_type: TEXT,
    };

    /// Returns the format of an endpoint's extension.
    ///
    /// # Errors
    /// [`QueryError::UnknownFormat`] with the extensions that exist.
    pub fn from_extension(extension: &str) -> Result<Self, QueryError> {
        let known = EXTENSIONS.iter().find(|(name, _)| *name == extension);
        known
            .map(|(_, format)| *format)
            .ok_or_else(|| QueryError::UnknownFormat {
                format: extension.to_owned(),
                allowed: join(EXTENSIONS.iter().map(|(name, _)| *name)),
            })
    }

    /// Returns the format of the name after `FORMAT`, in any case of letters.
    ///
    /// # Errors
    /// [`QueryError::UnknownFormat`] with the names that exist.
    pub fn from_name(name: &str) -> Result<Self, QueryError> {
        let known = NAMES
            .iter()
            .find(|format| format.engine.eq_ignore_ascii_case(name));
        known.copied().ok_or_else(|| QueryError::UnknownFormat {
            format: name.to_owned(),
            allowed: join(NAMES.iter().map(|format| format.engine)),
        })
    }
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}

/// What the caller may change about the output.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutputSettings {
    /// 64-bit integers as JSON strings.
    pub quote_64bit_integers: bool,
    /// NaN and infinities as JSON strings; otherwise they are `null`.
    pub quote_denormals: bool,
    /// Parquet strings as text instead of bytes.
    pub parquet_string_as_string: bool,
}

impl OutputSettings {
    /// Returns the engine settings that differ from the defaults.
    #[must_use]
    pub fn to_engine(self) -> Vec<(String, String)> {
        let all = [
            (
                self.quote_64bit_integers,
                "output_format_json_quote_64bit_integers",
            ),
            (self.quote_denormals, "output_format_json_quote_denormals"),
            (
                self.parquet_string_as_string,
                "output_format_parquet_string_as_string",
            ),
        ];
        let set = all.into_iter().filter(|(on, _)| *on);
        set.map(|(_, name)| (name.to_owned(), "1".to_owned()))
            .collect()
    }
}
