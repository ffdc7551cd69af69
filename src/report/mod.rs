//! Findings and files: every tabular question is SQL in `queries/`, every report a description in `reports/`,
//! every output format one file here.
//!
//! Everything that comes from logs or exports is attacker-controlled text; each format escapes it in its own way
//! (`escape`). Missing input answers UNKNOWN, never PASS. Source: reports-and-controls.md.

pub mod advice;
pub mod blast_text;
pub mod catalogue;
pub mod check_text;
pub mod compare;
pub mod deliver;
pub mod denied_text;
pub mod doctor_text;
pub mod escape;
pub mod explain_text;
pub mod findings;
pub mod findings_csv;
pub mod findings_json;
pub mod formats;
pub mod html;
pub mod lint_text;
pub mod mapping_text;
pub mod model;
pub mod page_facts;
pub mod policy_files;
pub mod proofs_text;
pub mod redacted;
pub mod rules_text;
pub mod run_json;
pub mod sql;
pub mod summary_md;
pub mod verify_text;

pub use catalogue::{Report, reports};
pub use findings::{Finding, Status};
pub use model::ReportModel;
