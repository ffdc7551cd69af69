//! Conditions that all uses would have met: suggested beside a policy with their evidence, never written into it. What
//! was the same for the whole window may still change; a person decides.
//! Source: reference-data.md section 5, "Conditions learnable from a record"; peers.md section 3 item 24.

use std::collections::{BTreeMap, BTreeSet};

use crate::reference::{ActionId, Reference};
use crate::usage::{Calls, Outcome, UsageRow, Window};

use super::{ActionVerdict, Verdict};

/// Fewer calls than this say nothing.
const FEWEST_CALLS: i64 = 3;
/// More values than this are no condition but a list.
const MOST_VALUES: usize = 5;

/// A condition that no use would have failed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Suggestion {
    /// `StringEquals`, `Bool`, `ForAnyValue:StringEquals`.
    pub operator: &'static str,
    /// Condition key.
    pub key: &'static str,
    /// Values, sorted.
    pub values: Vec<String>,
    /// The actions whose statement it would stand in; empty for all of the policy.
    pub actions: Vec<String>,
    /// Authorised calls that it was read from.
    pub calls: i64,
    /// Their first, epoch ms.
    pub first_seen_ms: i64,
    /// Their last, epoch ms.
    pub last_seen_ms: i64,
    /// Distinct uses (rows of usage) that it was read from.
    pub distinct: usize,
    /// `high`, `medium` or `low`: how many calls over how much of the window.
    pub confidence: &'static str,
}

/// Operator, key and values.
type Condition = (&'static str, &'static str, BTreeSet<String>);

/// What the rows of some calls have in common.
struct Common<'u> {
    rows: Vec<&'u UsageRow>,
    classes: Vec<serde_json::Map<String, serde_json::Value>>,
}

impl<'u> Common<'u> {
    fn new(rows: Vec<&'u UsageRow>) -> Common<'u> {
        let classes = rows.iter().map(|r| serde_json::from_str(&r.context_class).unwrap_or_default()).collect();
        Common { rows, classes }
    }

    /// The values of a key that every row has; `None` if one lacks it.
    fn values(&self, key: &str) -> Option<BTreeSet<String>> {
        let of = |class: &serde_json::Map<String, serde_json::Value>| class.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        self.classes.iter().map(of).collect()
    }

    fn regions(&self) -> Option<BTreeSet<String>> {
        self.rows.iter().map(|r| r.region.as_deref().map(str::to_owned)).collect()
    }

    fn suggest(&self, operator: &'static str, key: &'static str, values: Option<BTreeSet<String>>, actions: Vec<String>, window: Window) -> Option<Suggestion> {
        let values: Vec<String> = values?.into_iter().collect();
        let calls: i64 = self.rows.iter().map(|r| r.calls).sum();
        if values.is_empty() || values.len() > MOST_VALUES || calls < FEWEST_CALLS {
            return None;
        }
        let first_seen_ms = self.rows.iter().map(|r| r.first_seen_ms).min()?;
        let last_seen_ms = self.rows.iter().map(|r| r.last_seen_ms).max()?;
        let span = last_seen_ms.saturating_sub(first_seen_ms);
        let whole = window.end_ms.saturating_sub(window.start_ms).max(1);
        let confidence = match calls {
            100.. if span >= whole / 10 * 8 => "high",
            20.. if span >= whole / 2 => "medium",
            _ => "low",
        };
        Some(Suggestion { operator, key, values, actions, calls, first_seen_ms, last_seen_ms, distinct: self.rows.len(), confidence })
    }
}

/// Whether a condition key may stand beside an action: elsewhere it would deny without a word (rule (e)).
fn is_valid(key: &str, id: ActionId, reference: &Reference) -> bool {
    key.starts_with("aws:") || reference.action(id).is_some_and(|a| a.condition_keys.iter().any(|k| k.eq_ignore_ascii_case(key)))
}

/// `secretsmanager.amazonaws.com` in a region as `kms:ViaService` has it: `secretsmanager.eu-west-1.amazonaws.com`.
fn via_service(service: &str, region: &str) -> Option<String> {
    let (name, rest) = service.split_once('.')?;
    Some(format!("{name}.{region}.{rest}"))
}

/// The suggestions for one policy: `members` are ARN and unique id (empty if not known) of those it is for.
#[must_use]
pub fn suggestions(members: &[(&str, &str)], verdicts: &[ActionVerdict], calls: &Calls<'_, UsageRow>, window: Window, reference: &Reference) -> Vec<Suggestion> {
    let kept: BTreeSet<&str> = verdicts.iter().filter(|v| v.verdict != Verdict::Drop && v.calls > 0).map(|v| v.action.as_str()).collect();
    let rows: Vec<&UsageRow> = members.iter().flat_map(|(arn, id)| calls.of(id, arn)).filter(|r| r.outcome == Outcome::Allowed && kept.contains(r.action.as_str())).collect();
    let mut out = Vec::new();
    let mut by_action: BTreeMap<&str, Vec<&UsageRow>> = BTreeMap::new();
    for row in &rows {
        by_action.entry(&row.action).or_default().push(row);
    }
    let are_users = rows.iter().all(|r| r.principal_type.as_deref() == Some("IAMUser"));
    let all = Common::new(rows);
    out.extend(all.suggest("StringEquals", "aws:RequestedRegion", all.regions(), Vec::new(), window));
    out.extend(all.suggest("StringEquals", "aws:SourceVpce", all.values("aws:SourceVpce"), Vec::new(), window));
    // For a role's calls the key tells of whoever took it up: it belongs into the trust policy.
    let mfa = all.values("aws:MultiFactorAuthPresent").filter(|v| are_users && v.iter().all(|v| v == "true"));
    out.extend(all.suggest("Bool", "aws:MultiFactorAuthPresent", mfa, Vec::new(), window));
    // The same condition for several actions is one suggestion.
    let mut of_actions: BTreeMap<Condition, Vec<(&str, Vec<&UsageRow>)>> = BTreeMap::new();
    for (action, rows) in by_action {
        let Some(id) = reference.find(action) else { continue };
        let common = Common::new(rows.clone());
        let passed = common.values("iam:PassedToService").map(|v| ("StringEquals", "iam:PassedToService", v));
        let via = common.values("aws:CalledVia").and_then(|services| {
            if action.starts_with("kms:") && is_valid("kms:ViaService", id, reference) {
                let regions = common.regions()?;
                let named = services.iter().flat_map(|s| regions.iter().map(move |r| via_service(s, r))).collect::<Option<BTreeSet<String>>>()?;
                Some(("StringEquals", "kms:ViaService", named))
            } else {
                Some(("ForAnyValue:StringEquals", "aws:CalledVia", services))
            }
        });
        for (operator, key, values) in passed.into_iter().chain(via) {
            if is_valid(key, id, reference) {
                of_actions.entry((operator, key, values)).or_default().push((action, rows.clone()));
            }
        }
    }
    for ((operator, key, values), uses) in of_actions {
        let actions = uses.iter().map(|(a, _)| (*a).to_owned()).collect();
        let common = Common::new(uses.into_iter().flat_map(|(_, rows)| rows).collect());
        out.extend(common.suggest(operator, key, Some(values), actions, window));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn row(action: &str, region: &str, class: &str, calls: i64, at: i64) -> UsageRow {
        UsageRow {
            account: "111122223333".into(),
            principal_key: "AIDA1".into(),
            principal_arn: Some("arn:aws:iam::111122223333:user/ann".into()),
            principal_type: Some("IAMUser".into()),
            action: action.into(),
            resource_arn: "*".into(),
            provenance: "none".into(),
            region: Some(region.into()),
            context_class: class.into(),
            outcome: Outcome::Allowed,
            calls,
            first_seen_ms: at,
            last_seen_ms: at + 80 * DAY,
            samples: Vec::new(),
        }
    }

    fn verdict(row: &UsageRow) -> ActionVerdict {
        ActionVerdict {
            statement: 0,
            sid: None,
            action: row.action.clone(),
            subject: None,
            verdict: Verdict::KeepUsed,
            first_seen_ms: None,
            last_seen_ms: None,
            calls: row.calls,
            denied_calls: 0,
            resources: Vec::new(),
            patterns: Vec::new(),
            samples: Vec::new(),
            via: Vec::new(),
            confidence: "high",
            reason: String::new().into(),
        }
    }

    fn suggested(rows: &[UsageRow]) -> Vec<(String, Vec<String>, Vec<String>, &'static str)> {
        let reference = Reference::bundled().unwrap();
        let calls = Calls::new(rows);
        let verdicts: Vec<ActionVerdict> = rows.iter().map(verdict).collect();
        suggestions(&[("arn:aws:iam::111122223333:user/ann", "AIDA1")], &verdicts, &calls, Window { start_ms: 0, end_ms: 90 * DAY }, reference)
            .into_iter()
            .map(|s| (format!("{} {}", s.operator, s.key), s.values, s.actions, s.confidence))
            .collect()
    }

    #[test]
    fn what_every_call_had_is_suggested_with_its_evidence() {
        let class = r#"{"aws:MultiFactorAuthPresent":"true","aws:SourceVpce":"vpce-1"}"#;
        let rows = [row("s3:GetObject", "eu-west-1", class, 90, 0), row("sqs:SendMessage", "eu-west-1", class, 10, DAY)];
        let all = suggested(&rows);
        let keys: Vec<&str> = all.iter().map(|s| s.0.as_str()).collect();
        assert_eq!(keys, ["StringEquals aws:RequestedRegion", "StringEquals aws:SourceVpce", "Bool aws:MultiFactorAuthPresent"]);
        assert_eq!((all[1].1.clone(), all[1].3), (vec!["vpce-1".to_owned()], "high"));
        let rows = [rows[0].clone(), row("sqs:SendMessage", "eu-west-1", "{}", 10, DAY)];
        assert_eq!(suggested(&rows).len(), 1, "one call without the key takes it away");
    }

    #[test]
    fn conditions_of_single_actions() {
        let rows = [
            row("iam:PassRole", "us-east-1", r#"{"iam:PassedToService":"ec2.amazonaws.com"}"#, 5, 0),
            row("kms:Decrypt", "eu-west-1", r#"{"aws:CalledVia":"secretsmanager.amazonaws.com"}"#, 30, 0),
            row("sqs:SendMessage", "eu-west-1", "{}", 30, 0),
        ];
        let of_actions: Vec<_> = suggested(&rows).into_iter().filter(|s| !s.2.is_empty()).collect();
        assert_eq!(of_actions[0].0, "StringEquals iam:PassedToService");
        assert_eq!((of_actions[0].1.clone(), of_actions[0].2.clone(), of_actions[0].3), (vec!["ec2.amazonaws.com".to_owned()], vec!["iam:PassRole".to_owned()], "low"));
        assert_eq!((of_actions[1].0.as_str(), of_actions[1].1.clone()), ("StringEquals kms:ViaService", vec!["secretsmanager.eu-west-1.amazonaws.com".to_owned()]));
        assert_eq!(of_actions.len(), 2);
    }
}
