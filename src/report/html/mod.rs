//! `report.html`: one file that needs nothing else, read without scripts; and, where it would grow too large, files of details
//! beside it. The model is turned into views here, one file for each part; `reports/templates/` lays them out.
//!
//! Order, limits and rules: reports-and-controls.md section 4.

mod actions;
mod cards;
mod coverage;
mod denied;
mod findings;
mod hours;
mod limits;
#[cfg(test)]
mod made_up_test;
mod numbers;
mod people;
mod plots;
mod principals;
mod svg;
mod tables;
mod text;
mod trust;
mod trust_map;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use askama::Template;
use base64::Engine as _;
use sha2::Digest as _;

use super::Status;
use super::escape::{file_text, is_hidden, short as visible};
use super::model::{ReportModel, day};
use crate::reduce::advice::Advice;
use crate::reference::Reference;
use actions::Action;
use coverage::Strip;
use findings::{Control, Shown};
use limits::Limits;
use numbers::Number;
use people::{Accounts, FILTERED, Links, People, shard_of};
use plots::Plot;
use trust::Trust;

const STYLE: &str = include_str!("../../../reports/templates/report.css");
const SCRIPT: &str = include_str!("../../../reports/templates/report.js");

/// How large the page may be where nobody says otherwise, in millions of bytes.
pub const MAX_MB: usize = 15;

/// From how many pieces of advice on the page shows only the first.
const ADVICE_AT_MOST: usize = 200;

/// The page and the files beside it.
#[derive(Debug, Default)]
pub struct Pages {
    /// `report.html`.
    pub main: String,
    /// Name below the results' folder, and text.
    pub shards: Vec<(String, String)>,
    /// How many owners' details stand on the page.
    pub inline: usize,
    /// How many owners have details.
    pub details: usize,
}

/// A filter that works without a script: id, class of rows, label.
struct Facet {
    id: String,
    label: String,
    count: usize,
}

/// What changed since the last night.
struct Change {
    word: &'static str,
    mark: &'static str,
    count: usize,
    first: Vec<(String, String)>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    m: &'a ReportModel,
    style: &'a str,
    style_hash: &'a str,
    script_hash: &'a str,
    script: &'static str,
    start: String,
    end: String,
    input_hash: String,
    owned: String,
    held: String,
    strips: &'a [Strip],
    strips_left: usize,
    trust: &'a Trust,
    changes: &'a [Change],
    has_past: bool,
    has_changes: bool,
    actions: &'a [Action],
    actions_left: usize,
    expiring: Vec<String>,
    numbers: &'a [Number],
    plots: &'a [Plot],
    facets: &'a [Facet],
    severities: [Facet; 5],
    findings: &'a str,
    findings_rows: usize,
    findings_left: usize,
    open: &'a str,
    statuses: [usize; 5],
    controls: &'a [Control<'a>],
    principals: &'a str,
    external: &'a str,
    inside: usize,
    keys: &'a str,
    roles: &'a str,
    roles_counts: [usize; 5],
    policies: &'a str,
    policy_facets: [Facet; 4],
    left_alone: &'a str,
    compliance: &'a str,
    suppressions: &'a str,
    denied: &'a str,
    coverage: &'a str,
    trails: &'a str,
    advice: &'a [Advice],
    cards: &'a str,
    inline: usize,
    details: usize,
}

#[derive(Template)]
#[template(path = "shard.html")]
struct Shard<'a> {
    style: &'a str,
    style_hash: &'a str,
    script_hash: &'a str,
    script: &'static str,
    end: &'a str,
    name: &'a str,
    cards: &'a str,
}

fn hash(text: &str) -> String {
    format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(text.as_bytes())))
}

/// The style, with a rule for each filter of accounts.
fn style(accounts: &Accounts) -> String {
    let mut out = STYLE.to_owned();
    let filtered = accounts.all.len().min(FILTERED);
    for class in (0..filtered).map(|at| format!("a{at}")).chain((accounts.all.len() > FILTERED).then(|| "ax".to_owned())) {
        let _ = write!(out, "#accounts:has(#f-{class}:not(:checked))~section tr.{class}{{display:none}}");
    }
    out
}

fn facets(accounts: &Accounts) -> Vec<Facet> {
    let label = |id: &str, name: &str| visible(&if name.is_empty() { id.to_owned() } else { format!("{id} {name}") });
    let mut out: Vec<Facet> = accounts
        .all
        .iter()
        .take(FILTERED)
        .enumerate()
        .map(|(at, (id, name, failing))| Facet { id: format!("f-a{at}"), label: label(id, name), count: *failing })
        .collect();
    let others = accounts.all.get(FILTERED..).unwrap_or_default();
    if !others.is_empty() {
        out.push(Facet { id: "f-ax".to_owned(), label: format!("{} other accounts", others.len()), count: others.iter().map(|(_, _, n)| n).sum() });
    }
    out
}

/// Whether an earlier night is remembered.
fn has_past(model: &ReportModel) -> bool {
    model.page.trend.len() > 1 || model.findings.iter().any(|f| !matches!(f.change, "" | "new"))
}

fn changes(model: &ReportModel, shown: &Shown<'_>) -> Vec<Change> {
    [("new", "✚"), ("reopened", "↺"), ("changed", "~"), ("fixed", "✓")]
        .into_iter()
        .map(|(word, mark)| {
            let found: Vec<_> = model.findings.iter().filter(|f| f.change == word).collect();
            let first = found.iter().take(4).map(|f| (shown.link(f), format!("{}: {}", text::short(&f.resource), visible(&f.reason)))).collect();
            Change { word, mark, count: found.len(), first }
        })
        .collect()
}

fn expiring(model: &ReportModel) -> Vec<String> {
    let soon = model.page.suppressions.iter().flatten().filter(|s| s.days_left <= 30);
    soon.map(|s| {
        let when = if s.days_left < 0 { format!("expired on {}: its findings are back", s.expires) } else { format!("expires on {} ({} days)", s.expires, s.days_left) };
        visible(&format!("{} for {} ({}): {when}", s.rule, s.matches, s.owner))
    })
    .collect()
}

/// The hash over the inputs: the same inputs have the same.
fn input_hash(model: &ReportModel) -> String {
    let mut hash = sha2::Sha256::new();
    for (path, kind, sum) in &model.inputs {
        for part in [path, kind, sum] {
            hash.update(part.len().to_le_bytes());
            hash.update(part.as_bytes());
        }
    }
    let l = &model.ledger;
    hash.update(format!("{} {} {} {} {}", l.files, l.records_read, l.kept, l.duplicate, l.rejected).as_bytes());
    hash.finalize().iter().take(8).fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Whatever a template let through: hidden characters are shown. Our own text has none.
fn clean(page: String) -> String {
    if page.chars().any(|c| c != '\n' && is_hidden(c)) { file_text(&page, false) } else { page }
}

/// Everything of the page but the details.
struct Parts<'a> {
    model: &'a ReportModel,
    people: &'a People<'a>,
    accounts: &'a Accounts,
    style: &'a str,
    style_hash: &'a str,
    script_hash: &'a str,
    trust: Trust,
    controls: Vec<Control<'a>>,
    numbers: Vec<Number>,
    facets: Vec<Facet>,
    changes: Vec<Change>,
    shown: Shown<'a>,
    limits: Limits,
}

impl Parts<'_> {
    fn page(&self, links: &Links, cards: &str) -> Result<String, askama::Error> {
        let (model, people, accounts, limits) = (self.model, self.people, self.accounts, self.limits);
        let (actions, actions_left) = actions::first(model, &self.shown, people, links);
        let findings = findings::table(model, &self.shown, people, accounts, links);
        let (external, inside) = trust_map::table(model, people, accounts, links, limits.external);
        let (roles, roles_counts) = findings::of_report(model, "role-unused", "roles-table", "Roles that nobody used", people, accounts, links);
        let (strips, strips_left) = coverage::strips(model);
        let status = |s: Status| model.findings.iter().filter(|f| f.status == s).count();
        let worst = |word: &str| model.findings.iter().filter(|f| f.status == Status::Fail && text::severity(&f.severity).2 == word).count();
        let severities = [("s4", "◆ Critical", "Critical"), ("s3", "▲ High", "High"), ("s2", "■ Medium", "Medium"), ("s1", "▽ Low", "Low"), ("s0", "○ Info", "Info")]
            .map(|(id, label, word)| Facet { id: format!("f-{id}"), label: label.to_owned(), count: worst(word) });
        let policy_facets = ["written", "withheld", "defect", "unchanged"].map(|s| {
            let (_, mark, word) = principals::outcome(s);
            Facet { id: format!("f-p-{s}"), label: format!("{mark} {word}"), count: model.proposals_with(s).count() }
        });
        Page {
            m: model,
            style: self.style,
            style_hash: self.style_hash,
            script_hash: self.script_hash,
            script: SCRIPT,
            start: day(Some(model.window_start_ms)),
            end: day(Some(model.as_of_ms)),
            input_hash: input_hash(model),
            owned: text::count(accounts.all.len(), "account", "accounts"),
            held: super::doctor_text::held(&model.exports.holdings),
            strips: &strips,
            strips_left,
            trust: &self.trust,
            changes: &self.changes,
            has_changes: self.changes.iter().any(|c| c.count > 0),
            has_past: has_past(model),
            actions: &actions,
            actions_left,
            expiring: expiring(model),
            numbers: &self.numbers,
            plots: &plots::all(model, people, accounts, links),
            facets: &self.facets,
            severities,
            findings: &findings,
            findings_rows: self.shown.rows.len(),
            findings_left: self.shown.left,
            open: &findings::open(model, accounts, limits.open),
            statuses: [Status::Fail, Status::Unknown, Status::Pass, Status::NotApplicable, Status::Suppressed].map(status),
            controls: &self.controls,
            principals: &principals::table(model, people, accounts, links),
            external: &external,
            inside,
            keys: &principals::credentials(model, people, accounts, links, limits.keys),
            roles: &roles,
            roles_counts,
            policies: &principals::policies(model, people, accounts, links, limits.policies),
            policy_facets,
            left_alone: &principals::left_alone(model),
            compliance: &findings::compliance(&self.controls),
            suppressions: &principals::suppressions(model),
            denied: &denied::table(model, accounts, limits.denied),
            coverage: &coverage::table(model, limits.coverage),
            trails: &coverage::trails(model),
            advice: model.advice.get(..ADVICE_AT_MOST).unwrap_or(&model.advice),
            cards,
            inline: links.inline.len(),
            details: people.owners.len(),
        }
        .render()
    }
}

/// The page, and the files beside it that it needs to stay below `max_mb` million bytes. Users and roles always stand on the page, of other
/// tables as many rows as fit, the worst; details stand on it from the riskiest owner on until it is full.
///
/// # Errors
/// When a template cannot be rendered.
pub fn render(model: &ReportModel, reference: &Reference, max_mb: usize) -> Result<Pages, askama::Error> {
    let people = People::of(model);
    let accounts = Accounts::of(model, &people);
    let style = style(&accounts);
    let (style_hash, script_hash) = (hash(&style), hash(SCRIPT));
    let limits = Limits::default();
    let shown = Shown::of(model, limits.findings);
    let mut parts = Parts {
        model,
        people: &people,
        accounts: &accounts,
        style: &style,
        style_hash: &style_hash,
        script_hash: &script_hash,
        trust: Trust::of(model),
        controls: findings::controls(model),
        numbers: numbers::all(model, &people),
        facets: facets(&accounts),
        changes: changes(model, &shown),
        shown,
        limits,
    };
    // Links to files are longer than links on the page, so that this is the most that the rest can take. A twentieth is for details.
    let most = max_mb.saturating_mul(1_000_000);
    let mut rest = parts.page(&Links::default(), "")?;
    for _ in 0..limits::TRIES {
        let Some(lower) = parts.limits.lower(&rest, most - most / 20) else { break };
        parts.limits = lower;
        parts.shown = Shown::of(model, lower.findings);
        parts.changes = changes(model, &parts.shown);
        rest = parts.page(&Links::default(), "")?;
    }
    let budget = most.saturating_sub(rest.len());
    drop(rest);
    let mut links = Links::default();
    let mut inline = String::new();
    let mut beside: BTreeMap<String, String> = BTreeMap::new();
    for owner in &people.owners {
        if beside.is_empty() {
            let card = cards::render(owner, &people, model, &parts.shown, reference, "", "")?;
            if inline.len() + card.len() <= budget {
                inline.push_str(&card);
                links.inline.insert(owner.id.clone());
                continue;
            }
        }
        let card = cards::render(owner, &people, model, &parts.shown, reference, "../../report.html", "../../")?;
        beside.entry(shard_of(&owner.id).to_owned()).or_default().push_str(&card);
    }
    let main = clean(parts.page(&links, &inline)?);
    let end = day(Some(model.as_of_ms));
    let shard = |(name, cards): (String, String)| {
        let text = Shard { style: &style, style_hash: &style_hash, script_hash: &script_hash, script: SCRIPT, end: &end, name: &name, cards: &cards }.render()?;
        Ok((format!("report/p/{name}.html"), clean(text)))
    };
    let shards = beside.into_iter().map(shard).collect::<Result<Vec<_>, askama::Error>>()?;
    Ok(Pages { main, shards, inline: links.inline.len(), details: people.owners.len() })
}
