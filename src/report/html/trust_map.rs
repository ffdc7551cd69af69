//! Who may enter from outside: outside accounts and identity providers on the left, the roles that they reach on the right.

use std::collections::BTreeMap;

use super::super::escape::short as visible;
use super::super::model::ReportModel;
use super::super::sql::Cell;
use super::super::{Finding, Status};
use super::people::{Links, People};
use super::plots::Plot;
use super::svg::{self, Svg};
use super::tables::{Table, caption, link};
use super::text::{count, number, severity, short, status};

/// How many nodes the drawing has at most; all doors stand in the table of external access.
const NODES: usize = 60;

/// Classes of source that are no outsiders.
const INSIDE: &[&str] = &["same-account", "aws-service", "aws-owned", "same account", "AWS service", "no-entry"];

/// A door: who may take which role.
pub struct Door<'m> {
    /// Who: account, provider, `*`.
    pub who: String,
    /// Class of source.
    pub class: String,
    /// ARN of the role.
    pub role: &'m str,
    /// Assumptions in the window.
    pub calls: i64,
    /// Last of them, epoch ms.
    pub last_ms: Option<i64>,
    /// Whether an ExternalId is asked for.
    pub external_id: Option<bool>,
    /// The finding that tells of it.
    pub finding: &'m Finding,
}

fn text(finding: &Finding, column: &str) -> Option<String> {
    finding.details.get(column).map(|v| visible(&v.text())).filter(|t| !t.is_empty())
}

fn int(finding: &Finding, column: &str) -> Option<i64> {
    finding.details.get(column).and_then(|v| if let Cell::Int(n) = v { Some(*n) } else { None })
}

/// Every door of the report on external access, those that fail first.
#[must_use]
pub fn doors(model: &ReportModel) -> Vec<Door<'_>> {
    let one = |finding| {
        let flag = |column: &str| text(finding, column).map(|t| t == "true");
        Door {
            who: text(finding, "entry").or_else(|| text(finding, "source")).unwrap_or_default(),
            class: text(finding, "source_class").unwrap_or_default(),
            role: &finding.resource,
            calls: int(finding, "calls").unwrap_or(0),
            last_ms: int(finding, "last_seen_ms"),
            external_id: flag("requires_external_id"),
            finding,
        }
    };
    model.findings_of("external-access").filter(|f| f.status != Status::NotApplicable).map(one).collect()
}

/// Whether a door leads in from outside.
#[must_use]
pub fn is_outside(door: &Door<'_>) -> bool {
    !INSIDE.contains(&door.class.as_str())
}

/// A name that fits beside the drawing.
fn fitting(name: &str) -> String {
    let short = short(name);
    if short.chars().count() <= 44 { short } else { short.chars().take(43).chain(['…']).collect() }
}

fn name_of(who: &str) -> String {
    if who == "*" {
        return "anybody".to_owned();
    }
    match who.split_once(":root") {
        Some((arn, "")) => format!("account {}", super::text::account_of(arn)),
        _ if who.contains(":iam::") => {
            let account = super::text::account_of(who);
            fitting(&if account.is_empty() { short(who) } else { format!("{account} {}", short(who)) })
        }
        _ => fitting(who),
    }
}

/// Who it is, and what kind of outsider where the name does not tell.
fn named(door: &Door<'_>) -> String {
    let name = name_of(&door.who);
    match door.class.as_str() {
        "oidc" | "saml" | "public" | "dangling-id" => name,
        class => format!("{name} ({})", class.replace('-', " ")),
    }
}

/// An edge of the drawing.
struct Edge {
    calls: i64,
    admin: bool,
}

/// The drawing; nothing where nobody may enter.
#[must_use]
pub fn plot(model: &ReportModel, people: &People<'_>) -> Option<Plot> {
    let admins: BTreeMap<&str, bool> =
        people.all.iter().map(|p| (p.arn, p.blast.is_some_and(|b| matches!(b.before.admin, "yes" | "perhaps")))).collect();
    let doors: Vec<Door<'_>> = doors(model).into_iter().filter(is_outside).collect();
    if doors.is_empty() {
        return None;
    }
    let mut edges: BTreeMap<(String, &str), Edge> = BTreeMap::new();
    for door in &doors {
        let edge = edges.entry((named(door), door.role)).or_insert(Edge { calls: 0, admin: false });
        edge.calls += door.calls;
        edge.admin = admins.get(door.role).copied().unwrap_or(false);
    }
    let mut ordered: Vec<(&(String, &str), &Edge)> = edges.iter().collect();
    ordered.sort_by(|a, b| (b.1.admin, b.1.calls, a.0).cmp(&(a.1.admin, a.1.calls, b.0)));
    let (mut left, mut right): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut drawn = Vec::new();
    for ((who, role), edge) in &ordered {
        let fresh = usize::from(!left.contains(&who.as_str())) + usize::from(!right.contains(role));
        if left.len() + right.len() + fresh > NODES {
            continue;
        }
        if !left.contains(&who.as_str()) {
            left.push(who);
        }
        if !right.contains(role) {
            right.push(role);
        }
        drawn.push((who.as_str(), *role, *edge));
    }
    let unused = edges.values().filter(|e| e.calls == 0).count();
    let outsiders = edges.keys().map(|(who, _)| who).collect::<std::collections::BTreeSet<_>>().len();
    let roles = edges.keys().map(|(_, role)| role).collect::<std::collections::BTreeSet<_>>().len();
    let says = format!(
        "{} may take {}; {} of {} {} never used in the window{}.",
        count(outsiders, "outsider", "outsiders"),
        count(roles, "role", "roles"),
        number(unused),
        count(edges.len(), "way in", "ways in"),
        if unused == 1 { "was" } else { "were" },
        if drawn.len() < edges.len() { format!("; the drawing shows {} of them, the table of external access all", drawn.len()) } else { String::new() }
    );
    let line = 26;
    let high = left.len().max(right.len()) * line + 40;
    let mut drawing = Svg::new("trust-plot", 1080, high, "Who may take which role from outside", &says);
    drawing.text("lab", 10, 16, "from outside");
    drawing.text("lab", 690, 16, "roles");
    let y = |at: usize, n: usize| 34 + at * line + (left.len().max(right.len()) - n) * line / 2;
    for (who, role, edge) in drawn.iter().rev() {
        let from = left.iter().position(|l| l == who).map_or(0, |at| y(at, left.len()));
        let to = right.iter().position(|r| r == role).map_or(0, |at| y(at, right.len()));
        let class = match (edge.admin, edge.calls == 0) {
            (true, true) => "e never admin",
            (true, false) => "e admin",
            (false, true) => "e never",
            (false, false) => "e",
        };
        let used = if edge.calls == 0 { "never used in the window".to_owned() } else { format!("{} assumptions", number(edge.calls)) };
        let says = format!("{who} → {}: {used}{}", short(role), if edge.admin { "; can become administrator" } else { "" });
        drawing.told_path(class, &format!("M430 {from}C550 {from} 560 {to} 680 {to}"), 1 + svg::height(edge.calls) / 2, &says);
    }
    for (at, who) in left.iter().enumerate() {
        drawing.text("", 10, y(at, left.len()) + 4, who);
    }
    for (at, role) in right.iter().enumerate() {
        let admin = if admins.get(role).copied().unwrap_or(false) { " ◆ admin" } else { "" };
        drawing.text(if admin.is_empty() { "" } else { "bad" }, 690, y(at, right.len()) + 4, &format!("{}{admin}", fitting(role)));
    }
    let key = "<span class=e1>taken, wider for more calls</span><span class=e2>never taken in the window</span><span class=e3>◆ role can become administrator</span>";
    Some(Plot { id: "trust-map", title: "Who may enter from outside".to_owned(), says, key, drawing: drawing.finish(), table: None })
}

/// The table of external access.
#[must_use]
pub fn table(model: &ReportModel, people: &People<'_>, accounts: &super::people::Accounts, links: &Links, most: usize) -> (String, usize) {
    let columns = [("severity", "n"), ("who may enter", "t"), ("class", "t"), ("role", "t"), ("account", "t"), ("taken", "n"), ("last", "t"), ("ExternalId", "t"), ("verdict", "t")];
    let all = doors(model);
    let leads_in = |door: &&Door<'_>| is_outside(door) || door.finding.status == Status::Fail || door.class == "no-entry";
    let mut shown: Vec<&Door<'_>> = all.iter().filter(leads_in).collect();
    let inside = all.len() - shown.len();
    let left = shown.len().saturating_sub(most);
    if left > 0 {
        // The worst stay, of these the most used.
        let rank = |d: &Door<'_>| (d.finding.status != Status::Fail, super::findings::order(d.finding), std::cmp::Reverse(d.calls));
        shown.sort_by_key(|d| rank(d));
        shown.truncate(most);
    }
    let mut table = Table::new("external-table", &caption("Ways in from outside, each with its use", left, "tables/external_access.csv"), &columns);
    for door in shown {
        let f = door.finding;
        table.row(&accounts.class(&f.account), "");
        let (class, mark, word) = if f.status == Status::Fail { severity(&f.severity) } else { status(f.status) };
        let order = super::findings::order(f);
        table.html(&format!("\"s {class}\" data-v={order}"), &format!("{mark} {word}"));
        table.text(&name_of(&door.who));
        table.text(&door.class.replace('-', " "));
        let role = people.ids.get(door.role).map_or_else(|| super::text::esc(&short(door.role)), |id| link(&links.to(id), &short(door.role)));
        table.html("", &role);
        table.whole(&f.account);
        table.number(door.calls);
        table.whole(&super::super::model::day(door.last_ms));
        table.text(match door.external_id {
            Some(true) => "asked for",
            Some(false) => "no",
            None => "",
        });
        table.text(&f.reason);
        table.end();
    }
    (table.finish_or_none(), inside)
}
