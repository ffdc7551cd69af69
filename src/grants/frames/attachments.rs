//! Table `attachments`: who holds which document, and by what.

use std::collections::BTreeMap;
use std::rc::Rc;

use polars::prelude::{DataFrame, PolarsResult};

use super::super::permission_set::{PermissionSet, SetBoundary};
use super::super::{Grants, Known, Principal};
use super::documents::{Documents, PolicyType};
use super::principals::{set_name, sets_by_name};
use super::{Columns, told};
use crate::aws::principal::is_permission_set_role;

/// Who holds something.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Holder<'g> {
    account: Option<&'g str>,
    kind: &'static str,
    arn: &'g str,
    key: Option<&'g str>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Row<'g> {
    holder: Holder<'g>,
    source: &'static str,
    via: Option<&'g str>,
    policy_arn: Option<&'g str>,
    policy_name: Option<&'g str>,
    document_id: Option<Rc<str>>,
}

struct Attachments<'g, 'd> {
    grants: &'g Grants,
    documents: &'d Documents<'g>,
    rows: Vec<Row<'g>>,
}

fn name_of(arn: &str) -> Option<&str> {
    arn.rsplit('/').next().and_then(told)
}

impl<'g> Attachments<'g, '_> {
    fn managed(&mut self, holder: Holder<'g>, source: &'static str, via: Option<&'g str>, arn: &'g str) {
        let policy_type = if source == "boundary" { PolicyType::Boundary } else { PolicyType::Identity };
        let policy = self.grants.policies.get(arn);
        self.rows.push(Row {
            holder,
            source,
            via,
            policy_arn: Some(arn),
            policy_name: policy.map_or_else(|| name_of(arn), |p| told(&p.name)),
            document_id: policy.and_then(|p| self.documents.id(policy_type, &p.document)),
        });
    }

    /// The policies of a user, group or role itself, as somebody's who holds them.
    fn own(&mut self, holder: Holder<'g>, owner: &'g Principal, [by_inline, by_managed]: [&'static str; 2], via: Option<&'g str>) {
        for inline in &owner.inline {
            let document_id = self.documents.id(PolicyType::Identity, &inline.document);
            self.rows.push(Row { holder, source: by_inline, via, policy_arn: None, policy_name: told(&inline.name), document_id });
        }
        for arn in &owner.attached {
            self.managed(holder, by_managed, via, arn);
        }
    }

    fn principal(&mut self, principal: &'g Principal, sets: &BTreeMap<&'g str, Option<&'g str>>) {
        let holder =
            Holder { account: told(&principal.account), kind: principal.kind.as_str(), arn: &principal.arn, key: told(&principal.unique_id) };
        if is_permission_set_role(&principal.arn) {
            let set = set_name(principal).and_then(|name| sets.get(name).copied().flatten());
            self.own(holder, principal, ["permission-set"; 2], set);
        } else {
            self.own(holder, principal, ["inline", "managed"], None);
        }
        if let Some(arn) = &principal.boundary {
            self.managed(holder, "boundary", None, arn);
        }
        for name in &principal.groups {
            match self.grants.accounts.get(&principal.account).and_then(|a| a.group(name)) {
                Some(group) => self.own(holder, group, ["group"; 2], Some(&group.arn)),
                None => self.rows.push(Row { holder, source: "group", via: Some(name), policy_arn: None, policy_name: None, document_id: None }),
            }
        }
    }

    fn set(&mut self, set: &'g PermissionSet) {
        let holder = Holder { account: None, kind: "permission-set", arn: &set.arn, key: None };
        if let Known::Present(inline) = &set.inline {
            let document_id = self.documents.id(PolicyType::Identity, &inline.document);
            self.rows.push(Row { holder, source: "inline", via: None, policy_arn: None, policy_name: told(&inline.name), document_id });
        }
        for arn in set.managed.present().into_iter().flatten() {
            self.managed(holder, "managed", None, arn);
        }
        // A customer managed policy is another one in each account: the roles there tell which.
        for policy in set.customer.present().into_iter().flatten() {
            self.rows.push(Row { holder, source: "managed", via: None, policy_arn: None, policy_name: told(&policy.name), document_id: None });
        }
        match &set.boundary {
            Known::Present(SetBoundary::Managed(arn)) => self.managed(holder, "boundary", None, arn),
            Known::Present(SetBoundary::Customer(policy)) => {
                self.rows.push(Row { holder, source: "boundary", via: None, policy_arn: None, policy_name: told(&policy.name), document_id: None });
            }
            Known::Absent | Known::Unknown(_) => {}
        }
    }
}

/// Table `attachments`: one row per holder, policy and way by which it holds it.
///
/// # Errors
/// When the engine refuses the columns.
pub fn attachments(grants: &Grants, documents: &Documents<'_>) -> PolarsResult<DataFrame> {
    let sets = sets_by_name(grants);
    let mut all = Attachments { grants, documents, rows: Vec::new() };
    grants.principals().for_each(|p| all.principal(p, &sets));
    grants.permission_sets.values().for_each(|s| all.set(s));
    all.rows.sort();
    Columns::of(&all.rows)
        .text("account", |r| r.holder.account)
        .text("holder_kind", |r| Some(r.holder.kind))
        .text("holder_arn", |r| Some(r.holder.arn))
        .text("holder_key", |r| r.holder.key)
        .text("source", |r| Some(r.source))
        .text("via", |r| r.via)
        .text("policy_arn", |r| r.policy_arn)
        .text("policy_name", |r| r.policy_name)
        .text("document_id", |r| r.document_id.as_deref())
        .table()
}
