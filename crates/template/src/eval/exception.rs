//! Exceptions while evaluating, as Python has them: a template can catch them with `except`.

use std::rc::Rc;

use crate::value::repr::{ReprError, repr, to_str};
use crate::value::{Heap, Value};

/// Why an evaluation stopped.
#[derive(Clone)]
pub(crate) enum Stop {
    /// An exception, which `try` can catch.
    Raise(Rc<Heap<Exception>>),
    /// A limit was reached; names it.
    Limit(&'static str),
}

pub(crate) type Eval<T> = Result<T, Stop>;

/// Where an exception comes from, as far as the answer to the client depends on it.
#[derive(Clone, Default)]
pub(crate) enum Origin {
    /// Python itself, or a check of ours in its words.
    #[default]
    Python,
    /// The function `error()`.
    ErrorFunction,
    /// The function `custom_error()`.
    Custom { body: Value, code: Value },
}

#[derive(Clone, Default)]
pub(crate) struct Exception {
    pub(crate) class: ExceptionClass,
    pub(crate) args: Vec<Value>,
    pub(crate) origin: Origin,
    /// Raised while another exception was handled: whether one of those was about a name.
    pub(crate) context: Option<bool>,
}

macro_rules! exception_classes {
    ($($name:ident < $parent:ident),* $(,)?) => {
        /// Classes of exceptions, each with its parent.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub(crate) enum ExceptionClass {
            BaseException,
            #[default]
            Exception,
            /// The class of errors that template functions raise.
            SQLTemplateException,
            /// The class of what `custom_error()` raises.
            SQLTemplateCustomError,
            $($name),*
        }

        impl ExceptionClass {
            /// Returns the class that has this name in Python.
            pub(crate) fn from_name(name: &str) -> Option<Self> {
                Some(match name {
                    "BaseException" => Self::BaseException,
                    "Exception" => Self::Exception,
                    "EnvironmentError" | "IOError" => Self::OSError,
                    $(stringify!($name) => Self::$name,)*
                    _ => return None,
                })
            }

            pub(crate) fn name(self) -> &'static str {
                match self {
                    Self::BaseException => "BaseException",
                    Self::Exception => "Exception",
                    Self::SQLTemplateException => "SQLTemplateException",
                    Self::SQLTemplateCustomError => "SQLTemplateCustomError",
                    $(Self::$name => stringify!($name)),*
                }
            }

            fn parent(self) -> Option<Self> {
                match self {
                    Self::BaseException => None,
                    Self::Exception => Some(Self::BaseException),
                    Self::SQLTemplateException => Some(Self::ValueError),
                    Self::SQLTemplateCustomError => Some(Self::Exception),
                    $(Self::$name => Some(Self::$parent)),*
                }
            }
        }
    };
}

exception_classes! {
    ArithmeticError < Exception,
    AssertionError < Exception,
    AttributeError < Exception,
    BaseExceptionGroup < BaseException,
    BlockingIOError < OSError,
    BrokenPipeError < ConnectionError,
    BufferError < Exception,
    BytesWarning < Warning,
    ChildProcessError < OSError,
    ConnectionAbortedError < ConnectionError,
    ConnectionError < OSError,
    ConnectionRefusedError < ConnectionError,
    ConnectionResetError < ConnectionError,
    DeprecationWarning < Warning,
    EOFError < Exception,
    EncodingWarning < Warning,
    ExceptionGroup < Exception,
    FileExistsError < OSError,
    FileNotFoundError < OSError,
    FloatingPointError < ArithmeticError,
    FutureWarning < Warning,
    GeneratorExit < BaseException,
    ImportError < Exception,
    ImportWarning < Warning,
    IndentationError < SyntaxError,
    IndexError < LookupError,
    InterruptedError < OSError,
    IsADirectoryError < OSError,
    KeyError < LookupError,
    KeyboardInterrupt < BaseException,
    LookupError < Exception,
    MemoryError < Exception,
    ModuleNotFoundError < ImportError,
    NameError < Exception,
    NotADirectoryError < OSError,
    NotImplementedError < RuntimeError,
    OSError < Exception,
    OverflowError < ArithmeticError,
    PendingDeprecationWarning < Warning,
    PermissionError < OSError,
    ProcessLookupError < OSError,
    RecursionError < RuntimeError,
    ReferenceError < Exception,
    ResourceWarning < Warning,
    RuntimeError < Exception,
    RuntimeWarning < Warning,
    StopAsyncIteration < Exception,
    StopIteration < Exception,
    SyntaxError < Exception,
    SyntaxWarning < Warning,
    SystemError < Exception,
    SystemExit < BaseException,
    TabError < IndentationError,
    TimeoutError < OSError,
    TypeError < Exception,
    UnboundLocalError < NameError,
    UnicodeDecodeError < UnicodeError,
    UnicodeEncodeError < UnicodeError,
    UnicodeError < ValueError,
    UnicodeTranslateError < UnicodeError,
    UnicodeWarning < Warning,
    UserWarning < Warning,
    ValueError < Exception,
    Warning < Exception,
    ZeroDivisionError < ArithmeticError,
}

impl ExceptionClass {
    /// Returns whether this is `other` or derived from it.
    pub(crate) fn is_subclass(self, other: Self) -> bool {
        let mut class = Some(self);
        while let Some(current) = class {
            if current == other {
                return true;
            }
            class = current.parent();
        }
        false
    }
}

impl Exception {
    pub(crate) fn new(class: ExceptionClass, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self {
            class,
            args: vec![Value::str(message)],
            ..Self::default()
        }
    }

    /// Returns Python's `str()` of the exception.
    pub(crate) fn text(&self) -> String {
        let text = match self.args.as_slice() {
            [] => Ok(String::new()),
            [key] if self.class == ExceptionClass::KeyError => repr(key, MESSAGE_BYTES_MAX),
            [message] => to_str(message, MESSAGE_BYTES_MAX),
            args => repr(&Value::tuple(args.to_vec()), MESSAGE_BYTES_MAX),
        };
        text.unwrap_or_default()
    }
}

/// Longest message of an exception that holds a value.
const MESSAGE_BYTES_MAX: usize = 1 << 20;

impl From<Exception> for Stop {
    fn from(exception: Exception) -> Self {
        Self::Raise(Rc::new(Heap::new(exception)))
    }
}

/// Raises an exception of Python.
pub(crate) fn raise<T>(class: ExceptionClass, message: impl Into<String>) -> Eval<T> {
    Err(Exception::new(class, message).into())
}

pub(crate) fn type_error<T>(message: impl Into<String>) -> Eval<T> {
    raise(ExceptionClass::TypeError, message)
}

pub(crate) fn value_error<T>(message: impl Into<String>) -> Eval<T> {
    raise(ExceptionClass::ValueError, message)
}

/// Raises the error of a template function; its text starts with "Template Syntax Error: ".
pub(crate) fn template_error<T>(message: impl AsRef<str>) -> Eval<T> {
    let message = format!("Template Syntax Error: {}", message.as_ref());
    raise(ExceptionClass::SQLTemplateException, message)
}

/// Raises what Python says about a missing attribute.
pub(crate) fn no_attribute<T>(value: &Value, name: &str) -> Eval<T> {
    let message = match value {
        Value::Builtin(builtin) if builtin.is_class() => {
            format!("type object '{}' has no attribute '{name}'", builtin.name())
        }
        Value::Class(class) => format!("type object '{}' has no attribute '{name}'", class.name()),
        other => format!("'{}' object has no attribute '{name}'", other.type_name()),
    };
    raise(ExceptionClass::AttributeError, message)
}

impl From<ReprError> for Stop {
    fn from(error: ReprError) -> Self {
        match error {
            ReprError::Depth => Exception::new(
                ExceptionClass::RecursionError,
                "maximum recursion depth exceeded while getting the repr of an object",
            )
            .into(),
            ReprError::Size => Stop::Limit("size of a value"),
            ReprError::Digits => Exception::new(
                ExceptionClass::ValueError,
                "Exceeds the limit (4300 digits) for integer string conversion; \
                 use sys.set_int_max_str_digits() to increase the limit",
            )
            .into(),
        }
    }
}
