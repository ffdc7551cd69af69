//! The default version of managed policies through time. Only the default version counts (IAM User Guide, "Versioning IAM
//! policies"); its document stands in the log where the version was made, or in the export's list of versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::timeline::{Info, Step};
use super::who::{People, SAME_MS, document, is_ending, is_making, kind_of, small, step};
use super::{Change, Doc};
use crate::grants::{Grants, ManagedPolicy, OwnerKind};

impl People<'_> {
    /// The default version of every managed policy that changed.
    pub(super) fn policy_documents(&mut self, grants: &Grants, changes: &[Change]) {
        let exported: BTreeMap<String, &ManagedPolicy> = grants.policies.values().map(|p| (small(&p.arn), p)).collect();
        let mut by_policy: BTreeMap<String, Vec<&Change>> = BTreeMap::new();
        for change in changes.iter().filter(|c| kind_of(&c.target_kind) == Some(OwnerKind::Policy)) {
            if let Some(arn) = &change.target_arn {
                self.spelling.entry(small(arn)).or_insert_with(|| arn.clone());
                by_policy.entry(small(arn)).or_default().push(change);
            }
        }
        for (arn, mut changes) in by_policy {
            changes.sort_by_key(|c| (c.at_ms, if is_making(c) { 0 } else { 1 + u8::from(is_ending(c)) }));
            let last_made = changes.iter().rposition(|c| is_making(c));
            let mut versions: BTreeMap<String, Info<Doc>> = BTreeMap::new();
            let mut steps = Vec::new();
            for (at, change) in changes.into_iter().enumerate() {
                if is_making(change) {
                    versions.clear();
                }
                // The export has the versions of the policy that is there now, not of one before it of the same name.
                let is_present = last_made.is_none_or(|made| at >= made);
                let known = |id: &str, versions: &BTreeMap<String, Info<Doc>>| {
                    let of_export = || {
                        let policy = exported.get(&arn).filter(|p| is_present && p.created_ms.is_none_or(|made| made <= change.at_ms.saturating_add(SAME_MS)))?;
                        policy.versions.iter().find(|v| v.id == id)?.document.as_ref().map(|d| Info::Present(Some(Arc::new(d.without_secrets()))))
                    };
                    versions.get(id).filter(|v| v.is_known()).cloned().or_else(of_export).unwrap_or(Info::Present(None))
                };
                let version = change.version_id.as_deref();
                match change.operation.as_str() {
                    "CreatePolicy" => {
                        versions.insert(version.unwrap_or("v1").to_owned(), document(change));
                        steps.push(Step { is_making: true, ..step(change.at_ms, Info::Absent, document(change)) });
                    }
                    "DeletePolicy" => steps.push(step(change.at_ms, Info::Present(None), Info::Absent)),
                    "CreatePolicyVersion" => {
                        if let Some(id) = version {
                            versions.insert(id.to_owned(), document(change));
                        }
                        // The second version ever follows the first.
                        let before = if version == Some("v2") { known("v1", &versions) } else { Info::Present(None) };
                        if change.set_as_default == Some(true) {
                            steps.push(step(change.at_ms, before, document(change)));
                        } else if !change.is_told {
                            steps.push(step(change.at_ms, Info::Any, Info::Any));
                        }
                    }
                    "SetDefaultPolicyVersion" => {
                        let after = version.map_or(Info::Present(None), |id| known(id, &versions));
                        steps.push(step(change.at_ms, Info::Present(None), after));
                    }
                    _ => {}
                }
            }
            if !steps.is_empty() {
                self.policies.insert(arn, steps);
            }
        }
    }
}
