//! JSONPaths of columns.
//!
//! Grammar as implemented:
//! ```text
//! path    := "$" { segment }
//! segment := "." key | "[:]" | "[" digits "]" | "[" quote text quote "]" | ".[" quote text quote "]"
//! key     := any characters except "." and "["
//! ```

/// A JSONPath such as `$.user.tags[:]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonPath {
    keys: Vec<String>,
    rest: Vec<Segment>,
}

/// One step of a path, behind its leading keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Segment {
    /// `.key`: a field of an object.
    Key(String),
    /// `[:]`: every element of an array.
    Each,
    /// `[n]`: one element of an array, counted from 0.
    Index(usize),
}

/// Why a text is not a JSONPath.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("JSONPath '{path}' {problem}")]
pub struct PathError {
    /// The text.
    pub path: String,
    /// What is wrong, and what to write.
    pub problem: &'static str,
}

impl JsonPath {
    /// Reads a path; a leading `json:` is allowed.
    ///
    /// # Errors
    /// When the text does not follow the grammar above.
    pub fn parse(text: &str) -> Result<Self, PathError> {
        segments(text)
            .map(Self::from_segments)
            .map_err(|problem| PathError {
                path: text.to_owned(),
                problem,
            })
    }

    /// Makes a path of its steps.
    #[must_use]
    pub fn from_segments(segments: Vec<Segment>) -> Self {
        let mut keys = Vec::new();
        let mut segments = segments.into_iter().peekable();
        while let Some(Segment::Key(key)) =
            segments.next_if(|segment| matches!(segment, Segment::Key(_)))
        {
            keys.push(key);
        }
        Self {
            keys,
            rest: segments.collect(),
        }
    }

    /// Returns the keys before the first array step.
    pub(crate) fn keys(&self) -> &[String] {
        &self.keys
    }

    /// Returns the first array step and everything behind it. A final `[:]` is left out: it says
    /// what the column's array type says already.
    pub(crate) fn rest(&self) -> &[Segment] {
        match self.rest.split_last() {
            Some((Segment::Each, front)) => front,
            _ => &self.rest,
        }
    }
}

fn segments(text: &str) -> Result<Vec<Segment>, &'static str> {
    let path = text.strip_prefix("json:").unwrap_or(text);
    let mut rest = path
        .strip_prefix('$')
        .ok_or("must begin with $, as in $.key")?;
    let mut segments = Vec::new();
    while !rest.is_empty() {
        let (segment, behind) =
            if let Some(inside) = (rest.strip_prefix(".[")).or_else(|| rest.strip_prefix('[')) {
                bracket(inside)?
            } else if let Some(key) = rest.strip_prefix('.') {
                let end = key.find(['.', '[']).unwrap_or(key.len());
                let (key, behind) = key.split_at(end);
                if key.is_empty() {
                    return Err("has an empty key; write $['key'] for unusual names");
                }
                (Segment::Key(key.to_owned()), behind)
            } else {
                return Err("has text where '.' or '[' was expected");
            };
        segments.push(segment);
        rest = behind;
    }
    Ok(segments)
}

/// Reads what stands behind `[`.
fn bracket(inside: &str) -> Result<(Segment, &str), &'static str> {
    for quote in ['\'', '"'] {
        if let Some(text) = inside.strip_prefix(quote) {
            let (key, behind) = text
                .split_once(quote)
                .ok_or("has a quote that is not closed")?;
            let behind = behind
                .strip_prefix(']')
                .ok_or("has a bracket that is not closed")?;
            return Ok((Segment::Key(key.to_owned()), behind));
        }
    }
    let (index, behind) = inside
        .split_once(']')
        .ok_or("has a bracket that is not closed")?;
    match index {
        ":" => Ok((Segment::Each, behind)),
        digits => digits
            .parse()
            .map(|index| (Segment::Index(index), behind))
            .ok()
            .ok_or("has brackets with something else than ':', a number or a quoted key"),
    }
}
