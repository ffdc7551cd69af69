//! Queries with their parameters as numbers. In the files the parameters are a table `params` of one row, which every engine
//! understands. The engine that is built in would sort a table of the store by time to compare it with that row; a number it hands down
//! to the part files.
//!
//! That engine reckons with a small number in 32 bits and with a column in 64. So a query may only compare a parameter with something
//! (`tests/it/queries.rs` holds the large ones to it), and queries of reports, which multiply days, are not given numbers.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// How a query brings the table in, and under which name.
static JOIN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"\s+CROSS JOIN params AS ([a-z])\b").ok());

/// A column of a table that has a name of one letter.
static COLUMN: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"(?P<before>[\s(])(?P<table>[a-z])\.(?P<column>[a-z_]+)\b").ok());

/// No event is that old, and the least number of all cannot be written in SQL.
const LEAST: i64 = i64::MIN / 2;

/// A query with values where it asked for parameters, and without the table. Unchanged if it asks for a parameter that has no value
/// here; what reads the table in another way still reads it.
#[must_use]
pub fn bound(sql: &str, values: &[(&str, i64)]) -> String {
    let (Some(join), Some(column)) = (JOIN.as_ref(), COLUMN.as_ref()) else { return sql.to_owned() };
    let names: Vec<&str> = join.captures_iter(sql).filter_map(|found| found.get(1)).map(|name| name.as_str()).collect();
    let is_parameter = |found: &Captures<'_>| names.contains(&&found["table"]);
    let value = |found: &Captures<'_>| values.iter().find(|(name, _)| *name == &found["column"]).map(|(_, value)| (*value).max(LEAST));
    if names.is_empty() || column.captures_iter(sql).any(|found| is_parameter(&found) && value(&found).is_none()) {
        return sql.to_owned();
    }
    let with_values = column.replace_all(sql, |found: &Captures<'_>| match value(found).filter(|_| is_parameter(found)) {
        Some(value) => format!("{}{value}", &found["before"]),
        None => found[0].to_owned(),
    });
    join.replace_all(&with_values, "").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_become_numbers() {
        let sql = "SELECT e.a AS a\nFROM events AS e\nCROSS JOIN params AS p\nWHERE e.t >= p.start_ms AND (p.end_ms > e.t OR e.p = 'p.start_ms')";
        assert_eq!(bound(sql, &[("start_ms", i64::MIN), ("end_ms", 9)]), format!("SELECT e.a AS a\nFROM events AS e\nWHERE e.t >= {} AND (9 > e.t OR e.p = 'p.start_ms')", i64::MIN / 2));
    }

    #[test]
    fn what_cannot_be_bound_stays_as_it_is() {
        let unknown = "SELECT a FROM events AS e CROSS JOIN params AS p WHERE e.t > p.other";
        assert_eq!(bound(unknown, &[("start_ms", 1)]), unknown);
        let other_table = "SELECT p.start_ms AS a FROM principals AS p";
        assert_eq!(bound(other_table, &[("start_ms", 1)]), other_table);
        let two = "WITH a AS (SELECT p.name AS n FROM people AS p), b AS (SELECT e.x AS x FROM events AS e CROSS JOIN params AS p WHERE e.t > p.start_ms) SELECT n FROM a";
        assert_eq!(bound(two, &[("start_ms", 1)]), two, "one name for two tables");
    }
}
