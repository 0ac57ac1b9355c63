//! Syntax tree of expressions and of the statements that `set` accepts.
//!
//! Names carry a slot number, which `resolve` fills in: one slot for each variable of the template,
//! further ones for the variables of comprehensions and lambdas.

use std::sync::Arc;

use num_bigint::BigInt;

/// Byte range in the text of the tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// An expression with its position.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Expr {
    pub(crate) kind: ExprKind,
    pub(crate) span: Span,
    /// Levels of nodes below and including this one.
    pub(crate) depth: u16,
}

/// A variable.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Name {
    pub(crate) id: Arc<str>,
    pub(crate) slot: usize,
    /// Read in a lambda or comprehension, while it belongs to the template.
    pub(crate) is_free: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ExprKind {
    Constant(Constant),
    Name(Name),
    FString(Vec<FPart>),
    Unary(UnaryOp, Box<Expr>),
    Binary(BinaryOp, Box<(Expr, Expr)>),
    Bool(BoolOp, Vec<Expr>),
    Compare(Box<Compare>),
    Conditional(Box<Conditional>),
    Call(Box<Call>),
    Attribute(Box<Expr>, Arc<str>),
    Subscript(Box<(Expr, Expr)>),
    /// Only as index of a subscript, or inside a tuple that is one.
    Slice(Box<Slice>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Set(Vec<Expr>),
    /// A missing key stands for `**value`.
    Dict(Vec<(Option<Expr>, Expr)>),
    Starred(Box<Expr>),
    Named(Name, Box<Expr>),
    Comprehension(Arc<Comprehension>),
    Lambda(Arc<Lambda>),
    Yield(Option<Box<Expr>>),
    Await(Box<Expr>),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Constant {
    None,
    Bool(bool),
    Int(i64),
    BigInt(Arc<BigInt>),
    Float(f64),
    Imaginary(f64),
    Str(Arc<str>),
    /// A literal with a lone surrogate, which cannot be encoded.
    Surrogate,
    Bytes(Arc<[u8]>),
    Ellipsis,
}

/// A piece of an f-string.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum FPart {
    Text(Arc<str>),
    Value(Box<FValue>),
}

/// `{value!conversion:spec}`; the text of `{value=}` is a separate piece before it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FValue {
    pub(crate) value: Expr,
    pub(crate) conversion: Option<char>,
    pub(crate) spec: Option<Vec<FPart>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnaryOp {
    Not,
    Minus,
    Plus,
    Invert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BinaryOp {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
    MatMul,
    LeftShift,
    RightShift,
    BitAnd,
    BitOr,
    BitXor,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BoolOp {
    And,
    Or,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CompareOp {
    Eq,
    NotEq,
    Less,
    LessEq,
    Greater,
    GreaterEq,
    Is,
    IsNot,
    In,
    NotIn,
}

/// A chain of comparisons.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Compare {
    pub(crate) left: Expr,
    pub(crate) rest: Vec<(CompareOp, Expr)>,
}

/// `body if test else orelse`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Conditional {
    pub(crate) test: Expr,
    pub(crate) body: Expr,
    pub(crate) orelse: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Call {
    pub(crate) callee: Expr,
    pub(crate) args: Vec<Expr>,
    pub(crate) keywords: Vec<Keyword>,
}

/// `name=value`, or `**value` without a name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Keyword {
    pub(crate) name: Option<Arc<str>>,
    pub(crate) value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Slice {
    pub(crate) lower: Option<Expr>,
    pub(crate) upper: Option<Expr>,
    pub(crate) step: Option<Expr>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ComprehensionKind {
    List,
    Set,
    Dict,
    Generator,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Comprehension {
    pub(crate) kind: ComprehensionKind,
    pub(crate) element: Expr,
    /// The value of a dict comprehension; its key is `element`.
    pub(crate) value: Option<Expr>,
    pub(crate) clauses: Vec<Clause>,
    /// Variables of enclosing lambdas and comprehensions, filled in by `resolve`.
    pub(crate) captured: Vec<usize>,
}

/// `for target in iter if … if …`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Clause {
    pub(crate) target: Expr,
    pub(crate) iter: Expr,
    pub(crate) conditions: Vec<Expr>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Lambda {
    pub(crate) params: Vec<Param>,
    pub(crate) body: Expr,
    /// Variables of enclosing lambdas and comprehensions, filled in by `resolve`.
    pub(crate) captured: Vec<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ParamKind {
    Positional,
    /// After `*` or `*args`.
    KeywordOnly,
    /// `*args`.
    Rest,
    /// `**kwargs`.
    Keywords,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Param {
    pub(crate) name: Name,
    pub(crate) kind: ParamKind,
    pub(crate) default: Option<Expr>,
}

/// A statement; only the first three can be executed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statement {
    Expr(Expr),
    Assign {
        targets: Vec<Expr>,
        value: Expr,
    },
    AugAssign {
        target: Expr,
        op: BinaryOp,
        value: Expr,
    },
    /// An annotation, `del`, `import`, … named after its syntax node.
    Other(&'static str),
}

/// The statements of a tag, and whether they can stand where an expression is required.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Module {
    pub(crate) statements: Vec<Statement>,
    /// A line break outside of brackets was seen.
    pub(crate) has_line_break: bool,
    /// A comment or `;` outside of brackets was seen.
    pub(crate) has_tail: bool,
}

impl Expr {
    /// Returns the class name of this node in Python's `ast` module, for messages.
    pub(crate) fn class_name(&self) -> &'static str {
        match &self.kind {
            ExprKind::Constant(_) => "Constant",
            ExprKind::Name(_) => "Name",
            ExprKind::FString(_) => "JoinedStr",
            ExprKind::Unary(..) => "UnaryOp",
            ExprKind::Binary(..) => "BinOp",
            ExprKind::Bool(..) => "BoolOp",
            ExprKind::Compare(_) => "Compare",
            ExprKind::Conditional(_) => "IfExp",
            ExprKind::Call(_) => "Call",
            ExprKind::Attribute(..) => "Attribute",
            ExprKind::Subscript(_) => "Subscript",
            ExprKind::Slice(_) => "Slice",
            ExprKind::List(_) => "List",
            ExprKind::Tuple(_) => "Tuple",
            ExprKind::Set(_) => "Set",
            ExprKind::Dict(_) => "Dict",
            ExprKind::Starred(_) => "Starred",
            ExprKind::Named(..) => "NamedExpr",
            ExprKind::Comprehension(c) => match c.kind {
                ComprehensionKind::List => "ListComp",
                ComprehensionKind::Set => "SetComp",
                ComprehensionKind::Dict => "DictComp",
                ComprehensionKind::Generator => "GeneratorExp",
            },
            ExprKind::Lambda(_) => "Lambda",
            ExprKind::Yield(_) => "Yield",
            ExprKind::Await(_) => "Await",
        }
    }
}
