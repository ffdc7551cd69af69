//! The figures of `rules mapping --measure`, for people and for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::model::MappingFacts;

/// A share in percent with one decimal; a dash where there is nothing to have a share of.
fn percent(part: i64, of: i64) -> String {
    if of == 0 {
        return "–".to_owned();
    }
    let permille = part.saturating_mul(1000) / of;
    format!("{}.{} %", permille / 10, permille % 10)
}

/// The figures as the `mapping` object of `run.json`.
#[must_use]
pub fn json(m: &MappingFacts) -> Value {
    json!({
        "pairs": m.pairs, "pairs_mapped": m.pairs_mapped, "pairs_no_permission": m.pairs_no_permission,
        "pairs_unknown": m.pairs_unknown, "pairs_foreign": m.pairs_foreign, "events": m.events, "events_mapped": m.events_mapped,
        "events_no_permission": m.events_no_permission, "events_unknown": m.events_unknown,
        "events_with_resource": m.events_with_resource, "events_with_concrete_arn": m.events_with_concrete_arn,
        "provenance": m.provenance,
        "top_unknown": m.top_unknown.iter().map(|(p, n)| json!({"pair": p, "events": n})).collect::<Vec<_>>(),
        "top_unresolved": m.top_unresolved.iter()
            .map(|(action, kind, n)| json!({"action": action, "resource_type": kind, "action_rows": n})).collect::<Vec<_>>(),
    })
}

/// The figures as lines.
#[must_use]
pub fn text(m: &MappingFacts) -> String {
    let mut out = String::new();
    let mut line = |what: &str, [all, mapped, none, unknown]: [i64; 4]| {
        let share = |n| percent(n, all);
        let _ = writeln!(
            out,
            "{what:<16}{all:>9}  mapped {mapped} ({})  no permission {none} ({})  unknown {unknown} ({})",
            share(mapped),
            share(none),
            share(unknown)
        );
    };
    line("kinds of event", [m.pairs, m.pairs_mapped, m.pairs_no_permission, m.pairs_unknown]);
    line("events", [m.events, m.events_mapped, m.events_no_permission, m.events_unknown]);
    if m.pairs_foreign > 0 {
        let known = m.pairs_mapped + m.pairs_no_permission;
        let _ = writeln!(
            out,
            "{:>25}  of the unknown are another service's operations; without them {} are known",
            m.pairs_foreign,
            percent(known, m.pairs - m.pairs_foreign)
        );
    }
    let _ = writeln!(
        out,
        "resources       {:>9}  events whose action takes one; every ARN told on {} ({})",
        m.events_with_resource,
        m.events_with_concrete_arn,
        percent(m.events_with_concrete_arn, m.events_with_resource)
    );
    let rows: i64 = m.provenance.values().sum();
    let _ = writeln!(out, "\nwhere resources came from, of {rows} actions of events");
    for (from, n) in &m.provenance {
        let _ = writeln!(out, "  {from:<16}{n:>9}  {}", percent(*n, rows));
    }
    let _ = writeln!(out, "\nunknown kinds of event, most events first");
    for (pair, n) in &m.top_unknown {
        let _ = writeln!(out, "  {n:>9}  {pair}");
    }
    let _ = writeln!(out, "\nresource types left open, most actions first");
    for (action, kind, n) in &m.top_unresolved {
        let _ = writeln!(out, "  {n:>9}  {action}  {kind}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_cut_not_rounded_up() {
        assert_eq!(percent(999, 1000), "99.9 %");
        assert_eq!(percent(1999, 2000), "99.9 %");
        assert_eq!(percent(0, 0), "–");
    }
}
