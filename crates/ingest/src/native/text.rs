//! Columns of text outside of a schema, as the quarantine needs them.

use super::builder::Ends;
use super::write_string;

/// Values of `Nullable(String)`, outside of a schema.
#[derive(Debug, Default)]
pub(crate) struct TextColumn {
    nulls: Vec<u8>,
    data: Vec<u8>,
}

impl TextColumn {
    pub(crate) fn push(&mut self, text: Option<&str>) {
        self.nulls.push(u8::from(text.is_none()));
        write_string(text.unwrap_or_default().as_bytes(), &mut self.data);
    }

    pub(crate) fn bytes(&self) -> usize {
        self.nulls.len() + self.data.len()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.nulls);
        out.extend_from_slice(&self.data);
    }
}

/// Values of `Array(String)`, outside of a schema.
#[derive(Debug, Default)]
pub(crate) struct TextListColumn {
    ends: Ends,
    data: Vec<u8>,
}

impl TextListColumn {
    pub(crate) fn push<'t>(&mut self, texts: impl Iterator<Item = &'t str>) {
        for text in texts {
            write_string(text.as_bytes(), &mut self.data);
            self.ends.add_element();
        }
        self.ends.close_row();
    }

    pub(crate) fn bytes(&self) -> usize {
        self.ends.bytes() + self.data.len()
    }

    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        self.ends.write(out);
        out.extend_from_slice(&self.data);
    }
}
