//! Many small blocks into one: what the flusher sends of many requests.
//!
//! A block is taken apart into the streams of its columns, and the streams of equal columns are
//! joined; nothing is converted. A block whose types are not among those that [`Builder`] writes
//! is left as it is.
//!
//! [`Builder`]: super::Builder

use birdhouse_sql::DataType;

use super::{Block, BlockWriter, read_varint};
use crate::schema::ColumnNames;

/// Joins blocks that have the same columns.
pub(crate) struct Merger {
    names: ColumnNames,
    columns: Vec<MergedColumn>,
    rows: usize,
    bytes: usize,
}

/// A column and the values of all blocks so far.
struct MergedColumn {
    /// Name and type as they stand in a block.
    header: Vec<u8>,
    streams: Streams,
}

/// The values of a column, stream by stream.
enum Streams {
    /// Values of so many bytes each.
    Fixed { width: usize, data: Vec<u8> },
    /// Values with their length before them.
    Text { data: Vec<u8> },
    /// A byte per row, then the values.
    Nullable {
        nulls: Vec<u8>,
        values: Box<Streams>,
    },
    /// The running end of each row's elements, then the elements: one stream for `Array`, two for
    /// `Map`.
    List {
        ends: Vec<u8>,
        count: u64,
        elements: Vec<Streams>,
    },
    /// The elements' columns one after the other.
    Tuple(Vec<Streams>),
}

impl Merger {
    /// Begins with a block; nothing when it cannot be taken apart.
    pub(crate) fn new(block: &Block) -> Option<Self> {
        let mut input = &block.data()[..];
        let rows = read_size(&mut input, block)?;
        let columns = (0..block.columns().len())
            .map(|_| {
                let (header, data_type) = read_header(&mut input)?;
                let mut streams = Streams::new(&DataType::parse(&data_type).ok()?)?;
                streams.take(rows, &mut input)?;
                Some(MergedColumn { header, streams })
            })
            .collect::<Option<Vec<_>>>()?;
        input.is_empty().then(|| Self {
            names: block.shared_columns(),
            columns,
            rows,
            bytes: block.data().len(),
        })
    }

    /// Adds a block; returns false, and adds nothing, when its columns are others.
    pub(crate) fn add(&mut self, block: &Block) -> bool {
        let Some(parts) = self.split(block) else {
            return false;
        };
        for (column, part) in self.columns.iter_mut().zip(parts) {
            column.streams.join(part);
        }
        self.rows += block.rows();
        self.bytes += block.data().len();
        true
    }

    /// Returns the size so far in bytes, about.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the one block.
    pub(crate) fn finish(self) -> Block {
        let mut block = BlockWriter::new(self.names, self.rows, self.bytes);
        for column in &self.columns {
            column.streams.write(block.raw_column(&column.header));
        }
        block.finish()
    }

    /// Takes a block apart that has our columns.
    fn split(&self, block: &Block) -> Option<Vec<Streams>> {
        if block.columns().len() != self.columns.len() {
            return None;
        }
        let mut input = &block.data()[..];
        let rows = read_size(&mut input, block)?;
        let parts = self
            .columns
            .iter()
            .map(|column| {
                input = input.strip_prefix(&column.header[..])?;
                let mut part = column.streams.empty();
                part.take(rows, &mut input)?;
                Some(part)
            })
            .collect::<Option<Vec<_>>>()?;
        input.is_empty().then_some(parts)
    }
}

impl Streams {
    fn new(data_type: &DataType) -> Option<Self> {
        Some(match data_type {
            DataType::Int(bits) | DataType::UInt(bits) => Self::fixed(usize::from(*bits / 8)),
            DataType::Bool | DataType::Enum8(_) => Self::fixed(1),
            DataType::Date | DataType::Enum16(_) => Self::fixed(2),
            DataType::Float32 | DataType::Date32 | DataType::Ipv4 | DataType::DateTime { .. } => {
                Self::fixed(4)
            }
            DataType::Float64 | DataType::DateTime64 { .. } => Self::fixed(8),
            DataType::Uuid | DataType::Ipv6 => Self::fixed(16),
            DataType::Decimal { precision, .. } => Self::fixed(match precision {
                0..=9 => 4,
                10..=18 => 8,
                19..=38 => 16,
                _ => 32,
            }),
            DataType::FixedString(bytes) => Self::fixed(usize::try_from(*bytes).ok()?),
            DataType::String => Self::Text { data: Vec::new() },
            DataType::Nullable(inner) => Self::Nullable {
                nulls: Vec::new(),
                values: Box::new(Self::new(inner)?),
            },
            DataType::Array(element) => Self::list(vec![Self::new(element)?]),
            DataType::Map(key, value) => Self::list(vec![Self::new(key)?, Self::new(value)?]),
            DataType::Tuple(elements) => Self::Tuple(
                (elements.iter())
                    .map(|(_, element)| Self::new(element))
                    .collect::<Option<_>>()?,
            ),
            DataType::LowCardinality(_)
            | DataType::Json(_)
            | DataType::AggregateFunction { .. }
            | DataType::SimpleAggregateFunction { .. }
            | DataType::Other { .. } => return None,
        })
    }

    fn fixed(width: usize) -> Self {
        Self::Fixed {
            width,
            data: Vec::new(),
        }
    }

    fn list(elements: Vec<Self>) -> Self {
        Self::List {
            ends: Vec::new(),
            count: 0,
            elements,
        }
    }

    /// Returns the same streams without values.
    fn empty(&self) -> Self {
        match self {
            Self::Fixed { width, .. } => Self::fixed(*width),
            Self::Text { .. } => Self::Text { data: Vec::new() },
            Self::Nullable { values, .. } => Self::Nullable {
                nulls: Vec::new(),
                values: Box::new(values.empty()),
            },
            Self::List { elements, .. } => Self::list(elements.iter().map(Self::empty).collect()),
            Self::Tuple(elements) => Self::Tuple(elements.iter().map(Self::empty).collect()),
        }
    }

    /// Takes the values of `rows` rows off the input; nothing when it has not got them.
    fn take(&mut self, rows: usize, input: &mut &[u8]) -> Option<()> {
        match self {
            Self::Fixed { width, data } => {
                data.extend_from_slice(cut(input, rows.checked_mul(*width)?)?);
            }
            Self::Text { data } => {
                let start = *input;
                for _ in 0..rows {
                    let length = read_varint(input)?;
                    cut(input, length)?;
                }
                data.extend_from_slice(start.get(..start.len() - input.len())?);
            }
            Self::Nullable { nulls, values } => {
                nulls.extend_from_slice(cut(input, rows)?);
                values.take(rows, input)?;
            }
            Self::List {
                ends,
                count,
                elements,
            } => {
                let offsets = cut(input, rows.checked_mul(8)?)?;
                let before = *count;
                let mut inside = 0;
                for offset in offsets.as_chunks::<8>().0 {
                    let end = u64::from_le_bytes(*offset);
                    if end < inside {
                        return None;
                    }
                    inside = end;
                    ends.extend_from_slice(&before.checked_add(end)?.to_le_bytes());
                }
                *count = before.checked_add(inside)?;
                let inside = usize::try_from(inside).ok()?;
                for element in elements {
                    element.take(inside, input)?;
                }
            }
            Self::Tuple(elements) => {
                for element in elements {
                    element.take(rows, input)?;
                }
            }
        }
        Some(())
    }

    /// Appends the values of streams of the same kind.
    fn join(&mut self, part: Self) {
        match (self, part) {
            (Self::Fixed { data, .. }, Self::Fixed { data: more, .. })
            | (Self::Text { data }, Self::Text { data: more }) => data.extend_from_slice(&more),
            (
                Self::Nullable { nulls, values },
                Self::Nullable {
                    nulls: more_nulls,
                    values: more,
                },
            ) => {
                nulls.extend_from_slice(&more_nulls);
                values.join(*more);
            }
            (
                Self::List {
                    ends,
                    count,
                    elements,
                },
                Self::List {
                    ends: more_ends,
                    count: more_count,
                    elements: more,
                },
            ) => {
                for end in more_ends.as_chunks::<8>().0 {
                    let end = u64::from_le_bytes(*end).saturating_add(*count);
                    ends.extend_from_slice(&end.to_le_bytes());
                }
                *count = count.saturating_add(more_count);
                for (element, more) in elements.iter_mut().zip(more) {
                    element.join(more);
                }
            }
            (Self::Tuple(elements), Self::Tuple(more)) => {
                for (element, more) in elements.iter_mut().zip(more) {
                    element.join(more);
                }
            }
            // `empty` makes the same kind as it was asked for.
            _ => debug_assert!(false, "streams of another kind"),
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Fixed { data, .. } | Self::Text { data } => out.extend_from_slice(data),
            Self::Nullable { nulls, values } => {
                out.extend_from_slice(nulls);
                values.write(out);
            }
            Self::List { ends, elements, .. } => {
                out.extend_from_slice(ends);
                elements.iter().for_each(|element| element.write(out));
            }
            Self::Tuple(elements) => elements.iter().for_each(|element| element.write(out)),
        }
    }
}

/// Reads how many rows there are, when the block begins as it says.
fn read_size(input: &mut &[u8], block: &Block) -> Option<usize> {
    let columns = read_varint(input)?;
    let rows = read_varint(input)?;
    (columns == block.columns().len() && rows == block.rows()).then_some(rows)
}

/// Reads a column's name and type, as bytes and the type as text.
fn read_header(input: &mut &[u8]) -> Option<(Vec<u8>, String)> {
    let start = *input;
    let length = read_varint(input)?;
    cut(input, length)?;
    let length = read_varint(input)?;
    let data_type = cut(input, length)?;
    let header = start.get(..start.len() - input.len())?;
    Some((header.to_vec(), str::from_utf8(data_type).ok()?.to_owned()))
}

/// Takes so many bytes off the input.
fn cut<'i>(input: &mut &'i [u8], length: usize) -> Option<&'i [u8]> {
    let (taken, rest) = input.split_at_checked(length)?;
    *input = rest;
    Some(taken)
}
