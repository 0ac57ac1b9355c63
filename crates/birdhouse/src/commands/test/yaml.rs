//! YAML as a tree that knows where everything stands, which the updater needs.
//!
//! Scalars stay text. Anchors and aliases are refused: test files have no use for them, and without
//! them a file cannot expand to more than itself.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Levels of lists and maps within each other.
const DEPTH_MAX: usize = 32;

/// A node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Yaml {
    pub(super) value: Value,
    pub(super) place: Place,
}

/// Where a node begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// From 1.
    pub(super) line: usize,
    /// In characters, from 0.
    pub(super) column: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    /// Nothing, `~` or `null`.
    Null,
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(Yaml, Yaml)>),
}

/// Why a text is not understood.
#[derive(Debug, thiserror::Error)]
#[error("{}:{}: {message}", place.line, place.column + 1)]
pub(super) struct YamlError {
    message: String,
    place: Place,
}

/// Returns the first document of the text; nothing when there is none.
///
/// # Errors
/// With the place of the first mistake.
pub(super) fn parse(text: &str) -> Result<Option<Yaml>, YamlError> {
    let mut events = Events(Parser::new_from_str(text));
    loop {
        let Some((event, span)) = events.next()? else {
            return Ok(None);
        };
        match event {
            Event::StreamEnd => return Ok(None),
            Event::Nothing | Event::StreamStart | Event::DocumentStart(_) | Event::DocumentEnd => {}
            event => return events.node(event, span, 0).map(Some),
        }
    }
}

impl Yaml {
    /// Returns an error at this node.
    pub(super) fn error(&self, message: impl Into<String>) -> YamlError {
        YamlError {
            message: message.into(),
            place: self.place,
        }
    }
}

struct Events<'t>(Parser<'t, saphyr_parser::StrInput<'t>>);

impl<'t> Events<'t> {
    fn next(&mut self) -> Result<Option<(Event<'t>, Span)>, YamlError> {
        self.0.next_event().transpose().map_err(|error| YamlError {
            message: error.info().to_owned(),
            place: Place {
                line: error.marker().line(),
                column: error.marker().col(),
            },
        })
    }

    /// Returns the next event inside of a list or map.
    fn inside(&mut self, place: Place) -> Result<(Event<'t>, Span), YamlError> {
        self.next()?.ok_or_else(|| YamlError {
            message: "this list or map has no end".to_owned(),
            place,
        })
    }

    fn node(&mut self, event: Event<'t>, span: Span, depth: usize) -> Result<Yaml, YamlError> {
        let place = Place {
            line: span.start.line(),
            column: span.start.col(),
        };
        let refused = |message: &str| YamlError {
            message: message.to_owned(),
            place,
        };
        if depth > DEPTH_MAX {
            return Err(refused("lists and maps are nested too deeply"));
        }
        let value = match event {
            Event::Scalar(text, ScalarStyle::Plain, ..)
                if matches!(&*text, "" | "~" | "null" | "Null" | "NULL") =>
            {
                Value::Null
            }
            Event::Scalar(text, ..) => Value::Text(text.into_owned()),
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.inside(place)? {
                        (Event::SequenceEnd, _) => break Value::List(items),
                        (event, span) => items.push(self.node(event, span, depth + 1)?),
                    }
                }
            }
            Event::MappingStart(..) => {
                let mut entries = Vec::new();
                loop {
                    match self.inside(place)? {
                        (Event::MappingEnd, _) => break Value::Map(entries),
                        (event, span) => {
                            let key = self.node(event, span, depth + 1)?;
                            let (event, span) = self.inside(place)?;
                            entries.push((key, self.node(event, span, depth + 1)?));
                        }
                    }
                }
            }
            Event::Alias(_) => return Err(refused("aliases are not supported")),
            _ => return Err(refused("this is not a value")),
        };
        Ok(Yaml { value, place })
    }
}
