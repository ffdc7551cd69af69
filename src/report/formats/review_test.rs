//! The access review there and back: written, filled in as people do, read, and its entries suppress.

use std::path::Path;

use calamine::{Data, Reader as _, Xlsx};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};

use super::formats_test::{NOW, finding, model};
use super::review::{COLUMNS, ReviewRow, SHEET, render};
use super::review_import::{Imported, import, toml};
use crate::report::findings::suppressions::Suppressions;
use crate::report::model::ReportModel;
use crate::report::{Finding, Status};

fn night() -> ReportModel {
    let row = |n: usize| ReviewRow { account: "111122223333".to_owned(), kind: "role", principal: format!("arn:aws:iam::111122223333:role/r{n}"), owner: "team".to_owned(), granted: Some(7), ..ReviewRow::default() };
    let mut night = model((0..6).map(|n| finding(n, Status::Fail, "HIGH", "open")).collect());
    night.findings.push(Finding { resource: "arn:aws:iam::111122223333:role/r0".to_owned(), ..finding(7, Status::Fail, "LOW", "open") });
    night.review = (0..6).map(row).collect();
    night
}

/// The workbook with decisions, as a person leaves it.
fn filled(path: &Path, decisions: &[(usize, &str, &str, &str)], typed_dates: bool) {
    let written = render(&night()).unwrap();
    let mut read: Xlsx<_> = Xlsx::new(std::io::Cursor::new(written)).unwrap();
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(SHEET).unwrap();
    for (row, cells) in (0_u32..).zip(read.worksheet_range(SHEET).unwrap().rows()) {
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Data::Float(n) => _ = sheet.write_number(row, column, *n).unwrap(),
                Data::Empty => {}
                cell => _ = sheet.write_string(row, column, cell.to_string()).unwrap(),
            }
        }
    }
    for (n, decision, reviewer, date) in decisions {
        let row = u32::try_from(*n).unwrap() + 1;
        sheet.write_string(row, 9, *decision).unwrap();
        sheet.write_string(row, 10, *reviewer).unwrap();
        match ExcelDateTime::parse_from_str(date) {
            Ok(at) if typed_dates => _ = sheet.write_with_format(row, 11, &at, &Format::new().set_num_format("dd.mm.yyyy")).unwrap(),
            _ => _ = sheet.write_string(row, 11, *date).unwrap(),
        }
    }
    book.save(path).unwrap();
}

fn imported(decisions: &[(usize, &str, &str, &str)], typed_dates: bool) -> Imported {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("review.xlsx");
    filled(&path, decisions, typed_dates);
    import(&path, NOW, 180).unwrap()
}

#[test]
fn the_sheet_has_a_row_for_each_principal() {
    let written = render(&night()).unwrap();
    let mut read: Xlsx<_> = Xlsx::new(std::io::Cursor::new(written)).unwrap();
    let range = read.worksheet_range(SHEET).unwrap();
    let rows: Vec<Vec<String>> = range.rows().map(|r| r.iter().map(ToString::to_string).collect()).collect();
    assert_eq!(rows[0], COLUMNS.iter().map(|c| c.0).collect::<Vec<_>>());
    assert_eq!(rows.len(), 7);
    assert_eq!((rows[1][2].as_str(), rows[1][5].as_str(), rows[1][6].as_str()), ("arn:aws:iam::111122223333:role/r0", "7", "unknown"));
    assert_eq!(rows[1][13].split(' ').count(), 2, "both findings of the role: {}", rows[1][13]);
}

#[test]
fn what_is_kept_is_suppressed_and_nothing_else() {
    for typed_dates in [false, true] {
        let read = imported(&[(0, "Keep", "ann", "2026-10-30"), (1, "accept", "bob", "2026-11-01"), (2, "remove", "bob", "2026-11-01"), (3, "reduce", "", "")], typed_dates);
        assert_eq!(read.problems, Vec::<String>::new());
        assert_eq!((read.suppressions.len(), read.others, read.open), (3, 2, 2));
        let first = &read.suppressions[0];
        assert_eq!((first.expires.as_str(), first.approved_by.as_deref(), first.owner.as_str()), ("2027-04-28", Some("ann"), "team"));
        let mut back = Suppressions::parse(&toml(&read.suppressions), NOW);
        let mut findings = night().findings;
        back.apply(&mut findings);
        let done: Vec<&str> = findings.iter().filter(|f| f.status == Status::Suppressed).map(|f| f.resource.rsplit('/').next().unwrap()).collect();
        assert_eq!(done, ["r0", "r1", "r0"]);
        assert_eq!(back.warnings(), Vec::<String>::new());
    }
}

#[test]
fn a_decision_that_cannot_be_used_is_named() {
    let cases = [
        (0, "keep", "", "2026-10-30", "without a reviewer"),
        (1, "keep", "ann", "soon", "is no date"),
        (2, "keep", "ann", "2026-11-02", "in the future"),
        (3, "keep", "ann", "2026-01-01", "is over since 2026-06-30"),
        (4, "maybe", "ann", "2026-10-30", "is no decision"),
    ];
    let read = imported(&cases.map(|(n, decision, reviewer, date, _)| (n, decision, reviewer, date)), false);
    assert!(read.suppressions.is_empty());
    for ((n, .., words), problem) in cases.iter().zip(&read.problems) {
        assert!(problem.starts_with(&format!("row {}: ", n + 2)) && problem.contains(words), "{problem}");
    }
    assert_eq!(read.problems.len(), cases.len());
}

#[test]
fn other_files_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.xlsx");
    assert!(import(&path, NOW, 180).is_err());
    std::fs::write(&path, "no workbook").unwrap();
    assert!(import(&path, NOW, 180).is_err());
    let mut book = Workbook::new();
    book.add_worksheet().set_name(SHEET).unwrap().write_string(0, 0, "account").unwrap();
    book.save(&path).unwrap();
    assert!(import(&path, NOW, 180).unwrap_err().to_string().contains("no column `principal`"));
}
