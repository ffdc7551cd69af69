//! Exports of the resource side: policies of resources, S3, KMS, VPC endpoints, RAM.

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
