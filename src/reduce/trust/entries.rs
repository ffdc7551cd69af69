//! The principals that a trust policy names, one entry each, and which calls an entry may have let in.

use super::callers::{Caller, service_word};
use crate::aws::principal::{PrincipalKind, principal_kind, role_of_session};
use crate::aws::{Arn, is_account_id};
use crate::policy::PrincipalSet;

/// What an entry names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// `*`.
    Everybody,
    /// An account, by its id or its root user's ARN.
    Account(String),
    /// A user or role.
    Named,
    /// A session of a role or a federated user.
    Session,
    /// A principal that was deleted: AWS shows its unique id.
    Deleted,
    /// An AWS service.
    Service,
    /// A SAML provider.
    Saml,
    /// A web identity provider.
    Oidc,
    /// An S3 canonical user, or something that is not understood.
    Other,
}

/// One entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry<'d> {
    /// What it names.
    pub kind: Kind,
    /// As written.
    pub text: &'d str,
}

fn aws_kind(text: &str) -> Kind {
    if text == "*" {
        return Kind::Everybody;
    }
    if is_account_id(text) {
        return Kind::Account(text.to_owned());
    }
    match principal_kind(text) {
        Some(PrincipalKind::Root) => Arn::parse(text).map_or(Kind::Other, |a| Kind::Account(a.account.to_owned())),
        Some(PrincipalKind::User | PrincipalKind::Role) => Kind::Named,
        Some(PrincipalKind::Session | PrincipalKind::FederatedUser) => Kind::Session,
        _ if text.starts_with("AROA") || text.starts_with("AIDA") => Kind::Deleted,
        _ => Kind::Other,
    }
}

/// The entries of a `Principal` element.
#[must_use]
pub fn entries(set: &PrincipalSet) -> Vec<Entry<'_>> {
    let mut out: Vec<Entry<'_>> = set.aws.iter().map(|t| Entry { kind: aws_kind(t), text: t }).collect();
    out.extend(set.service.iter().map(|t| Entry { kind: Kind::Service, text: t }));
    out.extend(set.federated.iter().map(|t| Entry { kind: if t.contains(":saml-provider/") { Kind::Saml } else { Kind::Oidc }, text: t }));
    out.extend(set.canonical_user.iter().map(|t| Entry { kind: Kind::Other, text: t }));
    out
}

/// The host of a web identity provider, from its ARN or as it is.
fn host(provider: &str) -> String {
    let host = provider.split_once(":oidc-provider/").map_or(provider, |(_, host)| host);
    host.to_ascii_lowercase()
}

impl Entry<'_> {
    /// The action that takes up the role by this entry.
    #[must_use]
    pub fn action(&self) -> &'static str {
        match self.kind {
            Kind::Saml => "sts:AssumeRoleWithSAML",
            Kind::Oidc => "sts:AssumeRoleWithWebIdentity",
            _ => "sts:AssumeRole",
        }
    }

    /// Whether the entry may have let a call in. Where the record does not tell enough the answer is yes: a call too many
    /// keeps an entry, one too few would take it away.
    #[must_use]
    pub fn may_let_in(&self, caller: &Caller<'_>) -> bool {
        let row = caller.row;
        let Some(kind) = row.principal_type.as_deref() else { return true };
        let is_of_account = !matches!(kind, "AWSService" | "SAMLUser" | "WebIdentityUser");
        let from = |account: &str| row.account == account || !is_account_id(&row.account);
        match &self.kind {
            Kind::Everybody | Kind::Other => true,
            Kind::Account(id) => is_of_account && from(id),
            Kind::Named | Kind::Session => {
                let Some(named) = Arn::parse(self.text) else { return true };
                let name = role_of_session(self.text).and_then(|role| Arn::parse(&role).map(|r| r.name().to_owned()));
                let name = name.as_deref().unwrap_or_else(|| named.name());
                is_of_account
                    && match caller.arn {
                        // A path may be missing in the log; names are unique in an account whatever the path.
                        Some(arn) => arn == self.text || Arn::parse(arn).is_some_and(|a| a.account == named.account && a.name() == name),
                        None => from(named.account),
                    }
            }
            Kind::Deleted => row.principal_key == self.text,
            Kind::Service => kind == "AWSService" && service_word(&row.principal_key) == service_word(self.text),
            Kind::Saml => kind == "SAMLUser" && (row.principal_key == self.text || !row.principal_key.starts_with("arn:")),
            Kind::Oidc => kind == "WebIdentityUser" && (host(&row.principal_key) == host(self.text) || !row.principal_key.contains('.')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_told_apart() {
        let texts = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect();
        let set = PrincipalSet {
            aws: texts(&["*", "111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/a/b", "AROAGONE",
                         "arn:aws:sts::111122223333:assumed-role/b/s"]),
            service: texts(&["lambda.amazonaws.com"]),
            federated: texts(&["arn:aws:iam::111122223333:saml-provider/x", "accounts.example.com"]),
            canonical_user: texts(&["abc"]),
        };
        let kinds: Vec<Kind> = entries(&set).into_iter().map(|e| e.kind).collect();
        let account = || Kind::Account("111122223333".to_owned());
        assert_eq!(
            kinds,
            [Kind::Everybody, account(), account(), Kind::Named, Kind::Deleted, Kind::Session, Kind::Service, Kind::Saml, Kind::Oidc, Kind::Other]
        );
        assert_eq!(host("arn:aws:iam::1:oidc-provider/Token.example.com/a"), host("token.example.com/a"));
    }
}
