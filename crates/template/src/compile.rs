//! Compilation: structure and names of a template, once; then rendered any number of times.
//!
//! Names are resolved as Python does for the function that the reference generates: a name that is
//! assigned anywhere is local everywhere; all other names come from the request parameters, the
//! functions of the language and Python's builtins. Each name gets a slot.

use std::collections::HashMap;
use std::sync::Arc;

use crate::discover::{Discovery, discover};
use crate::error::{ErrorKind, TemplateError};
use crate::eval::builtins::builtin_value;
use crate::functions::Function;
use crate::limits::TEMPLATE_BYTES_MAX;
use crate::resolve::Resolver;
use crate::structure::{Node, Parsed, parse};

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SlotKind {
    /// Assigned somewhere in the template.
    Local,
    /// A variable of a comprehension or lambda.
    Inner,
    Function(Function),
    /// A request parameter, or a builtin.
    Global,
}

/// A variable of a template.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slot {
    pub(crate) name: Arc<str>,
    pub(crate) kind: SlotKind,
    /// Line of the last use outside of lambdas and comprehensions; names without one are not
    /// given the value `None`.
    pub(crate) last_line: Option<usize>,
}

/// A compiled template. It is immutable and can be shared between threads.
#[derive(Debug)]
pub struct Template {
    pub(crate) nodes: Vec<Node>,
    pub(crate) slots: Vec<Slot>,
    /// Names with their lines, once for each tag, attributes included: the reference checks all.
    pub(crate) used: Vec<(Arc<str>, usize)>,
    pub(crate) discovery: Discovery,
}

/// Returns the text of a template when `sql`, the text of a node, is one.
///
/// A node is a template when its first character other than whitespace is `%`; exactly that
/// character is dropped.
///
/// ```
/// assert_eq!(birdhouse_template::template_text(" % SELECT 1"), Some(" SELECT 1"));
/// assert_eq!(birdhouse_template::template_text("SELECT 1 % 2"), None);
/// ```
#[must_use]
pub fn template_text(sql: &str) -> Option<&str> {
    let trimmed = sql.trim_start_matches(crate::lexer::is_python_space);
    trimmed.strip_prefix('%')
}

impl Template {
    /// Compiles the text of a template (without the leading `%`).
    ///
    /// `name` is the name of the node, which appears in a few messages.
    ///
    /// # Errors
    /// When tags are malformed, an expression is not valid, or something is not permitted.
    pub fn compile(text: &str, name: Option<&str>) -> Result<Self, TemplateError> {
        let (template, print_error) = Self::compile_for_discovery(text, name)?;
        match print_error {
            // The reference looks at the names before it notices.
            Some(error) => Err(template.check_reserved().err().unwrap_or(error)),
            None => Ok(template),
        }
    }

    /// Compiles a template whose parameters are wanted; it may be one that cannot be rendered,
    /// for the reason that comes with it.
    pub(crate) fn compile_for_discovery(
        text: &str,
        name: Option<&str>,
    ) -> Result<(Self, Option<TemplateError>), TemplateError> {
        if text.len() > TEMPLATE_BYTES_MAX {
            let message = format!("template is longer than {TEMPLATE_BYTES_MAX} bytes");
            return Err(TemplateError::new(ErrorKind::Limit, message));
        }
        let Parsed {
            mut nodes,
            print_error,
        } = parse(text, name)?;
        let resolved = Resolver::run(&mut nodes);
        let discovery = discover(&nodes);
        let template = Self {
            nodes,
            slots: resolved.slots,
            used: resolved.used,
            discovery,
        };
        Ok((template, print_error))
    }

    /// Refuses the names that no template may use.
    pub(crate) fn check_names(&self) -> Result<(), TemplateError> {
        self.check_reserved()?;
        if self.used.iter().any(|(name, _)| &**name == "self") {
            let message = "generate() got multiple values for argument 'self'";
            return Err(TemplateError::new(ErrorKind::Runtime, message));
        }
        Ok(())
    }

    /// Refuses reserved names, whose parameters can be discovered all the same.
    fn check_reserved(&self) -> Result<(), TemplateError> {
        for (name, line) in &self.used {
            if matches!(&**name, "q" | "format") {
                let message = format!("\"{name}\" can not be used as a variable name, line {line}");
                return Err(TemplateError::new(ErrorKind::Reserved, message).at_line(*line));
            }
        }
        Ok(())
    }

    /// Returns the reserved names that are only warned about, as often as tags use them.
    pub(crate) fn reserved_names(&self) -> impl Iterator<Item = &str> {
        const RESERVED: [&str; 17] = [
            "__tb__csv_header",
            "__tb__semver",
            "debug_source_tables",
            "debug",
            "explain",
            "finalize_aggregations",
            "output_format_json_quote_64bit_integers",
            "output_format_json_quote_denormals",
            "output_format_parquet_string_as_string",
            "pipeline",
            "playground",
            "query_id",
            "release_replacements",
            "tag",
            "template_parameters",
            "token",
            "job_timestamp",
        ];
        let names = self.used.iter().map(|(name, _)| &**name);
        names.filter(|name| RESERVED.contains(name))
    }
}

/// Names of Python's builtins that the reference takes away from templates: they are parameters.
pub(crate) fn is_builtin(name: &str) -> bool {
    builtin_value(name).is_some()
}

/// A map from names to slots.
pub(crate) type Names = HashMap<Arc<str>, usize>;

#[cfg(test)]
mod tests;
