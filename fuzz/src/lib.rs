//! What the fuzz targets hold, one function per target. They stand apart from the fuzzer so that `cargo test` can
//! replay kept inputs without it.
//!
//! The rooms under test are mapped in by path and not taken from the main crate: a fuzz build then compiles and
//! instruments these few rooms and not the whole query engine.

#[path = "../../src/aws/mod.rs"]
pub mod aws;
#[path = "../../src/evaluate/mod.rs"]
pub mod evaluate;
/// Of ingest only what takes files apart.
#[path = "../../src/ingest"]
pub mod ingest {
    pub mod carriers;
    pub mod fields;
    pub mod identity;
    pub mod outcome;
    pub mod raw;
}
#[path = "../../src/policy/mod.rs"]
pub mod policy;
#[path = "../../src/evaluate/random_case.rs"]
pub mod random_case;
#[path = "../../src/reference/mod.rs"]
pub mod reference;
#[path = "../../src/scan.rs"]
pub mod scan;

mod access_log;
mod arn_parse;
mod envelope;
mod evaluate_vs_oracle;
mod policy_roundtrip;
mod wildcard_vs_regex;

pub use access_log::access_log;
pub use arn_parse::arn_parse;
pub use envelope::envelope;
pub use evaluate_vs_oracle::evaluate_vs_oracle;
pub use policy_roundtrip::policy_roundtrip;
pub use wildcard_vs_regex::wildcard_vs_regex;
