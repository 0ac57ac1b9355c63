//! Good rows on their way into blocks.
//!
//! Rows that leave the same columns to the engine share a block; usually that is all rows.

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use super::row::{Cell, Row};
use crate::convert::{Mismatch, Stamp};
use crate::error::DecodeError;
use crate::json::Json;
use crate::limits::{BLOCK_BYTES_MAX, BLOCK_ROWS_MAX, DECODED_BYTES_MAX, OMITTED_SETS_MAX};
use crate::native::{Block, BlockWriter, Builder};
use crate::quarantine::Fault;
use crate::schema::{DefaultValue, Missing, PlannedColumn, Schema};

/// Rows between two looks at a block's size.
const ROWS_PER_SIZE_CHECK: usize = 256;

/// Input bytes after which a block's size is looked at in any case.
const INPUT_BYTES_PER_SIZE_CHECK: usize = 1 << 20;

/// The good rows of a body.
pub(super) struct Rows<'s> {
    schema: &'s Schema,
    now: Stamp,
    /// Columns that the engine fills when a row does not.
    engine_columns: Vec<usize>,
    groups: Vec<Group<'s>>,
    /// Omitted columns → position in `groups`.
    positions: HashMap<Vec<usize>, usize>,
    /// The row's omitted columns, kept to avoid an allocation per row.
    omitted: Vec<usize>,
    blocks: Vec<Block>,
    rows: u64,
    /// Bytes of all blocks, finished or not, when last measured.
    bytes: usize,
}

/// Rows that omit the same columns.
struct Group<'s> {
    omitted: Vec<usize>,
    /// One for each column that the rows have.
    columns: Vec<(usize, &'s PlannedColumn, Builder<'s>)>,
    names: Arc<[String]>,
    rows: usize,
    input_bytes: usize,
    bytes: usize,
}

impl<'s> Rows<'s> {
    pub(super) fn new(schema: &'s Schema, now: Timestamp) -> Self {
        let engine_columns = (schema.columns.iter().enumerate())
            .filter(|(_, column)| {
                column.kind.is_some() && matches!(column.missing, Missing::Engine)
            })
            .map(|(index, _)| index)
            .collect();
        Self {
            schema,
            now: now.into(),
            engine_columns,
            groups: Vec::new(),
            positions: HashMap::new(),
            omitted: Vec::new(),
            blocks: Vec::new(),
            rows: 0,
            bytes: 0,
        }
    }

    /// Appends a row of `input_bytes` bytes, or says in `faults` why it is a bad one.
    pub(super) fn push(
        &mut self,
        row: &impl Row,
        input_bytes: usize,
        faults: &mut Vec<Fault>,
    ) -> Result<(), DecodeError> {
        let now = self.now;
        let position = self.group_of(row)?;
        let Some(group) = self.groups.get_mut(position) else {
            return Ok(());
        };
        if group.columns.is_empty() {
            faults.push(Fault {
                column: 0,
                message: "the row has no value for any column".to_owned(),
            });
            return Ok(());
        }
        for (index, column, builder) in &mut group.columns {
            if let Err(message) = push_cell(row.cell(*index), column, builder, now) {
                faults.push(Fault {
                    column: *index,
                    message,
                });
            }
        }
        if !faults.is_empty() {
            (group.columns.iter_mut()).for_each(|(_, _, builder)| builder.rollback());
            return Ok(());
        }
        (group.columns.iter_mut()).for_each(|(_, _, builder)| builder.commit());
        self.rows += 1;
        group.rows += 1;
        group.input_bytes += input_bytes;
        if group.rows.is_multiple_of(ROWS_PER_SIZE_CHECK)
            || group.input_bytes > INPUT_BYTES_PER_SIZE_CHECK
        {
            self.check_size(position)?;
        }
        Ok(())
    }

    /// Finishes all blocks; returns them and their number of rows.
    pub(super) fn finish(mut self) -> (Vec<Block>, u64) {
        let groups = std::mem::take(&mut self.groups);
        self.blocks
            .extend(groups.into_iter().filter_map(Group::finish));
        (self.blocks, self.rows)
    }

    /// Returns the position of the group for a row.
    fn group_of(&mut self, row: &impl Row) -> Result<usize, DecodeError> {
        self.omitted.clear();
        for &index in &self.engine_columns {
            let column = self.schema.columns.get(index);
            if column.is_some_and(|column| row.cell(index).is_missing(column)) {
                self.omitted.push(index);
            }
        }
        if let Some(position) = self.positions.get(&self.omitted) {
            return Ok(*position);
        }
        if self.groups.len() >= OMITTED_SETS_MAX {
            return Err(DecodeError::TooManyOmittedSets);
        }
        self.groups
            .push(Group::new(self.schema, self.omitted.clone()));
        self.positions
            .insert(self.omitted.clone(), self.groups.len() - 1);
        Ok(self.groups.len() - 1)
    }

    fn check_size(&mut self, position: usize) -> Result<(), DecodeError> {
        let Some(group) = self.groups.get_mut(position) else {
            return Ok(());
        };
        let bytes = group.columns.iter().map(|(_, _, b)| b.bytes()).sum();
        self.bytes += bytes - group.bytes;
        group.bytes = bytes;
        group.input_bytes = 0;
        if self.bytes > DECODED_BYTES_MAX {
            return Err(DecodeError::TooLarge);
        }
        if bytes > BLOCK_BYTES_MAX || group.rows + ROWS_PER_SIZE_CHECK > BLOCK_ROWS_MAX {
            let next = Group::new(self.schema, group.omitted.clone());
            self.blocks.extend(std::mem::replace(group, next).finish());
        }
        Ok(())
    }
}

impl<'s> Group<'s> {
    fn new(schema: &'s Schema, omitted: Vec<usize>) -> Self {
        let columns: Vec<_> = (schema.columns.iter().enumerate())
            .filter(|(index, _)| !omitted.contains(index))
            .filter_map(|(index, column)| {
                Some((index, column, Builder::new(column.kind.as_ref()?)))
            })
            .collect();
        Self {
            omitted,
            names: columns.iter().map(|(_, c, _)| c.name.clone()).collect(),
            columns,
            rows: 0,
            input_bytes: 0,
            bytes: 0,
        }
    }

    fn finish(self) -> Option<Block> {
        if self.rows == 0 {
            return None;
        }
        let bytes: usize = (self.columns.iter())
            .map(|(_, column, builder)| {
                column.name.len() + column.wire_type.len() + builder.bytes() + 8
            })
            .sum();
        let mut block = BlockWriter::new(self.names, self.rows, bytes + 16);
        for (_, column, builder) in &self.columns {
            builder.write(block.column(&column.name, &column.wire_type));
        }
        Some(block.finish())
    }
}

/// Appends a cell to its column, or says why not.
fn push_cell(
    cell: Cell<'_>,
    column: &PlannedColumn,
    builder: &mut Builder<'_>,
    now: Stamp,
) -> Result<(), String> {
    if cell.is_missing(column) {
        return push_missing(column, builder, now);
    }
    let pushed = match cell {
        Cell::Json(value, []) => builder.push_json(value),
        Cell::Json(value, rest) => builder.push_path(value, rest),
        Cell::Text(text) => builder.push_text(text),
        Cell::Missing => Ok(()),
    };
    pushed.map_err(|mismatch| {
        let original = cell.original().unwrap_or_default();
        column.describe_mismatch(&original, mismatch)
    })
}

fn push_missing(
    column: &PlannedColumn,
    builder: &mut Builder<'_>,
    now: Stamp,
) -> Result<(), String> {
    match &column.missing {
        Missing::Null => {
            builder.push_zero();
            Ok(())
        }
        Missing::Default(value) => push_default(value, builder, now)
            .map_err(|mismatch| column.describe_mismatch("DEFAULT", mismatch)),
        Missing::Refused | Missing::Engine => Err(column.describe_missing()),
    }
}

fn push_default(
    value: &DefaultValue,
    builder: &mut Builder<'_>,
    now: Stamp,
) -> Result<(), Mismatch> {
    match value {
        DefaultValue::Json(json) => {
            builder.push_json(Json::parse(json).ok().ok_or(Mismatch::SHAPE)?)
        }
        DefaultValue::Text(text) => builder.push_text(text),
        DefaultValue::Zero => {
            builder.push_zero();
            Ok(())
        }
        DefaultValue::Now { digits } => builder.push_stamp(now.truncated(*digits)),
        DefaultValue::Today => builder.push_stamp(now.start_of_day()),
        DefaultValue::RandomUuid => builder.push_uuid(Uuid::new_v4()),
    }
}
