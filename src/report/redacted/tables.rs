//! Rows of tables and of reports: what becomes of a cell is said by its column's name. A column that no list names is a text, in which
//! everything is looked for; the lists say more than that of some.

use crate::redact::Redactor;
use crate::report::sql::{Cell, Rows};

/// Words of AWS's and of ours: nobody's name, whatever it is equal to.
const KEPT: &[&str] = &[
    "action", "change_after", "class", "date", "effect", "entry_class", "entry_kind", "error_code", "event_name", "event_source", "first_day", "holder_kind", "kind", "known_by",
    "last_day", "last_used_service", "layer", "outcome", "policy_type", "principal_kind", "principal_type", "region", "regions", "service", "severity", "slot", "source_class",
    "source_kind", "state", "status", "target_kind", "verdict", "weeks",
];

/// Names of people.
const PERSON: &[&str] = &["federated_name", "source_identity", "user_name"];

/// Patterns of names with numbers behind them.
const LISTED: &[&str] = &["sessions"];

/// Names of people, some of them.
const SUBJECTS: &[&str] = &["subjects", "subjects_allowed"];

/// Ids of events.
const EVENTS: &[&str] = &["event_id", "last_event_id", "made_event_id", "sample_event_first", "sample_event_id", "sample_event_ids", "sample_event_last"];

/// Hashes, and ids that were made by one.
const HASHES: &[&str] = &["cluster_id", "document_id", "document_sha256"];

/// Unique ids of callers.
const PRINCIPALS: &[&str] = &["credential_id", "holder_key", "principal_key", "role_key", "target_id"];

/// Names of what another column of the row tells the kind of.
const OF_KIND: &[(&str, &str)] = &[("name", "kind"), ("new_name", "target_kind"), ("path", "kind"), ("principal_name", "principal_kind"), ("target_name", "target_kind")];

/// What becomes of a column's cells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    Kept,
    Text,
    Person,
    Listed,
    Subjects,
    Event,
    Hash,
    Principal,
    /// The place of the column that tells the kind.
    OfKind(usize),
    PathOfKind(usize),
}

/// What becomes of some columns' cells.
pub(super) struct Classes(Vec<Class>);

/// By the columns' names.
pub(super) fn columns<'c>(names: impl Iterator<Item = &'c str>) -> Classes {
    let names: Vec<&str> = names.collect();
    let place = |name: &str| names.iter().position(|n| *n == name);
    let class = |name: &&str| {
        let is_in = |list: &[&str]| list.contains(name);
        if let Some(kind) = OF_KIND.iter().find(|(n, _)| n == name).and_then(|(_, kind)| place(kind)) {
            return if *name == "path" { Class::PathOfKind(kind) } else { Class::OfKind(kind) };
        }
        match () {
            // Tags tell whose a role is; of a document it is an ARN or an id.
            () if *name == "owner" && place("owner_kind").is_none() => Class::Person,
            // Of a SAML assertion or a web identity; elsewhere it is a thing.
            () if *name == "subject" && place("sides").is_some() => Class::Person,
            () if is_in(KEPT) => Class::Kept,
            () if is_in(PERSON) => Class::Person,
            () if is_in(LISTED) => Class::Listed,
            () if is_in(SUBJECTS) => Class::Subjects,
            () if is_in(EVENTS) => Class::Event,
            () if is_in(HASHES) => Class::Hash,
            () if is_in(PRINCIPALS) => Class::Principal,
            () => Class::Text,
        }
    };
    Classes(names.iter().map(class).collect())
}

/// Whether a part of a list only says how many more there are.
fn is_more(part: &str) -> bool {
    part.strip_suffix(" more").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
}

/// One row's cells.
pub(super) fn cells(r: &Redactor, classes: &Classes, row: &mut [Cell]) {
    let is_user = |row: &[Cell], at: usize| matches!(row.get(at), Some(Cell::Text(kind)) if kind == "user");
    for (at, class) in classes.0.iter().enumerate() {
        let of_user = match class {
            Class::OfKind(kind) | Class::PathOfKind(kind) => is_user(row, *kind),
            _ => false,
        };
        let Some(Cell::Text(text)) = row.get_mut(at) else { continue };
        *text = match class {
            Class::Kept => continue,
            Class::PathOfKind(_) if of_user => r.path(text),
            Class::OfKind(_) if of_user => r.person(text),
            Class::Text | Class::OfKind(_) | Class::PathOfKind(_) => r.text(text).into_owned(),
            Class::Person => r.person(text),
            Class::Listed => r.listed_names(text),
            Class::Subjects => text.split("; ").map(|one| if is_more(one) { one.to_owned() } else { r.names(one) }).collect::<Vec<_>>().join("; "),
            Class::Event => r.event(text),
            Class::Hash => r.hash(text),
            Class::Principal => r.principal(text),
        };
    }
}

/// Rows of a table.
pub fn rows(r: &Redactor, rows: &mut Rows) {
    let classes = columns(rows.columns.iter().map(String::as_str));
    rows.rows.iter_mut().for_each(|row| cells(r, &classes, row));
}
