//! The catalogue: each report is one description in `reports/` and one query in `queries/`, bound here by one line.

use serde::Deserialize;

/// A report's description.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Stable id, part of every finding's uid.
    pub id: String,
    /// Title.
    pub title: String,
    /// The question it answers.
    pub question: String,
    /// Why it matters.
    pub why: String,
    /// What to do.
    pub fix: String,
    /// What it cannot see.
    pub limits: String,
    /// Inputs it needs.
    pub inputs: Vec<String>,
    /// Configuration keys it reads.
    pub thresholds: Vec<String>,
    /// Columns that tell two findings on one resource apart.
    pub identity: Vec<String>,
    /// Columns to show.
    pub columns: Vec<String>,
    /// Ids in frameworks.
    pub frameworks: Vec<String>,
    /// The query's text.
    #[serde(skip)]
    pub sql: &'static str,
}

/// Why the catalogue could not be read: a defect of the program, found by its tests.
#[derive(Debug, thiserror::Error)]
#[error("report description `{file}`: {source}")]
pub struct CatalogueError {
    file: &'static str,
    source: Box<toml::de::Error>,
}

macro_rules! sources {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../../reports/", $name, ".toml")), include_str!(concat!("../../queries/", $name, ".sql")))),*]
    };
}

const SOURCES: &[(&str, &str, &str)] =
    sources!("unrotated_keys", "unused_credentials", "unused_roles", "unused_users", "external_access", "denied");

/// Every report, in the order of the page.
///
/// # Errors
/// [`CatalogueError`] naming the description.
pub fn reports() -> Result<Vec<Report>, CatalogueError> {
    SOURCES
        .iter()
        .map(|(file, text, sql)| {
            let report: Report = toml::from_str(text).map_err(|source| CatalogueError { file, source: Box::new(source) })?;
            Ok(Report { sql, ..report })
        })
        .collect()
}
