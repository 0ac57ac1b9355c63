//! Sink nodes: exports to Kafka or to files in object storage. They are kept; nothing is exported.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::Dialect;
use crate::schedule::Schedule;
use crate::settings::{Settings, quoted_list};

use super::{Builder, NodeKind, attribute};

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

/// What every sink may have besides its description and SQL.
const SINK: &[&str] = &["TYPE", "EXPORT_CONNECTION_NAME", "EXPORT_SCHEDULE"];
/// What files in object storage need.
const STORAGE: &[&str] = &["EXPORT_BUCKET_URI", "EXPORT_FILE_TEMPLATE"];
/// What files in object storage may have besides.
const STORAGE_OPTIONS: &[&str] = &[
    "EXPORT_FORMAT",
    "EXPORT_COMPRESSION",
    "EXPORT_WRITE_STRATEGY",
    "EXPORT_STRATEGY",
];
/// What Kafka needs.
const KAFKA: &[&str] = &["EXPORT_KAFKA_TOPIC"];

impl Builder<'_> {
    /// Reads the directives of a sink.
    pub(super) fn sink(&mut self) -> NodeKind {
        let name = self.name.value.clone();
        let span = self.name.span.clone();
        if self.settings.filled("EXPORT_CONNECTION_NAME").is_none() {
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
            (true, false) => {
                self.require("Kafka", KAFKA);
                // Classic has the options of files on Kafka sinks, too.
                let options = match self.grammar.dialect {
                    Dialect::Forward => &[],
                    Dialect::Classic => STORAGE_OPTIONS,
                };
                let rest = ". Only export_kafka_topic, export_schedule, and export_connection_name are allowed for Kafka sinks.";
                self.refuse_parameters("Kafka", &[SINK, KAFKA, options], rest);
            }
            (false, true) => {
                self.require("S3/GCS", STORAGE);
                self.refuse_parameters("S3/GCS", &[SINK, STORAGE, STORAGE_OPTIONS], "");
            }
        }
        let schedule_text = self
            .settings
            .get("EXPORT_SCHEDULE")
            .map_or("", |text| text.value.as_str());
        let invalid = format!(
            "Sink node '{name}' has invalid export_schedule '{schedule_text}'. Must be @on-demand or a valid cron expression."
        );
        let subject = format!("Sink node '{name}': ");
        let schedule = self.schedule("EXPORT_SCHEDULE", &subject, invalid);
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

    /// Reports which of the directives and of the schedule are missing.
    fn require(&mut self, subject: &str, directives: &[&'static str]) {
        let missing = self
            .settings
            .missing(&[directives, &["EXPORT_SCHEDULE"]].concat());
        if missing.is_empty() {
            return;
        }
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

    /// Reports directives that this kind of sink does not have; `rest` ends the message.
    fn refuse_parameters(&mut self, subject: &str, allowed: &[&[&str]], rest: &str) {
        for (name, value) in self.settings.iter() {
            if allowed.iter().any(|names| names.contains(&name)) {
                continue;
            }
            let message = format!(
                "{subject} sink node '{}' has invalid parameter '{}'{rest}",
                self.name.value,
                attribute(name)
            );
            self.out.push(
                Diagnostic::error(codes::INVALID_NODE, message, value.span.clone())
                    .with_hint("remove this line"),
            );
        }
    }
}
