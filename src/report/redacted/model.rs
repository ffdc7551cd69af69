//! The fields of the model, one list for each of its types.

use super::{Redact, Texts as _, fields};
use crate::redact::Redactor;
use crate::reduce::advice::Advice;
use crate::report::blast_text::{BlastFacts, BlastRow, BlastSide, FixRow};
use crate::report::denied_text::{ChangeFacts, DeniedCluster, DeniedFacts, DeniedMember};
use crate::report::findings::trend::TrendRow;
use crate::report::formats::review::ReviewRow;
use crate::report::lint_text::{LintFacts, LintRow};
use crate::report::model::{
    AccountDays, AgreementFacts, ClassDays, ConsistencyFacts, ContradictionRow, ExportFacts, GapRow, HistoryFacts, LedgerFacts, MappingFacts, ReportModel,
};
use crate::report::page_facts::{self, CredentialFacts, PageFacts, PrincipalFacts, ServiceUse, SuppressionFacts};
use crate::report::proofs_text::{BacktestFacts, DeniedRow, RefusedFacts, RefusedRow, ReplayLists, UnknownRow};

fields!(ReportModel {
    timings: keep, version: keep, as_of_ms: keep, window_start_ms: keep, window_days: keep, mode: keep, reference: keep, inputs: text, ledger: text,
    rejections: text, mapping: text, coverage: text, consistency: text, denied: text, history: text, replay: keep, replay_lists: text, backtest: text,
    blast: text, proposals: text, advice: text, advice_lint: text, skipped: text, reports: keep, findings: text, review: text, suppressions: text,
    trend: text, exports: text, unknown: text, page: text, redacted: keep,
});

/// A file of grants: path, kind, and its hash, which a small file can be found by.
impl Redact for (String, String, String) {
    fn redact(&mut self, r: &Redactor) {
        self.0.redact(r);
        self.2 = r.hash(&self.2);
    }
}

/// Action, resource type, number.
impl Redact for (String, String, i64) {
    fn redact(&mut self, r: &Redactor) {
        self.0.redact(r);
        self.1.redact(r);
    }
}

fields!(LedgerFacts { files: keep, records_read: keep, kept: keep, duplicate: keep, rejected: keep, too_old: keep, kept_since: keep, by_reason: text });
fields!(MappingFacts {
    pairs: keep, pairs_mapped: keep, pairs_no_permission: keep, pairs_unknown: keep, pairs_foreign: keep, events: keep, events_mapped: keep,
    events_no_permission: keep, events_unknown: keep, events_with_resource: keep, events_with_concrete_arn: keep, provenance: keep,
    top_unknown: text, top_unresolved: text,
});
fields!(AccountDays { account: text, name: text, days: keep, share_permille: keep, regions: text, trails: text });
fields!(ClassDays { class: keep, share_permille: keep, partial: keep, missing: keep });
fields!(AgreementFacts {
    allowed: keep, denied: keep, layer_agrees: keep, layer_differs: keep, layer_not_at_hand: keep, layer_not_named: keep, settled_by: text,
});
fields!(ConsistencyFacts { calls: text, sessions: text, sessions_not_known: text, sessions_not_exported: keep, contradictions: text });
fields!(ContradictionRow { principal: text, action: keep, resource: text, logged: text, decided: text, calls: keep, samples: events });
fields!(HistoryFacts {
    changes: keep, replayed: keep, principals: keep, eras: keep, unknown: keep, stale_hints: text, not_told: text, missing_until: keep,
});
fields!(ExportFacts { holdings: keep, systems: keep, gaps: text, conflicts: text });
fields!(GapRow { state: keep, system: keep, what: text, why: text, weakens: text, command: text });

fields!(ReplayLists { in_sessions: keep, sessions_not_told: keep, unknown_groups: keep, unknown: text, taken_back: keep, taken_back_for: text });
fields!(UnknownRow { action: keep, settled_by: text, requests: keep, calls: keep, principals: keep, principal: text, resource: text, samples: events });
fields!(DeniedRow { principal: text, action: keep, resource: text, calls: keep, samples: events });
fields!(BacktestFacts { all: text, by_principal: text });
fields!(RefusedFacts { counts: keep, actions: keep, most: text });
fields!(RefusedRow {
    kind: keep, principal: text, action: keep, resource: text, calls: keep, last_seen_ms: keep, refused_by: keep, samples: events,
});

fields!(BlastFacts { rows: text, fixes: text });
fields!(BlastRow { account: text, principal: text, kind: keep, before: text, after: text, folders: keep, not_known: text });
fields!(BlastSide {
    risk: keep, admin: keep, path: text, escalations: text, credentials: keep, permissions: keep, data_read: keep, data_write: keep, destruction: keep, data: text,
});
fields!(FixRow { folder: keep, policy: text, owner: text, risk: keep, principals: keep, paths: keep });

fields!(LintFacts { documents: keep, rows: text });
fields!(LintRow { level: keep, code: keep, is_new: keep, document: keep, place: text, message: text });

fields!(Advice { kind: keep, account: text, subject: text, title: text, text: text, evidence: text, document: text, confidence: keep });

fields!(DeniedFacts {
    calls: keep, layer_by_message: keep, layer_by_network_activity: keep, layer_by_evaluation: keep, explained: keep, contradictions: keep, clusters: text, members: text,
});
fields!(DeniedCluster {
    id: hash, subject: text, account: text, layer: keep, known_by: keep, effect: keep, policy: text, statement: text, not_known: text, action: text,
    action_count: keep, actions: text, resource: text, resource_count: keep, resources: text, principal_count: keep, principals: text, error_codes: keep,
    calls: keep, share_permille: keep, address_count: keep, day_count: keep, seen_ms: keep, samples: events, verdict: keep, reason: text, change: text,
});
fields!(ChangeFacts { what: text, belongs: text, statement: text, after: keep, then: text });
fields!(DeniedMember {
    cluster: hash, account: text, principal_key: principal, principal_arn: text, action: keep, resource: text, layer: keep, known_by: keep, effect: keep,
    calls: keep, seen_ms: keep,
});

fields!(TrendRow { as_of_ms: keep, rule: keep, account: text, severity: keep, counts: keep });
fields!(ReviewRow { account: text, kind: keep, principal: text, owner: person, policies: text, granted: keep, used: keep, last_used_ms: keep });

fields!(PageFacts {
    principals: text, credentials: text, services: text, data_events: text, root_calls: keep, human_hours: keep, trend: keep, denied: text, suppressions: text,
});

impl Redact for PrincipalFacts {
    fn redact(&mut self, r: &Redactor) {
        let PrincipalFacts { account, kind, name, owner, created_ms: _, last_used_ms: _, last_used_known: _, calls: _, days: _, is_managed: _ } = self;
        account.redact(r);
        named(kind, name, r);
        owner.iter_mut_text(&mut |text| *text = r.person(text));
    }
}

/// The name of something of a kind: a user's is that of a person.
pub(super) fn named(kind: &str, name: &mut String, r: &Redactor) {
    if kind == "user" {
        *name = r.person(name);
    } else {
        name.redact(r);
    }
}

fields!(CredentialFacts {
    account: text, user: person, user_arn: text, slot: keep, key_id: text, active: keep, made_ms: keep, last_used_ms: keep, last_used_known: keep,
    last_used_service: keep, seen: keep, mfa: keep,
});
fields!(ServiceUse { account: text, service: keep, calls: keep, principals: keep });
fields!(SuppressionFacts { rule: keep, matches: text, owner: person, reason: text, expires: keep, days_left: keep, findings: keep });

/// What the page says of a cause of denials; it has a name of its own beside [`DeniedCluster`].
type PageCluster = page_facts::DeniedCluster;
fields!(PageCluster {
    account: text, layer: keep, known_by: keep, statement: text, principal: text, action: text, resource: text, calls: keep, last_seen_ms: keep, change: text, advice: text,
});
