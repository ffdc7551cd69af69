//! From the configuration file to the settings of the reduction.

use std::path::{Path, PathBuf};

use super::RunOptions;
use crate::config::{Config, ConfigError, KeepConfig, ModeName, RuleConfig};
use crate::reduce::{Keep, Mode, ReduceSettings, Rule};
use crate::report::formats::manifest::Setting;
use crate::report::model::day;
use crate::usage::Window;

fn mode(name: ModeName) -> Mode {
    match name {
        ModeName::Conservative => Mode::Conservative,
        ModeName::Balanced => Mode::Balanced,
        ModeName::Aggressive => Mode::Aggressive,
    }
}

fn rule(rule: &RuleConfig) -> Rule {
    Rule {
        path: rule.path.clone(),
        tag: rule.tag.as_deref().and_then(|t| t.split_once('=')).map(|(key, value)| (key.to_owned(), value.to_owned())),
        arn: rule.arn.clone(),
        mode: rule.mode.map(mode),
        leave_alone: rule.leave_alone,
    }
}

fn keep(keep: &KeepConfig, today: &str) -> Keep {
    Keep {
        principal: keep.principal.clone(),
        actions: keep.actions.clone(),
        owner: keep.owner.clone(),
        until: keep.until.clone(),
        reason: keep.reason.clone(),
        is_expired: keep.until.as_str() < today,
    }
}

/// The settings that the file asks for, at the end of the window.
pub fn of(config: &Config, window: Window) -> ReduceSettings {
    let today = day(Some(window.end_ms));
    ReduceSettings {
        min_coverage_permille: config.min_coverage_permille(),
        declared_data_events: config.coverage.data_events.clone(),
        ids_to_wildcard: config.reduce.ids_to_wildcard,
        names_to_prefix: config.reduce.names_to_prefix,
        over_grant_permille: config.reduce.over_grant_permille,
        over_grant_most: config.reduce.over_grant_most,
        pin_region: config.reduce.pin_region,
        attached_quota: config.reduce.attached_quota,
        mode: mode(config.reduce.mode),
        min_age_days: config.reduce.min_age_days,
        rules: config.reduce.rules.iter().map(rule).collect(),
        keep: config.reduce.keep.iter().map(|k| keep(k, &today)).collect(),
    }
}

/// How many days of events the store keeps; never fewer than are judged by.
///
/// # Errors
/// [`ConfigError::Value`] when the window is longer.
pub fn kept_days(options: &RunOptions, config: &Config) -> Result<Option<i64>, ConfigError> {
    let days = options.keep_days.or(config.logs.keep_days);
    match days {
        Some(days) if days < options.window_days => Err(ConfigError::Value {
            key: if options.keep_days.is_some() { "--keep" } else { "logs.keep_days" },
            problem: format!("{days} days are fewer than the {} of the window", options.window_days),
        }),
        _ => Ok(days),
    }
}

/// What the configuration asks for that no longer holds, for the list of what is not known.
pub fn expired(settings: &ReduceSettings) -> Vec<String> {
    let ended = settings.keep.iter().filter(|k| k.is_expired);
    ended.map(|k| format!("keep-list: the entry of {} for {} ended on {} and keeps nothing", k.owner, k.principal, k.until)).collect()
}

/// The file of suppressions: the run's or, beside the configuration, the one that it names.
pub fn suppressions(options: &RunOptions, config: &Config) -> Option<PathBuf> {
    let named = |name: &PathBuf| options.config.as_deref().and_then(Path::parent).map_or_else(|| name.clone(), |folder| folder.join(name));
    options.suppressions.clone().or_else(|| config.suppressions.as_ref().map(named))
}

/// The files that a run is told to read besides logs and grants.
pub fn files(options: &RunOptions, config: &Config) -> Vec<Setting> {
    let all = [("configuration", options.config.clone()), ("suppressions", suppressions(options, config)), ("iac-map", options.iac_map.clone())];
    let mut files: Vec<Setting> = all.into_iter().filter_map(|(role, path)| Some(Setting { role, path: path? })).collect();
    let templates = options.ticket_template.iter().flat_map(|path| walkdir::WalkDir::new(path).max_depth(1).sort_by_file_name());
    files.extend(templates.flatten().filter(|e| e.file_type().is_file()).map(|e| Setting { role: "ticket-template", path: e.into_path() }));
    files
}
