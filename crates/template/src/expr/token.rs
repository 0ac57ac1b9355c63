//! Tokens of Python expressions.
//!
//! Line breaks inside brackets and after a backslash are blanks; elsewhere they separate statements.
//! String literals stay raw here; `string` decodes them.

use super::{SyntaxError, ast::Span, slice};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    Name,
    Keyword,
    Number,
    String,
    Op(&'static str),
    /// A line break or `;` between statements.
    Separator,
    End,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: TokenKind,
    pub(super) span: Span,
}

const KEYWORDS: [&str; 35] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue",
    "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import",
    "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while",
    "with", "yield",
];

/// Operators, longest first.
const OPERATORS: [&str; 46] = [
    "**=", "//=", ">>=", "<<=", "...", "==", "!=", "<=", ">=", "->", "+=", "-=", "*=", "/=", "%=",
    "&=", "|=", "^=", "@=", ":=", "**", "//", "<<", ">>", "+", "-", "*", "/", "%", "@", "&", "|",
    "^", "~", "<", ">", "(", ")", "[", "]", "{", "}", ",", ":", ".", "=",
];

/// Deepest nesting of brackets in Python's own tokenizer.
const BRACKETS_MAX: usize = 200;

/// Returns whether `c` can start an identifier.
pub(crate) fn is_name_start(c: char) -> bool {
    c == '_' || c.is_alphabetic()
}

/// Returns whether `c` can continue an identifier.
pub(crate) fn is_name_continue(c: char) -> bool {
    c == '_' || c.is_alphanumeric() || ('\u{300}'..='\u{36f}').contains(&c)
}

/// The tokens of a tag.
pub(super) struct Tokens {
    pub(super) list: Vec<Token>,
    /// A line break outside of brackets was seen.
    pub(super) has_line_break: bool,
    /// A comment or `;` outside of brackets was seen.
    pub(super) has_tail: bool,
}

pub(super) fn tokenize(text: &str) -> Result<Tokens, SyntaxError> {
    let mut lexer = Lexer {
        text,
        pos: 0,
        brackets: Vec::new(),
        tokens: Vec::new(),
        has_line_break: false,
        has_tail: false,
    };
    lexer.run()?;
    Ok(Tokens {
        list: lexer.tokens,
        has_line_break: lexer.has_line_break,
        has_tail: lexer.has_tail,
    })
}

struct Lexer<'t> {
    text: &'t str,
    pos: usize,
    brackets: Vec<char>,
    tokens: Vec<Token>,
    has_line_break: bool,
    has_tail: bool,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.pos..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_at(&self, n: usize) -> Option<char> {
        self.rest().chars().nth(n)
    }

    fn error<T>(&self, message: &str) -> Result<T, SyntaxError> {
        Err(SyntaxError::new(message, self.pos))
    }

    fn push(&mut self, kind: TokenKind, start: usize) {
        let span = Span {
            start,
            end: self.pos,
        };
        self.tokens.push(Token { kind, span });
    }

    fn run(&mut self) -> Result<(), SyntaxError> {
        while let Some(c) = self.peek() {
            let start = self.pos;
            match c {
                ' ' | '\t' | '\x0c' => self.pos += 1,
                '\n' | '\r' => self.line_break()?,
                '#' => {
                    let len = self.rest().find('\n').unwrap_or(self.rest().len());
                    self.pos += len;
                    self.has_tail |= self.brackets.is_empty();
                }
                '\\' => self.continuation()?,
                ';' if self.brackets.is_empty() => {
                    self.pos += 1;
                    self.has_tail = true;
                    self.push(TokenKind::Separator, start);
                }
                '0'..='9' => self.number()?,
                '.' if self.peek_at(1).is_some_and(|c| c.is_ascii_digit()) => self.number()?,
                '"' | '\'' => self.string(start)?,
                c if is_name_start(c) => self.name_or_string()?,
                _ => self.operator()?,
            }
        }
        if let Some(open) = self.brackets.last() {
            return self.error(&format!("'{open}' was never closed"));
        }
        let end = self.pos;
        self.push(TokenKind::End, end);
        Ok(())
    }

    fn line_break(&mut self) -> Result<(), SyntaxError> {
        let start = self.pos;
        self.pos += 1;
        if !self.brackets.is_empty() {
            return Ok(());
        }
        self.has_line_break = true;
        let rest = self.rest();
        let blank = rest.len() - rest.trim_start_matches([' ', '\t', '\x0c']).len();
        let next = slice(rest, blank, rest.len()).chars().next();
        if blank > 0 && !matches!(next, None | Some('\n' | '\r' | '#')) {
            return self.error("unexpected indent");
        }
        self.push(TokenKind::Separator, start);
        Ok(())
    }

    fn continuation(&mut self) -> Result<(), SyntaxError> {
        let rest = self.rest();
        let len = if rest.starts_with("\\\n") {
            2
        } else if rest.starts_with("\\\r\n") {
            3
        } else {
            return self.error("unexpected character after line continuation character");
        };
        self.pos += len;
        if self.rest().is_empty() {
            return self.error("unexpected EOF while parsing");
        }
        Ok(())
    }

    fn operator(&mut self) -> Result<(), SyntaxError> {
        let start = self.pos;
        let rest = self.rest();
        let Some(op) = OPERATORS.iter().find(|op| rest.starts_with(**op)) else {
            return self.error("invalid syntax");
        };
        match *op {
            "(" => self.brackets.push('('),
            "[" => self.brackets.push('['),
            "{" => self.brackets.push('{'),
            ")" => self.close('(', ')')?,
            "]" => self.close('[', ']')?,
            "}" => self.close('{', '}')?,
            _ => {}
        }
        if self.brackets.len() >= BRACKETS_MAX {
            return self.error("too many nested parentheses");
        }
        self.pos += op.len();
        self.push(TokenKind::Op(op), start);
        Ok(())
    }

    fn close(&mut self, open: char, close: char) -> Result<(), SyntaxError> {
        match self.brackets.pop() {
            Some(last) if last == open => Ok(()),
            Some(last) => {
                let message = format!(
                    "closing parenthesis '{close}' does not match opening parenthesis '{last}'"
                );
                self.error(&message)
            }
            None => self.error(&format!("unmatched '{close}'")),
        }
    }

    fn name_or_string(&mut self) -> Result<(), SyntaxError> {
        let start = self.pos;
        let rest = self.rest();
        let len = rest.find(|c| !is_name_continue(c)).unwrap_or(rest.len());
        let word = slice(rest, 0, len);
        let next = slice(rest, len, rest.len()).chars().next();
        if matches!(next, Some('"' | '\'')) && is_string_prefix(word) {
            self.pos += len;
            return self.string(start);
        }
        self.pos += len;
        let kind = if KEYWORDS.contains(&word) {
            TokenKind::Keyword
        } else {
            TokenKind::Name
        };
        self.push(kind, start);
        Ok(())
    }

    /// Skips a literal whose prefix ends at the current position.
    fn string(&mut self, start: usize) -> Result<(), SyntaxError> {
        let rest = self.rest();
        let quote = if rest.starts_with("\"\"\"") {
            "\"\"\""
        } else if rest.starts_with("'''") {
            "'''"
        } else if rest.starts_with('"') {
            "\""
        } else {
            "'"
        };
        let body = slice(rest, quote.len(), rest.len());
        let mut chars = body.char_indices();
        while let Some((offset, c)) = chars.next() {
            if slice(body, offset, body.len()).starts_with(quote) {
                self.pos += quote.len() + offset + quote.len();
                self.push(TokenKind::String, start);
                return Ok(());
            }
            if c == '\\' {
                chars.next();
            } else if c == '\n' && quote.len() == 1 {
                break;
            }
        }
        if quote.len() == 1 {
            self.error("unterminated string literal")
        } else {
            self.error("unterminated triple-quoted string literal")
        }
    }

    fn number(&mut self) -> Result<(), SyntaxError> {
        let start = self.pos;
        let rest = self.rest();
        let len = number_length(rest).map_err(|message| SyntaxError::new(message, start))?;
        self.pos += len;
        let rest = self.rest();
        if rest.chars().next().is_some_and(is_name_continue) {
            let word_len = rest.find(|c| !is_name_continue(c)).unwrap_or(rest.len());
            let word = slice(rest, 0, word_len);
            if !["and", "else", "for", "if", "in", "is", "or", "not"].contains(&word) {
                return self.error("invalid decimal literal");
            }
        }
        self.push(TokenKind::Number, start);
        Ok(())
    }
}

fn is_string_prefix(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    ["r", "u", "b", "f", "br", "rb", "fr", "rf"].contains(&lower.as_str())
}

/// Returns the length of the number at the start of `text`.
fn number_length(text: &str) -> Result<usize, &'static str> {
    let bytes = text.as_bytes();
    let lower = |i: usize| bytes.get(i).map(u8::to_ascii_lowercase);
    if lower(0) == Some(b'0') {
        let is_digit: Option<fn(u8) -> bool> = match lower(1) {
            Some(b'x') => Some(|b| b.is_ascii_hexdigit()),
            Some(b'o') => Some(|b| (b'0'..=b'7').contains(&b)),
            Some(b'b') => Some(|b| (b'0'..=b'1').contains(&b)),
            _ => None,
        };
        if let Some(is_digit) = is_digit {
            let start = if lower(2) == Some(b'_') { 3 } else { 2 };
            let end = digits(bytes, start, is_digit).ok_or("invalid number")?;
            if end == start {
                return Err("invalid number");
            }
            return Ok(end);
        }
    }
    let is_digit = |b: u8| b.is_ascii_digit();
    let mut end = digits(bytes, 0, is_digit).ok_or("invalid decimal literal")?;
    let mut is_float = false;
    let whole = end;
    if lower(end) == Some(b'.') {
        is_float = true;
        end = digits(bytes, end + 1, is_digit).ok_or("invalid decimal literal")?;
    }
    if lower(end) == Some(b'e') {
        let sign = usize::from(matches!(lower(end + 1), Some(b'+' | b'-')));
        let start = end + 1 + sign;
        let stop = digits(bytes, start, is_digit).ok_or("invalid decimal literal")?;
        if stop > start {
            is_float = true;
            end = stop;
        }
    }
    if lower(end) == Some(b'j') {
        return Ok(end + 1);
    }
    let leading_zero = lower(0) == Some(b'0') && whole > 1;
    if !is_float && leading_zero && bytes.iter().take(whole).any(|b| !matches!(b, b'0' | b'_')) {
        return Err(
            "leading zeros in decimal integer literals are not permitted; \
             use an 0o prefix for octal integers",
        );
    }
    Ok(end)
}

/// Returns the end of the digits that start at `pos`; single underscores may separate them.
fn digits(bytes: &[u8], mut pos: usize, is_digit: impl Fn(u8) -> bool) -> Option<usize> {
    let start = pos;
    while let Some(&b) = bytes.get(pos) {
        if is_digit(b) {
            pos += 1;
        } else if b == b'_' {
            let next = bytes.get(pos + 1).copied();
            if pos == start || !next.is_some_and(&is_digit) {
                return None;
            }
            pos += 1;
        } else {
            break;
        }
    }
    Some(pos)
}
