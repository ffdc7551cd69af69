//! Rules that keep `queries/` portable between engines and safe on ours.

use std::collections::BTreeSet;

use trailtrim::report::sql::squeezed;
use trailtrim::usage::large::{LARGE, VIEWS};

use super::common::root;

/// The words that queries are made of. Each means the same to polars and to Spark (docs/spark.md, "What queries may say");
/// a new one comes in when `tests/spark/` has asked it of both.
const WORDS: &[&str] = &[
    "ALL", "AND", "AS", "ASC", "BIGINT", "BY", "CASE", "CAST", "COALESCE", "COUNT", "CROSS", "DESC", "DISTINCT", "ELSE", "END", "FALSE", "FLOOR", "FROM", "GROUP",
    "HAVING", "IN", "INNER", "IS", "JOIN", "LAST", "LEFT", "LENGTH", "LIKE", "LOWER", "MAX", "MIN", "NOT", "NULL", "NULLS", "ON", "OR", "ORDER", "OVER",
    "PARTITION", "ROW_NUMBER", "SELECT", "SPLIT_PART", "SUBSTR", "SUM", "THEN", "TRUE", "UNION", "WHEN", "WHERE", "WITH",
];

/// Words before a parenthesis that are no functions.
const BEFORE_PARENTHESIS: &[&str] = &["AND", "AS", "BY", "ELSE", "IN", "NOT", "ON", "OR", "OVER", "SELECT", "THEN", "WHEN", "WHERE"];

/// Functions.
const FUNCTIONS: &[&str] = &["CAST", "COALESCE", "COUNT", "FLOOR", "LENGTH", "LOWER", "MAX", "MIN", "ROW_NUMBER", "SPLIT_PART", "SUBSTR", "SUM"];

/// A query without comments, with `''` for every literal; and its literals.
fn without_literals(sql: &str) -> (String, Vec<String>) {
    let (mut code, mut literals, mut literal) = (String::new(), Vec::new(), None::<String>);
    for line in sql.lines() {
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match (&mut literal, c) {
                (None, '-') if chars.peek() == Some(&'-') => break,
                (None, '\'') => literal = Some(String::new()),
                (None, c) => code.push(c),
                (Some(text), '\'') if chars.peek() == Some(&'\'') => {
                    chars.next();
                    text.push('\'');
                }
                (Some(_), '\'') => {
                    literals.extend(literal.take());
                    code.push_str("''");
                }
                (Some(text), c) => text.push(c),
            }
        }
        code.push(' ');
    }
    (code, literals)
}

/// What in a query may mean something else to another engine, or nothing.
fn complaints(sql: &str) -> Vec<String> {
    let (code, literals) = without_literals(sql);
    let mut out = Vec::new();
    out.extend(literals.iter().filter(|l| l.contains('\\')).map(|l| format!("`\\` in '{l}': Spark takes it for an escape")));
    let mut rest = code.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_alphanumeric() || c == '_') {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(from.len());
        let (word, after) = from.split_at(end);
        if word.starts_with(|c: char| c.is_ascii_digit()) {
            let is_whole = word.chars().all(|c| c.is_ascii_digit());
            let is_divisor = before.trim_end().ends_with('/');
            if !is_whole || is_divisor && !after.starts_with(".0") {
                out.push(format!("number `{word}`: integers, and x / 1000.0, since 7 / 2 is 3 to some"));
            }
        } else if word.chars().any(|c| c.is_ascii_uppercase()) {
            if !WORDS.contains(&word) {
                out.push(format!("word `{word}`"));
            }
            if after.trim_start().starts_with('(') && !FUNCTIONS.contains(&word) && !BEFORE_PARENTHESIS.contains(&word) {
                out.push(format!("function `{word}`"));
            }
        } else if after.starts_with('(') {
            out.push(format!("function `{word}`"));
        }
        rest = after;
    }
    let signs: BTreeSet<char> = code.chars().filter(|c| !c.is_ascii_alphanumeric() && !" _'(),.=<>|+-*/".contains(*c)).collect();
    out.extend(signs.iter().map(|sign| format!("sign `{sign}`")));
    if code.contains('/') && code.matches('/').count() != code.matches(".0)").count() {
        out.push("a division outside of FLOOR(… / x.0)".to_owned());
    }
    let squeezed = squeezed(&code);
    for refused in ["(select", "select *", "select distinct *", "count(distinct *"] {
        // A subquery stands in a CTE only: `AS (SELECT …`.
        if squeezed.matches(refused).count() > squeezed.matches(&format!("as {refused}")).count() {
            out.push(format!("`{refused}`"));
        }
    }
    let likes = squeezed.matches(" like ").count();
    if likes != squeezed.matches(" like ''").count() {
        out.push("LIKE without a literal pattern".to_owned());
    }
    // Engines differ on where NULLs go within a window: its keys are ranks, which are never NULL, and the id of an event.
    for window in squeezed.split("over (").skip(1).chain(squeezed.split("over(").skip(1)) {
        let keys = window.split(')').next().and_then(|w| w.split_once("order by ")).map_or("", |(_, keys)| keys);
        if keys.split(',').map(str::trim).any(|key| !key.ends_with("_rank asc") && key != "event_id asc") {
            out.push(format!("window ordered by `{keys}`"));
        }
    }
    out
}

#[test]
fn queries_say_what_both_engines_understand() {
    for (name, text) in texts() {
        assert_eq!(complaints(&text), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn what_engines_differ_on_is_refused() {
    let good = "-- x\nWITH a AS (\n SELECT CAST(FLOOR(b.t_ms / 1000.0) AS BIGINT) AS s FROM b WHERE b.x LIKE 'it''s-- %' AND (b.y IS NULL OR b.z IN ('A', 'B'))\n)\nSELECT s FROM a ORDER BY s ASC NULLS LAST";
    assert_eq!(complaints(good), Vec::<String>::new());
    let bad = [
        "SELECT a / 2 FROM b", "SELECT FLOOR(a / 2) FROM b", "SELECT a / 2.5 FROM b", "SELECT 4E0 FROM b", "SELECT \"a\" FROM b", "SELECT a[1] FROM b", "SELECT a::text FROM b",
        "SELECT REGEXP_REPLACE(a, '', '') FROM b", "SELECT upper(a) FROM b", "SELECT a FROM b WHERE a IN (SELECT c FROM d)", "SELECT a FROM b WHERE a = (SELECT c FROM d)",
        "SELECT a FROM b WHERE EXISTS (SELECT c FROM d)", "SELECT * FROM b", "SELECT a FROM b WHERE a LIKE c", "SELECT a FROM b WHERE a ILIKE ''", "SELECT a FROM b WHERE a LIKE 'x\\_'",
        "SELECT ROW_NUMBER() OVER (PARTITION BY a ORDER BY b ASC) AS n FROM c", "SELECT a FROM b QUALIFY x = 1", "SELECT CAST(a AS VARCHAR) AS c FROM b", "SELECT a FROM b LIMIT 3",
        "SELECT a FROM b LEFT ANTI JOIN c ON b.x = c.x", "SELECT a % 2 AS c FROM b", "SELECT DATE '2026-01-01' AS c FROM b", "SELECT Account FROM b", "SELECT a FROM b FULL JOIN c ON b.x = c.x",
    ];
    for sql in bad {
        assert!(!complaints(sql).is_empty(), "{sql}");
    }
}

#[test]
fn what_is_large_is_marked_and_asked_by_the_spark_job() {
    let reads_store = |sql: &str| ["from events ", "join events ", "from event_actions ", "join event_actions "].iter().any(|from| sql.contains(from));
    let mut large = BTreeSet::new();
    for (name, text) in texts() {
        let is_marked = text.lines().any(|l| l == "-- size: large");
        assert_eq!(is_marked, reads_store(&squeezed(&text)), "{name}: a query that reads the store's events or actions, and no other, is `-- size: large`");
        large.extend(is_marked.then_some(name));
    }
    // These ask about tables that one run makes.
    for name in ["era_calls", "event_by_id"] {
        assert!(large.remove(&format!("{name}.sql")), "{name}");
    }
    for (name, _) in VIEWS {
        assert!(large.remove(&format!("{name}.sql")), "{name}");
    }
    assert_eq!(LARGE.iter().map(|(name, _)| format!("{name}.sql")).collect::<BTreeSet<_>>(), large);
    assert!(LARGE.is_sorted());
}

/// As numbers they would be of another width than as columns (`params`).
#[test]
fn large_queries_only_compare_parameters() {
    let mut compared = 0;
    for (name, sql) in LARGE.iter().chain(VIEWS) {
        let (code, _) = without_literals(sql);
        let joined = code.matches("CROSS JOIN params AS p ").count();
        assert_eq!(joined, code.matches("params").count(), "{name}: the parameters are `p`");
        let words: Vec<&str> = code.split_whitespace().collect();
        for (at, word) in words.iter().enumerate().filter(|(_, w)| w.starts_with("p.") && joined > 0) {
            assert!([">=", "<", ">", "<="].contains(&words[at - 1]), "{name}: `{} {word}`", words[at - 1]);
            assert!(!words.get(at + 1).is_some_and(|next| ["+", "-", "*", "/"].contains(next)), "{name}: {word}");
            compared += 1;
        }
    }
    assert!(compared > 40, "{compared}");
}

fn texts() -> Vec<(String, String)> {
    let files = std::fs::read_dir(root().join("queries")).unwrap().map(|e| e.unwrap().path());
    files.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read_to_string(&path).unwrap())).collect()
}

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
