//! From what stays to the text of a policy: statements merged where that adds nothing, wildcards where they stand
//! for nothing else, and the whole made to fit AWS's limits. Nothing here decides what stays.
//! Source: reference-data.md section 5.

pub mod collapse;
pub mod granted;
pub mod merge;
#[cfg(test)]
mod merge_test;
pub mod pack;
#[cfg(test)]
mod pack_test;
pub mod piece;
pub mod sids;
pub mod split;
pub mod types;

use crate::reference::Reference;

use super::ReduceSettings;
use super::compress::Memo;
use super::known::Known;

pub use pack::{Step, StepKind};
pub use types::Types;

/// What policies are written on the ground of: the same for all policies of a run.
pub struct Ground<'a> {
    /// Actions and their resource types.
    pub reference: &'a Reference,
    /// The types, prepared.
    pub types: Types,
    /// Resources that exist.
    pub known: Known<'a>,
    /// What `trailtrim.toml` says.
    pub settings: &'a ReduceSettings,
    /// Wildcards that were worked out before: policies of one kind are shortened alike on all of their holders.
    pub memo: Memo,
}

impl<'a> Ground<'a> {
    /// Prepares what is the same for all policies.
    #[must_use]
    pub fn new(reference: &'a Reference, known: Known<'a>, settings: &'a ReduceSettings) -> Ground<'a> {
        Ground { reference, types: Types::new(reference), known, settings, memo: Memo::default() }
    }
}
