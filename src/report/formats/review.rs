//! `access_review.xlsx`: who holds what and used what of it, with columns for a reviewer's decision (PCI DSS 7.2.4, SOC 2 CC6.3).
//! What comes back is read by `review_import`.
//!
//! Every text is written as a text: nothing from logs or exports is a formula. The workbook's dates are the run's as-of time.

use std::collections::BTreeMap;

use rust_xlsxwriter::{DataValidation, DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use crate::report::Finding;
use crate::report::escape::visible;
use crate::report::model::{ReportModel, day};

/// The sheet's name.
pub const SHEET: &str = "Access review";

/// The name of the sheet that says how to fill it in.
pub const ABOUT: &str = "How to";

/// How that sheet's line begins where people are tokens.
pub const REDACTED: &str = "Redacted";

/// The columns, with their widths in characters.
pub const COLUMNS: &[(&str, f64)] = &[
    ("account", 14.0), ("kind", 8.0), ("principal", 48.0), ("owner", 18.0), ("policies", 40.0), ("actions granted", 15.0), ("actions used", 13.0),
    ("last used", 12.0), ("open findings", 48.0), ("decision", 12.0), ("reviewer", 18.0), ("date", 12.0), ("comment", 32.0), ("finding ids", 40.0),
];

/// What a reviewer can decide. The first two become suppressions.
pub const DECISIONS: &[&str] = &["keep", "accept", "reduce", "remove"];

/// The longest text that a cell holds (Excel specifications and limits).
const CELL_AT_MOST: usize = 32_767;

/// One user or role.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReviewRow {
    /// Account.
    pub account: String,
    /// `user` or `role`.
    pub kind: &'static str,
    /// ARN.
    pub principal: String,
    /// Who answers for it, where a tag tells.
    pub owner: String,
    /// Names of its policies.
    pub policies: Vec<String>,
    /// Distinct actions that its policies grant, as far as they were worked out; `None` where no policy was.
    pub granted: Option<usize>,
    /// Distinct actions that it used in the window; `None` where the logs do not cover it.
    pub used: Option<usize>,
    /// Its last use in the logs or by the export, epoch ms.
    pub last_used_ms: Option<i64>,
}

fn cell(text: &str) -> String {
    visible(text).chars().take(CELL_AT_MOST).collect()
}

/// As many of some parts as a cell holds, whole.
fn joined(parts: impl Iterator<Item = String>, between: &str) -> String {
    let mut out = String::new();
    for part in parts {
        if out.chars().count() + part.chars().count() + between.len() > CELL_AT_MOST {
            break;
        }
        if !out.is_empty() {
            out.push_str(between);
        }
        out.push_str(&part);
    }
    out
}

fn fill(sheet: &mut Worksheet, model: &ReportModel) -> Result<(), XlsxError> {
    let bold = Format::new().set_bold().set_text_wrap();
    for (at, (name, width)) in (0_u16..).zip(COLUMNS) {
        sheet.set_column_width(at, *width)?;
        sheet.write_string_with_format(0, at, *name, &bold)?;
    }
    let mut open: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for f in model.findings.iter().filter(|f| f.status.is_failing()) {
        open.entry(&f.resource).or_default().push(f);
    }
    let mut last = 0;
    for (at, row) in (1_u32..).zip(&model.review) {
        let findings = open.get(row.principal.as_str()).map(Vec::as_slice).unwrap_or_default();
        let words = joined(findings.iter().map(|f| visible(&format!("{} {}: {}", f.severity, f.report, f.reason))), "; ");
        let ids = joined(findings.iter().map(|f| format!("{}:{}", f.report, f.uid)), " ");
        let policies = joined(row.policies.iter().map(|p| visible(p)), ", ");
        let texts = [(0, &row.account), (2, &row.principal), (3, &row.owner), (4, &policies), (7, &day(row.last_used_ms)), (8, &words), (13, &ids)];
        for (column, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            sheet.write_string(at, column, cell(text))?;
        }
        sheet.write_string(at, 1, row.kind)?;
        for (column, number) in [(5, row.granted), (6, row.used)] {
            match number.and_then(|n| u32::try_from(n).ok()) {
                Some(n) => sheet.write_number(at, column, n)?,
                None => sheet.write_string(at, column, "unknown")?,
            };
        }
        last = at;
    }
    let width = u16::try_from(COLUMNS.len()).unwrap_or(1) - 1;
    sheet.autofilter(0, 0, last, width)?;
    sheet.set_freeze_panes(1, 3)?;
    sheet.add_data_validation(1, 9, last.max(1), 9, &DataValidation::new().allow_list_strings(DECISIONS)?)?;
    Ok(())
}

/// The workbook.
///
/// # Errors
/// [`XlsxError`] when a cell or the sheet is too large for Excel.
pub fn render(model: &ReportModel) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let made = ExcelDateTime::from_timestamp(model.as_of_ms.div_euclid(1000))?;
    book.set_properties(&DocProperties::new().set_title(SHEET).set_author("trailtrim").set_creation_datetime(&made));
    fill(book.add_worksheet().set_name(SHEET)?, model)?;
    let about = book.add_worksheet().set_name(ABOUT)?;
    about.set_column_width(0, 110)?;
    let fill_in = match &model.redacted {
        None => "Fill in decision, reviewer and date (YYYY-MM-DD) of each row, then: trailtrim review import FILE.xlsx".to_owned(),
        Some(key) => format!("{REDACTED}: people, addresses and identifiers are tokens (key {key}). Decisions cannot be read back from this file."),
    };
    let lines = [
        format!("Access review as of {}, use since {}.", day(Some(model.as_of_ms)), day(Some(model.window_start_ms))),
        fill_in,
        "keep, accept: the open findings of the row are accepted for a time. reduce, remove: nothing is accepted.".to_owned(),
        "Actions granted are those of the policies that were worked out; the report has the others under what is not known.".to_owned(),
    ];
    for (at, line) in (0_u32..).zip(lines) {
        about.write_string(at, 0, line)?;
    }
    book.save_to_buffer()
}
