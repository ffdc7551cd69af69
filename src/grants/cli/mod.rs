//! Output of AWS CLI commands, one file per family of commands. What a file is about is told by its place in a bundle, by
//! its wrapper, or, for files that stand anywhere, by its content.

pub mod account;
#[cfg(test)]
pub mod bundle_test;
pub mod identity_center;
pub mod organisation;
pub mod pages;
pub mod resources;

use super::Document;
use super::builder::{Builder, Failure};

/// What is kept until all files are read.
#[derive(Default)]
pub struct Parts {
    /// Of accounts.
    pub account: account::Parts,
    /// Of the organisation.
    pub organisation: organisation::Parts,
    /// Of Identity Center.
    pub identity_center: identity_center::Parts,
}

/// Puts what was kept in its place, after all files are read.
pub fn settle(builder: &mut Builder) {
    let parts = std::mem::take(&mut builder.cli);
    account::settle(parts.account, builder);
    organisation::settle(parts.organisation, builder);
    identity_center::settle(parts.identity_center, builder);
}

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
