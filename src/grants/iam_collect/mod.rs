//! A store of iam-collect: files below `aws/<partition>/accounts/<account>/` and `aws/<partition>/organizations/<id>/`.
//! One thing is told by several files, so they are gathered first and put together when all are read.

use super::Document;
use super::builder::Builder;

/// The gathered files.
#[derive(Default)]
pub struct Store {}

impl Store {
    /// Takes a file if it stands in a store; gives what it was recognised as.
    pub fn take(&mut self, document: &Document) -> Option<&'static str> {
        let _ = document;
        None
    }

    /// Tells the builder what all the files together say.
    pub fn settle(self, builder: &mut Builder) {
        let _ = builder;
    }
}
