//! The stable codes of this crate's diagnostics.
//!
//! A code is never renamed or reused: tools and tests of users refer to it. [`ALL`] is compared with
//! the table of documented codes elsewhere.

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        $($(#[$doc])* pub const $name: &str = $code;)*

        /// All codes of this crate.
        pub const ALL: &[&str] = &[$($name),*];
    };
}

codes! {
    /// The bytes of a file are not UTF-8.
    NOT_UTF8 = "datafile/not-utf8";
    /// The first word of a line is not a directive of this kind of file.
    UNKNOWN_DIRECTIVE = "datafile/unknown-directive";
    /// A quote on a directive line is never closed.
    UNCLOSED_QUOTE = "datafile/unclosed-quote";
    /// A line inside of a block looks like a directive and is taken as text.
    DIRECTIVE_IN_BLOCK = "datafile/directive-in-block";
    /// A block was given to a directive that takes one line.
    UNEXPECTED_BLOCK = "datafile/unexpected-block";
    /// A directive needs a block.
    MISSING_BLOCK = "datafile/missing-block";
    /// A directive has no value.
    MISSING_VALUE = "datafile/missing-value";
    /// A directive has a value that is not allowed.
    INVALID_VALUE = "datafile/invalid-value";
    /// A directive counts only the last time, and it is there more than once.
    REPEATED_DIRECTIVE = "datafile/repeated-directive";
    /// A directive that has no effect any more.
    DEPRECATED_DIRECTIVE = "datafile/deprecated-directive";
    /// A directive that was removed from the language.
    REMOVED_DIRECTIVE = "datafile/removed-directive";
    /// A directive that is accepted and has no effect here.
    IGNORED_DIRECTIVE = "datafile/ignored-directive";
    /// A connector or sink that is kept but does nothing.
    NOT_ACTIVE = "datafile/not-active";
    /// A set of directives that belong together is not complete.
    INCOMPLETE_SETTINGS = "datafile/incomplete-settings";
    /// An include that cannot be used.
    INVALID_INCLUDE = "datafile/invalid-include";
    /// A token directive that cannot be used.
    INVALID_TOKEN = "datafile/invalid-token";
    /// A data source without a schema.
    MISSING_SCHEMA = "datafile/missing-schema";
    /// A column that cannot be read.
    INVALID_COLUMN = "datafile/invalid-column";
    /// A column type that is not a type.
    INVALID_TYPE = "datafile/invalid-type";
    /// Two columns of one name.
    DUPLICATE_COLUMN = "datafile/duplicate-column";
    /// A JSON path that cannot be used.
    INVALID_JSON_PATH = "datafile/invalid-json-path";
    /// An index that cannot be read.
    INVALID_INDEX = "datafile/invalid-index";
    /// An engine that is not supported.
    INVALID_ENGINE = "datafile/invalid-engine";
    /// A sorting key that cannot be used.
    INVALID_SORTING_KEY = "datafile/invalid-sorting-key";
    /// A node directive before the first node.
    MISSING_NODE = "datafile/missing-node";
    /// A node without SQL.
    EMPTY_QUERY = "datafile/empty-query";
    /// Template tags in SQL that does not start with `%`.
    MISSING_TEMPLATE_MARK = "datafile/missing-template-mark";
    /// A node that cannot be what it says.
    INVALID_NODE = "datafile/invalid-node";
    /// Two nodes of one name.
    DUPLICATE_NODE = "datafile/duplicate-node";
    /// A schedule that cannot be used.
    INVALID_SCHEDULE = "datafile/invalid-schedule";
    /// A resource name with characters that are not allowed.
    INVALID_NAME = "datafile/invalid-name";
    /// Two resources of one name.
    DUPLICATE_NAME = "datafile/duplicate-name";
    /// A reference to a resource that does not exist.
    UNKNOWN_RESOURCE = "datafile/unknown-resource";
}
