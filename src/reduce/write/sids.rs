//! Sids: those of the original where a statement survives, otherwise a word that says what a statement is about;
//! never the same twice in a document. A Sid has letters and digits only (IAM User Guide, "Sid").

use std::collections::BTreeSet;

use crate::policy::Statement;
use crate::reference::{AccessLevel, Reference};

use super::piece::Piece;

/// A Sid that no other statement of the document has.
#[must_use]
pub fn fresh(base: Option<&str>, taken: &mut BTreeSet<String>) -> Option<String> {
    let base = base?;
    let mut sid = base.to_owned();
    let mut n = 2;
    while !taken.insert(sid.clone()) {
        sid = format!("{base}{n}");
        n += 1;
    }
    Some(sid)
}

/// Gives every statement that has a Sid one of its own, in order; those of Deny statements and of the first to have
/// one stay.
pub fn make_unique(statements: &mut [Statement]) {
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut again = Vec::new();
    for (at, statement) in statements.iter().enumerate() {
        if let Some(sid) = &statement.sid
            && !taken.insert(sid.clone())
        {
            again.push(at);
        }
    }
    for at in again {
        if let Some(statement) = statements.get_mut(at) {
            statement.sid = fresh(statement.sid.as_deref(), &mut taken);
        }
    }
}

/// A word as a part of a Sid: `ec2-instance-connect` is `Ec2InstanceConnect`.
fn camel(word: &str) -> String {
    let mut out = String::new();
    for part in word.split(|c: char| !c.is_ascii_alphanumeric()) {
        let mut chars = part.chars();
        if let Some(first) = chars.next() {
            out.push(first.to_ascii_uppercase());
            out.push_str(chars.as_str());
        }
    }
    out
}

/// What a statement is about: `S3GetObject`, `SqsWrite`, `Ec2List`, `AnyResource`.
#[must_use]
pub fn about(piece: &Piece, reference: &Reference) -> String {
    let services: Vec<&str> = piece.services(reference).into_iter().collect();
    let of = match services.as_slice() {
        [one] => camel(one),
        [one, two] => format!("{}{}", camel(one), camel(two)),
        _ if piece.resources().is_some_and(|r| r.contains("*")) => return "AnyResource".to_owned(),
        _ => "Several".to_owned(),
    };
    if let Some(only) = piece.ids.first().filter(|_| piece.ids.len() == 1) {
        return format!("{of}{}", camel(reference.name(*only).split_once(':').map_or("", |(_, n)| n)));
    }
    let levels: BTreeSet<AccessLevel> = piece.ids.iter().filter_map(|id| reference.action(*id)).map(|a| a.level).collect();
    let reads = levels.contains(&AccessLevel::List) || levels.contains(&AccessLevel::Read);
    let writes = levels.iter().any(|l| !matches!(l, AccessLevel::List | AccessLevel::Read));
    let how = match (reads, writes) {
        (true, true) => "ReadWrite",
        (_, true) => "Write",
        _ if levels.len() == 1 && levels.contains(&AccessLevel::List) => "List",
        _ => "Read",
    };
    format!("{of}{how}")
}
