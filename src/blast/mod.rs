//! How far a principal reaches, before and after the proposals: ways to more permissions, credentials, data, and whether it
//! can become an administrator.
//!
//! The lists stand in the reference ([`crate::reference::Dangers`]); here they are held against what somebody holds, with
//! Deny statements, boundaries, service control policies, resources and conditions in place. Sets of actions answer the wide
//! questions, compiled statements the few dangerous ones. What counts and how it is weighed: `docs/blast-radius.md`.

pub mod measure;
pub mod paths;
pub mod scope;
pub mod score;
pub mod sets;

#[cfg(test)]
mod measure_test;

pub use measure::{Counts, Holder, Measured, Opened, Reached, Shared, SharedScopes, measure};
pub use paths::{Admin, Answers, Assumable, Node, Path, Step, actions_of_steps, paths};
pub use scope::{Grade, Scope, in_region, regions};
pub use score::{REACH_PERHAPS, REACH_YES, local};
pub use sets::{DocumentSets, Reachable, Sets};
