//! The SQL template language: template and parameters in, SQL text out.
//!
//! A template is compiled once and rendered many times. Nothing here does I/O, waits, or looks at
//! the clock; what a rendering depends on comes in with [`Parameters`] and [`Context`].
//!
//! ```
//! use birdhouse_template::{Context, Parameters, Template, template_text};
//!
//! let text = template_text("% SELECT {{Int32(n, 1)}}").unwrap_or_default();
//! let template = Template::compile(text, None)?;
//! let parameters: Parameters = [("n", "7")].into_iter().collect();
//! let rendered = template.render(&parameters, &Context::default())?;
//! assert_eq!(rendered.sql, " SELECT toInt32('7')");
//! # Ok::<(), birdhouse_template::TemplateError>(())
//! ```
//!
//! Stages: `lexer` splits the text into tags, `expr` parses the Python inside of them,
//! `security` says what is permitted, `structure` builds blocks, `resolve` gives names their
//! slots, `discover` finds the declared parameters, `preprocess` and `eval` run it.

mod compile;
mod context;
mod discover;
mod error;
mod eval;
mod expr;
mod file;
mod functions;
pub mod inspect;
mod json;
mod lexer;
mod limits;
mod preprocess;
mod render;
mod resolve;
mod security;
mod structure;
#[cfg(test)]
mod testing;
mod value;

pub use compile::{Template, template_text};
pub use context::{Context, Mode, Parameters, Settings};
pub use discover::Parameter;
pub use error::{CustomError, ErrorKind, TemplateError};
pub use file::{ResolvedFile, resolve_file, uses_tags};
pub use limits::Limits;
pub use render::Rendered;
