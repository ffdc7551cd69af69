//! Event → action(s) → resource(s): which permissions did this call need, and on what?
//!
//! Nobody logs the answer; it is worked out here from the event's name, a table of exceptions and the request's
//! parameters. A wrong action keeps or drops the wrong permission; a wrong resource narrows a policy to
//! something the caller does not use. Hence each resource carries where it came from, and what cannot be told
//! becomes a type-level pattern, never a guess. Source: reference-data.md sections 2 and 3.

mod derived;
mod flatten;
mod gateway;
mod kind;
mod names;
mod overrides;
mod params;
mod pattern;
mod plan;
mod predicate;
mod resolve;
mod table;
mod template;
mod texts;
mod transform;
mod used;

use std::collections::BTreeSet;

use super::{ActionId, Reference, ReferenceError, SkippedRow};
use crate::aws::Arn;
use derived::Derived;
use kind::Facts;
use overrides::{Need, Overrides};
use params::LazyParams;
use plan::{Plan, Plans};
use predicate::Predicate;
use resolve::{Found, Resolver};

pub use overrides::RowText;
pub use params::Key;
pub use table::prefixes_of;

/// An entry of the event's `resources[]`.
#[derive(Clone, Copy, Debug)]
pub struct LoggedResource<'a> {
    /// `ARN` or `arn`.
    pub arn: Option<&'a str>,
    /// `accountId`.
    pub account: Option<&'a str>,
}

/// What an event says about a call.
#[derive(Clone, Copy, Debug)]
pub struct CallFacts<'a> {
    /// `eventSource`, `s3.amazonaws.com`.
    pub event_source: &'a str,
    /// `eventName`.
    pub event_name: &'a str,
    /// `eventType`.
    pub event_type: &'a str,
    /// `awsRegion`.
    pub region: &'a str,
    /// The account whose log holds the event; resources belong to it unless the event says otherwise.
    pub account: &'a str,
    /// `userIdentity.type`.
    pub principal_type: &'a str,
    /// The caller's user or role ARN.
    pub principal_arn: Option<&'a str>,
    /// `requestParameters`, as JSON text.
    pub request: &'a str,
    /// `responseElements`, as JSON text.
    pub response: &'a str,
    /// `resources[]`.
    pub resources: &'a [LoggedResource<'a>],
    /// The resource that a denial's message names.
    pub denied_resource: Option<&'a str>,
}

/// Where a resource ARN came from, best first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PartialOrd, Ord, Hash)]
pub enum Provenance {
    /// The event's own `resources[]`.
    Logged,
    /// A request parameter, by a reviewed rule.
    Override,
    /// A request parameter whose name matches a variable of the ARN pattern, or that is an ARN itself.
    Parameter,
    /// The response of a creation: what the caller named, and `*` for the id that AWS gave.
    Response,
    /// The event does not tell; a pattern for the whole type.
    TypeWildcard,
    /// The action has no resource types; `*`.
    None,
}

impl Provenance {
    /// The word in the store.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Provenance::Logged => "logged",
            Provenance::Override => "override",
            Provenance::Parameter => "parameter",
            Provenance::Response => "response",
            Provenance::TypeWildcard => "type-wildcard",
            Provenance::None => "none",
        }
    }
}

/// One action on one resource.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MappedAction<'m> {
    /// The action.
    pub action: ActionId,
    /// ARN, type-level pattern, or `*`.
    pub resource: String,
    /// Where the resource came from.
    pub provenance: Provenance,
    /// The resource's type, `rds:db`, where one is told.
    pub kind: Option<&'m str>,
    /// Whether the action needs a resource of this type.
    pub required: bool,
    /// Condition keys that the call's parameters tell, such as `iam:PassedToService`.
    pub context: Vec<(String, String)>,
    /// Whether the action has no event of its own and was read from parameters.
    pub derived: bool,
}

/// The answer for one event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mapping<'m> {
    /// The permissions the call needed.
    Actions(Vec<MappedAction<'m>>),
    /// The event needs no permission of the caller, because.
    NoPermission(&'m str),
    /// The reference has no action for it.
    Unknown,
}

/// So many actions are compared each with each.
const FEW: usize = 8;

/// Maps events. Built once, shared by all threads.
pub struct Mapper {
    reference: &'static Reference,
    overrides: Overrides,
    plans: Plans,
    resolver: Resolver,
    derived: Derived,
    idle: bool,
}

impl Mapper {
    /// Reads the exceptions table and prepares the ARN patterns.
    ///
    /// # Errors
    /// [`ReferenceError::DataFile`] when the table is not well formed.
    pub fn new(reference: &'static Reference) -> Result<Mapper, ReferenceError> {
        let overrides = Overrides::load(reference)?;
        let plans = Plans::new(reference, &overrides);
        let resolver = Resolver::new(reference, &overrides);
        let derived = Derived::new(reference);
        Ok(Mapper { reference, overrides, plans, resolver, derived, idle: false })
    }

    /// The same mapper asleep: every event is unknown. What mapping costs is the difference (`benches/mapping.rs`).
    #[must_use]
    pub fn idle(self) -> Mapper {
        Mapper { idle: true, ..self }
    }

    /// The rows of the exceptions table, for people.
    #[must_use]
    pub fn rules(&self) -> &[RowText] {
        self.overrides.rows()
    }

    /// Rows of the exceptions table that the reference has no action or type for.
    #[must_use]
    pub fn skipped_rows(&self) -> &[SkippedRow] {
        self.overrides.skipped()
    }

    /// The permissions that a call needed.
    #[must_use]
    pub fn map(&self, call: &CallFacts<'_>) -> Mapping<'_> {
        if self.idle {
            return Mapping::Unknown;
        }
        if let Some(why) = no_permission(call) {
            return Mapping::NoPermission(why);
        }
        let source = call.event_source.strip_suffix(".cn").unwrap_or(call.event_source);
        let source = source.strip_suffix(".amazonaws.com").unwrap_or(source);
        let event = call.event_name.trim();
        let plan = self.plans.find(source, event);
        if let Some(Plan::None(why)) = plan {
            used::note(why.row);
            return Mapping::NoPermission(&why.rule);
        }
        let request = LazyParams::of(call.request);
        let response = LazyParams::of(call.response);
        let listed = call.resources.iter().filter_map(|r| r.arn).chain(call.denied_resource);
        let logged: Vec<(&str, Arn<'_>)> = listed.filter_map(|arn| Some((arn, Arn::parse(arn)?))).collect();
        let facts = |action| Facts { call, request: &request, response: &response, logged: &logged, action };
        let mut out = Vec::new();
        match plan {
            Some(Plan::Needs(needs)) => {
                used::note(needs.row);
                for need in held(&needs.rule, &request) {
                    let found = match need.arn.as_deref().map(|t| (t, template::fill(t, call, request.get()))) {
                        Some((_, Some(arn))) => {
                            vec![Found { arn, provenance: Provenance::Override, kind: need.types.first().map(String::as_str), required: true }]
                        }
                        Some((_, None)) if need.if_told => Vec::new(),
                        // The general method would find another resource than the one that the row is about.
                        Some((t, None)) if !t.contains("${caller}") => self.resolver.open(facts(need.action), &need.types),
                        _ => self.resolver.resources(facts(need.action), &need.types, need.only.as_ref()),
                    };
                    push(&mut out, need.action, found);
                }
            }
            Some(Plan::Action(id)) => push(&mut out, *id, self.resolver.resources(facts(*id), &[], None)),
            Some(Plan::None(_)) => {}
            None if !call.event_source.contains('.') => return Mapping::NoPermission("the event source is no service"),
            None => {
                let routes = if source == "apigateway" { self.reference.api_gateway_routes(event) } else { &[] };
                // An operation of both generations is the one whose path the parameters fill best.
                let filled = routes.iter().map(|route| (route, gateway::resource(&route.uri, call, request.get())));
                if let Some((route, (arn, provenance, _))) = filled.min_by_key(|(_, (_, _, missing))| *missing)
                    && let Some(id) = self.reference.find_in("apigateway", &route.verb)
                {
                    push(&mut out, id, vec![Found { arn, provenance, kind: None, required: true }]);
                }
            }
        }
        if out.is_empty() {
            let is_iam = !matches!(call.principal_type, "IdentityCenterUser" | "Unknown");
            return if is_iam { Mapping::Unknown } else { Mapping::NoPermission("the caller is no IAM principal") };
        }
        self.derived.add(self.reference, &self.resolver, facts, &mut out);
        drop_copies(&mut out);
        Mapping::Actions(out)
    }
}

/// Of the same action on the same resource under the same keys the first stays.
fn drop_copies(out: &mut Vec<MappedAction<'_>>) {
    let is_same = |a: &MappedAction<'_>, b: &MappedAction<'_>| a.action == b.action && a.resource == b.resource && a.context == b.context;
    if out.len() <= FEW {
        let copies: Vec<bool> = out.iter().enumerate().map(|(at, m)| out.iter().take(at).any(|before| is_same(before, m))).collect();
        if copies.contains(&true) {
            let mut copies = copies.into_iter();
            out.retain(|_| copies.next() == Some(false));
        }
    } else {
        let mut seen = BTreeSet::new();
        out.retain(|m| seen.insert((m.action, m.resource.clone(), m.context.clone())));
    }
}

/// The rows whose `when` holds; `otherwise` does when no conditional row before it did.
fn held<'n>(needs: &'n [Need], request: &LazyParams<'_>) -> Vec<&'n Need> {
    let mut any = false;
    needs
        .iter()
        .filter(|need| match &need.when {
            None => true,
            Some(Predicate::Otherwise) => !any,
            Some(Predicate::All(questions)) => {
                let holds = questions.hold(request.get());
                any |= holds;
                holds
            }
        })
        .collect()
}

fn push<'m>(out: &mut Vec<MappedAction<'m>>, action: ActionId, found: Vec<Found<'m>>) {
    out.extend(found.into_iter().map(|f| MappedAction {
        action,
        resource: f.arn,
        provenance: f.provenance,
        kind: f.kind,
        required: f.required,
        context: Vec::new(),
        derived: false,
    }));
}

/// Events that are not a caller's use of a permission, whatever their name.
fn no_permission(call: &CallFacts<'_>) -> Option<&'static str> {
    let kind = call.event_type;
    if kind.eq_ignore_ascii_case("AwsServiceEvent") {
        Some("a service's own event")
    } else if kind.eq_ignore_ascii_case("AwsConsoleSignIn") {
        Some("signing in is no permission")
    } else if kind.eq_ignore_ascii_case("AwsVpceEvent") || kind.eq_ignore_ascii_case("AwsVpceEvents") {
        Some("a VPC endpoint's copy of a call")
    } else if kind.eq_ignore_ascii_case("AwsCloudTrailInsight") || kind.eq_ignore_ascii_case("AwsAggregatedEvent") {
        Some("a summary, not a call")
    } else {
        None
    }
}

#[cfg(test)]
mod events_test;
#[cfg(test)]
mod tests;
