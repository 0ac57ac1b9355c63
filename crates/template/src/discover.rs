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
use crate::expr::ast::{BinaryOp, Call, Constant, Expr, ExprKind, UnaryOp};
use crate::expr::walk::{Child, statement_children};
use crate::functions::Function;
use crate::structure::{BranchHead, Head, Node};
use crate::value::repr::repr;
use crate::value::{Int, Value};

/// A parameter as one tag declares it.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    fields: Map<String, Json>,
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
            Ok(parameters) => self.findings.push(Finding {
                parameters,
                is_output,
                is_bare_output,
            }),
            Err(error) => {
                self.failure.get_or_insert(error);
            }
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
                    insert(&mut found, fields, true);
                }
                ExprKind::Named(name, _) if !is_known(&name.id) => {
                    let fields = entry(Json::from(&*name.id), "String", Json::Null);
                    insert(&mut found, fields, true);
                }
                ExprKind::Call(call) => {
                    direct.push(std::ptr::from_ref(&call.callee));
                    direct.extend(call.args.iter().map(std::ptr::from_ref));
                    find_call(call, &mut found)?;
                }
                _ => {}
            }
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

fn is_known(name: &str) -> bool {
    is_builtin(name) || Function::from_name(name).is_some()
}

fn entry(name: Json, kind: &str, default: Json) -> Map<String, Json> {
    let mut fields = Map::new();
    fields.insert("name".to_owned(), name);
    fields.insert("type".to_owned(), Json::from(kind));
    fields.insert("default".to_owned(), default);
    fields
}

fn insert(found: &mut IndexMap<String, Parameter>, fields: Map<String, Json>, replaces: bool) {
    let key = fields.get("name").map(Json::to_string).unwrap_or_default();
    if replaces || !found.contains_key(&key) {
        found.insert(key, Parameter { fields });
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
        Some(Function::Boolean) if function == "Boolean" => Declares::Scalar("Boolean"),
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
    let Some(first) = call.args.first() else {
        return Ok(());
    };
    let name = argument(first);
    if let Argument::List(items) = &name {
        let shown = repr(&Value::list(items.clone()), 1 << 16).unwrap_or_default();
        let message = format!("\"{shown}\" can not be used as a variable name");
        return Err(TemplateError::new(ErrorKind::Reserved, message));
    }
    if call.keywords.iter().any(|k| k.name.is_none()) && !matches!(declares, Declares::Argument) {
        let message = "keywords must be strings";
        return Err(TemplateError::new(ErrorKind::Runtime, message));
    }
    let name = name.to_json();
    if name.is_null() {
        return Ok(());
    }
    let (kind, default_index) = match declares {
        Declares::Scalar(kind) => (kind.to_owned(), 1),
        Declares::Array => {
            let element = call.args.get(1).map(|e| argument(e).to_json());
            let element = match element {
                Some(Json::String(element)) if !element.is_empty() => element,
                _ => "String".to_owned(),
            };
            (format!("Array({element})"), 2)
        }
        Declares::Argument | Declares::Nothing => {
            let mut fields = entry(name, "String", Json::Null);
            fields.insert("used_in".to_owned(), Json::from("function_call"));
            insert(found, fields, false);
            return Ok(());
        }
    };
    let positional = call.args.get(default_index).map(|e| argument(e).to_json());
    let mut fields = entry(name, &kind, positional.unwrap_or(Json::Null));
    for keyword in &call.keywords {
        if let Some(name) = &keyword.name {
            fields.insert(name.to_string(), argument(&keyword.value).to_json());
        }
    }
    if let Some(default) = fields.get_mut("default") {
        limit_integer(default);
    }
    insert(found, fields, true);
    Ok(())
}

/// Turns an integer that JavaScript cannot hold into text.
fn limit_integer(value: &mut Json) {
    const LARGEST: i64 = (1 << 53) - 1;
    let is_large = match value {
        Json::Number(number) if !number.is_f64() => number.as_i64().is_none_or(|n| n > LARGEST),
        _ => false,
    };
    if is_large {
        *value = Json::String(value.to_string());
    }
}

/// The value of an argument, as far as it can be told without running the template.
enum Argument {
    Value(Json),
    List(Vec<Value>),
}

impl Argument {
    fn to_json(&self) -> Json {
        match self {
            Self::Value(json) => json.clone(),
            Self::List(items) => Value::list(items.clone()).to_json().unwrap_or(Json::Null),
        }
    }
}

fn argument(expr: &Expr) -> Argument {
    if let ExprKind::List(items) = &expr.kind {
        let values = items.iter().map(|item| scalar(item).unwrap_or_default());
        return Argument::List(values.collect());
    }
    if let ExprKind::Binary(_, operands) = &expr.kind {
        return argument(&operands.0);
    }
    let value = scalar(expr).and_then(|value| match value.as_int() {
        // Larger than any JSON number of ours: kept as text.
        Some(Int::Big(big)) => Some(Json::String(big.to_string())),
        _ => value.to_json(),
    });
    Argument::Value(value.unwrap_or(Json::Null))
}

fn scalar(expr: &Expr) -> Option<Value> {
    match &expr.kind {
        ExprKind::Constant(constant) => match constant {
            Constant::None => Some(Value::None),
            Constant::Bool(b) => Some(Value::Bool(*b)),
            Constant::Int(n) => Some(Value::Int(*n)),
            Constant::BigInt(n) => Some(Value::BigInt(std::sync::Arc::clone(n))),
            Constant::Float(x) => Some(Value::Float(*x)),
            Constant::Str(s) => Some(Value::Str(std::sync::Arc::clone(s))),
            Constant::Bytes(b) => Some(Value::Bytes(std::sync::Arc::clone(b))),
            Constant::Imaginary(_) | Constant::Surrogate | Constant::Ellipsis => None,
        },
        ExprKind::Name(name) => Some(Value::Str(std::sync::Arc::clone(&name.id))),
        ExprKind::Unary(UnaryOp::Minus, operand) => match scalar(operand)? {
            Value::Float(x) => Some(Value::Float(-x)),
            other => other.as_int().map(|int| int.neg().into()),
        },
        ExprKind::Binary(BinaryOp::Add, operands) => scalar(&operands.0),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
