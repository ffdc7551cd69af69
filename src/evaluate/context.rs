//! The request context: condition keys that are present, known to be absent, or unknown.
//!
//! Keys that follow from the caller (`aws:PrincipalArn`, `aws:username`, …) are filled in where the context does
//! not carry them. Source: inputs-and-evaluation.md section 3.6.

use std::collections::{BTreeMap, BTreeSet};

use super::{PrincipalType, Request};
use crate::aws::Arn;

/// Condition keys by lower-cased name.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Context {
    complete: bool,
    values: BTreeMap<String, Vec<String>>,
    absent: BTreeSet<String>,
}

/// What is known of a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ContextValue<'a> {
    /// Its values.
    Present(&'a [String]),
    /// The request does not have it.
    Absent,
    /// Not known.
    Unknown,
}

impl Context {
    /// An empty context; when complete, every key that is not set is absent, else unknown.
    #[must_use]
    pub fn new(complete: bool) -> Context {
        Context { complete, values: BTreeMap::new(), absent: BTreeSet::new() }
    }

    /// Sets a key's values.
    pub fn set(&mut self, key: &str, values: Vec<String>) {
        self.values.insert(key.to_ascii_lowercase(), values);
    }

    /// Says that the request does not have a key.
    pub fn set_absent(&mut self, key: &str) {
        self.absent.insert(key.to_ascii_lowercase());
    }

    /// What is known of a key (any case).
    #[must_use]
    pub fn get(&self, key: &str) -> ContextValue<'_> {
        let key = key.to_ascii_lowercase();
        match self.values.get(&key) {
            Some(values) if !values.is_empty() => ContextValue::Present(values),
            Some(_) => ContextValue::Absent,
            None if self.complete || self.absent.contains(&key) => ContextValue::Absent,
            None => ContextValue::Unknown,
        }
    }
}

/// The context of one request with the keys that follow from its caller and resource.
pub struct Facts<'a> {
    context: &'a Context,
    implied: BTreeMap<&'static str, Vec<String>>,
    implied_absent: BTreeSet<&'static str>,
}

impl<'a> Facts<'a> {
    /// Works the implied keys out.
    #[must_use]
    pub fn new(request: &Request<'a>) -> Facts<'a> {
        let principal = request.principal;
        let mut implied: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        let mut implied_absent = BTreeSet::new();
        let mut set = |key: &'static str, value: Option<&str>| {
            if let Some(value) = value {
                implied.insert(key, vec![value.to_owned()]);
            }
        };
        let known = matches!(
            principal.kind,
            PrincipalType::IAMUser | PrincipalType::AssumedRole | PrincipalType::FederatedUser | PrincipalType::Root
        );
        if known {
            let arn = if principal.kind == PrincipalType::AssumedRole { principal.role_arn.as_deref() } else { principal.arn.as_deref() };
            set("aws:principalarn", arn);
            set("aws:principalaccount", principal.account());
            set("aws:principalisawsservice", Some("false"));
            set(
                "aws:principaltype",
                Some(match principal.kind {
                    PrincipalType::IAMUser => "User",
                    PrincipalType::FederatedUser => "FederatedUser",
                    PrincipalType::Root => "Account",
                    _ => "AssumedRole",
                }),
            );
        } else {
            implied_absent.extend(["aws:principalarn", "aws:principalaccount", "aws:principalorgid"]);
        }
        match principal.kind {
            PrincipalType::IAMUser => {
                set("aws:username", principal.arn.as_deref().and_then(Arn::parse).map(|a| a.name()));
                set("aws:userid", principal.unique_id.as_deref());
            }
            PrincipalType::Service => {
                set("aws:principalisawsservice", Some("true"));
                set("aws:principalservicename", principal.service.as_deref());
            }
            _ => {}
        }
        if principal.kind != PrincipalType::IAMUser {
            implied_absent.insert("aws:username");
        }
        set("aws:resourceaccount", request.owner());
        Facts { context: request.context, implied, implied_absent }
    }

    /// What is known of a key (any case); what the context says comes first.
    #[must_use]
    pub fn get(&self, key: &str) -> ContextValue<'_> {
        match self.context.get(key) {
            ContextValue::Present(values) => ContextValue::Present(values),
            other => {
                let key = key.to_ascii_lowercase();
                match self.implied.get(key.as_str()) {
                    Some(values) => ContextValue::Present(values),
                    None if self.implied_absent.contains(key.as_str()) => ContextValue::Absent,
                    None => other,
                }
            }
        }
    }
}
