//! Where the refusals come from: every denied call of the window with its layer and statement, in clusters by root cause, each
//! with the least change that would allow it and what the log says for and against that.
//!
//! Nothing is lost on the way: the calls of all clusters are the denied calls of the log. Callers are found by `denied/caller`,
//! causes by `denied/cause`, clusters by `denied/group`; `denied/change` and `denied/verdict` judge them.

mod caller;
mod cause;
mod change;
#[cfg(test)]
mod denied_test;
mod group;
mod profile;
mod verdict;

use std::collections::{BTreeMap, BTreeSet};

use self::caller::{Callers, Standing};
use self::cause::{Answer, Cause, KnownBy, cause};
use self::group::{Key, Member};
use self::verdict::Record;
use super::history::Past;
use super::layers::Layers;
use crate::evaluate::Compiler;
use crate::prove::{Logged, Refusal, compare};
use crate::reference::Reference;
use crate::report::denied_text::{DeniedCluster, DeniedFacts, DeniedMember};
use crate::report::escape::visible;
use crate::usage::{DeniedCallRow, Usage};

/// How many actions, resources, callers and event ids a cluster lists.
const LISTED: usize = 5;

/// What a row's answer depends on, beside the time of the caller's grants.
fn same_question(a: &DeniedCallRow, b: &DeniedCallRow) -> bool {
    let (x, y) = (&a.call, &b.call);
    (&x.principal_key, &x.principal_arn, &x.principal_type, &x.account, &x.action, &x.resource_arn, &x.arn_provenance)
        == (&y.principal_key, &y.principal_arn, &y.principal_type, &y.account, &y.action, &y.resource_arn, &y.arn_provenance)
        && (&x.region, &x.context_class, &x.error_code, &x.denied_effect, &x.denied_policy_type, &x.denied_policy_arn, &a.event_category, a.in_session)
            == (&y.region, &y.context_class, &y.error_code, &y.denied_effect, &y.denied_policy_type, &y.denied_policy_arn, &b.event_category, b.in_session)
        && x.session() == y.session()
}

/// Asks the policies at hand about a row.
fn asked<'a, 'g: 'a>(row: &'a DeniedCallRow, callers: &mut Callers<'a, 'g>, layers: &Layers<'_>) -> Answer {
    let not_asked = |why| Answer { not_asked: why, ..Answer::default() };
    if layers.grants().is_empty() {
        return not_asked("no exports of grants were given");
    }
    if !row.is_known_action {
        return not_asked("the reference knows no action for this call");
    }
    let Some(standing) = callers.of(row) else { return not_asked("an AWS service called for itself") };
    let call = &row.call;
    let refusal = Refusal { effect: call.denied_effect.as_deref(), policy_type: call.denied_policy_type.as_deref() };
    standing.ask(row, layers, |request, policies, unseen| Answer {
        comparison: Some(compare(request, policies, unseen, Logged::Denied(refusal))),
        unseen: unseen.to_vec(),
        not_asked: standing.not_known,
    })
}

/// The causes of all rows, in their order.
fn causes<'a, 'g: 'a>(rows: &'a [DeniedCallRow], callers: &mut Callers<'a, 'g>, layers: &Layers<'_>, past: &Past) -> Vec<Cause> {
    let mut out: Vec<Cause> = Vec::with_capacity(rows.len());
    let mut last: Option<&DeniedCallRow> = None;
    for row in rows {
        // Rows of one question stand together, one for each address and day; where grants changed each is asked by itself.
        let is_steady = callers.principal(row).is_none_or(|p| !past.has(p)) && !past.has_trusts_of(&row.call.resource_arn);
        let repeated = last.filter(|l| is_steady && same_question(l, row)).and(out.last()).cloned();
        let found = repeated.unwrap_or_else(|| {
            cause(row, &asked(row, callers, layers))
        });
        out.push(found);
        last = Some(row);
    }
    out
}

/// Counts by name, the most first; at most a few.
fn most(counts: &BTreeMap<&str, i64>) -> Vec<(String, i64)> {
    let mut list: Vec<(&str, i64)> = counts.iter().map(|(name, n)| (*name, *n)).collect();
    list.sort_by(|a, b| (b.1, a.0).cmp(&(a.1, b.0)));
    list.into_iter().take(LISTED).map(|(name, n)| (visible(name), n)).collect()
}

/// Members with most calls first.
fn by_calls<'m, 'a>(mut members: Vec<&'m Member<'a>>) -> Vec<&'m Member<'a>> {
    members.sort_by(|a, b| {
        let place = |m: &Member<'_>| (m.row.call.principal_key.clone(), m.row.call.action.clone(), m.row.call.resource_arn.clone(), m.cause.clone());
        b.calls.cmp(&a.calls).then_with(|| place(a).cmp(&place(b)))
    });
    members
}

/// The actions in a few words: the one, or how many of which services.
fn actions_text(actions: &BTreeMap<&str, i64>) -> String {
    let mut names = actions.keys();
    match (names.next(), names.next()) {
        (Some(one), None) => (*one).to_owned(),
        _ => {
            let services: BTreeSet<&str> = actions.keys().map(|a| a.split(':').next().unwrap_or("")).collect();
            match services.first().filter(|_| services.len() == 1) {
                Some(service) => format!("{} actions of {service}", actions.len()),
                None => format!("{} actions of {} services", actions.len(), services.len()),
            }
        }
    }
}

/// The resources in a few words: the one, the pattern of their kind, or how many.
fn resource_text(key: &Key, resources: &BTreeMap<&str, i64>) -> String {
    let mut names = resources.keys();
    match (key, names.next(), names.next()) {
        (Key::Missing { resource, .. }, _, _) => resource.clone(),
        (_, Some(one), None) => (*one).to_owned(),
        _ => {
            let kinds: BTreeSet<String> = resources.keys().map(|r| group::kind_pattern(r)).collect();
            match kinds.first().filter(|_| kinds.len() == 1) {
                Some(kind) => kind.clone(),
                None => format!("{} resources", resources.len()),
            }
        }
    }
}

/// Describes a cluster, without verdict and change.
fn described(key: &Key, members: &[&Member<'_>], all_calls: i64) -> DeniedCluster {
    let (mut actions, mut resources, mut principals, mut codes, mut accounts) =
        (BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let (mut days, mut addresses, mut samples) = (BTreeSet::<&str>::new(), BTreeSet::<&str>::new(), BTreeSet::<&str>::new());
    let mut calls = 0;
    for member in members {
        let call = &member.row.call;
        calls += member.calls;
        for (counts, name) in [(&mut actions, call.action.as_str()), (&mut resources, call.resource_arn.as_str()), (&mut principals, member.who()), (&mut accounts, call.account.as_str())] {
            *counts.entry(name).or_default() += member.calls;
        }
        for (code, n) in &member.codes {
            *codes.entry(*code).or_default() += n;
        }
        days.extend(&member.days);
        addresses.extend(&member.addresses);
        samples.extend(&member.samples);
    }
    let first = members.first().map(|m| &m.cause);
    // What names the layer the most surely of all members stands for the cluster.
    let surest = members.iter().map(|m| &m.cause).min_by_key(|c| c.known_by).or(first);
    let open = members.iter().map(|m| m.cause.not_known.as_str()).find(|why| !why.is_empty()).unwrap_or("");
    DeniedCluster {
        id: key.id(),
        subject: visible(key.subject()),
        account: most(&accounts).into_iter().next().map(|(name, _)| name).unwrap_or_default(),
        layer: first.and_then(|c| c.layer),
        known_by: surest.map_or("not known", |c| c.known_by.as_str()),
        effect: first.and_then(|c| c.effect),
        policy: first.and_then(|c| c.policy.as_deref()).map(visible),
        statement: first.and_then(|c| c.statement.as_ref()).map(|s| visible(&s.statement)),
        not_known: visible(open),
        action: visible(&actions_text(&actions)),
        action_count: actions.len(),
        actions: most(&actions),
        resource: visible(&resource_text(key, &resources)),
        resource_count: resources.len(),
        resources: most(&resources),
        principal_count: principals.len(),
        principals: most(&principals),
        error_codes: most(&codes),
        calls,
        share_permille: calls.saturating_mul(1000).checked_div(all_calls).unwrap_or(0),
        address_count: addresses.len(),
        day_count: days.len(),
        seen_ms: (
            members.iter().map(|m| m.seen_ms.0).min().unwrap_or(0),
            members.iter().map(|m| m.seen_ms.1).max().unwrap_or(0),
        ),
        samples: samples.into_iter().take(LISTED).map(visible).collect(),
        ..DeniedCluster::default()
    }
}

fn detail(cluster: &str, member: &Member<'_>) -> DeniedMember {
    let call = &member.row.call;
    DeniedMember {
        cluster: cluster.to_owned(),
        account: visible(&call.account),
        principal_key: Some(visible(&call.principal_key)).filter(|k| !k.is_empty()),
        principal_arn: call.principal_arn.as_deref().map(visible),
        action: visible(&call.action),
        resource: visible(&call.resource_arn),
        layer: member.cause.layer,
        known_by: member.cause.known_by.as_str(),
        effect: member.cause.effect,
        calls: member.calls,
        seen_ms: member.seen_ms,
    }
}

/// Counts rows by what is known of them.
fn count(facts: &mut DeniedFacts, row: &DeniedCallRow, cause: &Cause) {
    let calls = row.call.calls;
    facts.calls += calls;
    match cause.known_by {
        KnownBy::Message => facts.layer_by_message += calls,
        KnownBy::NetworkActivity => facts.layer_by_network_activity += calls,
        KnownBy::Evaluation => facts.layer_by_evaluation += calls,
        KnownBy::NotKnown => {}
    }
    facts.explained += if cause.is_explained() { calls } else { 0 };
    facts.contradictions += if cause.contradicts { calls } else { 0 };
}

/// Clusters every denied call of the window. `own` are our accounts.
pub fn of_grants(layers: &Layers<'_>, usage: &Usage, past: &Past, own: &BTreeSet<String>, reference: &Reference) -> DeniedFacts {
    let mut rows = usage.denied_calls.clone();
    for row in &mut rows {
        // A message writes the action as it likes.
        if let Some(id) = reference.find(&row.call.action) {
            row.call.action = reference.text(id);
        }
    }
    let rows = rows;
    let mut callers = Callers::new(layers, past);
    let mut compiler = Compiler::default();
    let mut facts = DeniedFacts::default();
    let causes = causes(&rows, &mut callers, layers, past);
    for (row, cause) in rows.iter().zip(&causes) {
        count(&mut facts, row, cause);
    }
    let profiles = profile::profiles(rows.iter().map(|r| (group::who(r), r)));
    let record = Record::new(usage, &rows);
    let members = group::members(rows.iter().zip(causes));
    for (key, members) in group::clusters(&members, &profiles) {
        let members = by_calls(members);
        let mut cluster = described(&key, &members, facts.calls);
        let (verdict, reason) = verdict::of_cluster(&members, &record, &profiles, own);
        (cluster.verdict, cluster.reason) = (verdict, visible(&reason));
        let standing: Option<Standing<'_>> = members.first().filter(|_| !layers.grants().is_empty()).and_then(|m| callers.of(m.row));
        let mut change = change::change(&key, &members, standing.as_ref(), layers, &mut compiler);
        for text in [&mut change.what, &mut change.belongs, &mut change.statement, &mut change.then] {
            *text = visible(text);
        }
        cluster.change = change;
        facts.members.extend(members.iter().map(|m| detail(&cluster.id, m)));
        facts.clusters.push(cluster);
    }
    facts.clusters.sort_by(|a, b| (b.calls, &a.id).cmp(&(a.calls, &b.id)));
    facts
}
