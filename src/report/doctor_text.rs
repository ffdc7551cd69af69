//! The answer of `doctor`, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::escape::visible;
use crate::grants::doctor::{Diagnosis, Gap, GapGroup, GapKind, SystemCounts};
use crate::grants::{Grants, OwnerKind};

/// How much an export holds, by kind of thing.
#[must_use]
pub fn holdings(grants: &Grants) -> Vec<(&'static str, usize)> {
    let of = |kind: OwnerKind| grants.principals().filter(|p| p.kind == kind).count();
    let documents = grants
        .principals()
        .flat_map(|p| p.inline.iter().map(|i| &i.document).chain(&p.trust))
        .chain(grants.policies.values().map(|p| &p.document))
        .chain(grants.resources.by_arn.values().flat_map(|r| r.policy.present().into_iter().chain(r.shared.present()).flatten().map(|d| &d.document)))
        .chain(grants.organisations.values().flat_map(|o| o.policies.values()).filter_map(|p| p.document.present()));
    let (mut read, mut statements, mut refused) = (0, 0, 0);
    for document in documents {
        match document {
            Ok(document) => {
                read += 1;
                statements += document.statements.len();
            }
            Err(_) => refused += 1,
        }
    }
    let accounts = grants.accounts.values();
    vec![
        ("accounts", grants.accounts.len()),
        ("users", of(OwnerKind::User)),
        ("groups", of(OwnerKind::Group)),
        ("roles", of(OwnerKind::Role)),
        ("managed policies", grants.policies.len()),
        ("permission sets", grants.permission_sets.len()),
        ("resources with policies", grants.resources.by_arn.values().filter(|r| r.policy.present().is_some() || r.shared.present().is_some()).count()),
        ("buckets", grants.resources.buckets.len()),
        ("KMS keys", grants.resources.keys.len()),
        ("VPC endpoints", grants.resources.vpc_endpoints.len()),
        ("resource shares", grants.resources.shares.len()),
        ("organisation policies", grants.organisations.values().map(|o| o.policies.len()).sum()),
        ("trails", grants.trails.len()),
        ("access keys", accounts.clone().map(|a| a.evidence.access_keys.len()).sum()),
        ("identity providers", accounts.clone().map(|a| a.evidence.providers.len()).sum()),
        ("findings of Access Analyzer", accounts.map(|a| a.evidence.analyzer_findings.len()).sum()),
        ("policy documents", read),
        ("statements", statements),
        ("documents that cannot be read", refused),
    ]
}

/// What there is, in words.
#[must_use]
pub fn held(holdings: &[(&'static str, usize)]) -> String {
    let held: Vec<String> = holdings.iter().filter(|(_, n)| *n > 0).map(|(what, n)| format!("{what}: {n}")).collect();
    if held.is_empty() { "nothing that was granted".to_owned() } else { held.join(", ") }
}

fn counts(c: &SystemCounts) -> [usize; 4] {
    [c.present, c.absent, c.unknown, c.not_exported]
}

fn gap_json(gap: &Gap) -> Value {
    json!({"system": gap.system, "export": gap.export, "account": gap.account, "region": gap.region, "state": gap.kind.as_str(),
           "subject": gap.subject, "why": gap.why, "weakens": gap.weakens, "command": gap.command})
}

/// The answer as JSON.
#[must_use]
pub fn json(grants: &Grants, diagnosis: &Diagnosis) -> Value {
    json!({
        "holdings": holdings(grants).into_iter().map(|(what, n)| (what.to_owned(), n.into())).collect::<serde_json::Map<_, _>>(),
        "systems": systems_json(diagnosis),
        "gaps": diagnosis.gaps.iter().map(gap_json).collect::<Vec<_>>(),
        "conflicts": grants.conflicts.iter().map(|c| json!({"what": c.what, "kept": c.kept, "dropped": c.dropped})).collect::<Vec<_>>(),
        "problems": grants.problems.iter().map(|p| json!({"file": p.file, "pointer": p.pointer, "reason": p.reason})).collect::<Vec<_>>(),
        "ignored": grants.ignored.iter().map(|(file, why)| json!({"file": file, "why": why})).collect::<Vec<_>>(),
    })
}

/// Answers by system, as JSON.
#[must_use]
pub fn systems_json(diagnosis: &Diagnosis) -> Value {
    let one = |(system, c): &(String, SystemCounts)| {
        json!({"system": system, "present": c.present, "absent": c.absent, "unknown": c.unknown, "not_exported": c.not_exported})
    };
    diagnosis.systems.iter().map(one).collect::<Vec<_>>().into()
}

/// The answer as lines; every gap by itself where `all` is asked for.
#[must_use]
pub fn text(grants: &Grants, diagnosis: &Diagnosis, all: bool) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{} files: {}", grants.inputs.len(), held(&holdings(grants)));
    let _ = writeln!(out, "\n{:<64}{:>8}{:>8}{:>9}{:>14}", "system", "present", "absent", "unknown", "not exported");
    for (system, c) in &diagnosis.systems {
        let [present, absent, unknown, not_exported] = counts(c);
        let _ = writeln!(out, "{system:<64}{present:>8}{absent:>8}{unknown:>9}{not_exported:>14}");
    }
    for kind in GapKind::ALL {
        let groups = if all { each(diagnosis, kind) } else { diagnosis.groups(kind) };
        for (at, group) in groups.iter().enumerate() {
            if at == 0 {
                let _ = writeln!(out, "\n{}", kind.as_str());
            }
            lines_of(&mut out, group);
        }
    }
    if !diagnosis.gaps.is_empty() {
        let _ = writeln!(out, "\n`trailtrim export-script` prints a script that asks all of it and leaves out what the bundle has.");
    }
    list(&mut out, "two exports tell different things; the newest counts", grants.conflicts.iter().map(|c| {
        format!("{}: {} counts, {} does not", c.what, c.kept, c.dropped)
    }));
    list(&mut out, "cannot be used", grants.problems.iter().map(|p| format!("{} {}: {}", p.file, p.pointer, p.reason)));
    list(&mut out, "left alone", grants.ignored.iter().map(|(file, why)| format!("{file}: {why}")));
    out
}

/// Every gap by itself.
fn each(diagnosis: &Diagnosis, kind: GapKind) -> Vec<GapGroup<'_>> {
    let place = |gap: &Gap| [gap.account.as_str(), gap.region.as_str()].into_iter().filter(|p| !p.is_empty()).collect::<Vec<_>>().join(" ");
    diagnosis.of_kind(kind).map(|gap| GapGroup { first: gap, count: 1, places: [(place(gap), 1)].into() }).collect()
}

fn lines_of(out: &mut String, group: &GapGroup<'_>) {
    let gap = group.first;
    let before = |word: &str, text: String| if text.is_empty() { text } else { format!("{word}{text}") };
    let why = if gap.kind == GapKind::NotExported { String::new() } else { format!(": {}", gap.why) };
    let (subject, places) = (before(" ", group.subject_text()), before(" in ", group.places_text()));
    let _ = writeln!(out, "  {}", visible(&format!("{} ({}){subject}{places}{why}", gap.system, gap.export)));
    let _ = writeln!(out, "    weakens  {}", gap.weakens);
    let _ = writeln!(out, "    close    {}", visible(&gap.command));
}

fn list(out: &mut String, title: &str, lines: impl Iterator<Item = String>) {
    for (at, text) in lines.enumerate() {
        if at == 0 {
            let _ = writeln!(out, "\n{title}");
        }
        let _ = writeln!(out, "  {}", visible(&text));
    }
}
