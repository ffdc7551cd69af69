//! Three states of everything that an export may tell: present, known to be absent, unknown.
//!
//! "No bucket policy" differs from "not exported" and from "refused while exporting": only the first one allows a
//! conclusion. Source: inputs-and-evaluation.md, decision 2, and section 2.1.

/// What is known of one thing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Known<T> {
    /// It is there.
    Present(T),
    /// It is known not to be there.
    Absent,
    /// Not known, with the reason.
    Unknown(String),
}

impl<T> Default for Known<T> {
    fn default() -> Known<T> {
        Known::Unknown("not exported".to_owned())
    }
}

impl<T> Known<T> {
    /// What is there.
    #[must_use]
    pub fn present(&self) -> Option<&T> {
        match self {
            Known::Present(value) => Some(value),
            Known::Absent | Known::Unknown(_) => None,
        }
    }

    /// Whether it is not known.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        matches!(self, Known::Unknown(_))
    }

    /// Why it is not known.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Known::Unknown(why) => Some(why),
            Known::Present(_) | Known::Absent => None,
        }
    }

    /// The same for a borrowed value.
    pub fn as_ref(&self) -> Known<&T> {
        match self {
            Known::Present(value) => Known::Present(value),
            Known::Absent => Known::Absent,
            Known::Unknown(why) => Known::Unknown(why.clone()),
        }
    }

    /// The same after a change of what is there.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Known::Present(value) => Known::Present(change(value)),
            Known::Absent => Known::Absent,
            Known::Unknown(why) => Known::Unknown(why),
        }
    }
}
