//! `--fail-on`: which findings end a run with exit code 3 (design.md section 3).

use super::{Finding, Status, rank};

/// Which findings count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailOn {
    /// None.
    #[default]
    None,
    /// Those that are at least as severe as this place (`rank`).
    From(u8),
    /// Those of them that are new against the baseline or, without one, against the last night.
    New(u8),
    /// Those that are new or more severe than then, however severe.
    Regression,
}

/// The words that users may say.
pub const WORDS: &[&str] = &[
    "none", "low", "medium", "high", "critical", "new:low", "new:medium", "new:high", "new:critical", "regression",
];

impl FailOn {
    /// By its word.
    #[must_use]
    pub fn named(word: &str) -> Option<FailOn> {
        let severity = |word: &str| Some(rank(&word.to_ascii_uppercase())).filter(|_| matches!(word, "low" | "medium" | "high" | "critical"));
        match word {
            "none" => Some(FailOn::None),
            "regression" => Some(FailOn::Regression),
            _ => match word.strip_prefix("new:") {
                Some(word) => severity(word).map(FailOn::New),
                None => severity(word).map(FailOn::From),
            },
        }
    }

    /// How many findings count.
    #[must_use]
    pub fn count(self, findings: &[Finding]) -> usize {
        let counts = |f: &&Finding| match self {
            FailOn::None => false,
            FailOn::From(least) => rank(&f.severity) <= least,
            FailOn::New(least) => f.is_new && rank(&f.severity) <= least,
            FailOn::Regression => f.is_worse,
        };
        findings.iter().filter(|f| f.status == Status::Fail).filter(counts).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read() {
        assert!(WORDS.iter().all(|w| FailOn::named(w).is_some()));
        assert_eq!(FailOn::named("new:high"), Some(FailOn::New(1)));
        for wrong in ["", "new", "new:", "new:none", "info", "HIGH", "worse"] {
            assert_eq!(FailOn::named(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn only_failing_findings_count() {
        let finding = |severity: &str, status, is_new, is_worse| Finding { severity: severity.to_owned(), status, is_new, is_worse, ..Finding::default() };
        let all = [
            finding("CRITICAL", Status::Fail, false, false),
            finding("HIGH", Status::Fail, true, true),
            finding("LOW", Status::Fail, false, true),
            finding("CRITICAL", Status::Suppressed, false, false),
            finding("CRITICAL", Status::Unknown, false, false),
        ];
        let count = |word| FailOn::named(word).unwrap().count(&all);
        assert_eq!(["none", "low", "medium", "critical", "new:low", "new:critical", "regression"].map(count), [0, 3, 2, 1, 1, 0, 2]);
    }
}
