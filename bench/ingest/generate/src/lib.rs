//! Seeded trails of CloudTrail: the same bytes for a seed, however many threads write them.

pub mod dice;
pub mod event;
pub mod failure;
pub mod identity;
pub mod operations;
pub mod plan;
pub mod values;
pub mod world;
pub mod write;
