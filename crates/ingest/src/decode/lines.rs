//! Rows of JSON: lines, or one document.

use super::row::JsonRow;
use super::{Sink, push_row};
use crate::error::DecodeError;
use crate::frame::{Line, lines};
use crate::json::{Json, Slots};
use crate::limits::ROW_BYTES_MAX;
use crate::quarantine::Fault;
use crate::schema::Schema;

/// Where lines stand in their body.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Lines of the body before them.
    pub(super) lines_before: u64,
    /// Whether the body begins with them.
    pub(super) is_first: bool,
    /// Whether they are all of the body.
    pub(super) is_whole: bool,
}

/// Decodes one value per line.
pub(super) fn decode_lines(
    schema: &Schema,
    body: &[u8],
    place: Place,
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let mut decoder = Decoder::new(schema);
    let document = place.is_whole.then(|| document_over_lines(body)).flatten();
    if let Some(document) = document {
        return decoder.value(document, sink);
    }
    let mut first_problem = None;
    let mut parsed = false;
    for line in lines(body) {
        match decoder.line(line, sink)? {
            Ok(()) => parsed = true,
            Err(problem) => {
                let number = place.lines_before + line.number;
                first_problem.get_or_insert((number, problem.clone()));
                let message = format!("line {number} is not a JSON row: {problem}");
                sink.quarantine.push_line(line.bytes, message)?;
            }
        }
    }
    match first_problem {
        Some((line, problem)) if place.is_first && !parsed => {
            Err(DecodeError::NotJson { line, problem })
        }
        _ => Ok(()),
    }
}

/// Decodes one document.
pub(super) fn decode_document(
    schema: &Schema,
    body: &[u8],
    sink: &mut Sink<'_>,
) -> Result<(), DecodeError> {
    let not_document = |problem: String| DecodeError::NotDocument { problem };
    let text = std::str::from_utf8(body)
        .map_err(|error| not_document(format!("not valid UTF-8: {error}")))?;
    match Json::parse(text.trim_ascii()).map_err(|error| not_document(error.to_string()))? {
        value @ (Json::Object(_) | Json::Array(_)) => Decoder::new(schema).value(value, sink),
        _ => Err(not_document("neither an object nor an array".to_owned())),
    }
}

/// Returns the body as one value when its first line alone is none.
fn document_over_lines(body: &[u8]) -> Option<Json<'_>> {
    let first = lines(body).next()?.text?;
    if Json::parse(first).is_ok() {
        return None;
    }
    let text = std::str::from_utf8(body).ok()?;
    match Json::parse(text.trim_ascii()) {
        Ok(value @ (Json::Object(_) | Json::Array(_))) => Some(value),
        _ => None,
    }
}

/// The state that rows share, so that none of them allocates.
struct Decoder<'s> {
    schema: &'s Schema,
    slots: Slots<'s>,
    faults: Vec<Fault>,
}

impl<'s> Decoder<'s> {
    fn new(schema: &'s Schema) -> Self {
        Self {
            schema,
            slots: vec![None; schema.columns.len()],
            faults: Vec::new(),
        }
    }

    /// Decodes a line; the inner error says why it is no row.
    fn line(
        &mut self,
        line: Line<'s>,
        sink: &mut Sink<'_>,
    ) -> Result<Result<(), String>, DecodeError> {
        if line.bytes.len() > ROW_BYTES_MAX {
            return Ok(Err(format!("longer than {ROW_BYTES_MAX} bytes")));
        }
        let Some(text) = line.text else {
            return Ok(Err("not valid UTF-8".to_owned()));
        };
        match self.schema.extractor.read(text, &mut self.slots) {
            Ok(Json::Object(_)) => self.row(text.len(), sink).map(Ok),
            Ok(array @ Json::Array(_)) => self.value(array, sink).map(Ok),
            Ok(_) => Ok(Err("neither an object nor an array".to_owned())),
            Err(error) => Ok(Err(error.to_string())),
        }
    }

    /// Decodes an object, or every object of an array.
    fn value(&mut self, value: Json<'s>, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let Json::Array(_) = value else {
            return self.element(value, 1, sink);
        };
        (1..)
            .zip(value.elements())
            .try_for_each(|(number, element)| self.element(element, number, sink))
    }

    fn element(
        &mut self,
        element: Json<'s>,
        number: u64,
        sink: &mut Sink<'_>,
    ) -> Result<(), DecodeError> {
        let problem = match element {
            Json::Object(text) if text.len() > ROW_BYTES_MAX => {
                format!("longer than {ROW_BYTES_MAX} bytes")
            }
            Json::Object(text) => match self.schema.extractor.read(text, &mut self.slots) {
                Ok(_) => return self.row(text.len(), sink),
                Err(error) => error.to_string(),
            },
            _ => "not an object".to_owned(),
        };
        let message = format!("element {number} is not a JSON row: {problem}");
        sink.quarantine
            .push_line(element.to_text().as_bytes(), message)
    }

    fn row(&mut self, input_bytes: usize, sink: &mut Sink<'_>) -> Result<(), DecodeError> {
        let row = JsonRow {
            schema: self.schema,
            slots: &self.slots,
        };
        push_row(self.schema, &row, input_bytes, sink, &mut self.faults)
    }
}
