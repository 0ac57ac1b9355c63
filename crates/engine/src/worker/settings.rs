//! Settings: what every connection starts with, and what a request may set.
//!
//! A setting that is not listed here is refused, so that no caller can lift a limit or open a
//! door of the engine by a parameter of the URL.

use std::collections::BTreeMap;

use crate::dialect::DEDUPLICATION_TOKEN;
use crate::exception::{Exception, code};
use crate::limits::{RESULT_BYTES_MAX, RESULT_ROWS_MAX, SQL_BYTES_MAX};

/// Settings by name.
pub(super) type Settings = BTreeMap<String, String>;

pub(super) const MAX_RESULT_BYTES: &str = "max_result_bytes";
pub(super) const MAX_RESULT_ROWS: &str = "max_result_rows";

/// Settings that a request may bring.
const ALLOWED: &[&str] = &[
    // Limits.
    "max_execution_time",
    "max_memory_usage",
    MAX_RESULT_BYTES,
    MAX_RESULT_ROWS,
    "max_rows_to_read",
    "max_bytes_to_read",
    "max_threads",
    "max_block_size",
    "max_insert_block_size",
    "result_overflow_mode",
    // Inserts.
    DEDUPLICATION_TOKEN,
    // Execution.
    "additional_table_filters",
    "enable_join_runtime_filters",
    "exact_rows_before_limit",
    "extremes",
    "join_use_nulls",
    "lightweight_mutation_projection_mode",
    "mutations_sync",
    "optimize_read_in_order",
    "session_timezone",
    "use_statistics",
    // Formats.
    "date_time_input_format",
    "date_time_output_format",
    "format_csv_delimiter",
    "input_format_allow_errors_num",
    "input_format_csv_empty_as_default",
    "input_format_null_as_default",
    "input_format_skip_unknown_fields",
    "output_format_json_escape_forward_slashes",
    "output_format_json_named_tuples_as_objects",
    "output_format_json_quote_64bit_integers",
    "output_format_json_quote_decimals",
    "output_format_json_quote_denormals",
    "output_format_parquet_string_as_string",
    "output_format_write_statistics",
];

/// Returns the settings that every connection starts with.
pub(super) fn base() -> Settings {
    [
        // Defaults of the library that differ from those of a server.
        ("async_insert", "0"),
        ("implicit_select", "0"),
        ("allow_introspection_functions", "0"),
        // A replayed insert heals every materialized view that the first attempt did not reach.
        ("deduplicate_blocks_in_dependent_materialized_views", "1"),
        ("default_database_engine", "Atomic"),
        // What current engines refuse by default and older projects contain.
        ("allow_suspicious_codecs", "1"),
        ("allow_suspicious_fixed_string_types", "1"),
        ("allow_suspicious_low_cardinality_types", "1"),
        ("allow_suspicious_primary_key", "1"),
        ("allow_suspicious_ttl_expressions", "1"),
        ("allow_suspicious_types_in_group_by", "1"),
        ("allow_suspicious_types_in_order_by", "1"),
        ("session_timezone", "UTC"),
        // The shape of JSON, stated because versions differ.
        ("date_time_output_format", "simple"),
        ("output_format_json_quote_64bit_integers", "0"),
        ("output_format_json_quote_denormals", "0"),
        ("output_format_json_quote_decimals", "0"),
        ("output_format_json_named_tuples_as_objects", "1"),
        // The buffer of a materialized result is charged to no other limit.
        (MAX_RESULT_BYTES, &RESULT_BYTES_MAX.to_string()),
        (MAX_RESULT_ROWS, &RESULT_ROWS_MAX.to_string()),
        ("result_overflow_mode", "throw"),
        ("max_query_size", &SQL_BYTES_MAX.to_string()),
        // One batch with odd dates must not fail as a whole; the default is 100.
        ("max_partitions_per_insert_block", "1000"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// Returns an error unless a request may bring the setting.
pub(super) fn check_allowed(name: &str) -> Result<(), Exception> {
    if ALLOWED.contains(&name) {
        Ok(())
    } else {
        let message = format!("setting {name} may not be set by a request");
        Err(Exception::new(code::UNKNOWN_SETTING, message))
    }
}

/// Keeps the limits of a materialized result: "unlimited" and larger values become the maximum.
pub(super) fn bound_result(settings: &mut Settings) {
    for (name, maximum) in [
        (MAX_RESULT_BYTES, RESULT_BYTES_MAX),
        (MAX_RESULT_ROWS, RESULT_ROWS_MAX),
    ] {
        let asked: Option<u64> = settings.get(name).and_then(|value| value.parse().ok());
        let bounded = match asked {
            None | Some(0) => maximum,
            Some(asked) => asked.min(maximum),
        };
        settings.insert(name.to_owned(), bounded.to_string());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_materialized_result_is_always_bounded() {
        let bounded = |value: Option<&str>| {
            let mut settings = Settings::new();
            settings.extend(value.map(|v| (MAX_RESULT_BYTES.to_owned(), v.to_owned())));
            bound_result(&mut settings);
            settings.remove(MAX_RESULT_BYTES).expect("set")
        };
        let maximum = RESULT_BYTES_MAX.to_string();
        assert_eq!(bounded(None), maximum);
        assert_eq!(bounded(Some("0")), maximum);
        assert_eq!(bounded(Some("99999999999999")), maximum);
        assert_eq!(bounded(Some("many")), maximum);
        assert_eq!(bounded(Some("1000")), "1000");
    }

    #[test]
    fn only_listed_settings_pass() {
        assert_eq!(check_allowed("max_threads"), Ok(()));
        let error = check_allowed("readonly").expect_err("refused");
        assert_eq!(error.code, code::UNKNOWN_SETTING);
    }
}
