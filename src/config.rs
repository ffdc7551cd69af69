//! `trailtrim.toml`: thresholds, what the logs are known to cover, and whose accounts are whose.
//!
//! Every key has a default; an unknown key is an error, because a threshold that is misspelt would silently be
//! the default.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// Why the configuration was refused.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file could not be read.
    #[error("cannot read configuration `{}`: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not as it should be.
    #[error("configuration `{}`: {source}", path.display())]
    Parse {
        /// The file.
        path: PathBuf,
        /// The cause, with line and key.
        source: Box<toml::de::Error>,
    },
    /// A value is out of range.
    #[error("configuration key `{key}`: {problem}")]
    Value {
        /// The key.
        key: &'static str,
        /// What is wrong.
        problem: String,
    },
}

/// The whole file.
#[derive(Debug, Clone, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// File of accepted findings; a relative path is taken from the configuration's folder.
    pub suppressions: Option<PathBuf>,
    /// `[thresholds]`
    pub thresholds: Thresholds,
    /// `[coverage]`
    pub coverage: CoverageConfig,
    /// `[reduce]`
    pub reduce: ReduceConfig,
    /// `[logs]`
    pub logs: LogsConfig,
    /// `[controls]`
    pub controls: Controls,
    /// `[files]`
    pub files: FilesConfig,
    /// `[accounts]`: id = name, of accounts that are ours besides those whose grants were given.
    pub accounts: BTreeMap<String, String>,
    /// `[vendors]`: id = name, of outside accounts that we know.
    pub vendors: BTreeMap<String, String>,
}

/// Who may read the state folder and the output folder.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct FilesConfig {
    /// `owner` (0600, 0700), `group` (0640, 0750) or `everyone` (0644, 0755).
    pub readable_by: ReadableBy,
}

/// Who may read what a run writes.
#[derive(Debug, Clone, Copy, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ReadableBy {
    /// Whoever runs the program.
    #[default]
    Owner,
    /// The group too.
    Group,
    /// Everybody.
    Everyone,
}

/// How much a log file may hold (a file with more is rejected), and how long its events are kept.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct LogsConfig {
    /// Bytes of an unpacked file; 1 GiB if not given.
    pub max_file_bytes: Option<u64>,
    /// How many times its own size a file may unpack to, once it is larger than 16 MiB; 400 if not given.
    pub max_ratio: Option<u64>,
    /// Days of events that the state folder keeps; all if not given. `--keep` goes before it.
    pub keep_days: Option<i64>,
}

/// What controls cannot know by themselves.
#[derive(Debug, Clone, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Controls {
    /// Regions that are meant to be used; empty: not told.
    pub allowed_regions: Vec<String>,
    /// ARNs of roles and users that are only for emergencies.
    pub break_glass: Vec<String>,
    /// ARNs of roles that people work in, besides those that sign-in tells.
    pub human_roles: Vec<String>,
    /// Networks of our own machines, as `203.0.113.0/24`.
    pub own_networks: Vec<String>,
    /// Tag keys of which every principal should have one, so that its owner is known.
    pub owner_tags: Vec<String>,
}

/// Days after which something is a finding, and other limits.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Thresholds {
    /// Age of an active access key.
    pub key_max_age_days: i64,
    /// Days without use of an access key.
    pub key_unused_days: i64,
    /// Days without use of a console password.
    pub password_unused_days: i64,
    /// Days without use of a role.
    pub role_unused_days: i64,
    /// Days without use of a user.
    pub user_unused_days: i64,
    /// Days without use of one of a user's two keys.
    pub key_second_idle_days: i64,
    /// Days for which a use of the root user is a finding.
    pub root_use_days: i64,
    /// Characters of a password at least.
    pub password_min_length: i64,
    /// Earlier passwords that may not come back.
    pub password_reuse: i64,
    /// Days after which a password expires.
    pub password_max_age_days: i64,
    /// Days without reading a secret.
    pub secret_unused_days: i64,
    /// Days without rotating a secret.
    pub secret_rotation_days: i64,
    /// Days before a certificate expires.
    pub certificate_warn_days: i64,
    /// Roles in a row that a chain of sessions may have.
    pub session_chain_depth: i64,
}

impl Default for Thresholds {
    fn default() -> Thresholds {
        Thresholds {
            key_max_age_days: 90,
            key_unused_days: 45,
            password_unused_days: 45,
            role_unused_days: 90,
            user_unused_days: 90,
            key_second_idle_days: 45,
            root_use_days: 90,
            password_min_length: 14,
            password_reuse: 24,
            password_max_age_days: 90,
            secret_unused_days: 90,
            secret_rotation_days: 90,
            certificate_warn_days: 30,
            session_chain_depth: 2,
        }
    }
}

/// What the logs cover.
#[derive(Debug, Clone, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct CoverageConfig {
    /// Share of the window's days that must have events before absence proves anything, 0.0–1.0.
    pub min_share: f64,
    /// Services whose data events are logged completely: `"s3"` for all accounts or `"111122223333:s3"`.
    pub data_events: Vec<String>,
}

impl Default for CoverageConfig {
    fn default() -> CoverageConfig {
        CoverageConfig { min_share: 0.9, data_events: Vec::new() }
    }
}

/// How bold the reduction is, for whom, and what must stay.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ReduceConfig {
    /// From how many one-off ids of a type on the whole type stays.
    pub ids_to_wildcard: usize,
    /// From how many names of a type on their common prefix stays.
    pub names_to_prefix: usize,
    /// How bold.
    pub mode: ModeName,
    /// After how many days a grant is old, in the aggressive mode.
    pub min_age_days: i64,
    /// `[[reduce.rules]]`
    pub rules: Vec<RuleConfig>,
    /// `[[reduce.keep]]`
    pub keep: Vec<KeepConfig>,
    /// Of all known resources that a generalised pattern takes in, the thousandths that may not have been used (0–1000).
    pub over_grant_permille: usize,
    /// How many unused known resources a generalised pattern may bring in at most.
    pub over_grant_most: usize,
    /// Whether every region that was seen is named; otherwise what was used in several regions is granted in all.
    pub pin_region: bool,
    /// Managed policies that one user, group or role can have attached (AWS: 10, up to 20 on request).
    pub attached_quota: usize,
}

impl Default for ReduceConfig {
    fn default() -> ReduceConfig {
        ReduceConfig {
            ids_to_wildcard: 3,
            names_to_prefix: 25,
            over_grant_permille: 900,
            over_grant_most: 1000,
            pin_region: true,
            attached_quota: 10,
            mode: ModeName::Balanced,
            min_age_days: 30,
            rules: Vec::new(),
            keep: Vec::new(),
        }
    }
}

/// How bold the reduction is.
#[derive(Debug, Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum ModeName {
    /// Only what was never used goes; resources stay.
    Conservative,
    /// What was not used in the window goes.
    Balanced,
    /// Young grants, rhythms and dependent actions go too.
    Aggressive,
}

/// Other settings for some users, groups and roles; all that is given must fit.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// Pattern of the path.
    pub path: Option<String>,
    /// `key=pattern of the value`.
    pub tag: Option<String>,
    /// Pattern of the ARN.
    pub arn: Option<String>,
    /// The mode for them.
    pub mode: Option<ModeName>,
    /// Do not reduce them at all.
    #[serde(default)]
    pub leave_alone: bool,
}

/// A permission that stays though it is not used.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct KeepConfig {
    /// Pattern of the ARN of the users and roles.
    pub principal: String,
    /// Action patterns.
    pub actions: Vec<String>,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it stays, `YYYY-MM-DD`.
    pub until: String,
    /// Why.
    #[serde(default)]
    pub reason: String,
}

impl Config {
    /// Reads a file; `None` gives the defaults.
    ///
    /// # Errors
    /// [`ConfigError`] naming the file and the key.
    pub fn load(path: Option<&Path>) -> Result<Config, ConfigError> {
        let Some(path) = path else { return Ok(Config::default()) };
        let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Read { path: path.to_owned(), source })?;
        let config: Config = toml::from_str(&text)
            .map_err(|source| ConfigError::Parse { path: path.to_owned(), source: Box::new(source) })?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let bad = |key, problem: String| Err(ConfigError::Value { key, problem });
        if !(0.0..=1.0).contains(&self.coverage.min_share) {
            return bad("coverage.min_share", format!("{} is not between 0.0 and 1.0", self.coverage.min_share));
        }
        for id in self.accounts.keys().chain(self.vendors.keys()) {
            if !(id.len() == 12 && id.bytes().all(|b| b.is_ascii_digit())) {
                return bad("accounts / vendors", format!("`{id}` is not an account id of twelve digits"));
            }
        }
        let t = &self.thresholds;
        let days = [t.key_max_age_days, t.key_unused_days, t.password_unused_days, t.role_unused_days, t.user_unused_days];
        if days.iter().any(|d| !(1..=3650).contains(d)) {
            return bad("thresholds", "days are between 1 and 3650".to_owned());
        }
        if self.logs.max_file_bytes.is_some_and(|n| n > 1 << 31) || self.logs.max_ratio == Some(0) {
            return bad("logs", "max_file_bytes is at most 2147483648, max_ratio at least 1".to_owned());
        }
        if self.logs.keep_days.is_some_and(|days| !(1..=3650).contains(&days)) {
            return bad("logs.keep_days", "days are between 1 and 3650".to_owned());
        }
        if self.reduce.ids_to_wildcard == 0 || self.reduce.names_to_prefix == 0 {
            return bad("reduce", "counts start at 1".to_owned());
        }
        if self.reduce.over_grant_permille > 1000 {
            return bad("reduce.over_grant_permille", format!("{} is more than 1000", self.reduce.over_grant_permille));
        }
        if !(1..=20).contains(&self.reduce.attached_quota) {
            return bad("reduce.attached_quota", format!("{} is not between 1 and 20", self.reduce.attached_quota));
        }
        if !(0..=3650).contains(&self.reduce.min_age_days) {
            return bad("reduce.min_age_days", "days are between 0 and 3650".to_owned());
        }
        for rule in &self.reduce.rules {
            if rule.path.is_none() && rule.tag.is_none() && rule.arn.is_none() {
                return bad("reduce.rules", "a rule names a path, a tag or an arn".to_owned());
            }
            if rule.mode.is_none() && !rule.leave_alone {
                return bad("reduce.rules", "a rule sets a mode or leaves alone".to_owned());
            }
            if rule.tag.as_ref().is_some_and(|t| !t.contains('=')) {
                return bad("reduce.rules.tag", "write key=value".to_owned());
            }
        }
        for keep in &self.reduce.keep {
            if keep.until.parse::<jiff::civil::Date>().is_err() {
                return bad("reduce.keep.until", format!("`{}` is not a date YYYY-MM-DD", keep.until));
            }
            if keep.owner.trim().is_empty() || keep.actions.is_empty() {
                return bad("reduce.keep", "an entry names an owner and actions".to_owned());
            }
        }
        Ok(())
    }

    /// The coverage threshold in thousandths.
    #[must_use]
    pub fn min_coverage_permille(&self) -> i64 {
        #[allow(clippy::cast_possible_truncation, reason = "checked to lie between 0 and 1")]
        let permille = (self.coverage.min_share * 1000.0).round() as i64;
        permille
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_key_is_an_error() {
        assert!(toml::from_str::<Config>("[thresholds]\nkey_max_age = 30\n").is_err());
        let ok: Config = toml::from_str("[thresholds]\nkey_max_age_days = 30\n").unwrap();
        assert_eq!((ok.thresholds.key_max_age_days, ok.thresholds.role_unused_days), (30, 90));
    }

    #[test]
    fn a_keep_entry_has_an_owner_and_an_end() {
        let read = |until: &str, owner: &str| {
            let text = format!("[[reduce.keep]]\nprincipal = \"*\"\nactions = [\"s3:*\"]\nowner = \"{owner}\"\nuntil = \"{until}\"\n");
            toml::from_str::<Config>(&text).unwrap().check()
        };
        assert!(read("2027-01-31", "team").is_ok());
        assert!(read("soon", "team").is_err());
        assert!(read("2027-01-31", " ").is_err());
        assert!(toml::from_str::<Config>("[[reduce.rules]]\npath = \"/x/*\"\n").unwrap().check().is_err(), "a rule that says nothing");
        assert!(toml::from_str::<Config>("[reduce]\nmode = \"aggressive\"\n").unwrap().check().is_ok());
    }

    #[test]
    fn values_out_of_range_are_errors() {
        let config = Config { coverage: CoverageConfig { min_share: 1.5, data_events: vec![] }, ..Config::default() };
        assert!(config.check().is_err());
        assert!(toml::from_str::<Config>("[logs]\nmax_ratio = 0\n").unwrap().check().is_err());
        assert!(toml::from_str::<Config>("[logs]\nmax_file_bytes = 3000000000\n").unwrap().check().is_err());
        assert!(toml::from_str::<Config>("[logs]\nmax_file_bytes = 1000\n").unwrap().check().is_ok());
        assert!(toml::from_str::<Config>("[logs]\nkeep_days = 0\n").unwrap().check().is_err());
        assert!(toml::from_str::<Config>("[logs]\nkeep_days = 400\n").unwrap().check().is_ok());
    }
}
