//! Fills what only the page shows, from tables and use.

use std::collections::{BTreeMap, BTreeSet};

use super::RunError;
use super::review::owner;
use crate::grants::{Grants, OwnerKind};
use crate::report::model::ReportModel;
use crate::report::denied_text;
use crate::report::findings::Status;
use crate::report::page_facts::{CredentialFacts, DeniedCluster, HumanHours, PrincipalFacts, ServiceUse, SuppressionFacts, TrendNight};
use crate::report::sql::{Cell, Rows, SqlTables};
use crate::usage::{Outcome, Usage};

/// Credentials as the page shows them.
const CREDENTIALS: &str = "SELECT account, user_name, user_arn, slot, access_key_id, active, created_ms, last_changed_ms, last_used_ms, last_used_known, \
    last_used_service, mfa_active, mfa_devices FROM credentials WHERE present IS NULL OR present \
    ORDER BY account ASC NULLS LAST, user_name ASC NULLS LAST, slot ASC NULLS LAST, access_key_id ASC NULLS LAST";

/// When people called in roles.
const HUMAN_HOURS: &str = "SELECT account, hour_of_week, calls, roles FROM human_hours ORDER BY account ASC NULLS LAST, hour_of_week ASC NULLS LAST";

/// A row's cells by name.
struct Row<'r> {
    rows: &'r Rows,
    cells: &'r [Cell],
}

impl Row<'_> {
    fn cell(&self, column: &str) -> Option<&Cell> {
        self.rows.column(column).and_then(|at| self.cells.get(at)).filter(|c| **c != Cell::Null)
    }

    fn text(&self, column: &str) -> Option<String> {
        self.cell(column).map(Cell::text)
    }

    fn int(&self, column: &str) -> Option<i64> {
        match self.cell(column) {
            Some(Cell::Int(n)) => Some(*n),
            _ => None,
        }
    }

    fn flag(&self, column: &str) -> Option<bool> {
        match self.cell(column) {
            Some(Cell::Bool(b)) => Some(*b),
            _ => None,
        }
    }
}

/// Adds everything that the page shows beside.
pub fn add(model: &mut ReportModel, grants: &Grants, usage: &Usage, tables: &mut SqlTables) -> Result<(), RunError> {
    let days: BTreeMap<&str, usize> = usage.coverage.window_days.iter().enumerate().map(|(at, day)| (day.as_str(), at)).collect();
    let page = &mut model.page;
    page.principals = principals(grants, usage, &days);
    page.credentials = credentials(grants, usage, tables)?;
    page.human_hours = Some(human_hours(tables)?);
    for c in page.credentials.iter().flatten() {
        if let Some(user) = page.principals.get_mut(&c.user_arn) {
            user.last_used_ms = user.last_used_ms.max(c.last_used_ms);
            user.last_used_known |= c.last_used_known;
        }
    }
    let mut called = false;
    let mut root = 0;
    for row in &usage.activity {
        called = true;
        if row.principal_type.as_deref() == Some("Root") {
            root += row.calls.iter().sum::<i64>();
        }
    }
    page.root_calls = called.then_some(root);
    for (account, coverage) in &usage.coverage.accounts {
        let of_day = |day: &String| coverage.days.get(day).map_or(0, |d| d.data_events);
        page.data_events.insert(account.clone(), usage.coverage.window_days.iter().map(of_day).collect());
    }
    Ok(())
}

/// Adds what findings, their memory and the denied calls tell.
pub fn after_findings(model: &mut ReportModel) {
    let mut nights: BTreeMap<i64, [i64; 4]> = BTreeMap::new();
    for row in &model.trend {
        let failing = row.counts.get(&Status::Fail).copied().unwrap_or(0);
        let [critical, high, medium, low] = nights.entry(row.as_of_ms).or_default();
        *match row.severity.as_str() {
            "CRITICAL" => critical,
            "HIGH" => high,
            "MEDIUM" => medium,
            _ => low,
        } += i64::try_from(failing).unwrap_or(i64::MAX);
    }
    model.page.trend = nights.into_iter().map(|(as_of_ms, failing)| TrendNight { as_of_ms, failing, granted: None }).collect();
    let suppressions = model.suppressions.entries.iter().map(|e| SuppressionFacts {
        rule: e.suppression.rule.clone(),
        matches: e.suppression.pattern.clone(),
        owner: e.suppression.owner.clone(),
        reason: e.suppression.reason.clone(),
        expires: e.suppression.expires.clone(),
        days_left: e.days_left,
        findings: e.matched,
    });
    model.page.suppressions = Some(suppressions.collect());
    model.page.denied = Some(model.denied.clusters.iter().map(denied).collect());
}

/// A cause as the page shows it: the first caller by name, the others as a number.
fn denied(cluster: &denied_text::DeniedCluster) -> DeniedCluster {
    let more = |name: &str, count: usize| if count > 1 { format!("{name} and {} more", count - 1) } else { name.to_owned() };
    let statement = [cluster.policy.as_deref(), cluster.statement.as_deref()].into_iter().flatten().collect::<Vec<_>>().join(" ");
    DeniedCluster {
        account: cluster.account.clone(),
        layer: cluster.layer.unwrap_or("not known").to_owned(),
        known_by: cluster.known_by.to_owned(),
        statement: if statement.is_empty() { cluster.not_known.clone() } else { statement },
        principal: more(cluster.principals.first().map_or("", |(name, _)| name), cluster.principal_count),
        action: more(&cluster.action, cluster.action_count),
        resource: more(&cluster.resource, cluster.resource_count),
        calls: cluster.calls,
        last_seen_ms: Some(cluster.seen_ms.1),
        change: [&cluster.change.what, &cluster.change.belongs, &cluster.change.then].into_iter().filter(|t| !t.is_empty()).cloned().collect::<Vec<_>>().join("; "),
        advice: format!("{}: {}", cluster.verdict, cluster.reason),
    }
}

fn principals(grants: &Grants, usage: &Usage, days: &BTreeMap<&str, usize>) -> BTreeMap<String, PrincipalFacts> {
    let mut out: BTreeMap<String, PrincipalFacts> = BTreeMap::new();
    let mut by_key: BTreeMap<&str, &str> = BTreeMap::new();
    for p in grants.principals().filter(|p| matches!(p.kind, OwnerKind::User | OwnerKind::Role)) {
        by_key.insert(&p.unique_id, &p.arn);
        let owner = owner(p);
        let facts = PrincipalFacts {
            account: p.account.clone(),
            kind: p.kind.as_str().to_owned(),
            name: p.name.clone(),
            owner: owner.map(str::to_owned),
            created_ms: p.created_ms,
            last_used_ms: p.last_used_ms,
            last_used_known: p.last_used_known,
            is_managed: p.path.starts_with("/aws-service-role/") || p.path.starts_with("/aws-reserved/"),
            ..PrincipalFacts::default()
        };
        out.insert(p.arn.clone(), facts);
    }
    for row in &usage.activity {
        let Some(arn) = by_key.get(row.principal_key.as_str()).map(|a| (*a).to_owned()).or_else(|| row.principal_arn.clone()) else { continue };
        if !arn.contains(":user/") && !arn.contains(":role/") {
            continue;
        }
        let facts = out.entry(arn.clone()).or_insert_with(|| PrincipalFacts {
            account: row.account.clone().unwrap_or_default(),
            kind: if arn.contains(":user/") { "user" } else { "role" }.to_owned(),
            name: arn.rsplit('/').next().unwrap_or_default().to_owned(),
            ..PrincipalFacts::default()
        });
        for (sum, calls) in facts.calls.iter_mut().zip(row.calls) {
            *sum += calls;
        }
        facts.last_used_ms = facts.last_used_ms.max(row.last_allowed_ms);
        if let Some(seen) = usage.principal_days.get(&row.principal_key) {
            facts.days.resize(days.len(), 0);
            for (date, calls) in seen {
                if let Some(day) = days.get(date.as_str()).and_then(|at| facts.days.get_mut(*at)) {
                    *day += calls;
                }
            }
        }
    }
    out
}

/// When people called in roles, over all accounts.
fn human_hours(tables: &mut SqlTables) -> Result<HumanHours, RunError> {
    let rows = tables.run("human_hours", HUMAN_HOURS)?;
    let mut hours = HumanHours { roles: 0, calls: vec![0; 168] };
    let mut roles: BTreeMap<String, i64> = BTreeMap::new();
    for cells in &rows.rows {
        let row = Row { rows: &rows, cells };
        roles.insert(row.text("account").unwrap_or_default(), row.int("roles").unwrap_or(0));
        let hour = row.int("hour_of_week").and_then(|h| usize::try_from(h).ok());
        if let Some(sum) = hour.and_then(|h| hours.calls.get_mut(h)) {
            *sum += row.int("calls").unwrap_or(0);
        }
    }
    hours.roles = usize::try_from(roles.values().sum::<i64>()).unwrap_or(0);
    Ok(hours)
}

/// Calls and callers in the window, by account and service.
pub fn services(usage: &Usage) -> Vec<ServiceUse> {
    let mut all: BTreeMap<(&str, &str), (i64, BTreeSet<&str>)> = BTreeMap::new();
    for row in usage.rows.iter().filter(|r| r.outcome == Outcome::Allowed) {
        let Some((service, _)) = row.action.split_once(':') else { continue };
        let entry = all.entry((&row.account, service)).or_default();
        entry.0 += row.calls;
        entry.1.insert(&row.principal_key);
    }
    let one = |((account, service), (calls, principals)): ((&str, &str), (i64, BTreeSet<&str>))| ServiceUse {
        account: account.to_owned(),
        service: service.to_owned(),
        calls,
        principals: principals.len(),
    };
    all.into_iter().map(one).collect()
}

fn credentials(grants: &Grants, usage: &Usage, tables: &mut SqlTables) -> Result<Option<Vec<CredentialFacts>>, RunError> {
    let told = |a: &crate::grants::Account| a.credential_report.is_some() || !a.evidence.access_keys.is_empty();
    if !grants.accounts.values().any(told) {
        return Ok(None);
    }
    let rows = tables.run("credentials", CREDENTIALS)?;
    let seen: BTreeMap<&str, [i64; 3]> = usage.keys.iter().map(|k| (k.access_key_id.as_str(), [k.calls, k.addresses, k.services])).collect();
    let one = |cells: &Vec<Cell>| {
        let row = Row { rows: &rows, cells };
        let key_id = row.text("access_key_id");
        CredentialFacts {
            account: row.text("account").unwrap_or_default(),
            user: row.text("user_name").unwrap_or_default(),
            user_arn: row.text("user_arn").unwrap_or_default(),
            slot: row.text("slot").unwrap_or_default(),
            active: row.flag("active"),
            made_ms: row.int("created_ms").or_else(|| row.int("last_changed_ms")),
            last_used_ms: row.int("last_used_ms"),
            last_used_known: row.flag("last_used_known").unwrap_or(false),
            last_used_service: row.text("last_used_service"),
            seen: key_id.as_deref().and_then(|id| seen.get(id)).copied(),
            mfa: row.flag("mfa_active").or_else(|| row.int("mfa_devices").map(|n| n > 0)),
            key_id,
        }
    };
    Ok(Some(rows.rows.iter().map(one).collect()))
}
