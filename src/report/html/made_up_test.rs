//! The page of a made-up organisation: ten thousand roles, and texts that would like to act.

use std::collections::BTreeSet;

use super::super::blast_text::{BlastFacts, BlastRow, BlastSide};
use super::super::findings::Finding;
use super::super::model::{AccountDays, HolderRow, ProposalRow, ReportModel};
use super::super::page_facts::{CredentialFacts, DeniedCluster, HumanHours, PageFacts, PrincipalFacts, ServiceUse, SuppressionFacts, TrendNight};
use super::super::sql::Cell;
use super::super::{Status, reports};
use super::{MAX_MB, Pages, render};
use crate::policy::PolicyDocument;
use crate::reduce::{ActionVerdict, Verdict, VerdictGroup};
use crate::reference::Reference;

const DAY: i64 = 86_400_000;
const NOW: i64 = 20_758 * DAY;

/// Texts that break out of markup, of attributes, of scripts and of reading order.
const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(2)>",
    "'onmouseover='alert(3)",
    "</script><script>alert(4)</script>",
    "</style><svg onload=alert(5)>",
    "</title></caption></table><iframe src=javascript:alert(6)>",
    "a\u{202e}b\u{2066}c\u{200b}\u{feff}",
    "\u{1b}[31mred\u{0}\u{2028}\u{2029}",
    "javascript:alert(7)",
    "{{ 7 * 7 }} ${7*7} {% raw %}",
];

fn document(actions: &str) -> PolicyDocument {
    crate::policy::parse_text(&format!(r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":[{actions}],"Resource":"*"}}]}}"#)).unwrap()
}

fn finding(report: &str, account: &str, resource: &str, number: usize, status: Status, reason: &str) -> Finding {
    Finding {
        uid: format!("{number:020x}"),
        report: report.to_owned(),
        status,
        severity: ["CRITICAL", "HIGH", "MEDIUM", "LOW"][number % 4].to_owned(),
        account: account.to_owned(),
        resource: resource.to_owned(),
        reason: reason.to_owned(),
        details: [
            ("role_name".to_owned(), Cell::Text(resource.to_owned())),
            ("entry".to_owned(), Cell::Text(format!("arn:aws:iam::{:012}:root", number % 97))),
            ("source_class".to_owned(), Cell::Text("unknown-external".to_owned())),
            ("calls".to_owned(), if number.is_multiple_of(3) { Cell::Null } else { Cell::Int(i64::try_from(number).unwrap()) }),
            ("last_seen_ms".to_owned(), Cell::Int(NOW - DAY)),
            ("requires_external_id".to_owned(), Cell::Bool(number.is_multiple_of(2))),
        ]
        .into_iter()
        .collect(),
        first_seen_ms: Some(NOW - i64::try_from(number % 200).unwrap() * DAY),
        change: ["new", "open", "changed", "reopened"][number % 4],
        ..Finding::default()
    }
}

fn proposal(account: &str, name: &str, arn: &str, at: usize, reference: &Reference) -> ProposalRow {
    let all = reference.set_of("s3:*");
    let mut used = ActionVerdict::new(0, None, "s3:GetObject", Verdict::KeepUsed, "used in the window");
    used.calls = 12;
    ProposalRow {
        account: account.to_owned(),
        kind: "role".to_owned(),
        owner: name.to_owned(),
        owner_arn: arn.to_owned(),
        policy: format!("policy-{at}"),
        path: "/".to_owned(),
        holders: vec![HolderRow::default()],
        placement: "inline".to_owned(),
        status: "written",
        actions_before: all.len(),
        actions_after: 1,
        verdicts: [("keep-used", 1), ("drop", all.len() - 1)].into(),
        risky_dropped: vec!["s3:PutBucketPolicy".to_owned()],
        sizes: (400, 200, 10_240),
        containment: "proved".to_owned(),
        members: vec![arn.to_owned()],
        folder: format!("{account}/role/{at}"),
        stem: format!("policy-{at}"),
        current: Some(std::sync::Arc::new(document(r#""s3:*""#))),
        proposed: vec![document(r#""s3:GetObject""#)],
        evidence: vec![used].into(),
        groups: vec![VerdictGroup { statement: 0, sid: None, verdict: Verdict::Drop, confidence: "high", reason: "not used".into(), actions: all }],
        ..ProposalRow::default()
    }
}

/// An organisation with so many roles.
pub fn organisation(roles: usize, reference: &Reference) -> ReportModel {
    let mut model = ReportModel { version: "1".to_owned(), as_of_ms: NOW, window_start_ms: NOW - 90 * DAY, window_days: 90, mode: "made up", ..ReportModel::default() };
    model.reports = reports().unwrap();
    // Some controls that fail many; the others are there without findings.
    let ids = ["key-age", "key-unused", "role-unused", "user-unused", "external-access"].map(str::to_owned);
    let accounts: Vec<String> = (0..60).map(|n| format!("{:012}", 100_000_000_000_u64 + n)).collect();
    let mut page = PageFacts::default();
    let mut blast = BlastFacts::default();
    for at in 0..roles {
        let account = &accounts[at % accounts.len()];
        let hostile = HOSTILE[at % HOSTILE.len()];
        let name = if at.is_multiple_of(50) { format!("role-{at}-{hostile}") } else { format!("some-application-role-{at:05}") };
        let arn = format!("arn:aws:iam::{account}:role/{name}");
        page.principals.insert(
            arn.clone(),
            PrincipalFacts {
                account: account.clone(),
                kind: "role".to_owned(),
                name: name.clone(),
                owner: Some(hostile.to_owned()),
                created_ms: Some(NOW - 500 * DAY),
                last_used_ms: (!at.is_multiple_of(5)).then_some(NOW - i64::try_from(at % 400).unwrap() * DAY),
                last_used_known: true,
                calls: [5, 1, 0],
                days: (0..90).map(|d| if (d + at).is_multiple_of(3) { i64::try_from(d * at).unwrap() } else { 0 }).collect(),
                is_managed: false,
            },
        );
        model.proposals.push(proposal(account, &name, &arn, at, reference));
        let side = BlastSide { risk: at % 900, admin: if at.is_multiple_of(40) { "yes" } else { "no" }, path: hostile.replace(|c: char| c.is_control() || !c.is_ascii(), "?"), ..BlastSide::default() };
        blast.rows.push(BlastRow { account: account.clone(), principal: super::super::escape::visible(&arn), kind: "role", before: side, after: BlastSide { admin: "no", ..BlastSide::default() }, ..BlastRow::default() });
        for report in ids.iter().filter(|id| *id != "external-access" || at.is_multiple_of(4)) {
            let number = model.findings.len();
            let status = match (number * 7 + at) % 8 {
                0 => Status::Fail,
                1 => Status::Unknown,
                _ => Status::Pass,
            };
            let mut made = finding(report, account, &arn, number, status, if at.is_multiple_of(50) { hostile } else { "not used for longer than the limit" });
            if status != Status::Fail {
                made.change = "";
            }
            model.findings.push(made);
        }
    }
    for (at, account) in accounts.iter().enumerate() {
        let days = (0..90).map(|d| (format!("2026-{:02}-{:02}", d / 30 + 8, d % 30 + 1), if (d + at).is_multiple_of(17) { "missing" } else { "complete" })).collect();
        model.coverage.push(AccountDays { account: account.clone(), name: HOSTILE[at % HOSTILE.len()].to_owned(), days, share_permille: 930, ..AccountDays::default() });
        for (n, service) in ["s3", "sts", "<b>x</b>"].into_iter().enumerate() {
            page.services.push(ServiceUse { account: account.clone(), service: service.to_owned(), calls: i64::try_from(n * 1000 + at).unwrap(), principals: n });
        }
    }
    page.credentials = Some(
        HOSTILE
            .iter()
            .enumerate()
            .map(|(at, text)| CredentialFacts {
                account: accounts[0].clone(),
                user: (*text).to_owned(),
                slot: "access_key_1".to_owned(),
                key_id: Some((*text).to_owned()),
                active: Some(true),
                made_ms: Some(NOW - i64::try_from(at * 60).unwrap() * DAY),
                last_used_service: Some((*text).to_owned()),
                ..CredentialFacts::default()
            })
            .collect(),
    );
    page.human_hours = Some(HumanHours { roles: 3, calls: (0..168).map(|hour| if hour % 24 < 7 { 0 } else { hour * hour * hour / 40 }).collect() });
    page.trend = (0..40).map(|n| TrendNight { as_of_ms: NOW - (40 - n) * DAY, failing: [n % 3, n, 40 - n, 5], granted: None }).collect();
    let text = |at: usize| HOSTILE[at % HOSTILE.len()].to_owned();
    page.denied = Some((0..HOSTILE.len()).map(|at| DeniedCluster { account: text(at), layer: text(at), known_by: text(at), statement: text(at), principal: text(at), action: text(at), resource: text(at), calls: 3, last_seen_ms: None, change: text(at), advice: text(at) }).collect());
    page.suppressions = Some((0..HOSTILE.len()).map(|at| SuppressionFacts { rule: text(at), matches: text(at), owner: text(at), reason: text(at), expires: text(at), days_left: 3, findings: 1 }).collect());
    model.unknown = HOSTILE.iter().map(|t| (*t).to_owned()).collect();
    model.rejections = model.unknown.clone();
    model.skipped = HOSTILE.iter().map(|t| [(*t).to_owned(), (*t).to_owned(), (*t).to_owned()]).collect();
    model.page = page;
    model.blast = Some(blast);
    super::super::findings::sort(&mut model.findings);
    model
}

/// Values of an attribute, quoted or not, anywhere in the text.
fn attributes<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let start = format!(" {name}=");
    text.split(&start as &str)
        .skip(1)
        .map(|rest| match rest.strip_prefix('"') {
            Some(quoted) => quoted.split('"').next().unwrap(),
            None => rest.split([' ', '>']).next().unwrap(),
        })
        .collect()
}

/// The page without style and script.
fn body(page: &str) -> String {
    let (before, rest) = page.split_once("<style>").unwrap();
    let (_, rest) = rest.split_once("</style>").unwrap();
    let (inside, _) = rest.rsplit_once("<script>").unwrap();
    format!("{before}{inside}")
}

fn ids(page: &str) -> BTreeSet<&str> {
    let all = attributes(page, "id");
    let set: BTreeSet<&str> = all.iter().copied().collect();
    assert_eq!(set.len(), all.len(), "an id stands twice");
    set
}

/// Rows of a table.
fn rows(page: &str, id: &str) -> usize {
    page.split(&format!(" id={id}><caption")).nth(1).unwrap().split("</table>").next().unwrap().matches("\n<tr").count()
}

/// Nothing acts, every id is there once, every link leads somewhere.
fn check(pages: &Pages) {
    let main = body(&pages.main);
    let shards: Vec<(String, String)> = pages.shards.iter().map(|(name, text)| (name.clone(), body(text))).collect();
    let main_ids = ids(&main);
    for (name, text) in shards.iter().map(|(n, t)| (n.as_str(), t)).chain([("report.html", &main)]) {
        let lower = text.to_lowercase();
        for bad in ["<script", "<img", "<iframe", "<svg onload", "<b>x", "\u{202e}", "\u{2066}", "\u{200b}", "\u{feff}", "\u{1b}", "\u{0}", "\u{2028}", " onerror=alert(2)>", "href=\"javascript", "href=javascript", " style="] {
            assert!(!lower.contains(bad), "{name} has {bad}: {}", &lower[lower.find(bad).unwrap().saturating_sub(80)..][..160]);
        }
        for handler in ["onmouseover", "onload", "onerror", "onclick"] {
            let in_tag = text.split('<').filter_map(|part| part.split_once('>')).filter(|(tag, _)| tag.contains(&format!(" {handler}=")) && !tag.contains('"')).count();
            assert_eq!(in_tag, 0, "{name}: {handler} stands in a tag");
        }
        let own = ids(text);
        for link in attributes(text, "href") {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            match file {
                "" => assert!(own.contains(anchor), "{name}: no {link}"),
                "../../report.html" => assert!(anchor.is_empty() || main_ids.contains(anchor), "{name}: no {link}"),
                _ if file.starts_with("report/p/") => {
                    let (_, shard) = shards.iter().find(|(n, _)| n == file).unwrap_or_else(|| panic!("no {file}"));
                    assert!(attributes(shard, "id").contains(&anchor), "{link}");
                }
                _ => assert!(["policies/", "../../policies/", "findings.", "../../findings.", "advice.json"].iter().any(|own| file.starts_with(own)), "{name}: {link}"),
            }
        }
        for of in attributes(text, "aria-labelledby").iter().flat_map(|v| v.split(' ')) {
            assert!(own.contains(of), "{name}: nothing is called {of}");
        }
    }
}

#[test]
fn a_small_organisation_stands_on_one_page() {
    let reference = Reference::bundled().unwrap();
    let model = organisation(120, reference);
    let pages = render(&model, reference, MAX_MB).unwrap();
    assert!(pages.shards.is_empty());
    assert_eq!((pages.inline, pages.details), (120, 120));
    check(&pages);
    assert_eq!(render(&model, reference, MAX_MB).unwrap().main, pages.main);
    for words in ["Verdicts that rest on gaps", "Suppressions that end", "closes", "Failing findings by night", "Age of access keys", "When people work in roles", "the most on Sunday 23:00", "bars as long as the number of grants"] {
        assert!(pages.main.contains(words), "{words}");
    }
    assert!(super::SCRIPT.len() <= 20_000, "the script is {} bytes", super::SCRIPT.len());
}

#[test]
fn what_does_not_fit_stands_beside() {
    let reference = Reference::bundled().unwrap();
    let model = organisation(1_200, reference);
    let pages = render(&model, reference, 2).unwrap();
    assert!(pages.inline > 0 && pages.inline < pages.details, "{} of {}", pages.inline, pages.details);
    assert!(pages.main.len() <= 2_000_000, "{} bytes", pages.main.len());
    assert!(pages.main.contains(&format!("Details for {} of {}", pages.inline, pages.details)));
    check(&pages);
    let none = render(&model, reference, 0).unwrap();
    assert_eq!(none.inline, 0, "no details");
    for (pages, what) in [(&pages, "2 MB"), (&none, "0 MB")] {
        assert_eq!(rows(&pages.main, "principals-table"), 1_200, "{what}: users and roles are never left out");
    }
    let whole = render(&model, reference, 100).unwrap();
    for id in ["findings-table", "policies-table"] {
        let [few, all] = [&none, &whole].map(|p| rows(&p.main, id));
        assert!(few == 200 && all > 200, "{id}: {few} of {all}");
        // What stays is the beginning of what there was, and the page says how much is missing.
        let worst = whole.main.split(&format!(" id={id}><caption")).nth(1).unwrap().split("<tr").nth(150).unwrap();
        assert!(none.main.contains(worst.split(" href=").next().unwrap()), "{id}: {worst}");
    }
    assert!(none.main.contains("1000 more stand in run.json and below policies/"));
    let failing = model.findings.iter().filter(|f| f.status == Status::Fail).count();
    assert!(none.main.contains(&format!("{} more stand in <a href=\"findings.csv\">", failing - 200)), "what fails and has no row");
    check(&none);
}

#[test]
fn nothing_known_is_said() {
    let reference = Reference::bundled().unwrap();
    let pages = render(&ReportModel { reports: reports().unwrap(), ..ReportModel::default() }, reference, MAX_MB).unwrap();
    check(&pages);
    assert!(pages.main.contains("not known") && pages.main.contains("Nothing fails"), "{}", pages.main);
}

#[test]
fn ten_thousand_roles_fit() {
    let reference = Reference::bundled().unwrap();
    let model = organisation(10_000, reference);
    let start = std::time::Instant::now();
    let pages = render(&model, reference, MAX_MB).unwrap();
    println!("10,000 roles: {} bytes, {} of {} details inline, {} files beside, {:?}", pages.main.len(), pages.inline, pages.details, pages.shards.len(), start.elapsed());
    // The browser's test looks at the same page.
    if let Some(folder) = std::env::var_os("TRAILTRIM_MADE_UP_PAGE").map(std::path::PathBuf::from) {
        for (name, text) in pages.shards.iter().map(|(n, t)| (n.as_str(), t)).chain([("report.html", &pages.main)]) {
            let path = folder.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }
    assert!(pages.main.len() <= MAX_MB * 1_000_000, "{} bytes", pages.main.len());
    assert_eq!(pages.details, 10_000);
    check(&pages);
}
