//! Output of AWS CLI commands, one file per family of commands. What a file is about is told by its place in a bundle, by
//! its wrapper, or, for files that stand anywhere, by its content.

pub mod account;
pub mod identity_center;
pub mod organisation;
pub mod resources;

use super::Document;
use super::builder::{Builder, Failure};

/// Takes a document of any family; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    resources::take(document, builder)
        .or_else(|| organisation::take(document, builder))
        .or_else(|| identity_center::take(document, builder))
        .or_else(|| account::take(document, builder))
}

/// Takes a command that gave no output.
pub fn failed(failure: &Failure, builder: &mut Builder) {
    resources::failed(failure, builder);
    organisation::failed(failure, builder);
    identity_center::failed(failure, builder);
    account::failed(failure, builder);
}
