//! On what somebody may use an action: on everything, on some resources, under conditions only, or not at all.
//!
//! The engine decides one request; here the question is about all resources of a kind. Each resource pattern of an Allow
//! statement is put to every layer as a pattern: a layer takes in all of it, part of it, or none. A Deny of all of it closes
//! it, a Deny of part of it leaves the rest, a Deny under a condition leaves it to the condition.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use super::measure::Holder;
use crate::aws::{Arn, arn_covers, arn_intersects, in_six_parts};
use crate::evaluate::compiled::CompiledPolicies;
use crate::evaluate::document::{CompiledPolicy, CompiledStatement};
use crate::evaluate::{Context, PreparedRequest, Request, RequestPrincipal, Tri, boundary, scp};
use crate::policy::{Effect, PolicyDocument, ResourceElement};
use crate::reference::{ActionId, Reference};

/// How far an action or a way is open; a later one takes in more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Grade {
    /// Not at all.
    Closed,
    /// Only under a condition that the exports do not decide.
    Conditional,
    /// On some resources, or on all but some.
    Limited,
    /// On every resource of its kind in the principal's account.
    Open,
}

impl Grade {
    /// The word in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Grade::Closed => "closed",
            Grade::Conditional => "conditional",
            Grade::Limited => "limited",
            Grade::Open => "open",
        }
    }
}

/// On what an action is open.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Scope {
    /// How far.
    pub grade: Grade,
    /// The resource patterns that leave it open, as written; `*` stands for all. Shared: many are open on the same.
    pub patterns: Arc<BTreeSet<String>>,
}

static ALL: LazyLock<Arc<BTreeSet<String>>> = LazyLock::new(|| Arc::new(BTreeSet::from(["*".to_owned()])));
static NONE: LazyLock<Arc<BTreeSet<String>>> = LazyLock::new(Arc::default);

impl Scope {
    /// On everything.
    #[must_use]
    pub fn open() -> Scope {
        Scope { grade: Grade::Open, patterns: Arc::clone(&ALL) }
    }

    /// On nothing.
    #[must_use]
    pub fn closed() -> Scope {
        Scope { grade: Grade::Closed, patterns: Arc::clone(&NONE) }
    }

    /// Adds another scope, which has patterns of its own.
    pub fn add(&mut self, other: &Scope) {
        self.grade = self.grade.max(other.grade);
        if self.patterns.is_empty() {
            self.patterns = Arc::clone(&other.patterns);
        } else if !other.patterns.is_subset(&self.patterns) {
            Arc::make_mut(&mut self.patterns).extend(other.patterns.iter().cloned());
        }
    }
}

/// The pattern with every `${…}` replaced.
fn filled(pattern: &str, with: impl Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut rest = pattern;
    while let Some((before, inner, tail)) = rest.split_once("${").and_then(|(before, after)| after.split_once('}').map(|(inner, tail)| (before, inner, tail))) {
        out.push_str(before);
        out.push_str(&with(inner));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// The resources of an action, as patterns: those of the caller's account, and those of all accounts.
fn kinds(reference: &Reference, id: ActionId, who: &RequestPrincipal) -> Vec<[String; 2]> {
    let partition = [&who.role_arn, &who.arn].into_iter().flatten().find_map(|a| Arn::parse(a)).map_or("aws", |a| a.partition);
    let own = |name: &str| match name {
        "Partition" => partition.to_owned(),
        "Account" => who.account().unwrap_or("*").to_owned(),
        _ => "*".to_owned(),
    };
    let types = reference.action(id).into_iter().flat_map(|a| &a.resources).filter_map(|r| reference.resource_type(id, r));
    let mut all: Vec<[String; 2]> = types.flat_map(|t| &t.arn_patterns).map(|p| [filled(p, own), filled(p, |_| "*".to_owned())]).collect();
    all.sort();
    all.dedup();
    all
}

/// How a statement bears on a probe: whether it takes in all of its resources, and whether it does so for sure.
struct Bearing {
    whole: bool,
    sure: bool,
}

fn bearing(statement: &CompiledStatement, request: &PreparedRequest<'_>) -> Option<Bearing> {
    if !statement.action.contains(&request.action) {
        return None;
    }
    let matched = statement.resource.matches(request);
    let holds = statement.conditions.iter().fold(Tri::Yes, |all, c| if all == Tri::No { all } else { all.and(c.holds(request)) });
    if matched == Tri::No || holds == Tri::No {
        return None;
    }
    // Of one resource there are no parts: a variable without a known value is a condition.
    let is_pattern = request.request.resource_is_pattern;
    Some(Bearing { whole: matched == Tri::Yes || !is_pattern, sure: holds == Tri::Yes && (matched == Tri::Yes || is_pattern) })
}

/// What policies that speak together leave of a probe: the best of their Allows, and what their Denies cap it to.
fn of_layer(policies: &[CompiledPolicy], request: &PreparedRequest<'_>) -> (Grade, Grade) {
    let (mut best, mut cap) = (Grade::Closed, Grade::Open);
    for statement in policies.iter().flat_map(|p| &p.document.statements) {
        let Some(bearing) = bearing(statement, request) else { continue };
        let (allowed, left) = match bearing {
            Bearing { sure: false, whole: true } => (Grade::Conditional, Grade::Conditional),
            Bearing { sure: false, whole: false } => (Grade::Conditional, Grade::Limited),
            Bearing { whole: false, .. } => (Grade::Limited, Grade::Limited),
            Bearing { .. } => (Grade::Open, Grade::Closed),
        };
        match statement.effect {
            Effect::Allow => best = best.max(allowed),
            Effect::Deny => cap = cap.min(left),
        }
    }
    (best, cap)
}

/// What all of a caller's own layers leave of a probe.
fn of_probe(request: &PreparedRequest<'_>, policies: &CompiledPolicies) -> Grade {
    let (mut grade, cap) = of_layer(policies.identity.as_deref().unwrap_or_default(), request);
    grade = grade.min(cap);
    let mut bound = |layer: &[CompiledPolicy]| {
        let (best, cap) = of_layer(layer, request);
        grade = grade.min(best).min(cap);
    };
    if let Some(layer) = policies.boundary.as_deref().filter(|_| boundary::bears_on(request)) {
        bound(layer);
    }
    if let Some(levels) = policies.scp.as_deref().filter(|_| scp::bear_on(request, policies)) {
        levels.iter().for_each(|level| bound(&level.policies));
        if levels.is_empty() {
            grade = Grade::Closed;
        }
    }
    grade
}

const REGION: &str = "aws:RequestedRegion";

/// A context in which nothing is known of a call of somebody (an ARN) but where calls of IAM go.
#[must_use]
pub fn context_of(action: &str, caller: Option<&str>) -> Context {
    // Source: IAM User Guide, "AWS: Denies access to AWS based on the requested Region": calls of IAM go to us-east-1. Other
    // partitions have regions of their own.
    let is_known = action.starts_with("iam:") && caller.is_some_and(|arn| arn.starts_with("arn:aws:"));
    if is_known { in_region(&Context::new(false), "us-east-1") } else { Context::new(false) }
}

/// The context of a call to a region.
#[must_use]
pub fn in_region(context: &Context, region: &str) -> Context {
    let mut context = context.clone();
    context.set(REGION, vec![region.to_owned()]);
    context
}

/// A region that no policy names.
const UNNAMED: &str = "unnamed-region-1";

/// The regions that can make a difference to some documents, if any has a condition on the region: those that conditions name,
/// of a pattern one that it takes in, those of resources, and one that nobody names, for conditions that except regions.
#[must_use]
pub fn regions<'d>(documents: impl IntoIterator<Item = &'d PolicyDocument>) -> Vec<String> {
    let (mut named, mut of_resources) = (BTreeSet::new(), BTreeSet::new());
    for statement in documents.into_iter().flat_map(|d| &d.statements) {
        let conditions = statement.conditions.iter().filter(|c| c.key.eq_ignore_ascii_case(REGION));
        named.extend(conditions.flat_map(|c| &c.values).map(|v| v.replace('*', "west-1").replace('?', "1")));
        if let Some(ResourceElement::Resource(list) | ResourceElement::NotResource(list)) = &statement.resource {
            let regions = list.iter().filter_map(|r| region_of(r));
            of_resources.extend(regions);
        }
    }
    if !named.is_empty() {
        named.extend(of_resources.into_iter().map(str::to_owned));
        named.insert(UNNAMED.to_owned());
    }
    named.into_iter().collect()
}

/// The one region of a resource pattern.
fn region_of(resource: &str) -> Option<&str> {
    Arn::parse(resource).map(|a| a.region).filter(|r| !r.is_empty() && !r.contains(['*', '?']))
}

/// On what a holder may use an action.
#[must_use]
pub fn scope(holder: &Holder<'_>, reference: &Reference, id: ActionId, context: &Context) -> Scope {
    let action = reference.name(id);
    let in_context = |resource: &str, is_pattern: bool, context: &Context| {
        let request = Request { principal: holder.who, action, resource, resource_is_pattern: is_pattern, resource_account: None, context };
        of_probe(&PreparedRequest::new(request), holder.policies)
    };
    let ask = |resource: &str, is_pattern: bool| {
        let grade = in_context(resource, is_pattern, context);
        if grade != Grade::Conditional || context.is_given(&REGION.to_ascii_lowercase()) {
            return grade;
        }
        // The resource's region is the call's; where it is left open the caller chooses.
        let in_its = |region: &str| in_context(resource, is_pattern, &in_region(context, region)).min(Grade::Limited);
        match region_of(resource) {
            Some(region) => in_its(region),
            None if holder.regions.iter().any(|r| in_its(r) == Grade::Limited) => Grade::Limited,
            None => grade,
        }
    };
    let (mut grade, mut patterns) = (Grade::Closed, BTreeSet::new());
    let mut take = |pattern: &str, found: Grade| {
        if found > Grade::Closed {
            patterns.insert(pattern.to_owned());
            grade = grade.max(found);
        }
    };
    let candidates = candidates(holder, action, context);
    let kinds = kinds(reference, id, holder.who);
    if kinds.is_empty() && !candidates.is_empty() {
        take("*", ask("*", false));
    }
    for pattern in candidates {
        let six = in_six_parts(pattern);
        let plain = filled(&six, |_| "*".to_owned());
        let mut in_part = false;
        for [own, any] in &kinds {
            if arn_covers(&plain, own) && plain == *six {
                let found = ask(own, true);
                // Where a Deny bears on all of the account's own, those of other accounts are left; IAM's actions never leave the account.
                let is_elsewhere = found < Grade::Limited && !action.starts_with("iam:") && arn_covers(&plain, any);
                take(pattern, if is_elsewhere { found.max(ask(any, true).min(Grade::Limited)) } else { found });
            } else {
                in_part |= arn_intersects(&plain, any);
            }
        }
        if in_part {
            take(pattern, ask(&plain, plain.contains(['*', '?'])).min(Grade::Limited));
        }
    }
    let patterns = if patterns == **ALL { Arc::clone(&ALL) } else { Arc::new(patterns) };
    Scope { grade, patterns }
}

/// The resource patterns of the Allow statements that name an action; `*` for statements that except resources.
fn candidates<'h>(holder: &Holder<'h>, action: &str, context: &Context) -> BTreeSet<&'h str> {
    let request = PreparedRequest::new(Request { principal: holder.who, action, resource: "*", resource_is_pattern: false, resource_account: None, context });
    let compiled = holder.policies.identity.as_deref().unwrap_or_default();
    let mut found = BTreeSet::new();
    for (document, compiled) in holder.documents.iter().zip(compiled) {
        for (statement, compiled) in document.statements.iter().zip(&compiled.document.statements) {
            if statement.effect != Effect::Allow || !compiled.action.contains(&request.action) {
                continue;
            }
            match &statement.resource {
                Some(ResourceElement::Resource(list)) => found.extend(list.iter().map(String::as_str)),
                Some(ResourceElement::NotResource(_)) | None => {
                    found.insert("*");
                }
            }
        }
    }
    found
}
