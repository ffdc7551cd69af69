//! Rules that keep `queries/` portable between engines and safe on ours.

use trailtrim::report::sql::squeezed;

use super::common::root;

#[test]
fn queries_keep_to_the_dialect() {
    let mut count = 0;
    for entry in std::fs::read_dir(root().join("queries")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        count += 1;
        for header in ["-- title: ", "-- question: ", "-- columns: "] {
            assert!(text.contains(header), "{name} lacks `{header}`");
        }
        let sql = squeezed(&text);
        for refused in ["in (select", "select *", "anti join", "qualify", "cast(", " \"", "rlike", "interval"] {
            let cast_ok = refused == "cast("
                && sql.matches("cast(").count() == sql.matches("cast(count(").count() + sql.matches("cast(sum(").count() + sql.matches("cast(floor(").count();
            assert!(cast_ok || !sql.contains(refused), "{name} has `{refused}`");
        }
        let (_, order) = sql.rsplit_once("order by").unwrap_or_else(|| panic!("{name} has no ORDER BY"));
        for key in order.split(',') {
            assert!(key.contains("nulls last"), "{name}: `{key}` does not say where NULLs go");
        }
        for aggregate in ["count(", "sum("] {
            let cast = sql.matches(&format!("cast({aggregate}")).count();
            assert_eq!(sql.matches(aggregate).count(), cast, "{name}: every {aggregate}…) is cast to BIGINT");
        }
        let columns = text.lines().find_map(|l| l.strip_prefix("-- columns: ")).unwrap();
        let last_select = sql.rsplit_once("select ").unwrap().1;
        for column in columns.split(", ") {
            assert!(last_select.contains(column), "{name}: column {column} of the header is not in the last SELECT");
        }
    }
    assert!(count >= 13, "{count} queries");
}

#[test]
fn every_report_has_a_description_and_a_query() {
    let reports = trailtrim::report::reports().unwrap();
    for report in &reports {
        assert!(!report.why.is_empty() && !report.fix.is_empty() && !report.limits.is_empty(), "{}", report.id);
        for column in report.columns.iter().chain(&report.identity) {
            assert!(report.sql.contains(column.as_str()), "{}: no column {column}", report.id);
        }
    }
    assert!(reports.len() >= 5);
}
