//! `.connection` files. They are kept; nothing connects.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{Dialect, FileKind, Grammar, clip, closest};
use crate::lexer::Lexed;
use crate::metadata;
use crate::settings::{Settings, report_repeated, required_value};
use crate::source::{SourceFile, Spanned};

const TYPES: &[&str] = &["kafka", "s3", "gcs", "dynamodb", "postgres"];

/// The one value that is JSON.
const CREDENTIALS: &str = "GCS_SERVICE_ACCOUNT_CREDENTIALS_JSON";

/// A connection to another system, as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Name, from the file name; any text.
    pub name: String,
    /// The file.
    pub file: SourceFile,
    /// `DESCRIPTION`.
    pub description: Option<String>,
    /// All other directives, in the order of the file. Values may hold secrets.
    pub settings: Settings,
}

/// Builds a connection from its directives.
pub(crate) fn build(
    file: &SourceFile,
    lexed: &Lexed,
    dialect: Dialect,
    out: &mut Vec<Diagnostic>,
) -> Connection {
    let grammar = Grammar::new(FileKind::Connection, dialect);
    report_repeated(&lexed.directives, out);
    let mut description = None;
    let mut settings = Settings::default();
    for directive in &lexed.directives {
        match directive.name() {
            "DESCRIPTION" => description = Some(metadata::description(directive)),
            "INCLUDE" => {} // Reported or replaced before.
            "KAFKA_KEY_AVRO_DESERIALIZATION" => {
                let message = "KAFKA_KEY_AVRO_DESERIALIZATION has been deprecated. Use \"KAFKA_KEY_FORMAT avro\" in the corresponding .datasource file instead";
                out.push(Diagnostic::error(
                    codes::REMOVED_DIRECTIVE,
                    message,
                    directive.keyword.clone(),
                ));
            }
            name if grammar.is_own(directive.rule) => {
                if let Some(value) = required_value(directive, out) {
                    if name == CREDENTIALS {
                        check_credentials(&value, out);
                    }
                    settings.set(name, value);
                }
            }
            _ => out.push(grammar.unknown_directive(&directive.keyword)),
        }
    }
    if let Some(kind) = settings.get("TYPE") {
        let lower = kind.value.to_ascii_lowercase();
        if !TYPES.contains(&lower.as_str()) {
            let near = closest(&lower, TYPES.iter().copied(), 2);
            let message = format!("unknown connection type '{}'", clip(&kind.value));
            let hint = near.map_or_else(
                || format!("known types: {}", TYPES.join(", ")),
                |near| format!("did you mean {near}?"),
            );
            out.push(
                Diagnostic::warning(codes::INVALID_VALUE, message, kind.span.clone())
                    .with_hint(hint),
            );
        }
    }
    let name = metadata::file_stem(file.path()).to_owned();
    Connection {
        name,
        file: file.clone(),
        description,
        settings,
    }
}

/// Reports credentials that are no JSON; while they hold a template nobody can tell.
fn check_credentials(value: &Spanned<String>, out: &mut Vec<Diagnostic>) {
    if value.value.contains("{{") {
        return;
    }
    if let Err(error) = serde_json::from_str::<serde_json::Value>(&value.value) {
        // The error of the JSON parser says where, never what it read.
        let message = format!("{CREDENTIALS} is not JSON: {error}");
        out.push(
            Diagnostic::error(codes::INVALID_VALUE, message, value.span.clone())
                .with_hint("paste the key file of the service account, on one line"),
        );
    }
}
