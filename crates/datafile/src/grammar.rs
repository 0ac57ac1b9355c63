//! The directives: which there are, in which kind of file, and which take a block.
//!
//! Two dialects share the tables. Forward has one set of directives per kind of file. Classic has
//! one set for all kinds and some more names; there `FROM` never ends a block although it is one.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::source::Span;

/// The values of `TYPE` that a node may have, besides `standard`.
pub(crate) const NODE_TYPES: &[&str] = &["endpoint", "materialized", "copy", "sink"];

/// Longest part of a foreign text that is repeated in a message, in characters.
const QUOTED_CHARS_MAX: usize = 60;

/// Kind of a datafile; it is decided by the extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// `.datasource`
    Datasource,
    /// `.pipe`
    Pipe,
    /// `.connection`
    Connection,
}

impl FileKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Datasource, Self::Pipe, Self::Connection];

    /// Returns the kind of a file from the extension of its path.
    pub fn of_path(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next()?;
        let (_, extension) = name.rsplit_once('.')?;
        Self::ALL.into_iter().find(|kind| kind.word() == extension)
    }

    /// Returns what a file of this kind defines, in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Datasource => "data source",
            Self::Pipe => "pipe",
            Self::Connection => "connection",
        }
    }

    /// Returns the extension, which is also the word for the kind in messages of the reference.
    pub fn word(self) -> &'static str {
        match self {
            Self::Datasource => "datasource",
            Self::Pipe => "pipe",
            Self::Connection => "connection",
        }
    }
}

/// Flavour of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// The current flavour: endpoints are marked, includes do not exist.
    Forward,
    /// The older flavour: an untyped pipe publishes its last node, includes work.
    Classic,
}

/// Whether a directive takes a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockRule {
    Never,
    Maybe,
    Always,
}

/// One directive of the tables.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DirectiveRule {
    /// Name in upper case.
    pub(crate) name: &'static str,
    /// Whether it takes a block.
    pub(crate) block: BlockRule,
}

/// Expands to a table of directives, one row per block rule.
macro_rules! rules {
    ($($block:ident: [$($name:literal),* $(,)?]),* $(,)?) => {
        &[$($(DirectiveRule { name: $name, block: BlockRule::$block }),*),*]
    };
}

const DATASOURCE: &[DirectiveRule] = rules! {
    Always: ["SCHEMA", "INDEXES", "FORWARD_QUERY"],
    Maybe: [
        "DESCRIPTION", "TAGS", "SHARED_WITH", "ENGINE", "ENGINE_PARTITION_KEY", "ENGINE_SORTING_KEY",
        "ENGINE_PRIMARY_KEY", "ENGINE_SAMPLING_KEY", "ENGINE_TTL", "ENGINE_SETTINGS", "ENGINE_VER",
        "ENGINE_IS_DELETED", "ENGINE_SIGN", "ENGINE_VERSION", "ENGINE_COLUMNS", "PARTITION_KEY",
        "SORTING_KEY", "PRIMARY_KEY", "SAMPLING_KEY", "TTL", "IMPORT_QUERY",
    ],
    Never: [
        "TOKEN", "BACKFILL", "INCLUDE", "SOURCE", "VERSION", "KAFKA_CONNECTION_NAME", "KAFKA_TOPIC",
        "KAFKA_GROUP_ID", "KAFKA_AUTO_OFFSET_RESET", "KAFKA_STORE_RAW_VALUE", "KAFKA_STORE_HEADERS",
        "KAFKA_STORE_BINARY_HEADERS", "KAFKA_KEY_AVRO_DESERIALIZATION", "KAFKA_TARGET_PARTITIONS",
        "KAFKA_KEY_FORMAT", "KAFKA_VALUE_FORMAT", "IMPORT_SERVICE", "IMPORT_CONNECTION_NAME",
        "IMPORT_BUCKET_URI", "IMPORT_SCHEDULE", "IMPORT_FORMAT", "IMPORT_FROM_TIMESTAMP",
        "IMPORT_STRATEGY", "IMPORT_EXTERNAL_DATASOURCE", "IMPORT_TABLE_ARN", "IMPORT_EXPORT_BUCKET",
        "PG_CONNECTION_NAME", "PG_TABLE",
    ],
};

const PIPE: &[DirectiveRule] = rules! {
    Always: ["SQL"],
    Maybe: ["DESCRIPTION", "TAGS"],
    Never: [
        "NODE", "TYPE", "DATASOURCE", "TARGET_DATASOURCE", "COPY_SCHEDULE", "COPY_MODE",
        "ON_DEMAND_COMPUTE", "DEPLOYMENT_METHOD", "FILTER", "TOKEN", "INCLUDE", "VERSION",
        "EXPORT_SERVICE", "EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE", "EXPORT_BUCKET_URI",
        "EXPORT_FILE_TEMPLATE", "EXPORT_FORMAT", "EXPORT_COMPRESSION", "EXPORT_WRITE_STRATEGY",
        "EXPORT_STRATEGY", "EXPORT_KAFKA_TOPIC",
    ],
};

const CONNECTION: &[DirectiveRule] = rules! {
    Maybe: ["DESCRIPTION", "KAFKA_SSL_CA_PEM"],
    Never: [
        "TYPE", "INCLUDE", "KAFKA_BOOTSTRAP_SERVERS", "KAFKA_KEY", "KAFKA_SECRET",
        "KAFKA_SECURITY_PROTOCOL", "KAFKA_SASL_MECHANISM", "KAFKA_SASL_OAUTHBEARER_METHOD",
        "KAFKA_SASL_OAUTHBEARER_AWS_REGION", "KAFKA_SASL_OAUTHBEARER_AWS_ROLE_ARN",
        "KAFKA_SASL_OAUTHBEARER_AWS_EXTERNAL_ID", "KAFKA_SCHEMA_REGISTRY_URL",
        "KAFKA_KEY_AVRO_DESERIALIZATION", "S3_REGION", "S3_ARN", "S3_ACCESS_KEY", "S3_SECRET",
        "GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON", "GCS_HMAC_ACCESS_ID", "GCS_HMAC_SECRET",
        "DYNAMODB_ARN", "DYNAMODB_REGION", "PG_HOST", "PG_PORT", "PG_DATABASE", "PG_USER",
        "PG_PASSWORD", "PG_SSL_MODE",
    ],
};

/// What Classic has besides.
const CLASSIC: &[DirectiveRule] = rules! {
    Always: ["INDICES"],
    Maybe: [
        "ENGINE_JOIN_STRICTNESS", "ENGINE_JOIN_TYPE", "ENGINE_KEY_COLUMNS",
    ],
    Never: ["FROM", "MAINTAINER", "RESOURCE", "TEST"],
};

/// Other names for a directive, per kind of file.
const ALIASES: &[(FileKind, &str, &str)] = &[
    (FileKind::Pipe, "SCOPE", "NODE"),
    (FileKind::Pipe, "MODE", "COPY_MODE"),
    (FileKind::Connection, "GCS_ACCESS_ID", "GCS_HMAC_ACCESS_ID"),
    (FileKind::Connection, "GCS_SECRET", "GCS_HMAC_SECRET"),
];

/// The directives of one kind of file in one dialect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Grammar {
    /// Kind of the file.
    pub(crate) kind: FileKind,
    /// Flavour of the language.
    pub(crate) dialect: Dialect,
}

impl Grammar {
    /// Creates the grammar of a kind of file.
    pub(crate) fn new(kind: FileKind, dialect: Dialect) -> Self {
        Self { kind, dialect }
    }

    /// Returns the grammar of another kind of file in the same dialect.
    pub(crate) fn of_kind(self, kind: FileKind) -> Self {
        Self { kind, ..self }
    }

    /// Returns the rule of a directive, by its name in any case.
    pub(crate) fn rule(&self, word: &str) -> Option<&'static DirectiveRule> {
        let upper = word.to_ascii_uppercase();
        let name = ALIASES
            .iter()
            .find(|(kind, alias, _)| *kind == self.kind && *alias == upper)
            .map_or(upper.as_str(), |(_, _, name)| name);
        self.tables()
            .into_iter()
            .flatten()
            .find(|rule| rule.name == name)
    }

    /// Reports whether an unindented line that starts with this word ends a block.
    pub(crate) fn ends_block(&self, word: &str) -> bool {
        !(self.dialect == Dialect::Classic && word.eq_ignore_ascii_case("FROM"))
            && self.rule(word).is_some()
    }

    /// Returns the names of this kind of file, for suggestions.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        own_table(self.kind).iter().map(|rule| rule.name)
    }

    /// Reports whether a directive is one of this kind of file, not only of the dialect.
    pub(crate) fn is_own(&self, rule: &DirectiveRule) -> bool {
        own_table(self.kind).contains(rule)
    }

    /// Reports whether a name is a directive in Classic only.
    pub(crate) fn is_classic_only(&self, name: &str) -> bool {
        self.dialect == Dialect::Forward && CLASSIC.iter().any(|rule| rule.name == name)
    }

    /// Returns the error for a line that starts with no directive.
    pub(crate) fn unknown_directive(&self, keyword: &Span) -> Diagnostic {
        let word = keyword.text();
        if word.eq_ignore_ascii_case("SETTINGS") && self.kind == FileKind::Datasource {
            let message = "SETTINGS option is not allowed, use ENGINE_SETTINGS instead.";
            return Diagnostic::error(codes::UNKNOWN_DIRECTIVE, message, keyword.clone());
        }
        let message = format!(
            "{} is not a valid option in {} files.",
            clip(word),
            self.kind.word()
        );
        Diagnostic::error(codes::UNKNOWN_DIRECTIVE, message, keyword.clone())
            .with_optional_hint(self.hint(word))
    }

    fn hint(&self, word: &str) -> Option<String> {
        let upper = word.to_ascii_uppercase();
        if let Some(name) = upper
            .strip_suffix('>')
            .filter(|name| self.rule(name).is_some())
        {
            return Some(format!("put a blank before `>`: {name} >"));
        }
        if upper == "INDICES" && self.kind == FileKind::Datasource {
            return Some("use INDEXES".to_owned());
        }
        if self.is_classic_only(&upper) {
            return Some(format!(
                "{upper} is a directive of older projects; remove the line"
            ));
        }
        let elsewhere = FileKind::ALL
            .into_iter()
            .find(|&kind| self.of_kind(kind).rule(&upper).is_some());
        if let Some(kind) = elsewhere {
            return Some(format!("{upper} belongs in {} files", kind.word()));
        }
        closest(&upper, self.names(), 1 + upper.len() / 4)
            .map(|near| format!("did you mean {near}?"))
    }

    fn tables(&self) -> [&'static [DirectiveRule]; 4] {
        match self.dialect {
            Dialect::Forward => [own_table(self.kind), &[], &[], &[]],
            // The kind's own table first: `TYPE` and others are in several.
            Dialect::Classic => match self.kind {
                FileKind::Datasource => [DATASOURCE, PIPE, CONNECTION, CLASSIC],
                FileKind::Pipe => [PIPE, DATASOURCE, CONNECTION, CLASSIC],
                FileKind::Connection => [CONNECTION, DATASOURCE, PIPE, CLASSIC],
            },
        }
    }
}

fn own_table(kind: FileKind) -> &'static [DirectiveRule] {
    match kind {
        FileKind::Datasource => DATASOURCE,
        FileKind::Pipe => PIPE,
        FileKind::Connection => CONNECTION,
    }
}

/// Returns the candidate with the smallest edit distance to a word, if that is at most `distance_max`.
pub(crate) fn closest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    distance_max: usize,
) -> Option<&'a str> {
    // A very long word is near to nothing, and comparing it would be slow.
    if word.len() > QUOTED_CHARS_MAX {
        return None;
    }
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(word, candidate), candidate))
        .filter(|&(distance, _)| distance > 0 && distance <= distance_max)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Cuts a text of the user to what fits in a message.
pub(crate) fn clip(text: &str) -> String {
    if text.chars().count() <= QUOTED_CHARS_MAX {
        return text.to_owned();
    }
    let start: String = text.chars().take(QUOTED_CHARS_MAX).collect();
    format!("{start}…")
}
