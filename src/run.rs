//! The nightly run, readable from top to bottom: logs and grants in, proposals and reports out.
//!
//! This is the only file that names all stages; data flows down it only.

mod asked;
mod backtest;
mod blast;
mod blast_admins;
mod blast_facts;
#[cfg(test)]
mod blast_test;
mod callers;
mod changes;
pub mod check;
mod consistency;
mod control_tables;
#[cfg(test)]
mod controls_test;
mod coverage;
mod denied;
mod eras;
mod external;
#[cfg(test)]
mod external_test;
#[cfg(test)]
mod external_world_test;
pub mod explain;
mod facts;
mod fork_proofs;
mod history;
mod holders;
mod layers;
pub mod lint;
pub mod mapping;
mod memory;
mod packing;
mod out_folder;
mod page_facts;
#[cfg(test)]
mod packing_test;
mod paths;
pub mod policy;
#[cfg(test)]
mod portable_test;
#[cfg(test)]
mod made_up_test;
#[cfg(test)]
mod perturb_test;
mod proof_facts;
mod proofs;
mod redacted;
#[cfg(test)]
mod random_organisation_test;
#[cfg(test)]
mod reduction_test;
mod replaced;
mod replay;
mod review;
mod roots;
mod run_folder;
mod sessions;
mod settings;
pub mod shares;
#[cfg(test)]
mod small_reference_test;
mod tables;
mod takeovers;
#[cfg(test)]
mod owners_proofs_test;
mod trust_proofs;
pub mod timings;
mod validity;
#[cfg(test)]
mod validity_test;
mod write;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::config::{Config, ConfigError, ReadableBy};
use crate::files;
use crate::grants::doctor::{Diagnosis, diagnose};
use crate::grants::{self, Grants, GrantsError};
use crate::ingest::digest::{self, KeyFiles, Period, VerifyOptions};
use crate::ingest::integrity;
use crate::ingest::source::{self, Keep};
use crate::ingest::{self, IngestError, IngestSummary, Ledger};
use crate::progress::Progress;
use crate::redact::KeyError;
use crate::reduce::advice::Advice;
use crate::reduce;
use crate::reference::mapping::Mapper;
use crate::reference::{Reference, ReferenceError};
use crate::report::findings::baseline::Baseline;
use crate::report::findings::suppressions::SuppressionsError;
use crate::report::formats::outbox::{Templates, TicketError};
use crate::report::{ReportModel, reports};
use crate::report::catalogue::CatalogueError;
use crate::report::deliver::iac_map::IacMapError;
use crate::report::sql::SqlError;
use memory::{AtHand, Memory};
use out_folder::OutFolder;
use timings::{Stage, Watch};
use write::Folder;
pub use crate::usage::Window;
use crate::usage::{self, Usage, UsageError};

/// The mode of a run (`run.json`) that made policies from use alone.
const FROM_USAGE: &str = "from logs alone";

/// What a run is told.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// Where logs are (`ingest::source`); empty to analyse what the state holds.
    pub logs: Vec<PathBuf>,
    /// Which of the log files are wanted.
    pub keep: Keep,
    /// Take in only log files that a digest verifies, with these public keys.
    pub digests: Option<KeyFiles>,
    /// Grant bundles; empty to work from logs alone.
    pub grants: Vec<PathBuf>,
    /// State folder.
    pub state: PathBuf,
    /// Output folder.
    pub out: PathBuf,
    /// Window in days.
    pub window_days: i64,
    /// How many days of events the state folder keeps; the configuration's if not given.
    pub keep_days: Option<i64>,
    /// As-of time, epoch ms.
    pub now_ms: i64,
    /// Configuration file.
    pub config: Option<PathBuf>,
    /// Make policies from use alone even if grants were given.
    pub from_usage: bool,
    /// No progress on standard error.
    pub quiet: bool,
    /// A list of outside accounts that somebody published (`external::known`).
    pub known_accounts: Option<PathBuf>,
    /// Databases of networks (MMDB) that the reader brings.
    pub mmdb: Vec<PathBuf>,
    /// Which files of the reader's own own which policies.
    pub iac_map: Option<PathBuf>,
    /// Findings that were accepted; the configuration's if not given.
    pub suppressions: Option<PathBuf>,
    /// Say how long each stage took, and how much memory it needed.
    pub timings: bool,
    /// How large the page may be, in millions of bytes; what is beyond stands in files beside it.
    pub html_max_mb: usize,
    /// Write tickets of what changed, by owner.
    pub tickets: bool,
    /// Their template, or a folder of templates; the built-in one if not given.
    pub ticket_template: Option<PathBuf>,
    /// Put tokens in the place of people, addresses and identifiers.
    pub redact: bool,
    /// The file of their key; that of the state folder if not given.
    pub redact_key: Option<PathBuf>,
}

/// Why a run stopped.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Logs or state cannot be used.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// Grants cannot be used.
    #[error(transparent)]
    Grants(#[from] GrantsError),
    /// Use cannot be rolled up.
    #[error(transparent)]
    Usage(#[from] UsageError),
    /// The bundled reference is damaged.
    #[error("{0}")]
    Reference(String),
    /// The list of known accounts is wrong.
    #[error(transparent)]
    KnownAccounts(#[from] crate::external::KnownError),
    /// A database of networks is none.
    #[error(transparent)]
    Origins(#[from] crate::external::OriginsError),
    /// The map of the reader's own files is wrong.
    #[error(transparent)]
    IacMap(#[from] IacMapError),
    /// The suppressions cannot be read.
    #[error(transparent)]
    Suppressions(#[from] SuppressionsError),
    /// A report failed.
    #[error(transparent)]
    Sql(#[from] SqlError),
    /// A report description is wrong.
    #[error(transparent)]
    Catalogue(#[from] CatalogueError),
    /// A table could not be built.
    #[error("table: {0}")]
    Table(String),
    /// Nothing to work on.
    #[error("the state folder holds no events: give --logs")]
    NoEvents,
    /// A file could not be written.
    #[error("cannot write `{}`: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// What is remembered of earlier nights cannot be read or written.
    #[error("memory of earlier nights: {source}; a file of it that is damaged may be moved away, the night before it counts then")]
    Memory {
        /// The cause, with the file where one is damaged.
        source: std::io::Error,
    },
    /// The access review could not be written.
    #[error("access review: {0}")]
    Review(String),
    /// A template of tickets is none, or asks for what there is not.
    #[error(transparent)]
    Tickets(#[from] TicketError),
    /// There is no key for tokens.
    #[error(transparent)]
    Redact(#[from] KeyError),
    /// The page could not be rendered.
    #[error("report page: {0}")]
    Page(String),
}

impl RunError {
    /// The exit code (design.md section 3).
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            RunError::Ingest(IngestError::LockHeld { .. }) => 5,
            RunError::Config(_) | RunError::IacMap(_) | RunError::KnownAccounts(_) | RunError::Origins(_) | RunError::Suppressions(_) | RunError::Redact(_) | RunError::Tickets(_) | RunError::Grants(_) | RunError::Ingest(IngestError::Logs { .. } | IngestError::Keys { .. }) | RunError::NoEvents => 2,
            _ => 1,
        }
    }
}

/// What a run gave.
pub struct Outcome {
    /// What was taken in, if logs were given.
    pub ingested: Option<IngestSummary>,
    /// What was found.
    pub model: ReportModel,
    /// How long each stage took.
    pub stages: Vec<Stage>,
}

/// Reads logs into the state folder.
///
/// # Errors
/// [`RunError`].
pub fn ingest(options: &RunOptions) -> Result<IngestSummary, RunError> {
    let config = configured(options)?;
    let _lock = lock(&options.state)?;
    take_in(options, &config)
}

/// The nightly run.
///
/// # Errors
/// [`RunError`]; bad records, files and policies are no errors but part of the outcome.
pub fn run(options: &RunOptions) -> Result<Outcome, RunError> {
    let mut watch = Watch::start();
    let config = configured(options)?;
    let keep_days = settings::kept_days(options, &config)?;
    let _lock = lock(&options.state)?;
    let tickets = options.tickets.then(|| Templates::load(options.ticket_template.as_deref())).transpose()?;
    let key = redacted::key(options)?;
    let out = OutFolder::claim(&options.out)?;
    let mut ingested = if options.logs.is_empty() { None } else { Some(take_in(options, &config)?) };
    watch.lap("ingest");

    let mut ledger = Ledger::open(&options.state)?;
    if options.logs.is_empty() {
        integrity::check(&options.state, &ledger)?;
    }
    ingest::retention::keep(&options.state, &mut ledger, keep_days, options.now_ms)?;
    let reference = reference()?;
    let window = Window::of_days(options.window_days, options.now_ms);
    let mut usage = roll_up(&options.state, &ledger, window)?;
    watch.lap("usage");
    let mut grants = grants::load(&options.grants)?;
    watch.lap("grants");
    paths::add(&mut usage, &grants);
    let past = history::replay(&mut grants, &usage, &options.state, &ledger, window)?;

    watch.lap("history");

    let settings = settings::of(&config, window);
    let covered = reduce::Covered::new(&usage.coverage, &grants.trails, reference, &settings, window);
    let from_usage = options.from_usage || grants.is_empty();
    let types = reduce::write::Types::new(reference);
    let settle = |proposal: &mut reduce::Proposal| packing::settle(proposal, 0, &types, reference);
    let (mut proposals, skipped) = if from_usage {
        reduce::from_usage::from_usage(&usage, reference, window, &settings, &settle)
    } else {
        reduce::reduce(&grants, &usage, &covered, reference, window, &settings, &settle)
    };
    packing::check(&mut proposals, &types, reference);
    let linted = validity::check(&mut proposals, reference);
    watch.lap("reduce");
    let layers = layers::Layers::new(&grants, &usage);
    let proofs = if from_usage {
        proofs::of_use(&mut proposals, &usage)
    } else {
        let mut proofs = proofs::of_grants(&mut proposals, &layers, &usage);
        trust_proofs::prove(&mut proposals, &grants, &usage, &mut proofs);
        eras::explain(proofs, &past, &grants)
    };

    let advice = if from_usage { Vec::new() } else { advise(&grants, &usage, &covered, reference, window, &settings, &proposals) };
    watch.lap("prove");
    let backtest = (!from_usage).then(|| backtest::of_grants(&proposals, &layers, &usage, window));
    watch.lap("look back");
    let blast = (!from_usage).then(|| blast::of_grants(&proposals, &layers, reference));
    watch.lap("blast radius");
    let consistency = consistency::of_grants(&layers, &usage, &past);
    watch.lap("consistency");
    let denied = denied::of_grants(&layers, &usage, &past, &tables::own_accounts(&grants, &usage, &config), reference);
    // What was asked of each resource is no longer needed.
    drop(layers);
    watch.lap("denied");

    let covered_days = covered.rows();
    let mut tables = tables::register(&grants, &usage, &covered_days, &config, reference, window)?;
    let decided = external::decided(&proposals, &proofs, blast.as_ref());
    external::register(&mut tables, &grants, &usage, &config, external::beside(options, decided, window)?, window)?;
    tables.register_columns("denied_clusters", denied.columns())?;
    tables.register_columns("denied_calls", denied.member_columns())?;
    watch.lap("tables");
    let mut model = facts::model(&config, &grants, &usage, &ledger, reference, window, from_usage);
    model.unknown.extend(settings::expired(&settings));
    coverage::add(&mut model, &covered, &covered_days, &usage.coverage.window_days);
    drop(covered_days);
    facts::add_exports(&mut model, &grants, &diagnose(&grants, Some(&facts::log_window(&usage, window))));
    model.advice_lint = validity::of_advice(&advice, reference);
    facts::add_advice(&mut model, advice);
    facts::add_proposals(&mut model, proposals, skipped, &proofs, &grants, reference);
    facts::add_lint(&mut model, linted);
    proof_facts::add(&mut model, &proofs, backtest.as_ref());
    if let Some(blast) = blast {
        blast_facts::add(&mut model, blast, reference);
    }
    review::add(&mut model, &grants, &usage, &config, reference);
    facts::add_consistency(&mut model, &consistency);
    model.denied = denied;
    facts::add_history(&mut model, &past);
    model.page.services = page_facts::services(&usage);
    let redactor = key.map(|key| redacted::redactor(key, &grants, &usage, reference)).transpose()?;
    let folder = Folder::of(out, redactor.as_ref());
    folder.usage(&usage.rows)?;
    // From here on nobody asks for single calls: findings and pages take the memory that they took.
    drop((proofs, backtest, past));
    (usage.rows, usage.history, usage.denied_calls) = (Vec::new(), Vec::new(), Vec::new());
    watch.lap("facts");
    control_tables::of_results(&mut tables, &model.proposals, model.blast.as_ref().map_or(&[][..], |b| &b.rows))?;
    model.reports = reports()?;
    let memory = Memory {
        state: &options.state,
        suppressions: settings::suppressions(options, &config),
        inputs: AtHand::new(&grants, &usage, &config, &model.reports),
    };
    facts::add_findings(&mut model, &mut tables, &memory)?;
    page_facts::after_findings(&mut model);
    watch.lap("findings");
    page_facts::add(&mut model, &grants, &usage, &mut tables)?;
    if options.timings {
        model.timings = Some(facts::timings(&watch));
    }
    #[cfg(test)]
    portable_test::seen(&mut tables);
    // Everything is decided: only words change from here on.
    if let Some(redactor) = &redactor {
        redacted::outcome(&mut model, ingested.as_mut(), redactor);
        watch.lap("redact");
    }
    let beside = write::Beside { ledger: &ledger, settings: &settings::files(options, &config), tickets: tickets.as_ref() };
    write::all(options, folder, &model, &beside, reference, tables, &mut watch)?;
    watch.lap("write: manifest");
    Ok(Outcome { ingested, model, stages: watch.stages().to_vec() })
}

/// The configuration; what is written from now on may be read by whom it says.
fn configured(options: &RunOptions) -> Result<Config, RunError> {
    let config = Config::load(options.config.as_deref())?;
    files::share_with(match config.files.readable_by {
        ReadableBy::Owner => files::Access::Owner,
        ReadableBy::Group => files::Access::Group,
        ReadableBy::Everyone => files::Access::Everyone,
    });
    Ok(config)
}

/// What the logs suggest beyond the proposals.
fn advise(
    grants: &Grants,
    usage: &Usage,
    covered: &reduce::Covered<'_>,
    reference: &Reference,
    window: Window,
    settings: &reduce::ReduceSettings,
    proposals: &[reduce::Proposal],
) -> Vec<Advice> {
    let mut all = reduce::advice::advise(grants, usage, covered, reference, window, settings);
    let forks = reduce::advice::fork::forks(grants, usage, covered, reference, window, settings, proposals);
    all.extend(fork_proofs::proved(forks, grants, usage));
    all.sort();
    all
}

/// Reads exports of grants and says what they lack; with a state folder, also whether they are older than its logs.
///
/// # Errors
/// [`RunError`] when a path is not there, or the state folder cannot be used.
pub fn examine(bundles: &[PathBuf], logs: Option<(&Path, Window)>) -> Result<(Grants, Diagnosis), RunError> {
    let grants = grants::load(bundles)?;
    let logs = match logs {
        Some((state, window)) => {
            let _lock = lock(state)?;
            let usage = roll_up(state, &Ledger::open(state)?, window)?;
            Some(facts::log_window(&usage, window))
        }
        None => None,
    };
    let diagnosis = diagnose(&grants, logs.as_ref());
    Ok((grants, diagnosis))
}

/// Freezes what failed on the last night of a state folder.
///
/// # Errors
/// [`RunError`] when the folder cannot be used.
pub fn set_baseline(state: &Path) -> Result<Option<Baseline>, RunError> {
    let _lock = lock(state)?;
    Baseline::set(state).map_err(|source| RunError::Write { path: state.join("findings"), source })
}

fn reference() -> Result<&'static Reference, RunError> {
    Reference::bundled().map_err(|e| RunError::Reference(e.to_string()))
}

fn take_in(options: &RunOptions, config: &Config) -> Result<IngestSummary, RunError> {
    let reference = reference()?;
    let mapper = Mapper::new(reference).map_err(|e: ReferenceError| RunError::Reference(e.to_string()))?;
    let progress = Progress::new(options.quiet);
    let usual = ingest::Limits::default();
    let limits = ingest::Limits {
        max_bytes: config.logs.max_file_bytes.unwrap_or(usual.max_bytes),
        max_ratio: config.logs.max_ratio.unwrap_or(usual.max_ratio),
    };
    let logs = source::list(&options.logs, &options.keep)?;
    let digests = match &options.digests {
        Some(keys) => {
            let all = VerifyOptions { keys: keys.clone(), period: Period::default() };
            Some(digest::verify(&logs, &all)?.verdicts())
        }
        None => None,
    };
    Ok(ingest::ingest(logs, digests.as_ref(), &options.state, &mapper, reference, limits, &progress)?)
}

fn roll_up(state: &Path, ledger: &Ledger, window: Window) -> Result<Usage, RunError> {
    let parts = |table: &str| ledger.parts(table).iter().map(|p| state.join(p)).collect::<Vec<_>>();
    let (events, actions) = (parts("events"), parts("event_actions"));
    if events.is_empty() {
        return Err(RunError::NoEvents);
    }
    let mut usage = usage::roll_up(&events, &actions, &parts("grant_changes"), window)?;
    usage.coverage.place_in_organisations(ledger.files().into_iter().map(|f| f.path.as_str()));
    Ok(usage)
}

/// The machine, where it says its name: a state folder may be on a shared disk.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { String::new() } else { format!(" on {}", name.trim()) }
}

/// Takes the state folder for this run.
fn lock(state: &Path) -> Result<File, RunError> {
    let path = state.join("lock");
    let fail = |source: std::io::Error| RunError::Write { path: path.clone(), source };
    files::create_dir_all(state).map_err(fail)?;
    let mut file = files::open_or_create(&path).map_err(fail)?;
    match file.try_lock() {
        Ok(()) => {
            file.set_len(0).map_err(fail)?;
            write!(file, "process {}{}", std::process::id(), host()).map_err(fail)?;
            Ok(file)
        }
        Err(std::fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            let _ = file.read_to_string(&mut holder);
            Err(IngestError::LockHeld { what: "state", holder }.into())
        }
        Err(std::fs::TryLockError::Error(source)) => Err(fail(source)),
    }
}

