//! Why calls were denied: by cause where they were sorted by cause, else by the kind of policy that AWS's message names.

use super::super::model::{ReportModel, day};
use super::people::Accounts;
use super::tables::{Table, caption};
use super::text::short;

/// The table; empty where no call was denied or nobody looked.
#[must_use]
pub fn table(model: &ReportModel, accounts: &Accounts, most: usize) -> String {
    let Some(clusters) = &model.page.denied else { return by_layer(model) };
    let columns = [("calls", "n"), ("who", "t"), ("action", "t"), ("resource", "t"), ("refused by", "t"), ("statement", "t"), ("what would allow it", "t"), ("should it", "t"), ("last", "t")];
    let left = clusters.len().saturating_sub(most);
    let mut table = Table::new("denied-table", &caption("Refused calls by cause, the most first", left, "tables/denied_clusters.csv"), &columns);
    for c in clusters.iter().take(most) {
        table.row(&accounts.class(&c.account), "");
        table.number(c.calls);
        table.text(&short(&c.principal));
        table.code(&c.action);
        table.code(&c.resource);
        table.text(&if c.known_by.is_empty() { c.layer.clone() } else { format!("{} (by {})", c.layer, c.known_by) });
        table.text(&c.statement);
        table.text(&c.change);
        table.text(&c.advice);
        table.text(&day(c.last_seen_ms));
        table.end();
    }
    table.finish_or_none()
}

/// What the messages name, held against the grants at hand.
fn by_layer(model: &ReportModel) -> String {
    let calls = &model.consistency.calls;
    let mut table = Table::new("denied-table", "Denied calls by the kind of policy that AWS’s message names", &[("kind of policy", "t"), ("calls", "n")]);
    let named = [("at hand, and refuses here too", calls.layer_agrees), ("at hand, but does not refuse here", calls.layer_differs)];
    let lines = named.into_iter().map(|(what, n)| (what.to_owned(), n)).chain(calls.layer_not_at_hand.iter().map(|(kind, n)| (format!("{kind}, not at hand"), *n)));
    for (what, n) in lines.chain([("no kind is named".to_owned(), calls.layer_not_named)]).filter(|(_, n)| *n > 0) {
        table.row("", "");
        table.text(&what);
        table.number(n);
        table.end();
    }
    table.finish_or_none()
}
