//! Errors of templates: one type for parsing, rendering and discovery.
//!
//! The message is the text of the reference implementation wherever clients depend on it. The kind
//! is the stable class of the failure, the same words that the reference oracle prints.

use serde_json::Value as Json;

/// Stable class of a template failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// `custom_error()` was called.
    Custom,
    /// `error()` was called.
    Error,
    /// A typed parameter has neither value nor default.
    Required,
    /// An output expression evaluated to `None`.
    Null,
    /// A value does not validate against the declared type.
    Type,
    /// A secret is not known.
    Secret,
    /// A construct outside of the permitted subset of expressions.
    Security,
    /// Tags are malformed, or a tag is forbidden.
    Parse,
    /// A block has no end tag.
    Unclosed,
    /// The text inside a tag is not a valid expression or statement.
    Syntax,
    /// A reserved word is used as parameter name.
    Reserved,
    /// A name is unknown, or a variable is read before its assignment.
    Name,
    /// Any other failure while evaluating.
    Runtime,
    /// A limit of the server was reached.
    Limit,
}

impl ErrorKind {
    /// Returns the word for this kind that inspectors and logs print.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Custom => "custom",
            Self::Error => "error",
            Self::Required => "required",
            Self::Null => "null",
            Self::Type => "type",
            Self::Secret => "secret",
            Self::Security => "security",
            Self::Parse => "parse",
            Self::Unclosed => "unclosed",
            Self::Syntax => "syntax",
            Self::Reserved => "reserved",
            Self::Name => "name",
            Self::Runtime => "runtime",
            // The reference has no limits except time, so this is its word for the situation.
            Self::Limit => "timeout",
        }
    }
}

/// Why a template could not be compiled or rendered.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct TemplateError {
    /// Class of the failure.
    pub kind: ErrorKind,
    /// Text for the client, in the words of the reference.
    pub message: String,
    /// HTTP status to answer with: 400, or the code given to `custom_error()` when it is an integer
    /// from 400 to 599.
    pub status: u16,
    /// What was given to `custom_error()`.
    pub custom: Option<Box<CustomError>>,
    /// Line of the tag, from 1, counted from the start of the template text (after the `%`).
    pub line: Option<usize>,
}

/// The arguments of `custom_error()`.
#[derive(Debug, Clone, PartialEq)]
pub struct CustomError {
    /// The whole body of the answer: text, an object, an array, …
    pub body: Json,
    /// The code as given, even when it is no status.
    pub code: Json,
}

impl TemplateError {
    /// Returns the body that `custom_error()` asks to answer with.
    #[must_use]
    pub fn body(&self) -> Option<&Json> {
        self.custom.as_ref().map(|custom| &custom.body)
    }

    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            status: 400,
            custom: None,
            line: None,
        }
    }

    pub(crate) fn security(message: impl AsRef<str>) -> Self {
        let message = format!("Template Syntax Error: {}", message.as_ref());
        Self::new(ErrorKind::Security, message)
    }

    pub(crate) fn syntax(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::Syntax, message)
    }

    pub(crate) fn at_line(mut self, line: usize) -> Self {
        self.line.get_or_insert(line);
        self
    }
}

impl std::fmt::Display for TemplateError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TemplateError {}
