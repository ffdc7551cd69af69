//! The one integration binary: whole runs of the program, and rules about its own source.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that cannot go on should stop"
)]

#[path = "it/blast.rs"]
mod blast;
#[path = "it/breaks.rs"]
mod breaks;
#[path = "it/bundles.rs"]
mod bundles;
#[path = "it/carriers.rs"]
mod carriers;
#[path = "it/check.rs"]
mod check;
#[path = "it/common.rs"]
mod common;
#[path = "it/coverage.rs"]
mod coverage;
#[path = "it/denials.rs"]
mod denials;
#[path = "it/denied.rs"]
mod denied;
#[path = "it/digest_fixture.rs"]
mod digest_fixture;
#[path = "it/export_script.rs"]
mod export_script;
#[path = "it/findings.rs"]
mod findings;
#[path = "it/generation.rs"]
mod generation;
#[path = "it/history.rs"]
mod history;
#[path = "it/layering.rs"]
mod layering;
#[path = "it/lint.rs"]
mod lint;
#[path = "it/nights.rs"]
mod nights;
#[path = "it/oracle.rs"]
mod oracle;
#[path = "it/packaging.rs"]
mod packaging;
#[path = "it/policy.rs"]
mod policy;
#[path = "it/queries.rs"]
mod queries;
#[path = "it/rebuilt_grants.rs"]
mod rebuilt_grants;
#[path = "it/reduction.rs"]
mod reduction;
#[path = "it/reference.rs"]
mod reference;
#[path = "it/sample.rs"]
mod sample;
#[path = "it/sessions.rs"]
mod sessions;
#[path = "it/sources.rs"]
mod sources;
#[path = "it/verify_logs.rs"]
mod verify_logs;
