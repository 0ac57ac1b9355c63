//! String, bytes and f-string literals.
//!
//! f-strings follow Python 3.11: expressions inside of them hold no backslash and no comment, and
//! format specifications nest two levels deep.

use std::sync::Arc;

use super::ast::{Constant, ExprKind, FPart, FValue};
use super::parser::{Nesting, parse_single};
use super::{SyntaxError, slice};

/// The literals of one atom, which Python joins: `'a' f'{b}' "c"`.
pub(super) struct Joined {
    parts: Vec<FPart>,
    bytes: Option<Vec<u8>>,
    is_formatted: bool,
    has_surrogate: bool,
}

impl Joined {
    pub(super) fn new() -> Self {
        Self {
            parts: Vec::new(),
            bytes: None,
            is_formatted: false,
            has_surrogate: false,
        }
    }

    /// Adds one literal token that starts at `base` in the tag.
    pub(super) fn add(
        &mut self,
        token: &str,
        base: usize,
        is_first: bool,
        nesting: Nesting,
    ) -> Result<(), SyntaxError> {
        let prefix_len = token.find(['"', '\'']).unwrap_or(0);
        let prefix = slice(token, 0, prefix_len).to_ascii_lowercase();
        let rest = slice(token, prefix_len, token.len());
        let quote_len = if rest.starts_with("\"\"\"") || rest.starts_with("'''") {
            3
        } else {
            1
        };
        let body = slice(rest, quote_len, rest.len().saturating_sub(quote_len));
        let base = base + prefix_len + quote_len;
        let is_raw = prefix.contains('r');
        let is_bytes = prefix.contains('b');
        if !is_first && is_bytes != self.bytes.is_some() {
            return Err(SyntaxError::new(
                "cannot mix bytes and nonbytes literals",
                base,
            ));
        }
        if is_bytes {
            let decoded = decode_bytes(body, is_raw, base)?;
            self.bytes.get_or_insert_default().extend(decoded);
            return Ok(());
        }
        if prefix.contains('f') {
            self.is_formatted = true;
            let mut scanner = FScanner {
                body,
                base,
                pos: 0,
                is_raw,
                nesting,
            };
            let parts = scanner.parts(0)?;
            self.parts.extend(parts);
            return Ok(());
        }
        let decoded = if is_raw {
            Decoded::plain(body)
        } else {
            decode(body, base)?
        };
        self.has_surrogate |= decoded.has_surrogate;
        self.parts.push(FPart::Text(decoded.text.into()));
        Ok(())
    }

    pub(super) fn finish(self) -> ExprKind {
        if self.has_surrogate {
            return ExprKind::Constant(Constant::Surrogate);
        }
        if let Some(bytes) = self.bytes {
            return ExprKind::Constant(Constant::Bytes(bytes.into()));
        }
        if self.is_formatted {
            return ExprKind::FString(self.parts);
        }
        let text: Arc<str> = match self.parts.as_slice() {
            [FPart::Text(text)] => Arc::clone(text),
            parts => parts
                .iter()
                .filter_map(|part| match part {
                    FPart::Text(text) => Some(&**text),
                    FPart::Value(_) => None,
                })
                .collect::<String>()
                .into(),
        };
        ExprKind::Constant(Constant::Str(text))
    }
}

/// Text of a literal after its escapes were resolved.
pub(crate) struct Decoded {
    pub(crate) text: String,
    /// An escape stood for a lone surrogate, which this text cannot hold.
    pub(crate) has_surrogate: bool,
}

impl Decoded {
    fn plain(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            has_surrogate: false,
        }
    }
}

/// Resolves the escapes of an ordinary string literal. Unknown escapes keep their backslash.
pub(crate) fn decode(body: &str, base: usize) -> Result<Decoded, SyntaxError> {
    let mut out = Decoded {
        text: String::with_capacity(body.len()),
        has_surrogate: false,
    };
    let mut chars = body.char_indices().peekable();
    while let Some((offset, c)) = chars.next() {
        if c != '\\' {
            out.text.push(c);
            continue;
        }
        let Some((_, escape)) = chars.next() else {
            out.text.push('\\');
            break;
        };
        let width = match escape {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            'N' => {
                let message = "(unicode error) 'unicodeescape' codec can't decode bytes: \
                               malformed \\N character escape";
                return Err(SyntaxError::new(message, base + offset));
            }
            _ => 0,
        };
        if width > 0 {
            let digits = slice(body, offset + 2, offset + 2 + width);
            let is_hex = digits.len() == width && digits.bytes().all(|b| b.is_ascii_hexdigit());
            let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex);
            let Some(code) = code else {
                let message = format!(
                    "(unicode error) 'unicodeescape' codec can't decode bytes: \
                     truncated \\{escape} escape"
                );
                return Err(SyntaxError::new(message, base + offset));
            };
            match char::from_u32(code) {
                Some(c) => out.text.push(c),
                None if code < 0x11_0000 => out.has_surrogate = true,
                None => {
                    let message = "(unicode error) 'unicodeescape' codec can't decode bytes: \
                                   illegal Unicode character";
                    return Err(SyntaxError::new(message, base + offset));
                }
            }
            for _ in 0..width {
                chars.next();
            }
            continue;
        }
        match simple_escape(escape) {
            Some(Some(c)) => out.text.push(c),
            Some(None) => {}
            None if escape.is_digit(8) => {
                let code = octal(body, offset + 1);
                for _ in 1..code.1 {
                    chars.next();
                }
                out.text.push(char::from_u32(code.0).unwrap_or_default());
            }
            None => {
                out.text.push('\\');
                out.text.push(escape);
            }
        }
    }
    Ok(out)
}

/// Returns the character of a one-letter escape; `Some(None)` for an escaped line break.
fn simple_escape(escape: char) -> Option<Option<char>> {
    Some(Some(match escape {
        '\n' => return Some(None),
        '\\' => '\\',
        '\'' => '\'',
        '"' => '"',
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        _ => return None,
    }))
}

/// Returns code and length of the one to three octal digits at `pos`.
fn octal(body: &str, pos: usize) -> (u32, usize) {
    let digits = body.bytes().skip(pos).take(3);
    let (mut code, mut len) = (0, 0);
    for b in digits.take_while(|b| (b'0'..=b'7').contains(b)) {
        code = code * 8 + u32::from(b - b'0');
        len += 1;
    }
    (code, len)
}

fn decode_bytes(body: &str, is_raw: bool, base: usize) -> Result<Vec<u8>, SyntaxError> {
    if !body.is_ascii() {
        let message = "bytes can only contain ASCII literal characters";
        return Err(SyntaxError::new(message, base));
    }
    if is_raw {
        return Ok(body.as_bytes().to_vec());
    }
    // `\u`, `\U` and `\N` are no escapes in bytes.
    let mut masked = String::with_capacity(body.len());
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        masked.push(c);
        if c == '\\' {
            match chars.next() {
                Some(next @ ('u' | 'U' | 'N')) => {
                    masked.push('\\');
                    masked.push(next);
                }
                Some(next) => masked.push(next),
                None => {}
            }
        }
    }
    let decoded = decode(&masked, base)?;
    Ok(decoded
        .text
        .chars()
        .map(|c| u8::try_from(u32::from(c) & 0xff).unwrap_or_default())
        .collect())
}

struct FScanner<'t> {
    body: &'t str,
    base: usize,
    pos: usize,
    is_raw: bool,
    nesting: Nesting,
}

impl<'t> FScanner<'t> {
    fn rest(&self) -> &'t str {
        slice(self.body, self.pos, self.body.len())
    }

    fn error<T>(&self, message: &str) -> Result<T, SyntaxError> {
        let message = format!("f-string: {message}");
        Err(SyntaxError::new(message, self.base + self.pos))
    }

    /// Reads pieces up to the end, or up to the `}` that closes a format specification.
    fn parts(&mut self, level: usize) -> Result<Vec<FPart>, SyntaxError> {
        let mut parts = Vec::new();
        let mut text = String::new();
        while let Some(c) = self.rest().chars().next() {
            let is_double = self.rest().chars().nth(1) == Some(c);
            match c {
                '{' if is_double && level == 0 => {
                    text.push('{');
                    self.pos += 2;
                }
                '}' if is_double && level == 0 => {
                    text.push('}');
                    self.pos += 2;
                }
                '}' if level > 0 => break,
                '}' => return self.error("single '}' is not allowed"),
                '{' => {
                    self.flush(&mut text, &mut parts)?;
                    self.field(&mut parts, level)?;
                }
                _ => {
                    text.push(c);
                    self.pos += c.len_utf8();
                    // An escaped character never starts a field.
                    if c == '\\' && !self.is_raw {
                        let next = self.rest().chars().next();
                        if let Some(next) = next.filter(|c| !matches!(c, '{' | '}')) {
                            text.push(next);
                            self.pos += next.len_utf8();
                        }
                    }
                }
            }
        }
        self.flush(&mut text, &mut parts)?;
        Ok(parts)
    }

    fn flush(&self, text: &mut String, parts: &mut Vec<FPart>) -> Result<(), SyntaxError> {
        if text.is_empty() {
            return Ok(());
        }
        let raw = std::mem::take(text);
        let decoded = if self.is_raw {
            raw
        } else {
            decode(&raw, self.base)?.text
        };
        parts.push(FPart::Text(decoded.into()));
        Ok(())
    }

    fn field(&mut self, parts: &mut Vec<FPart>, level: usize) -> Result<(), SyntaxError> {
        if level >= 2 {
            return self.error("expressions nested too deeply");
        }
        self.pos += 1;
        let start = self.pos;
        let len = self.expression_length()?;
        let source = slice(self.body, start, start + len);
        if source.trim().is_empty() {
            return self.error("empty expression not allowed");
        }
        if source.contains('\\') {
            return self.error("expression part cannot include a backslash");
        }
        if source.contains('#') {
            return self.error("expression part cannot include '#'");
        }
        self.pos = start + len;
        let value = parse_single(source, self.base + start, self.nesting)?;
        let is_debug = self.rest().starts_with('=');
        if is_debug {
            self.pos += 1;
            let blank = self.rest().len() - self.rest().trim_start().len();
            self.pos += blank;
            let shown = slice(self.body, start, self.pos);
            parts.push(FPart::Text(shown.into()));
        }
        let mut conversion = None;
        if self.rest().starts_with('!') {
            let letter = self.rest().chars().nth(1);
            if !matches!(letter, Some('r' | 's' | 'a')) {
                return self.error("invalid conversion character: expected 's', 'r', or 'a'");
            }
            conversion = letter;
            self.pos += 2;
        }
        let mut spec = None;
        if self.rest().starts_with(':') {
            self.pos += 1;
            spec = Some(self.parts(level + 1)?);
        }
        if !self.rest().starts_with('}') {
            return self.error("expecting '}'");
        }
        self.pos += 1;
        if is_debug && conversion.is_none() && spec.is_none() {
            conversion = Some('r');
        }
        let value = FValue {
            value,
            conversion,
            spec,
        };
        parts.push(FPart::Value(Box::new(value)));
        Ok(())
    }

    /// Returns the length of the expression text at the current position.
    fn expression_length(&self) -> Result<usize, SyntaxError> {
        let rest = self.rest();
        let mut quote: Option<char> = None;
        let mut depth = 0_usize;
        let mut chars = rest.char_indices().peekable();
        while let Some((offset, c)) = chars.next() {
            if let Some(q) = quote {
                if c == q {
                    quote = None;
                }
                continue;
            }
            let next = chars.peek().map(|(_, c)| *c);
            match c {
                '\'' | '"' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' if depth > 0 => depth -= 1,
                '!' | '=' | '<' | '>' if next == Some('=') => {
                    chars.next();
                }
                '!' | ':' | '}' | '=' if depth == 0 => return Ok(offset),
                _ => {}
            }
        }
        self.error("expecting '}'")
    }
}
