//! Discovery: the parameters that a template declares, found without running it.
//!
//! The reference walks the syntax tree of every tag; the order of its findings and their quirks are
//! part of the contract (templates.md, section 15), because error texts and the preprocessing of
//! arrays depend on them.

use std::collections::VecDeque;

use indexmap::IndexMap;
use serde_json::{Map, Value as Json};

use crate::compile::is_builtin;
use crate::error::{ErrorKind, TemplateError};
use crate::expr::ast::{Call, Constant, Expr, ExprKind, UnaryOp};
use crate::expr::walk::{Child, statement_children};
use crate::functions::Function;
use crate::json::JsonValue;
use crate::structure::{BranchHead, Head, Node};
use crate::value::repr::repr;
use crate::value::{Int, Value};

/// A parameter as one tag declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    fields: Map<String, Json>,
    /// Declared by a typed function rather than found as a bare name.
    is_typed: bool,
}

impl Parameter {
    /// Returns the name. It is not text when a literal stands where a parameter should.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.fields.get("name").and_then(Json::as_str)
    }

    /// Returns the type: a function of the language, or `Array(T)`.
    #[must_use]
    pub fn kind(&self) -> &str {
        self.fields
            .get("type")
            .and_then(Json::as_str)
            .unwrap_or("String")
    }

    /// Returns the default, null when there is none.
    #[must_use]
    pub fn default(&self) -> &Json {
        self.get("default").unwrap_or(&Json::Null)
    }

    /// Returns a keyword argument: `description`, `required`, `example`, `enum`, `format`, …
    #[must_use]
    pub fn get(&self, keyword: &str) -> Option<&Json> {
        self.fields.get(keyword)
    }

    /// Returns whether the name was only seen as the argument of a function without a type.
    #[must_use]
    pub fn is_function_argument(&self) -> bool {
        self.fields.contains_key("used_in")
    }

    /// Returns whether a typed function such as `String(x)` declares the parameter.
    #[must_use]
    pub fn is_typed(&self) -> bool {
        self.is_typed
    }

    /// Returns everything that is known, `name`, `type` and `default` included.
    #[must_use]
    pub fn fields(&self) -> &Map<String, Json> {
        &self.fields
    }
}

/// What was found in a template.
#[derive(Debug, Default)]
pub(crate) struct Discovery {
    /// All findings.
    pub(crate) all: Vec<Parameter>,
    /// Findings without output tags that are nothing but a name, as rendering sees them.
    pub(crate) rendering: Vec<Parameter>,
    /// Why discovery failed; rendering fails as well then.
    pub(crate) failure: Option<TemplateError>,
}

/// Finds the parameters of all nodes.
pub(crate) fn discover(nodes: &[Node]) -> Discovery {
    let mut walker = Walker::default();
    walker.nodes(nodes);
    let mut discovery = Discovery {
        failure: walker.failure,
        ..Discovery::default()
    };
    // A name in a statement is skipped when an output tag before it has the name.
    let mut in_outputs: [Vec<Json>; 2] = [Vec::new(), Vec::new()];
    for finding in walker.findings {
        let lists = [&mut discovery.all, &mut discovery.rendering];
        for ((list, seen), skip) in lists.into_iter().zip(&mut in_outputs).zip([false, true]) {
            if skip && finding.is_bare_output {
                continue;
            }
            for parameter in &finding.parameters {
                let name = parameter.get("name").unwrap_or(&Json::Null);
                if finding.is_output {
                    seen.push(name.clone());
                } else if seen.contains(name) {
                    continue;
                }
                list.push(parameter.clone());
            }
        }
    }
    discovery
}

/// What one tag declares.
struct Finding {
    parameters: Vec<Parameter>,
    is_output: bool,
    is_bare_output: bool,
}

#[derive(Default)]
struct Walker {
    findings: Vec<Finding>,
    failure: Option<TemplateError>,
}

impl Walker {
    /// Visits nodes in order; of a block, the body comes before its own statement.
    fn nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Text(_) | Node::Break | Node::Continue => {}
                Node::Output(output) => {
                    let is_bare = matches!(output.expr.kind, ExprKind::Name(_));
                    self.tag(vec![Child::Expr(&output.expr)], true, is_bare);
                }
                Node::Set { statement, .. } => {
                    self.tag(statement_children(statement), false, false);
                }
                Node::Block(block) => {
                    self.nodes(&block.body);
                    for branch in &block.branches {
                        match &branch.head {
                            BranchHead::Elif(test) => {
                                self.tag(vec![Child::Expr(test)], false, false);
                            }
                            BranchHead::Except { class: Some(e), .. } => {
                                self.tag(vec![Child::Expr(e)], false, false);
                            }
                            _ => {}
                        }
                        self.nodes(&branch.body);
                    }
                    match &block.head {
                        Head::If(test) | Head::While(test) => {
                            self.tag(vec![Child::Expr(test)], false, false);
                        }
                        Head::For { target, iter } => {
                            self.tag(vec![Child::Expr(target), Child::Expr(iter)], false, false);
                        }
                        Head::Try => {}
                    }
                }
            }
        }
    }

    fn tag(&mut self, roots: Vec<Child<'_>>, is_output: bool, is_bare_output: bool) {
        match find(roots) {
            Ok(mut parameters) => {
                // Literals in the place of a name are kept in output tags only.
                if !is_output {
                    parameters.retain(|p| p.name().is_some_and(|name| !name.is_empty()));
                }
                self.findings.push(Finding {
                    parameters,
                    is_output,
                    is_bare_output,
                });
            }
            Err(error) if is_output => {
                self.failure.get_or_insert(error);
            }
            // The reference gives up on a statement without a word.
            Err(_) => {}
        }
    }
}

/// Finds the parameters of one tag, breadth first.
fn find(roots: Vec<Child<'_>>) -> Result<Vec<Parameter>, TemplateError> {
    let mut found: IndexMap<String, Parameter> = IndexMap::new();
    let mut queue: VecDeque<(Child<'_>, bool)> = roots.into_iter().map(|c| (c, false)).collect();
    while let Some((child, is_argument)) = queue.pop_front() {
        let mut direct: Vec<*const Expr> = Vec::new();
        if let Child::Expr(expr) = child {
            match &expr.kind {
                ExprKind::Name(name) if !is_argument && !is_known(&name.id) => {
                    let fields = entry(Json::from(&*name.id), "String", Json::Null);
                    insert(&mut found, fields, Finds::Name);
                }
                ExprKind::Call(call) => {
                    direct.push(std::ptr::from_ref(&call.callee));
                    direct.extend(call.args.iter().map(std::ptr::from_ref));
                    find_call(call, &mut found)?;
                }
                _ => {}
            }
        }
        if let Child::Target(name) = child
            && !is_known(&name.id)
        {
            let fields = entry(Json::from(&*name.id), "String", Json::Null);
            insert(&mut found, fields, Finds::Name);
        }
        for next in child.children() {
            let is_argument = match next {
                Child::Expr(e) => direct.contains(&std::ptr::from_ref(e)),
                _ => false,
            };
            queue.push_back((next, is_argument));
        }
    }
    Ok(found.into_values().collect())
}

/// Returns whether a bare name is no parameter: a builtin, or a function other than a type.
fn is_known(name: &str) -> bool {
    let is_function = match Function::from_name(name) {
        None
        | Some(
            Function::Scalar(_)
            | Function::Array
            | Function::Secret
            | Function::MaxThreads
            | Function::CacheTtl
            | Function::BackendHint
            | Function::Activate
            | Function::Disable,
        ) => false,
        Some(Function::Boolean) => name == "bool",
        Some(_) => !matches!(name, "Symbol" | "Column"),
    };
    is_function || is_builtin(name)
}

fn entry(name: Json, kind: &str, default: Json) -> Map<String, Json> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), name);
    fields.insert("type".to_owned(), Json::from(kind));
    fields.insert("default".to_owned(), default);
    fields
}

/// How a finding came about.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Finds {
    Name,
    Typed,
    /// The argument of another function, which never replaces an earlier finding.
    Argument,
}

fn insert(found: &mut IndexMap<String, Parameter>, fields: Map<String, Json>, finds: Finds) {
    let key = fields.get("name").map(Json::to_string).unwrap_or_default();
    if finds != Finds::Argument || !found.contains_key(&key) {
        let is_typed = finds == Finds::Typed;
        found.insert(key, Parameter { fields, is_typed });
    }
}

/// What a function says about its first argument.
enum Declares {
    Scalar(&'static str),
    Array,
    /// Only that there is a parameter.
    Argument,
    Nothing,
}

fn declares(function: &str) -> Declares {
    match Function::from_name(function) {
        Some(Function::Scalar(scalar)) if !matches!(function, "Int" | "Integer") => {
            Declares::Scalar(scalar.name())
        }
        Some(Function::Boolean) if function != "bool" => Declares::Scalar("Boolean"),
        Some(Function::Json) => Declares::Scalar("JSON"),
        Some(Function::Array) => Declares::Array,
        Some(
            Function::Defined
            | Function::Column
            | Function::Columns
            | Function::DayDiff
            | Function::DateDiff(_)
            | Function::SplitToArray
            | Function::EnumerateWithLast
            | Function::SqlAnd,
        ) => Declares::Argument,
        _ => Declares::Nothing,
    }
}

fn find_call(call: &Call, found: &mut IndexMap<String, Parameter>) -> Result<(), TemplateError> {
    let ExprKind::Name(function) = &call.callee.kind else {
        return Ok(());
    };
    let declares = declares(&function.id);
    if matches!(declares, Declares::Nothing) {
        return Ok(());
    }
    // Arguments that are calls are left out, and the others move up.
    let is_call = |e: &&Expr| matches!(e.kind, ExprKind::Call(_));
    let args: Vec<&Expr> = call.args.iter().filter(|e| !is_call(e)).collect();
    let by_keyword = call.keywords.iter().map(|k| argument(&k.value));
    let values: Result<Vec<Json>, Unreadable> =
        args.iter().map(|e| argument(e)).chain(by_keyword).collect();
    let Ok(values) = values else {
        return Ok(());
    };
    let (values, by_keyword) = values.split_at(args.len().min(values.len()));
    let Some(name) = values.first().cloned() else {
        return Ok(());
    };
    if name.is_array() {
        let message = format!("\"{}\" can not be used as a variable name", shown(&name));
        return Err(TemplateError::new(ErrorKind::Reserved, message));
    }
    let (kind, default_index) = match declares {
        Declares::Scalar(kind) => (kind.to_owned(), 1),
        Declares::Array => (array_type(values.get(1)), 2),
        Declares::Argument | Declares::Nothing => {
            if is_true(&name) {
                let mut fields = entry(name, "String", Json::Null);
                fields.insert("used_in".to_owned(), Json::from("function_call"));
                insert(found, fields, Finds::Argument);
            }
            return Ok(());
        }
    };
    let mut default = values.get(default_index).cloned().unwrap_or_default();
    // Of an array, the reference forgets a default that is empty or zero.
    if matches!(declares, Declares::Array) && !is_true(&default) {
        default = Json::Null;
    }
    let mut fields = entry(name.clone(), &kind, default);
    for (keyword, value) in call.keywords.iter().zip(by_keyword) {
        let message = match keyword.name.as_deref() {
            None => "keywords must be strings",
            Some("name") => "dict() got multiple values for keyword argument 'name'",
            Some(keyword) => {
                fields.insert(keyword.to_owned(), value.clone());
                continue;
            }
        };
        return Err(TemplateError::new(ErrorKind::Runtime, message));
    }
    if name.is_null() && !matches!(declares, Declares::Array) {
        return Ok(());
    }
    let by_name = call
        .keywords
        .iter()
        .find(|k| k.name.as_deref() == Some("default"));
    let default = by_name
        .map(|k| &k.value)
        .or(args.get(default_index).copied());
    if let Some(text) = default.and_then(large_integer) {
        fields.insert("default".to_owned(), Json::String(text));
    }
    insert(found, fields, Finds::Typed);
    Ok(())
}

/// Returns the text that Python shows for a value.
fn shown(value: &Json) -> String {
    let value = Value::from_json(&JsonValue::from_json(value));
    repr(&value, 1 << 16).unwrap_or_default()
}

/// Returns the type of an array from its second argument, whatever that is.
fn array_type(element: Option<&Json>) -> String {
    let text = match element {
        Some(Json::String(text)) => text.clone(),
        Some(other) => shown(other),
        None => "String".to_owned(),
    };
    format!("Array({text})")
}

/// Returns the text of an integer that JavaScript cannot hold.
fn large_integer(expr: &Expr) -> Option<String> {
    const LARGEST: i64 = (1 << 53) - 1;
    match &expr.kind {
        ExprKind::Constant(Constant::Int(n)) if *n > LARGEST => Some(n.to_string()),
        ExprKind::Constant(Constant::BigInt(n)) => Some(n.to_string()),
        _ => None,
    }
}

/// An argument that makes the reference drop the whole call.
struct Unreadable;

/// Returns the value of an argument, as far as it can be told without running the template.
fn argument(expr: &Expr) -> Result<Json, Unreadable> {
    match &expr.kind {
        ExprKind::List(items) => list_argument(items),
        // The first operand that says something.
        ExprKind::Binary(_, operands) => match argument(&operands.0)? {
            left if is_true(&left) => Ok(left),
            _ => argument(&operands.1),
        },
        ExprKind::Name(name) => Ok(Json::from(&*name.id)),
        ExprKind::Constant(constant) => Ok(constant_json(constant)),
        ExprKind::Unary(op, operand) => {
            let ExprKind::Constant(constant) = &operand.kind else {
                return Ok(Json::Null);
            };
            Ok(match (op, constant) {
                (UnaryOp::Minus, Constant::Bool(b)) => Json::from(-i64::from(*b)),
                (UnaryOp::Minus, Constant::Int(n)) => Json::from(-n),
                (UnaryOp::Minus, Constant::BigInt(n)) => {
                    Json::from(-Int::Big(std::sync::Arc::clone(n)).to_f64())
                }
                (UnaryOp::Minus, Constant::Float(x)) => Json::from(-x),
                (_, constant) => constant_json(constant),
            })
        }
        _ => Ok(Json::Null),
    }
}

/// Python's truth of a value.
fn is_true(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(b) => *b,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(items) => !items.is_empty(),
    }
}

/// A list of constants, or of names; the first element decides, and the others have to agree.
fn list_argument(items: &[Expr]) -> Result<Json, Unreadable> {
    let read: fn(&Expr) -> Option<Json> = match items.first().map(|item| &item.kind) {
        Some(ExprKind::Constant(_)) => |item| match &item.kind {
            ExprKind::Constant(constant) => Some(constant_json(constant)),
            _ => None,
        },
        Some(ExprKind::Name(_)) => |item| match &item.kind {
            ExprKind::Name(name) => Some(Json::from(&*name.id)),
            _ => None,
        },
        _ => return Ok(Json::Array(Vec::new())),
    };
    let values: Option<Vec<Json>> = items.iter().map(read).collect();
    values.map(Json::Array).ok_or(Unreadable)
}

fn constant_json(constant: &Constant) -> Json {
    match constant {
        Constant::None | Constant::Surrogate => Json::Null,
        Constant::Bool(b) => Json::Bool(*b),
        Constant::Int(n) => Json::from(*n),
        // Larger than any integer of our JSON type.
        Constant::BigInt(n) => Json::from(Int::Big(std::sync::Arc::clone(n)).to_f64()),
        Constant::Float(x) => Json::from(*x),
        Constant::Imaginary(x) => Json::String(format!("{x}j")),
        Constant::Str(s) => Json::from(&**s),
        Constant::Bytes(b) => {
            let value = Value::Bytes(std::sync::Arc::clone(b));
            Json::String(repr(&value, 1 << 16).unwrap_or_default())
        }
        Constant::Ellipsis => Json::from("Ellipsis"),
    }
}

#[cfg(test)]
mod tests;
