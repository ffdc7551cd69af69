//! Exports of an account beside policies: credentials, settings, identity providers, last use, findings.

use super::super::Document;
use super::super::builder::{Builder, Failure};

/// Takes a document of this family; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let _ = (document, builder);
    None
}

/// Takes a command of this family that gave no output.
pub fn failed(failure: &Failure, builder: &mut Builder) {
    let _ = (failure, builder);
}
