//! The policy language: documents, statements, conditions; how they are read and how they are written back.
//!
//! No I/O and no frames here. `parse` accepts every encoding that exports use, `print` writes one canonical
//! form, and printing what was parsed loses no meaning: a proposal is built from these types, so a field that
//! was dropped here would be a permission changed in silence.

pub mod beside;
pub mod condition;
pub mod document;
pub mod limits;
pub mod matching;
pub mod parse;
pub mod print;
pub mod same;
pub mod secrets;

pub use condition::{BaseOperator, Condition, ConditionOperator, SetOperator};
pub use document::{
    ActionElement, Effect, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement, Statement, Version,
};
pub use parse::{PolicyError, parse_document, parse_text};
