//! The calls of sessions with session policies, held against the grants with these policies in place.
//!
//! A session policy bounds what its role, or the user who asked for a federation token, may do. What the log does not
//! tell of it, or tells in a form that cannot be read, is not known; it never counts as "no policy".
//! Source: inputs-and-evaluation.md sections 1.2, 3.6 and 4.3; IAM User Guide, "Session policies".

use std::collections::{BTreeMap, BTreeSet};

use super::layers::Layers;
use super::consistency::{Consistency, Figures, Holder, Row, contradiction, put};
use crate::aws::Arn;
use crate::evaluate::{CompiledPolicies, Compiler, NamedPolicy, Policies, PolicyType, PrincipalType, RequestPrincipal};
use crate::grants::{Grants, OwnerKind};
use crate::policy::{PolicyDocument, parse_text};
use crate::usage::{SessionCallRow, Usage};

/// How calls in sessions with session policies stand to the grants at hand.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Sessions {
    /// The figures.
    pub figures: Figures,
    /// Calls whose session policies are not all known, by why; a call may stand under several.
    pub not_known: BTreeMap<&'static str, i64>,
    /// Calls of principals that the export does not have; they are compared with nothing.
    pub not_exported: i64,
}

/// What an STS event tells of a session's policies.
#[derive(Debug, Default)]
struct Told<'g> {
    inline: Option<PolicyDocument>,
    managed: Vec<NamedPolicy<'g>>,
    not_known: BTreeSet<&'static str>,
}

/// A document that can be a session policy: it names no principal, and every statement names resources.
fn session_policy(text: &str) -> Option<PolicyDocument> {
    let document = parse_text(text).ok()?;
    let fits = !document.statements.is_empty() && document.statements.iter().all(|s| s.principal.is_none() && s.resource.is_some());
    fits.then_some(document)
}

fn told<'g>(row: &SessionCallRow, grants: &'g Grants) -> Told<'g> {
    let mut told = Told::default();
    if !row.is_told {
        told.not_known.insert("the STS event does not tell");
        return told;
    }
    if let Some(text) = &row.session_policy {
        told.inline = session_policy(text);
        if told.inline.is_none() {
            told.not_known.insert("session policy that cannot be read");
        }
    }
    let arns: Option<Vec<Option<String>>> = row.session_policy_arns.as_deref().and_then(|list| serde_json::from_str(list).ok());
    for arn in arns.unwrap_or_else(|| vec![None]) {
        match arn.and_then(|arn| grants.policies.get(&arn)).map(|p| (p.name.as_str(), &p.document)) {
            Some((name, Ok(document))) => told.managed.push(NamedPolicy { name, document }),
            _ => {
                told.not_known.insert("managed session policy that is not in the export");
            }
        }
    }
    told
}

/// The caller behind a session: the role, or a federated user of the user.
fn caller(holder: &Holder<'_>, row: &SessionCallRow) -> RequestPrincipal {
    if row.principal_type.as_deref() != Some("FederatedUser") || holder.caller.kind != PrincipalType::IAMUser {
        return holder.caller.clone();
    }
    let arn = match (&row.federated_name, Arn::parse(holder.arn)) {
        (Some(name), Some(user)) => Some(format!("arn:{}:sts::{}:federated-user/{name}", user.partition, user.account)),
        _ => None,
    };
    RequestPrincipal {
        arn,
        role_arn: Some(holder.arn.to_owned()),
        account: holder.caller.account.clone(),
        ..RequestPrincipal::of_kind(PrincipalType::FederatedUser)
    }
}

/// A caller inside one of its sessions: with the session's policies in place, and why not all of them are known.
pub fn bounded<'h>(holder: &Holder<'h>, row: &SessionCallRow, grants: &Grants) -> (Holder<'h>, BTreeSet<&'static str>) {
    let told = told(row, grants);
    let inline = told.inline.iter().map(|document| NamedPolicy { name: "session policy", document });
    let session = Some(inline.chain(told.managed.iter().copied()).collect());
    // A compiler of its own: session policies are made by the thousand, and few are seen again.
    let compiled = Compiler::default().policies(&Policies { session, ..Policies::default() });
    let mut bounded = Holder {
        arn: holder.arn,
        caller: caller(holder, row),
        policies: holder.policies.clone().with_session(compiled.session),
        unseen: holder.unseen.clone(),
    };
    if !told.not_known.is_empty() {
        bounded.policies = bounded.policies.with_unknown(&[PolicyType::Session]);
        bounded.unseen.push(PolicyType::Session);
    }
    (bounded, told.not_known)
}

/// Compares the calls that one principal made in sessions with session policies.
pub fn compare(
    holder: &Holder<'_>,
    mut rows: Vec<&SessionCallRow>,
    grants: &Grants,
    trusts: &BTreeMap<&str, CompiledPolicies>,
    layers: &Layers<'_>,
    out: &mut Consistency,
) {
    rows.sort_by(|a, b| a.session().cmp(&b.session()));
    for rows in rows.chunk_by(|a, b| a.session() == b.session()) {
        let Some(first) = rows.first() else { continue };
        let (bounded, not_known) = bounded(holder, first, grants);
        for row in rows.iter().map(|r| Row::of_session(r)) {
            let comparison = put(&bounded, &row, trusts, layers);
            out.sessions.figures.add(&row, &comparison);
            for why in &not_known {
                *out.sessions.not_known.entry(why).or_default() += row.calls;
            }
            out.contradictions.extend(contradiction(&bounded, &row, &comparison).map(|mut c| {
                c.logged.push_str(", in a session with session policies");
                c
            }));
        }
    }
}

/// Calls in such sessions by principals that are not in the export: the root user's federation tokens, other accounts.
pub fn not_exported(grants: &Grants, usage: &Usage) -> i64 {
    let known: BTreeSet<&str> = grants
        .principals()
        .filter(|p| p.kind != OwnerKind::Group)
        .flat_map(|p| [p.unique_id.as_str(), p.arn.as_str()])
        .collect();
    let is_known = |row: &SessionCallRow| known.contains(row.principal_key.as_str()) || row.principal_arn.as_deref().is_some_and(|a| known.contains(a));
    usage.session_calls.iter().filter(|r| !is_known(r)).map(|r| r.calls).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::history::Past;
    use crate::grants::{Account, AttachedDocument, ManagedPolicy, Principal};
    use crate::run::consistency::{self, Tally};
    use crate::usage::Outcome;

    const TOOLS: &str = "arn:aws:iam::111122223333:policy/tools";

    fn allow(action: &str) -> String {
        format!(r#"{{"Version":"2012-10-17","Statement":[{{"Sid":"A","Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#)
    }

    fn principal(kind: OwnerKind, unique_id: &str, arn: &str) -> Principal {
        let document = parse_text(&allow("ec2:*"));
        Principal {
            kind,
            account: "111122223333".to_owned(),
            name: Arn::parse(arn).unwrap().name().to_owned(),
            path: "/".to_owned(),
            arn: arn.to_owned(),
            unique_id: unique_id.to_owned(),
            created_ms: None,
            inline: vec![AttachedDocument { name: "own".to_owned(), document }],
            attached: Vec::new(),
            groups: Vec::new(),
            boundary: None,
            trust: None,
            tags: BTreeMap::new(),
            last_used_ms: None,
            last_used_known: false,
            instance_profiles: Vec::new(),
            untold: Vec::new(),
        }
    }

    fn grants() -> Grants {
        let principals = vec![
            principal(OwnerKind::User, "AIDAANN", "arn:aws:iam::111122223333:user/ann"),
            principal(OwnerKind::Role, "AROAAPP", "arn:aws:iam::111122223333:role/app"),
        ];
        let account = Account { id: "111122223333".to_owned(), has_authorization_details: true, complete: true, principals, ..Account::default() };
        let tools = ManagedPolicy {
            arn: TOOLS.to_owned(),
            name: "tools".to_owned(),
            account: None,
            created_ms: None,
            version_created_ms: None,
            document: parse_text(&allow("ec2:StartInstances")),
            versions: Vec::new(),
        };
        Grants { accounts: [(account.id.clone(), account)].into(), policies: [(tools.arn.clone(), tools)].into(), ..Grants::default() }
    }

    fn row(policy: Option<&str>, arns: &str, action: &str, denied: Option<(&str, &str)>) -> SessionCallRow {
        SessionCallRow {
            account: "111122223333".into(),
            principal_key: "AROAAPP".into(),
            principal_arn: Some("arn:aws:iam::111122223333:role/app".into()),
            principal_type: Some("AssumedRole".into()),
            federated_name: None,
            session_policy: policy.map(Into::into),
            session_policy_arns: Some(arns.into()),
            is_told: true,
            action: action.into(),
            resource_arn: "*".into(),
            arn_provenance: "none".into(),
            region: Some("eu-west-1".into()),
            context_class: "{}".into(),
            outcome: if denied.is_some() { Outcome::Denied } else { Outcome::Allowed },
            error_code: denied.map(|_| "AccessDenied".into()),
            denied_effect: denied.map(|d| d.0.into()),
            denied_policy_type: denied.map(|d| d.1.into()),
            denied_policy_arn: None,
            calls: 1,
            first_seen_ms: 0,
            last_seen_ms: 0,
            samples: vec!["e".into()],
        }
    }

    fn federated(row: SessionCallRow) -> SessionCallRow {
        SessionCallRow {
            principal_key: "AIDAANN".into(),
            principal_arn: Some("arn:aws:iam::111122223333:user/ann".into()),
            principal_type: Some("FederatedUser".into()),
            federated_name: Some("guest".into()),
            ..row
        }
    }

    fn compared(rows: Vec<SessionCallRow>) -> Consistency {
        {
            let (grants, usage) = (grants(), Usage { session_calls: rows, ..Usage::default() });
            consistency::of_grants(&Layers::new(&grants, &usage), &usage, &Past::default())
        }
    }

    /// Allowed and denied calls as ok, unknown and contradiction.
    fn tallies(rows: Vec<SessionCallRow>) -> [[i64; 3]; 2] {
        let figures = compared(rows).sessions.figures;
        let of = |t: Tally| [t.ok, t.unknown, t.contradiction];
        [of(figures.allowed), of(figures.denied)]
    }

    const IMPLICIT: Option<(&str, &str)> = Some(("implicit", "session"));

    #[test]
    fn a_session_policy_bounds_its_role() {
        let stop = allow("ec2:StopInstances");
        assert_eq!(tallies(vec![row(Some(&stop), "[]", "ec2:StopInstances", None)]), [[1, 0, 0], [0, 0, 0]]);
        assert_eq!(tallies(vec![row(Some(&stop), "[]", "ec2:StartInstances", IMPLICIT)]), [[0, 0, 0], [1, 0, 0]]);
        // The policy widens nothing: s3 is not the role's, and no bucket policy is at hand.
        assert_eq!(tallies(vec![row(Some(&allow("*")), "[]", "s3:ListAllMyBuckets", None)]), [[0, 1, 0], [0, 0, 0]]);
        let out = compared(vec![row(Some(&stop), "[]", "ec2:StartInstances", None), row(Some(&stop), "[]", "ec2:StopInstances", IMPLICIT)]);
        let of = |t: Tally| [t.ok, t.unknown, t.contradiction];
        assert_eq!([of(out.sessions.figures.allowed), of(out.sessions.figures.denied)], [[0, 0, 1], [0, 0, 1]]);
        assert_eq!(out.sessions.figures.layer_differs, 1);
        let said: Vec<&str> = out.contradictions.iter().map(|c| c.logged.as_str()).collect();
        assert_eq!(said, ["allowed, in a session with session policies", "denied: AccessDenied implicit session, in a session with session policies"]);
        assert!(out.contradictions.iter().any(|c| c.decided == "implicitDeny: no session policy allows"), "{:?}", out.contradictions);
    }

    #[test]
    fn managed_session_policies_come_from_the_export() {
        let both = format!(r#"["{TOOLS}"]"#);
        let stop = allow("ec2:StopInstances");
        assert_eq!(tallies(vec![row(None, &both, "ec2:StartInstances", None)]), [[1, 0, 0], [0, 0, 0]]);
        assert_eq!(tallies(vec![row(None, &both, "ec2:StopInstances", IMPLICIT)]), [[0, 0, 0], [1, 0, 0]]);
        assert_eq!(tallies(vec![row(Some(&stop), &both, "ec2:StopInstances", None)]), [[1, 0, 0], [0, 0, 0]]);
        // What the inline policy allows is allowed unless the other policy denies it, and that is not known.
        let other = format!(r#"["{TOOLS}","arn:aws:iam::aws:policy/ReadOnlyAccess"]"#);
        let rows = vec![row(Some(&stop), &other, "ec2:StopInstances", None), row(Some(&stop), &other, "ec2:RebootInstances", IMPLICIT)];
        assert_eq!(tallies(rows.clone()), [[0, 1, 0], [0, 1, 0]]);
        let sessions = compared(rows).sessions;
        assert_eq!(sessions.not_known, [("managed session policy that is not in the export", 2)].into());
        assert_eq!(sessions.figures.layer_not_at_hand, [("session".to_owned(), 1)].into());
    }

    #[test]
    fn what_cannot_be_read_is_not_known() {
        let nested = "[".repeat(100_000);
        let principal = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
        for text in ["", "{", "null", "[]", "HIDDEN_DUE_TO_SECURITY_REASONS", r#"{"Statement":[]}"#, principal, &nested, &allow("ec2:Stop")[..40]] {
            let rows = vec![row(Some(text), "[]", "ec2:StopInstances", None), row(Some(text), "[]", "ec2:StopInstances", IMPLICIT)];
            assert_eq!(tallies(rows.clone()), [[0, 1, 0], [0, 1, 0]], "{text:.40}");
            assert_eq!(compared(rows).sessions.not_known, [("session policy that cannot be read", 2)].into());
        }
        for arns in ["[null]", "not a list", "[1]", "{}"] {
            assert_eq!(tallies(vec![row(Some(&allow("*")), arns, "ec2:StopInstances", None)]), [[0, 1, 0], [0, 0, 0]], "{arns}");
        }
        let silent = SessionCallRow { is_told: false, ..row(Some(&allow("*")), "[]", "ec2:StopInstances", None) };
        assert_eq!(tallies(vec![silent.clone()]), [[0, 1, 0], [0, 0, 0]]);
        // A federated user without session policies has no rights; one whose policies are not told may have.
        assert_eq!(tallies(vec![federated(silent)]), [[0, 1, 0], [0, 0, 0]]);
    }

    #[test]
    fn a_federated_user_may_do_what_its_user_may_within_the_session_policy() {
        let all = allow("*");
        assert_eq!(tallies(vec![federated(row(Some(&all), "[]", "ec2:StopInstances", None))]), [[1, 0, 0], [0, 0, 0]]);
        assert_eq!(tallies(vec![federated(row(Some(&all), "[]", "rds:StopDBInstance", Some(("implicit", "identity"))))]), [[0, 0, 0], [1, 0, 0]]);
        assert_eq!(tallies(vec![federated(row(Some(&allow("ec2:Start*")), "[]", "ec2:StopInstances", IMPLICIT))]), [[0, 0, 0], [1, 0, 0]]);
        let guest = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*",
            "Condition":{"StringEquals":{"aws:PrincipalArn":"arn:aws:sts::111122223333:federated-user/guest","aws:userid":"111122223333:guest"}}}]}"#;
        assert_eq!(tallies(vec![federated(row(Some(guest), "[]", "ec2:StopInstances", None))]), [[1, 0, 0], [0, 0, 0]]);
        let by_root = SessionCallRow { principal_key: "111122223333".into(), principal_arn: None, ..federated(row(Some(&all), "[]", "ec2:StopInstances", None)) };
        assert_eq!(compared(vec![by_root]).sessions.not_exported, 1);
    }
}
