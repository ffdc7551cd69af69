//! A query over the calls of many callers, asked in shares of the callers: the engine takes several times the memory that the
//! answer does, and so takes it for one share at a time.

use polars::prelude::{DataFrame, Expr, IntoLazy, JoinArgs, JoinType, LazyFrame, PolarsResult, SortMultipleOptions, UnionArgs, col, concat, len, lit};

use super::engine::{Engine, Table, UsageError};

/// How many rows of `event_actions` are asked about at a time, if their callers can be told apart.
const ROWS_AT_ONCE: i64 = 150_000;

/// The calls of the callers from one key on to before another.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Share {
    from: String,
    before: Option<String>,
}

impl Share {
    fn holds(&self) -> Expr {
        let key = || col("principal_key");
        let from = key().gt_eq(lit(self.from.clone()));
        match &self.before {
            Some(before) => from.and(key().lt(lit(before.clone()))),
            None => from,
        }
    }
}

/// Callers in order, with their rows, in shares.
fn shares<'c>(callers: impl IntoIterator<Item = (&'c str, i64)>, at_once: i64) -> Vec<Share> {
    let mut out: Vec<Share> = Vec::new();
    let mut rows = 0_i64;
    for (key, count) in callers {
        if out.is_empty() || rows.saturating_add(count) > at_once {
            if let Some(last) = out.last_mut() {
                last.before = Some(key.to_owned());
            }
            out.push(Share { from: key.to_owned(), before: None });
            rows = 0;
        }
        rows = rows.saturating_add(count);
    }
    out
}

fn is_of_caller() -> Expr {
    col("side").eq_missing(lit("caller"))
}

/// The keys of calls of which both the caller's and another copy are told. Such a copy does not count, whichever share the caller's
/// is in.
fn told_twice(actions: &LazyFrame) -> PolarsResult<DataFrame> {
    let keys = |frame: LazyFrame| frame.select([col("call_key")]);
    let others = keys(actions.clone().filter(is_of_caller().not()));
    let of_callers = keys(actions.clone().filter(is_of_caller()));
    others.join(of_callers, [col("call_key")], [col("call_key")], JoinArgs::new(JoinType::Semi)).collect()
}

/// A share's calls, without copies of calls that a caller tells of.
fn calls(actions: &LazyFrame, share: &Share, twice: &DataFrame) -> PolarsResult<LazyFrame> {
    let own = actions.clone().filter(share.holds());
    if twice.height() == 0 {
        return Ok(own);
    }
    let others = own.clone().filter(is_of_caller().not());
    let others = others.join(twice.clone().lazy(), [col("call_key")], [col("call_key")], JoinArgs::new(JoinType::Anti));
    concat([own.filter(is_of_caller()), others], UnionArgs::default())
}

impl Engine {
    /// Runs a query that puts the copies of a call together by `call_key` and groups by `principal_key`, for some callers after
    /// others, in the order of their keys.
    ///
    /// # Errors
    /// [`UsageError::Query`] with the query's name, and what `take` says.
    pub fn run_in_shares(&mut self, query: &'static str, sql: &str, take: impl FnMut(&Table) -> Result<(), UsageError>) -> Result<(), UsageError> {
        self.in_shares_of(ROWS_AT_ONCE, query, sql, take)
    }

    fn in_shares_of(&mut self, at_once: i64, query: &'static str, sql: &str, mut take: impl FnMut(&Table) -> Result<(), UsageError>) -> Result<(), UsageError> {
        let failed = |source| UsageError::Query { query, source };
        let by_caller = self.actions().group_by([col("principal_key")]).agg([len().alias("calls")]).filter(col("principal_key").is_not_null());
        let callers = by_caller.sort(["principal_key"], SortMultipleOptions::default()).collect().map_err(failed)?;
        let callers = Table::of(query, &callers);
        let counts: Vec<(&str, i64)> = callers.rows().map(|row| Ok((row.need_str("principal_key")?, row.need_int("calls")?))).collect::<Result<_, UsageError>>()?;
        let shares = shares(counts, at_once);
        if shares.len() < 2 {
            return take(&self.run(query, sql)?);
        }
        self.read_actions()?;
        let all = self.actions();
        let twice = told_twice(&all).map_err(failed)?;
        for share in &shares {
            self.set_actions(calls(&all, share, &twice).map_err(failed)?);
            take(&self.run(query, sql)?)?;
        }
        self.set_actions(all);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use polars::prelude::{Column, NamedFrom, Series};

    use super::*;
    use crate::event::{ActionRow, Cell, Row as _};
    use crate::usage::Window;

    fn row(number: usize, key: Option<&str>, account: Option<&str>, side: Option<&str>, call_key: Option<&str>) -> ActionRow {
        let text = |t: &str| Some(t.to_owned());
        ActionRow {
            event_time_ms: Some(i64::try_from(number).unwrap()),
            event_id: text(&format!("event-{number}")),
            principal_key: key.map(str::to_owned),
            principal_account: account.map(str::to_owned),
            action: text(if number.is_multiple_of(3) { "s3:GetObject" } else { "sqs:SendMessage" }),
            resource_arn: text("*"),
            outcome: text("allowed"),
            side: side.map(str::to_owned),
            call_key: call_key.map(str::to_owned),
            ..ActionRow::default()
        }
    }

    fn frame(rows: &[ActionRow]) -> DataFrame {
        let column = |at: usize| -> Column {
            let (mut texts, mut numbers, mut words) = (Vec::new(), Vec::new(), Vec::new());
            for row in rows {
                row.cells(|place, cell| match cell {
                    _ if place != at => {}
                    Cell::Text(text) => texts.push(text.map(str::to_owned)),
                    Cell::BigInt(number) => numbers.push(number),
                    Cell::Boolean(word) => words.push(word),
                });
            }
            let name = <ActionRow as crate::event::Row>::COLUMNS[at].name.into();
            match (texts.is_empty(), numbers.is_empty()) {
                (false, _) => Series::new(name, texts).into(),
                (_, false) => Series::new(name, numbers).into(),
                _ => Series::new(name, words).into(),
            }
        };
        DataFrame::new(rows.len(), (0..<ActionRow as crate::event::Row>::COLUMNS.len()).map(column).collect()).unwrap()
    }

    /// The answer to the query of use: caller, account, action, calls, first event.
    fn answers(engine: &mut Engine, at_once: i64) -> (usize, Vec<String>) {
        let (mut parts, mut lines) = (0, Vec::new());
        engine
            .in_shares_of(at_once, "usage", include_str!("../../queries/usage.sql"), |table| {
                parts += 1;
                for row in table.rows() {
                    let texts = ["principal_key", "account", "action", "sample_event_first"].map(|c| row.text(c).unwrap());
                    lines.push(format!("{texts:?} {}", row.need_int("calls").unwrap()));
                }
                Ok(())
            })
            .unwrap();
        lines.sort();
        (parts, lines)
    }

    #[test]
    fn shares_hold_what_the_whole_does() {
        let (caller, owner) = (Some("caller"), Some("owner"));
        let mut rows: Vec<ActionRow> = (0..40).map(|n| row(n, Some(["AIDAB", "AROAC", "AROAD", "1"][n % 4]), Some(["1", "2"][n % 2]), caller, Some(&format!("k{n}")))).collect();
        rows.extend([
            // The owner's copy names another caller, of another share, and does not count; nor does one of the same share.
            row(40, Some("AROAZ"), None, owner, Some("k1")),
            row(41, Some("1"), Some("1"), owner, Some("k3")),
            // Nobody else tells of these.
            row(42, Some("AROAZ"), None, owner, Some("k-other")),
            row(43, Some("AROAZ"), None, owner, None),
            row(44, Some("AROAY"), Some("1"), None, Some("k-none")),
            row(45, None, Some("1"), caller, Some("k-nobody")),
            row(46, Some("AROAY"), None, caller, None),
        ]);
        let mut engine = Engine::of_actions(frame(&rows), Window { start_ms: 0, end_ms: 1_000 }).unwrap();
        let (one, whole) = answers(&mut engine, 1_000);
        assert_eq!(one, 1);
        let counted: usize = whole.iter().map(|line| line.rsplit(' ').next().unwrap().parse::<usize>().unwrap()).sum();
        assert_eq!(counted, 44, "of 47 rows two are copies and one names nobody");
        for (at_once, least) in [(1, 6), (12, 4), (25, 2)] {
            let (parts, shared) = answers(&mut engine, at_once);
            assert!(parts >= least, "{parts} shares of {at_once}");
            assert_eq!(shared, whole, "in shares of {at_once}");
        }
    }

    #[test]
    fn callers_are_cut_where_enough_rows_are_together() {
        let share = |from: &str, before: Option<&str>| Share { from: from.to_owned(), before: before.map(str::to_owned) };
        assert_eq!(shares([("a", 3), ("b", 2), ("c", 9), ("d", 1), ("e", 1)], 5), [share("a", Some("c")), share("c", Some("d")), share("d", None)]);
        assert_eq!(shares([], 5), []);
    }
}
