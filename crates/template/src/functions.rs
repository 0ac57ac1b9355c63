//! The functions of the template language, one file for each family.

pub(crate) mod array;
mod boolean;
mod columns;
mod dates;
mod defined;
mod errors;
mod json;
mod scalar;
mod secrets;
mod settings;
mod split;
mod sql_and;
mod strptime;
pub(crate) mod types;
mod unescape;

use crate::eval::Evaluator;
use crate::eval::bind::Args;
use crate::eval::exception::Eval;
use crate::value::Value;
use types::ScalarType;

/// A function of the template language.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Function {
    Scalar(ScalarType),
    Boolean,
    Array,
    Json,
    Column,
    Columns,
    Symbol,
    Table,
    Defined,
    SqlAnd,
    SqlUnescape,
    SplitToArray,
    EnumerateWithLast,
    DayDiff,
    DateDiff(dates::Unit),
    Error,
    CustomError,
    Secret,
    MaxThreads,
    CacheTtl,
    BackendHint,
    Activate,
    Disable,
}

impl Function {
    /// Returns the function that a name stands for in a template.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        if let Some(scalar) = ScalarType::from_name(name) {
            return Some(Self::Scalar(scalar));
        }
        Some(match name {
            "Boolean" | "bool" => Self::Boolean,
            "Array" => Self::Array,
            "JSON" => Self::Json,
            "column" => Self::Column,
            "columns" => Self::Columns,
            "symbol" | "Symbol" | "Column" => Self::Symbol,
            "table" | "TABLE" => Self::Table,
            "defined" => Self::Defined,
            "sql_and" => Self::SqlAnd,
            "sql_unescape" => Self::SqlUnescape,
            "split_to_array" => Self::SplitToArray,
            "enumerate_with_last" => Self::EnumerateWithLast,
            "day_diff" => Self::DayDiff,
            "date_diff_in_days" => Self::DateDiff(dates::Unit::Days),
            "date_diff_in_hours" => Self::DateDiff(dates::Unit::Hours),
            "date_diff_in_minutes" => Self::DateDiff(dates::Unit::Minutes),
            "date_diff_in_seconds" => Self::DateDiff(dates::Unit::Seconds),
            "error" => Self::Error,
            "custom_error" => Self::CustomError,
            "tb_secret" | "tb_var" => Self::Secret,
            "max_threads" => Self::MaxThreads,
            "cache_ttl" => Self::CacheTtl,
            "backend_hint" => Self::BackendHint,
            "activate" => Self::Activate,
            "disable" => Self::Disable,
            _ => return None,
        })
    }

    /// Returns the name in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Scalar(scalar) => scalar.name(),
            Self::Boolean => "Boolean",
            Self::Array => "Array",
            Self::Json => "JSON",
            Self::Column => "column",
            Self::Columns => "columns",
            Self::Symbol => "symbol",
            Self::Table => "table",
            Self::Defined => "defined",
            Self::SqlAnd => "sql_and",
            Self::SqlUnescape => "sql_unescape",
            Self::SplitToArray => "split_to_array",
            Self::EnumerateWithLast => "enumerate_with_last",
            Self::DayDiff => "day_diff",
            Self::DateDiff(unit) => unit.function(),
            Self::Error => "error",
            Self::CustomError => "custom_error",
            Self::Secret => "tb_secret",
            Self::MaxThreads => "max_threads",
            Self::CacheTtl => "cache_ttl",
            Self::BackendHint => "backend_hint",
            Self::Activate => "activate",
            Self::Disable => "disable",
        }
    }
}

impl Evaluator<'_> {
    pub(crate) fn call_function(&mut self, function: Function, args: Args) -> Eval<Value> {
        match function {
            Function::Scalar(scalar) => self.scalar(scalar, args),
            Function::Boolean => self.boolean(args),
            Function::Array => self.array(args),
            Function::Json => self.json(args),
            Function::Column => self.column(args),
            Function::Columns => self.columns(args),
            Function::Symbol => self.symbol(args),
            Function::Table => self.table(args),
            Function::Defined => self.defined(args),
            Function::SqlAnd => self.sql_and(args),
            Function::SqlUnescape => self.sql_unescape(args),
            Function::SplitToArray => self.split_to_array(args),
            Function::EnumerateWithLast => self.enumerate_with_last(args),
            Function::DayDiff => self.day_diff(args),
            Function::DateDiff(unit) => self.date_diff(unit, args),
            Function::Error => self.error_function(args),
            Function::CustomError => self.custom_error(args),
            Function::Secret => self.secret(args),
            Function::MaxThreads => self.max_threads(args),
            Function::CacheTtl => self.cache_ttl(args),
            Function::BackendHint => self.backend_hint(args),
            Function::Activate => self.activate(args),
            Function::Disable => self.disable(args),
        }
    }
}
