//! Recursive descent over a type name, with a depth limit.

use super::{DataType, TypeError, aliases};

/// Nesting of type arguments that is accepted.
const DEPTH_MAX: usize = 40;

/// Families that take no arguments of interest to us and pass through as text.
const OTHER_FAMILIES: &[&str] = &[
    "BFloat16",
    "Dynamic",
    "Geometry",
    "IntervalDay",
    "IntervalHour",
    "IntervalMinute",
    "IntervalMonth",
    "IntervalSecond",
    "IntervalWeek",
    "IntervalYear",
    "LineString",
    "MultiLineString",
    "MultiPolygon",
    "Nested",
    "Nothing",
    "Object",
    "Point",
    "Polygon",
    "QBit",
    "Ring",
    "Time",
    "Time64",
    "Variant",
];

/// Every family with a variant of its own, for suggestions.
const KNOWN_FAMILIES: &[&str] = &[
    "Int8",
    "Int16",
    "Int32",
    "Int64",
    "Int128",
    "Int256",
    "UInt8",
    "UInt16",
    "UInt32",
    "UInt64",
    "UInt128",
    "UInt256",
    "Float32",
    "Float64",
    "Decimal",
    "Decimal32",
    "Decimal64",
    "Decimal128",
    "Decimal256",
    "Bool",
    "String",
    "FixedString",
    "UUID",
    "IPv4",
    "IPv6",
    "Date",
    "Date32",
    "DateTime",
    "DateTime64",
    "Enum",
    "Enum8",
    "Enum16",
    "Array",
    "Nullable",
    "LowCardinality",
    "Map",
    "Tuple",
    "JSON",
    "AggregateFunction",
    "SimpleAggregateFunction",
];

pub(super) fn parse(text: &str) -> Result<DataType, TypeError> {
    let mut parser = Parser { text, at: 0 };
    let parsed = parser.data_type(0)?;
    parser.skip_blanks();
    if parser.at < text.len() {
        let rest = parser.rest().trim();
        return Err(parser.error(format!("Unexpected text after the type: {rest}"), None));
    }
    Ok(parsed)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn data_type(&mut self, depth: usize) -> Result<DataType, TypeError> {
        if depth > DEPTH_MAX {
            return Err(self.error(
                format!("Type is nested more than {DEPTH_MAX} levels deep"),
                None,
            ));
        }
        self.skip_blanks();
        let start = self.at;
        let name = self.word();
        if name.is_empty() {
            return Err(self.error("Expected a data type", None));
        }
        let name = self.canonical(name);
        if let Some(simple) = simple_type(name) {
            self.length(&simple)?;
            return Ok(simple);
        }
        self.family(name, start, depth)
    }

    /// Returns the family for a name of another database: `BIGINT UNSIGNED`.
    fn canonical(&mut self, name: &'a str) -> &'a str {
        let Some(family) = aliases::family(name) else {
            return name;
        };
        let before = self.at;
        self.skip_blanks();
        let second = self.word();
        aliases::family_of_two(name, second).unwrap_or_else(|| {
            self.at = before;
            family
        })
    }

    /// Skips the length that other databases give to numbers and texts: `Int8(3)`, `VARCHAR(10)`.
    fn length(&mut self, simple: &DataType) -> Result<(), TypeError> {
        let has_length = matches!(
            simple,
            DataType::Int(_)
                | DataType::UInt(_)
                | DataType::Float32
                | DataType::Float64
                | DataType::String
        );
        if has_length && self.eat('(') {
            self.integer(0, i64::MAX)?;
            if self.eat(',') {
                self.integer(0, i64::MAX)?;
            }
            self.expect(')')?;
        }
        Ok(())
    }

    /// Reads the arguments of the families that have some; `name` has been read.
    fn family(&mut self, name: &'a str, start: usize, depth: usize) -> Result<DataType, TypeError> {
        match name {
            "Array" => Ok(DataType::Array(Box::new(self.one_type(depth)?))),
            "Nullable" => self.nullable(start, depth),
            "LowCardinality" => self.low_cardinality(start, depth),
            "Map" => self.map(depth),
            "Tuple" => self.tuple(depth),
            "FixedString" => self.fixed_string(start),
            "Decimal" | "Decimal32" | "Decimal64" | "Decimal128" | "Decimal256" => {
                self.decimal(name)
            }
            "DateTime" => self.date_time(),
            "DateTime64" => self.date_time64(start),
            "Enum" | "Enum8" | "Enum16" => self.enumeration(name),
            "AggregateFunction" => self.aggregate_function(depth),
            "SimpleAggregateFunction" => self.simple_aggregate_function(depth),
            "JSON" => Ok(DataType::Json(self.optional_raw_arguments()?)),
            _ if OTHER_FAMILIES.contains(&name) => Ok(DataType::Other {
                name: name.to_owned(),
                arguments: self.optional_raw_arguments()?,
            }),
            _ => Err(unknown_family(name, start)),
        }
    }

    fn one_type(&mut self, depth: usize) -> Result<DataType, TypeError> {
        self.expect('(')?;
        let inner = self.data_type(depth + 1)?;
        self.expect(')')?;
        Ok(inner)
    }

    fn nullable(&mut self, start: usize, depth: usize) -> Result<DataType, TypeError> {
        let inner = self.one_type(depth)?;
        let hint = match inner {
            DataType::Array(_) | DataType::Map(..) => "an empty one stands for no value",
            DataType::Tuple(_) => "make its elements nullable instead",
            DataType::Nullable(_) => "once is enough",
            DataType::LowCardinality(_) => "write LowCardinality(Nullable(…)) instead",
            DataType::AggregateFunction { .. } => "remove Nullable",
            _ => return Ok(DataType::Nullable(Box::new(inner))),
        };
        Err(TypeError {
            message: format!("Nested type {inner} cannot be inside Nullable type"),
            offset: start,
            hint: Some(hint.to_owned()),
        })
    }

    fn low_cardinality(&mut self, start: usize, depth: usize) -> Result<DataType, TypeError> {
        let inner = self.one_type(depth)?;
        let is_refused = matches!(
            inner,
            DataType::Array(_)
                | DataType::Map(..)
                | DataType::Tuple(_)
                | DataType::Decimal { .. }
                | DataType::Json(_)
                | DataType::LowCardinality(_)
                | DataType::AggregateFunction { .. }
        );
        if !is_refused {
            return Ok(DataType::LowCardinality(Box::new(inner)));
        }
        Err(TypeError {
            message: format!(
                "LowCardinality is supported only for numbers, strings, Date or DateTime, but got {inner}"
            ),
            offset: start,
            hint: Some(match inner {
                DataType::Array(_) => "write Array(LowCardinality(…)) instead".to_owned(),
                _ => "remove LowCardinality".to_owned(),
            }),
        })
    }

    fn map(&mut self, depth: usize) -> Result<DataType, TypeError> {
        self.expect('(')?;
        let key = self.data_type(depth + 1)?;
        self.expect(',')?;
        let value = self.data_type(depth + 1)?;
        self.expect(')')?;
        Ok(DataType::Map(Box::new(key), Box::new(value)))
    }

    fn tuple(&mut self, depth: usize) -> Result<DataType, TypeError> {
        self.expect('(')?;
        let mut elements = Vec::new();
        if self.eat(')') {
            return Ok(DataType::Tuple(elements));
        }
        loop {
            let name = self.element_name()?;
            elements.push((name, self.data_type(depth + 1)?));
            if !self.eat(',') {
                break;
            }
        }
        self.expect(')')?;
        Ok(DataType::Tuple(elements))
    }

    /// Reads the name in `name Type`; nothing when the element is only a type.
    fn element_name(&mut self) -> Result<Option<String>, TypeError> {
        self.skip_blanks();
        if self.rest().starts_with('`') {
            return self.quoted('`').map(Some);
        }
        let start = self.at;
        let word = self.word();
        self.skip_blanks();
        let is_name =
            !word.is_empty() && self.rest().starts_with(|c: char| c.is_ascii_alphabetic());
        if is_name {
            return Ok(Some(word.to_owned()));
        }
        self.at = start;
        Ok(None)
    }

    fn fixed_string(&mut self, start: usize) -> Result<DataType, TypeError> {
        if !self.eat('(') {
            return Err(TypeError {
                message: "FixedString needs its size in bytes".to_owned(),
                offset: start,
                hint: Some("write for example FixedString(16), or String".to_owned()),
            });
        }
        let bytes = self.integer(1, 0x00FF_FFFF)?;
        self.expect(')')?;
        Ok(DataType::FixedString(
            u32::try_from(bytes).unwrap_or(u32::MAX),
        ))
    }

    fn decimal(&mut self, name: &str) -> Result<DataType, TypeError> {
        let sized: Option<i64> = match name {
            "Decimal32" => Some(9),
            "Decimal64" => Some(18),
            "Decimal128" => Some(38),
            "Decimal256" => Some(76),
            _ => None,
        };
        if sized.is_none() && !self.peek('(') {
            return Ok(DataType::Decimal {
                precision: 10,
                scale: 0,
            });
        }
        self.expect('(')?;
        let precision = match sized {
            Some(precision) => precision,
            None => self.integer(1, 76)?,
        };
        let scale = if sized.is_some() || self.eat(',') {
            self.integer(0, precision)?
        } else {
            0
        };
        self.expect(')')?;
        Ok(DataType::Decimal {
            precision: small(precision),
            scale: small(scale),
        })
    }

    fn date_time(&mut self) -> Result<DataType, TypeError> {
        if !self.eat('(') {
            return Ok(DataType::DateTime { zone: None });
        }
        let zone = self.quoted('\'')?;
        self.expect(')')?;
        Ok(DataType::DateTime { zone: Some(zone) })
    }

    fn date_time64(&mut self, start: usize) -> Result<DataType, TypeError> {
        if !self.eat('(') {
            return Err(TypeError {
                message: "DateTime64 type without precision is not supported".to_owned(),
                offset: start,
                hint: Some(
                    "write the number of fractional digits, for example DateTime64(3)".to_owned(),
                ),
            });
        }
        let precision = small(self.integer(0, 9)?);
        let zone = if self.eat(',') {
            Some(self.quoted('\'')?)
        } else {
            None
        };
        self.expect(')')?;
        Ok(DataType::DateTime64 { precision, zone })
    }

    fn enumeration(&mut self, name: &str) -> Result<DataType, TypeError> {
        self.expect('(')?;
        let mut values: Vec<(String, i16)> = Vec::new();
        loop {
            let text = self.quoted('\'')?;
            let number = if self.eat('=') {
                self.integer(i64::from(i16::MIN), i64::from(i16::MAX))?
            } else {
                values.last().map_or(1, |(_, last)| i64::from(*last) + 1)
            };
            values.push((text, i16::try_from(number).unwrap_or(i16::MAX)));
            if !self.eat(',') {
                break;
            }
        }
        self.expect(')')?;
        let fits8 = values
            .iter()
            .all(|(_, number)| i8::try_from(*number).is_ok());
        match name {
            "Enum8" if !fits8 => {
                Err(self.error("Enum8 values are from -128 to 127", Some("use Enum16")))
            }
            "Enum16" => Ok(DataType::Enum16(values)),
            _ if fits8 => Ok(DataType::Enum8(values)),
            _ => Ok(DataType::Enum16(values)),
        }
    }

    fn aggregate_function(&mut self, depth: usize) -> Result<DataType, TypeError> {
        self.expect('(')?;
        let function = self.function()?;
        let mut arguments = Vec::new();
        while self.eat(',') {
            arguments.push(self.data_type(depth + 1)?);
        }
        self.expect(')')?;
        Ok(DataType::AggregateFunction {
            function,
            arguments,
        })
    }

    fn simple_aggregate_function(&mut self, depth: usize) -> Result<DataType, TypeError> {
        self.expect('(')?;
        let function = self.function()?;
        self.expect(',')?;
        let inner = Box::new(self.data_type(depth + 1)?);
        self.expect(')')?;
        Ok(DataType::SimpleAggregateFunction { function, inner })
    }

    /// Reads an aggregate function's name with its parameters, as written.
    fn function(&mut self) -> Result<String, TypeError> {
        self.skip_blanks();
        let name = self.word();
        if name.is_empty() {
            return Err(self.error("Expected the name of an aggregate function", None));
        }
        Ok(match self.optional_raw_arguments()? {
            Some(parameters) => format!("{name}({parameters})"),
            None => name.to_owned(),
        })
    }

    /// Reads `( … )` as text, balanced and with strings respected.
    fn optional_raw_arguments(&mut self) -> Result<Option<String>, TypeError> {
        if !self.eat('(') {
            return Ok(None);
        }
        let start = self.at;
        let mut depth = 1usize;
        let mut quote: Option<char> = None;
        let mut escaped = false;
        for (i, c) in self.rest().char_indices() {
            match quote {
                Some(_) if escaped => escaped = false,
                Some(_) if c == '\\' => escaped = true,
                Some(open) if c == open => quote = None,
                Some(_) => {}
                None if c == '\'' || c == '`' || c == '"' => quote = Some(c),
                None if c == '(' => depth += 1,
                None if c == ')' => {
                    depth -= 1;
                    if depth == 0 {
                        let inner = self.rest().get(..i).unwrap_or_default().trim().to_owned();
                        self.at = start + i + 1;
                        return Ok(Some(inner));
                    }
                }
                None => {}
            }
        }
        Err(self.error("Expected closing )", None))
    }

    fn quoted(&mut self, delimiter: char) -> Result<String, TypeError> {
        self.skip_blanks();
        if !self.rest().starts_with(delimiter) {
            return Err(self.error(format!("Expected a text in {delimiter} quotes"), None));
        }
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1).peekable();
        while let Some((i, c)) = chars.next() {
            if c == '\\' {
                if let Some((_, next)) = chars.next() {
                    out.push(unescaped(next));
                }
            } else if c == delimiter {
                if chars.peek().is_some_and(|(_, next)| *next == delimiter) {
                    chars.next();
                    out.push(delimiter);
                } else {
                    self.at += i + c.len_utf8();
                    return Ok(out);
                }
            } else {
                out.push(c);
            }
        }
        Err(self.error("Expected closing quote", None))
    }

    fn integer(&mut self, min: i64, max: i64) -> Result<i64, TypeError> {
        self.skip_blanks();
        let digits = self
            .rest()
            .find(|c: char| !c.is_ascii_digit() && c != '-')
            .unwrap_or(self.rest().len());
        let text = self.rest().get(..digits).unwrap_or_default();
        match text.parse::<i64>() {
            Ok(number) if (min..=max).contains(&number) => {
                self.at += digits;
                Ok(number)
            }
            _ => Err(self.error(format!("Expected a number from {min} to {max}"), None)),
        }
    }

    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        self.at += end;
        rest.get(..end).unwrap_or_default()
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start().len();
    }

    fn peek(&mut self, c: char) -> bool {
        self.skip_blanks();
        self.rest().starts_with(c)
    }

    fn eat(&mut self, c: char) -> bool {
        let found = self.peek(c);
        if found {
            self.at += c.len_utf8();
        }
        found
    }

    fn expect(&mut self, c: char) -> Result<(), TypeError> {
        if self.eat(c) {
            return Ok(());
        }
        let what = match c {
            ')' => "Expected closing )".to_owned(),
            c => format!("Expected {c}"),
        };
        Err(self.error(what, None))
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn error(&self, message: impl Into<String>, hint: Option<&str>) -> TypeError {
        TypeError {
            message: message.into(),
            offset: self.at,
            hint: hint.map(str::to_owned),
        }
    }
}

/// Numbers that were range-checked to fit.
fn small(number: i64) -> u8 {
    u8::try_from(number).unwrap_or(u8::MAX)
}

fn simple_type(name: &str) -> Option<DataType> {
    Some(match name {
        "Int8" => DataType::Int(8),
        "Int16" => DataType::Int(16),
        "Int32" => DataType::Int(32),
        "Int64" => DataType::Int(64),
        "Int128" => DataType::Int(128),
        "Int256" => DataType::Int(256),
        "UInt8" => DataType::UInt(8),
        "UInt16" => DataType::UInt(16),
        "UInt32" => DataType::UInt(32),
        "UInt64" => DataType::UInt(64),
        "UInt128" => DataType::UInt(128),
        "UInt256" => DataType::UInt(256),
        "Float32" => DataType::Float32,
        "Float64" => DataType::Float64,
        "Bool" => DataType::Bool,
        "String" => DataType::String,
        "UUID" => DataType::Uuid,
        "IPv4" => DataType::Ipv4,
        "IPv6" => DataType::Ipv6,
        "Date" => DataType::Date,
        "Date32" => DataType::Date32,
        _ => return None,
    })
}

/// Returns what a character behind a backslash stands for.
fn unescaped(character: char) -> char {
    match character {
        '0' => '\0',
        'a' => '\u{7}',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\u{b}',
        other => other,
    }
}

fn unknown_family(name: &str, offset: usize) -> TypeError {
    let refused = match name {
        _ if name.eq_ignore_ascii_case("Boolean") => Some((
            "Boolean type is not supported".to_owned(),
            "use Bool or UInt8",
        )),
        "Int" | "UInt" => Some((
            format!("Precision is mandatory for {name} types"),
            "write the number of bits, for example Int32",
        )),
        _ => None,
    };
    if let Some((message, hint)) = refused {
        return TypeError {
            message,
            offset,
            hint: Some(hint.to_owned()),
        };
    }
    let closest = KNOWN_FAMILIES
        .iter()
        .chain(OTHER_FAMILIES)
        .map(|known| {
            (
                strsim::damerau_levenshtein(&name.to_lowercase(), &known.to_lowercase()),
                *known,
            )
        })
        .min()
        .filter(|(distance, _)| *distance <= 2)
        .map(|(_, known)| known);
    let message = match closest {
        Some(known) => format!("Unknown data type family: {name}. Maybe you meant: ['{known}']"),
        None => format!("Unknown data type family: {name}"),
    };
    TypeError {
        message,
        offset,
        hint: closest.map(|known| format!("did you mean {known}?")),
    }
}
