//! A proposal in the forms in which it is applied: scripts for the AWS CLI with their exact way back, Terraform, CloudFormation.
//!
//! All are made from one list of operations (`operations`); the documents are those of the folder, which were proved. User's side:
//! docs/outputs.md.

pub mod cloudformation;
pub mod diff;
pub mod iac_map;
pub mod operations;
pub mod script;
pub mod terraform;

#[cfg(test)]
mod deliver_test;

pub use iac_map::IacMap;
pub use operations::{Operation, plan};
