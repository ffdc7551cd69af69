//! Hostile texts in every field of findings: no format lets them act on whoever reads it.

use std::io::Cursor;

use calamine::{Reader as _, Xlsx};

use super::formats_test::{NOW, finding, model, written};
use super::review::{ReviewRow, SHEET};
use super::{asff, changes, findings_parquet, metrics, ocsf, review, review_import, sarif};
use crate::report::deliver::IacMap;
use crate::report::escape::is_hidden;
use crate::report::findings::details::Details;
use crate::report::findings::suppressions::{Suppression, Suppressions};
use crate::report::model::ReportModel;
use crate::report::sql::Cell;
use crate::report::{Finding, Status, findings_csv, findings_json, run_json, summary_md};

const HOSTILE: &[&str] = &[
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "=cmd|'/c calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "\t=1+1", "\r=1+1", "=HYPERLINK(\"http://x\")",
    "\u{1b}[31mred\u{1b}[0m", "\u{1b}]8;;http://x\u{7}link\u{1b}]8;;\u{7}", "abc\u{202e}gpj.exe", "\u{200b}\u{feff}", "line\none\r\ntwo", "a|b|c", "`code` ```fence```", "[x](javascript:alert(1))",
    "![x](http://x/y)", "\"quoted\" 'single'", "nul\0byte", "\u{9b}31m", "{{7*7}} ${7*7} {0}", "\\", "a,b;c", "\u{2028}\u{2029}", "]]>", "&amp;&#x41;", "# heading", "}\nfake_metric 1", " ", "\u{85}",
];

fn hostile() -> Vec<Finding> {
    let mut all = Vec::new();
    for (n, text) in HOSTILE.iter().enumerate() {
        let text = (*text).to_owned();
        let details: Details = [("entry".to_owned(), Cell::Text(text.clone())), ("source_class".to_owned(), Cell::Text(text.clone())), ("conditions".to_owned(), Cell::Text(text.clone()))].into_iter().collect();
        let suppression = Suppression { rule: text.clone(), pattern: text.clone(), owner: text.clone(), reason: text.clone(), expires: "2027-01-31".to_owned(), ..Suppression::default() };
        for (status, change) in [(Status::Fail, "new"), (Status::Suppressed, "suppressed")] {
            let number = n * 2 + usize::from(status == Status::Fail);
            all.push(Finding {
                account: if n % 2 == 0 { "111122223333".to_owned() } else { text.clone() },
                resource: text.clone(),
                reason: text.clone(),
                severity: if n % 3 == 0 { text.clone() } else { "HIGH".to_owned() },
                details: details.clone(),
                suppression: (status == Status::Suppressed).then(|| suppression.clone()),
                ..finding(number, status, "HIGH", change)
            });
        }
    }
    all
}

fn night() -> ReportModel {
    let mut night = model(hostile());
    night.unknown = HOSTILE.iter().map(|t| (*t).to_owned()).collect();
    night.suppressions = Suppressions::default();
    night.review = HOSTILE
        .iter()
        .map(|t| ReviewRow { account: (*t).to_owned(), kind: "role", principal: (*t).to_owned(), owner: (*t).to_owned(), policies: vec![(*t).to_owned()], granted: None, used: Some(1), last_used_ms: Some(NOW) })
        .collect();
    night.proposals[0].policy = HOSTILE.concat();
    night
}

/// A file that is read as lines: no character in it changes how others are shown.
fn assert_no_hidden(name: &str, text: &str) {
    let bad: Vec<String> = text.chars().filter(|c| is_hidden(*c) && !matches!(c, '\n' | '\r')).map(|c| c.escape_unicode().to_string()).collect();
    assert!(bad.is_empty(), "{name}: {bad:?}");
}

#[test]
fn no_file_has_hidden_characters() {
    let night = night();
    let mut files = vec![
        ("findings.json".to_owned(), written(|to| findings_json::write(&night, to))),
        ("findings.csv".to_owned(), written(|to| findings_csv::findings(&night, to))),
        ("findings.sarif".to_owned(), sarif::render(&night, &IacMap::default())),
        ("findings.ocsf.json".to_owned(), written(|to| ocsf::write(&night, to))),
        ("changes.ndjson".to_owned(), written(|to| changes::write(&night, to))),
        ("metrics.prom".to_owned(), metrics::render(&night, None)),
        ("summary.md".to_owned(), summary_md::render(&night)),
    ];
    files.extend(asff::render(&night));
    files.iter().for_each(|(name, text)| assert_no_hidden(name, text));
    for (name, text) in files.iter().filter(|(name, _)| name.ends_with(".json") || name.ends_with(".sarif")) {
        assert!(serde_json::from_str::<serde_json::Value>(text).is_ok_and(|v| v.is_object() || v.is_array()), "{name}");
    }
    assert!(files.iter().filter(|(name, _)| name.starts_with("asff/")).all(|(name, _)| !name.contains("..") && name.matches('/').count() == 1));
    assert!(run_json::render(&night).contains("findings"));
}

#[test]
fn what_programs_read_is_what_was_there() {
    let night = night();
    let value: serde_json::Value = serde_json::from_str(&written(|to| findings_json::write(&night, to))).unwrap();
    for (told, f) in value["findings"].as_array().unwrap().iter().zip(&night.findings) {
        assert_eq!((told["resource"].as_str(), told["reason"].as_str()), (Some(f.resource.as_str()), Some(f.reason.as_str())));
    }
    assert_eq!(written(|to| changes::write(&night, to)).lines().count(), night.findings.len(), "one line each");
    assert!(findings_parquet::render(&night).unwrap().ends_with(b"PAR1"));
}

#[test]
fn no_cell_is_a_formula() {
    let night = night();
    let text = written(|to| findings_csv::findings(&night, to));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut rows = 0;
    for record in reader.records() {
        for cell in &record.unwrap() {
            assert!(!cell.starts_with(['=', '+', '-', '@', '\t', '\r']), "{cell}");
        }
        rows += 1;
    }
    assert_eq!(rows, night.findings.len());
    assert_eq!(text.lines().count(), rows + 1, "a finding is a line");

    let book = review::render(&night).unwrap();
    assert_eq!(book, review::render(&night).unwrap(), "the same bytes every time");
    let mut read: Xlsx<_> = Xlsx::new(Cursor::new(book)).unwrap();
    for sheet in read.sheet_names() {
        assert!(read.worksheet_formula(&sheet).unwrap().is_empty(), "{sheet} has a formula");
    }
    let range = read.worksheet_range(SHEET).unwrap();
    assert_eq!(range.rows().count(), HOSTILE.len() + 1);
    for cell in range.cells().map(|(_, _, cell)| cell.to_string()) {
        assert_no_hidden("access_review.xlsx", &cell);
    }
}

#[test]
fn markdown_stays_a_table() {
    let text = summary_md::render(&night());
    let bare = text.replace("\\]", "");
    assert!(!bare.contains('<') && !bare.contains("](") && !bare.contains("```"), "{text}");
    let table: Vec<&str> = text.lines().filter(|l| l.starts_with("| FAIL")).collect();
    assert_eq!(table.len(), 30);
    for line in table {
        assert_eq!(line.replace("\\|", "").matches('|').count(), 6, "{line}");
    }
}

#[test]
fn no_link_begins_in_a_sarif_message() {
    let value: serde_json::Value = serde_json::from_str(&sarif::render(&night(), &IacMap::default())).unwrap();
    for result in value.pointer("/runs/0/results").unwrap().as_array().unwrap() {
        let text = result["message"]["text"].as_str().unwrap();
        assert_no_hidden("message", text);
        assert!(!text.replace("\\\\", "").replace("\\[", "").contains('['), "{text}");
    }
}

#[test]
fn metrics_have_no_lines_of_others() {
    let text = metrics::render(&night(), None);
    for line in text.lines() {
        assert!(line.starts_with("# ") || line.starts_with("trailtrim_"), "{line}");
        assert!(!line.starts_with("trailtrim_") || line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line}");
    }
}

#[test]
fn suppressions_of_a_review_are_toml_whatever_was_typed() {
    for text in HOSTILE.iter().filter(|t| !t.trim().is_empty()) {
        let entry = Suppression { rule: "role-unused".to_owned(), pattern: "00000000000000000000".to_owned(), owner: (*text).to_owned(), reason: (*text).to_owned(), expires: "2027-01-31".to_owned(), ..Suppression::default() };
        let read = Suppressions::parse(&review_import::toml(std::slice::from_ref(&entry)), NOW);
        assert_eq!(read.problems, Vec::<String>::new());
        assert_eq!(read.entries.iter().map(|e| &e.suppression).collect::<Vec<_>>(), [&entry]);
    }
}
