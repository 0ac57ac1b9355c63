//! Table engines: from the `ENGINE` directives to the clauses of `CREATE TABLE`.
//!
//! Without `ENGINE` a table is a MergeTree without a sorting key. Parameter columns have to exist.
//! Directives that the engine does not use are ignored with a warning.

mod checks;

use birdhouse_sql::quote_identifier;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, closest};
use crate::schema::Schema;
use crate::settings::Settings;
use crate::source::{Span, Spanned};

/// Names for messages, in the reference's order.
const ENGINES: &[&str] = &[
    "MergeTree",
    "ReplacingMergeTree",
    "SummingMergeTree",
    "AggregatingMergeTree",
    "CollapsingMergeTree",
    "VersionedCollapsingMergeTree",
    "Null",
];

/// Directives that only some engines use.
const PARAMETERS: &[&str] = &[
    "ENGINE_VER",
    "ENGINE_IS_DELETED",
    "ENGINE_SIGN",
    "ENGINE_VERSION",
    "ENGINE_COLUMNS",
    "ENGINE_JOIN_STRICTNESS",
    "ENGINE_JOIN_TYPE",
    "ENGINE_KEY_COLUMNS",
];

/// What a table does with its rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EngineFamily {
    /// Keeps rows as they are.
    MergeTree,
    /// Keeps the last row of each sorting key.
    ReplacingMergeTree {
        /// Column whose largest value is the last one.
        version: Option<String>,
        /// Column that marks a row as deleted; only together with `version`.
        is_deleted: Option<String>,
    },
    /// Adds up the rows of each sorting key.
    SummingMergeTree {
        /// Columns to add up; all numbers when empty.
        columns: Vec<String>,
    },
    /// Merges the aggregate states of each sorting key.
    AggregatingMergeTree,
    /// Cancels pairs of rows.
    CollapsingMergeTree {
        /// Column with 1 or -1.
        sign: String,
    },
    /// Cancels pairs of rows of one version.
    VersionedCollapsingMergeTree {
        /// Column with 1 or -1.
        sign: String,
        /// Column with the version.
        version: String,
    },
    /// Keeps nothing; feeds materialized views.
    Null,
    /// Keeps the right side of a join in memory (Classic only).
    Join {
        /// Such as `ANY`.
        strictness: String,
        /// Such as `LEFT`.
        join_type: String,
        /// The key.
        key_columns: Vec<String>,
    },
}

/// The engine of a table with its options.
///
/// Empty directives count as absent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Engine {
    /// What kind of table.
    pub family: EngineFamily,
    /// `PARTITION BY` expression.
    pub partition_key: Option<Spanned<String>>,
    /// `ORDER BY` expressions, separated by commas.
    pub sorting_key: Option<Spanned<String>>,
    /// `PRIMARY KEY` expressions, separated by commas.
    pub primary_key: Option<Spanned<String>>,
    /// `SAMPLE BY` expression.
    pub sampling_key: Option<Spanned<String>>,
    /// `TTL` clause.
    pub ttl: Option<Spanned<String>>,
    /// `SETTINGS` clause.
    pub settings: Option<Spanned<String>>,
}

impl Default for Engine {
    fn default() -> Self {
        Self {
            family: EngineFamily::MergeTree,
            partition_key: None,
            sorting_key: None,
            primary_key: None,
            sampling_key: None,
            ttl: None,
            settings: None,
        }
    }
}

impl EngineFamily {
    /// Returns the engine's name.
    pub fn name(&self) -> &'static str {
        match self {
            Self::MergeTree => "MergeTree",
            Self::ReplacingMergeTree { .. } => "ReplacingMergeTree",
            Self::SummingMergeTree { .. } => "SummingMergeTree",
            Self::AggregatingMergeTree => "AggregatingMergeTree",
            Self::CollapsingMergeTree { .. } => "CollapsingMergeTree",
            Self::VersionedCollapsingMergeTree { .. } => "VersionedCollapsingMergeTree",
            Self::Null => "Null",
            Self::Join { .. } => "Join",
        }
    }

    /// Returns the engine with its parameters: `ReplacingMergeTree(version)`.
    pub fn to_sql(&self) -> String {
        let parameters: Vec<String> = match self {
            Self::MergeTree | Self::AggregatingMergeTree | Self::Null => Vec::new(),
            Self::ReplacingMergeTree {
                version,
                is_deleted,
            } => version
                .iter()
                .chain(is_deleted)
                .map(|column| quote_identifier(column))
                .collect(),
            Self::SummingMergeTree { columns } => {
                let columns: Vec<String> = columns
                    .iter()
                    .map(|column| quote_identifier(column))
                    .collect();
                match columns.len() {
                    0 | 1 => columns,
                    // One argument: without the inner parentheses the engine refuses it.
                    _ => vec![format!("({})", columns.join(", "))],
                }
            }
            Self::CollapsingMergeTree { sign } => vec![quote_identifier(sign)],
            Self::VersionedCollapsingMergeTree { sign, version } => {
                vec![quote_identifier(sign), quote_identifier(version)]
            }
            Self::Join {
                strictness,
                join_type,
                key_columns,
            } => {
                let keys = key_columns.iter().map(|column| quote_identifier(column));
                [strictness.clone(), join_type.clone()]
                    .into_iter()
                    .chain(keys)
                    .collect()
            }
        };
        if parameters.is_empty() {
            return self.name().to_owned();
        }
        format!("{}({})", self.name(), parameters.join(", "))
    }

    /// Returns the parameter columns, each with its directive.
    fn parameter_columns(&self) -> Vec<(&'static str, &str)> {
        match self {
            Self::MergeTree | Self::AggregatingMergeTree | Self::Null => Vec::new(),
            Self::ReplacingMergeTree {
                version,
                is_deleted,
            } => {
                let version = version.as_deref().map(|column| ("ENGINE_VER", column));
                let is_deleted = is_deleted
                    .as_deref()
                    .map(|column| ("ENGINE_IS_DELETED", column));
                version.into_iter().chain(is_deleted).collect()
            }
            Self::SummingMergeTree { columns } => columns
                .iter()
                .map(|column| ("ENGINE_COLUMNS", column.as_str()))
                .collect(),
            Self::CollapsingMergeTree { sign } => vec![("ENGINE_SIGN", sign)],
            Self::VersionedCollapsingMergeTree { sign, version } => {
                vec![("ENGINE_SIGN", sign), ("ENGINE_VERSION", version)]
            }
            Self::Join { key_columns, .. } => key_columns
                .iter()
                .map(|column| ("ENGINE_KEY_COLUMNS", column.as_str()))
                .collect(),
        }
    }

    fn is_merge_tree(&self) -> bool {
        !matches!(self, Self::Null | Self::Join { .. })
    }

    fn requires_sorting_key(&self) -> bool {
        matches!(
            self,
            Self::ReplacingMergeTree { .. } | Self::CollapsingMergeTree { .. }
        )
    }

    /// Returns which of the [`PARAMETERS`] the engine uses.
    fn used_parameters(&self) -> &'static [&'static str] {
        match self {
            Self::MergeTree | Self::AggregatingMergeTree | Self::Null => &[],
            Self::ReplacingMergeTree { .. } => &["ENGINE_VER", "ENGINE_IS_DELETED"],
            Self::SummingMergeTree { .. } => &["ENGINE_COLUMNS"],
            Self::CollapsingMergeTree { .. } => &["ENGINE_SIGN"],
            Self::VersionedCollapsingMergeTree { .. } => &["ENGINE_SIGN", "ENGINE_VERSION"],
            Self::Join { .. } => &[
                "ENGINE_JOIN_STRICTNESS",
                "ENGINE_JOIN_TYPE",
                "ENGINE_KEY_COLUMNS",
            ],
        }
    }
}

impl Engine {
    /// Returns the clauses of `CREATE TABLE` from `ENGINE =` on.
    ///
    /// `settings` are added behind those of the file; a setting that the file has itself is kept as
    /// the file has it. `Null` and `Join` take no options.
    pub fn to_sql(&self, settings: &[(&str, &str)]) -> String {
        let mut sql = format!("ENGINE = {}", self.family.to_sql());
        if !self.family.is_merge_tree() {
            return sql;
        }
        if let Some(key) = &self.partition_key {
            sql.push_str(&format!(" PARTITION BY ({})", key.value));
        }
        let sorting_key = self
            .sorting_key
            .as_ref()
            .map_or("tuple()", |key| key.value.as_str());
        sql.push_str(&format!(" ORDER BY ({sorting_key})"));
        if let Some(key) = &self.primary_key {
            sql.push_str(&format!(" PRIMARY KEY ({})", key.value));
        }
        if let Some(key) = &self.sampling_key {
            sql.push_str(&format!(" SAMPLE BY ({})", key.value));
        }
        if let Some(ttl) = &self.ttl {
            sql.push_str(&format!(" TTL {}", ttl.value));
        }
        let own = self
            .settings
            .as_ref()
            .map(|text| text.value.trim().trim_end_matches(',').to_owned());
        let own_names: Vec<&str> = own.as_deref().map(setting_names).unwrap_or_default();
        let added = settings
            .iter()
            .filter(|(name, _)| !own_names.contains(name));
        let added: Vec<String> = added
            .map(|(name, value)| format!("{name} = {value}"))
            .collect();
        let all: Vec<String> = own.clone().into_iter().chain(added).collect();
        if !all.is_empty() {
            sql.push_str(&format!(" SETTINGS {}", all.join(", ")));
        }
        sql
    }
}

/// Returns the names in `a = 1, b = 'x'`.
fn setting_names(text: &str) -> Vec<&str> {
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, _)| name.trim())
        .collect()
}

/// Builds the engine from the `ENGINE*` directives of a file and checks it against the columns.
pub(crate) fn build(
    directives: &Settings,
    context: &EngineContext<'_>,
    out: &mut Vec<Diagnostic>,
) -> Engine {
    let family = family(directives, context, out);
    let option = |name| directives.filled(name).cloned();
    let engine = Engine {
        family,
        partition_key: option("ENGINE_PARTITION_KEY"),
        sorting_key: option("ENGINE_SORTING_KEY"),
        primary_key: option("ENGINE_PRIMARY_KEY"),
        sampling_key: option("ENGINE_SAMPLING_KEY"),
        ttl: option("ENGINE_TTL"),
        settings: option("ENGINE_SETTINGS"),
    };
    checks::check(&engine, directives, context, out);
    engine
}

/// What an engine is checked against.
pub(crate) struct EngineContext<'a> {
    /// The columns; absent for a materialized node, whose columns are those of its query.
    pub(crate) schema: Option<&'a Schema>,
    /// Columns that the table has besides those of the schema.
    pub(crate) implicit_columns: &'a [(&'a str, &'a str)],
    /// Flavour of the language.
    pub(crate) dialect: Dialect,
    /// Where to report what is missing.
    pub(crate) fallback: Span,
}

fn family(
    directives: &Settings,
    context: &EngineContext<'_>,
    out: &mut Vec<Diagnostic>,
) -> EngineFamily {
    let Some(name) = directives.filled("ENGINE") else {
        return EngineFamily::MergeTree;
    };
    let column = |name: &str| {
        directives
            .filled(name)
            .map(|value| plain_name(&value.value))
    };
    let mut required = |parameter: &'static str| {
        column(parameter).unwrap_or_else(|| {
            let short = parameter.trim_start_matches("ENGINE_").to_ascii_lowercase();
            out.push(
                Diagnostic::error(
                    codes::INVALID_ENGINE,
                    format!("Missing required parameter '{short}'"),
                    name.span.clone(),
                )
                .with_hint(format!("add a line: {parameter} column")),
            );
            String::new()
        })
    };
    match name.value.to_ascii_lowercase().as_str() {
        "mergetree" => EngineFamily::MergeTree,
        "replacingmergetree" => EngineFamily::ReplacingMergeTree {
            version: column("ENGINE_VER"),
            is_deleted: column("ENGINE_IS_DELETED"),
        },
        "summingmergetree" => EngineFamily::SummingMergeTree {
            columns: column_list(directives, "ENGINE_COLUMNS"),
        },
        "aggregatingmergetree" => EngineFamily::AggregatingMergeTree,
        "collapsingmergetree" => EngineFamily::CollapsingMergeTree {
            sign: required("ENGINE_SIGN"),
        },
        "versionedcollapsingmergetree" => EngineFamily::VersionedCollapsingMergeTree {
            sign: required("ENGINE_SIGN"),
            version: required("ENGINE_VERSION"),
        },
        "null" => EngineFamily::Null,
        "join" if context.dialect == Dialect::Classic => EngineFamily::Join {
            strictness: column("ENGINE_JOIN_STRICTNESS").unwrap_or_else(|| "ANY".to_owned()),
            join_type: column("ENGINE_JOIN_TYPE").unwrap_or_else(|| "LEFT".to_owned()),
            key_columns: column_list(directives, "ENGINE_KEY_COLUMNS"),
        },
        lower => {
            let message = format!(
                "Engine {} is not supported, supported engines include: {}",
                crate::grammar::clip(&name.value),
                ENGINES.join(", ")
            );
            let near = ENGINES
                .iter()
                .copied()
                .find(|known| closest(lower, [known.to_ascii_lowercase().as_str()], 3).is_some());
            out.push(
                Diagnostic::error(codes::INVALID_ENGINE, message, name.span.clone())
                    .with_optional_hint(near.map(|near| format!("did you mean {near}?"))),
            );
            EngineFamily::MergeTree
        }
    }
}

fn column_list(directives: &Settings, name: &str) -> Vec<String> {
    let Some(list) = directives.filled(name) else {
        return Vec::new();
    };
    let text = list.value.trim();
    let inner = text
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .unwrap_or(text);
    inner
        .split(',')
        .map(plain_name)
        .filter(|name| !name.is_empty())
        .collect()
}

fn plain_name(text: &str) -> String {
    text.trim().trim_matches('`').to_owned()
}

#[cfg(test)]
mod tests;
