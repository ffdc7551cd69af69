//! Points of risk: to compare principals and to rank what to fix first, no probability. The table stands in
//! `docs/blast-radius.md`.

use super::measure::{Counts, Measured};
use super::scope::Grade;

/// Points of a principal that can become an administrator.
pub const REACH_YES: usize = 1000;
/// Points of one that perhaps can.
pub const REACH_PERHAPS: usize = 500;
/// Points of a way to more permissions that is open; limited half of it, conditional a quarter.
const WAY: usize = 20;
/// Points of an action of credentials that is open; bounded half of it.
const CREDENTIAL: usize = 8;
/// Points of an action that manages permissions, reads data, changes data, or destroys, and is open; bounded half of it.
const OTHER: usize = 4;

fn points(counts: Counts, each: usize) -> usize {
    counts.open * each + counts.bounded * each / 2
}

/// The points of what a principal reaches by itself.
#[must_use]
pub fn local(measured: &Measured) -> usize {
    let ways = measured.ways.iter().map(|w| match w.grade {
        Grade::Open => WAY,
        Grade::Limited => WAY / 2,
        Grade::Conditional => WAY / 4,
        Grade::Closed => 0,
    });
    let others = [measured.permissions, measured.data_read, measured.data_write, measured.destruction];
    ways.sum::<usize>() + points(measured.credentials, CREDENTIAL) + others.into_iter().map(|c| points(c, OTHER)).sum::<usize>()
}
