//! Whether a statement names everybody that another one names (rules 7 and 8), by the text of the entries.
//!
//! An Allow must name its principal as strongly: an account is a delegation, and a user or role that was named itself
//! is not covered by its account. A Deny of an account reaches all its users and roles.

use crate::aws::{Arn, is_account_id};
use crate::policy::{Effect, PrincipalElement, PrincipalSet};

/// One principal of a statement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who<'a> {
    /// Whoever holds the policy: the statement has no principal.
    Holder,
    /// `*`
    Everybody,
    /// An entry of `AWS`.
    Aws(&'a str),
    /// An entry of `Service`.
    Service(&'a str),
    /// An entry of `Federated`.
    Federated(&'a str),
    /// An entry of `CanonicalUser`.
    Canonical(&'a str),
    /// `NotPrincipal`
    AllBut(&'a PrincipalSet),
}

/// The principals of an element, one by one.
#[must_use]
pub fn each(element: Option<&PrincipalElement>) -> Vec<Who<'_>> {
    match element {
        None => vec![Who::Holder],
        Some(PrincipalElement::NotPrincipal(set)) => vec![Who::AllBut(set)],
        Some(PrincipalElement::Principal(set)) if is_open(set) => vec![Who::Everybody],
        Some(PrincipalElement::Principal(set)) => {
            let aws = set.aws.iter().map(|t| Who::Aws(t));
            let service = set.service.iter().map(|t| Who::Service(t));
            let federated = set.federated.iter().map(|t| Who::Federated(t));
            aws.chain(service).chain(federated).chain(set.canonical_user.iter().map(|t| Who::Canonical(t))).collect()
        }
    }
}

fn is_open(set: &PrincipalSet) -> bool {
    set.aws.iter().any(|t| t == "*")
}

/// The account that an entry stands for, if it is one.
#[must_use]
pub fn account_of(entry: &str) -> Option<&str> {
    if is_account_id(entry) {
        return Some(entry);
    }
    Arn::parse(entry).filter(|a| a.service == "iam" && a.resource == "root" && is_account_id(a.account)).map(|a| a.account)
}

fn same(left: &str, right: &str) -> bool {
    left == right || account_of(left).is_some_and(|a| account_of(right) == Some(a))
}

/// Whether every entry of `inner` is one of `outer`.
fn inside(inner: &PrincipalSet, outer: &PrincipalSet) -> bool {
    let all = |inner: &[String], outer: &[String]| inner.iter().all(|t| outer.contains(t));
    inner.aws.iter().all(|t| outer.aws.iter().any(|o| same(t, o)))
        && all(&inner.service, &outer.service)
        && all(&inner.federated, &outer.federated)
        && all(&inner.canonical_user, &outer.canonical_user)
}

/// Whether a statement of this effect surely names a principal, as strongly as if it stood there itself.
#[must_use]
pub fn names(element: Option<&PrincipalElement>, who: Who<'_>, effect: Effect) -> bool {
    match (element, who) {
        (None, Who::Holder) => true,
        (None, _) | (_, Who::Holder) => false,
        (Some(PrincipalElement::Principal(set)), _) if is_open(set) => true,
        (Some(PrincipalElement::Principal(set)), who) => match who {
            Who::Aws(entry) => {
                let reached = |o: &String| effect == Effect::Deny && Arn::parse(entry).is_some_and(|a| account_of(o) == Some(a.account));
                set.aws.iter().any(|o| same(entry, o) || reached(o))
            }
            Who::Service(entry) => set.service.iter().any(|o| o.eq_ignore_ascii_case(entry)),
            Who::Federated(entry) => set.federated.iter().any(|o| o == entry),
            Who::Canonical(entry) => set.canonical_user.iter().any(|o| o == entry),
            Who::Holder | Who::Everybody | Who::AllBut(_) => false,
        },
        // Whom the wider element leaves out, the narrower one leaves out as well.
        (Some(PrincipalElement::NotPrincipal(set)), Who::AllBut(out)) => inside(set, out),
        (Some(PrincipalElement::NotPrincipal(_)), _) => false,
    }
}

/// A user or a role by its own ARN; no caller is two of them.
fn is_one_caller(entry: &str) -> bool {
    Arn::parse(entry).is_some_and(|a| a.service == "iam" && (a.resource.starts_with("user/") || a.resource.starts_with("role/")))
}

/// Whether a statement surely does not name a principal.
#[must_use]
pub fn spares(element: Option<&PrincipalElement>, who: Who<'_>) -> bool {
    let Some(PrincipalElement::Principal(set)) = element else { return false };
    if is_open(set) {
        return false;
    }
    match who {
        Who::Service(entry) => !set.service.iter().any(|o| o.eq_ignore_ascii_case(entry)),
        Who::Federated(_) => set.federated.is_empty(),
        Who::Aws(entry) => {
            set.canonical_user.is_empty() && is_one_caller(entry) && set.aws.iter().all(|o| is_one_caller(o) && o != entry)
        }
        Who::Holder | Who::Everybody | Who::Canonical(_) | Who::AllBut(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn element(aws: &[&str]) -> PrincipalElement {
        PrincipalElement::Principal(PrincipalSet { aws: aws.iter().map(|t| (*t).to_owned()).collect(), ..PrincipalSet::default() })
    }

    #[test]
    fn an_account_delegates_and_denies() {
        let root = element(&["arn:aws:iam::111122223333:root"]);
        let ann = Who::Aws("arn:aws:iam::111122223333:user/ann");
        assert!(names(Some(&root), Who::Aws("111122223333"), Effect::Allow));
        assert!(!names(Some(&root), ann, Effect::Allow), "a delegation is less than a grant");
        assert!(names(Some(&root), ann, Effect::Deny));
        assert!(!names(Some(&element(&["444455556666"])), ann, Effect::Deny));
    }

    #[test]
    fn exceptions_turn_round() {
        let but = |aws: &[&str]| match element(aws) {
            PrincipalElement::Principal(set) => PrincipalElement::NotPrincipal(set),
            other => other,
        };
        let (one, two) = (but(&["a"]), but(&["a", "b"]));
        assert!(names(Some(&one), each(Some(&two))[0], Effect::Allow));
        assert!(!names(Some(&two), each(Some(&one))[0], Effect::Allow));
        assert!(names(Some(&element(&["*"])), each(Some(&one))[0], Effect::Allow));
    }

    #[test]
    fn who_is_spared() {
        let ann = Who::Aws("arn:aws:iam::111122223333:user/ann");
        assert!(spares(Some(&element(&["arn:aws:iam::111122223333:user/bob"])), ann));
        assert!(!spares(Some(&element(&["111122223333"])), ann));
        assert!(!spares(Some(&element(&["AIDAEXAMPLEANN"])), ann), "it may be ann's id");
        assert!(spares(Some(&element(&["111122223333"])), Who::Service("ec2.amazonaws.com")));
    }
}
