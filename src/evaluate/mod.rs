//! Request × policies → decision, in three values, with the statements that decided.
//!
//! Everything else rests on this room: a replay that decides unlike AWS proves nothing. A condition whose key
//! the record does not tell is Unknown, neither a match nor a non-match. Rules by their numbers in
//! inputs-and-evaluation.md section 4; what they leave open stands in `docs/evaluation.md`.
//!
//! Policies are compiled once ([`Compiler`]), requests are made ready once ([`PreparedRequest`]), then [`decide`]
//! and [`evaluate`] walk them. One file per kind of policy; `oracle` decides the same slowly and literally from the
//! documents themselves, and both must agree.

pub mod action_set;
pub mod arn_pattern;
pub mod boundary;
pub mod case;
pub mod compiled;
pub mod condition;
pub mod context;
pub mod decision;
pub mod document;
pub mod engine;
pub mod explain;
pub mod identity;
pub mod kms;
pub mod layer;
pub mod oracle;
pub mod organisation;
pub mod owned;
pub mod pattern;
pub mod policies;
pub mod prepared;
pub mod principal;
pub mod rcp;
pub mod request;
pub mod resource;
pub mod s3;
pub mod scp;
pub mod session;
pub mod simulate;
pub mod trust;
pub mod values;
pub mod vpc_endpoint;

#[cfg(test)]
mod cases_test;
#[cfg(test)]
mod oracle_test;
#[cfg(test)]
pub mod random_case;

pub use compiled::CompiledPolicies;
pub use context::{Context, ContextValue};
pub use decision::{DecidingStatement, Decision, Evaluation, PolicyType, Tri};
pub use document::Compiler;
pub use engine::{Change, Halves, decide, decide_both, evaluate};
pub use policies::{Level, NamedPolicy, Policies, Settings};
pub use prepared::PreparedRequest;
pub use request::{PrincipalType, Request, RequestPrincipal};

pub use crate::policy::beside::{AclGrant, AclGrantee, AclPermission, BlockPublicAccess, KmsGrant, ObjectOwnership, VpcEndpointType};
