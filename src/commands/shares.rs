//! `shares`: log files cut up for several machines.

use std::io::Write as _;

use super::{Failure, keep, said};
use crate::cli::SharesArgs;
use crate::report::escape::visible;
use crate::run::shares::write;

/// Writes the plan; gives the exit code.
///
/// # Errors
/// [`Failure`] when logs cannot be listed or the folder cannot be written.
pub fn shares(args: SharesArgs) -> Result<u8, Failure> {
    let keep = keep(&args.logs, Some(args.delivery));
    let plan = write(&args.logs.logs, &keep, args.bytes, &args.out)?;
    say!("{} files of {} bytes in {} shares: {}", plan.files, plan.bytes, plan.shares, args.out.join("plan.json").display());
    for (name, reason) in plan.ignored {
        eprintln!("{}: left alone: {reason}", visible(&name));
    }
    Ok(0)
}
