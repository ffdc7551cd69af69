//! From what the user said to a stage and back to an exit code.

use std::io::{BufReader, BufWriter, IsTerminal as _, Write as _};
use std::path::Path;

use crate::cli::{
    AnalyzeArgs, CheckArgs, Command, DeliveryArgs, DigestsArgs, DoctorArgs, ExplainArgs, ExportScriptArgs, KeysArgs, LintArgs, LogsArgs, MappingArgs, ObservabilityArgs, OutputArgs, PolicyArgs,
    ReferenceCommand, ReferenceFileArgs, RulesCommand, RunArgs, StateArgs, VerifyLogsArgs,
};
use crate::evaluate::simulate;
use crate::grants::catalogue::exports;
use crate::grants::export_script::{self, ScriptOptions};
use crate::ingest::IngestSummary;
use crate::ingest::digest::{KeyFiles, Period, VerifyOptions, verify};
use crate::ingest::source::{Keep, list};
use crate::lint::PolicyType;
use crate::reference::{Reference, import};
use crate::report::escape::{JsonLines, json_line, visible};
use crate::report::findings::fail_on::FailOn;
use crate::report::{check_text, doctor_text, explain_text, lint_text, mapping_text, verify_text};
use crate::run::check::check as check_files;
use crate::run::explain::{self, ExplainError};
use crate::run::lint::lint_files;
use crate::run::mapping::{measure, rules};
use crate::run::policy::{Asked, Form, proposal};
use crate::run::timings::{Stage, peak_rss_bytes};
use crate::signals;
use crate::run::{Outcome, RunError, RunOptions, Window, examine, ingest, run};

/// A line on standard output; a reader that went away (`| head`) is no failure of the run.
macro_rules! say {
    ($($what:tt)*) => { said(writeln!(std::io::stdout(), $($what)*)) };
}

mod controls;
mod findings;
mod manual;
mod shares;

fn said(result: std::io::Result<()>) {
    if let Err(error) = result
        && error.kind() != std::io::ErrorKind::BrokenPipe
    {
        eprintln!("trailtrim: cannot write to standard output: {error}");
    }
}

/// Exit code when some input was rejected.
const PARTIAL: u8 = 4;

/// Exit code when findings are there that `--fail-on` counts.
const FAILING: u8 = 3;

/// Exit code when nothing is proposed.
const NOTHING: u8 = 3;

/// How many of many rejected things are named on standard error.
const SHOWN: usize = 20;

/// An error with the exit code it ends in.
pub struct Failure {
    /// What to print.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl From<RunError> for Failure {
    fn from(error: RunError) -> Failure {
        Failure { code: error.exit_code(), message: error.to_string() }
    }
}

fn usage_error(message: impl std::fmt::Display) -> Failure {
    Failure { message: message.to_string(), code: 2 }
}

/// Does what was asked; gives the exit code.
///
/// # Errors
/// [`Failure`] with the exit code.
pub fn execute(command: Command) -> Result<u8, Failure> {
    if matches!(command, Command::Run(_) | Command::Ingest(_) | Command::Analyze(_)) {
        signals::watch();
    }
    match command {
        Command::Run(RunArgs { logs, delivery, digests, state, reference, output }) => {
            choose(&reference, state.quiet)?;
            let keep = keep(&logs, Some(delivery));
            analyze(RunOptions { logs: logs.logs, keep, digests: required(digests)?, ..options(&state) }, &state, output)
        }
        Command::Analyze(AnalyzeArgs { state, reference, output }) => {
            choose(&reference, state.quiet)?;
            analyze(options(&state), &state, output)
        }
        Command::Ingest(args) => {
            choose(&args.reference, args.state.quiet)?;
            threads(args.state.threads)?;
            let keep = keep(&args.logs, Some(args.delivery));
            let options = RunOptions { logs: args.logs.logs, keep, digests: required(args.digests)?, config: args.config, ..options(&args.state) };
            let summary = ingest(&options)?;
            say!("{}", summary.sentence());
            print_rejections(&summary);
            Ok(if summary.totals.rejected > 0 { PARTIAL } else { 0 })
        }
        Command::Shares(args) => shares::shares(args),
        Command::VerifyLogs(args) => verify_logs(args),
        Command::Policy(args) => policy(&args),
        Command::Explain(args) => explain_one(&args),
        Command::Simulate(args) => simulate_cases(&args.cases, args.explain),
        Command::Check(args) => check(&args),
        Command::Lint(args) => lint(&args),
        Command::Doctor(args) => doctor(&args),
        Command::Rules(args) => match args.command {
            RulesCommand::List(args) => controls::list(&args),
            RulesCommand::Show(args) => controls::show(&args),
            RulesCommand::Mapping(args) => mapping_rules(&args),
            RulesCommand::Observability(args) => observability_rules(&args),
        },
        Command::Compare(args) => controls::compare(&args),
        Command::Reference(args) => reference(args.command),
        Command::ExportScript(args) => export_script(args),
        Command::Completions(args) => Ok(manual::completions(&args)),
        Command::Man(args) => manual::man(&args),
        Command::Suppressions(args) => findings::suppressions(args.command),
        Command::Baseline(args) => findings::baseline(&args.command),
        Command::Verify(args) => findings::verify_folder(&args),
        Command::Review(args) => findings::review(args.command),
    }
}

fn explain_one(args: &ExplainArgs) -> Result<u8, Failure> {
    let asked = explain::Asked { what: &args.what, action: args.action.as_deref(), state: args.state.as_deref(), out: &args.out };
    let explained = explain::explain(&asked).map_err(|e: ExplainError| Failure { code: e.exit_code(), message: e.to_string() })?;
    if args.json {
        say!("{}", explain_text::json(&explained));
    } else {
        said(write!(std::io::stdout(), "{}", explain_text::text(&explained)));
    }
    Ok(0)
}

fn export_script(args: ExportScriptArgs) -> Result<u8, Failure> {
    let rows = exports().map_err(|message| Failure { message, code: 1 })?;
    let options = ScriptOptions { role: args.organization.then_some(args.role), regions: args.regions, out: args.out };
    let text = if args.policy { export_script::policy(rows, &options) } else { export_script::script(rows, &options) };
    said(write!(std::io::stdout(), "{text}"));
    Ok(0)
}

fn options(state: &StateArgs) -> RunOptions {
    RunOptions {
        logs: Vec::new(),
        keep: Keep::default(),
        digests: None,
        grants: Vec::new(),
        state: state.state.clone(),
        out: std::path::PathBuf::new(),
        window_days: 90,
        keep_days: None,
        now_ms: 0,
        config: None,
        from_usage: false,
        quiet: state.quiet,
        known_accounts: None,
        mmdb: Vec::new(),
        iac_map: None,
        suppressions: None,
        timings: false,
        html_max_mb: crate::report::html::MAX_MB,
        tickets: false,
        ticket_template: None,
        redact: false,
        redact_key: None,
    }
}

/// Puts the user's reference in place of the built-in one, before anything reads that.
fn choose(args: &ReferenceFileArgs, quiet: bool) -> Result<(), Failure> {
    let Some(path) = &args.reference else { return Ok(()) };
    let reference = Reference::choose(path).map_err(usage_error)?;
    let mut skipped = reference.skipped_rows().to_vec();
    skipped.extend(rules()?.1);
    if !quiet && !skipped.is_empty() {
        eprintln!("reference: it lacks the actions of {} rows of the reviewed data; these rows are left out:", skipped.len());
        for row in skipped.iter().take(SHOWN) {
            eprintln!("reference: {}: `{}`", row.file, visible(&row.pattern));
        }
        if skipped.len() > SHOWN {
            eprintln!("reference: {} more", skipped.len() - SHOWN);
        }
    }
    Ok(())
}

fn threads(threads: Option<usize>) -> Result<(), Failure> {
    match threads {
        Some(0) => Err(usage_error("--threads starts at 1")),
        Some(n) => rayon::ThreadPoolBuilder::new().num_threads(n).build_global().map_err(usage_error),
        None => Ok(()),
    }
}

fn keep(logs: &LogsArgs, delivery: Option<DeliveryArgs>) -> Keep {
    let (accounts, regions) = (logs.accounts.iter().cloned().collect(), logs.regions.iter().cloned().collect());
    Keep { accounts, regions, since_ms: delivery.as_ref().and_then(|d| d.since), until_ms: delivery.and_then(|d| d.until) }
}

fn analyze(options: RunOptions, state: &StateArgs, output: OutputArgs) -> Result<u8, Failure> {
    threads(state.threads)?;
    let now_ms = output.now.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
    let out = output.out.clone();
    let Some(fail_on) = FailOn::named(&output.fail_on) else { return Err(usage_error(format!("no findings `{}`", output.fail_on))) };
    let options = RunOptions {
        grants: output.grants,
        out: output.out,
        window_days: output.window,
        keep_days: output.keep,
        now_ms,
        config: output.config,
        from_usage: output.from_usage,
        known_accounts: output.known_accounts,
        mmdb: output.mmdb,
        iac_map: output.iac_map,
        suppressions: output.suppressions,
        timings: output.timings,
        html_max_mb: output.html_max_mb,
        tickets: output.tickets,
        ticket_template: output.ticket_template,
        redact: output.redact,
        redact_key: output.redact_key,
        ..options
    };
    let outcome = run(&options)?;
    if options.timings {
        print_timings(&outcome.stages);
    }
    let partial = print_outcome(&outcome, &out);
    let code = if findings::counted(&outcome.model, fail_on) > 0 { FAILING } else if partial { PARTIAL } else { 0 };
    if let Some(path) = output.metrics_file {
        findings::write_metrics(&path, &outcome, code)?;
    }
    Ok(code)
}

/// What each stage took, on standard error.
fn print_timings(stages: &[Stage]) {
    for stage in stages {
        let held = stage.rss_bytes.map_or_else(|| "?".to_owned(), |b| (b >> 20).to_string());
        let peak = stage.peak_bytes.map_or_else(|| "?".to_owned(), |b| (b >> 20).to_string());
        eprintln!("{:>20}  {:>8.1} s  {held:>6} MiB held, {peak:>6} at most", stage.name, f64::from(u32::try_from(stage.ms).unwrap_or(u32::MAX)) / 1000.0);
    }
    if let Some(peak) = peak_rss_bytes() {
        eprintln!("{:>20}  {:>10}  {:>6} MiB", "peak", "", peak >> 20);
    }
}

/// Names what was rejected, on standard error; the first of many, the rest stand in `run.json` and the ledger.
fn print_rejections(summary: &IngestSummary) {
    for damage in &summary.damaged {
        eprintln!("damaged and made again: {}", visible(&format!("{}: {}", damage.part, damage.what)));
    }
    for (file, rejection) in summary.rejections.iter().take(SHOWN) {
        eprintln!("rejected: {}", visible(&format!("{file}: {rejection}")));
    }
    if summary.rejections.len() > SHOWN {
        eprintln!("rejected: {} more", summary.rejections.len() - SHOWN);
    }
}

/// The result in a few lines; whether input was rejected.
fn print_outcome(outcome: &Outcome, out: &Path) -> bool {
    let model = &outcome.model;
    if let Some(ingested) = &outcome.ingested {
        say!("{}", ingested.sentence());
        print_rejections(ingested);
    }
    let m = &model.mapping;
    say!(
        "events: {} kinds, {} mapped to actions, {} need no permission, {} unknown; {} of {} events with a resource name all of it",
        m.pairs, m.pairs_mapped, m.pairs_no_permission, m.pairs_unknown, m.events_with_concrete_arn, m.events_with_resource
    );
    let count = |status: &str| model.proposals_with(status).count();
    let (before, after) = model.actions_before_after();
    say!(
        "policies: {} proposed, {} unchanged, {} withheld, {} defects; actions {before} -> {after}",
        count("written"),
        count("unchanged"),
        count("withheld"),
        count("defect")
    );
    say!(
        "replay: {} calls in {} requests, {} newly denied, {} unknown",
        model.replay.calls, model.replay.requests, model.replay.newly_denied, model.replay.unknown
    );
    say!("{}", findings::sentence(model));
    say!("report: {}", out.join("report.html").display());
    outcome.ingested.as_ref().is_some_and(|i| i.totals.rejected > 0)
}

fn doctor(args: &DoctorArgs) -> Result<u8, Failure> {
    let now_ms = args.now.unwrap_or_else(|| jiff::Timestamp::now().as_millisecond());
    let logs = args.state.as_deref().map(|state| (state, Window::of_days(args.window, now_ms)));
    let (grants, diagnosis) = examine(&args.grants, logs)?;
    if args.json {
        say!("{}", json_line(&doctor_text::json(&grants, &diagnosis).to_string()));
    } else {
        said(std::io::stdout().write_all(doctor_text::text(&grants, &diagnosis, args.all).as_bytes()));
    }
    Ok(if grants.problems.is_empty() { 0 } else { PARTIAL })
}

fn key_files(keys: KeysArgs) -> KeyFiles {
    KeyFiles { export: keys.keys, pinned: keys.pinned_keys }
}

/// The keys of digests, where these are required.
fn required(digests: DigestsArgs) -> Result<Option<KeyFiles>, Failure> {
    let keys = key_files(digests.keys);
    match (digests.require_digests, keys == KeyFiles::default()) {
        (true, true) => Err(usage_error("--require-digests needs public keys: --pinned-keys or --keys")),
        (false, false) => Err(usage_error("--keys and --pinned-keys need --require-digests here")),
        (required, _) => Ok(required.then_some(keys)),
    }
}

fn verify_logs(args: VerifyLogsArgs) -> Result<u8, Failure> {
    threads(args.threads)?;
    let period = Period { since_ms: args.since, until_ms: args.until };
    let files = list(&args.logs.logs, &keep(&args.logs, None)).map_err(RunError::from)?;
    let options = VerifyOptions { keys: key_files(args.keys), period };
    let report = verify(&files, &options).map_err(RunError::from)?;
    if args.json {
        let mut out = BufWriter::new(std::io::stdout().lock());
        said(verify_text::write_json(&mut out, &report).and_then(|()| out.flush()));
    } else {
        said(write!(std::io::stdout(), "{}", verify_text::text(&report)));
    }
    Ok(report.exit_code())
}

fn check(args: &CheckArgs) -> Result<u8, Failure> {
    let answer = check_files(&args.existing, &args.new).map_err(usage_error)?;
    if args.json {
        say!("{}", json_line(&check_text::json(&answer).to_string()));
    } else {
        said(write!(std::io::stdout(), "{}", check_text::text(&answer)));
    }
    Ok(check_text::exit_code(&answer))
}

fn lint(args: &LintArgs) -> Result<u8, Failure> {
    choose(&args.reference, true)?;
    let reference = Reference::bundled().map_err(|e| Failure { message: e.to_string(), code: 1 })?;
    let kind = args.kind.as_deref().and_then(PolicyType::named);
    let files = lint_files(&args.files, kind, reference).map_err(usage_error)?;
    for file in &files {
        if args.json {
            say!("{}", lint_text::json(&file.path, file.kind, &file.findings));
        } else {
            said(write!(std::io::stdout(), "{}", lint_text::text(&file.path, file.kind, &file.findings)));
        }
    }
    Ok(lint_text::exit_code(files.iter().flat_map(|f| &f.findings)))
}

fn policy(args: &PolicyArgs) -> Result<u8, Failure> {
    let Some(form) = Form::named(&args.format) else { return Err(usage_error(format!("no format `{}`", args.format))) };
    let asked = Asked { arn: &args.arn, out: &args.out, form, policy: args.policy.as_deref(), from_usage: args.from_usage };
    let shown = proposal(&asked).map_err(usage_error)?;
    if shown.text.is_none() || !args.quiet {
        shown.notes.iter().for_each(|note| eprintln!("policy: {note}"));
    }
    let mut out = std::io::stdout();
    let Some(text) = (if out.is_terminal() { shown.on_terminal(form) } else { shown.text }) else {
        eprintln!("policy: nothing is printed");
        return Ok(NOTHING);
    };
    said(out.write_all(text.as_bytes()));
    Ok(0)
}

fn simulate_cases(path: &Path, explained: bool) -> Result<u8, Failure> {
    let out = JsonLines::to(BufWriter::new(std::io::stdout().lock()));
    let summary = if path == Path::new("-") {
        simulate::run(std::io::stdin().lock(), out, explained)
    } else {
        let file = std::fs::File::open(path).map_err(|e| usage_error(format!("cannot read `{}`: {e}", path.display())))?;
        simulate::run(BufReader::new(file), out, explained)
    };
    match summary {
        Ok(summary) => Ok(if summary.errors > 0 { 2 } else { 0 }),
        Err(e) => Err(Failure { message: e.to_string(), code: 1 }),
    }
}

fn mapping_rules(args: &MappingArgs) -> Result<u8, Failure> {
    choose(&args.reference, args.quiet)?;
    if args.measure.is_empty() {
        for row in rules()?.0 {
            if args.json {
                say!("{}", serde_json::json!({"table": row.table, "of": row.of, "what": row.what, "says": row.says, "reason": row.reason, "url": row.url}));
            } else {
                say!("{}\t{}\t{}\t{}\t{}\t{}", row.table, row.of, row.what, row.says, row.reason, row.url);
            }
        }
        return Ok(0);
    }
    let measured = measure(&args.measure, args.quiet, args.each)?;
    if args.each {
        for event in &measured.events {
            say!("{}", json_line(&event.to_string()));
        }
    } else if args.json {
        say!("{}", mapping_text::json(&measured.mapping));
    } else {
        say!("{}\n", measured.ingested.sentence());
        said(write!(std::io::stdout(), "{}", mapping_text::text(&measured.mapping)));
    }
    print_rejections(&measured.ingested);
    Ok(if measured.ingested.totals.rejected > 0 { PARTIAL } else { 0 })
}

fn observability_rules(args: &ObservabilityArgs) -> Result<u8, Failure> {
    choose(&args.reference, true)?;
    let reference = Reference::bundled().map_err(|e| Failure { message: e.to_string(), code: 1 })?;
    let ids = reference.expand(&args.pattern);
    if ids.is_empty() {
        return Err(usage_error(format!("`{}` matches no action of the reference", args.pattern)));
    }
    for id in ids {
        let Some(action) = reference.action(id) else { continue };
        let (class, types) = (action.observability.as_str(), reference.data_resource_types(id));
        let access = if action.read_only { "read" } else { "write" };
        if args.json {
            let line = serde_json::json!({"action": action.name, "class": class, "access": access, "resource_types": types});
            say!("{}", json_line(&line.to_string()));
        } else {
            say!("{}\t{class}\t{access}\t{}", visible(&action.name), visible(&types.join(", ")));
        }
    }
    Ok(0)
}

fn reference(command: ReferenceCommand) -> Result<u8, Failure> {
    match command {
        ReferenceCommand::Show { reference } => {
            choose(&reference, false)?;
            let reference = Reference::bundled().map_err(|e| Failure { message: e.to_string(), code: 1 })?;
            let header = reference.header();
            say!("reference of {}, {} actions of {} services", header.date, reference.len(), reference.services().len());
            for source in &header.sources {
                say!("  {} {} ({}) sha256 {}", source.name, source.version, source.licence, source.sha256);
            }
            say!("  bundle sha256 {}", header.sha256);
        }
        ReferenceCommand::Import { date, out, packages } => {
            let built = import::build(&date, &packages).map_err(usage_error)?;
            let mut file = std::fs::File::create(&out).map_err(|e| usage_error(format!("cannot write `{}`: {e}", out.display())))?;
            file.write_all(&built.bytes).map_err(|e| Failure { message: e.to_string(), code: 1 })?;
            let [services, actions, types] = built.counts;
            say!("{}: {services} services, {actions} actions, {types} resource types, {} bytes", out.display(), built.bytes.len());
            say!("  {} operations that no action is named after", built.operations);
            if built.undefined_types > 0 {
                say!("  {} resource types of actions are defined nowhere and left out", built.undefined_types);
            }
        }
    }
    Ok(0)
}
