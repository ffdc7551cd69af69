//! Event → action(s) → resource(s): which permissions did this call need, and on what?
//!
//! Nobody logs the answer; it is worked out here from the event's name, a table of exceptions and the request's
//! parameters. A wrong action keeps or drops the wrong permission; a wrong resource narrows a policy to
//! something the caller does not use. Hence each resource carries where it came from, and what cannot be told
//! becomes a type-level pattern, never a guess. Source: reference-data.md sections 2 and 3.

mod arns;
mod derived;
mod overrides;
mod params;

use std::collections::BTreeSet;

use serde_json::Value;

use super::{ActionId, Reference, ReferenceError};
use arns::Resolver;
use overrides::Overrides;
use params::Params;

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
    /// `userIdentity.invokedBy`.
    pub invoked_by: Option<&'a str>,
    /// `requestParameters`.
    pub request: &'a Value,
    /// `responseElements`.
    pub response: &'a Value,
    /// `resources[]`.
    pub resources: &'a [LoggedResource<'a>],
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
    /// The response of a creation.
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
pub struct MappedAction {
    /// The action.
    pub action: ActionId,
    /// ARN, type-level pattern, or `*`.
    pub resource: String,
    /// Where the resource came from.
    pub provenance: Provenance,
    /// Condition keys that the call's parameters tell, such as `iam:PassedToService`.
    pub context: Vec<(String, String)>,
    /// Whether the action has no event of its own and was read from parameters.
    pub derived: bool,
}

/// The answer for one event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Mapping {
    /// The permissions the call needed.
    Actions(Vec<MappedAction>),
    /// The event needs no permission of the caller, because.
    NoPermission(&'static str),
    /// The reference has no action for it.
    Unknown,
}

/// Maps events. Built once, shared by all threads.
pub struct Mapper {
    reference: &'static Reference,
    overrides: Overrides,
    resolver: Resolver,
}

impl Mapper {
    /// Reads the override table and prepares the ARN patterns.
    ///
    /// # Errors
    /// [`ReferenceError::DataFile`] when the table names something unknown.
    pub fn new(reference: &'static Reference) -> Result<Mapper, ReferenceError> {
        let overrides = Overrides::load(reference)?;
        let resolver = Resolver::new(reference, &overrides);
        Ok(Mapper { reference, overrides, resolver })
    }

    /// The action that an event is named after: exact name first, then without an API date behind it.
    fn by_rule(&self, source: &str, event: &str) -> Option<ActionId> {
        let prefixes = self.overrides.prefixes(source);
        let find = |name: &str| prefixes.iter().find_map(|p| self.reference.find_in(p, name));
        find(event).or_else(|| find(without_api_date(event)?))
    }

    /// The permissions that a call needed.
    #[must_use]
    pub fn map(&self, call: &CallFacts<'_>) -> Mapping {
        if let Some(why) = no_permission(call) {
            return Mapping::NoPermission(why);
        }
        let source = call.event_source.strip_suffix(".amazonaws.com").unwrap_or(call.event_source);
        let source = source.strip_suffix(".amazonaws.com.cn").unwrap_or(source);
        let event = call.event_name.trim();
        if self.overrides.needs_none(source, event) {
            return Mapping::NoPermission("the event needs no permission");
        }
        let params = Params::of(call.request);
        let response = Params::of(call.response);
        let mut out = Vec::new();
        let rows = self.overrides.actions(source, event).or_else(|| self.overrides.actions(source, without_api_date(event)?));
        if let Some(rows) = rows {
            for row in rows.iter().filter(|r| r.when.as_ref().is_none_or(|w| w.holds(&params))) {
                let resources = match &row.arn {
                    Some(template) => arns::fill_template(template, call, &params)
                        .map_or_else(|| self.resolver.resources(row.action, call, &params, &response), |arn| vec![(arn, Provenance::Override)]),
                    None => self.resolver.resources(row.action, call, &params, &response),
                };
                push(&mut out, row.action, resources);
            }
        } else if let Some(id) = self.by_rule(source, event) {
            push(&mut out, id, self.resolver.resources(id, call, &params, &response));
        } else if let Some(route) =
            (source == "apigateway").then(|| self.reference.api_gateway_routes(event).first()).flatten()
        {
            let Some(id) = self.reference.find_in("apigateway", &route.verb) else { return Mapping::Unknown };
            push(&mut out, id, vec![arns::api_gateway(&route.uri, call, &params)]);
        }
        if out.is_empty() {
            return Mapping::Unknown;
        }
        derived::add(self.reference, call, &params, &mut out);
        let mut seen = BTreeSet::new();
        out.retain(|m| seen.insert((m.action, m.resource.clone())));
        Mapping::Actions(out)
    }
}

fn push(out: &mut Vec<MappedAction>, action: ActionId, resources: Vec<(String, Provenance)>) {
    out.extend(resources.into_iter().map(|(resource, provenance)| MappedAction {
        action,
        resource,
        provenance,
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

/// The name without an API date such as `20150331v2` or `2020_05_31`; `None` when it carries none.
fn without_api_date(event: &str) -> Option<&str> {
    let bytes = event.as_bytes();
    let mut end = bytes.len();
    let digits_before = |mut at: usize| -> usize {
        let start = at;
        while at > 0 && bytes.get(at - 1).is_some_and(u8::is_ascii_digit) {
            at -= 1;
        }
        start - at
    };
    let version = digits_before(end);
    if version > 0 && version <= 2 && end > version && bytes.get(end - version - 1) == Some(&b'v') {
        end -= version + 1;
    }
    let mut take = |width: usize, separator: bool| -> bool {
        if separator && end > 0 && matches!(bytes.get(end - 1), Some(b'_' | b'-')) {
            end -= 1;
        }
        let enough = end >= width && digits_before(end) >= width;
        if enough {
            end -= width;
        }
        enough
    };
    let stripped = take(2, false) && take(2, true) && take(4, true);
    let year = event.get(end..end + 4)?;
    (stripped && year.starts_with("20") && end > 0).then(|| event.get(..end)).flatten()
}

#[cfg(test)]
mod tests;
