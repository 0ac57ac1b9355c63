//! Name resolution: gives every variable of a template its slot.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::compile::{Names, Slot, SlotKind};
use crate::expr::ast::{Call, Comprehension, Expr, ExprKind, FPart, Lambda, Name, Statement};
use crate::functions::Function;
use crate::structure::{BranchHead, Head, Node};

/// The variables of a template.
pub(crate) struct Resolved {
    pub(crate) slots: Vec<Slot>,
    pub(crate) used: Vec<(Arc<str>, usize)>,
}

/// A comprehension or lambda around the current expression.
struct Scope {
    names: Names,
    is_lambda: bool,
}

#[derive(Default)]
pub(crate) struct Resolver {
    slots: Vec<Slot>,
    index: Names,
    locals: HashSet<Arc<str>>,
    used: Vec<(Arc<str>, usize)>,
    scopes: Vec<Scope>,
    line: usize,
    /// Where the names of the current tag begin in `used`.
    tag_start: usize,
}

impl Resolver {
    /// Resolves the names of all nodes in place.
    pub(crate) fn run(nodes: &mut [Node]) -> Resolved {
        let mut resolver = Self::default();
        resolver.collect_nodes(nodes);
        resolver.resolve_nodes(nodes);
        Resolved {
            slots: resolver.slots,
            used: resolver.used,
        }
    }

    // First pass: which names are assigned anywhere.

    fn collect_nodes(&mut self, nodes: &[Node]) {
        for node in nodes {
            match node {
                Node::Set { statement, .. } => match statement {
                    Statement::Assign { targets, value } => {
                        targets.iter().for_each(|t| self.collect_target(t));
                        self.collect_named(value);
                    }
                    Statement::AugAssign { target, value, .. } => {
                        self.collect_target(target);
                        self.collect_named(value);
                    }
                    Statement::Expr(expr) => self.collect_named(expr),
                    Statement::Other(_) => {}
                },
                Node::Block(block) => {
                    match &block.head {
                        Head::If(e) | Head::While(e) => self.collect_named(e),
                        Head::For { target, iter } => {
                            self.collect_target(target);
                            self.collect_named(iter);
                        }
                        Head::Try => {}
                    }
                    self.collect_nodes(&block.body);
                    for branch in &block.branches {
                        match &branch.head {
                            BranchHead::Elif(e) => self.collect_named(e),
                            BranchHead::Except { name: Some(n), .. } => {
                                self.locals.insert(Arc::clone(&n.id));
                            }
                            _ => {}
                        }
                        self.collect_nodes(&branch.body);
                    }
                }
                Node::Text(_) | Node::Output(_) | Node::Break | Node::Continue => {}
            }
        }
    }

    fn collect_target(&mut self, target: &Expr) {
        match &target.kind {
            ExprKind::Name(name) => {
                self.locals.insert(Arc::clone(&name.id));
            }
            ExprKind::Tuple(items) | ExprKind::List(items) => {
                items.iter().for_each(|item| self.collect_target(item));
            }
            ExprKind::Starred(inner) => self.collect_target(inner),
            _ => {}
        }
    }

    /// Finds `name := value`, which assigns in the template unless a lambda is around it.
    fn collect_named(&mut self, expr: &Expr) {
        if let ExprKind::Named(name, _) = &expr.kind {
            self.locals.insert(Arc::clone(&name.id));
        }
        if matches!(expr.kind, ExprKind::Lambda(_)) {
            return;
        }
        let mut children = crate::expr::walk::children(expr);
        while let Some(child) = children.pop() {
            match child {
                crate::expr::walk::Child::Expr(e) => self.collect_named(e),
                other => children.extend(other.children()),
            }
        }
    }

    // Second pass: slots.

    fn resolve_nodes(&mut self, nodes: &mut [Node]) {
        for node in nodes {
            match node {
                Node::Output(output) => {
                    self.start_tag(output.line);
                    self.expr(&mut output.expr);
                }
                Node::Set { statement, line } => {
                    self.start_tag(*line);
                    self.statement(statement);
                }
                Node::Block(block) => {
                    self.start_tag(block.line);
                    match &mut block.head {
                        Head::If(e) | Head::While(e) => self.expr(e),
                        Head::For { target, iter } => {
                            self.expr(iter);
                            self.expr(target);
                        }
                        Head::Try => {}
                    }
                    self.resolve_nodes(&mut block.body);
                    for branch in &mut block.branches {
                        self.start_tag(branch.line);
                        match &mut branch.head {
                            BranchHead::Elif(e) => self.expr(e),
                            BranchHead::Except { class, name } => {
                                class.iter_mut().for_each(|e| self.expr(e));
                                name.iter_mut().for_each(|n| self.name(n));
                            }
                            BranchHead::Else | BranchHead::Finally => {}
                        }
                        self.resolve_nodes(&mut branch.body);
                    }
                }
                Node::Text(_) | Node::Break | Node::Continue => {}
            }
        }
    }

    fn statement(&mut self, statement: &mut Statement) {
        match statement {
            Statement::Expr(e) => self.expr(e),
            Statement::Assign { targets, value } => {
                self.expr(value);
                targets.iter_mut().for_each(|t| self.expr(t));
            }
            Statement::AugAssign { target, value, .. } => {
                self.expr(target);
                self.expr(value);
            }
            Statement::Other(_) => {}
        }
    }

    fn new_slot(&mut self, name: &Arc<str>, kind: SlotKind) -> usize {
        self.slots.push(Slot {
            name: Arc::clone(name),
            kind,
            last_line: None,
        });
        self.slots.len() - 1
    }

    /// Starts a tag; names are noted once for each.
    fn start_tag(&mut self, line: usize) {
        self.line = line;
        self.tag_start = self.used.len();
    }

    /// Notes a use outside of lambdas and comprehensions.
    fn note(&mut self, name: &Arc<str>) {
        let mut in_tag = self.used.iter().skip(self.tag_start);
        if !in_tag.any(|(known, _)| known == name) {
            self.used.push((Arc::clone(name), self.line));
        }
    }

    fn name(&mut self, name: &mut Name) {
        let inner = self.scopes.iter().rev().find_map(|s| s.names.get(&name.id));
        if let Some(slot) = inner {
            name.slot = *slot;
            return;
        }
        let slot = match self.index.get(&name.id) {
            Some(slot) => *slot,
            None => {
                let kind = if self.locals.contains(&name.id) {
                    SlotKind::Local
                } else {
                    Function::from_name(&name.id).map_or(SlotKind::Global, SlotKind::Function)
                };
                let slot = self.new_slot(&name.id, kind);
                self.index.insert(Arc::clone(&name.id), slot);
                slot
            }
        };
        name.slot = slot;
        name.is_free = !self.scopes.is_empty();
        if self.scopes.is_empty() {
            let id = Arc::clone(&name.id);
            self.note(&id);
            let line = self.line;
            if let Some(slot) = self.slots.get_mut(slot) {
                slot.last_line = Some(line);
            }
        }
    }

    fn expr(&mut self, expr: &mut Expr) {
        match &mut expr.kind {
            ExprKind::Constant(_) | ExprKind::Yield(None) => {}
            ExprKind::Name(name) => self.name(name),
            ExprKind::FString(parts) => self.parts(parts),
            ExprKind::Unary(_, e) | ExprKind::Starred(e) | ExprKind::Await(e) => self.expr(e),
            ExprKind::Yield(Some(e)) => self.expr(e),
            ExprKind::Attribute(e, name) => {
                self.expr(e);
                if self.scopes.is_empty() {
                    let name = Arc::clone(name);
                    self.note(&name);
                }
            }
            ExprKind::Named(name, value) => {
                self.expr(value);
                self.named(name);
            }
            ExprKind::Binary(_, operands) | ExprKind::Subscript(operands) => {
                self.expr(&mut operands.0);
                self.expr(&mut operands.1);
            }
            ExprKind::Bool(_, items)
            | ExprKind::List(items)
            | ExprKind::Tuple(items)
            | ExprKind::Set(items) => items.iter_mut().for_each(|e| self.expr(e)),
            ExprKind::Compare(compare) => {
                self.expr(&mut compare.left);
                compare.rest.iter_mut().for_each(|(_, e)| self.expr(e));
            }
            ExprKind::Conditional(c) => {
                self.expr(&mut c.test);
                self.expr(&mut c.body);
                self.expr(&mut c.orelse);
            }
            ExprKind::Call(call) => self.call(call),
            ExprKind::Slice(slice) => [&mut slice.lower, &mut slice.upper, &mut slice.step]
                .into_iter()
                .flatten()
                .for_each(|e| self.expr(e)),
            ExprKind::Dict(items) => {
                for (key, value) in items {
                    key.iter_mut().for_each(|e| self.expr(e));
                    self.expr(value);
                }
            }
            ExprKind::Comprehension(comprehension) => {
                if let Some(comprehension) = Arc::get_mut(comprehension) {
                    self.comprehension(comprehension);
                }
            }
            ExprKind::Lambda(lambda) => {
                if let Some(lambda) = Arc::get_mut(lambda) {
                    self.lambda(lambda);
                }
            }
        }
    }

    fn call(&mut self, call: &mut Call) {
        self.expr(&mut call.callee);
        call.args.iter_mut().for_each(|e| self.expr(e));
        call.keywords
            .iter_mut()
            .for_each(|k| self.expr(&mut k.value));
    }

    fn parts(&mut self, parts: &mut [FPart]) {
        for part in parts {
            if let FPart::Value(field) = part {
                self.expr(&mut field.value);
                if let Some(spec) = &mut field.spec {
                    self.parts(spec);
                }
            }
        }
    }

    /// A name before `:=` belongs to the innermost lambda, or to the template.
    fn named(&mut self, name: &mut Name) {
        let lambda = self.scopes.iter().rposition(|s| s.is_lambda);
        let Some(lambda) = lambda else {
            let scopes = std::mem::take(&mut self.scopes);
            self.name(name);
            self.scopes = scopes;
            return;
        };
        let known = self
            .scopes
            .get(lambda)
            .and_then(|s| s.names.get(&name.id))
            .copied();
        let slot = match known {
            Some(slot) => slot,
            None => self.new_slot(&name.id, SlotKind::Inner),
        };
        if let Some(scope) = self.scopes.get_mut(lambda) {
            scope.names.insert(Arc::clone(&name.id), slot);
        }
        name.slot = slot;
    }

    /// Returns the slots of all enclosing comprehensions and lambdas.
    fn captured(&self) -> Vec<usize> {
        self.scopes
            .iter()
            .flat_map(|s| s.names.values().copied())
            .collect()
    }

    fn comprehension(&mut self, comprehension: &mut Comprehension) {
        comprehension.captured = self.captured();
        // The first iterable is evaluated outside.
        if let Some(first) = comprehension.clauses.first_mut() {
            self.expr(&mut first.iter);
        }
        let mut names: Names = HashMap::new();
        let mut targets = Vec::new();
        for clause in &comprehension.clauses {
            target_names(&clause.target, &mut targets);
        }
        for name in targets {
            let slot = self.new_slot(&name, SlotKind::Inner);
            names.insert(name, slot);
        }
        self.scopes.push(Scope {
            names,
            is_lambda: false,
        });
        for (i, clause) in comprehension.clauses.iter_mut().enumerate() {
            if i > 0 {
                self.expr(&mut clause.iter);
            }
            self.expr(&mut clause.target);
            clause.conditions.iter_mut().for_each(|e| self.expr(e));
        }
        self.expr(&mut comprehension.element);
        comprehension.value.iter_mut().for_each(|e| self.expr(e));
        self.scopes.pop();
    }

    fn lambda(&mut self, lambda: &mut Lambda) {
        lambda.captured = self.captured();
        let mut names: Names = HashMap::new();
        for param in &mut lambda.params {
            param.default.iter_mut().for_each(|e| self.expr(e));
            param.name.slot = self.new_slot(&param.name.id, SlotKind::Inner);
            names.insert(Arc::clone(&param.name.id), param.name.slot);
        }
        self.scopes.push(Scope {
            names,
            is_lambda: true,
        });
        self.expr(&mut lambda.body);
        self.scopes.pop();
    }
}

fn target_names(target: &Expr, out: &mut Vec<Arc<str>>) {
    match &target.kind {
        ExprKind::Name(name) if !out.contains(&name.id) => out.push(Arc::clone(&name.id)),
        ExprKind::Tuple(items) | ExprKind::List(items) => {
            items.iter().for_each(|item| target_names(item, out));
        }
        ExprKind::Starred(inner) => target_names(inner, out),
        _ => {}
    }
}
