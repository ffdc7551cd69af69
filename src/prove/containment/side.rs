//! The statements of one side, cut into what the walk needs: patterns as automata, conditions with their version.

use std::collections::HashMap;

use super::conditions::Versioned;
use super::glob_walk::{Glob, LITERALS, VARIABLES};
use crate::aws::{Arn, is_account_id};
use crate::evaluate::PolicyType;
use crate::evaluate::arn_pattern::six_parts;
use crate::policy::{ActionElement, Effect, PolicyDocument, PrincipalElement, PrincipalSet, ResourceElement, Statement, Version};

/// A resource pattern.
#[derive(Clone, Debug)]
pub struct ResourcePattern {
    /// As written.
    pub text: String,
    /// What stands behind `arn:`; `None` for a pattern that matches no ARN.
    pub glob: Option<Glob>,
    /// The same with every variable as a run: all that it could match for some values.
    pub widest: Option<Glob>,
    /// Whether it is `*` alone, which also takes in requests without a resource.
    pub is_all: bool,
    /// Whether it has variables.
    pub has_variables: bool,
}

/// A statement.
pub struct Part<'d> {
    /// The statement.
    pub statement: &'d Statement,
    /// Its document's version.
    pub version: Version,
    /// Place in its document.
    pub index: usize,
    /// Action patterns in lower case, and whether the element is negated.
    pub actions: Vec<(String, Glob)>,
    /// Whether it is `NotAction`.
    pub not_action: bool,
    /// Places of the action patterns by their service; under the empty text those whose service has wildcards.
    by_service: HashMap<String, Vec<usize>>,
    /// Resource patterns; without an element, the resource that the policy is attached to: `*`.
    pub resources: Vec<ResourcePattern>,
    /// Whether it is `NotResource`.
    pub not_resource: bool,
    /// Its conditions.
    pub conditions: Vec<Versioned<'d>>,
}

impl Part<'_> {
    /// The action patterns that may share an action with a pattern of a service.
    pub fn actions_near<'p>(&'p self, action: &'p str) -> impl Iterator<Item = &'p (String, Glob)> {
        let at = |key: &str| self.by_service.get(key).map_or(&[][..], Vec::as_slice);
        let service = service_of(action);
        let all = service.is_empty().then_some(0..self.actions.len());
        let near = (!service.is_empty()).then(|| at("").iter().chain(at(service)).copied());
        all.into_iter().flatten().chain(near.into_iter().flatten()).filter_map(|at| self.actions.get(at))
    }

    /// Sid or place, for people.
    #[must_use]
    pub fn label(&self) -> String {
        self.statement.sid.as_ref().map_or_else(|| format!("statement #{}", self.index), |sid| format!("statement `{sid}`"))
    }
}

/// The service of an action pattern; empty where it has wildcards there.
fn service_of(action: &str) -> &str {
    match action.split_once(':') {
        Some((service, _)) if !service.contains(['*', '?']) => service,
        _ => "",
    }
}

/// Variables by their text; the same text is the same variable on both sides.
#[derive(Default)]
pub struct Variables {
    names: Vec<String>,
}

impl Variables {
    /// The character that stands for a variable; `None` when there are too many.
    fn mark(&mut self, name: &str) -> Option<char> {
        let name = name.trim().to_ascii_lowercase();
        let at = self.names.iter().position(|n| *n == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        char::from_u32(u32::from(*VARIABLES.start()) + u32::try_from(at).ok()?).filter(|c| VARIABLES.contains(c))
    }

    /// The variable that a character stands for.
    #[must_use]
    pub fn name(&self, c: char) -> Option<&str> {
        let at = u32::from(c).checked_sub(u32::from(*VARIABLES.start()))?;
        self.names.get(usize::try_from(at).ok()?).map(String::as_str)
    }

    /// A resource's last part with its variables as characters.
    fn marked(&mut self, text: &str) -> (String, bool) {
        let (mut out, mut rest, mut any) = (String::new(), text, false);
        while let Some((before, after)) = rest.split_once("${") {
            let Some((inner, tail)) = after.split_once('}') else { break };
            out.push_str(before);
            match inner {
                "*" | "?" | "$" => out.extend(LITERALS.iter().find(|(_, c)| inner.starts_with(*c)).map(|(private, _)| *private)),
                name => {
                    any = true;
                    out.extend(self.mark(name));
                }
            }
            rest = tail;
        }
        out.push_str(rest);
        (out, any)
    }

    fn pattern(&mut self, text: &str, version: Version, kind: PolicyType) -> ResourcePattern {
        let is_all = text == "*";
        let mut pattern = ResourcePattern { text: text.to_owned(), glob: None, widest: None, is_all, has_variables: false };
        if is_all {
            let all = Glob::of_arn(&["*", "*", "*", "*"], "*");
            (pattern.glob, pattern.widest) = (Some(all.clone()), Some(all));
            return pattern;
        }
        let Some(full) = six_parts(text, kind) else { return pattern };
        let parts: Vec<String> = full.splitn(6, ':').take(5).map(str::to_ascii_lowercase).collect();
        let [first, heads @ ..] = parts.as_slice() else { return pattern };
        if !crate::aws::glob_matches(first, "arn") {
            return pattern;
        }
        let tail = full.splitn(6, ':').nth(5).unwrap_or("");
        let (tail, has_variables) = if version == Version::V2012 { self.marked(tail) } else { (tail.to_owned(), false) };
        let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
        let widest: String = tail.chars().map(|c| if VARIABLES.contains(&c) { '*' } else { c }).collect();
        pattern.glob = Some(Glob::of_arn(&heads, &tail));
        pattern.widest = Some(Glob::of_arn(&heads, &widest));
        pattern.has_variables = has_variables;
        pattern
    }

    /// Cuts all statements of some documents.
    #[must_use]
    pub fn parts<'d>(&mut self, documents: &[&'d PolicyDocument], kind: PolicyType) -> Vec<Part<'d>> {
        let mut parts = Vec::new();
        for document in documents {
            for (index, statement) in document.statements.iter().enumerate() {
                let (actions, not_action) = match &statement.action {
                    ActionElement::Action(list) => (list, false),
                    ActionElement::NotAction(list) => (list, true),
                };
                let lower = |p: &String| {
                    let text = if p == "*:*" { "*".to_owned() } else { p.to_ascii_lowercase() };
                    let glob = Glob::new(&text);
                    (text, glob)
                };
                let (resources, not_resource) = match &statement.resource {
                    None => (vec![self.pattern("*", document.version, kind)], false),
                    Some(ResourceElement::Resource(list)) => (list.iter().map(|p| self.pattern(p, document.version, kind)).collect(), false),
                    Some(ResourceElement::NotResource(list)) => (list.iter().map(|p| self.pattern(p, document.version, kind)).collect(), true),
                };
                let mut by_service: HashMap<String, Vec<usize>> = HashMap::new();
                for (at, pattern) in actions.iter().enumerate() {
                    by_service.entry(service_of(&pattern.to_ascii_lowercase()).to_owned()).or_default().push(at);
                }
                parts.push(Part {
                    by_service,
                    statement,
                    version: document.version,
                    index,
                    actions: actions.iter().map(lower).collect(),
                    not_action,
                    resources,
                    not_resource,
                    conditions: statement.conditions.iter().map(|condition| Versioned { version: document.version, condition }).collect(),
                });
            }
        }
        parts
    }
}

/// Whether everybody whom the narrow element names is surely named by the wide one in the same way.
#[must_use]
pub fn principal_inside(narrow: Option<&PrincipalElement>, wide: Option<&PrincipalElement>) -> bool {
    let set_inside = |a: &PrincipalSet, b: &PrincipalSet| {
        let inside = |a: &[String], b: &[String]| a.iter().all(|x| b.iter().any(|y| y == "*" || account_form(y) == account_form(x)));
        inside(&a.aws, &b.aws) && inside(&a.service, &b.service) && inside(&a.federated, &b.federated) && inside(&a.canonical_user, &b.canonical_user)
    };
    match (narrow, wide) {
        (None, None) => true,
        (Some(a), Some(b)) if a == b => true,
        (Some(PrincipalElement::Principal(a)), Some(PrincipalElement::Principal(b))) => set_inside(a, b),
        // Fewer exceptions name more people.
        (Some(PrincipalElement::NotPrincipal(a)), Some(PrincipalElement::NotPrincipal(b))) => set_inside(b, a) && !a.aws.iter().any(|x| x == "*"),
        _ => false,
    }
}

/// An account's id for its root user's ARN: both name the account (IAM User Guide, "AWS JSON policy elements: Principal").
fn account_form(text: &str) -> &str {
    match Arn::parse(text) {
        Some(arn) if arn.service == "iam" && arn.resource == "root" && is_account_id(arn.account) => arn.account,
        _ => text,
    }
}

/// Those with an effect.
#[must_use]
pub fn with<'p, 'd>(parts: &'p [Part<'d>], effect: Effect) -> Vec<&'p Part<'d>> {
    parts.iter().filter(|p| p.statement.effect == effect).collect()
}
