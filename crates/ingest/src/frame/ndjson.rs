//! Lines of a body. The last newline is optional, a carriage return before it belongs to it, and
//! blank lines are left out but counted.

/// One line that is not blank.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Line<'a> {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Its bytes, without blanks at its ends.
    pub(crate) bytes: &'a [u8],
    /// Its text, when it is valid UTF-8.
    pub(crate) text: Option<&'a str>,
}

/// Returns the lines of a body in order.
pub(crate) fn lines(body: &[u8]) -> Box<dyn Iterator<Item = Line<'_>> + '_> {
    let numbered = 1_u64..;
    // Searching a newline is several times faster in a text.
    match std::str::from_utf8(body) {
        Ok(text) => Box::new(
            numbered
                .zip(text.split('\n'))
                .map(|(number, line)| (number, line.trim_ascii()))
                .filter(|(_, line)| !line.is_empty())
                .map(|(number, line)| Line {
                    number,
                    bytes: line.as_bytes(),
                    text: Some(line),
                }),
        ),
        Err(_) => Box::new(
            numbered
                .zip(body.split(|byte| *byte == b'\n'))
                .map(|(number, line)| (number, line.trim_ascii()))
                .filter(|(_, line)| !line.is_empty())
                .map(|(number, line)| Line {
                    number,
                    bytes: line,
                    text: std::str::from_utf8(line).ok(),
                }),
        ),
    }
}
