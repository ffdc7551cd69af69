//! How many rows the tables of the page have: as many as are read, and fewer where the page would be larger than it may be. Users and
//! roles are never left out; of every other table the worst rows stay, and its caption says how many more there are and where.

/// Rows that a table keeps however small the page has to be.
const LEAST: usize = 200;

/// Times that limits are lowered at most; each is meant to be enough.
pub const TRIES: usize = 3;

/// Rows at most, by table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// What fails.
    pub findings: usize,
    /// What cannot be told, in groups.
    pub open: usize,
    /// Ways in from outside.
    pub external: usize,
    /// Credentials.
    pub keys: usize,
    /// Policies, but for one row of each owner that others share.
    pub policies: usize,
    /// Causes of refused calls.
    pub denied: usize,
    /// What the logs cover.
    pub coverage: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { findings: 3_000, open: 2_000, external: 5_000, keys: 5_000, policies: 5_000, denied: 1_000, coverage: 2_000 }
    }
}

/// A table's bytes and rows.
fn measured(page: &str, id: &str) -> (usize, usize) {
    let start = page.find(&format!(" id={id}><caption"));
    let table = start.and_then(|at| page.get(at..)).and_then(|rest| rest.find("</table>").and_then(|end| rest.get(..end))).unwrap_or_default();
    (table.len(), table.matches("<tr").count().saturating_sub(1))
}

/// The height at which what stands out of some sizes is so much: the larger give first.
fn level(sizes: &[usize], over: usize) -> usize {
    let mut sorted = sizes.to_vec();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let (mut sum, mut at) = (0_usize, sorted.first().copied().unwrap_or(0));
    for (n, size) in (1..).zip(&sorted) {
        // All larger ones down to this one.
        let here = sum.saturating_sub(size.saturating_mul(n - 1));
        if here >= over {
            break;
        }
        sum += size;
        at = sum.saturating_sub(over) / n;
    }
    at
}

impl Limits {
    fn all(&mut self) -> [(&'static str, &mut usize); 7] {
        [
            ("findings-table", &mut self.findings),
            ("open-table", &mut self.open),
            ("external-table", &mut self.external),
            ("keys-table", &mut self.keys),
            ("policies-table", &mut self.policies),
            ("denied-table", &mut self.denied),
            ("coverage-table", &mut self.coverage),
        ]
    }

    /// Limits by which a page that was made with these has so many bytes at most; `None` where no row can go.
    #[must_use]
    pub fn lower(mut self, page: &str, most: usize) -> Option<Limits> {
        let over = page.len().checked_sub(most).filter(|n| *n > 0)?;
        let before = self;
        let sizes: Vec<(usize, usize)> = self.all().iter().map(|(id, _)| measured(page, id)).collect();
        let level = level(&sizes.iter().map(|(bytes, _)| *bytes).collect::<Vec<_>>(), over);
        for ((_, limit), (bytes, rows)) in self.all().into_iter().zip(sizes) {
            if bytes > level {
                *limit = rows.min(*limit).saturating_mul(level) / bytes.max(1);
                *limit = (*limit).max(LEAST);
            }
        }
        (self != before).then_some(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_give_first() {
        assert_eq!(level(&[100, 60, 10], 0), 100);
        assert_eq!(level(&[100, 60, 10], 20), 80);
        assert_eq!(level(&[100, 60, 10], 60), 50);
        assert_eq!(level(&[100, 60, 10], 170), 0);
        assert_eq!(level(&[100, 60, 10], 1_000), 0);
        assert_eq!(level(&[], 5), 0);
    }

    #[test]
    fn rows_go_by_their_bytes_and_some_stay() {
        let table = |id: &str, rows: usize| format!("<table class=sortable id={id}><caption></caption><thead><tr></thead>{}</table>", "<tr><td>0123456789012345678901234567890123456789".repeat(rows));
        let page = format!("{}{}{}", table("findings-table", 2_000), table("policies-table", 1_000), table("principals-table", 3_000));
        let limits = Limits::default().lower(&page, page.len() - 60_000).unwrap();
        assert!((850..900).contains(&limits.findings), "{limits:?}");
        assert!((850..900).contains(&limits.policies), "{limits:?}");
        assert_eq!((limits.denied, limits.keys), (1_000, 5_000));
        assert_eq!(Limits::default().lower(&page, page.len()), None);
        let least = Limits::default().lower(&page, 0).unwrap();
        assert_eq!((least.findings, least.policies), (LEAST, LEAST));
        assert_eq!(least.lower(&page, 0), None, "where nothing can go, nothing goes");
    }
}
