//! Who calls: `userIdentity` of sessions, users, services, the root user and callers from elsewhere.

use crate::dice::{below, mix, of};
use crate::world::{Account, Kind, NOUNS, Principal, TEAMS};
use crate::write;

/// A principal's credentials at a time: keys of roles change every hour.
#[derive(Clone, Copy)]
pub struct Session<'a> {
    /// Whose.
    pub principal: &'a Principal,
    /// Which one, of those at the same time.
    pub number: u64,
    /// When it began, epoch seconds.
    pub began: u64,
    /// The session's own number.
    pub hash: u64,
}

impl<'a> Session<'a> {
    /// One of the principal's sessions at a time.
    #[must_use]
    pub fn at(principal: &'a Principal, bits: u64, time: u64) -> Self {
        let number = below(bits, principal.sessions) as u64;
        let phase = of(&[principal.hash, number]) % 3_600;
        let began = (time - phase) / 3_600 * 3_600 + phase;
        Self { principal, number, began, hash: of(&[principal.hash, number, began]) }
    }

    /// The access key id.
    pub fn key(&self, out: &mut Vec<u8>) {
        if self.principal.kind == Kind::User {
            out.extend_from_slice(b"AKIA");
            write::base32(out, of(&[self.principal.hash, self.number]), 16);
        } else {
            out.extend_from_slice(b"ASIA");
            write::base32(out, self.hash, 16);
        }
    }
}

/// What stays the same when keys change.
fn place(session: &Session<'_>) -> u64 {
    of(&[session.principal.hash, session.number, 9])
}

/// The session's name, as whoever opens it names it.
pub fn session_name(out: &mut Vec<u8>, session: &Session<'_>) {
    let place = place(session);
    match session.principal.kind {
        Kind::Lambda => {
            for part in [TEAMS[below(place, TEAMS.len())], "-", NOUNS[below(mix(place), NOUNS.len())], "-prod-fn-"] {
                out.extend_from_slice(part.as_bytes());
            }
            write::padded(out, place % 997, 3);
        }
        Kind::Instance => {
            out.extend_from_slice(b"i-");
            write::hex(out, place, 17);
        }
        Kind::Task => write::hex(out, place, 32),
        Kind::Pod | Kind::Program => {
            out.extend_from_slice(b"botocore-session-");
            write::number(out, session.began);
        }
        Kind::Pipeline => out.extend_from_slice(b"GitHubActions"),
        Kind::People => {
            write_person(out, place);
            out.extend_from_slice(b"@example.com");
        }
        Kind::Service => out.extend_from_slice(b"AutoScaling"),
        Kind::User => out.extend_from_slice(session.principal.name.as_bytes()),
    }
}

fn write_person(out: &mut Vec<u8>, bits: u64) {
    const FIRST: [&str; 12] = ["ann", "ben", "cleo", "dan", "eva", "finn", "gina", "hugo", "ines", "jan", "kim", "lara"];
    out.extend_from_slice(FIRST[below(bits, FIRST.len())].as_bytes());
    out.push(b'.');
    out.extend_from_slice(NOUNS[below(mix(bits), NOUNS.len())].as_bytes());
    write::number(out, bits % 30);
}

/// `arn:aws:sts::…:assumed-role/…` or the user's ARN.
pub fn caller_arn(out: &mut Vec<u8>, account: &Account, session: &Session<'_>) {
    if session.principal.kind == Kind::User {
        out.extend_from_slice(session.principal.arn.as_bytes());
        return;
    }
    for part in ["arn:aws:sts::", &account.id, ":assumed-role/", &session.principal.name, "/"] {
        out.extend_from_slice(part.as_bytes());
    }
    session_name(out, session);
}

fn text(out: &mut Vec<u8>, parts: &[&str]) {
    for part in parts {
        out.extend_from_slice(part.as_bytes());
    }
}

/// A role's session or a user.
pub fn session(out: &mut Vec<u8>, account: &Account, s: &Session<'_>, region: &str, invoked_by: Option<&str>) {
    let p = s.principal;
    let user = p.kind == Kind::User;
    text(out, &["{\"type\":\"", if user { "IAMUser" } else { "AssumedRole" }, "\",\"principalId\":\"", &p.id]);
    if !user {
        out.push(b':');
        session_name(out, s);
    }
    text(out, &["\",\"arn\":\""]);
    caller_arn(out, account, s);
    text(out, &["\",\"accountId\":\"", &account.id, "\",\"accessKeyId\":\""]);
    s.key(out);
    if user {
        text(out, &["\",\"userName\":\"", &p.name, "\""]);
        invoked(out, invoked_by);
        return;
    }
    text(out, &["\",\"sessionContext\":{\"sessionIssuer\":{\"type\":\"Role\",\"principalId\":\"", &p.id, "\",\"arn\":\"", &p.arn]);
    text(out, &["\",\"accountId\":\"", &account.id, "\",\"userName\":\"", &p.name, "\"}"]);
    match p.kind {
        Kind::Pipeline => {
            text(out, &[",\"webIdFederationData\":{\"federatedProvider\":\"arn:aws:iam::", &account.id]);
            text(out, &[":oidc-provider/token.actions.githubusercontent.com\",\"attributes\":{}}"]);
        }
        Kind::Pod => {
            text(out, &[",\"webIdFederationData\":{\"federatedProvider\":\"arn:aws:iam::", &account.id, ":oidc-provider/oidc.eks.", region]);
            text(out, &[".amazonaws.com/id/"]);
            write::base36(out, of(&[p.hash, 5]), 32);
            text(out, &["\",\"attributes\":{}}"]);
        }
        _ => {}
    }
    text(out, &[",\"attributes\":{\"creationDate\":\""]);
    write::time(out, s.began);
    text(out, &["\",\"mfaAuthenticated\":\"false\"}"]);
    if p.kind == Kind::Instance {
        text(out, &[",\"ec2RoleDelivery\":\"2.0\""]);
    }
    out.push(b'}');
    if p.kind == Kind::Lambda {
        text(out, &[",\"inScopeOf\":{\"issuerType\":\"AWS::Lambda::Function\",\"credentialsIssuedTo\":\"arn:aws:lambda:", region, ":"]);
        text(out, &[&account.id, ":function:"]);
        session_name(out, s);
        text(out, &["\"}"]);
    }
    invoked(out, invoked_by);
}

/// The service that makes the call for the caller, and the end.
fn invoked(out: &mut Vec<u8>, by: Option<&str>) {
    if let Some(by) = by {
        text(out, &[",\"invokedBy\":\"", by, "\""]);
    }
    out.push(b'}');
}

/// The caller as the other account sees it: no ARN.
pub fn from_elsewhere(out: &mut Vec<u8>, account: &Account, s: &Session<'_>) {
    text(out, &["{\"type\":\"AWSAccount\",\"principalId\":\"", &s.principal.id]);
    if s.principal.kind != Kind::User {
        out.push(b':');
        session_name(out, s);
    }
    text(out, &["\",\"accountId\":\"", &account.id, "\"}"]);
}

/// The root user, at the console.
pub fn root(out: &mut Vec<u8>, account: &Account, began: u64) {
    text(out, &["{\"type\":\"Root\",\"principalId\":\"", &account.id, "\",\"arn\":\"arn:aws:iam::", &account.id]);
    text(out, &[":root\",\"accountId\":\"", &account.id]);
    text(out, &["\",\"accessKeyId\":\"ASIA"]);
    write::base32(out, of(&[began]), 16);
    text(out, &["\",\"sessionContext\":{\"attributes\":{\"creationDate\":\""]);
    write::time(out, began);
    text(out, &["\",\"mfaAuthenticated\":\"true\"}}}"]);
}

/// A service of AWS.
pub fn service(out: &mut Vec<u8>, name: &str) {
    text(out, &["{\"type\":\"AWSService\",\"invokedBy\":\"", name, "\"}"]);
}

/// Somebody of an OIDC provider, before the role is assumed.
pub fn web_identity(out: &mut Vec<u8>, account: &Account, bits: u64) {
    let team = TEAMS[below(bits, TEAMS.len())];
    let subject = ["repo:example/", team, ":ref:refs/heads/main"].concat();
    text(out, &["{\"type\":\"WebIdentityUser\",\"principalId\":\"arn:aws:iam::", &account.id]);
    text(out, &[":oidc-provider/token.actions.githubusercontent.com:sts.amazonaws.com:", &subject, "\",\"userName\":\"", &subject]);
    text(out, &["\",\"identityProvider\":\"arn:aws:iam::", &account.id, ":oidc-provider/token.actions.githubusercontent.com\"}"]);
}
