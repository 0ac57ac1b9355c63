//! A journal on a real file system, through what the crate offers.

#![cfg(test)]

mod concurrency;
mod disk;
mod inspect;
mod kill_points;
