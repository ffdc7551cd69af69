//! The one integration binary: whole runs of the program, and rules about its own source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

mod it {
    pub mod common;
    pub mod layering;
    pub mod nights;
    pub mod queries;
    pub mod sample;
}
