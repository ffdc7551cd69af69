//! What a run found, as plain data: everything that the output formats print comes from here.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::policy::PolicyDocument;
use crate::reduce::{VerdictGroup, Verdicts};

use super::catalogue::Report;
use super::findings::Finding;
use super::formats::review::ReviewRow;
use super::findings::suppressions::Suppressions;
use super::findings::trend::TrendRow;
use super::blast_text::{BlastFacts, RiskRemoved};
use super::proofs_text::{BacktestFacts, ReplayLists};
use crate::reduce::advice::Advice;
use crate::reduce::known::Generalised;
use crate::usage::coverage::day_of;
use crate::reduce::learned::Suggestion;
use crate::reduce::write::Step;

/// One run.
#[derive(Clone, Debug, Default)]
pub struct ReportModel {
    /// What the run took, if it was asked for.
    pub timings: Option<TimingFacts>,
    /// Version of the program.
    pub version: String,
    /// As-of time, epoch ms.
    pub as_of_ms: i64,
    /// Start of the window, epoch ms.
    pub window_start_ms: i64,
    /// Length of the window in days.
    pub window_days: i64,
    /// `grants and logs` or `logs alone`.
    pub mode: &'static str,
    /// Date, hash and packages of the reference.
    pub reference: ReferenceFacts,
    /// Grant files with hash.
    pub inputs: Vec<(String, String, String)>,
    /// The ledger's sums.
    pub ledger: LedgerFacts,
    /// Rejections: file, record, field and reason.
    pub rejections: Vec<String>,
    /// How events were mapped.
    pub mapping: MappingFacts,
    /// Coverage by account.
    pub coverage: Vec<AccountDays>,
    /// How the log and the grants at hand stand to each other.
    pub consistency: ConsistencyFacts,
    /// Refused calls by root cause.
    pub denied: super::denied_text::DeniedFacts,
    /// What was granted when.
    pub history: HistoryFacts,
    /// Replay of all principals.
    pub replay: ReplayFacts,
    /// What it lists.
    pub replay_lists: ReplayLists,
    /// Past calls that would be refused now; `None` without grants to compare with.
    pub backtest: Option<BacktestFacts>,
    /// How far everybody reaches; `None` where no grants were given.
    pub blast: Option<BlastFacts>,
    /// Outcome by policy document.
    pub proposals: Vec<ProposalRow>,
    /// What the logs suggest beyond the proposals.
    pub advice: Vec<Advice>,
    /// What the linter says of its documents.
    pub advice_lint: super::lint_text::LintFacts,
    /// Documents that were left alone: owner, policy, reason.
    pub skipped: Vec<[String; 3]>,
    /// Reports in order.
    pub reports: Vec<Report>,
    /// Findings in order.
    pub findings: Vec<Finding>,
    /// Users and roles for the access review.
    pub review: Vec<ReviewRow>,
    /// What people accepted, and until when.
    pub suppressions: Suppressions,
    /// Findings counted night by night, up to this one.
    pub trend: Vec<TrendRow>,
    /// What the exports of grants hold and lack.
    pub exports: ExportFacts,
    /// What is not known, and what would settle it.
    pub unknown: Vec<String>,
    /// What only the page shows.
    pub page: super::page_facts::PageFacts,
    /// Which key gave the tokens in the place of people, addresses and identifiers; `None` where these stand there themselves.
    pub redacted: Option<String>,
}

/// What the exports of grants hold and lack.
#[derive(Clone, Debug, Default)]
pub struct ExportFacts {
    /// How many things of each kind they hold.
    pub holdings: Vec<(&'static str, usize)>,
    /// Answers by system: present, absent, unknown, not exported.
    pub systems: Vec<(String, [usize; 4])>,
    /// What is not known although somebody asked, dangles or is stale; in groups.
    pub gaps: Vec<GapRow>,
    /// Exports of one thing that tell different things: what, which file counts, which does not.
    pub conflicts: Vec<[String; 3]>,
}

/// Gaps of one kind.
#[derive(Clone, Debug, Default)]
pub struct GapRow {
    /// `unknown`, `stale`, `dangling`.
    pub state: &'static str,
    /// System of permissions.
    pub system: String,
    /// About what, where.
    pub what: String,
    /// Why.
    pub why: String,
    /// What is weaker without it.
    pub weakens: String,
    /// The command that closes it.
    pub command: String,
}

/// Facts about the reference.
#[derive(Clone, Debug, Default)]
pub struct ReferenceFacts {
    /// Date it was built for.
    pub date: String,
    /// Hash of the bundle.
    pub sha256: String,
    /// Name, version and licence of each package.
    pub sources: Vec<[String; 3]>,
    /// Number of actions.
    pub actions: usize,
}

/// Sums of the ledger.
#[derive(Clone, Debug, Default)]
pub struct LedgerFacts {
    /// Files.
    pub files: u64,
    /// Records read.
    pub records_read: u64,
    /// Kept.
    pub kept: u64,
    /// Duplicate.
    pub duplicate: u64,
    /// Rejected.
    pub rejected: u64,
    /// Of days that the store no longer keeps.
    pub too_old: u64,
    /// The first day that the store keeps, if older ones were dropped.
    pub kept_since: Option<String>,
    /// Rejected by reason.
    pub by_reason: BTreeMap<String, u64>,
}

/// Mapping figures over the store.
#[derive(Clone, Debug, Default)]
pub struct MappingFacts {
    /// Distinct (source, name) pairs.
    pub pairs: i64,
    /// Of these, mapped to an action.
    pub pairs_mapped: i64,
    /// Need no permission.
    pub pairs_no_permission: i64,
    /// Unknown.
    pub pairs_unknown: i64,
    /// Of these, named after an operation of another service: mislabelled or made-up records.
    pub pairs_foreign: i64,
    /// Events.
    pub events: i64,
    /// Of these, mapped to actions.
    pub events_mapped: i64,
    /// Need no permission of the caller.
    pub events_no_permission: i64,
    /// Unknown.
    pub events_unknown: i64,
    /// Events with at least one action that takes a resource.
    pub events_with_resource: i64,
    /// Of these, events whose every action names its resources.
    pub events_with_concrete_arn: i64,
    /// Action rows by provenance.
    pub provenance: BTreeMap<String, i64>,
    /// Unknown pairs, most events first.
    pub top_unknown: Vec<(String, i64)>,
    /// Action, resource type and number of action rows that are left with a pattern for the type, most first.
    pub top_unresolved: Vec<(String, String, i64)>,
}

/// One account's days.
#[derive(Clone, Debug, Default)]
pub struct AccountDays {
    /// Account id.
    pub account: String,
    /// Name, if configured.
    pub name: String,
    /// Day and `complete`, `partial` or `missing`.
    pub days: Vec<(String, &'static str)>,
    /// Share of days covered, in thousandths.
    pub share_permille: i64,
    /// By region; `*` is every region without events.
    pub regions: Vec<(String, Vec<ClassDays>)>,
    /// Exported trails that log the account: ARN, and why it does not count (empty if it does).
    pub trails: Vec<(String, String)>,
}

/// The days of one class of events in one region of one account.
#[derive(Clone, Debug, Default)]
pub struct ClassDays {
    /// `management-read`, `management-write` or `data:<service>`.
    pub class: String,
    /// Share of days that are complete, in thousandths.
    pub share_permille: i64,
    /// Number of days that are covered in part.
    pub partial: usize,
    /// Days that are not covered: `YYYY-MM-DD`, or `YYYY-MM-DD/YYYY-MM-DD` from first to last.
    pub missing: Vec<String>,
}

/// Calls by how their decision stands to the log.
#[derive(Clone, Copy, Debug, Default)]
pub struct TallyFacts {
    /// As logged.
    pub ok: i64,
    /// Not to be told.
    pub unknown: i64,
    /// Against the log.
    pub contradiction: i64,
}

impl TallyFacts {
    /// All calls.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.ok + self.unknown + self.contradiction
    }
}

/// How some calls stand to the grants at hand.
#[derive(Clone, Debug, Default)]
pub struct AgreementFacts {
    /// Calls that succeeded.
    pub allowed: TallyFacts,
    /// Calls that were denied.
    pub denied: TallyFacts,
    /// Denied calls whose message names a kind of policy at hand that refuses here too.
    pub layer_agrees: i64,
    /// The same where it does not.
    pub layer_differs: i64,
    /// Denied calls whose message names a kind that is not at hand, by kind.
    pub layer_not_at_hand: BTreeMap<String, i64>,
    /// Denied calls whose message names no kind.
    pub layer_not_named: i64,
    /// Open calls by what would settle them, the most first.
    pub settled_by: Vec<(String, i64)>,
}

impl AgreementFacts {
    /// All calls.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.allowed.total() + self.denied.total()
    }
}

/// How the log and the grants at hand stand to each other.
#[derive(Clone, Debug, Default)]
pub struct ConsistencyFacts {
    /// All calls, session policies left out.
    pub calls: AgreementFacts,
    /// Those of them that were made in sessions with session policies, these now in place.
    pub sessions: AgreementFacts,
    /// Calls whose session policies are not all known, by why, the most first.
    pub sessions_not_known: Vec<(String, i64)>,
    /// Calls in sessions of principals that the export does not have.
    pub sessions_not_exported: i64,
    /// Requests on which both contradict each other.
    pub contradictions: Vec<ContradictionRow>,
}

/// A request on which log and grants contradict each other.
#[derive(Clone, Debug, Default)]
pub struct ContradictionRow {
    /// The caller.
    pub principal: String,
    /// The action.
    pub action: String,
    /// The resource.
    pub resource: String,
    /// What the log says.
    pub logged: String,
    /// What the grants at hand say.
    pub decided: String,
    /// Calls.
    pub calls: i64,
    /// Event ids.
    pub samples: Vec<String>,
}

/// How far the log tells what was granted when.
#[derive(Clone, Debug, Default)]
pub struct HistoryFacts {
    /// Changes of grants in the log.
    pub changes: usize,
    /// Of these, changes of what the export has.
    pub replayed: usize,
    /// Users and roles whose grants, or whose trust policy, changed.
    pub principals: usize,
    /// Their eras, from one change to the next.
    pub eras: usize,
    /// Of these, eras that cannot be rebuilt.
    pub unknown: usize,
    /// Where log and export contradict each other.
    pub stale_hints: Vec<String>,
    /// Changes of which the record does not tell what they were about.
    pub not_told: Vec<String>,
    /// The last day of which changes may be missing, because an older version took the logs in.
    pub missing_until: Option<String>,
}

/// What a run took.
#[derive(Clone, Debug, Default)]
pub struct TimingFacts {
    /// Milliseconds by stage, in order.
    pub stages: Vec<(&'static str, u64)>,
    /// The most memory held, bytes.
    pub peak_rss_bytes: Option<u64>,
}

/// Counts of a replay.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReplayFacts {
    /// Distinct requests.
    pub requests: i64,
    /// Calls.
    pub calls: i64,
    /// Newly denied.
    pub newly_denied: i64,
    /// Not to be told, and allowed whenever the old policies allow it.
    pub as_before: i64,
    /// No longer allowed by the caller's own policies, and surely by the resource's alone.
    pub allowed_by_resource_policy: i64,
    /// Unknown.
    pub unknown: i64,
    /// Explained by no exported policy, old or new.
    pub unexplained: i64,
    /// Of these, allowed by the policies of their time.
    pub explained_by_history: i64,
}

/// Who a managed policy is attached to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct HolderRow {
    /// `user`, `group` or `role`.
    pub kind: String,
    /// Name.
    pub name: String,
}

/// The outcome for one policy document.
#[derive(Clone, Debug, Default)]
pub struct ProposalRow {
    /// Account.
    pub account: String,
    /// Owner kind.
    pub kind: String,
    /// Owner name.
    pub owner: String,
    /// Owner ARN.
    pub owner_arn: String,
    /// Policy name.
    pub policy: String,
    /// ARN of a managed policy.
    pub policy_arn: Option<String>,
    /// Path of the policy, or of the role of a trust policy; `/` if none.
    pub path: String,
    /// Id of the default version of a customer managed policy, where the export tells.
    pub version: Option<String>,
    /// Whom a customer managed policy is attached to.
    pub holders: Vec<HolderRow>,
    /// ARN of the Identity Center instance of a permission set.
    pub instance_arn: Option<String>,
    /// Where it lives.
    pub placement: String,
    /// `unchanged`, `written`, `withheld`, `defect`.
    pub status: &'static str,
    /// Why withheld or defect.
    pub why: String,
    /// Distinct actions before.
    pub actions_before: usize,
    /// Distinct actions after.
    pub actions_after: usize,
    /// Verdicts by word, one per statement and action.
    pub verdicts: BTreeMap<&'static str, usize>,
    /// Dangerous actions that go.
    pub risky_dropped: Vec<String>,
    /// Size before and after, and the limit.
    pub sizes: (usize, usize, usize),
    /// Replay of its members.
    pub replay: ReplayFacts,
    /// `proved`, `not proved: …`, `no grant to compare with`.
    pub containment: String,
    /// What the linter says of the proposed documents.
    pub lint: super::lint_text::LintFacts,
    /// Users and roles it applies to.
    pub members: Vec<String>,
    /// Folder below `policies/`.
    pub folder: String,
    /// File name stem of the policy.
    pub stem: String,
    /// ARNs of AWS managed policies that a permission set then does without.
    pub detached: Vec<String>,
    /// Current document; `None` where the policy was made from use alone.
    pub current: Option<Arc<PolicyDocument>>,
    /// Proposed documents.
    pub proposed: Vec<PolicyDocument>,
    /// Verdicts on actions that records tell of, one per statement and action.
    pub evidence: Verdicts,
    /// Verdicts on all others.
    pub groups: Vec<VerdictGroup>,
    /// Patterns that are not the granted policy's own, with what they take in beyond use.
    pub generalised: Vec<Generalised>,
    /// What was done to make it fit.
    pub packing: Vec<Step>,
    /// Conditions that all uses would have met; not part of what is proposed.
    pub suggestions: Vec<Suggestion>,
    /// What of its holders' risk goes with it.
    pub risk_removed: Option<RiskRemoved>,
}

/// A time as `YYYY-MM-DD`, empty where absent.
#[must_use]
pub fn day(ms: Option<i64>) -> String {
    ms.and_then(day_of).unwrap_or_default()
}

impl ReportModel {
    /// Findings of one report.
    pub fn findings_of<'a>(&'a self, report: &'a str) -> impl Iterator<Item = &'a Finding> {
        self.findings.iter().filter(move |f| f.report == report)
    }

    /// Proposals with a status.
    pub fn proposals_with<'a>(&'a self, status: &'a str) -> impl Iterator<Item = &'a ProposalRow> {
        self.proposals.iter().filter(move |p| p.status == status)
    }

    /// Sum of distinct actions before and after over all documents.
    #[must_use]
    pub fn actions_before_after(&self) -> (usize, usize) {
        self.proposals.iter().fold((0, 0), |(b, a), p| {
            (b + p.actions_before, a + if p.status == "written" { p.actions_after } else { p.actions_before })
        })
    }
}
