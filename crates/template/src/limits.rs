//! Limits on templates and their evaluation.
//!
//! The language has loops, string repetition and unbounded integers, and request parameters decide
//! how often they run. Each number here bounds one of those; reaching one ends the rendering with
//! an error of kind [`Limit`](crate::ErrorKind::Limit) that the template cannot catch.

/// Longest template text, in bytes. The largest node in public projects has about 40 KiB.
pub(crate) const TEMPLATE_BYTES_MAX: usize = 1 << 20;

/// Deepest nesting of one expression, counted in syntax nodes.
///
/// Chains such as `a + b + c` count one level for each operator. Chosen so that the recursive
/// evaluation of an unoptimised build fits into the 2 MiB stack of a worker thread.
pub(crate) const EXPRESSION_DEPTH_MAX: u16 = 160;

/// Deepest nesting of blocks, as in the reference (its generated code is indented by each).
pub(crate) const BLOCK_DEPTH_MAX: usize = 98;

/// Deepest nesting of `for`, `while` and `try`, as in the reference.
pub(crate) const LOOP_DEPTH_MAX: usize = 20;

/// Deepest recursion while evaluating: expressions, blocks and calls of lambdas together.
pub(crate) const EVALUATION_DEPTH_MAX: u32 = 320;

/// Deepest nesting of values that is compared or printed.
pub(crate) const VALUE_DEPTH_MAX: u32 = 100;

/// Longest chain of lazy iterators over each other (`map`, `zip`, …).
pub(crate) const ITERATOR_DEPTH_MAX: u32 = 32;

/// Work of one evaluated expression, in the unit of [`Limits::work_max`].
pub(crate) const WORK_PER_STEP: u64 = 16;

/// Largest integer, in bits. Decimal text is limited to 4300 digits as in the reference.
pub(crate) const INTEGER_BITS_MAX: u64 = 1 << 16;

/// Most digits of an integer that is converted from or to decimal text, as in the reference.
pub(crate) const INTEGER_DIGITS_MAX: usize = 4300;

/// Limits of one rendering; the same for all templates of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Work units: about 16 for each evaluated expression and one for each byte or element that is
    /// created or searched. This bounds the time and the memory of a rendering.
    pub work_max: u64,
    /// Bytes of rendered SQL.
    pub output_bytes_max: usize,
    /// Bytes of one string, and elements of one list.
    pub value_size_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            work_max: 32 << 20,
            output_bytes_max: 4 << 20,
            value_size_max: 4 << 20,
        }
    }
}
