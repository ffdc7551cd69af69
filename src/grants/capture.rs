//! Where a fact comes from, and which of two exports of one thing counts.
//!
//! The newest capture wins; a capture whose time is not known is older than any whose time is. Of captures of one time
//! the more direct export wins (the order of [`Source`]), then the later file name. What the other one told differently
//! is a conflict that is reported. The outcome does not depend on the order in which files are read.

/// What kind of export told a fact; later ones are more direct.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Source {
    /// An iam-collect store, which sorts lists and leaves out what is empty.
    IamCollect,
    /// An AWS Config snapshot or history.
    Config,
    /// Output of the AWS CLI: a bundle, or single files.
    Cli,
}

impl Source {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Source::IamCollect => "iam-collect",
            Source::Config => "AWS Config",
            Source::Cli => "AWS CLI",
        }
    }
}

/// One capture of something: when, from what kind of export, in which file. Ordered by who counts.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub struct Capture {
    /// When it was captured, epoch ms; `None` where the export does not say.
    pub at_ms: Option<i64>,
    /// Kind of export.
    pub source: Source,
    /// File, relative to the bundle.
    pub file: String,
}

/// Two exports that tell different things of one thing.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Conflict {
    /// What: an ARN, or words.
    pub what: String,
    /// The file that counts.
    pub kept: String,
    /// The file that does not.
    pub dropped: String,
}
