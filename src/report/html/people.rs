//! Who the page is about: users and roles with all that the model knows of each, and other owners of policies, worst first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::super::Status;
use super::super::blast_text::BlastRow;
use super::super::escape::short as visible;
use super::super::findings::Finding;
use super::super::model::{ProposalRow, ReportModel};
use super::super::page_facts::PrincipalFacts;
use super::text::{account_of, id_of};

/// What is granted, by what is said of it: numbers of verdicts, one for each statement and action.
#[derive(Clone, Copy, Debug, Default)]
pub struct Gap {
    /// Used.
    pub used: usize,
    /// Stays although it was not seen used.
    pub kept: usize,
    /// Can go.
    pub gone: usize,
    /// Of what can go, actions that are dangerous.
    pub risky: usize,
}

impl Gap {
    /// Everything granted.
    #[must_use]
    pub fn all(&self) -> usize {
        self.used + self.kept + self.gone
    }

    /// Of a policy; nothing where it was made from use alone, or says who may take a role.
    #[must_use]
    pub fn of(row: &ProposalRow) -> Gap {
        if row.current.is_none() || row.placement == "trust" {
            return Gap::default();
        }
        let mut gap = Gap::default();
        for (word, n) in &row.verdicts {
            match *word {
                "keep-used" | "narrow" => gap.used += n,
                "drop" => gap.gone += n,
                _ => gap.kept += n,
            }
        }
        gap.risky = row.risky_dropped.len().min(gap.gone);
        gap
    }

    /// Adds another.
    pub fn add(&mut self, other: Gap) {
        self.used += other.used;
        self.kept += other.kept;
        self.gone += other.gone;
        self.risky += other.risky;
    }

    /// As parts of a bar.
    #[must_use]
    pub fn parts(&self) -> [(&'static str, usize); 4] {
        [("u", self.used), ("k", self.kept), ("d", self.gone.saturating_sub(self.risky)), ("r", self.risky)]
    }
}

/// A user or role.
pub struct Person<'m> {
    /// ARN as the exports or the logs have it.
    pub arn: &'m str,
    /// Account id.
    pub account: &'m str,
    /// `user`, `role`.
    pub kind: &'m str,
    /// Name, hidden characters shown.
    pub name: String,
    /// What exports and logs say of it.
    pub facts: Option<&'m PrincipalFacts>,
    /// How far it reaches.
    pub blast: Option<&'m BlastRow>,
    /// What its policies grant.
    pub gap: Gap,
    /// Policies that apply to it, by their number in the model.
    pub policies: Vec<usize>,
    /// What fails.
    pub failing: Vec<&'m Finding>,
}

/// An owner of policies with details on the page.
pub struct Owner<'m> {
    /// Its details' id.
    pub id: String,
    /// ARN.
    pub arn: &'m str,
    /// The user or role that it is.
    pub person: Option<usize>,
    /// Its own policies.
    pub own: Vec<&'m ProposalRow>,
}

/// Everybody.
pub struct People<'m> {
    /// Users and roles, worst first.
    pub all: Vec<Person<'m>>,
    /// Who has details, worst first.
    pub owners: Vec<Owner<'m>>,
    /// Ids of details by ARN.
    pub ids: BTreeMap<&'m str, String>,
}

fn rank(severity: &str) -> usize {
    match severity {
        "CRITICAL" => 10_000,
        "HIGH" => 1_000,
        "MEDIUM" => 100,
        "LOW" => 10,
        _ => 1,
    }
}

/// What failing findings weigh together.
#[must_use]
pub fn weight(failing: &[&Finding]) -> usize {
    failing.iter().map(|f| rank(&f.severity)).sum()
}

fn person<'m>(arn: &'m str, model: &'m ReportModel) -> Person<'m> {
    let facts = model.page.principals.get(arn);
    let kind = if arn.contains(":user/") { "user" } else { "role" };
    Person {
        arn,
        account: facts.map_or_else(|| account_of(arn), |f| f.account.as_str()),
        kind: facts.map_or(kind, |f| f.kind.as_str()),
        name: facts.map_or_else(|| visible(arn.rsplit('/').next().unwrap_or_default()), |f| visible(&f.name)),
        facts,
        blast: None,
        gap: Gap::default(),
        policies: Vec::new(),
        failing: Vec::new(),
    }
}

impl<'m> People<'m> {
    /// Everybody whom the model knows.
    #[must_use]
    pub fn of(model: &'m ReportModel) -> People<'m> {
        let mut by_arn: BTreeMap<&str, Person<'m>> = model.page.principals.keys().map(|arn| (arn.as_str(), person(arn, model))).collect();
        for (at, row) in model.proposals.iter().enumerate() {
            let gap = Gap::of(row);
            for member in &row.members {
                let one = by_arn.entry(member).or_insert_with(|| person(member, model));
                one.policies.push(at);
                one.gap.add(gap);
            }
        }
        // The ARNs of reach are shown, those of the others are as they came; they differ where somebody hid something in one.
        let shown: BTreeMap<String, &str> = by_arn.keys().map(|arn| (visible(arn), *arn)).collect();
        for row in model.blast.iter().flat_map(|b| &b.rows) {
            let arn = shown.get(&row.principal).copied().unwrap_or(&row.principal);
            by_arn.entry(arn).or_insert_with(|| person(arn, model)).blast = Some(row);
        }
        for finding in model.findings.iter().filter(|f| f.status == Status::Fail) {
            if let Some(one) = by_arn.get_mut(finding.resource.as_str()) {
                one.failing.push(finding);
            }
        }
        let mut all: Vec<Person<'m>> = by_arn.into_values().collect();
        let risk = |p: &Person<'_>| p.blast.map_or(0, |b| b.before.risk);
        all.sort_by_cached_key(|p| Reverse((risk(p), weight(&p.failing), p.gap.risky, p.gap.gone, Reverse(p.arn))));
        let (owners, ids) = owners(model, &all);
        People { all, owners, ids }
    }
}

fn owners<'m>(model: &'m ReportModel, all: &[Person<'m>]) -> (Vec<Owner<'m>>, BTreeMap<&'m str, String>) {
    let mut own: BTreeMap<&str, Vec<&'m ProposalRow>> = BTreeMap::new();
    for row in &model.proposals {
        own.entry(&row.owner_arn).or_default().push(row);
    }
    let mut ids = BTreeMap::new();
    let mut taken = BTreeSet::new();
    let mut id = |arn: &'m str| {
        let mut id = id_of('d', arn);
        while !taken.insert(id.clone()) {
            id.push('x');
        }
        ids.insert(arn, id.clone());
        id
    };
    let mut owners: Vec<(usize, Owner<'m>)> = Vec::new();
    let gone = |rows: &[&ProposalRow]| rows.iter().map(|r| r.actions_before.saturating_sub(r.actions_after)).sum::<usize>();
    for (at, person) in all.iter().enumerate() {
        let rows = own.remove(person.arn).unwrap_or_default();
        let risk = person.blast.map_or(0, |b| b.before.risk + b.after.risk);
        let weight = weight(&person.failing).saturating_mul(100) + risk + gone(&rows);
        let called = person.facts.is_some_and(|f| f.calls.iter().any(|n| *n > 0));
        if !rows.is_empty() || weight > 0 || called {
            owners.push((weight, Owner { id: id(person.arn), arn: person.arn, person: Some(at), own: rows }));
        }
    }
    for (arn, rows) in own {
        let risk = rows.iter().filter_map(|r| r.risk_removed).map(|r| r.risk).sum::<usize>();
        owners.push((risk + gone(&rows), Owner { id: id(arn), arn, person: None, own: rows }));
    }
    owners.sort_by_cached_key(|(weight, owner)| Reverse((*weight, Reverse(owner.arn))));
    (owners.into_iter().map(|(_, owner)| owner).collect(), ids)
}

/// Accounts with a number each, for filters that work without a script: the class of their rows.
pub struct Accounts {
    /// Account id, name, and rows that fail; those with a filter of their own come first, in order of their number.
    pub all: Vec<(String, String, usize)>,
    by_id: BTreeMap<String, usize>,
}

/// How many accounts have a filter of their own.
pub const FILTERED: usize = 40;

impl Accounts {
    /// Every account that the model names.
    #[must_use]
    pub fn of(model: &ReportModel, people: &People<'_>) -> Accounts {
        let mut failing: BTreeMap<&str, usize> = BTreeMap::new();
        let mut names: BTreeMap<&str, &str> = BTreeMap::new();
        for account in &model.coverage {
            failing.entry(&account.account).or_default();
            names.insert(&account.account, &account.name);
        }
        for person in &people.all {
            failing.entry(person.account).or_default();
        }
        for finding in &model.findings {
            *failing.entry(&finding.account).or_default() += usize::from(finding.status == Status::Fail);
        }
        failing.remove("");
        let mut all: Vec<(String, String, usize)> =
            failing.iter().map(|(id, n)| ((*id).to_owned(), names.get(id).copied().unwrap_or_default().to_owned(), *n)).collect();
        all.sort_by(|a, b| (b.2, &a.0).cmp(&(a.2, &b.0)));
        let by_id = all.iter().enumerate().map(|(at, (id, _, _))| (id.clone(), at)).collect();
        Accounts { all, by_id }
    }

    /// The class of an account's rows; those without a filter of their own share one.
    #[must_use]
    pub fn class(&self, account: &str) -> String {
        match self.by_id.get(account) {
            Some(at) if *at < FILTERED => format!("a{at}"),
            _ => "ax".to_owned(),
        }
    }

    /// Name beside the id, where there is one.
    #[must_use]
    pub fn name(&self, account: &str) -> &str {
        self.by_id.get(account).and_then(|at| self.all.get(*at)).map_or("", |(_, name, _)| name.as_str())
    }
}

/// Where details stand: on the page itself or in a file beside it.
#[derive(Default)]
pub struct Links {
    /// Ids of details on the page.
    pub inline: BTreeSet<String>,
}

/// The file that holds the details with this id, by its first two digits.
#[must_use]
pub fn shard_of(id: &str) -> &str {
    id.get(1..3).unwrap_or("00")
}

impl Links {
    /// The link from the page to details.
    #[must_use]
    pub fn to(&self, id: &str) -> String {
        if self.inline.contains(id) { format!("#{id}") } else { format!("report/p/{}.html#{id}", shard_of(id)) }
    }
}
