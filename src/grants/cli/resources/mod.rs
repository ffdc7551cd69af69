//! Exports of the resource side: policies of resources, S3, KMS, VPC endpoints, RAM.
//!
//! A document is given the row of the table of exports that it is output of (`recognise`), and what it is about
//! (`subject`); then one of `lists`, `policies`, `many`, `s3`, `keys`, `network`, `ram` takes it. What can only be told when
//! everything is read waits in [`Loose`].

mod keys;
mod lists;
mod loose;
mod many;
mod network;
mod policies;
mod ram;
mod recognise;
mod s3;
mod subject;
#[cfg(test)]
mod bundle_test;
#[cfg(test)]
mod recorded_test;
#[cfg(test)]
mod stray_test;

use super::super::Document;
use super::super::builder::{Builder, Failure};

pub use loose::{Loose, settle};

/// Takes a document of this family; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    if !document.value.is_object() {
        return None;
    }
    let Some(row) = recognise::row_of(document) else { return policies::any(document, builder) };
    if row == "secrets" {
        super::account::secrets(document, builder);
    }
    let nothing = lists::nothing(row, document, builder);
    let taken = nothing.or_else(|| lists::take(row, document, builder))
        .or_else(|| policies::take(row, document, builder))
        .or_else(|| many::take(row, document, builder))
        .or_else(|| s3::take(row, document, builder))
        .or_else(|| keys::take(row, document, builder))
        .or_else(|| network::take(row, document, builder))
        .or_else(|| ram::take(row, document, builder))?;
    taken.then_some(row)
}

/// Whether a row of the table of exports is of this family.
#[must_use]
pub fn reads(row: &str) -> bool {
    recognise::FAMILY.contains(&row)
}

/// Takes a command of this family that gave no output.
pub fn failed(failure: &Failure, builder: &mut Builder) {
    let row = failure.place.export.id.as_str();
    if recognise::FAMILY.contains(&row) {
        lists::failed(row, failure, builder);
        policies::failed(row, failure, builder);
        many::failed(row, failure, builder);
        s3::failed(row, failure, builder);
        keys::failed(row, failure, builder);
    }
}
