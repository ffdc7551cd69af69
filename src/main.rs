//! The program: parse, do, exit code.

use std::process::ExitCode;

use clap::Parser as _;
use trailtrim::cli::Cli;
use trailtrim::commands::execute;

/// A run on a large organisation makes and drops hundreds of millions of small values (docs/decisions/0013).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::from(error.use_stderr()) * 2);
        }
    };
    match execute(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            eprintln!("trailtrim: {}", failure.message);
            ExitCode::from(failure.code)
        }
    }
}
