//! One node: its SQL and what becomes of its result.

mod sink;

pub use sink::{Sink, SinkTarget};

use crate::codes;
use crate::connector::parse_bool;
use crate::diagnostic::Diagnostic;
use crate::engine::{self, Engine, EngineContext};
use crate::grammar::{Dialect, Grammar, NODE_TYPES, clip, closest};
use crate::lexer::{BlockText, Directive};
use crate::metadata;
use crate::schedule::Schedule;
use crate::settings::{Settings, quoted_list, report_repeated, required_value};
use crate::source::{Span, Spanned};

/// One node of a pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Name.
    pub name: Spanned<String>,
    /// `DESCRIPTION`.
    pub description: Option<String>,
    /// The query as written; a template when it starts with `%`.
    pub sql: BlockText,
    /// What becomes of the result.
    pub kind: NodeKind,
}

impl Node {
    /// Reports whether the SQL is a template.
    pub fn is_template(&self) -> bool {
        self.sql.as_str().starts_with('%')
    }
}

/// What becomes of the result of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NodeKind {
    /// Other nodes read it.
    Standard,
    /// It is published over HTTP.
    Endpoint,
    /// It is stored at each insert into its source.
    Materialized(Materialization),
    /// It is stored by a schedule or on demand.
    Copy(Copy),
    /// It is exported.
    Sink(Sink),
    /// `TYPE stream`; not documented, does nothing.
    Stream,
}

/// A materialized view.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Materialization {
    /// `DATASOURCE`: name of the target; empty when it is missing.
    pub target: Spanned<String>,
    /// How a changed query is deployed.
    pub deployment_method: DeploymentMethod,
    /// Engine of the target when the node creates it (Classic).
    pub engine: Option<Box<Engine>>,
}

/// How a changed query of a materialized view is deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeploymentMethod {
    /// The target is built anew.
    #[default]
    Rebuild,
    /// The query is changed in place.
    Alter,
}

/// A copy of a result into a data source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    /// `TARGET_DATASOURCE`: name of the target; empty when it is missing.
    pub target: Spanned<String>,
    /// `COPY_MODE`.
    pub mode: CopyMode,
    /// `COPY_SCHEDULE`.
    pub schedule: Schedule,
    /// `ON_DEMAND_COMPUTE`.
    pub on_demand_compute: bool,
}

/// What a copy does with the rows that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CopyMode {
    /// Keeps them.
    #[default]
    Append,
    /// Replaces them.
    Replace,
}

/// A node as far as the directives are sorted by node.
pub(super) struct Draft<'d> {
    pub(super) keyword: Span,
    pub(super) name: Option<Spanned<String>>,
    pub(super) directives: Vec<&'d Directive>,
}

/// What materialized and copy nodes may have besides their description and SQL.
const MATERIALIZED: &[&str] = &["TYPE", "DATASOURCE", "DEPLOYMENT_METHOD"];
const COPY: &[&str] = &[
    "TYPE",
    "TARGET_DATASOURCE",
    "COPY_SCHEDULE",
    "COPY_MODE",
    "ON_DEMAND_COMPUTE",
];
/// Builds a node from its directives.
pub(super) fn build(draft: Draft<'_>, grammar: Grammar, out: &mut Vec<Diagnostic>) -> Node {
    let Draft {
        keyword,
        name,
        directives,
    } = draft;
    report_repeated(directives.iter().copied(), out);
    let mut settings = Settings::default();
    let mut description = None;
    let mut sql = None;
    for directive in directives {
        match directive.name() {
            "DESCRIPTION" => description = Some(metadata::description(directive)),
            "SQL" => sql = Some(directive),
            name => {
                if let Some(value) = required_value(directive, out) {
                    settings.set(name, value);
                }
            }
        }
    }
    let name = name.unwrap_or_else(|| Spanned::new(String::new(), keyword.clone()));
    let text = super::sql_text(sql, keyword.file());
    check_sql(&name, sql, &text, out);
    let mut builder = Builder {
        name: &name,
        settings: &settings,
        grammar,
        out,
    };
    let kind = builder.kind();
    Node {
        name,
        description,
        sql: text,
        kind,
    }
}

fn check_sql(
    name: &Spanned<String>,
    sql: Option<&Directive>,
    text: &BlockText,
    out: &mut Vec<Diagnostic>,
) {
    if text.as_str().trim().is_empty() {
        let (span, hint) = match sql {
            // A missing block has been reported.
            Some(directive) if directive.has_lost_block() => return,
            Some(directive) => (
                directive.keyword.clone(),
                "write the query on the lines below `SQL >`, indented",
            ),
            None => (
                name.span.clone(),
                "add `SQL >` and the query below it, indented",
            ),
        };
        out.push(Diagnostic::error(codes::EMPTY_QUERY, "Empty query", span).with_hint(hint));
        return;
    }
    let tag = text
        .as_str()
        .find("{{")
        .or_else(|| text.as_str().find("{%"));
    if let Some(at) = tag.filter(|_| !text.as_str().starts_with('%')) {
        out.push(
            Diagnostic::warning(
                codes::MISSING_TEMPLATE_MARK,
                "template tags have no meaning here, because the query does not start with %",
                text.span(at..at + 2),
            )
            .with_hint("put a line with % before the query"),
        );
    }
}

struct Builder<'a> {
    name: &'a Spanned<String>,
    settings: &'a Settings,
    grammar: Grammar,
    out: &'a mut Vec<Diagnostic>,
}

impl Builder<'_> {
    fn kind(&mut self) -> NodeKind {
        let Some(kind) = self.settings.get("TYPE") else {
            self.refuse_others("Standard", &["TYPE"]);
            return NodeKind::Standard;
        };
        match kind.value.to_ascii_lowercase().as_str() {
            "" | "standard" => {
                self.refuse_others("Standard", &["TYPE"]);
                NodeKind::Standard
            }
            "endpoint" => NodeKind::Endpoint,
            "materialized" => self.materialized(),
            "copy" => self.copy(),
            "sink" => self.sink(),
            "stream" => {
                let message = "stream nodes are declared, not active";
                self.out.push(Diagnostic::warning(
                    codes::NOT_ACTIVE,
                    message,
                    kind.span.clone(),
                ));
                NodeKind::Stream
            }
            lower => {
                let message = format!(
                    "Invalid node ''{}'' of type ({}). Allowed node types: {{'copy', 'sink', 'endpoint', 'materialized'}}",
                    self.name.value,
                    clip(lower)
                );
                let near = closest(lower, NODE_TYPES.iter().copied(), 3);
                self.out.push(
                    Diagnostic::error(codes::INVALID_NODE, message, kind.span.clone())
                        .with_optional_hint(near.map(|near| format!("did you mean {near}?"))),
                );
                NodeKind::Standard
            }
        }
    }

    /// Reports directives that this type of node does not have.
    fn refuse_others(&mut self, subject: &str, allowed: &[&str]) {
        for (name, value) in self.settings.iter() {
            if allowed.contains(&name) {
                continue;
            }
            let message = format!(
                "{subject} node '{}' has an invalid attribute ({})",
                self.name.value,
                name.to_ascii_lowercase()
            );
            let hint = match (subject, name) {
                ("Standard", "DATASOURCE") => Some("add: TYPE materialized"),
                ("Standard", "TARGET_DATASOURCE" | "COPY_MODE" | "COPY_SCHEDULE") => {
                    Some("add: TYPE copy")
                }
                ("Copy", "DATASOURCE") => Some("the target of a copy is TARGET_DATASOURCE"),
                ("Materialized", "TARGET_DATASOURCE") => {
                    Some("the target of a materialized view is DATASOURCE")
                }
                _ => None,
            };
            self.out.push(
                Diagnostic::error(codes::INVALID_NODE, message, value.span.clone())
                    .with_optional_hint(hint.map(str::to_owned)),
            );
        }
    }

    fn target(&mut self, directive: &str, subject: &str) -> Spanned<String> {
        if let Some(target) = self.settings.filled(directive) {
            return target.clone();
        }
        let message = format!(
            "Some {subject} node params have been provided, but the following required ones are missing: {}",
            quoted_list(&[directive])
        );
        self.error(
            codes::INCOMPLETE_SETTINGS,
            message,
            &self.name.span,
            Some(format!("add: {directive} name")),
        );
        Spanned::new(String::new(), self.name.span.clone())
    }

    fn error(&mut self, code: &'static str, message: String, span: &Span, hint: Option<String>) {
        self.out
            .push(Diagnostic::error(code, message, span.clone()).with_optional_hint(hint));
    }

    fn materialized(&mut self) -> NodeKind {
        let is_classic = self.grammar.dialect == Dialect::Classic;
        let engines: Vec<&'static str> = self
            .settings
            .iter()
            .map(|(name, _)| name)
            .filter(|name| is_classic && name.starts_with("ENGINE"))
            .collect();
        let allowed: Vec<&str> = MATERIALIZED
            .iter()
            .copied()
            .chain(engines.iter().copied())
            .collect();
        self.refuse_others("Materialized", &allowed);
        let target = self.target("DATASOURCE", "materialized");
        let deployment_method = match self.settings.get("DEPLOYMENT_METHOD") {
            None => DeploymentMethod::Rebuild,
            Some(method) if method.value.eq_ignore_ascii_case("alter") => DeploymentMethod::Alter,
            Some(method) => {
                let message = format!(
                    "{} is not an allowed value for DEPLOYMENT_METHOD. Use one of: {{'alter'}}",
                    clip(&method.value)
                );
                self.error(codes::INVALID_VALUE, message, &method.span, None);
                DeploymentMethod::Rebuild
            }
        };
        let engine = (!engines.is_empty()).then(|| {
            let context = EngineContext {
                schema: None,
                implicit_columns: &[],
                dialect: self.grammar.dialect,
                fallback: self.name.span.clone(),
            };
            Box::new(engine::build(self.settings, &context, self.out))
        });
        NodeKind::Materialized(Materialization {
            target,
            deployment_method,
            engine,
        })
    }

    fn copy(&mut self) -> NodeKind {
        self.refuse_others("Copy", COPY);
        let target = self.target("TARGET_DATASOURCE", "copy");
        let mode = match self.settings.filled("COPY_MODE") {
            None => CopyMode::Append,
            Some(mode) => match mode.value.as_str() {
                "append" => CopyMode::Append,
                "replace" => CopyMode::Replace,
                _ => {
                    let message = "COPY node mode must be append or replace".to_owned();
                    let lower = mode.value.to_ascii_lowercase();
                    let hint = matches!(lower.as_str(), "append" | "replace")
                        .then(|| format!("write it in lower case: COPY_MODE {lower}"));
                    self.error(codes::INVALID_VALUE, message, &mode.span, hint);
                    CopyMode::Append
                }
            },
        };
        let invalid =
            "COPY node schedule must be @on-demand or a valid cron expression.".to_owned();
        let schedule = self.schedule("COPY_SCHEDULE", "", invalid);
        let on_demand_compute = match self.settings.get("ON_DEMAND_COMPUTE") {
            None => false,
            Some(value) => parse_bool(&value.value).unwrap_or_else(|| {
                let message = "ON_DEMAND_COMPUTE must be true or false".to_owned();
                self.error(codes::INVALID_VALUE, message, &value.span, None);
                false
            }),
        };
        NodeKind::Copy(Copy {
            target,
            mode,
            schedule,
            on_demand_compute,
        })
    }

    /// Reads a schedule; `subject` stands before the message about secrets, `invalid` is the
    /// message about what is none.
    fn schedule(&mut self, directive: &str, subject: &str, invalid: String) -> Schedule {
        let Some(text) = self.settings.get(directive) else {
            return Schedule::OnDemand;
        };
        if text.value.contains("tb_secret") {
            let message = format!(
                "{subject}{directive} does not support {{ tb_secret(...) }}. Use a literal cron expression (for example \"0 * * * *\") or @on-demand."
            );
            self.error(codes::INVALID_SCHEDULE, message, &text.span, None);
            return Schedule::OnDemand;
        }
        Schedule::parse(&text.value).unwrap_or_else(|| {
            let hint = "five fields: minute, hour, day of month, month, day of week; for example 0 * * * *";
            self.error(codes::INVALID_SCHEDULE, invalid, &text.span, Some(hint.to_owned()));
            Schedule::OnDemand
        })
    }
}

/// Returns what messages and JSON call the value of a directive.
pub(crate) fn attribute(directive: &str) -> String {
    match directive {
        "COPY_MODE" => "mode".to_owned(),
        _ => directive.to_ascii_lowercase(),
    }
}
