//! Blocks, loops, `try` and assignments.

use std::rc::Rc;

use super::Evaluator;
use super::exception::{Eval, Exception, ExceptionClass, Origin, Stop, type_error, value_error};
use crate::expr::ast::{Expr, ExprKind, Name, Statement};
use crate::structure::{Block, Branch, BranchHead, Head, Node};
use crate::value::{Heap, Value};

/// How a sequence of nodes ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Normal,
    Break,
    Continue,
}

impl Evaluator<'_> {
    pub(crate) fn nodes(&mut self, nodes: &[Node]) -> Eval<Flow> {
        for node in nodes {
            match node {
                Node::Text(text) => self.write(text)?,
                Node::Output(output) => {
                    self.line = output.line;
                    self.output(output)?;
                }
                Node::Set { statement, line } => {
                    self.line = *line;
                    self.set(statement)?;
                }
                Node::Block(block) => {
                    let flow = self.nested(|e| e.block(block))?;
                    if flow != Flow::Normal {
                        return Ok(flow);
                    }
                }
                Node::Break => return Ok(Flow::Break),
                Node::Continue => return Ok(Flow::Continue),
            }
        }
        Ok(Flow::Normal)
    }

    fn block(&mut self, block: &Block) -> Eval<Flow> {
        self.line = block.line;
        match &block.head {
            Head::If(test) => self.if_block(test, block),
            Head::While(test) => self.while_block(test, block),
            Head::For { target, iter } => self.for_block(target, iter, block),
            Head::Try => self.try_block(block),
        }
    }

    fn if_block(&mut self, test: &Expr, block: &Block) -> Eval<Flow> {
        if self.condition(test)? {
            return self.nodes(&block.body);
        }
        for branch in &block.branches {
            let taken = match &branch.head {
                BranchHead::Elif(test) => {
                    self.line = branch.line;
                    self.condition(test)?
                }
                _ => true,
            };
            if taken {
                return self.nodes(&branch.body);
            }
        }
        Ok(Flow::Normal)
    }

    fn condition(&mut self, test: &Expr) -> Eval<bool> {
        Ok(self.expr(test)?.truth())
    }

    fn while_block(&mut self, test: &Expr, block: &Block) -> Eval<Flow> {
        while self.condition(test)? {
            self.step()?;
            if self.nodes(&block.body)? == Flow::Break {
                return Ok(Flow::Normal);
            }
            self.line = block.line;
        }
        self.else_branch(block)
    }

    fn for_block(&mut self, target: &Expr, iter: &Expr, block: &Block) -> Eval<Flow> {
        let iterable = self.expr(iter)?;
        let iterator = self.iterate(&iterable)?;
        while let Some(item) = self.next(&iterator)? {
            self.assign(target, item)?;
            if self.nodes(&block.body)? == Flow::Break {
                return Ok(Flow::Normal);
            }
        }
        self.else_branch(block)
    }

    fn else_branch(&mut self, block: &Block) -> Eval<Flow> {
        match block.branches.first() {
            Some(branch) => self.nodes(&branch.body),
            None => Ok(Flow::Normal),
        }
    }

    fn try_block(&mut self, block: &Block) -> Eval<Flow> {
        let mut result = self.nodes(&block.body);
        let find =
            |wanted: fn(&BranchHead) -> bool| block.branches.iter().find(|b| wanted(&b.head));
        match result {
            Err(Stop::Raise(exception)) => result = self.handle(&exception, &block.branches),
            Ok(Flow::Normal) => {
                if let Some(branch) = find(|head| matches!(head, BranchHead::Else)) {
                    result = self.nodes(&branch.body);
                }
            }
            _ => {}
        }
        if let Some(branch) = find(|head| matches!(head, BranchHead::Finally))
            && !matches!(result, Err(Stop::Limit(_)))
        {
            let flow = self.nodes(&branch.body)?;
            if flow != Flow::Normal {
                return Ok(flow);
            }
        }
        result
    }

    fn handle(&mut self, exception: &Rc<Heap<Exception>>, branches: &[Branch]) -> Eval<Flow> {
        for branch in branches {
            let BranchHead::Except { class, name } = &branch.head else {
                continue;
            };
            self.handling.push(Rc::clone(exception));
            let result = self.handler(exception, class.as_ref(), name.as_ref(), branch);
            self.handling.pop();
            match result.map_err(|stop| with_context(stop, exception))? {
                Some(flow) => return Ok(flow),
                None => continue,
            }
        }
        Err(Stop::Raise(Rc::clone(exception)))
    }

    /// Runs a handler; `None` when it is for another class.
    fn handler(
        &mut self,
        exception: &Rc<Heap<Exception>>,
        class: Option<&Expr>,
        name: Option<&Name>,
        branch: &Branch,
    ) -> Eval<Option<Flow>> {
        if let Some(class) = class {
            let class = self.expr(class)?;
            if !matches_class(exception.class, &class)? {
                return Ok(None);
            }
        }
        let Some(name) = name else {
            return self.nodes(&branch.body).map(Some);
        };
        self.store(name.slot, Value::Exception(Rc::clone(exception)));
        let result = self.nodes(&branch.body);
        if let Some(slot) = self.frame.get_mut(name.slot) {
            *slot = None;
        }
        result.map(Some)
    }

    fn set(&mut self, statement: &Statement) -> Eval<()> {
        match statement {
            Statement::Expr(expr) => {
                self.expr(expr)?;
            }
            Statement::Assign { targets, value } => {
                let value = self.expr(value)?;
                for target in targets {
                    self.assign(target, value.clone())?;
                }
            }
            Statement::AugAssign { target, op, value } => {
                let old = self.expr(target)?;
                let value = self.expr(value)?;
                let new = self.augmented(*op, &old, &value)?;
                self.assign(target, new)?;
            }
            Statement::Other(_) => {}
        }
        Ok(())
    }

    pub(crate) fn store(&mut self, slot: usize, value: Value) {
        if let Some(place) = self.frame.get_mut(slot) {
            *place = Some(value);
        }
    }

    /// Assigns to a name, an element, or the parts of a tuple.
    pub(crate) fn assign(&mut self, target: &Expr, value: Value) -> Eval<()> {
        match &target.kind {
            ExprKind::Name(name) => {
                self.store(name.slot, value);
                Ok(())
            }
            ExprKind::Tuple(targets) | ExprKind::List(targets) => self.unpack(targets, &value),
            ExprKind::Subscript(parts) => {
                let container = self.expr(&parts.0)?;
                let index = self.expr(&parts.1)?;
                self.set_item(&container, &index, value)
            }
            ExprKind::Attribute(object, name) => {
                let object = self.expr(object)?;
                super::exception::no_attribute(&object, name)
            }
            _ => type_error("cannot assign to this expression"),
        }
    }

    fn unpack(&mut self, targets: &[Expr], value: &Value) -> Eval<()> {
        let Ok(iterator) = self.iterate(value) else {
            let message = format!("cannot unpack non-iterable {} object", value.type_name());
            return type_error(message);
        };
        let star = targets
            .iter()
            .position(|t| matches!(t.kind, ExprKind::Starred(_)));
        let wanted = targets.len() - usize::from(star.is_some());
        let mut items = Vec::new();
        while star.is_some() || items.len() <= wanted {
            match self.next(&iterator)? {
                Some(item) => items.push(item),
                None => break,
            }
        }
        if items.len() < wanted {
            let at_least = if star.is_some() { "at least " } else { "" };
            let message = format!(
                "not enough values to unpack (expected {at_least}{wanted}, got {})",
                items.len()
            );
            return value_error(message);
        }
        if star.is_none() && items.len() > wanted {
            return value_error(format!("too many values to unpack (expected {wanted})"));
        }
        let extra = items.len() - wanted;
        let mut items = items.into_iter();
        for target in targets {
            if let ExprKind::Starred(inner) = &target.kind {
                let rest: Vec<Value> = items.by_ref().take(extra).collect();
                self.assign(inner, Value::list(rest))?;
            } else {
                self.assign(target, items.next().unwrap_or_default())?;
            }
        }
        Ok(())
    }
}

/// Returns whether an exception is of a class, or of one of a tuple of classes.
fn matches_class(class: ExceptionClass, wanted: &Value) -> Eval<bool> {
    let not_a_class = "catching classes that do not inherit from BaseException is not allowed";
    match wanted {
        Value::Class(wanted) => Ok(class.is_subclass(*wanted)),
        Value::Tuple(items) => {
            for item in items.iter() {
                let Value::Class(wanted) = item else {
                    return type_error(not_a_class);
                };
                if class.is_subclass(*wanted) {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        _ => type_error(not_a_class),
    }
}

/// Notes that an exception was raised while another was handled.
fn with_context(stop: Stop, handled: &Rc<Heap<Exception>>) -> Stop {
    let Stop::Raise(raised) = stop else {
        return stop;
    };
    if Rc::ptr_eq(&raised, handled) {
        return Stop::Raise(raised);
    }
    let about_name = handled.class.is_subclass(ExceptionClass::NameError)
        || handled.context == Some(true)
        || raised.context == Some(true);
    let with = Exception {
        class: raised.class,
        args: raised.args.clone(),
        origin: match &raised.origin {
            Origin::Python => Origin::Python,
            Origin::ErrorFunction => Origin::ErrorFunction,
            Origin::Custom { body, code } => Origin::Custom {
                body: body.clone(),
                code: code.clone(),
            },
        },
        context: Some(about_name),
    };
    with.into()
}
