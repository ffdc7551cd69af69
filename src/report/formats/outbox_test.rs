//! Tickets: who gets one, of what, and that no text of others acts in them.

use super::outbox::{NOBODY, Templates, render};
use crate::report::model::ReportModel;
use crate::report::page_facts::PrincipalFacts;
use crate::report::sql::Cell;
use crate::report::{Finding, Status, reports};

const HOSTILE: &[&str] = &["[x](javascript:alert(1))", "<script>alert(2)</script>", "a\u{202e}b\u{1b}[31m", "{{ 7 * 7 }}{% raw %}", "\"},{\"a\":\"", "| a | `b` |\n# c"];

fn finding(resource: &str, change: &'static str, status: Status, reason: &str) -> Finding {
    Finding {
        uid: format!("{:020x}", resource.len()), report: "key-age".to_owned(), status, severity: "HIGH".to_owned(), account: "111122223333".to_owned(), resource: resource.to_owned(), reason: reason.to_owned(),
        change, first_seen_ms: Some(1_792_490_400_000), details: [("age_days".to_owned(), Cell::Int(400))].into_iter().collect(), ..Finding::default()
    }
}

/// A night with owners, one of them hostile.
fn night() -> ReportModel {
    let mut model = ReportModel { version: "1".to_owned(), as_of_ms: 1_793_491_200_000, reports: reports().unwrap(), ..ReportModel::default() };
    let mut owned = |arn: &str, owner: Option<&str>| model.page.principals.insert(arn.to_owned(), PrincipalFacts { owner: owner.map(str::to_owned), ..PrincipalFacts::default() });
    owned("arn:a", Some("platform"));
    owned("arn:b", Some("platform"));
    owned("arn:c", Some("../../etc"));
    owned("arn:d", Some(" "));
    model.findings = vec![
        finding("arn:a", "new", Status::Fail, "older than 90 days"),
        finding("arn:b", "fixed", Status::Pass, "rotated"),
        finding("arn:b", "open", Status::Fail, "as before"),
        finding("arn:c", "reopened", Status::Fail, &HOSTILE.join(" ")),
        finding("arn:d", "changed", Status::Fail, "another reason"),
        finding("arn:d", "new", Status::Fail, "nobody answers for it"),
        finding("arn:e", "not evaluated", Status::Unknown, "no input"),
    ];
    model
}

fn templates(files: &[(&str, &str)]) -> Result<Templates, super::outbox::TicketError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    Templates::load(Some(folder.path()))
}

#[test]
fn each_owner_has_a_ticket_of_what_is_new_came_back_or_was_fixed() {
    let tickets = render(&night(), &Templates::load(None).unwrap()).unwrap();
    let names: Vec<&str> = tickets.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert!(names[0].starts_with("outbox/_") && !names[0][7..].contains('/'), "{names:?}");
    assert_eq!(names[1..], ["outbox/nobody.md", "outbox/platform.md"]);
    let platform = &tickets[2].1;
    assert!(platform.starts_with("# 2 changes of permissions for platform, 2026-11-01\n"), "{platform}");
    assert!(platform.contains("HIGH new: ") && platform.contains("HIGH fixed: ") && !platform.contains("as before") && platform.contains("older than 90 days"), "{platform}");
    assert!(tickets[1].1.contains("nobody answers for it") && !tickets[1].1.contains("another reason"), "{NOBODY}");
    let mut again = night();
    again.findings.iter_mut().for_each(|f| f.change = "open");
    assert!(render(&again, &Templates::load(None).unwrap()).unwrap().is_empty(), "a night without changes has no tickets");
}

#[test]
fn no_text_of_others_acts_in_a_ticket() {
    let of = |name: &str, text: &str| {
        let all = render(&night(), &templates(&[(name, text)]).unwrap()).unwrap();
        all.into_iter().find(|(_, t)| t.contains("alert")).unwrap().1
    };
    let markdown = of("default.md", "{% for f in findings %}{{ f.reason }}{% endfor %}");
    assert!(!markdown.contains("[x](") && !markdown.contains("<script") && !markdown.contains(['\u{202e}', '\u{1b}']) && markdown.contains("{{ 7 \\* 7 }}"), "{markdown}");
    let html = of("default.html.j2", "<b>{% for f in findings %}{{ f.reason }}{% endfor %}</b>");
    assert!(html.starts_with("<b>") && !html.contains("<script") && html.contains("&lt;script"), "{html}");
    let json = of("default.json", "[{% for f in findings %}{{ f }}{% if not loop.last %},{% endif %}{% endfor %}]");
    let read: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(read[0]["reason"], HOSTILE.join(" "), "programs get the text that was there");
    assert_eq!(read[0]["details"]["age_days"], 400);
    assert!(!json.contains(['\u{202e}', '\u{1b}']), "{json}");
    let text = of("default.txt", "{% for f in findings %}{{ f.reason }}{% endfor %}");
    assert!(text.contains("\\u{202e}") && text.lines().count() == 1, "a line break in a text is none in the ticket: {text}");
}

#[test]
fn owners_have_templates_of_their_own() {
    let all = render(&night(), &templates(&[("platform.txt", "for {{ owner }}: {{ findings | length }}"), ("default.md", "others")]).unwrap()).unwrap();
    assert!(all.contains(&("outbox/platform.txt".to_owned(), "for platform: 2".to_owned())), "{all:?}");
    assert_eq!(all.iter().filter(|(_, text)| text == "others").count(), 2);
    let only = render(&night(), &templates(&[("platform.txt", "x")]).unwrap()).unwrap();
    assert_eq!(only.len(), 1, "without a default nobody else has one");
}

#[test]
fn a_template_that_is_none_is_named_before_the_work() {
    for (files, words) in [
        (&[("default.md", "\n{% for %}")][..], "line 2"),
        (&[], "no template"),
        (&[("default.md", "x"), ("default.txt", "y")], "two templates"),
    ] {
        let error = templates(files).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
    assert!(Templates::load(Some(std::path::Path::new("/nowhere/x.md"))).is_err());
    for (text, words) in [("{{ nothing.there }}", "undefined"), ("{% for a in range(10000) %}{% for b in range(10000) %}{{ a }}{% endfor %}{% endfor %}", "fuel")] {
        let error = render(&night(), &templates(&[("default.md", text)]).unwrap()).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn owners_whose_names_differ_by_case_have_files_of_their_own() {
    let mut model = night();
    for (arn, owner) in [("arn:a", "Deploy"), ("arn:b", "deploy"), ("arn:c", "DEPLOY")] {
        model.page.principals.insert(arn.to_owned(), PrincipalFacts { owner: Some(owner.to_owned()), ..PrincipalFacts::default() });
    }
    let tickets = render(&model, &Templates::load(None).unwrap()).unwrap();
    let names: std::collections::BTreeSet<String> = tickets.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    assert_eq!((tickets.len(), names.len()), (4, 4), "{names:?}");
}
