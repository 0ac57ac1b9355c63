//! Connectors of data sources: Kafka, object storage, DynamoDB, Postgres.
//!
//! They are kept and checked for completeness, but nothing reads from them: each gets the warning
//! "declared, not active".

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::settings::{Settings, quoted_list};
use crate::source::Span;

use crate::grammar::Dialect;

/// Columns that a Kafka data source has besides those of its schema, with their types.
pub(crate) const KAFKA_COLUMNS: &[(&str, &str)] = &[
    ("__value", "String"),
    ("__topic", "LowCardinality(String)"),
    ("__partition", "Int16"),
    ("__offset", "Int64"),
    ("__timestamp", "DateTime"),
    ("__key", "String"),
];

/// The column that is added when headers are stored.
pub(crate) const KAFKA_HEADERS_COLUMN: (&str, &str) = ("__headers", "Map(String, String)");

/// Columns that a DynamoDB data source has besides those of its schema, as far as projects use them.
const DYNAMODB_COLUMNS: &[(&str, &str)] =
    &[("_timestamp", "DateTime64(3)"), ("_is_deleted", "UInt8")];

const IMPORT_SCHEDULES: &[&str] = &["@auto", "@on-demand", "@once"];

/// What feeds a data source from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectorKind {
    /// A Kafka topic.
    Kafka,
    /// Files in S3 or GCS.
    ObjectStorage,
    /// A DynamoDB table.
    DynamoDb,
    /// A Postgres table.
    Postgres,
    /// An import of Classic from another service.
    Import,
}

impl ConnectorKind {
    /// Returns the word for messages.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kafka => "Kafka",
            Self::ObjectStorage => "object storage",
            Self::DynamoDb => "DynamoDB",
            Self::Postgres => "Postgres",
            Self::Import => "import",
        }
    }

    /// Returns the directives that it cannot do without.
    fn required(self) -> &'static [&'static str] {
        match self {
            Self::Kafka => &["KAFKA_CONNECTION_NAME", "KAFKA_TOPIC", "KAFKA_GROUP_ID"],
            Self::ObjectStorage => &[
                "IMPORT_CONNECTION_NAME",
                "IMPORT_BUCKET_URI",
                "IMPORT_SCHEDULE",
            ],
            Self::DynamoDb => &[
                "IMPORT_CONNECTION_NAME",
                "IMPORT_TABLE_ARN",
                "IMPORT_EXPORT_BUCKET",
            ],
            Self::Postgres => &["PG_CONNECTION_NAME", "PG_TABLE"],
            Self::Import => &[],
        }
    }
}

/// The connector of a data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connector {
    /// What it reads from.
    pub kind: ConnectorKind,
    /// Its directives, in the order of the file.
    pub settings: Settings,
    /// The first of its directives.
    pub span: Span,
}

impl Connector {
    /// Returns the columns that the table has besides those of the schema, with their types.
    pub fn implicit_columns(&self) -> Vec<(&'static str, &'static str)> {
        match self.kind {
            ConnectorKind::Kafka => {}
            ConnectorKind::DynamoDb => return DYNAMODB_COLUMNS.to_vec(),
            ConnectorKind::ObjectStorage | ConnectorKind::Postgres | ConnectorKind::Import => {
                return Vec::new();
            }
        }
        let stores_headers = self
            .settings
            .get("KAFKA_STORE_HEADERS")
            .is_some_and(|value| is_true(&value.value));
        let headers = stores_headers.then_some(KAFKA_HEADERS_COLUMN);
        KAFKA_COLUMNS.iter().copied().chain(headers).collect()
    }
}

/// Reads a boolean text as the reference does.
pub(crate) fn parse_bool(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Some(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn is_true(text: &str) -> bool {
    parse_bool(text) == Some(true)
}

/// Builds the connector from the directives of a data source.
pub(crate) fn build(
    settings: Settings,
    first: Option<Span>,
    dialect: Dialect,
    out: &mut Vec<Diagnostic>,
) -> Option<Connector> {
    let span = first?;
    let has = |prefix: &str| settings.iter().any(|(name, _)| name.starts_with(prefix));
    let dynamo = ["IMPORT_TABLE_ARN", "IMPORT_EXPORT_BUCKET"];
    let is_postgres = has("PG_") && !is_meant(ConnectorKind::Kafka, &settings);
    let kind = if has("KAFKA_") && !is_postgres {
        ConnectorKind::Kafka
    } else if has("PG_") {
        ConnectorKind::Postgres
    } else if dynamo.iter().any(|name| settings.get(name).is_some()) {
        ConnectorKind::DynamoDb
    } else if dialect == Dialect::Classic && settings.get("IMPORT_BUCKET_URI").is_none() {
        ConnectorKind::Import
    } else {
        ConnectorKind::ObjectStorage
    };
    if !is_meant(kind, &settings) {
        // As the reference, which looks for the others only when one of them is there.
        let message = "these settings have no effect without the rest of a connector";
        let hint = format!("add {}, or remove them", kind.required().join(", "));
        out.push(Diagnostic::warning(codes::IGNORED_DIRECTIVE, message, span).with_hint(hint));
        return None;
    }
    check(kind, &settings, &span, dialect, out);
    out.push(
        Diagnostic::warning(
            codes::NOT_ACTIVE,
            format!(
                "the {} connector is declared, not active: nothing is read from it",
                kind.word()
            ),
            span.clone(),
        )
        .with_hint("send the rows through the Events API or by an append"),
    );
    Some(Connector {
        kind,
        settings,
        span,
    })
}

/// Reports whether the settings say that there is a connector, not only how it would be.
fn is_meant(kind: ConnectorKind, settings: &Settings) -> bool {
    let has = |name: &&str| settings.get(name).is_some();
    match kind {
        ConnectorKind::Kafka => kind.required().iter().any(has),
        ConnectorKind::ObjectStorage => settings.iter().any(|(name, _)| name != "IMPORT_QUERY"),
        _ => true,
    }
}

fn check(
    kind: ConnectorKind,
    settings: &Settings,
    span: &Span,
    dialect: Dialect,
    out: &mut Vec<Diagnostic>,
) {
    let subject = match kind {
        ConnectorKind::ObjectStorage => "connection",
        _ => kind.word(),
    };
    let missing = settings.missing(kind.required());
    if !missing.is_empty() {
        let message = format!(
            "Some {subject} params have been provided, but the following required ones are missing: {}",
            quoted_list(&missing)
        );
        out.push(
            Diagnostic::error(codes::INCOMPLETE_SETTINGS, message, span.clone())
                .with_hint(format!("add {}", missing.join(", "))),
        );
    }
    if let Some(group) = settings
        .get("KAFKA_GROUP_ID")
        .filter(|group| group.value.is_empty())
    {
        out.push(Diagnostic::error(
            codes::MISSING_VALUE,
            "KAFKA_GROUP_ID cannot be empty",
            group.span.clone(),
        ));
    }
    if let Some(schedule) = settings.get("IMPORT_SCHEDULE")
        && kind == ConnectorKind::ObjectStorage
        && dialect == Dialect::Forward
        && !IMPORT_SCHEDULES.contains(&schedule.value.as_str())
    {
        let message = format!(
            "Invalid import schedule '{}'. Only ['@auto', '@on-demand', '@once'] values are allowed",
            schedule.value
        );
        out.push(Diagnostic::error(
            codes::INVALID_SCHEDULE,
            message,
            schedule.span.clone(),
        ));
    }
}
