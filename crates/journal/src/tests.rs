//! The promises of the journal, on a simulated file system that fails, tears and forgets.
//!
//! Everything here is decided by a seed, and the writer runs on the thread of the test, so that a
//! case that fails fails again. The real file system is in `tests/it`.

#![expect(
    clippy::cast_possible_truncation,
    reason = "everything here is small, and a wrong number fails the test"
)]

mod corruption;
mod driver;
mod faults;
mod power_loss;
mod random;
mod sim;
