//! Table `inventory`: what the exports tell beside policies and credentials, one row a fact. And `last_accessed`: what IAM itself
//! remembers of use.

use polars::prelude::{DataFrame, PolarsResult};

use super::super::{Grants, Known};
use super::{AccountRow, Columns, listings};
use crate::aws::Arn;
use crate::policy::beside::{AclGrant, AclGrantee, BlockPublicAccess};

/// One fact.
#[derive(Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) kind: &'static str,
    /// ARN, id or name of the thing.
    pub(super) thing: String,
    /// Whom or what it is about besides.
    pub(super) subject: String,
    pub(super) detail: String,
    pub(super) state: &'static str,
    pub(super) created_ms: Option<i64>,
    /// When it runs out; of a secret: when it was last rotated.
    pub(super) until_ms: Option<i64>,
}

impl Row {
    pub(super) fn new(account: &str, kind: &'static str, thing: &str) -> Row {
        let region = Arn::parse(thing).map(|a| a.region.to_owned()).unwrap_or_default();
        Row { account: account.to_owned(), kind, thing: thing.to_owned(), region, state: "present", ..Row::default() }
    }

    /// The row of something in three states: its detail, that it is absent, or why it is not known.
    pub(super) fn known<T>(mut self, known: &Known<T>, detail: impl FnOnce(&T) -> String) -> Row {
        (self.state, self.detail) = match known {
            Known::Present(value) => ("present", detail(value)),
            Known::Absent => ("absent", String::new()),
            Known::Unknown(why) => ("unknown", why.clone()),
        };
        self
    }
}

fn switches(block: &BlockPublicAccess) -> String {
    let on = [
        ("BlockPublicAcls", block.block_public_acls),
        ("IgnorePublicAcls", block.ignore_public_acls),
        ("BlockPublicPolicy", block.block_public_policy),
        ("RestrictPublicBuckets", block.restrict_public_buckets),
    ];
    let names: Vec<&str> = on.into_iter().filter(|(_, on)| *on).map(|(name, _)| name).collect();
    if names.is_empty() { "all off".to_owned() } else { names.join(", ") }
}

fn acl(grants: &[AclGrant]) -> String {
    let one = |g: &AclGrant| {
        let who = match &g.grantee {
            AclGrantee::AllUsers => "everybody",
            AclGrantee::AuthenticatedUsers => "everybody who signs",
            AclGrantee::CanonicalUser(id) => id,
        };
        format!("{:?} to {who}", g.permission)
    };
    if grants.is_empty() { "no grants".to_owned() } else { grants.iter().map(one).collect::<Vec<_>>().join("; ") }
}

fn accounts(grants: &Grants, rows: &mut Vec<Row>) {
    for account in grants.accounts.values() {
        let id = account.id.as_str();
        let of = &account.evidence;
        rows.push(Row::new(id, "password-policy", id).known(&of.password_policy, |p| {
            p.fields.iter().map(|(field, value)| format!("{field}={value}")).collect::<Vec<_>>().join("; ")
        }));
        rows.push(Row::new(id, "account-block-public-access", id).known(&of.block_public_access, switches));
        rows.push(Row::new(id, "account-summary", id).known(&of.summary, |s| {
            s.iter().map(|(field, value)| format!("{field}={value}")).collect::<Vec<_>>().join("; ")
        }));
        for (region, on) in of.regions.present().into_iter().flatten().filter(|(_, on)| !**on) {
            rows.push(Row { region: region.clone(), detail: format!("on={on}"), ..Row::new(id, "region-off", region) });
        }
        for profile in of.instance_profiles.present().into_iter().flat_map(|all| all.values()) {
            rows.push(Row { subject: profile.roles.join("\n"), created_ms: profile.created_ms, ..Row::new(id, "instance-profile", &profile.arn) });
        }
        for provider in of.providers.values() {
            let row = Row { created_ms: provider.created_ms, subject: provider.kind.to_owned(), ..Row::new(id, "identity-provider", &provider.arn) };
            rows.push(if provider.kind == "oidc" { row.known(&provider.clients, |c| c.join(", ")) } else { row });
        }
        for (region, role) in &of.default_host_role {
            rows.push(Row { region: region.clone(), ..Row::new(id, "default-host-management", region).known(role, Clone::clone) });
        }
        for member in &of.environment_members {
            rows.push(Row {
                region: member.region.clone(),
                subject: member.member.clone(),
                detail: member.permissions.clone(),
                ..Row::new(id, "cloud9-member", &member.environment)
            });
        }
        for finding in of.analyzer_findings.values() {
            let detail = format!("{} {}", finding.kind, finding.status);
            rows.push(Row { subject: finding.resource.clone(), detail, ..Row::new(id, "access-analyzer-finding", &finding.id) });
        }
    }
}

fn resources(grants: &Grants, rows: &mut Vec<Row>) {
    let all = &grants.resources;
    for bucket in all.buckets.values() {
        let row = |kind| Row { region: bucket.region.clone().unwrap_or_default(), ..Row::new(&bucket.account, kind, &bucket.name) };
        rows.push(row("bucket-acl").known(&bucket.acl, |a| acl(&a.grants)));
        rows.push(row("bucket-block-public-access").known(&bucket.block_public_access, switches));
        rows.push(row("bucket-ownership").known(&bucket.ownership, |o| format!("{o:?}")));
        rows.push(row("bucket-logs-to").known(&bucket.logs_to, Clone::clone));
    }
    for point in all.access_points.values() {
        let row = Row::new(&point.account, "access-point", &point.arn).known(&point.block_public_access, switches);
        rows.push(Row { subject: point.buckets.join("\n"), ..row });
    }
    for key in all.keys.values() {
        rows.push(Row::new(&key.account, "kms-key", &key.arn).known(&key.manager, |m| format!("{m} {}", key.state.as_deref().unwrap_or_default())));
        if key.grants.is_unknown() {
            rows.push(Row::new(&key.account, "kms-grant", &key.arn).known(&key.grants, |_| String::new()));
        }
        for grant in key.grants.present().into_iter().flatten() {
            rows.push(Row { subject: grant.grantee.clone(), detail: grant.operations.join(", "), ..Row::new(&key.account, "kms-grant", &key.arn) });
        }
    }
    for (alias, key) in &all.aliases {
        let account = Arn::parse(alias).map(|a| a.account).unwrap_or_default();
        rows.push(Row { subject: key.clone(), ..Row::new(account, "kms-alias", alias) });
    }
    for endpoint in all.vpc_endpoints.values() {
        let row = Row { region: endpoint.region.clone().unwrap_or_default(), ..Row::new(&endpoint.account, "vpc-endpoint", &endpoint.id) };
        rows.push(Row { subject: endpoint.service_name.clone(), ..row.known(&endpoint.policy, |_| "has a policy".to_owned()) });
    }
    for (arn, url) in &all.function_urls {
        let account = Arn::parse(arn).map(|a| a.account).unwrap_or_default();
        rows.push(Row::new(account, "function-url", arn).known(url, |u| format!("{} {}", u.auth, u.url)));
    }
    for share in all.shares.values() {
        for (principal, external) in &share.principals {
            let outside = external.map_or(String::new(), |e| format!(", external={e}"));
            let detail = format!("{}{outside}: {}", share.status, share.resources.join(", "));
            rows.push(Row { subject: principal.clone(), detail, ..Row::new(&share.owner, "resource-share", &share.arn) });
        }
    }
}

fn organisations(grants: &Grants, rows: &mut Vec<Row>) {
    for organisation in grants.organisations.values() {
        let manager = organisation.management_account.present().cloned().unwrap_or_default();
        for (account, services) in &organisation.delegated {
            let row = Row::new(&manager, "delegated-administrator", account).known(services, |s| s.join(", "));
            rows.push(Row { subject: organisation.id.clone(), ..row });
        }
        for (kind, on) in &organisation.enabled {
            let row = Row::new(&manager, "organisation-policy-type", kind.as_str()).known(on, |on| format!("on={on}"));
            rows.push(Row { subject: organisation.id.clone(), ..row });
        }
    }
    for set in grants.permission_sets.values() {
        for (account, people) in &set.assignments {
            let row = Row::new(account, "permission-set-assignment", if set.arn.is_empty() { set.name.as_deref().unwrap_or_default() } else { &set.arn });
            rows.push(row.known(people, |list| list.iter().map(|a| format!("{} {}", a.kind, a.id)).collect::<Vec<_>>().join("; ")));
        }
    }
}

/// Table `inventory`. Of the accounts of the list it also tells which lists were not exported.
///
/// # Errors
/// When the engine refuses the columns.
pub fn inventory(grants: &Grants, list: &[AccountRow]) -> PolarsResult<DataFrame> {
    let mut rows = Vec::new();
    accounts(grants, &mut rows);
    resources(grants, &mut rows);
    organisations(grants, &mut rows);
    listings::rows(grants, list, &mut rows);
    rows.sort();
    let told = super::told;
    Columns::of(&rows)
        .text("account", |r| told(&r.account))
        .text("region", |r| told(&r.region))
        .text("kind", |r| Some(r.kind))
        .text("thing", |r| told(&r.thing))
        .text("subject", |r| told(&r.subject))
        .text("state", |r| Some(r.state))
        .text("detail", |r| told(&r.detail))
        .int("created_ms", |r| r.created_ms)
        .int("until_ms", |r| r.until_ms)
        .table()
}

/// Table `last_accessed`: what IAM remembers of a principal's use, by service and, where IAM tracks them, by action. Denied
/// attempts are in it. Source: inputs-and-evaluation.md section 1.4.
///
/// # Errors
/// When the engine refuses the columns.
pub fn last_accessed(grants: &Grants) -> PolarsResult<DataFrame> {
    /// Account, principal, service, action, last use, time of the report.
    type Use<'g> = (&'g str, &'g str, &'g str, Option<&'g str>, Option<i64>, Option<i64>);
    let mut rows: Vec<Use<'_>> = Vec::new();
    for account in grants.accounts.values() {
        for (arn, report) in account.evidence.last_accessed.iter().filter_map(|(arn, report)| Some((arn.as_str(), report.present()?))) {
            for service in &report.services {
                rows.push((&account.id, arn, &service.service, None, service.last_ms, report.generated_ms));
                let actions = service.actions.iter().map(|(action, at)| (action.as_str(), *at));
                rows.extend(actions.map(|(action, at)| (account.id.as_str(), arn, service.service.as_str(), Some(action), at, report.generated_ms)));
            }
        }
    }
    rows.sort();
    Columns::of(&rows)
        .text("account", |r| Some(r.0))
        .text("principal_arn", |r| Some(r.1))
        .text("service", |r| Some(r.2))
        .text("action", |r| r.3)
        .int("last_ms", |r| r.4)
        .int("report_ms", |r| r.5)
        .table()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;

    #[test]
    fn every_kind_stands_in_the_guide_and_has_a_fixture() {
        let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        let grants = crate::grants::load(&[root.join("testdata/grants/bundle")]).unwrap();
        let mut rows = Vec::new();
        accounts(&grants, &mut rows);
        resources(&grants, &mut rows);
        organisations(&grants, &mut rows);
        let row = |a: &String| AccountRow { account: a.clone(), name: None, owned: true, has_authorization_details: true, has_credential_report: false };
        let list: Vec<AccountRow> = grants.accounts.keys().map(row).collect();
        listings::rows(&grants, &list, &mut rows);
        let kinds: BTreeSet<&str> = rows.iter().map(|r| r.kind).collect();
        let guide = std::fs::read_to_string(root.join("docs/tables.md")).unwrap();
        let section = guide.split("## inventory").nth(1).unwrap().split("## ").next().unwrap();
        let named = section.lines().find(|l| l.starts_with("| kind |")).unwrap();
        let named: BTreeSet<&str> = named.split('`').skip(1).step_by(2).collect();
        assert_eq!(kinds, named);
        let table = inventory(&grants, &list).unwrap();
        assert_eq!(table.height(), rows.len());
        assert!(rows.iter().any(|r| r.kind == "bucket-acl" && r.state == "unknown" && !r.detail.is_empty()));
        assert!(rows.iter().any(|r| r.kind == "password-policy" && r.state == "absent" && r.detail.is_empty()));
        assert!(last_accessed(&grants).unwrap().height() > 0);
    }
}
