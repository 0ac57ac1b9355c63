//! What user SQL may call: functions that are refused, table functions that are allowed.
//!
//! Lists were read off `system.functions` and `system.table_functions` of libchdb 26.7. The
//! grants of the reader role and the worker's sandbox stand behind them.

/// Table functions that read nothing outside of the query.
const TABLE_FUNCTIONS: &[&str] = &[
    "generate_series",
    "generaterandom",
    "generateseries",
    "null",
    "numbers",
    "numbers_mt",
    "values",
    "zeros",
    "zeros_mt",
];

/// Functions that read files, the server's state or memory, or only burn time.
const REFUSED: &[&str] = &[
    "addresstoline",
    "addresstolinewithinlines",
    "addresstosymbol",
    "buildid",
    "catboostevaluate",
    "connectionid",
    "demangle",
    "file",
    "getclienthttpheader",
    "getmacro",
    "getmergetreesetting",
    "getserverport",
    "getserversetting",
    "getsetting",
    "getsettingordefault",
    "hascolumnintable",
    "initialqueryid",
    "queryid",
    "serveruuid",
    "showcertificate",
    "sleep",
    "sleepeachrow",
    "structuretocapnprotoschema",
    "structuretoprotobufschema",
];

/// Families by their beginning: models, dictionaries and Join tables that nobody declared, disks.
const REFUSED_PREFIXES: &[&str] = &[
    "ai",
    "dictget",
    "dicthas",
    "dictisin",
    "filesystem",
    "joinget",
];

/// Returns true when user SQL may not call the function, in any case of letters.
#[must_use]
pub fn is_refused(function: &str) -> bool {
    let function = function.to_ascii_lowercase();
    REFUSED.binary_search(&function.as_str()).is_ok()
        || REFUSED_PREFIXES
            .iter()
            .any(|prefix| function.starts_with(prefix))
}

/// Returns true when user SQL may read from the table function, in any case of letters.
#[must_use]
pub fn is_allowed_table_function(function: &str) -> bool {
    TABLE_FUNCTIONS
        .binary_search(&function.to_ascii_lowercase().as_str())
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_sorted_for_the_search() {
        assert!(REFUSED.is_sorted());
        assert!(TABLE_FUNCTIONS.is_sorted());
    }

    #[test]
    fn case_does_not_matter() {
        assert!(is_refused("FILE") && is_refused("dictGetString") && is_refused("joinGetOrNull"));
        assert!(!is_refused("sum") && !is_refused("fileName"));
        assert!(is_allowed_table_function("generateRandom") && !is_allowed_table_function("url"));
    }
}
