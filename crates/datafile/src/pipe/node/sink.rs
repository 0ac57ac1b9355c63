//! Sink nodes: exports to Kafka or to files in object storage. They are kept; nothing is exported.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::Dialect;
use crate::schedule::Schedule;
use crate::settings::{Settings, quoted_list};

use super::{Builder, NodeKind};

/// An export of a result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sink {
    /// `EXPORT_CONNECTION_NAME`; empty when it is missing.
    pub connection: String,
    /// Where to.
    pub target: SinkTarget,
    /// `EXPORT_SCHEDULE`.
    pub schedule: Schedule,
    /// All its directives, in the order of the file.
    pub settings: Settings,
}

/// Where a sink writes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SinkTarget {
    /// A Kafka topic.
    Kafka,
    /// Files in S3 or GCS.
    ObjectStorage,
}

/// What a sink may have besides its description and SQL.
const SINK: &[&str] = &[
    "TYPE",
    "EXPORT_CONNECTION_NAME",
    "EXPORT_SCHEDULE",
    "EXPORT_BUCKET_URI",
    "EXPORT_FILE_TEMPLATE",
    "EXPORT_FORMAT",
    "EXPORT_COMPRESSION",
    "EXPORT_WRITE_STRATEGY",
    "EXPORT_STRATEGY",
    "EXPORT_KAFKA_TOPIC",
];
/// Sink directives that only object storage has.
const STORAGE_ONLY: &[&str] = &[
    "EXPORT_FORMAT",
    "EXPORT_COMPRESSION",
    "EXPORT_WRITE_STRATEGY",
    "EXPORT_STRATEGY",
];

impl Builder<'_> {
    /// Reads the directives of a sink.
    pub(super) fn sink(&mut self) -> NodeKind {
        self.refuse_others("Sink", SINK);
        let name = self.name.value.clone();
        let span = self.name.span.clone();
        if self.settings.get("EXPORT_CONNECTION_NAME").is_none() {
            let message = format!(
                "Sink node '{name}' is missing required parameter 'export_connection_name'"
            );
            self.error(
                codes::INCOMPLETE_SETTINGS,
                message,
                &span,
                Some("add: EXPORT_CONNECTION_NAME name".to_owned()),
            );
        }
        let has = |directive: &str| self.settings.get(directive).is_some();
        let is_kafka = has("EXPORT_KAFKA_TOPIC");
        let is_storage = has("EXPORT_BUCKET_URI") || has("EXPORT_FILE_TEMPLATE");
        match (is_kafka, is_storage) {
            (true, true) => {
                let message = format!(
                    "Sink node '{name}' has mixed Kafka and S3/GCS parameters. Use either Kafka parameters (export_kafka_topic) or S3/GCS parameters (export_bucket_uri, export_file_template), not both."
                );
                self.error(codes::INVALID_NODE, message, &span, None);
            }
            (false, false) => {
                let message = format!(
                    "Sink node '{name}' is missing required parameters. For Kafka sinks, provide 'export_kafka_topic'. For S3/GCS sinks, provide 'export_bucket_uri' and 'export_file_template'."
                );
                self.error(codes::INCOMPLETE_SETTINGS, message, &span, None);
            }
            (true, false) => self.check_sink("Kafka", &["EXPORT_KAFKA_TOPIC", "EXPORT_SCHEDULE"]),
            (false, true) => {
                self.check_sink(
                    "S3/GCS",
                    &[
                        "EXPORT_BUCKET_URI",
                        "EXPORT_FILE_TEMPLATE",
                        "EXPORT_SCHEDULE",
                    ],
                );
            }
        }
        let schedule_text = self
            .settings
            .get("EXPORT_SCHEDULE")
            .map_or("", |text| text.value.as_str());
        let invalid = format!(
            "Sink node '{name}' has invalid export_schedule '{schedule_text}'. Must be @on-demand or a valid cron expression."
        );
        let schedule = self.schedule("EXPORT_SCHEDULE", invalid);
        self.out.push(Diagnostic::warning(
            codes::NOT_ACTIVE,
            format!("the sink '{name}' is declared, not active: nothing is exported"),
            span,
        ));
        let connection = self
            .settings
            .get("EXPORT_CONNECTION_NAME")
            .map(|value| value.value.clone());
        NodeKind::Sink(Sink {
            connection: connection.unwrap_or_default(),
            target: if is_kafka {
                SinkTarget::Kafka
            } else {
                SinkTarget::ObjectStorage
            },
            schedule,
            settings: self.settings.clone(),
        })
    }

    fn check_sink(&mut self, subject: &str, required: &[&str]) {
        let missing = self.settings.missing(required);
        if !missing.is_empty() {
            let message = format!(
                "{subject} sink node '{}' is missing required parameters: {}",
                self.name.value,
                quoted_list(&missing)
            );
            self.error(
                codes::INCOMPLETE_SETTINGS,
                message,
                &self.name.span,
                Some(format!("add {}", missing.join(", "))),
            );
        }
        // Classic has these on Kafka sinks too.
        if subject != "Kafka" || self.grammar.dialect == Dialect::Classic {
            return;
        }
        for name in STORAGE_ONLY {
            let Some(value) = self.settings.get(name) else {
                continue;
            };
            let message = format!(
                "Kafka sink node '{}' has invalid parameter '{}'. Only export_kafka_topic, export_schedule, and export_connection_name are allowed for Kafka sinks.",
                self.name.value,
                name.to_ascii_lowercase()
            );
            self.error(
                codes::INVALID_NODE,
                message,
                &value.span,
                Some("remove this line".to_owned()),
            );
        }
    }
}
