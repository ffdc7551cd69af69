//! The two proofs. `replay`: every call that was allowed is evaluated again under the new policies.
//! `containment`: the new policies allow nothing that the old one did not. And what both lean on, `consistency`:
//! the evaluation agrees with what the log says happened.
//!
//! This room knows nothing of how a proposal was made; it takes documents and answers. If it shared code with
//! the room that proposes, one mistake could make a wrong policy and bless it.

pub mod consistency;
pub mod containment;
pub mod replay;

pub use consistency::{Agreement, Comparison, Logged, Refusal, compare};
pub use containment::{Containment, Question, Scope, Witness, contained};
pub use replay::{Judgement, NewlyDenied, ReplayCounts, is_lost, judge};
