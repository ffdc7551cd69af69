//! `report.html`: one file that needs nothing else. The model is turned into a view here; the template
//! (`reports/templates/report.html`) only lays it out, and escapes every text.

use askama::Template;
use base64::Engine as _;
use sha2::Digest as _;

use super::Status;
use super::advice::shown;
use crate::reduce::advice::Advice;
use super::escape::visible;
use super::model::{ProposalRow, ReportModel, day};
use super::policy_files::said_alike;
use super::sql::Cell;
use crate::reference::Reference;

const STYLE: &str = include_str!("../../reports/templates/report.css");

/// One coverage strip: account, name, share and its days as rectangles.
struct Strip {
    account: String,
    name: String,
    share: String,
    days: Vec<(usize, String, &'static str)>,
    width: usize,
}

/// One report section.
struct Section {
    id: String,
    title: String,
    question: String,
    why: String,
    fix: String,
    limits: String,
    counts: Vec<(&'static str, usize)>,
    columns: Vec<String>,
    rows: Vec<FindingView>,
}

struct FindingView {
    status: &'static str,
    mark: &'static str,
    severity: String,
    resource: String,
    reason: String,
    change: &'static str,
    cells: Vec<String>,
}

/// One bar of the privilege gap: widths in thousandths.
struct Bar {
    label: String,
    used: usize,
    kept: usize,
    dropped: usize,
    text: String,
}

struct PolicyView<'a> {
    row: &'a ProposalRow,
    mark: &'static str,
    groups: Vec<(String, usize, String, String)>,
    why: String,
    owner: String,
    policy: String,
    proposed: Vec<String>,
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    m: &'a ReportModel,
    style: &'static str,
    style_hash: String,
    start: String,
    end: String,
    trust: Vec<String>,
    held: String,
    numbers: Vec<(String, String)>,
    todo: Vec<(String, String)>,
    changed: Vec<String>,
    strips: Vec<Strip>,
    bars: Vec<Bar>,
    sections: Vec<Section>,
    policies: Vec<PolicyView<'a>>,
    policies_left_out: usize,
    advice: &'a [Advice],
}

fn mark(status: Status) -> &'static str {
    match status {
        Status::Fail => "✕",
        Status::Unknown => "?",
        Status::Pass => "✓",
        Status::NotApplicable => "–",
        Status::Suppressed => "~",
    }
}

fn cell_text(column: &str, cell: &Cell) -> String {
    match cell {
        Cell::Int(ms) if column.ends_with("_ms") => day(Some(*ms)),
        Cell::Bool(true) => "yes".to_owned(),
        Cell::Bool(false) => "no".to_owned(),
        other => visible(&other.text()),
    }
}

fn sections(model: &ReportModel) -> Vec<Section> {
    model
        .reports
        .iter()
        .map(|report| {
            let findings: Vec<_> = model.findings_of(&report.id).collect();
            let count = |s: Status| findings.iter().filter(|f| f.status == s).count();
            let counts = [Status::Fail, Status::Unknown, Status::Pass, Status::NotApplicable].map(|s| (s.as_str(), count(s)));
            Section {
                id: report.id.clone(),
                title: report.title.clone(),
                question: report.question.clone(),
                why: report.why.clone(),
                fix: report.fix.clone(),
                limits: report.limits.clone(),
                counts: counts.into_iter().filter(|(_, n)| *n > 0).collect(),
                columns: report.columns.iter().map(|c| c.trim_end_matches("_ms").replace('_', " ")).collect(),
                rows: findings
                    .into_iter()
                    .map(|f| FindingView {
                        status: f.status.as_str(),
                        mark: mark(f.status),
                        severity: f.severity.clone(),
                        resource: visible(&f.resource),
                        reason: visible(&f.reason),
                        change: f.change,
                        cells: report
                            .columns
                            .iter()
                            .map(|c| f.details.iter().find(|(k, _)| k == c).map(|(k, v)| cell_text(k, v)).unwrap_or_default())
                            .collect(),
                    })
                    .collect(),
            }
        })
        .collect()
}

fn strips(model: &ReportModel) -> Vec<Strip> {
    model
        .coverage
        .iter()
        .map(|a| Strip {
            account: visible(&a.account),
            name: visible(&a.name),
            share: format!("{}.{} %", a.share_permille / 10, a.share_permille % 10),
            width: a.days.len() * 7,
            days: a.days.iter().enumerate().map(|(at, (d, s))| (at * 7, d.clone(), *s)).collect(),
        })
        .collect()
}

fn bars(model: &ReportModel) -> Vec<Bar> {
    let mut rows: Vec<&ProposalRow> = model.proposals.iter().filter(|p| p.current.is_some() && p.placement != "trust").collect();
    let dropped = |p: &ProposalRow| p.verdicts.get("drop").copied().unwrap_or(0);
    rows.sort_by(|a, b| (dropped(b), &a.owner_arn, &a.policy).cmp(&(dropped(a), &b.owner_arn, &b.policy)));
    rows.iter()
        .take(25)
        .filter_map(|p| {
            let of = |words: &[&str]| words.iter().filter_map(|w| p.verdicts.get(w)).sum::<usize>();
            let (used, gone) = (of(&["keep-used", "narrow"]), dropped(p));
            let kept = of(&["keep-unobservable", "keep-young", "keep-dependent", "keep-cadence", "keep-listed"]);
            let all = used + gone + kept;
            (all > 0).then(|| Bar {
                label: visible(&format!("{} / {}", p.owner, p.policy)),
                used: used * 1000 / all,
                kept: kept * 1000 / all,
                dropped: gone * 1000 / all,
                text: format!("{used} used, {kept} kept unseen, {gone} to drop"),
            })
        })
        .collect()
}

/// From how many pieces of advice on the page shows only the first.
const ADVICE_AT_MOST: usize = 300;

/// From how many policies on the page shows only the ones of which most goes; all have their folders.
const POLICIES_AT_MOST: usize = 300;

/// The policies to show, in report order: where they are many, first what is dangerous and goes, then what goes.
fn policies_shown(model: &ReportModel) -> Vec<&ProposalRow> {
    let gone = |p: &ProposalRow| (p.status == "defect", p.risky_dropped.len(), p.actions_before.saturating_sub(p.actions_after));
    let mut places: Vec<(usize, &ProposalRow)> = model.proposals.iter().enumerate().collect();
    if places.len() > POLICIES_AT_MOST {
        places.sort_by(|(at, a), (bt, b)| gone(b).cmp(&gone(a)).then(at.cmp(bt)));
        places.truncate(POLICIES_AT_MOST);
        places.sort_by_key(|(at, _)| *at);
    }
    places.into_iter().map(|(_, p)| p).collect()
}

fn policies<'m>(model: &'m ReportModel, reference: &Reference) -> Vec<PolicyView<'m>> {
    policies_shown(model)
        .into_iter()
        .map(|row| {
            PolicyView {
                row,
                mark: match row.status {
                    "written" => "✓",
                    "defect" => "✕",
                    "withheld" => "?",
                    _ => "–",
                },
                groups: said_alike(row, reference, 60)
                    .into_iter()
                    .map(|g| {
                        let shown: Vec<String> = g.names.iter().map(|a| visible(a)).collect();
                        let names = if g.has_more { format!("{} … and more in evidence.json", shown.join(", ")) } else { shown.join(", ") };
                        (g.verdict.to_owned(), g.count, visible(&g.reason), names)
                    })
                    .collect(),
                why: visible(&row.why),
                owner: visible(&row.owner),
                policy: visible(&row.policy),
                proposed: row.proposed.iter().map(shown).collect(),
            }
        })
        .collect()
}

fn todo(model: &ReportModel) -> Vec<(String, String)> {
    let mut list: Vec<(usize, String, String)> = Vec::new();
    for f in model.findings.iter().filter(|f| f.status == Status::Fail) {
        let weight = match f.severity.as_str() {
            "CRITICAL" => 100_000,
            "HIGH" => 10_000,
            _ => 10,
        };
        list.push((weight, visible(&f.resource), format!("{} ({}): {}", f.severity, f.report, visible(&f.reason))));
    }
    for p in model.proposals_with("written") {
        let gone = p.actions_before.saturating_sub(p.actions_after);
        let risky = p.risky_dropped.len();
        if gone > 0 {
            let gain = if risky > 0 { format!("removes {gone} actions, {risky} of them dangerous") } else { format!("removes {gone} actions") };
            list.push((risky * 500 + gone.min(400), visible(&format!("{} / {}", p.owner_arn, p.policy)), gain));
        }
    }
    list.sort_by(|a, b| (b.0, &a.1, &a.2).cmp(&(a.0, &b.1, &b.2)));
    list.into_iter().take(10).map(|(_, what, why)| (what, why)).collect()
}

/// The page's text.
///
/// # Errors
/// When the template cannot be rendered.
pub fn render(model: &ReportModel, reference: &Reference) -> Result<String, askama::Error> {
    let (before, after) = model.actions_before_after();
    let written = model.proposals_with("written").count();
    let proved = model.proposals.iter().filter(|p| p.status == "written" && p.containment == "proved").count();
    let failing = |id: &str| model.findings_of(id).filter(|f| f.status == Status::Fail).count();
    let compared = model.proposals.iter().filter(|p| p.status == "written" && p.current.is_some()).count();
    let mut numbers = vec![
        ("granted actions".to_owned(), if before > 0 && compared > 0 { format!("{before} → {after}") } else { "unknown".to_owned() }),
        ("policies proposed".to_owned(), written.to_string()),
        ("calls newly denied".to_owned(), model.replay.newly_denied.to_string()),
        ("containment proved".to_owned(), if compared > 0 { format!("{proved} of {compared}") } else { "no grants given".to_owned() }),
    ];
    numbers.extend(model.reports.iter().map(|r| (r.title.to_lowercase(), failing(&r.id).to_string())));
    let mut changed = Vec::new();
    for change in ["new", "changed", "reopened", "fixed", "open"] {
        let n = model.findings.iter().filter(|f| f.change == change).count();
        if n > 0 {
            changed.push(format!("{n} {change}"));
        }
    }
    let mut trust: Vec<String> = model.unknown.iter().map(|u| visible(u)).collect();
    if model.ledger.rejected > 0 {
        trust.push(format!("{} log records were rejected (listed at the end)", model.ledger.rejected));
    }
    let page = Page {
        m: model,
        style: STYLE,
        style_hash: format!("sha256-{}", base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(STYLE.as_bytes()))),
        start: day(Some(model.window_start_ms)),
        end: day(Some(model.as_of_ms)),
        trust,
        held: super::doctor_text::held(&model.exports.holdings),
        numbers,
        todo: todo(model),
        changed,
        strips: strips(model),
        bars: bars(model),
        sections: sections(model),
        policies: policies(model, reference),
        advice: model.advice.get(..ADVICE_AT_MOST).unwrap_or(&model.advice),
        policies_left_out: model.proposals.len().saturating_sub(POLICIES_AT_MOST),
    };
    page.render()
}
