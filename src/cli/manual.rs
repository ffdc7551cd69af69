//! The command line as manual pages and shell completions. What stands in `packaging/` is made by these commands, and a test holds it
//! against them.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _};

use super::Cli;

/// `completions`
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell.
    #[arg(value_name = "SHELL", value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`
#[derive(Debug, Args)]
pub struct ManArgs {
    /// Folder to write `trailtrim.1` and `trailtrim-<command>.1` to; it is made if it is not there.
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
}

/// What a shell sources to complete commands and options.
#[must_use]
pub fn completions(args: &CompletionsArgs) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "trailtrim", &mut script);
    script
}

/// The manual pages by file name, in roff.
///
/// # Errors
/// None in practice: they are written to memory.
pub fn man_pages() -> std::io::Result<Vec<(String, Vec<u8>)>> {
    let mut root = Cli::command().disable_help_subcommand(true);
    // Names such as `trailtrim-rules-list`, and what parents hand down.
    root.build();
    let mut pages = Vec::new();
    let mut open = vec![root];
    while let Some(command) = open.pop() {
        open.extend(command.get_subcommands().filter(|c| !c.is_hide_set()).cloned());
        let page = clap_mangen::Man::new(command).source(concat!("trailtrim ", env!("CARGO_PKG_VERSION"))).manual("trailtrim manual");
        let mut text = Vec::new();
        page.render(&mut text)?;
        pages.push((page.get_filename(), text));
    }
    pages.sort();
    Ok(pages)
}
