//! What the reduction is told by `trailtrim.toml`: how bold it may be, for whom, and what must stay.

use crate::aws::{arn_matches, glob_matches};
use crate::grants::Principal;

/// How bold the reduction is. No mode takes away what the logs could not have shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, PartialOrd, Ord)]
pub enum Mode {
    /// Only what was never used, in the window or before it; resources stay as granted.
    Conservative,
    /// What was not used in the window goes, unless a rhythm says that it comes again; resources are narrowed.
    #[default]
    Balanced,
    /// A grant is old after [`ReduceSettings::min_age_days`] instead of after the window; neither rhythms nor actions that
    /// used ones may depend on hold anything back.
    Aggressive,
}

impl Mode {
    /// The word in the configuration and in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Mode::Conservative => "conservative",
            Mode::Balanced => "balanced",
            Mode::Aggressive => "aggressive",
        }
    }
}

/// Settings for some users, groups and roles. All that is given must fit; `None` fits everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// Pattern of the path, `/service/*`.
    pub path: Option<String>,
    /// A tag: its key, and a pattern of its value.
    pub tag: Option<(String, String)>,
    /// Pattern of the ARN.
    pub arn: Option<String>,
    /// The mode for these.
    pub mode: Option<Mode>,
    /// Whether they are not reduced at all.
    pub leave_alone: bool,
}

impl Rule {
    /// Whether the rule is about somebody.
    #[must_use]
    pub fn fits(&self, principal: &Principal) -> bool {
        self.path.as_ref().is_none_or(|p| glob_matches(p, &principal.path))
            && self.tag.as_ref().is_none_or(|(key, value)| principal.tags.get(key).is_some_and(|v| glob_matches(value, v)))
            && self.arn.as_ref().is_none_or(|p| arn_matches(p, &principal.arn))
    }
}

/// A permission that stays though it is not used, because somebody answers for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    /// Pattern of the ARN of the users and roles that keep it.
    pub principal: String,
    /// Action patterns.
    pub actions: Vec<String>,
    /// Who answers for it.
    pub owner: String,
    /// The day after which it no longer stays, `YYYY-MM-DD`.
    pub until: String,
    /// Why, in the owner's words; may be empty.
    pub reason: String,
    /// Whether that day is over.
    pub is_expired: bool,
}

impl Keep {
    /// Whether it still keeps anything for somebody.
    #[must_use]
    pub fn is_for(&self, principal: &Principal) -> bool {
        !self.is_expired && arn_matches(&self.principal, &principal.arn)
    }

    /// Why the action stays, for the evidence.
    #[must_use]
    pub fn why(&self) -> String {
        let because = if self.reason.is_empty() { String::new() } else { format!(": {}", self.reason) };
        format!("kept by the keep-list until {}, owner {}{because}", self.until, self.owner)
    }
}

/// All that the reduction may be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReduceSettings {
    /// Share of the window's days, in thousandths, that must have events before anything is dropped.
    pub min_coverage_permille: i64,
    /// Accounts whose data events are complete for these service prefixes (`account:prefix` or `prefix`).
    pub declared_data_events: Vec<String>,
    /// From how many one-off ids of a type on the type is kept as a whole.
    pub ids_to_wildcard: usize,
    /// From how many names of a type on they are generalised to a common prefix.
    pub names_to_prefix: usize,
    /// Of all known resources that a generalised pattern takes in, the thousandths that may not have been used; a
    /// pattern that would bring in more is refused and the names are listed.
    pub over_grant_permille: usize,
    /// How many unused known resources a generalised pattern may bring in at most.
    pub over_grant_most: usize,
    /// Whether every region that was seen is named; otherwise what was used in several regions is granted in all.
    pub pin_region: bool,
    /// Managed policies that a user, a group or a role can have attached (AWS: 10, up to 20 on request).
    pub attached_quota: usize,
    /// How bold, where no rule says otherwise.
    pub mode: Mode,
    /// After how many days a grant is old in the aggressive mode.
    pub min_age_days: i64,
    /// For whom something else holds; the first rule that fits and names a mode counts, any that leaves alone counts.
    pub rules: Vec<Rule>,
    /// What must stay.
    pub keep: Vec<Keep>,
}

impl Default for ReduceSettings {
    fn default() -> ReduceSettings {
        ReduceSettings {
            min_coverage_permille: 900,
            declared_data_events: Vec::new(),
            ids_to_wildcard: 3,
            names_to_prefix: 25,
            over_grant_permille: 900,
            over_grant_most: 1000,
            pin_region: true,
            attached_quota: crate::policy::limits::ATTACHED_LIMIT,
            mode: Mode::default(),
            min_age_days: 30,
            rules: Vec::new(),
            keep: Vec::new(),
        }
    }
}

impl ReduceSettings {
    /// The mode for one of them.
    fn mode_of(&self, principal: &Principal) -> Mode {
        self.rules.iter().filter(|r| r.fits(principal)).find_map(|r| r.mode).unwrap_or(self.mode)
    }

    /// The mode for a document that bears on several: the most careful of theirs.
    #[must_use]
    pub fn mode_for(&self, people: &[&Principal]) -> Mode {
        people.iter().map(|p| self.mode_of(p)).min().unwrap_or(self.mode)
    }

    /// Whether a document is not to be touched, because it bears on somebody who is left alone.
    #[must_use]
    pub fn left_alone<'p>(&self, people: &[&'p Principal]) -> Option<&'p Principal> {
        people.iter().copied().find(|p| self.rules.iter().any(|r| r.leave_alone && r.fits(p)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grants::OwnerKind;

    fn role(path: &str, tag: Option<(&str, &str)>) -> Principal {
        Principal {
            kind: OwnerKind::Role,
            account: "111122223333".to_owned(),
            name: "r".to_owned(),
            path: path.to_owned(),
            arn: "arn:aws:iam::111122223333:role/r".to_owned(),
            unique_id: "AROAR".to_owned(),
            created_ms: None,
            inline: Vec::new(),
            attached: Vec::new(),
            groups: Vec::new(),
            boundary: None,
            trust: None,
            tags: tag.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect(),
            last_used_ms: None,
            last_used_known: false,
            instance_profiles: Vec::new(),
            untold: Vec::new(),
        }
    }

    #[test]
    fn the_most_careful_mode_counts() {
        let tagged = Rule { tag: Some(("env".into(), "prod*".into())), mode: Some(Mode::Conservative), ..Rule::default() };
        let alone = Rule { path: Some("/break-glass/*".into()), leave_alone: true, ..Rule::default() };
        let settings = ReduceSettings { mode: Mode::Aggressive, rules: vec![tagged, alone], ..ReduceSettings::default() };
        let (plain, prod, glass) = (role("/", None), role("/", Some(("env", "production"))), role("/break-glass/x/", None));
        assert_eq!(settings.mode_for(&[&plain]), Mode::Aggressive);
        assert_eq!(settings.mode_for(&[&plain, &prod]), Mode::Conservative);
        assert!(settings.left_alone(&[&plain, &glass]).is_some());
        assert!(settings.left_alone(&[&plain, &prod]).is_none());
    }
}
