//! The line lexer: text → directives with their words or their block.
//!
//! Grammar as implemented, line by line:
//!
//! ```text
//! line      := blank | "#" comment | directive
//! directive := name { word } [ "#" comment ] | name ">" ignored… block
//! block     := lines until one that is not indented and starts with a directive name
//! word      := characters without blanks; a quote at the start of a word runs to its partner
//! ```
//!
//! Names are compared without case. Which names are directives depends on the kind of file and on
//! the dialect ([`Grammar`]). Comments are kept beside the directives, for the formatter. After a
//! line that cannot be understood the indented lines below it are passed over, so that one mistake
//! gives one error.

mod block;
mod suspects;
mod words;

use std::mem;
use std::ops::Range;

pub use block::BlockText;
pub(crate) use block::{Block, BlockLine, BlockLineKind};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::grammar::{BlockRule, DirectiveRule, Grammar, clip};
use crate::source::{SourceFile, Span, Spanned};
use words::{SplitError, split_words};

/// How many lines that are no directive are reported; a file with more is something else.
const UNKNOWN_LINES_MAX: usize = 20;

/// One directive of a file.
#[derive(Debug, Clone)]
pub(crate) struct Directive {
    /// What the grammar says about it.
    pub(crate) rule: &'static DirectiveRule,
    /// The name as written.
    pub(crate) keyword: Span,
    /// The words after the name, quotes included; empty when there is a block.
    pub(crate) words: Vec<Span>,
    /// Whether `>` follows the name.
    pub(crate) is_marked: bool,
    /// The lines below, when there is a `>` or has to be one.
    pub(crate) block: Option<Block>,
    /// Comment lines above.
    pub(crate) comments_above: Vec<Span>,
    /// The comment at the end of the line.
    pub(crate) comment: Option<Span>,
}

/// All directives of a file.
#[derive(Debug, Default)]
pub(crate) struct Lexed {
    /// In the order of the file.
    pub(crate) directives: Vec<Directive>,
    /// Comment lines after the last directive.
    pub(crate) comments_below: Vec<Span>,
}

impl Directive {
    /// Returns the name in upper case, aliases resolved.
    pub(crate) fn name(&self) -> &'static str {
        self.rule.name
    }

    /// Reports whether the `>` is missing, which has been reported.
    pub(crate) fn has_lost_block(&self) -> bool {
        self.rule.block == BlockRule::Always && !self.is_marked
    }

    /// Returns the span of the name and all words, or of the name and the block's mark.
    pub(crate) fn span(&self) -> Span {
        self.words
            .last()
            .map_or_else(|| self.keyword.clone(), |last| self.keyword.to(last))
    }

    /// Returns the value: the words joined by one blank, or the trimmed text of the block, without
    /// the surrounding quotes.
    pub(crate) fn value(&self) -> Option<Spanned<String>> {
        let Spanned { value, span } = self.quoted_value()?;
        Some(Spanned::new(unquote(&value).to_owned(), span))
    }

    /// Returns the value with its surrounding quotes.
    pub(crate) fn quoted_value(&self) -> Option<Spanned<String>> {
        if let Some(block) = &self.block {
            let text = block.trimmed();
            let span = text.whole_span()?;
            return Some(Spanned::new(text.as_str().to_owned(), span));
        }
        let (first, last) = (self.words.first()?, self.words.last()?);
        let words: Vec<&str> = self.words.iter().map(Span::text).collect();
        // A certificate on one line has blanks where its lines ended.
        let separator = if self.name() == "KAFKA_SSL_CA_PEM" {
            "\n"
        } else {
            " "
        };
        Some(Spanned::new(words.join(separator), first.to(last)))
    }

    /// Returns the first word without its quotes, for directives that ignore the others.
    pub(crate) fn first_word(&self) -> Option<Spanned<String>> {
        let word = self.words.first()?;
        Some(Spanned::new(unquote(word.text()).to_owned(), word.clone()))
    }
}

/// Returns the value that a text behind a directive's name has; `None` when it has a comment or a
/// quote that is never closed.
pub(crate) fn split_values(text: &str) -> Option<String> {
    let split = split_words(text)
        .ok()
        .filter(|split| split.comment.is_none())?;
    let words: Vec<&str> = split
        .words
        .into_iter()
        .filter_map(|word| text.get(word))
        .collect();
    if words.first() == Some(&">") {
        return None;
    }
    let joined = words.join(" ");
    Some(unquote(&joined).to_owned())
}

/// Removes one pair of surrounding quotes, of any kind.
pub(crate) fn unquote(text: &str) -> &str {
    let inner = text
        .strip_prefix(['"', '\''])
        .and_then(|rest| rest.strip_suffix(['"', '\'']));
    inner.unwrap_or(text)
}

/// Splits a file into its directives and reports what is no directive.
pub(crate) fn lex(file: &SourceFile, grammar: &Grammar, out: &mut Vec<Diagnostic>) -> Lexed {
    let mut lexer = Lexer {
        file,
        grammar,
        out,
        lexed: Lexed::default(),
        open: None,
        comments: Vec::new(),
        skipping: false,
        n_unknown: 0,
    };
    for range in file.lines() {
        lexer.line(range);
    }
    lexer.close_block();
    lexer.lexed.comments_below = lexer.comments;
    lexer.lexed
}

struct Lexer<'a> {
    file: &'a SourceFile,
    grammar: &'a Grammar,
    out: &'a mut Vec<Diagnostic>,
    lexed: Lexed,
    open: Option<OpenBlock>,
    comments: Vec<Span>,
    /// Whether the last line was in error, so that what is indented below belongs to it.
    skipping: bool,
    n_unknown: usize,
}

struct OpenBlock {
    /// Absent for the block of an unknown directive, whose lines are passed over.
    directive: Option<Directive>,
    lines: Vec<BlockLine>,
}

impl Lexer<'_> {
    fn line(&mut self, range: Range<usize>) {
        let text = self.file.slice(range.clone());
        let indented = text.starts_with([' ', '\t']);
        let trimmed = text.trim();
        let kind = match trimmed {
            "" => BlockLineKind::Blank,
            comment if comment.starts_with('#') => BlockLineKind::Comment,
            _ => BlockLineKind::Text,
        };
        if self.open.is_some()
            && !(kind == BlockLineKind::Text && !indented && self.starts_directive(&range))
        {
            if kind == BlockLineKind::Text {
                self.warn_suspect(&range, indented);
            }
            if let Some(open) = &mut self.open {
                open.lines.push(BlockLine { range, kind });
            }
            return;
        }
        self.close_block();
        match kind {
            BlockLineKind::Blank => {}
            BlockLineKind::Comment => self.comments.push(self.trimmed_span(&range)),
            BlockLineKind::Text => self.directive_line(range, indented),
        }
    }

    fn starts_directive(&self, range: &Range<usize>) -> bool {
        let Ok(line) = split_words(self.file.slice(range.clone())) else {
            return false;
        };
        let first = line
            .words
            .first()
            .map(|word| range.start + word.start..range.start + word.end);
        first.is_some_and(|word| self.grammar.ends_block(self.file.slice(word)))
    }

    fn directive_line(&mut self, range: Range<usize>, indented: bool) {
        let split = match split_words(self.file.slice(range.clone())) {
            Ok(split) => split,
            Err(SplitError::UnclosedQuote(offset)) => {
                let diagnostic = self.unclosed_quote(&range, range.start + offset);
                self.report_unknown(diagnostic, indented);
                return;
            }
        };
        let at = |word: &Range<usize>| {
            self.file
                .span(range.start + word.start..range.start + word.end)
        };
        let mut words: Vec<Span> = split.words.iter().map(at).collect();
        let comment = split.comment.as_ref().map(at);
        if words.is_empty() {
            return;
        }
        let keyword = words.remove(0);
        let is_block = words.first().is_some_and(|word| word.text() == ">");
        let Some(rule) = self.grammar.rule(keyword.text()) else {
            self.report_unknown(self.grammar.unknown_directive(&keyword), indented);
            if is_block {
                self.open = Some(OpenBlock {
                    directive: None,
                    lines: Vec::new(),
                });
            }
            return;
        };
        self.skipping = false;
        let comments_above = mem::take(&mut self.comments);
        if is_block {
            words.clear();
        }
        let directive = Directive {
            rule,
            keyword,
            words,
            is_marked: is_block,
            block: None,
            comments_above,
            comment,
        };
        self.place(directive);
    }

    /// Checks that a block is there exactly when the directive takes one, and opens it.
    fn place(&mut self, directive: Directive) {
        match (directive.rule.block, directive.is_marked) {
            (BlockRule::Never, true) => {
                let written = directive.keyword.text().to_ascii_uppercase();
                self.out.push(
                    Diagnostic::error(
                        codes::UNEXPECTED_BLOCK,
                        format!("{written} does not support multiline arguments"),
                        directive.keyword.clone(),
                    )
                    .with_hint(format!("write the value on the same line: {written} value")),
                );
                self.open = Some(OpenBlock {
                    directive: None,
                    lines: Vec::new(),
                });
            }
            (BlockRule::Always, false) => {
                let subject = if directive.name() == "FORWARD_QUERY" {
                    "SQL"
                } else {
                    directive.name()
                };
                self.out.push(
                    Diagnostic::error(
                        codes::MISSING_BLOCK,
                        format!("{subject} must be multiline"),
                        directive.keyword.clone(),
                    )
                    .with_hint(format!(
                        "write `{} >` and the text on the lines below, indented",
                        directive.name()
                    )),
                );
                // The lines below are meant to be the block.
                self.open = Some(OpenBlock {
                    directive: Some(directive),
                    lines: Vec::new(),
                });
            }
            (_, true) => {
                self.open = Some(OpenBlock {
                    directive: Some(directive),
                    lines: Vec::new(),
                });
            }
            (_, false) => self.lexed.directives.push(directive),
        }
    }

    fn close_block(&mut self) {
        let Some(OpenBlock {
            directive,
            mut lines,
        }) = self.open.take()
        else {
            return;
        };
        // Comments in the first column after the last line of text belong to what follows.
        let n_kept = lines
            .iter()
            .rposition(|line| match line.kind {
                BlockLineKind::Text => true,
                BlockLineKind::Comment => {
                    self.file.slice(line.range.clone()).starts_with([' ', '\t'])
                }
                BlockLineKind::Blank => false,
            })
            .map_or(0, |last| last + 1);
        for line in lines.split_off(n_kept) {
            if line.kind == BlockLineKind::Comment {
                self.comments.push(self.trimmed_span(&line.range));
            }
        }
        if let Some(mut directive) = directive {
            directive.block = Some(Block::new(self.file.clone(), lines));
            self.lexed.directives.push(directive);
        }
    }

    fn warn_suspect(&mut self, range: &Range<usize>, indented: bool) {
        let Some(rule) = self
            .open
            .as_ref()
            .and_then(|open| open.directive.as_ref())
            .map(|d| d.rule)
        else {
            return;
        };
        let Ok(split) = split_words(self.file.slice(range.clone())) else {
            return;
        };
        let words: Vec<Span> = split
            .words
            .iter()
            .map(|word| {
                self.file
                    .span(range.start + word.start..range.start + word.end)
            })
            .collect();
        self.out
            .extend(suspects::suspect_line(self.grammar, rule, &words, indented));
    }

    fn report_unknown(&mut self, diagnostic: Diagnostic, indented: bool) {
        let is_part_of_mistake = mem::replace(&mut self.skipping, true) && indented;
        if is_part_of_mistake {
            return;
        }
        self.n_unknown += 1;
        match self.n_unknown {
            ..=UNKNOWN_LINES_MAX => self.out.push(diagnostic),
            n if n == UNKNOWN_LINES_MAX + 1 => {
                let message = format!(
                    "more lines are not valid in {} files",
                    self.grammar.kind.word()
                );
                self.out.push(
                    Diagnostic::error(codes::UNKNOWN_DIRECTIVE, message, diagnostic.span)
                        .with_hint("is this a file of another kind?"),
                );
            }
            _ => {}
        }
    }

    fn unclosed_quote(&self, range: &Range<usize>, offset: usize) -> Diagnostic {
        let line = clip(self.file.slice(range.clone()).trim());
        Diagnostic::error(
            codes::UNCLOSED_QUOTE,
            format!(
                "{line} is not a valid option in {} files.",
                self.grammar.kind.word()
            ),
            self.file.span(offset..offset + 1),
        )
        .with_hint("this quote is never closed; close it, or do not start a word with it")
    }

    fn trimmed_span(&self, range: &Range<usize>) -> Span {
        let text = self.file.slice(range.clone());
        let start = range.start + (text.len() - text.trim_start().len());
        self.file.span(start..start + text.trim().len())
    }
}

#[cfg(test)]
mod tests;
