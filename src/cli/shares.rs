//! `shares`.

use std::path::PathBuf;

use clap::Args;

use super::{DeliveryArgs, LogsArgs};

/// `shares`
#[derive(Debug, Args)]
#[command(after_help = "Writes plan.json (shares, columns of the store's tables, large queries) and for each share a list that `ingest --logs -` takes. Exit codes: 0 written, 2 a path is not there or cannot be listed.")]
pub struct SharesArgs {
    /// Input.
    #[command(flatten)]
    pub logs: LogsArgs,
    /// Delivery.
    #[command(flatten)]
    pub delivery: DeliveryArgs,
    /// Bytes of a share, about, as the files lie.
    #[arg(long, value_name = "N", default_value_t = 128 << 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub bytes: u64,
    /// Folder for the plan; made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}
