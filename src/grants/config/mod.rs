//! AWS Config: snapshots, histories, and answers of `select-resource-config`.

use super::Document;
use super::builder::Builder;

/// Takes a document of AWS Config; gives what it was recognised as.
pub fn take(document: &Document, builder: &mut Builder) -> Option<&'static str> {
    let _ = (document, builder);
    None
}
