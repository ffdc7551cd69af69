//! Manual pages and completions, written out.

use std::io::Write as _;

use super::{Failure, said};
use crate::cli::{CompletionsArgs, ManArgs};

/// Prints a shell's completions.
pub fn completions(args: &CompletionsArgs) -> u8 {
    said(std::io::stdout().write_all(&crate::cli::completions(args)));
    0
}

/// Writes the manual pages.
///
/// # Errors
/// [`Failure`] when the folder cannot be written.
pub fn man(args: &ManArgs) -> Result<u8, Failure> {
    let write = || -> std::io::Result<()> {
        std::fs::create_dir_all(&args.out)?;
        for (name, text) in crate::cli::man_pages()? {
            std::fs::write(args.out.join(name), text)?;
        }
        Ok(())
    };
    write().map_err(|e| Failure { message: format!("cannot write manual pages to `{}`: {e}", args.out.display()), code: 1 })?;
    Ok(0)
}
