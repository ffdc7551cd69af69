//! What a bundle has, lacks, and cannot tell: for every command of the table of exports, for every reference from one
//! thing to another, and for its age.
//!
//! A gap names what it weakens and the command that closes it. Source: inputs-and-evaluation.md sections 2.1 and 2.3.

mod answers;
mod closure;
mod command;
mod expected;
mod groups;
mod stale;

use std::collections::BTreeMap;

use super::{Grants, Known};

pub use groups::GapGroup;
pub use stale::LogWindow;

/// Kind of a gap.
#[derive(Copy, Clone, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum GapKind {
    /// The command was never run, as far as the bundle shows.
    NotExported,
    /// The command failed, or its output cannot be read.
    Unknown,
    /// Something names a thing that no export has.
    Dangling,
    /// The export is older than what it is held against.
    Stale,
}

impl GapKind {
    /// All of them, the most telling first.
    pub const ALL: [GapKind; 4] = [GapKind::Unknown, GapKind::Stale, GapKind::Dangling, GapKind::NotExported];

    /// The word in outputs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            GapKind::NotExported => "not exported",
            GapKind::Unknown => "unknown",
            GapKind::Dangling => "dangling",
            GapKind::Stale => "stale",
        }
    }
}

/// Something that is not known.
#[derive(Clone, PartialEq, Eq, Debug, PartialOrd, Ord)]
pub struct Gap {
    /// The system of permissions.
    pub system: String,
    /// Id of the row of the table of exports.
    pub export: String,
    /// Account; empty for the organisation's and Identity Center's.
    pub account: String,
    /// Region; empty where there is none.
    pub region: String,
    /// Kind.
    pub kind: GapKind,
    /// What it is about: an ARN or a name; empty for a whole command.
    pub subject: String,
    /// Why it is not known.
    pub why: String,
    /// Which reports and verdicts are weaker without it.
    pub weakens: String,
    /// The command that closes it.
    pub command: String,
}

/// How many answers of each state a system has.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct SystemCounts {
    /// There is output.
    pub present: usize,
    /// AWS says that there is no such thing.
    pub absent: usize,
    /// The command failed, or its output cannot be read.
    pub unknown: usize,
    /// Not exported.
    pub not_exported: usize,
}

/// The whole answer.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Diagnosis {
    /// Answers by system, in the order of the table of exports.
    pub systems: Vec<(String, SystemCounts)>,
    /// Everything that is not known, in order.
    pub gaps: Vec<Gap>,
}

impl Diagnosis {
    /// Gaps of one kind.
    pub fn of_kind(&self, kind: GapKind) -> impl Iterator<Item = &Gap> {
        self.gaps.iter().filter(move |g| g.kind == kind)
    }
}

/// Examines grants; with what the logs tell, whether the exports are too old for them as well.
#[must_use]
pub fn diagnose(grants: &Grants, logs: Option<&LogWindow>) -> Diagnosis {
    let answers = answers::all(grants);
    let mut diagnosis = Diagnosis::default();
    let mut by_system: BTreeMap<&str, SystemCounts> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    for wanted in expected::all(grants, &answers) {
        let row = wanted.row;
        if !order.contains(&row.system.as_str()) {
            order.push(&row.system);
        }
        let counts = by_system.entry(&row.system).or_default();
        let (kind, why) = match wanted.answer {
            Some(Known::Present(())) => {
                counts.present += 1;
                continue;
            }
            Some(Known::Absent) => {
                counts.absent += 1;
                continue;
            }
            Some(Known::Unknown(why)) => {
                counts.unknown += 1;
                (GapKind::Unknown, why)
            }
            None => {
                counts.not_exported += 1;
                (GapKind::NotExported, "not exported".to_owned())
            }
        };
        diagnosis.gaps.push(Gap {
            system: row.system.clone(),
            export: row.id.clone(),
            command: command::filled(row, &wanted.key, &wanted.subject),
            account: wanted.key.account,
            region: wanted.key.region,
            kind,
            subject: wanted.subject,
            why,
            weakens: row.weakens.clone(),
        });
    }
    diagnosis.systems = order
        .into_iter()
        .map(|system| (system.to_owned(), by_system.remove(system).unwrap_or_default()))
        .collect();
    diagnosis.gaps.extend(closure::gaps(grants));
    diagnosis.gaps.extend(logs.into_iter().flat_map(|logs| stale::gaps(grants, logs)));
    diagnosis.gaps.sort();
    diagnosis.gaps.dedup();
    diagnosis
}
