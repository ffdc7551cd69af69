//! The commands on findings and on the folder that a run wrote.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{days, time};

/// `suppressions`
#[derive(Debug, Args)]
pub struct SuppressionsArgs {
    /// What to do with them.
    #[command(subcommand)]
    pub command: SuppressionsCommand,
}

/// `suppressions …`
#[derive(Debug, Subcommand)]
pub enum SuppressionsCommand {
    /// Print the entries of a file with the days they have left, and what is wrong with it.
    #[command(after_help = "Exit codes: 0 done, 4 an entry is over, too far ahead or cannot be read, 2 the file cannot be read.")]
    List(SuppressionsListArgs),
}

/// `suppressions list`
#[derive(Debug, Args)]
pub struct SuppressionsListArgs {
    /// The file.
    #[arg(long, value_name = "FILE")]
    pub file: PathBuf,
    /// Only entries that end within this many days.
    #[arg(long, value_name = "DAYS", value_parser = days)]
    pub expiring: Option<i64>,
    /// The time to judge from (RFC 3339); the clock if not given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub now: Option<i64>,
    /// Print JSON, one entry a line, instead of text.
    #[arg(long)]
    pub json: bool,
}

/// `verify`
#[derive(Debug, Args)]
#[command(after_help = "Exit codes: 0 all as the run left it, 3 a file is changed, missing or added, 4 an input is not in the folders of --inputs, 2 the folder has no manifest.")]
pub struct VerifyArgs {
    /// Folder that `run` or `analyze` wrote.
    #[arg(value_name = "OUT_DIR")]
    pub out: PathBuf,
    /// Also hold the logs and grants against the manifest: the files and folders that the run was given.
    #[arg(long, num_args = 1.., value_name = "PATH")]
    pub inputs: Vec<PathBuf>,
}

/// `review`
#[derive(Debug, Args)]
pub struct ReviewArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: ReviewCommand,
}

/// `review …`
#[derive(Debug, Subcommand)]
pub enum ReviewCommand {
    /// Print what reviewers decided to keep or accept as entries for suppressions.toml.
    #[command(after_help = "Exit codes: 0 done, 4 a row cannot be used (standard error says why), 2 the file is no access review.")]
    Import(ReviewImportArgs),
}

/// `review import`
#[derive(Debug, Args)]
pub struct ReviewImportArgs {
    /// The filled-in access_review.xlsx.
    #[arg(value_name = "FILE.xlsx")]
    pub file: PathBuf,
    /// How long a decision counts from its date on, in days, 365 at most.
    #[arg(long, default_value = "180d", value_name = "DAYS", value_parser = days)]
    pub valid: i64,
    /// The time to judge from (RFC 3339); the clock if not given.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub now: Option<i64>,
}

/// `baseline`
#[derive(Debug, Args)]
pub struct BaselineArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub command: BaselineCommand,
}

/// `baseline …`
#[derive(Debug, Subcommand)]
pub enum BaselineCommand {
    /// Freeze what failed in the last run.
    Set {
        /// State folder of the run.
        #[arg(long, value_name = "DIR")]
        state: PathBuf,
    },
}
