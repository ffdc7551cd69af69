//! How far everybody reaches, before and after, in the report's words: `tables/blast_radius.csv`, the counters of `run.json`
//! and `evidence.json`, the lists of the summary and of the page. What counts: `docs/blast-radius.md`.

use serde_json::{Value, json};

use super::escape::markdown;
use super::findings_csv::written;
use super::model::ReportModel;

/// Actions of a category: all, and those of them on every resource without condition.
pub type Actions = (usize, usize);

/// A principal at one time; texts are visible.
#[derive(Clone, Debug, Default)]
pub struct BlastSide {
    /// Points of risk.
    pub risk: usize,
    /// Whether it can become an administrator: `yes`, `perhaps`, `unknown`, `no`.
    pub admin: &'static str,
    /// How.
    pub path: String,
    /// Ways to more permissions that are open: name, grade, on what.
    pub escalations: Vec<[String; 3]>,
    /// Actions that hand out or change credentials.
    pub credentials: Actions,
    /// Actions that manage permissions.
    pub permissions: Actions,
    /// Actions that read data.
    pub data_read: Actions,
    /// Actions that change data.
    pub data_write: Actions,
    /// Actions after which something is gone.
    pub destruction: Actions,
    /// The stores whose content is read or changed, in words.
    pub data: Vec<String>,
}

/// A principal before and after.
#[derive(Clone, Debug, Default)]
pub struct BlastRow {
    /// Account.
    pub account: String,
    /// ARN.
    pub principal: String,
    /// `user` or `role`.
    pub kind: &'static str,
    /// As it is.
    pub before: BlastSide,
    /// Once the proposals stand.
    pub after: BlastSide,
    /// Folders of the proposals that change what it holds.
    pub folders: Vec<String>,
    /// What is not known of it.
    pub not_known: Vec<String>,
}

impl BlastRow {
    /// Some of the ways that are open before, marked where they close.
    #[must_use]
    pub fn first_ways(&self) -> Vec<String> {
        let is_left = |id: &String| self.after.escalations.iter().any(|after| after.first() == Some(id));
        let word = |w: &[String; 3]| if w.first().is_some_and(is_left) { format!("{} stays", way(w)) } else { format!("{} closes", way(w)) };
        let mut words: Vec<String> = self.before.escalations.iter().take(SHOWN).map(word).collect();
        if self.before.escalations.len() > SHOWN {
            words.push(format!("and {} more", self.before.escalations.len() - SHOWN));
        }
        words
    }
}

/// What a proposal takes away, the most first.
#[derive(Clone, Debug, Default)]
pub struct FixRow {
    /// Folder below `policies/`.
    pub folder: String,
    /// Policy.
    pub policy: String,
    /// ARN of its owner.
    pub owner: String,
    /// Points.
    pub risk: usize,
    /// Users and roles whose risk it lowers.
    pub principals: usize,
    /// Those of them that can no longer become an administrator.
    pub paths: usize,
}

/// What a proposal takes away, for its folder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RiskRemoved {
    /// Points, applied alone; of paths to an administrator that close, the points of all who lose them.
    pub risk: usize,
    /// Users and roles whose risk it lowers.
    pub principals: usize,
    /// Those of them that can no longer become an administrator.
    pub paths: usize,
}

/// Everybody's reach.
#[derive(Clone, Debug, Default)]
pub struct BlastFacts {
    /// Principals: the highest risk that is removed first, then the highest that stays.
    pub rows: Vec<BlastRow>,
    /// Proposals that take risk away, the most first.
    pub fixes: Vec<FixRow>,
}

/// How many rows the summary, the page and `run.json` show.
pub const SHOWN: usize = 10;

impl BlastFacts {
    /// Risk before and after, over all principals.
    #[must_use]
    pub fn risk(&self) -> (usize, usize) {
        self.rows.iter().fold((0, 0), |(b, a), r| (b + r.before.risk, a + r.after.risk))
    }

    /// Open ways before and after, over all principals.
    #[must_use]
    pub fn escalations(&self) -> (usize, usize) {
        self.rows.iter().fold((0, 0), |(b, a), r| (b + r.before.escalations.len(), a + r.after.escalations.len()))
    }

    /// How many can become an administrator, by this word, before and after.
    #[must_use]
    pub fn admins(&self, word: &str) -> (usize, usize) {
        let count = |of: fn(&BlastRow) -> &BlastSide| self.rows.iter().filter(|r| of(r).admin == word).count();
        (count(|r| &r.before), count(|r| &r.after))
    }

    /// The proposals that take most away.
    #[must_use]
    pub fn first_fixes(&self) -> &[FixRow] {
        self.fixes.get(..SHOWN).unwrap_or(&self.fixes)
    }

    /// The two tables of principals on the page, with their captions.
    #[must_use]
    pub fn tables(&self) -> [(&'static str, Vec<&BlastRow>); 2] {
        [("Principals whose risk falls most, before → after", self.fallen()), ("Principals that keep most risk, before → after", self.remaining())]
    }

    /// The principals whose risk falls most.
    #[must_use]
    pub fn fallen(&self) -> Vec<&BlastRow> {
        self.rows.iter().filter(|r| r.before.risk > r.after.risk).take(SHOWN).collect()
    }

    /// The principals that keep most risk, whether or not a proposal touches them.
    #[must_use]
    pub fn remaining(&self) -> Vec<&BlastRow> {
        let mut rows: Vec<&BlastRow> = self.rows.iter().filter(|r| r.after.risk > 0).collect();
        rows.sort_by(|a, b| (b.after.risk, &a.principal).cmp(&(a.after.risk, &b.principal)));
        rows.truncate(SHOWN);
        rows
    }
}

/// A way in words.
#[must_use]
pub fn way([id, grade, on]: &[String; 3]) -> String {
    match grade.as_str() {
        "open" => id.clone(),
        "limited" => format!("{id} (limited to {on})"),
        _ => format!("{id} (under a condition)"),
    }
}

type OfSide = fn(&BlastSide) -> Actions;

const CATEGORIES: [(&str, OfSide); 5] = [
    ("credential_actions", |s| s.credentials),
    ("permission_actions", |s| s.permissions),
    ("data_read_actions", |s| s.data_read),
    ("data_write_actions", |s| s.data_write),
    ("destructive_actions", |s| s.destruction),
];

/// `tables/blast_radius.csv`.
#[must_use]
pub fn csv(facts: &BlastFacts) -> String {
    let both = |name: &str| ["before", "after"].map(|when| format!("{name}_{when}"));
    let mut header: Vec<String> = ["account", "principal_arn", "kind", "risk_removed"].map(str::to_owned).to_vec();
    for name in ["risk", "can_become_admin", "admin_path", "escalations", "escalation_ways"] {
        header.extend(both(name));
    }
    for (name, _) in CATEGORIES {
        header.extend(both(name));
        header.extend(both(&format!("{name}_on_everything")));
    }
    header.extend(both("data"));
    header.extend(["proposals", "not_known"].map(str::to_owned));
    let row = |r: &BlastRow| -> Vec<String> {
        let both = |of: &dyn Fn(&BlastSide) -> String| [of(&r.before), of(&r.after)];
        let removed = r.before.risk.saturating_sub(r.after.risk);
        let mut cells = vec![r.account.clone(), r.principal.clone(), r.kind.to_owned(), removed.to_string()];
        cells.extend(both(&|s| s.risk.to_string()));
        cells.extend(both(&|s| s.admin.to_owned()));
        cells.extend(both(&|s| s.path.clone()));
        cells.extend(both(&|s| s.escalations.len().to_string()));
        cells.extend(both(&|s| s.escalations.iter().map(way).collect::<Vec<_>>().join("; ")));
        for (_, of) in CATEGORIES {
            cells.extend(both(&|s| of(s).0.to_string()));
            cells.extend(both(&|s| of(s).1.to_string()));
        }
        cells.extend(both(&|s| s.data.join("; ")));
        cells.extend([r.folders.join("; "), r.not_known.join("; ")]);
        cells
    };
    written(std::iter::once(header).chain(facts.rows.iter().map(row)))
}

/// `blast_radius` of `run.json`; null where no grants were given.
#[must_use]
pub fn counters(facts: Option<&BlastFacts>) -> Value {
    let Some(facts) = facts else { return Value::Null };
    let (risk, escalations) = (facts.risk(), facts.escalations());
    let [yes, perhaps, unknown] = ["yes", "perhaps", "unknown"].map(|word| facts.admins(word));
    json!({
        "principals": facts.rows.len(), "risk_before": risk.0, "risk_after": risk.1,
        "escalations_before": escalations.0, "escalations_after": escalations.1,
        "can_become_admin_before": {"yes": yes.0, "perhaps": perhaps.0, "unknown": unknown.0},
        "can_become_admin_after": {"yes": yes.1, "perhaps": perhaps.1, "unknown": unknown.1},
        "fix_first": facts.first_fixes().iter().map(|f| json!({
            "folder": f.folder, "policy": f.policy, "owner": f.owner, "risk_removed": f.risk, "principals": f.principals,
            "admin_paths_closed": f.paths})).collect::<Vec<_>>(),
    })
}

/// `blast_radius` of a policy in `evidence.json`.
#[must_use]
pub fn of_policy(removed: Option<&RiskRemoved>) -> Value {
    removed.map_or(Value::Null, |r| json!({"risk_removed": r.risk, "principals": r.principals, "admin_paths_closed": r.paths}))
}

/// The summary's section; empty where no grants were given, or nothing is at risk.
#[must_use]
pub fn summary(model: &ReportModel) -> String {
    let Some(facts) = model.blast.as_ref().filter(|f| f.risk().0 > 0) else { return String::new() };
    let ((risk, left), (open, still)) = (facts.risk(), facts.escalations());
    let ((yes, yes_after), (perhaps, perhaps_after)) = (facts.admins("yes"), facts.admins("perhaps"));
    let mut out = format!(
        "\n## What to fix first\n\nRisk {risk} → {left} points; ways to more permissions {open} → {still}; can become administrator: {yes} → {yes_after}, perhaps {perhaps} → {perhaps_after} (tables/blast\\_radius.csv).\n"
    );
    if !facts.fixes.is_empty() {
        out.push_str("\n| proposal | takes away | principals | paths to administrator closed |\n|---|---:|---:|---:|\n");
        for fix in facts.first_fixes() {
            out.push_str(&format!("| {} / {} | {} | {} | {} |\n", markdown(&fix.owner), markdown(&fix.policy), fix.risk, fix.principals, fix.paths));
        }
    }
    let remaining = facts.remaining();
    if !remaining.is_empty() {
        out.push_str("\n| remaining risk | before | after | can become administrator |\n|---|---:|---:|---|\n");
        for row in remaining {
            let path = if row.after.path.is_empty() { String::new() } else { format!(": {}", markdown(&row.after.path)) };
            out.push_str(&format!("| {} | {} | {} | {}{path} |\n", markdown(&row.principal), row.before.risk, row.after.risk, row.after.admin));
        }
    }
    out
}
