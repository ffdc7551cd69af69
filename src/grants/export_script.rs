//! The script that fills a bundle, and the policy of the role that runs it: both made from the table of exports, so
//! that a new row is collected without a line of code. The fixed parts are `data/export-prelude.sh` (how a command is
//! run, what counts as an answer) and `data/export-organization.sh`; here stand the loops over the rows.
//!
//! It is POSIX shell that needs nothing but the AWS CLI, so that it can be read and run where trailtrim is not.

use std::collections::BTreeSet;

use super::catalogue::{Export, KNOWN_ABSENT};

/// What the script is to collect.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ScriptOptions {
    /// All accounts of the organisation by this role, instead of the one account.
    pub role: Option<String>,
    /// These regions instead of all that are on.
    pub regions: Vec<String>,
    /// Where the bundle goes if the script is given no folder.
    pub out: String,
}

/// The rows that one shell function collects. Its words stand for the same thing all through the function.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
enum Scope {
    Account,
    Region,
    Organization,
    /// A root or organisational unit: `$id`.
    Parent,
    Identity,
    /// An Identity Center: `$instance`.
    Instance,
    /// A permission set: `$permission_set`.
    Set,
}

impl Scope {
    const ALL: [Scope; 7] =
        [Scope::Account, Scope::Region, Scope::Organization, Scope::Parent, Scope::Identity, Scope::Instance, Scope::Set];

    fn of(row: &Export) -> Scope {
        let has = |place: &str| row.places().any(|p| p == place);
        if row.file.starts_with("organization/") {
            if row.items.as_ref().is_some_and(|i| i.list == "roots") { Scope::Parent } else { Scope::Organization }
        } else if row.file.starts_with("sso/") {
            match (has("instance"), has("id")) {
                (true, true) => Scope::Set,
                (true, false) => Scope::Instance,
                (false, _) => Scope::Identity,
            }
        } else if has("region") {
            Scope::Region
        } else {
            Scope::Account
        }
    }

    fn function(self) -> &'static str {
        match self {
            Scope::Account => "account_rows",
            Scope::Region => "region_rows",
            Scope::Organization => "organization_rows",
            Scope::Parent => "parent_rows",
            Scope::Identity => "identity_rows",
            Scope::Instance => "instance_rows",
            Scope::Set => "set_rows",
        }
    }

    /// The variable with the thing that the function is about, and the one with its name in a path.
    fn subject(self) -> Option<(&'static str, &'static str)> {
        match self {
            Scope::Parent => Some(("$id", "$(safe \"$id\")")),
            Scope::Instance => Some(("$instance", "$instance_name")),
            Scope::Set => Some(("$permission_set", "$set_name")),
            _ => None,
        }
    }
}

/// Whether a run without the organisation asks for the row. Any account may say whether there is an organisation.
fn is_of_one_account(row: &Export) -> bool {
    row.file.starts_with("accounts/") || row.id == "organization"
}

fn rows_of<'a>(rows: &'a [Export], options: &ScriptOptions) -> Vec<&'a Export> {
    rows.iter().filter(|r| options.role.is_some() || is_of_one_account(r)).collect()
}

/// The script.
#[must_use]
pub fn script(rows: &[Export], options: &ScriptOptions) -> String {
    let rows = rows_of(rows, options);
    let organization = options.role.is_some();
    let mut text = format!("#!/bin/sh\n# Collects a bundle for trailtrim: read-only calls of the AWS CLI. Made by trailtrim {}.\n", env!("CARGO_PKG_VERSION"));
    text.push_str("#   sh this-script [FOLDER]        again with the same folder to go on where it stopped\n");
    text.push_str("#   TRAILTRIM_JOBS=N               calls side by side (4)\n");
    text.push_str("#   TRAILTRIM_ACCESS_ADVISOR=0     leave out access advisor, which takes two calls and more for each user and role\n");
    text.push_str("# Exit codes: 0 everything was answered, 1 nothing could be asked, 4 something failed (errors.jsonl says what).\n\n");
    text.push_str(&format!("out=${{1:-{}}}\n", quoted(&options.out)));
    text.push_str("jobs=${TRAILTRIM_JOBS:-4}\naccess_advisor=${TRAILTRIM_ACCESS_ADVISOR:-1}\n");
    text.push_str(&format!("asked_regions={}\n", quoted(&options.regions.join(" "))));
    if let Some(role) = &options.role {
        text.push_str(&format!("role={}\n", quoted(role)));
    }
    text.push_str("# Error codes by which AWS says that there is no such thing.\n");
    text.push_str(&format!("known_absent=' {} '\n\n", KNOWN_ABSENT.join(" ")));
    text.push_str(include_str!("data/export-prelude.sh"));
    if organization {
        text.push('\n');
        text.push_str(include_str!("data/export-organization.sh"));
    } else {
        text.push_str("\nrenew() { :; }\n");
    }
    text.push_str("\n# ---- The rows of the table of exports ---------------------------------------------------------------------------\n");
    for scope in Scope::ALL {
        let of_scope: Vec<&Export> = rows.iter().copied().filter(|r| Scope::of(r) == scope).collect();
        if !of_scope.is_empty() {
            text.push_str(&format!("\n{}() {{\n{}}}\n", scope.function(), body(&of_scope, scope)));
        }
    }
    text.push_str("\nbegin\n");
    text.push_str(if organization { "collect_organization\n" } else { "organization_rows\n" });
    text.push_str("collect \"$own_account\"\n");
    if organization {
        text.push_str("collect_identity_center\ncollect_members\n");
    }
    text.push_str("finish\n");
    text
}

/// The lines of a function: first what needs no list, then what needs those answers, and so on.
fn body(rows: &[&Export], scope: Scope) -> String {
    let mut text = String::new();
    let mut done = BTreeSet::new();
    let mut left: Vec<&Export> = rows.to_vec();
    while !left.is_empty() {
        let known = |row: &Export| match &row.items {
            Some(items) => done.contains(items.list.as_str()) || !rows.iter().any(|r| r.id == items.list),
            None => true,
        };
        let (now, later): (Vec<&Export>, Vec<&Export>) = left.iter().partition(|r| known(r));
        if now.is_empty() {
            break;
        }
        let mut looped = BTreeSet::new();
        for row in &now {
            let list = row.items.as_ref().and_then(|items| rows.iter().find(|r| r.id == items.list).map(|list| (*list, &items.field)));
            match list {
                None => text.push_str(&format!("  {}\n", ask(row, scope, false))),
                Some((list, field)) if looped.insert((list.id.as_str(), field.as_str())) => {
                    let same = now.iter().filter(|r| r.items == row.items);
                    text.push_str(&each(list, field, same.copied(), scope));
                }
                Some(_) => {}
            }
        }
        text.push_str("  all_done\n");
        done.extend(now.iter().map(|r| r.id.as_str()));
        left = later;
    }
    text
}

/// A loop over what a list names.
fn each<'a>(list: &Export, field: &str, rows: impl Iterator<Item = &'a Export>, scope: Scope) -> String {
    // A list that is itself asked for once for each of something is a folder of answers.
    let path = match list.file.rsplit_once("/{") {
        Some((folder, _)) if list.items.is_some() && scope.subject().is_none() => path_of(folder, list, scope, "$out/"),
        _ => path_of(&list.file, list, scope, "$out/"),
    };
    let items = format!("items {field} {path}");
    let items = match list.id.as_str() {
        "trails" => format!("{items} | trails_here"),
        "authorization-details" => format!("{items} | users_and_roles"),
        // The two kinds of policies are asked about alike.
        "scps" => format!("{items} {}", path.replace("scps.json", "rcps.json")),
        _ => items,
    };
    let name = format!("\"$work/list.{}\"", list.id);
    let mut text = format!("  {items} >{name}\n  while read -r it; do\n");
    for row in rows {
        if let Some(arn) = &row.arn {
            text.push_str(&format!("    arn=\"{}\"\n", arn.replace("{name}", "$it").replace('{', "${")));
        }
        text.push_str(&format!("    {}\n", ask(row, scope, true)));
    }
    text.push_str(&format!("  done <{name}\n"));
    text
}

/// The line that asks for one row.
fn ask(row: &Export, scope: Scope, looped: bool) -> String {
    let mut words: Vec<String> = row.command.split(' ').filter(|w| *w != "{job}").map(|w| word(w, row, scope, looped)).collect();
    if let Some(keep) = &row.keep {
        words.push(format!("--query {}", quoted(keep)));
    }
    if let Some(region) = &row.region {
        words.push(format!("--region {region}"));
    } else if looped && row.items.as_ref().is_some_and(|i| i.list == "trails") {
        words.push("--region \"$(region_of \"$it\")\"".to_owned());
    }
    if row.id == "sso-instances" {
        return format!("find_identity_center {}", words.join(" "));
    }
    let file = path_of(&row.file, row, scope, "");
    let words = words.join(" ");
    let subject = if looped { Some(if row.arn.is_some() { "$arn" } else { "$it" }) } else { scope.subject().map(|(variable, _)| variable) };
    let item = subject.map_or_else(|| "''".to_owned(), |s| format!("\"{s}\""));
    match row.id.as_str() {
        "credential-report" => format!("slot; report {file} {words} &"),
        _ if row.command.ends_with("{job}") => format!("slot; advisor {file} {item} {words} &"),
        _ => format!("slot; ask {file} {item} {} {words} &", if row.wrapped { "wrapped" } else { "plain" }),
    }
}

/// A path of the bundle as a word of the script; `ask` itself puts the bundle's folder before what it writes.
fn path_of(template: &str, row: &Export, scope: Scope, folder: &str) -> String {
    let mut path = format!("\"{folder}");
    let mut rest = template;
    while let Some((before, (place, after))) = rest.split_once('{').and_then(|(b, r)| Some((b, r.split_once('}')?))) {
        path.push_str(before);
        path.push_str(&match place {
            "region" => "$region".to_owned(),
            "account" if !template.starts_with("sso/") => "$account".to_owned(),
            "instance" => "$instance_name".to_owned(),
            "id" if scope.subject().is_some() => scope.subject().map_or_else(String::new, |(_, name)| name.to_owned()),
            _ if row.arn.is_some() => "$(safe \"$arn\")".to_owned(),
            _ => "$(safe \"$it\")".to_owned(),
        });
        rest = after;
    }
    path.push_str(rest);
    path.push('"');
    path
}

/// A word of a row's command as a word of the script.
fn word(word: &str, row: &Export, scope: Scope, looped: bool) -> String {
    let Some(place) = word.strip_prefix('{').and_then(|w| w.strip_suffix('}')) else { return quoted(word) };
    let subject = scope.subject().map(|(variable, _)| variable);
    let value = match place {
        "account" if !row.file.starts_with("sso/") => "$account",
        "since" => "$since",
        "instance" => "$instance",
        "id" => subject.unwrap_or(if row.arn.is_some() { "$arn" } else { "$it" }),
        "name" if row.arn.is_some() => "$it",
        "name" => "$(name_of \"$it\")",
        "layer" => "${it%:*}",
        "version" => "${it##*:}",
        _ if looped => "$it",
        _ => subject.unwrap_or("$it"),
    };
    format!("\"{value}\"")
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b':' | b'=' | b',' | b'@' | b'+');
    if !text.is_empty() && text.bytes().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

/// The least policy of the identity that runs the script, as JSON: with a role that of the whole organisation, without
/// that of one account, which is also what the role in a member account needs.
#[must_use]
pub fn policy(rows: &[Export], options: &ScriptOptions) -> String {
    let actions: BTreeSet<&str> = rows_of(rows, options).into_iter().flat_map(|r| &r.actions).map(String::as_str).collect();
    let (paths, actions): (BTreeSet<&str>, BTreeSet<&str>) = actions.into_iter().partition(|a| a.starts_with("apigateway:"));
    let mut statements = vec![serde_json::json!({"Sid": "Read", "Effect": "Allow", "Action": actions, "Resource": "*"})];
    if !paths.is_empty() {
        statements.push(serde_json::json!({"Sid": "RestApis", "Effect": "Allow", "Action": paths, "Resource": "arn:aws:apigateway:*::/restapis"}));
    }
    if let Some(role) = &options.role {
        statements.push(serde_json::json!({"Sid": "Members", "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": format!("arn:aws:iam::*:role/{role}")}));
    }
    format!("{:#}\n", serde_json::json!({"Version": "2012-10-17", "Statement": statements}))
}
