//! What is said of a granted action, with the evidence it rests on; and what stays of a statement.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use crate::aws::Text;
use crate::reference::{ActionId, ActionIds};

/// The verdict on one action of one statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub enum Verdict {
    /// Used; stays as granted.
    KeepUsed,
    /// The logs could not have shown a use; stays as granted.
    KeepUnobservable,
    /// Granted for less than the window; stays as granted.
    KeepYoung,
    /// A used action may need it; stays as granted.
    KeepDependent,
    /// Used before the window, in a rhythm that is not broken or in a mode that asks for more; stays as granted.
    KeepCadence,
    /// Somebody answers for it in the keep-list; stays as granted.
    KeepListed,
    /// Used on fewer resources than granted; stays for those.
    Narrow,
    /// Not used although a use would have been seen; goes.
    Drop,
}

impl Verdict {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::KeepUsed => "keep-used",
            Verdict::KeepUnobservable => "keep-unobservable",
            Verdict::KeepYoung => "keep-young",
            Verdict::KeepDependent => "keep-dependent",
            Verdict::KeepCadence => "keep-cadence",
            Verdict::KeepListed => "keep-listed",
            Verdict::Narrow => "narrow",
            Verdict::Drop => "drop",
        }
    }
}

/// What became of one resource pattern of a statement for one used action.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PatternVerdict {
    /// The pattern as granted.
    pub pattern: String,
    /// Used as a whole, narrowed, or dropped.
    pub verdict: Verdict,
    /// Authorised calls in the window on resources that it takes in.
    pub calls: i64,
}

/// A verdict with its evidence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ActionVerdict {
    /// Index of the statement in the current document.
    pub statement: usize,
    /// The statement's Sid, if it has one.
    pub sid: Option<Text>,
    /// Canonical action, or the pattern as written where the reference knows no action it matches.
    pub action: Text,
    /// What the verdict is about when it is not the action as a whole: a principal of a trust policy.
    pub subject: Option<String>,
    /// The verdict.
    pub verdict: Verdict,
    /// First authorised use in the window, epoch ms.
    pub first_seen_ms: Option<i64>,
    /// Last authorised use (in the window, or before it), epoch ms.
    pub last_seen_ms: Option<i64>,
    /// Authorised calls in the window.
    pub calls: i64,
    /// Denied calls in the window.
    pub denied_calls: i64,
    /// Resources that were used.
    pub resources: Vec<Text>,
    /// By granted resource pattern, where some are narrowed or dropped.
    pub patterns: Vec<PatternVerdict>,
    /// Event ids to look up.
    pub samples: Vec<Text>,
    /// Services that made authorised calls for the caller, with the caller's permissions (forward access sessions).
    pub via: Vec<Text>,
    /// `high`, `medium` or `low`.
    pub confidence: &'static str,
    /// Why, in a sentence.
    pub reason: Cow<'static, str>,
}

impl ActionVerdict {
    /// A verdict without evidence yet.
    #[must_use]
    pub fn new(statement: usize, sid: Option<&str>, action: impl Into<Text>, verdict: Verdict, reason: impl Into<Cow<'static, str>>) -> ActionVerdict {
        ActionVerdict {
            statement,
            sid: sid.map(Text::from),
            action: action.into(),
            subject: None,
            verdict,
            first_seen_ms: None,
            last_seen_ms: None,
            calls: 0,
            denied_calls: 0,
            resources: Vec::new(),
            patterns: Vec::new(),
            samples: Vec::new(),
            via: Vec::new(),
            confidence: "high",
            reason: reason.into(),
        }
    }
}

/// One verdict on many actions of a statement of which no record tells.
#[derive(Clone, PartialEq, Debug)]
pub struct VerdictGroup {
    /// Index of the statement in the current document.
    pub statement: usize,
    /// The statement's Sid, if it has one.
    pub sid: Option<Text>,
    /// The verdict.
    pub verdict: Verdict,
    /// `high`, `medium` or `low`.
    pub confidence: &'static str,
    /// Why, in a sentence.
    pub reason: Cow<'static, str>,
    /// The actions.
    pub actions: ActionIds,
}

/// What stays of one statement.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Plan {
    /// The statement is copied as it is.
    Copy,
    /// The statement is rewritten.
    Rewrite {
        /// Actions that keep the statement's resource element.
        as_granted: BTreeSet<ActionId>,
        /// Action patterns that stay as written (the reference cannot expand them, or an unknown call needs them).
        patterns: BTreeSet<String>,
        /// Actions by the narrower resources they keep.
        narrowed: BTreeMap<Vec<String>, BTreeSet<ActionId>>,
    },
}

/// Verdicts and plans of one document.
#[derive(Default)]
pub struct Judged {
    /// Verdicts on actions that records tell of, and on patterns that nobody knows.
    pub verdicts: Vec<ActionVerdict>,
    /// Verdicts on all others.
    pub groups: Vec<VerdictGroup>,
    /// One per statement, in order.
    pub plans: Vec<Plan>,
}
