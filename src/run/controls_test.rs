//! Every control against its cases: `testdata/controls/<file>.toml` has small tables, and the rows that
//! `queries/<file>.sql` makes of them. Queries and cases are read from disk, so that a case can be added without a build.
//!
//! A case is a table of tables: each names rows by column, a column that is left out is NULL, `now-90d` in a column of
//! times is ninety days before the as-of time. `expect` has the answer's rows, each with the columns that matter.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use polars::prelude::{Column, DataFrame, DataType, NamedFrom, Series};
use toml::Value;

use super::tables;
use crate::config::Config;
use crate::grants::Grants;
use crate::reference::Reference;
use crate::report::catalogue::{self, Report};
use crate::report::denied_text::DeniedFacts;
use crate::report::sql::{Cell, SqlTables};
use crate::usage::{Usage, Window};

/// As-of time of all cases: 2026-11-01.
const NOW_MS: i64 = 1_793_491_200_000;
const DAY_MS: i64 = 86_400_000;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The columns of all tables, from a run without input.
fn schemas() -> (SqlTables, BTreeMap<String, Vec<(String, DataType)>>) {
    let window = Window::of_days(90, NOW_MS);
    let reference = Reference::bundled().unwrap();
    let mut tables = tables::register(&Grants::default(), &Usage::default(), &[], &Config::default(), reference, window).unwrap();
    super::external::register(&mut tables, &Grants::default(), &Usage::default(), &Config::default(), super::external::Beside::default(), window).unwrap();
    tables.register_columns("denied_clusters", DeniedFacts::default().columns()).unwrap();
    let schemas = tables.schemas().unwrap();
    (tables, schemas)
}

fn time(text: &str) -> Option<i64> {
    let rest = text.strip_prefix("now")?;
    if rest.is_empty() {
        return Some(NOW_MS);
    }
    let (sign, days) = (if rest.starts_with('-') { -1 } else { 1 }, rest.trim_start_matches(['-', '+']).strip_suffix('d')?);
    Some(NOW_MS + sign * days.parse::<i64>().ok()? * DAY_MS)
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Integer(n) => Some(*n),
        Value::String(s) => time(s),
        _ => None,
    }
}

/// A case's rows as a frame of the table's columns.
fn frame(at: &str, columns: &[(String, DataType)], rows: &[Value]) -> DataFrame {
    for row in rows {
        for key in row.as_table().unwrap_or_else(|| panic!("{at}: a row is a table")).keys() {
            assert!(columns.iter().any(|(name, _)| name == key), "{at}: no column `{key}`");
        }
    }
    let columns = columns
        .iter()
        .map(|(name, kind)| -> Column {
            let cells = rows.iter().map(|row| row.get(name));
            let wrong = |v: &Value| -> ! { panic!("{at}: `{name}` is not a {kind}: {v}") };
            match kind {
                DataType::String => {
                    let of = |v: &Value| v.as_str().map_or_else(|| wrong(v), str::to_owned);
                    Series::new(name.into(), cells.map(|c| c.map(of)).collect::<Vec<_>>()).into()
                }
                DataType::Int64 => {
                    let of = |v: &Value| integer(v).unwrap_or_else(|| wrong(v));
                    Series::new(name.into(), cells.map(|c| c.map(of)).collect::<Vec<_>>()).into()
                }
                DataType::Boolean => {
                    let of = |v: &Value| v.as_bool().unwrap_or_else(|| wrong(v));
                    Series::new(name.into(), cells.map(|c| c.map(of)).collect::<Vec<_>>()).into()
                }
                DataType::Float64 => {
                    let of = |v: &Value| v.as_float().unwrap_or_else(|| wrong(v));
                    Series::new(name.into(), cells.map(|c| c.map(of)).collect::<Vec<_>>()).into()
                }
                other => panic!("{at}: column `{name}` of type {other}"),
            }
        })
        .collect();
    DataFrame::new(rows.len(), columns).unwrap()
}

fn same(cell: &Cell, wanted: &Value) -> bool {
    match (cell, wanted) {
        (Cell::Null, Value::String(s)) => s == "NULL",
        (Cell::Text(t), Value::String(s)) => t == s,
        (Cell::Int(n), v) => integer(v) == Some(*n),
        (Cell::Float(f), Value::Float(w)) => (f - w).abs() < 1e-9,
        (Cell::Bool(b), Value::Boolean(w)) => b == w,
        _ => false,
    }
}

/// What one file of cases says, as complaints; and the statuses that its cases gave.
fn check(file: &str, cases: &Value, complaints: &mut Vec<String>) -> BTreeSet<String> {
    let sql = read(&folder("queries").join(format!("{file}.sql")));
    let mut statuses = BTreeSet::new();
    for case in cases.get("case").and_then(Value::as_array).unwrap_or_else(|| panic!("{file}: no [[case]]")) {
        let case = case.as_table().unwrap();
        let name = case.get("name").and_then(Value::as_str).unwrap_or_else(|| panic!("{file}: a case without a name"));
        let at = format!("{file}, {name}");
        let (mut tables, schemas) = schemas();
        for (table, rows) in case.iter().filter(|(k, _)| !matches!(k.as_str(), "name" | "expect" | "params")) {
            let columns = schemas.get(table).unwrap_or_else(|| panic!("{at}: no table `{table}`"));
            tables.register(table, frame(&format!("{at}, {table}"), columns, rows.as_array().unwrap_or_else(|| panic!("{at}: [[case.{table}]]"))));
        }
        if let Some(changed) = case.get("params").and_then(Value::as_table) {
            tables.change_params(&changed.iter().map(|(k, v)| (k.as_str(), integer(v).unwrap())).collect::<Vec<_>>()).unwrap();
        }
        let answer = match tables.run(file, &sql) {
            Ok(answer) => answer,
            Err(e) => {
                complaints.push(format!("{at}: {e}"));
                continue;
            }
        };
        let told: Vec<String> = answer
            .rows
            .iter()
            .map(|row| answer.columns.iter().zip(row).map(|(c, v)| format!("{c}={}", v.text())).collect::<Vec<_>>().join(" "))
            .collect();
        if let Some(at_status) = answer.column("status") {
            statuses.extend(answer.rows.iter().map(|r| r[at_status].text()));
        }
        let expected = case.get("expect").and_then(Value::as_array).cloned().unwrap_or_default();
        if expected.len() != answer.rows.len() {
            complaints.push(format!("{at}: {} rows, expected {}:\n    {}", answer.rows.len(), expected.len(), told.join("\n    ")));
            continue;
        }
        for (row, (wanted, told)) in answer.rows.iter().zip(expected.iter().zip(&told)) {
            for (column, value) in wanted.as_table().unwrap() {
                let cell = answer.column(column).map(|i| &row[i]);
                if !cell.is_some_and(|c| same(c, value)) {
                    complaints.push(format!("{at}: `{column}` is not {value} in\n    {told}"));
                }
            }
        }
    }
    statuses
}

fn stems(folder: &Path, extension: &str) -> BTreeSet<String> {
    let all = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    all.filter(|p| p.extension().is_some_and(|e| e == extension)).map(|p| p.file_stem().unwrap().to_string_lossy().into_owned()).collect()
}

/// `CONTROL=key_age cargo test controls` looks at one file only.
#[test]
fn controls_give_what_their_cases_say() {
    let only = std::env::var("CONTROL").ok();
    let mut complaints = Vec::new();
    let mut table = Vec::new();
    for file in stems(&folder("testdata/controls"), "toml").iter().filter(|f| only.as_ref().is_none_or(|o| o == *f)) {
        let text = read(&folder("testdata/controls").join(format!("{file}.toml")));
        let cases: Value = toml::from_str(&text).unwrap_or_else(|e| panic!("{file}: {e}"));
        let report: Report = toml::from_str(&read(&folder("reports").join(format!("{file}.toml")))).unwrap_or_else(|e| panic!("{file}: {e}"));
        let statuses = check(file, &cases, &mut complaints);
        for status in ["PASS", "FAIL", "UNKNOWN"] {
            let never = report.never.iter().any(|n| n == status);
            if never == statuses.contains(status) {
                complaints.push(format!("{file}: {}", if never { format!("gives {status}, which it says it never does") } else { format!("no case gives {status}") }));
            }
        }
        table.push(format!("{} | {} cases | {} | {} frameworks", report.id, cases["case"].as_array().unwrap().len(), statuses.into_iter().collect::<Vec<_>>().join(" "), report.frameworks.len()));
    }
    println!("{}\n{} controls", table.join("\n"), table.len());
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    assert!(!table.is_empty());
}

#[test]
fn every_description_is_in_the_catalogue_and_has_a_query_and_cases() {
    let listed: BTreeSet<String> = catalogue::files().map(str::to_owned).collect();
    assert_eq!(listed, stems(&folder("reports"), "toml"), "the catalogue and `reports/`");
    assert_eq!(listed, stems(&folder("testdata/controls"), "toml"), "the catalogue and `testdata/controls/`");
    let mut ids = BTreeSet::new();
    for (file, report) in catalogue::files().zip(catalogue::reports().unwrap()) {
        assert_eq!(report.id.replace('-', "_"), file);
        assert!(ids.insert(report.id.clone()));
        assert!(["root", "credentials", "access", "roles", "external", "organisation", "logging", "secrets"].contains(&report.group.as_str()), "{}", report.group);
        assert!(["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFO"].contains(&report.severity.as_str()), "{}", report.severity);
    }
}

/// The query cuts networks from texts, the external room by the library: a key's network must be the same in both.
#[test]
fn networks_in_sql_are_those_of_the_library() {
    use crate::report::sql::Kind;
    let addresses = ["203.0.113.9", "2001:db8:1:2::3", "2001:db8::1", "2001::1", "2001:db8:0:1::1", "2001:0:0:1::5", "2600:1f18:4:5:6:7:8:9"];
    let (mut tables, _) = schemas();
    let columns = [("principal_account", Kind::Text), ("principal_key", Kind::Text), ("principal_arn", Kind::Text), ("access_key_id", Kind::Text), ("source_ip", Kind::Text), ("user_agent", Kind::Text), ("vpc_endpoint_id", Kind::Text), ("outcome", Kind::Text), ("event_time_ms", Kind::Int)];
    let text = |t: &str| Cell::Text(t.to_owned());
    let row = |a: &&str| vec![text("111122223333"), text("AIDA"), Cell::Null, text(&format!("AKIA{a}")), text(a), text("aws-cli/2.0"), Cell::Null, text("allowed"), Cell::Int(NOW_MS - DAY_MS)];
    tables.register_rows("events", &columns, addresses.iter().map(row).collect()).unwrap();
    let answer = tables.run("key_sources", &read(&folder("queries").join("key_sources.sql"))).unwrap();
    let (key, network) = (answer.column("access_key_id").unwrap(), answer.column("network").unwrap());
    assert_eq!(answer.rows.len(), addresses.len());
    for row in &answer.rows {
        let address = row[key].text();
        let address = address.trim_start_matches("AKIA");
        assert_eq!(Some(row[network].text()), crate::external::network::network(address), "{address}");
    }
}
