//! One column while it is being built.
//!
//! A row is written to all columns and then either committed or rolled back as a whole, so a
//! failing value leaves no trace in the columns before it.

use uuid::Uuid;

use crate::convert::{
    Kind, Mismatch, Scalar, Stamp, literal_to_json, write_days, write_scaled, write_seconds,
    write_uuid_value,
};
use crate::json::Json;
use birdhouse_datafile::Segment;

/// The values of one column in Native form.
#[derive(Debug)]
pub(crate) enum Builder<'s> {
    Scalar(Values<'s>),
    Nullable {
        nulls: Vec<u8>,
        committed: usize,
        values: Values<'s>,
    },
    Array {
        ends: Ends,
        elements: Box<Builder<'s>>,
    },
    Map {
        ends: Ends,
        keys: Box<Builder<'s>>,
        values: Box<Builder<'s>>,
    },
    Tuple(Vec<(Option<&'s str>, Builder<'s>)>),
}

/// Values of a scalar type.
#[derive(Debug)]
pub(crate) struct Values<'s> {
    scalar: &'s Scalar,
    data: Vec<u8>,
    committed: usize,
}

/// Where the elements of each row end.
#[derive(Debug, Default)]
pub(crate) struct Ends {
    data: Vec<u8>,
    committed: usize,
    count: u64,
    committed_count: u64,
}

impl<'s> Builder<'s> {
    pub(crate) fn new(kind: &'s Kind) -> Self {
        match kind {
            Kind::Scalar(scalar) => Self::Scalar(Values::new(scalar)),
            Kind::Nullable(scalar) => Self::Nullable {
                nulls: Vec::new(),
                committed: 0,
                values: Values::new(scalar),
            },
            Kind::Array(element) => Self::Array {
                ends: Ends::default(),
                elements: Box::new(Self::new(element)),
            },
            Kind::Map(key, value) => Self::Map {
                ends: Ends::default(),
                keys: Box::new(Self::new(key)),
                values: Box::new(Self::new(value)),
            },
            Kind::Tuple(elements) => Self::Tuple(
                (elements.iter())
                    .map(|(name, element)| (name.as_deref(), Self::new(element)))
                    .collect(),
            ),
        }
    }

    /// Appends a JSON value. After an error the row must be rolled back.
    pub(crate) fn push_json(&mut self, value: Json<'_>) -> Result<(), Mismatch> {
        match self {
            Self::Scalar(values) => values.scalar.write_json(value, &mut values.data),
            Self::Nullable { nulls, values, .. } => {
                nulls.push(u8::from(value == Json::Null));
                if value == Json::Null {
                    values.push_zero();
                    return Ok(());
                }
                values.scalar.write_json(value, &mut values.data)
            }
            Self::Array { ends, elements } => {
                check_shape(value, matches!(value, Json::Array(_)))?;
                for element in value.elements() {
                    elements.push_json(element)?;
                    ends.add_element();
                }
                ends.close_row();
                Ok(())
            }
            Self::Map { ends, keys, values } => {
                check_shape(value, matches!(value, Json::Object(_)))?;
                for (key, value) in value.fields() {
                    keys.push_text(&key.decode())?;
                    values.push_json(value)?;
                    ends.add_element();
                }
                ends.close_row();
                Ok(())
            }
            Self::Tuple(elements) => push_tuple(elements, value),
        }
    }

    /// Appends a text. For `Nullable`, an empty text and `\N` are `NULL`.
    pub(crate) fn push_text(&mut self, text: &str) -> Result<(), Mismatch> {
        match self {
            Self::Scalar(values) => values.scalar.write_text(text, &mut values.data),
            Self::Nullable { nulls, values, .. } => {
                let is_null = matches!(text, "" | "\\N");
                nulls.push(u8::from(is_null));
                if is_null {
                    values.push_zero();
                    return Ok(());
                }
                values.scalar.write_text(text, &mut values.data)
            }
            Self::Array { .. } | Self::Map { .. } | Self::Tuple(_) => {
                let json = literal_to_json(text).ok_or(Mismatch::SHAPE)?;
                self.push_json(Json::parse(&json).ok().ok_or(Mismatch::SHAPE)?)
            }
        }
    }

    /// Appends what a path that begins with an array step finds in a value.
    pub(crate) fn push_path(&mut self, value: Json<'_>, rest: &[Segment]) -> Result<(), Mismatch> {
        match rest.split_first() {
            None => self.push_json(value),
            Some((Segment::Key(key), rest)) => {
                self.push_path(value.field(key).unwrap_or(Json::Null), rest)
            }
            Some((Segment::Index(index), rest)) => {
                let element = value.elements().nth(*index);
                self.push_path(element.unwrap_or(Json::Null), rest)
            }
            Some((Segment::Each, rest)) => {
                check_shape(value, matches!(value, Json::Array(_)))?;
                let Self::Array { ends, elements } = self else {
                    return Err(Mismatch::new("the JSONPath gives an array"));
                };
                for element in value.elements() {
                    elements.push_path(element, rest)?;
                    ends.add_element();
                }
                ends.close_row();
                Ok(())
            }
        }
    }

    /// Appends the value that the engine uses where nothing was given; `NULL` for `Nullable`.
    pub(crate) fn push_zero(&mut self) {
        match self {
            Self::Scalar(values) => values.push_zero(),
            Self::Nullable { nulls, values, .. } => {
                nulls.push(1);
                values.push_zero();
            }
            Self::Array { ends, .. } | Self::Map { ends, .. } => ends.close_row(),
            Self::Tuple(elements) => elements.iter_mut().for_each(|(_, e)| e.push_zero()),
        }
    }

    /// Appends a point in time to a column of dates or times.
    pub(crate) fn push_stamp(&mut self, stamp: Stamp) -> Result<(), Mismatch> {
        let (scalar, data) = self.not_null()?;
        match scalar {
            Scalar::DateTime(_) => write_seconds(stamp, data),
            Scalar::DateTime64 { precision, .. } => write_scaled(stamp, *precision, data),
            Scalar::Date => write_days(stamp.days(), false, data),
            Scalar::Date32 => write_days(stamp.days(), true, data),
            _ => Err(Mismatch::SHAPE),
        }
    }

    /// Appends a UUID to a column of UUIDs or strings.
    pub(crate) fn push_uuid(&mut self, uuid: Uuid) -> Result<(), Mismatch> {
        let (scalar, data) = self.not_null()?;
        match scalar {
            Scalar::Uuid => {
                write_uuid_value(uuid, data);
                Ok(())
            }
            _ => scalar.write_text(&uuid.to_string(), data),
        }
    }

    /// Returns where the next scalar goes, marked as not null.
    fn not_null(&mut self) -> Result<(&'s Scalar, &mut Vec<u8>), Mismatch> {
        match self {
            Self::Scalar(values) => Ok((values.scalar, &mut values.data)),
            Self::Nullable { nulls, values, .. } => {
                nulls.push(0);
                Ok((values.scalar, &mut values.data))
            }
            Self::Array { .. } | Self::Map { .. } | Self::Tuple(_) => Err(Mismatch::SHAPE),
        }
    }

    /// Keeps what was appended since the last commit.
    pub(crate) fn commit(&mut self) {
        match self {
            Self::Scalar(values) => values.committed = values.data.len(),
            Self::Nullable {
                nulls,
                committed,
                values,
            } => {
                *committed = nulls.len();
                values.committed = values.data.len();
            }
            Self::Array { ends, elements } => {
                ends.commit();
                elements.commit();
            }
            Self::Map { ends, keys, values } => {
                ends.commit();
                keys.commit();
                values.commit();
            }
            Self::Tuple(elements) => elements.iter_mut().for_each(|(_, e)| e.commit()),
        }
    }

    /// Drops what was appended since the last commit.
    pub(crate) fn rollback(&mut self) {
        match self {
            Self::Scalar(values) => values.data.truncate(values.committed),
            Self::Nullable {
                nulls,
                committed,
                values,
            } => {
                nulls.truncate(*committed);
                values.data.truncate(values.committed);
            }
            Self::Array { ends, elements } => {
                ends.rollback();
                elements.rollback();
            }
            Self::Map { ends, keys, values } => {
                ends.rollback();
                keys.rollback();
                values.rollback();
            }
            Self::Tuple(elements) => elements.iter_mut().for_each(|(_, e)| e.rollback()),
        }
    }

    /// Returns the size of the column's data.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Scalar(values) => values.data.len(),
            Self::Nullable { nulls, values, .. } => nulls.len() + values.data.len(),
            Self::Array { ends, elements } => ends.bytes() + elements.bytes(),
            Self::Map { ends, keys, values } => ends.bytes() + keys.bytes() + values.bytes(),
            Self::Tuple(elements) => elements.iter().map(|(_, e)| e.bytes()).sum(),
        }
    }

    /// Appends the column's data to a block.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Scalar(values) => out.extend_from_slice(&values.data),
            Self::Nullable { nulls, values, .. } => {
                out.extend_from_slice(nulls);
                out.extend_from_slice(&values.data);
            }
            Self::Array { ends, elements } => {
                ends.write(out);
                elements.write(out);
            }
            Self::Map { ends, keys, values } => {
                ends.write(out);
                keys.write(out);
                values.write(out);
            }
            Self::Tuple(elements) => elements.iter().for_each(|(_, e)| e.write(out)),
        }
    }
}

impl<'s> Values<'s> {
    fn new(scalar: &'s Scalar) -> Self {
        Self {
            scalar,
            data: Vec::new(),
            committed: 0,
        }
    }

    fn push_zero(&mut self) {
        self.scalar.write_zero(&mut self.data);
    }
}

impl Ends {
    pub(super) fn add_element(&mut self) {
        self.count += 1;
    }

    pub(super) fn close_row(&mut self) {
        self.data.extend_from_slice(&self.count.to_le_bytes());
    }

    pub(super) fn bytes(&self) -> usize {
        self.data.len()
    }

    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.data);
    }

    fn commit(&mut self) {
        self.committed = self.data.len();
        self.committed_count = self.count;
    }

    fn rollback(&mut self) {
        self.data.truncate(self.committed);
        self.count = self.committed_count;
    }
}

fn check_shape(value: Json<'_>, fits: bool) -> Result<(), Mismatch> {
    match value {
        _ if fits => Ok(()),
        Json::Null => Err(Mismatch::NULL),
        _ => Err(Mismatch::SHAPE),
    }
}

/// Fills a tuple from an array by position, or from an object by name.
fn push_tuple(
    elements: &mut [(Option<&str>, Builder<'_>)],
    value: Json<'_>,
) -> Result<(), Mismatch> {
    match value {
        Json::Array(_) => {
            let mut values = value.elements();
            for (_, element) in elements {
                element.push_json(values.next().unwrap_or(Json::Null))?;
            }
            match values.next() {
                None => Ok(()),
                Some(_) => Err(Mismatch::new("too many elements")),
            }
        }
        Json::Object(_) => elements.iter_mut().try_for_each(|(name, element)| {
            let name = name.ok_or(Mismatch::SHAPE)?;
            element.push_json(value.field(name).unwrap_or(Json::Null))
        }),
        Json::Null => Err(Mismatch::NULL),
        _ => Err(Mismatch::SHAPE),
    }
}
